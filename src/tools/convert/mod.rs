//! The next document of a chain: what can be made of a document, its draft as the site fills it, and making it.

mod by_hand;
mod draft;
mod duplicate;
mod make;
mod part;
mod renamed;
mod table;
mod worked_out;

use std::ops::ControlFlow;
use std::sync::Arc;

use erpnext_schema::{DocTypeDef, FieldDef, Purpose, Rule, Verb, Violation, with_article};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lifecycle::Docstatus;
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::catalog::said_names;
use crate::document::amounts::number_or_zero;
use crate::document::draft::{Draft, unset, writable};
use crate::documents::names::named_exactly;
use crate::documents::{DocTypeCall, rich_text};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::{Masked, is_set, text_of};
use crate::tool::document_args::DocumentArgs;
use crate::tool::kinds::{Amount, Data, DocTypeName, DocumentName, Documents};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::fixed_fields;
use make::{Then, Wanted, make, number_rows};
use table::{CONVERSIONS, Conversion, When};

pub use duplicate::DUPLICATE;

/// What can be made of a document.
pub static LIST: ToolSpec = ToolSpec {
    name: "list_conversions",
    title: "List possible next documents",
    description: "Lists the documents that can be made from this one (order from quotation, invoice, payment, return \
                  …), and what is missing for the others.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(DocumentArgs, list),
};

/// Makes the next document.
pub static CONVERT: ToolSpec = ToolSpec {
    name: "convert_document",
    title: "Make the next document",
    description: "Makes the next document of a chain from this one: shows its draft, or creates it with save: true. \
                  What is missing (such as delivery_date) goes into data. The draft is not submitted.",
    toolset: Toolset::Core,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered: |policy| policy.permits_somewhere(Operation::Create) && reads(policy),
    special: Special { subject, ..Special::NONE },
    handler: handler!(ConvertArgs, convert),
};

#[derive(Deserialize, JsonSchema)]
struct ConvertArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// from list_conversions
    to: String,
    /// fields of the draft; its rows by number: {"items": {"patch": [{"idx": 1, "cost_center": …}]}}
    #[serde(default)]
    data: Data,
    /// only {"idx": 1, "qty": 2}
    rows: Option<Documents>,
    amount: Option<Amount>,
    /// false leaves out what the desk's form would fill in: taxes
    form_defaults: Option<bool>,
    #[serde(default)]
    save: bool,
    /// repeated with it: made once
    idempotency_key: Option<String>,
}

/// A conversion is about what it makes; without `save` it only shows a draft of that.
fn subject(attempt: &mut Attempt, arguments: &Map<String, Value>) {
    let to = text_of(arguments, "to");
    let (from, name) = (attempt.doctype.clone().unwrap_or_default(), attempt.document.clone().unwrap_or_default());
    let made = becomes(&from, to);
    if arguments.get("save") != Some(&Value::Bool(true)) {
        attempt.operation = Operation::Read.as_str().to_uppercase();
        attempt.beside = made.map(str::to_owned);
        return;
    }
    if let Some(made) = made {
        (attempt.doctype, attempt.document, attempt.beside) = (Some(made.to_owned()), None, Some(from.clone()));
        attempt.source = Some(format!("{from} {name}"));
    }
}

async fn list(call: Call<'_>, args: DocumentArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let name = on.name(&args.name);
    let source = on.existing(name).await?;
    named_exactly(&on, name, &source)?;
    let hidden = on.hidden().await?;
    let ways = CONVERSIONS.iter().filter(|conversion| conversion.from == on.def.name).map(|conversion| {
        let permitted =
            call.session.policy.permit(Operation::Create, conversion.to).err().map(|denial| denial.for_model());
        let missing = permitted.or_else(|| missing(&on, &hidden, conversion, &source).map(|(why, _)| why));
        let mut way = Map::from_iter([("to".to_owned(), json!(conversion.makes))]);
        way.extend((conversion.makes != conversion.to).then(|| ("doctype".to_owned(), json!(conversion.to))));
        way.insert("possible".to_owned(), json!(missing.is_none()));
        way.extend(missing.map(|why| ("why_not".to_owned(), json!(why))));
        Value::Object(way)
    });
    let ways: Vec<Value> = ways.collect();
    let by_hand = by_hand::listed(call.session, call.registry, on.def.name);
    let mut answer = Map::from_iter([("name".to_owned(), json!(name))]);
    if ways.is_empty() && by_hand.is_empty() {
        let note = format!(
            "nothing is made from {} by this tool; get_linked_documents shows what belongs to it",
            with_article(on.def.name)
        );
        answer.insert("note".to_owned(), json!(note));
    }
    answer.insert("conversions".to_owned(), Value::Array(ways));
    if !by_hand.is_empty() {
        answer.insert("by_hand".to_owned(), Value::Array(by_hand));
    }
    Ok(answer.into())
}

