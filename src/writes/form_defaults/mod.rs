//! What the desk's form fills in while a document is made, and the site does not for a document that is sent: the rows of
//! taxes, by the given template, else by that of the party's Tax Rule, else by the company's own; the text of terms, and
//! the payment terms of another template; the mark by which a given day of posting counts; the columns of rows that follow
//! their document.

mod follow;
mod posting;
mod terms;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Rule, Verb, Violation, flag};
use serde_json::{Map, Value, json};

use crate::context::companies;
use crate::document::draft::{Draft, writable};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Operation, Permit};
use crate::site::{SiteError, SiteErrorKind};
use crate::writes::doubts::sees;
use crate::writes::links;

const TEMPLATE: &str = "taxes_and_charges";
const TAXES: &str = "taxes";
/// The fields that name the party whose Tax Rule counts.
const PARTIES: [&str; 2] = ["customer", "supplier"];

const TERMS: &str = "payment_terms_template";
const SCHEDULE: &str = "payment_schedule";
/// What the form fills in when another field is chosen, and by which.
const FILLED_BY: [(&str, &str); 6] = [
    ("terms", "tc_name"),
    (SCHEDULE, TERMS),
    ("address_display", "customer_address"),
    ("address_display", "supplier_address"),
    ("shipping_address", "shipping_address_name"),
    ("contact_display", "contact_person"),
];

/// What was filled in, for the answer.
#[derive(Default)]
pub(crate) struct FilledIn {
    fields: Map<String, Value>,
    messages: Vec<String>,
}

impl FilledIn {
    /// Adds what else there is to say.
    pub fn warn(&mut self, more: Vec<String>) {
        self.messages.extend(more);
    }

    /// What there is to say of it before, beside what would be written.
    pub fn beside(&self) -> Map<String, Value> {
        let warnings = Some(&self.messages).filter(|messages| !messages.is_empty());
        warnings.map(|warnings| ("warnings".to_owned(), json!(warnings))).into_iter().collect()
    }

    /// Says what was filled in.
    pub fn note(self, result: &mut Map<String, Value>, messages: &mut Vec<String>) {
        if !self.fields.is_empty() {
            result.insert("filled_in".to_owned(), Value::Object(self.fields));
        }
        messages.extend(self.messages);
    }
}

/// Adds to a new document what the form would.
///
/// # Errors
/// A template that was given and whose rows the site does not tell.
pub(crate) async fn of_new(on: &DocTypeCall<'_>, doc: &mut Map<String, Value>) -> Result<FilledIn, ToolError> {
    let mut filled = taxes_of_new(on, doc).await?;
    terms::fill(on, &Map::new(), &Map::new(), doc, &mut filled).await?;
    posting::keep(on, &Map::new(), doc, &mut filled).await;
    Ok(filled)
}

async fn taxes_of_new(on: &DocTypeCall<'_>, doc: &mut Map<String, Value>) -> Result<FilledIn, ToolError> {
    let mut filled = FilledIn::default();
    let Some(template) = template_of(on.def).filter(|_| !doc.contains_key(TAXES)) else { return Ok(filled) };
    let given = name_in(doc, TEMPLATE).map(str::to_owned);
    let name = match (&given, doc.contains_key(TEMPLATE)) {
        (Some(name), _) => name.clone(),
        // Emptied on purpose.
        (None, true) => return Ok(filled),
        (None, false) => {
            let Some(company) = company_of(on, doc).await else {
                filled.messages.push(unknown("no company was given"));
                return Ok(filled);
            };
            if may_copy(on, template).await.is_none() {
                filled.messages.push(unknown(&format!("each {template} may not be read here")));
                return Ok(filled);
            }
            let party = party_of(on.def, doc);
            if party.is_some_and(|(kind, _)| on.session.policy.tells_by_choice(TEMPLATE, kind)) {
                filled.messages.push(unknown("what decides it may not be read here"));
                return Ok(filled);
            }
            match usual(on, template, doc, party, &company).await {
                Ok(Some(name)) => name,
                Ok(None) => return Ok(filled),
                Err(error) => {
                    tracing::warn!("taxes of a new {}: {}", on.def.name, error.for_log());
                    filled.messages.push(unknown("the site did not tell"));
                    return Ok(filled);
                }
            }
        }
    };
    let Some(rows) = rows_of(on, template, &name, &mut filled).await? else { return Ok(filled) };
    let mut made = Map::from_iter([(TAXES.to_owned(), Value::Array(rows))]);
    if given.is_none() {
        made.insert(TEMPLATE.to_owned(), json!(name));
    }
    let Draft { doc: made, left_out } =
        writable(on.def, on.permit.fields(), &|child| on.session.catalog.known(child), made);
    if !left_out.is_empty() {
        filled.messages.push(format!(
            "the form would fill in {}, which this server's configuration does not let you set",
            left_out.join(", ")
        ));
    }
    if !made.contains_key(TAXES) {
        return Ok(filled);
    }
    let mut taxed = doc.clone();
    taxed.extend(made.clone());
    // What nobody asked for must not lead where the caller may not look.
    if given.is_none() && links::check_sight(on, &taxed).await.is_err() {
        return Ok(filled);
    }
    *doc = taxed;
    filled.fields = told(on, &made);
    Ok(filled)
}

