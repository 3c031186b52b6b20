//! What a write tells of the document as the site stored it: what changed and what the site did otherwise than it was told.

use erpnext_schema::{FieldDef, FieldKind, Options, doctype_flag, flag, rows};
use serde_json::{Map, Value, json};

use crate::context::companies;
use crate::document::changes::{self, Change, What};
use crate::document::differences::{differences, same};
use crate::documents::DocTypeCall;
use crate::entry::is_nothing;
use crate::policy::Operation;
use crate::query::reader::Reader;
use crate::shape::{self, markdown, present};
use crate::site::SiteErrorKind;
use crate::tool::desk_tools;

/// What the site works out of a document and people look at first.
const WORKED_OUT: [&str; 13] = [
    "currency",
    "total_taxes_and_charges",
    TOTAL,
    "rounded_total",
    "outstanding_amount",
    "paid_amount",
    "paid_from_account_currency",
    "unallocated_amount",
    "difference_amount",
    "total_debit",
    "total_credit",
    "total_amount",
    "due_date",
];

const CURRENCY: &str = "currency";
const TOTAL: &str = "grand_total";
/// How the currency of an amount is named that is in the company's.
const COMPANYS: &str = "Company:company:default_currency";

impl DocTypeCall<'_> {
    /// The document as it is stored now, or a note that says why that is not known.
    pub(crate) async fn stored(&self, name: &str) -> Result<Map<String, Value>, String> {
        let answer = self.session.site.get(self.permit, name).await;
        // Of a new document, or one that somebody was asked about, the masks may not be known or be long known.
        if answer.is_ok()
            && let Err(error) = self.masked().await
        {
            tracing::warn!("masks of {}: {}", self.def.name, error.for_log());
        }
        answer.map(|answer| answer.data).map_err(|error| {
            if error.kind() == SiteErrorKind::OutOfSight {
                return "written; it is not among the documents that may be read, so what the site stored is not told"
                    .to_owned();
            }
            tracing::warn!("reading back: {}", error.for_log());
            "written, but reading it back failed: what the site stored is not known; get the document to see it"
                .to_owned()
        })
    }

    /// What the caller may see of a document as it is stored; masks, as far as the site told of them, are no values (H84).
    pub(crate) fn visible(&self, mut doc: Map<String, Value>) -> Map<String, Value> {
        self.session.last_masked(self.def.name).take_out_masks(self.def, &mut doc);
        shape::document(self.def, self.permit, &|child| self.session.catalog.known(child), doc).document
    }

    /// In which state the document is, and which version that is.
    pub(crate) fn state(&self, stored: &Map<String, Value>) -> Map<String, Value> {
        let submittable = self.def.is(doctype_flag::SUBMITTABLE);
        let reads = self.session.policy.permits(Operation::Read, self.def.name);
        let shown = |key: &str| match key {
            "status" | "workflow_state" => true,
            "docstatus" => submittable,
            "modified" => reads,
            _ => false,
        };
        self.visible(stored.clone()).into_iter().filter(|(key, _)| shown(key)).collect()
    }

    /// The few fields that tell which document it is and in which state.
    pub(crate) fn summary(&self, stored: &Map<String, Value>) -> Map<String, Value> {
        let mut summary = self.state(stored);
        let title = self.def.title_field.and_then(|title| self.visible(stored.clone()).remove_entry(title));
        if let Some((key, mut title)) = title {
            present::in_a_row(self.def.field(&key), &mut title);
            summary.insert(key, title);
        }
        summary
    }

    /// What the site made of a document: what its row in a list would show and what was worked out, without what was sent so.
    pub(crate) fn outcome(&self, stored: &Map<String, Value>, sent: &Map<String, Value>) -> Map<String, Value> {
        let mut outcome = self.summary(stored);
        let seen = self.visible(stored.clone());
        let worked_out =
            |key: &str| WORKED_OUT.contains(&key) && self.def.field(key).is_some_and(|field| field.permlevel == 0);
        let worked_out = seen.into_iter().filter(|(key, _)| worked_out(key));
        for (key, mut value) in self.card(stored).into_iter().chain(worked_out) {
            let field = self.def.field(&key);
            let was_sent = field.zip(sent.get(&key)).is_some_and(|(field, sent)| same(field, sent, &value));
            // A paper that comes to nothing is seldom meant.
            let says_nothing = is_nothing(&value) && !(key == TOTAL && value.is_number());
            if key != "name" && !was_sent && !says_nothing && value.as_str().is_none_or(|text| text.len() <= 200) {
                present::in_a_row(field, &mut value);
                outcome.entry(key).or_insert(value);
            }
        }
        if outcome.get("rounded_total") == outcome.get("grand_total") {
            outcome.shift_remove("rounded_total");
        }
        if let (Some(title), Some(by)) = (self.def.title_field, self.def.titled_by())
            && outcome.get(title) == outcome.get(by.fieldname)
        {
            outcome.shift_remove(title);
        }
        outcome
    }

    /// Adds the currencies of the amounts that are told, of those that changed too: each once, under the field that
    /// holds it. An amount that names none is in that of the company.
    pub(crate) async fn note_currency(&self, answer: &mut Map<String, Value>, stored: &Map<String, Value>) {
        let changed = ["changed", "also_changed"].into_iter().filter_map(|key| answer.get(key)?.as_object());
        let keys = answer.keys().chain(changed.flat_map(|changed| changed.keys()));
        let mut held_by: Vec<&str> = keys.filter_map(|key| currency_of(self.def.field(key)?)).collect();
        // The document's own first.
        held_by.sort_by_key(|field| *field != CURRENCY);
        let seen = self.visible(stored.clone());
        for field in &held_by {
            let Some(currency) = seen.get(*field).filter(|currency| !is_nothing(currency)) else { continue };
            if !held_by.iter().any(|other| answer.get(*other) == Some(currency)) {
                answer.insert((*field).to_owned(), currency.clone());
            }
        }
        let Some(company) = stored.get("company").and_then(Value::as_str) else { return };
        // What is in a currency of its own beside that of the company says the rate; of one currency that is told already.
        let is_own = self.def.field(CURRENCY).is_some();
        let is_foreign = seen.get("conversion_rate").and_then(Value::as_f64).is_some_and(|rate| rate != 1.0);
        if is_own && !is_foreign || !held_by.contains(&COMPANYS) {
            return;
        }
        let known = companies(self.session, self.session.site).await;
        let currency = known.into_iter().find(|known| known.name == company).and_then(|known| known.currency);
        let key = if is_own { "company_currency" } else { CURRENCY };
        answer.extend(currency.map(|currency| (key.to_owned(), json!(currency))));
    }

    /// What a person looks at before agreeing to what is to become of a document: what its row in a list would show.
    pub(crate) fn card(&self, stored: &Map<String, Value>) -> Map<String, Value> {
        let columns = Reader::new(self.def, self.permit.fields()).fields(None);
        // Above level 0 the site may say 0 for what it hides (H4).
        let shown =
            |key: &String| columns.contains(key) && self.def.field(key).is_some_and(|field| field.permlevel == 0);
        self.visible(stored.clone()).into_iter().filter(|(key, _)| shown(key)).collect()
    }

    /// What changed from one reading to the other, as far as it may be seen.
    pub(crate) fn changes(&self, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
        let (before, after) = (self.visible(before.clone()), self.visible(after.clone()));
        changes::between(self.def, &|child| self.session.catalog.known(child), &before, &after)
    }

    /// The same as an answer tells them: HTML as it is read, unless only its markup differs.
    pub(crate) fn readable(&self, mut changes: Vec<Change>) -> Vec<Change> {
        let read = |value: &Value| match value {
            Value::String(html) => Value::String(markdown::from_html(html)),
            other => other.clone(),
        };
        for change in &mut changes {
            let def = match &change.row {
                None => Some(self.def),
                Some(row) => {
                    let table = self.def.field(&row.table);
                    table.and_then(|table| table.rows_of()).and_then(|child| self.session.catalog.known(child))
                }
            };
            let What::Value { field, from, to } = &mut change.what else { continue };
            if !def.and_then(|def| def.field(field.as_str())).is_some_and(|field| field.kind.is_rich_text()) {
                continue;
            }
            let (was, is) = (read(from), read(to));
            if was != is {
                (*from, *to) = (was, is);
            }
        }
        changes
    }

    /// What an update would change, for the one who is asked; of what may not be read only what it is set to.
    pub(crate) fn preview(
        &self,
        before: &Map<String, Value>,
        result: &Map<String, Value>,
        given: &Map<String, Value>,
    ) -> Map<String, Value> {
        let mut preview = changes::shown(&self.changes(before, result));
        let unseen = |key: &str| self.def.field(key).is_some_and(|field| !self.permit.fields().may_read(field));
        for (key, value) in given.iter().filter(|(key, _)| unseen(key)) {
            preview.insert(key.clone(), json!({"to": value}));
        }
        preview
    }

    /// Says that the document as the site stored it is not one that might have been written so: the site works out amounts
    /// after they were judged. The document stays; a submit is judged by these amounts again.
    pub(crate) fn note_violation(&self, result: &mut Map<String, Value>, stored: &Map<String, Value>) {
        let Err(unmet) = self.permit.admits_outcome(stored) else { return };
        let next = match stored.get("docstatus").and_then(Value::as_u64) {
            Some(1) => "It is submitted: tell a person, and change it back where that is possible",
            _ if self.def.is(doctype_flag::SUBMITTABLE) => "Correct or delete the document before it is submitted",
            _ => "Correct or delete the document",
        };
        let told = format!(
            "stored, but the site worked out what this server's configuration does not let you {}: {unmet}. {next}.",
            self.permit.operation()
        );
        result.insert("violation".to_owned(), json!(told));
    }

    /// Says that a document is not called what was asked for: the site gives one whose name is taken another (H11).
    pub(crate) fn name_taken(&self, sent: &Map<String, Value>, name: &str) -> Option<String> {
        let text = |key: &str| sent.get(key).and_then(Value::as_str);
        let numbered = |title: &&str| {
            let rest = name.strip_prefix(*title).and_then(|rest| rest.strip_prefix(" - "));
            rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let asked = text("name").filter(|asked| *asked != name);
        let asked = asked.or_else(|| self.def.title_field.and_then(text).filter(numbered))?;
        Some(format!("the name {asked:?} is taken: this is a second document, named {name:?}"))
    }

    /// Says of a record that looks like an act that it is none, and what is.
    pub(crate) fn no_act(&self, doc: &Map<String, Value>) -> Option<String> {
        let is_mail = self.def.name == "Communication"
            && doc.get("communication_medium").is_none_or(|by| is_nothing(by) || by == "Email")
            && doc.get("sent_or_received").is_none_or(|sent| is_nothing(sent) || sent == "Sent");
        if is_mail {
            return Some("recorded only: a Communication sends nothing; send_document mails a document".to_owned());
        }
        let instead = desk_tools::instead(self.def.name)?;
        Some(format!(
            "nothing happens by this: {} is a tool of the desk, whose buttons act and whose stored values do nothing; \
             {instead}",
            self.def.name
        ))
    }

    /// Says where the site stored something else than was sent (H7, H12, H13), as far as the caller may see it.
    pub(crate) fn note_differences(
        &self,
        result: &mut Map<String, Value>,
        before: &Map<String, Value>,
        sent: &Map<String, Value>,
        stored: &Map<String, Value>,
    ) {
        let (rule, masked) = (self.permit.fields(), self.session.last_masked(self.def.name));
        let may_see = |table: Option<&FieldDef>, field: &FieldDef| match table {
            Some(table) => {
                let is_masked = table.rows_of().is_some_and(|child| masked.hides(child, field.fieldname));
                rule.may_read_child(table, field) && !is_masked
            }
            None => rule.may_read(field) && !masked.hides(self.def.name, field.fieldname),
        };
        let children = |child: &str| self.session.catalog.known(child);
        let differences = differences(self.def, &children, &may_see, before, sent, stored);
        if !differences.is_empty() {
            result.insert("stored_differently".to_owned(), Value::Object(differences));
        }
    }

    /// Says which fields that the form only shows hold what was sent: the site takes it, and sets them itself later or
    /// never.
    pub(crate) fn stored_by_hand(
        &self,
        before: &Map<String, Value>,
        sent: &Map<String, Value>,
        stored: &Map<String, Value>,
    ) -> Option<String> {
        let rule = self.permit.fields();
        let is_so = |field: &FieldDef, value: &Value, now: &Map<String, Value>, was: Option<&Map<String, Value>>| {
            let held = was.and_then(|was| was.get(field.fieldname)).is_some_and(|was| same(field, value, was));
            let now = now.get(field.fieldname).unwrap_or(&Value::Null);
            let is_usual = field.default.is_some_and(|usual| *value == usual);
            is_shown_only(field) && !is_nothing(value) && !is_usual && same(field, value, now) && !held
        };
        let mut found: Vec<String> = Vec::new();
        for (field, value) in sent.iter().filter_map(|(key, value)| Some((self.def.field(key)?, value))) {
            let key = field.fieldname;
            let Some(child) = field.rows_of().and_then(|child| self.session.catalog.known(child)) else {
                let told = rule.may_read(field) && is_so(field, value, stored, Some(before));
                found.extend(told.then(|| key.to_owned()));
                continue;
            };
            let now: Vec<&Map<String, Value>> = stored.get(key).into_iter().flat_map(rows).collect();
            for (row, now) in rows(value).zip(now) {
                let mut earlier = before.get(key).into_iter().flat_map(rows);
                let was = earlier.find(|was| was.get("name").is_some() && was.get("name") == now.get("name"));
                for (column, value) in row.iter().filter_map(|(column, value)| Some((child.field(column)?, value))) {
                    let path = format!("{key}.{}", column.fieldname);
                    let told = rule.may_read_child(field, column) && is_so(column, value, now, was);
                    if told && !found.contains(&path) {
                        found.push(path);
                    }
                }
            }
        }
        (!found.is_empty()).then(|| {
            format!(
                "{}: stored as sent, though the form only shows it; it is true only if what stands behind it is there",
                found.join(", ")
            )
        })
    }

    /// Adds the whole document where it is asked for.
    pub(crate) fn note_document(&self, result: &mut Map<String, Value>, asked: bool, stored: Map<String, Value>) {
        if asked {
            result.insert("document".to_owned(), Value::Object(self.visible(stored)));
        }
    }
}

