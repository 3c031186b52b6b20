//! Changing the documents that there are and making the others, told apart by a field in which each has its own value.

use std::collections::BTreeSet;

use erpnext_schema::{FieldDef, Operator, Order, Purpose, Rule, Verb, Violation, collation, flag, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::check::check;
use super::{Ask, Row, run, within_most};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Permit};
use crate::site::ListQuery;
use crate::tool::document_args::{CreateArgs, UpdateArgs};
use crate::tool::kinds::{Data, DocTypeName, DocumentName, Documents};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;

/// Updates or makes many documents of a DocType.
pub static UPSERT: ToolSpec = ToolSpec {
    name: "upsert_bulk_documents",
    title: "Update or create many documents",
    description: "Upsert: updates the documents that have the value of a unique field, creates the others; up to 500. The first \
                  call shows what each row will be and gives a confirm_token. The answer accounts for each row.",
    toolset: Toolset::Data,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: |policy| {
        [Operation::Read, Operation::Create, Operation::Update].iter().all(|may| policy.permits_somewhere(*may))
    },
    special: Special { confirm_as: &[Operation::Cancel], ..Special::NONE },
    handler: handler!(UpsertArgs, upsert),
};

#[derive(Deserialize, JsonSchema)]
struct UpsertArgs {
    doctype: DocTypeName,
    /// a unique field that each row has: item_code, email, name
    by: String,
    /// the fields of each, as in data of a create or an update
    documents: Documents,
}

/// What one row will be.
struct Upsert {
    permit: Permit,
    to: To,
}

enum To {
    Create(CreateArgs),
    Update(UpdateArgs),
}

impl Row for Upsert {
    fn name(&self) -> Option<&str> {
        match &self.to {
            To::Create(_) => None,
            To::Update(row) => Some(&row.name),
        }
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        match &self.to {
            To::Create(row) => Some(&row.data),
            To::Update(row) => Some(&row.data),
        }
    }

    fn permit(&self) -> Option<&Permit> {
        Some(&self.permit)
    }

    fn state(&self) -> Option<Value> {
        match &self.to {
            To::Create(_) => None,
            To::Update(row) => {
                let name: &str = &row.name;
                Some(json!([name, row.modified]))
            }
        }
    }

    fn purpose(&self) -> Purpose {
        match &self.to {
            To::Create(_) => Purpose::Create,
            To::Update(_) => Purpose::Update,
        }
    }
}

async fn upsert(call: Call<'_>, args: UpsertArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let read = session.permit(Operation::Read, &args.doctype).await?;
    let update = session.permit(Operation::Update, &args.doctype).await?;
    let create = session.permit(Operation::Create, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &update).await?;
    on.fits(Verb::Create)?;
    on.fits(Verb::List)?;
    within_most(&call, "documents", args.documents.len())?;
    let reading = DocTypeCall { permit: &read, ..on };
    let hidden = reading.hidden().await?;
    let (_, by) = reading.checked(|on| unique(on, &args.by, |name| hidden.hides(on.def.name, name))).await?;
    let values = values(by, &args.documents).map_err(|found| ToolError::arguments(call.tool.name(), found))?;
    let there = there(&reading, by, &values).await?;
    let find = |value: &str| there.iter().find(|(known, ..)| collation::same(known.trim(), value.trim()));
    if by.fieldname == "name" && !on.def.is_named_by_creator() {
        let missing = values.iter().enumerate().filter(|(_, value)| find(value).is_none());
        let missing: Vec<Violation> = missing.map(|(i, value)| nobody(on.def.name, i, value)).collect();
        if !missing.is_empty() {
            return Err(ToolError::arguments(call.tool.name(), missing));
        }
    }
    let mut rows = Vec::with_capacity(values.len());
    for (mut data, value) in args.documents.0.into_iter().zip(values) {
        rows.push(match find(&value) {
            Some((_, name, modified)) => {
                data.remove(by.fieldname);
                data.remove("name");
                let name = DocumentName(name.clone());
                let (modified, data) = (modified.clone(), Data(data));
                let row =
                    UpdateArgs { name, data, modified, overwrite: false, form_defaults: None, return_document: false };
                Upsert { permit: update.clone(), to: To::Update(row) }
            }
            None => {
                let data = Data(data);
                let row = CreateArgs { data, idempotency_key: None, form_defaults: None, return_document: false };
                Upsert { permit: create.clone(), to: To::Create(row) }
            }
        });
    }
    check(&call, &on, "documents", None, &rows).await?;
    let ask = Ask { always: true, ..Ask::of(&update) };
    let mut answer = run(&call, &on, None, &rows, ask, |on, row| Box::pin(one(on, row))).await?;
    tell_apart(&rows, &mut answer.data);
    go_on_by_place(&rows, &mut answer.data);
    Ok(answer)
}