/// Adds to a change of a draft what the form would: a template that is chosen anew brings its rows in the place of the
/// old ones. What is not stored yet is a draft too; of what is submitted only rows follow. `shown` is what may be told of
/// the draft by its source.
///
/// # Errors
/// As [`of_new`].
pub(crate) async fn of_change(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
) -> Result<FilledIn, ToolError> {
    match stored.get("docstatus").and_then(Value::as_u64).unwrap_or_default() {
        0 => {}
        1 => {
            let mut filled = FilledIn::default();
            follow::fill(on, shown, changes, &mut filled);
            return Ok(filled);
        }
        _ => return Ok(FilledIn::default()),
    }
    // Whether anything is filled in tells what it was decided by.
    let mut filled = taxes_of_change(on, shown, changes).await?;
    terms::fill(on, stored, shown, changes, &mut filled).await?;
    posting::keep(on, shown, changes, &mut filled).await;
    follow::fill(on, shown, changes, &mut filled);
    Ok(filled)
}

async fn taxes_of_change(
    on: &DocTypeCall<'_>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
) -> Result<FilledIn, ToolError> {
    let mut filled = FilledIn::default();
    let Some(template) = template_of(on.def).filter(|_| !changes.contains_key(TAXES)) else { return Ok(filled) };
    let rows_in = |doc: &Map<String, Value>| doc.get(TAXES).and_then(Value::as_array).map_or(0, Vec::len);
    let Some(name) = name_in(changes, TEMPLATE).map(str::to_owned) else {
        // Rows that have no template, as a conversion may have mapped them, lose none.
        let is_taken_away = changes.contains_key(TEMPLATE) && name_in(shown, TEMPLATE).is_some();
        let rows = rows_in(shown);
        if is_taken_away && rows > 0 && may_see(on, TAXES) {
            filled.messages.push(format!(
                "without a template, {TAXES} still has rows ({rows}), which are charged; \
                 {{\"{TAXES}\": []}} takes them out"
            ));
        }
        return Ok(filled);
    };
    if rows_in(shown) > 0 && name_in(shown, TEMPLATE) == Some(&name) {
        return Ok(filled);
    }
    let Some(rows) = rows_of(on, template, &name, &mut filled).await? else { return Ok(filled) };
    let made = Map::from_iter([(TAXES.to_owned(), Value::Array(rows))]);
    let children = |child: &str| on.session.catalog.known(child);
    let made = writable(on.def, on.permit.fields(), &children, made).doc;
    if let Some(rows) = made.get(TAXES) {
        filled.fields = told(on, &made);
        changes.insert(TAXES.to_owned(), json!({"rows": rows, "replace": true}));
    }
    Ok(filled)
}

/// Says that a template is named and no tax is charged.
pub(crate) fn untaxed(on: &DocTypeCall<'_>, stored: &Map<String, Value>) -> Option<String> {
    let template = template_of(on.def)?;
    let name = name_in(stored, TEMPLATE).filter(|_| may_see(on, TEMPLATE) && may_see(on, TAXES))?;
    let is_empty = stored.get(TAXES).and_then(Value::as_array).is_none_or(Vec::is_empty);
    is_empty.then(|| {
        let what = format!("no tax is charged: {TEMPLATE} is {name:?}, but {TAXES} has no rows");
        let update = on.registry.tool_for(on.def, Verb::Update);
        match on.session.policy.shows_whole(template) {
            true => format!("{what}; {update} with {{\"{TEMPLATE}\": {name:?}}} fills them in"),
            false => format!("{what}; {update} sets them"),
        }
    })
}

/// Names the empty fields that the form would have filled in by those that were given.
pub(crate) fn unfilled(
    on: &DocTypeCall<'_>,
    given: &Map<String, Value>,
    stored: &Map<String, Value>,
) -> Option<String> {
    let empty = |field: &str| match stored.get(field) {
        Some(Value::Array(rows)) => rows.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        value => value.is_none_or(Value::is_null),
    };
    let left = FILLED_BY.into_iter().filter(|(field, by)| {
        may_see(on, field) && name_in(given, by).is_some_and(|name| name_in(stored, by) == Some(name)) && empty(field)
    });
    let left: Vec<String> = left.map(|(field, by)| format!("{field}, which the form takes from {by}")).collect();
    (!left.is_empty()).then(|| {
        let update = on.registry.tool_for(on.def, Verb::Update);
        format!("not filled in: {}; {update} sets what is needed of it", left.join("; "))
    })
}

fn may_see(on: &DocTypeCall<'_>, field: &str) -> bool {
    on.def.field(field).is_some_and(|field| on.permit.fields().may_read(field))
}

/// The DocType of the templates, where documents of this one have such taxes.
fn template_of(def: &DocTypeDef) -> Option<&'static str> {
    let template = def.field(TEMPLATE).filter(|field| field.kind == FieldKind::Link)?.target()?;
    def.table(TAXES).map(|_| template)
}