/// What holds the currency of an amount: a field of its document, or of the company.
fn currency_of(field: &FieldDef) -> Option<&'static str> {
    match field.options {
        Options::Format(by) if field.kind == FieldKind::Currency => Some(by),
        _ => None,
    }
}

/// Whether people see the field and never set it, other than the amounts that are refused: what the site fetches it
/// fetches again, and what has to be given is given, unless the form itself begins with a value.
fn is_shown_only(field: &FieldDef) -> bool {
    use FieldKind::{Check, Data, Date, Datetime, DynamicLink, Link, Select, Time};
    let plain = matches!(field.kind, Check | Data | Date | Datetime | DynamicLink | Link | Select | Time);
    let is_given = field.is(flag::REQD) && field.default.is_none();
    let own = plain && field.fetch_from.is_none() && !field.is(flag::STANDARD) && !is_given;
    let follows = field.kind == FieldKind::Select
        && field.is(flag::HIDDEN | flag::NO_COPY)
        && field.fieldname.ends_with("_status");
    own && (field.is(flag::READ_ONLY) || follows)
}

/// Says which names were put in the place of titles.
pub(crate) fn note_titles(result: &mut Map<String, Value>, titled: Map<String, Value>) {
    if !titled.is_empty() {
        result.insert("links_by_title".to_owned(), Value::Object(titled));
    }
}
