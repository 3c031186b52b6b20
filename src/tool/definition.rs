//! What a client is told about each tool: title, description, hints, and the schema of its arguments.

use std::io::{self, Write};

use erpnext_schema::json_schema::data_schema;
use erpnext_schema::{DocTypeDef, FieldDef, Purpose, Verb, doctype_flag};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::arguments::{self, TOKEN};
use super::detail::{Detail, Shown};
use super::input_schema::Arg;
use super::kinds::ArgumentType;
use super::{Effect, Tool, operation};
use crate::context::Session;
use crate::document::Writing;
use crate::policy::{FieldRule, Operation};

/// A schema lists the permitted fields where they are at most this many; else the server checks the names.
const SHORT: usize = 24;

/// A tool as a client sees it.
#[derive(Debug)]
pub struct Definition {
    /// The name on the wire.
    pub name: &'static str,
    /// For people; empty where the level leaves it out.
    pub title: String,
    /// For the model.
    pub description: String,
    /// The schema of the arguments.
    pub input_schema: Map<String, Value>,
    /// The schema of the result, where the configuration asks for it.
    pub output_schema: Option<Map<String, Value>>,
    /// It changes nothing.
    pub read_only: bool,
    /// It can destroy what was there.
    pub destructive: bool,
    /// Repeating it changes nothing more.
    pub idempotent: bool,
}

impl Definition {
    /// The tool as `tools/list` writes it.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.wire()).unwrap_or_default()
    }

    /// The size of that, as text.
    pub fn bytes(&self) -> usize {
        let mut size = Size(0);
        // Counting fails never.
        let _ = serde_json::to_writer(&mut size, &self.wire());
        size.0
    }

    fn wire(&self) -> Wire<'_> {
        let Self { read_only, destructive, idempotent, .. } = *self;
        let (destructive_hint, idempotent_hint) =
            ((!read_only).then_some(destructive), (!read_only).then_some(idempotent));
        Wire {
            name: self.name,
            title: &self.title,
            description: &self.description,
            input_schema: &self.input_schema,
            output_schema: self.output_schema.as_ref(),
            annotations: Hints { read_only_hint: read_only, destructive_hint, idempotent_hint, open_world_hint: false },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    description: &'a str,
    input_schema: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<&'a Map<String, Value>>,
    annotations: Hints,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hints {
    read_only_hint: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    destructive_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotent_hint: Option<bool>,
    open_world_hint: bool,
}

/// Counts what is written.
struct Size(usize);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The definition of one tool under the session's policy, whole.
pub fn definition(session: &Session<'_>, tool: Tool) -> Definition {
    definition_at(session, tool, Detail::Full)
}

/// The definition with as much as the level shows; that of a tool which is not typed is always whole.
pub fn definition_at(session: &Session<'_>, tool: Tool, level: Detail) -> Definition {
    // With the site's own fields and choices, where they are known.
    let tool = match tool {
        Tool::Typed(verb, def) => Tool::Typed(verb, session.listed.known(def.name).unwrap_or(def)),
        other => other,
    };
    let level = if matches!(tool, Tool::Typed(..)) { level } else { Detail::Full };
    let description = description(tool);
    let what = || description.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned();
    let writes =
        || Operation::ALL.iter().any(|operation| operation.writes() && session.policy.permits_somewhere(*operation));
    let calls = tool.is_proxy();
    Definition {
        name: tool.name(),
        title: if level < Detail::Full { String::new() } else { title(tool) },
        input_schema: input_schema(session, tool, level),
        output_schema: output_schema(tool).filter(|_| session.tools.output_schemas),
        read_only: tool.effect() == Effect::Reads || calls && !writes(),
        destructive: tool.effect() == Effect::Destroys,
        idempotent: tool.effect() != Effect::Adds && !calls,
        description: if level < Detail::Full { what() } else { description },
    }
}

fn title(tool: Tool) -> String {
    let words = |verb| match verb {
        Verb::List => "List",
        Verb::Get => "Get",
        Verb::Search => "Search",
        Verb::Create => "Create",
        Verb::Update => "Update",
        Verb::Delete => "Delete",
        Verb::Submit => "Submit",
        Verb::Cancel => "Cancel",
        Verb::Amend => "Amend",
    };
    match tool {
        Tool::Typed(verb, def) => format!("{} {}", words(verb), def.name),
        Tool::Generic(verb) => format!("{} documents of any DocType", words(verb)),
        Tool::Named(spec) => spec.title.to_owned(),
        Tool::Published(published) => published.title.clone(),
    }
}

fn description(tool: Tool) -> String {
    match tool {
        Tool::Typed(verb, def) => document_description(verb, Some(def)),
        Tool::Generic(verb) => {
            format!("{} For DocTypes whose own tools are not listed.", document_description(verb, None))
        }
        Tool::Named(spec) => spec.description.to_owned(),
        Tool::Published(published) => published.stated.description.clone(),
    }
}

/// Told once for all tools that get a document.
const COLUMNS_OF_ROWS: &str = r#" Some columns of rows alone: fields ["items.item_code", "items.qty"]."#;

/// Told once for all tools that list.
const ROWS_OF_MANY: &str = r#" Rows of many documents: fields ["items.item_code", "customer.territory"]."#;

fn document_description(verb: Verb, def: Option<&DocTypeDef>) -> String {
    let is = |bit| def.is_some_and(|def| def.is(bit));
    let (document, documents) = match def {
        Some(def) => (format!("{} document", def.name), format!("{} documents", def.name)),
        None => ("document of any DocType".to_owned(), "documents of any DocType".to_owned()),
    };
    match verb {
        Verb::List => {
            let rows = if def.is_none() { ROWS_OF_MANY } else { "" };
            format!(
                "Lists {documents} by filters, a page at a time. Use aggregate_documents for counts and sums. count: \
                 true adds the total; cursor fetches the next page.{rows}"
            )
        }
        Verb::Get if is(doctype_flag::SINGLE) => format!("Reads the {document}, of which there is exactly one."),
        Verb::Get => {
            let columns = if def.is_none() { COLUMNS_OF_ROWS } else { "" };
            format!("Reads one {document} with its child rows. Long texts are cut unless fields names them.{columns}")
        }
        Verb::Search => format!(
            "Finds {documents} by words. They are looked for in name, title and search fields; use it if the exact name is not known."
        ),
        Verb::Create => {
            let draft = if is(doctype_flag::SUBMITTABLE) { " as a draft" } else { "" };
            format!(
                "Creates one {document}{draft}. Nothing is sent unless all fields pass the checks. Links take names \
                 or unique titles."
            )
        }
        Verb::Update => {
            let tables = def.is_none_or(|def| def.tables().next().is_some());
            let rows = " A child table is changed by {\"patch\": [{\"name\": row, column: value}], \"add\": [rows], \"remove\": \
                        [rows]}; a row is named by name, idx or match: {column: value}. A list replaces the whole \
                        table. Everything else stays.";
            format!("Changes fields of one {document}.{}", if tables { rows } else { "" })
        }
        Verb::Delete => {
            format!("Permanently deletes one {document}; the first call only shows it and gives a confirm_token.")
        }
        Verb::Submit => {
            format!(
                "Submits a draft {document}: it takes effect, and most fields are fixed. Only cancelling undoes it."
            )
        }
        Verb::Cancel => format!(
            "Cancels a submitted {document}; the first call only shows it and gives a confirm_token. cascade: true \
             first cancels the documents that block it."
        ),
        Verb::Amend => format!("Creates a new draft of a cancelled {document}, to correct and submit again."),
    }
}

fn input_schema(session: &Session<'_>, tool: Tool, level: Detail) -> Map<String, Value> {
    let mut args = arguments::of(&tool);
    args.retain(|arg| level.shows(tool, arg) && is_shown(session, tool, arg));
    let mut properties = Map::new();
    for arg in &args {
        properties.insert(arg.name.clone(), argument_schema(session, tool, arg, level));
    }
    let mut schema =
        Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), Value::Object(properties))]);
    let required: Vec<&str> = args.iter().filter(|arg| arg.required).map(|arg| arg.name.as_str()).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// Whether an argument means something here; it is taken all the same.