async fn convert(call: Call<'_>, args: ConvertArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let read = call.session.permit(Operation::Read, &args.doctype).await?;
    let source_on = DocTypeCall::of(&call, &read).await?;
    // A mask would be copied for a value.
    source_on.keeps_values().await?;
    let name = source_on.name(&args.name);
    let conversion = chosen(&call, source_on.def, &args.to)?;
    let create = session.permit(Operation::Create, conversion.to).await?;
    let on = DocTypeCall::of(&call, &create).await?;
    let then = match Then::of(&source_on, &on, name, args.save, args.idempotency_key.as_deref()).await? {
        ControlFlow::Continue(then) => then,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    let data = args.data.0;
    let checked = match data.is_empty() {
        true => Ok((on, data)),
        false => on.document_with_links(Purpose::Update, &data, None).await,
    };
    let ready = ready(&source_on, name, conversion).await;
    let (on, mut data) = match checked {
        Ok(checked) => checked,
        Err(why) => return Err(why.and(call.tool.name(), ready.err().filter(ToolError::is_about_the_call))),
    };
    let hidden = ready?;
    rich_text::to_stored(&on, &mut data, None)?;
    fixed_fields::check_new(&on, &data).await?;
    let made = session.site.next_document(&read, &create, conversion.mapper, name).await?;
    let children = |child: &str| session.catalog.known(child);
    let mut doc = writable(on.def, create.fields(), &children, made).doc;
    let seen = draft::seen(&source_on, &on, &hidden, doc.clone());
    let left_out = unset(on.def, create.fields(), &children, &seen);
    let mut found = Vec::new();
    if let Some(asked) = &args.rows {
        let shows = |column: &str| draft::shows(&source_on, &on, &hidden, part::ITEMS, column);
        number_rows(&mut doc, part::ITEMS);
        found.extend(part::keep_rows(&mut doc, asked, &shows).err().unwrap_or_default());
    }
    if let Some(amount) = &args.amount {
        found.extend(part::pay(&mut doc, amount.0).err());
    }
    if !found.is_empty() {
        return Err(ToolError::arguments(call.tool.name(), found));
    }
    let wanted = Wanted { data, then, fills: args.form_defaults != Some(false), is_part: args.rows.is_some() };
    make(&source_on, &on, name, Draft { doc, left_out }, wanted).await
}

/// What the site hides of the document, of which this can be made now.
async fn ready(on: &DocTypeCall<'_>, name: &str, conversion: &Conversion) -> Result<Arc<Masked>, ToolError> {
    let source = on.existing(name).await?;
    named_exactly(on, name, &source)?;
    let hidden = on.hidden().await?;
    let Some((why, next)) = missing(on, &hidden, conversion, &source) else { return Ok(hidden) };
    let (from, makes) = (on_name(on), with_article(conversion.makes));
    Err(ToolError::refused(format!("{from} {name:?} cannot become {makes} now: {why}. Nothing was made."), next))
}

fn on_name(on: &DocTypeCall<'_>) -> &'static str {
    on.def.name
}

/// The DocType that a conversion makes, if there is such a one.
pub fn becomes(from: &str, to: &str) -> Option<&'static str> {
    way(from, to).map(|conversion| conversion.to)
}

/// The way to what is called so, in whatever case: by its name, or where only one is by its DocType or a word of its name
/// (`return`).
fn way(from: &str, to: &str) -> Option<&'static Conversion> {
    let to = to.trim().replace(['_', '-'], " ").to_lowercase();
    let ways = || CONVERSIONS.iter().filter(|conversion| conversion.from == from);
    let only = |fits: &dyn Fn(&Conversion) -> bool| {
        let mut fitting = ways().filter(|conversion| fits(conversion));
        fitting.next().filter(|_| fitting.next().is_none())
    };
    ways()
        .find(|way| way.makes.to_lowercase() == to)
        .or_else(|| only(&|way| way.to.to_lowercase() == to))
        .or_else(|| only(&|way| way.makes.to_lowercase().split(' ').any(|word| word == to)))
}

/// The conversion that the call means: by what is made, or by its DocType where only one makes it.
fn chosen(call: &Call<'_>, from: &DocTypeDef, to: &str) -> Result<&'static Conversion, ToolError> {
    way(from.name, to).ok_or_else(|| {
        let ways = CONVERSIONS.iter().filter(|conversion| conversion.from == from.name);
        let names = ways.map(|conversion| conversion.makes);
        let listed = names.clone().collect::<Vec<_>>().join(", ");
        let message = match (by_hand::instead(call.session, call.registry, from.name, to), listed.is_empty()) {
            (Some(instead), _) => instead,
            (None, true) => {
                format!("nothing is made from {} by this tool; create the document itself", with_article(from.name))
            }
            (None, false) => format!("{} makes: {listed}", with_article(from.name)),
        };
        let nearest = said_names::near(to, &names.collect::<Vec<_>>());
        ToolError::arguments(
            call.tool.name(),
            vec![Violation { path: "to".to_owned(), rule: Rule::Value, message, nearest }],
        )
    })
}

/// What the caller may see of the document there is.
struct Sight<'a> {
    on: &'a DocTypeCall<'a>,
    hidden: &'a Masked,
}