fn name_in<'d>(doc: &'d Map<String, Value>, field: &str) -> Option<&'d str> {
    doc.get(field).and_then(Value::as_str).filter(|name| !name.is_empty())
}

fn unknown(why: &str) -> String {
    format!("which taxes the form would fill in is not known: {why}; see whether taxes are right")
}

/// The company of a new document: its own, else the only one that there is; where only some may be seen, that is not
/// known.
async fn company_of(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Option<String> {
    if let Some(company) = name_in(doc, "company") {
        return Some(company.to_owned());
    }
    if on.session.policy.is_row_filtered("Company") {
        return None;
    }
    match companies(on.session, on.session.site).await.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    }
}

/// The party of a document: its DocType, and its name.
fn party_of<'d>(def: &DocTypeDef, doc: &'d Map<String, Value>) -> Option<(&'static str, &'d str)> {
    PARTIES.into_iter().find_map(|field| Some((def.field(field)?.target()?, name_in(doc, field)?)))
}

/// The template that the form would choose: by the party's Tax Rule, else the company's own.
async fn usual(
    on: &DocTypeCall<'_>,
    template: &str,
    doc: &Map<String, Value>,
    party: Option<(&str, &str)>,
    company: &str,
) -> Result<Option<String>, SiteError> {
    if let Some((kind, party)) = party {
        // A rule that cannot be looked at could say otherwise than the company.
        let Ok(permit) = on.session.permit(Operation::Read, kind).await else { return Ok(None) };
        let mut asked =
            Map::from_iter([("doctype".to_owned(), json!(on.def.name)), ("company".to_owned(), json!(company))]);
        for date in ["posting_date", "transaction_date"] {
            asked.extend(doc.get(date).map(|date| ("posting_date".to_owned(), date.clone())));
        }
        let details = match on.session.site.party_details(&permit, party, &asked).await {
            Ok(details) => details,
            // The site says of the document itself that there is no such party.
            Err(error)
                if matches!(
                    error.kind(),
                    SiteErrorKind::Missing | SiteErrorKind::OutOfSight | SiteErrorKind::Rejected
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if let Some(name) = name_in(&details, TEMPLATE) {
            return Ok(Some(name.to_owned()));
        }
    }
    on.session.site.default_taxes(on.permit, template, company).await
}

/// The rows that a template brings; none where it may not be read, and then the site is not asked whether it is there.
async fn rows_of(
    on: &DocTypeCall<'_>,
    template: &str,
    name: &str,
    filled: &mut FilledIn,
) -> Result<Option<Vec<Value>>, ToolError> {
    let Some(permit) = may_copy(on, template).await else {
        filled.messages.push(unknown(&format!("those of {name:?} may not be read here")));
        return Ok(None);
    };
    match on.session.site.tax_rows(on.permit, template, name).await {
        Ok(rows) => {
            let mut brought = Map::from_iter([(TAXES.to_owned(), Value::Array(rows))]);
            let children = |child: &str| on.session.catalog.known(child);
            permit.fields().cut(children(template), children, &mut brought);
            Ok(brought.remove(TAXES).and_then(|rows| match rows {
                Value::Array(rows) => Some(rows),
                _ => None,
            }))
        }
        Err(error) if error.kind() == SiteErrorKind::Missing => Err(no_such(on, TEMPLATE, template, name)),
        Err(error) => Err(error.into()),
    }
}

/// Leave to read the rows of every template, with all that ERPNext has people set in them, and so to copy them to where they
/// may be read too.
async fn may_copy(on: &DocTypeCall<'_>, template: &str) -> Option<Permit> {
    let def = on.session.catalog.known(template)?;
    let child = def.table(TAXES)?.rows_of().and_then(|child| on.session.catalog.known(child))?;
    let is_set =
        |column: &&FieldDef| column.kind.holds_value() && !column.is(flag::READ_ONLY) && !column.is(flag::CUSTOM);
    let columns: Vec<String> =
        child.fields.iter().filter(is_set).map(|column| format!("{TAXES}.{}", column.fieldname)).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    sees(on, template, &columns).await
}

/// That what the field names is not there.
fn no_such(on: &DocTypeCall<'_>, field: &str, doctype: &str, name: &str) -> ToolError {
    let message = format!("there is no {doctype} named {name:?}; search for the right name");
    let found = Violation::new(format!("data.{field}"), Rule::Value, message);
    ToolError::arguments(on.tool.name(), vec![found])
}

/// What was filled in, as far as it may be seen; of each row what is charged.
fn told(on: &DocTypeCall<'_>, made: &Map<String, Value>) -> Map<String, Value> {
    let columns = ["charge_type", "account_head", "rate", "tax_amount"];
    let mut seen = on.visible(made.clone());
    for row in seen.values_mut().flat_map(|rows| rows.as_array_mut().into_iter().flatten()) {
        if let Some(row) = row.as_object_mut() {
            row.retain(|column, _| columns.contains(&column.as_str()));
        }
    }
    seen
}