fn is_shown(session: &Session<'_>, tool: Tool, arg: &Arg) -> bool {
    match (arg.name.as_str(), tool) {
        // There is exactly one, named like its DocType.
        ("name", Tool::Typed(_, def)) => !def.is(doctype_flag::SINGLE),
        // What the generic list tells holds for these too.
        ("or_filters", Tool::Named(_) | Tool::Published(_)) | ("filters", Tool::Generic(Verb::Search)) => false,
        ("fresh", _) => session.site.keeps_answers(),
        (TOKEN, tool) => is_confirmed(session, tool),
        ("confirm", tool) => is_confirmed(session, tool) && session.policy.takes_confirm_argument(),
        ("idempotency_key", Tool::Typed(_, def)) => def.field(&arg.name).is_some(),
        _ => true,
    }
}

/// Whether a call may have to be confirmed: one that is confirmed as several operations, if one of them is permitted.
fn is_confirmed(session: &Session<'_>, tool: Tool) -> bool {
    let operations = tool.confirmed_as();
    let may_be = |operation| operations.len() == 1 || session.policy.permits_somewhere(operation);
    operations.iter().any(|operation| session.policy.confirms(*operation) && may_be(*operation))
}

fn argument_schema(session: &Session<'_>, tool: Tool, arg: &Arg, level: Detail) -> Value {
    let mut schema = arg.schema.clone();
    match (&arg.kind, level) {
        (ArgumentType::Data, _) => return data(session, tool, level).unwrap_or_else(|| Value::Object(schema)),
        (_, level) if level < Detail::Full => drop(schema.shift_remove("description")),
        // The generic list, which is always listed, names the operators.
        (ArgumentType::Filters, _) if arg.name == "filters" && is_beside_the_list(session, tool) => {
            schema.insert("description".to_owned(), json!("as in list_generic_documents"));
        }
        (ArgumentType::FieldNames, _) => schema["items"] = fields_schema(session, tool),
        _ => {}
    }
    Value::Object(schema)
}