/// Parts the names of what was changed, which the account has in the order of the rows, from those of what was made.
fn tell_apart(rows: &[Upsert], account: &mut Map<String, Value>) {
    let Some(Value::Array(names)) = account.remove("updated") else { return };
    let done = |created: bool| -> Value {
        let done = names.iter().zip(rows).filter(|(name, row)| !name.is_null() && row.name().is_none() == created);
        done.map(|(name, _)| name.clone()).collect()
    };
    account.insert("updated".to_owned(), done(false));
    account.insert("created".to_owned(), done(true));
}

/// Says by its place where a call goes on: what is still to be made has no name.
fn go_on_by_place(rows: &[Upsert], account: &mut Map<String, Value>) {
    let Some(stopped) = account.get_mut("stopped").and_then(Value::as_object_mut) else { return };
    let left = stopped.get("left").and_then(Value::as_u64).and_then(|left| usize::try_from(left).ok());
    let from = rows.len().saturating_sub(left.unwrap_or_default());
    stopped.remove("start_at");
    stopped.insert("next".to_owned(), json!(format!("call again with documents[{from}] and all after it")));
}

async fn one(on: &DocTypeCall<'_>, row: &Upsert) -> Result<ToolAnswer, ToolError> {
    let on = DocTypeCall { permit: &row.permit, ..*on };
    match &row.to {
        To::Create(args) => write::create(&on, args).await,
        To::Update(args) => write::update(&on, args).await,
    }
}

/// The field of that name, of which no two documents have the same value.
fn unique(on: &DocTypeCall<'_>, name: &str, hides: impl Fn(&str) -> bool) -> Result<&'static FieldDef, Vec<Violation>> {
    let names_it = on.def.autoname.and_then(|rule| rule.strip_prefix("field:"));
    let is_unique = |field: &&'static FieldDef| {
        let own = field.fieldname == "name" || field.is(flag::UNIQUE) || names_it == Some(field.fieldname);
        own && on.permit.fields().may_read(*field) && field.in_lists() && !hides(field.fieldname)
    };
    let known: Vec<&'static FieldDef> = on.def.all_fields().filter(is_unique).collect();
    let names = || known.iter().map(|field| field.fieldname);
    known.iter().find(|field| field.fieldname == name).copied().ok_or_else(|| {
        let listed = names().collect::<Vec<_>>().join(", ");
        let message = format!("{name}: two documents may have the same value of it; unique are: {listed}");
        vec![wrong("by", Rule::UnknownField, message, nearest(name, names()).map(str::to_owned))]
    })
}

/// The value of each row.
fn values(by: &FieldDef, documents: &[Map<String, Value>]) -> Result<Vec<String>, Vec<Violation>> {
    let (mut values, mut seen, mut found) = (Vec::with_capacity(documents.len()), BTreeSet::new(), Vec::new());
    for (i, document) in documents.iter().enumerate() {
        let path = format!("documents[{i}].{}", by.fieldname);
        match document.get(by.fieldname).and_then(document_name).filter(|value| !value.trim().is_empty()) {
            None => found.push(wrong(&path, Rule::Mandatory, "tells which document it is".to_owned(), None)),
            Some(value) if !seen.insert(collation::fold(value.trim())) => {
                found.push(wrong(&path, Rule::Value, format!("{value:?} is in an earlier row too"), None));
            }
            Some(value) => values.push(value),
        }
    }
    if found.is_empty() { Ok(values) } else { Err(found) }
}

/// The documents that there are with these values: the value, the name, and when it was changed last.
async fn there(
    on: &DocTypeCall<'_>,
    by: &FieldDef,
    values: &[String],
) -> Result<Vec<(String, String, Option<String>)>, ToolError> {
    let mut fields = vec!["name".to_owned(), "modified".to_owned()];
    fields.extend(Some(by.fieldname.to_owned()).filter(|by| by != "name"));
    let query = ListQuery {
        fields,
        filters: vec![Filter::new(by.fieldname, Operator::In, json!(values))],
        order_by: vec![Order::asc("name")],
        limit: 500,
        ..ListQuery::default()
    };
    let rows = on.session.site.list(on.permit, &query).await?.data;
    let found = rows.iter().filter_map(|row| {
        let modified = row.get("modified").and_then(Value::as_str).map(str::to_owned);
        Some((document_name(row.get(by.fieldname)?)?, document_name(row.get("name")?)?, modified))
    });
    Ok(found.collect())
}

/// That a document cannot be made under the name of a row.
fn nobody(doctype: &str, row: usize, name: &str) -> Violation {
    let message = format!("there is no {doctype} named {name:?}, and the site names new ones itself: create it apart");
    wrong(&format!("documents[{row}].name"), Rule::Value, message, None)
}

fn wrong(path: &str, rule: Rule, message: String, nearest: Option<String>) -> Violation {
    Violation { path: path.to_owned(), rule, message, nearest }
}