impl Sight<'_> {
    fn may_read(&self, field: &FieldDef) -> bool {
        self.on.permit.fields().may_read(field) && !self.hidden.hides(self.on.def.name, field.fieldname)
    }

    /// Whether the field is there and may be read.
    fn shows(&self, name: &str) -> bool {
        self.on.def.field(name).is_some_and(|field| self.may_read(field))
    }

    /// Whether the field, or the column of rows (`items.rate`), is there and may not be read.
    fn withholds(&self, name: &str) -> bool {
        let on = self.on;
        let Some((table, column)) = name.split_once('.') else {
            return on.def.field(name).is_some_and(|field| !self.may_read(field));
        };
        on.def.table(table).is_some_and(|table| {
            let child = table.rows_of().and_then(|child| on.session.catalog.known(child));
            let column = child.and_then(|child| child.field(column));
            let is_seen = |column: &FieldDef| on.permit.fields().may_read_child(table, column);
            !self.may_read(table)
                || column.is_some_and(|column| !is_seen(column))
                || child.zip(column).is_some_and(|(child, column)| self.hidden.hides(child.name, column.fieldname))
        })
    }
}

/// Why the document cannot become this, where it cannot, and what to do instead. What the caller may not see is left to the
/// site to judge.
fn missing(
    on: &DocTypeCall<'_>,
    hidden: &Masked,
    conversion: &Conversion,
    doc: &Map<String, Value>,
) -> Option<(String, String)> {
    let sight = Sight { on, hidden };
    if let Some(amount) = conversion.amounts().iter().copied().find(|name| sight.withholds(name)) {
        let why = format!("it would tell {amount} of {}, which may not be read here", on.def.name);
        return Some((why, "get_doctype_permissions tells what is permitted.".to_owned()));
    }
    conversion.when.iter().find_map(|when| unmet(&sight, conversion, *when, doc))
}

/// Why the document is not as it must be, as far as the caller may see, and what to do instead.
fn unmet(sight: &Sight<'_>, conversion: &Conversion, when: When, doc: &Map<String, Value>) -> Option<(String, String)> {
    let others = || "list_conversions tells what can be made of it now.".to_owned();
    let docstatus = Docstatus::of(doc);
    match when {
        When::Submitted => match docstatus {
            Docstatus::Submitted => None,
            Docstatus::Draft => {
                let submit = sight.on.registry.tool_for(sight.on.def, Verb::Submit);
                Some((format!("it is a draft; {submit} first"), format!("{submit} makes it final; then call again.")))
            }
            Docstatus::Cancelled => {
                Some(("it is cancelled".to_owned(), "Take the amendment of it, if there is one.".to_owned()))
            }
        },
        When::Draft => match docstatus {
            Docstatus::Draft => None,
            Docstatus::Submitted => {
                Some((format!("{} is made of a draft, and it is submitted", with_article(conversion.makes)), others()))
            }
            Docstatus::Cancelled => Some(("it is cancelled".to_owned(), others())),
        },
        When::Is(field, values) => {
            let fits = values.contains(&text_of(doc, field));
            (sight.shows(field) && !fits).then(|| (format!("its {field} is not {}", values.join(" or ")), others()))
        }
        When::Not(field) => {
            (sight.shows(field) && is_set(doc, field)).then(|| (format!("its {field} is set"), others()))
        }
        When::Set(field) => {
            (sight.shows(field) && !is_set(doc, field)).then(|| (format!("its {field} is not set"), others()))
        }
        When::Left(field) => {
            let done = number_or_zero(doc, field);
            let why = || format!("nothing of it is left: its {field} is {done}");
            (sight.shows(field) && done >= 99.995).then(|| (why(), others()))
        }
        When::Some(field) => {
            let why = || format!("nothing is left to pay: its {field} is 0");
            (sight.shows(field) && number_or_zero(doc, field) == 0.0).then(|| (why(), others()))
        }
        When::None(field, values) => {
            let is = text_of(doc, field);
            (sight.shows(field) && values.contains(&is)).then(|| (format!("its {field} is {is}"), others()))
        }
        When::NotOf(path) => {
            let (table, column) = path.split_once('.')?;
            let rows = doc.get(table).and_then(Value::as_array)?.iter().filter_map(Value::as_object);
            let of = rows.map(|row| text_of(row, column)).find(|of| !of.is_empty())?;
            (!sight.withholds(path)).then(|| (format!("its rows were made of {of}, as {path} tells"), others()))
        }
    }
}