/// Whether the generic list is there for the tool to refer to.
fn is_beside_the_list(session: &Session<'_>, tool: Tool) -> bool {
    let lists = matches!(tool, Tool::Generic(Verb::List) | Tool::Typed(..));
    !lists && session.policy.permits_somewhere(Operation::Read)
}

/// The names that may be asked for, where they are few.
fn fields_schema(session: &Session<'_>, tool: Tool) -> Value {
    let mut items = Map::from_iter([("type".to_owned(), json!("string"))]);
    if let (Tool::Typed(verb, def), Some(rule)) = (tool, rule(session, tool)) {
        let fits = |field: &&FieldDef| rule.may_read(*field) && (verb == Verb::Get || field.in_lists());
        let names: Vec<&str> = def.all_fields().filter(fits).map(|field| field.fieldname).collect();
        // Columns of a table are named `items.rate`: with tables the list would not be all.
        let tables = verb == Verb::Get && def.tables().next().is_some();
        if names.len() <= SHORT && !tables {
            items.insert("enum".to_owned(), json!(names));
        }
    }
    Value::Object(items)
}

/// The fields of a document of the tool's DocType, if it is for one.
fn data(session: &Session<'_>, tool: Tool, level: Detail) -> Option<Value> {
    let (Tool::Typed(verb, def), Some(rule)) = (tool, rule(session, tool)) else { return None };
    let purpose = if verb == Verb::Create { Purpose::Create } else { Purpose::Update };
    let writing = Writing { rule: &rule, catalog: session.listed };
    let mut schema = data_schema(def, purpose, &Shown { writing, level, purpose, def });
    if level != Detail::Full {
        drop_lengths(&mut schema);
        schema["description"] = json!("accepts more fields: see get_doctype_schema");
    }
    Some(schema)
}

/// Takes out how long texts may be: nearly all may be as long, and the check tells.
fn drop_lengths(schema: &mut Value) {
    match schema {
        Value::Object(schema) => {
            schema.retain(|key, value| key != "maxLength" || value.is_object());
            schema.values_mut().for_each(drop_lengths);
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(drop_lengths),
        _ => {}
    }
}

fn rule(session: &Session<'_>, tool: Tool) -> Option<FieldRule> {
    let Tool::Typed(verb, def) = tool else { return None };
    session.policy.permit(operation(verb), def.name).ok().map(|permit| permit.fields().clone())
}

/// The shape of a result. Values are open: sites change choices, and add fields.
fn output_schema(tool: Tool) -> Option<Map<String, Value>> {
    let Tool::Typed(verb, _) = tool else { return None };
    let document = json!({"type": "object"});
    let documents = json!({"type": "array", "items": document});
    let columns = json!({"type": "array", "items": {"type": "string"}});
    let rows = json!({"type": "array", "items": {"type": "array"}});
    let (required, properties) = match verb {
        Verb::List | Verb::Search => (
            json!(["shown", "columns", "rows"]),
            json!({"shown": {"type": "string"}, "total": {"type": "integer"}, "columns": columns, "rows": rows,
                "next_cursor": {"type": "string"}, "note": {"type": "string"}}),
        ),
        Verb::Get => (
            json!(["document"]),
            json!({"document": document, "withheld": {"type": "array", "items": {"type": "string"}}}),
        ),
        Verb::Create => (json!(["created"]), json!({"created": {"type": "string"}, "stored_differently": document})),
        Verb::Update => (
            json!(["updated"]),
            json!({"updated": {"type": "string"}, "changed": document, "stored_differently": document}),
        ),
        // What waits for a confirmation, or for a job of the site, has another shape.
        Verb::Delete => (json!([]), json!({"deleted": {"type": "string"}})),
        Verb::Submit => (
            json!([]),
            json!({"submitted": {"type": "string"}, "in_background": {"type": "string"}, "changed": document}),
        ),
        Verb::Cancel => (
            json!([]),
            json!({"cancelled": {"type": "string"}, "in_background": {"type": "string"}, "changed": document,
                "also_cancelled": documents}),
        ),
        Verb::Amend => (
            json!(["created"]),
            json!({"created": {"type": "string"}, "amended_from": {"type": "string"}, "changed": document}),
        ),
    };
    let schema = [
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), properties),
        ("required".to_owned(), required),
    ];
    Some(Map::from_iter(schema))
}
