//! What a client is told about each tool: title, description, hints, and the schema of its arguments.

use erpnext_schema::json_schema::data_schema;
use erpnext_schema::{DocTypeDef, FieldDef, Purpose, Verb, doctype_flag};
use serde_json::{Map, Value, json};

use super::arguments::{self, Arg, DEFAULT_LIMIT, Kind, MAX_LIMIT};
use super::{Tool, operation};
use crate::call::App;
use crate::document::Writing;
use crate::policy::FieldRule;

/// A schema lists the permitted fields where they are at most this many; else the server checks the names.
const SHORT: usize = 24;

/// A tool as a client sees it.
#[derive(Debug)]
pub struct Definition {
    /// The name on the wire.
    pub name: &'static str,
    /// For people.
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

/// The definition of one tool under the app's policy.
pub fn definition(app: &App, tool: Tool) -> Definition {
    let verb = tool.verb();
    Definition {
        name: tool.name(),
        title: title(tool),
        description: description(tool),
        input_schema: input_schema(app, tool),
        output_schema: output_schema(tool).filter(|_| app.output_schemas),
        read_only: !matches!(verb, Some(Verb::Create | Verb::Update | Verb::Delete)),
        destructive: matches!(verb, Some(Verb::Update | Verb::Delete)),
        idempotent: verb != Some(Verb::Create),
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
    };
    match tool {
        Tool::Typed(verb, def) => format!("{} {}", words(verb), def.name),
        Tool::Generic(verb) => format!("{} documents of any DocType", words(verb)),
        Tool::Aggregate => "Aggregate documents".to_owned(),
        Tool::TestConnection => "Test the connection".to_owned(),
        Tool::SystemInfo => "System information".to_owned(),
        Tool::ListDocTypes => "List DocTypes".to_owned(),
        Tool::DocTypePermissions => "Permissions on a DocType".to_owned(),
        Tool::DocTypeSchema => "Fields of a DocType".to_owned(),
    }
}

fn description(tool: Tool) -> String {
    match tool {
        Tool::Typed(verb, def) => document_description(verb, Some(def)),
        Tool::Generic(verb) => {
            format!("{} For DocTypes without tools of their own.", document_description(verb, None))
        }
        Tool::Aggregate => {
            "Counts, sums and averages over documents, by up to three fields. Money is kept apart by currency."
                .to_owned()
        }
        Tool::TestConnection => "Whether the site answers and accepts the key, and as which user.".to_owned(),
        Tool::SystemInfo => {
            "Versions of the site's apps, the user, and what this server was generated from.".to_owned()
        }
        Tool::ListDocTypes => "The DocTypes available here, with the operations permitted on each.".to_owned(),
        Tool::DocTypePermissions => "What may be done with a DocType here, and which fields are withheld.".to_owned(),
        Tool::DocTypeSchema => "The fields of a DocType and of its child tables, custom fields included: \
             type, options, link target, what is required. Ask for some with fields."
            .to_owned(),
    }
}

fn document_description(verb: Verb, def: Option<&DocTypeDef>) -> String {
    let is = |bit| def.is_some_and(|def| def.is(bit));
    let (document, documents) = match def {
        Some(def) => (format!("{} document", def.name), format!("{} documents", def.name)),
        None => ("document of any DocType".to_owned(), "documents of any DocType".to_owned()),
    };
    match verb {
        Verb::List => format!("Lists {documents} by filters, a page at a time; count: true gives the total."),
        Verb::Get if is(doctype_flag::SINGLE) => format!("Reads the {document}, of which there is exactly one."),
        Verb::Get => format!("Reads one {document} with its child rows."),
        Verb::Search => format!("Finds {documents} by words in their name, title and search fields."),
        Verb::Create => {
            let draft = if is(doctype_flag::SUBMITTABLE) { " as a draft" } else { "" };
            format!("Creates one {document}{draft}. Nothing is sent unless all fields pass the checks.")
        }
        Verb::Update => {
            let tables = def.is_none_or(|def| def.fields.iter().any(|field| field.kind.is_table()));
            let rows = " For a child table give every row to keep as {\"name\": …}, with the columns to change; other columns stay.";
            format!("Changes fields of one {document}.{}", if tables { rows } else { "" })
        }
        Verb::Delete => format!("Deletes one {document} for good; needs confirm: true."),
    }
}

fn input_schema(app: &App, tool: Tool) -> Map<String, Value> {
    let args = arguments::of(&tool);
    let mut properties = Map::new();
    for arg in &args {
        properties.insert(arg.name.to_owned(), argument_schema(app, tool, arg));
    }
    let mut schema =
        Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), Value::Object(properties))]);
    let required: Vec<&str> = args.iter().filter(|arg| arg.required).map(|arg| arg.name).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn argument_schema(app: &App, tool: Tool, arg: &Arg) -> Value {
    match (arg.kind, arg.name) {
        (Kind::Text, "name") => json!({"type": "string", "description": "the document's name (ID)"}),
        (Kind::Text, "doctype") => json!({"type": "string", "description": "exact name, such as Sales Invoice"}),
        (Kind::Text, "cursor") => json!({"type": "string", "description": "next_cursor of the page before"}),
        (Kind::Text, _) => json!({"type": "string"}),
        (Kind::Flag, _) => json!({"type": "boolean"}),
        (Kind::Limit, _) => json!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}),
        (Kind::OrderBy, _) if tool == Tool::Aggregate => {
            json!({"type": "string", "description": "a measure or group, asc or desc"})
        }
        (Kind::OrderBy, _) => json!({"type": "string", "description": "field asc or desc, comma-separated"}),
        // An object is what models write best; triples are taken too.
        (Kind::Filters, "or_filters") => json!({"type": "object", "description": "like filters, any of them"}),
        (Kind::Filters, _) => json!({"type": "object", "description":
            "{\"field\": value} or {\"field\": [operator, value]}; operators: = != > < >= <= like not like in not in between is Timespan descendants of"}),
        (Kind::Fields, "measures") => json!({"type": "array", "items": {"type": "string"}, "description":
            "count, sum(field), avg(field), min(field), max(field); default count"}),
        (Kind::Fields, "group_by") => {
            json!({"type": "array", "items": {"type": "string"}, "description":
            "up to three fields; a date as field:day, week, month, quarter or year"})
        }
        (Kind::Fields, _) => fields_schema(app, tool),
        (Kind::Data, _) => data(app, tool),
    }
}

/// The names that may be asked for, where they are few.
fn fields_schema(app: &App, tool: Tool) -> Value {
    let mut items = Map::from_iter([("type".to_owned(), json!("string"))]);
    if let (Tool::Typed(verb, def), Some(rule)) = (tool, rule(app, tool)) {
        let fits = |field: &&FieldDef| rule.may_read(*field) && (verb == Verb::Get || field.in_lists());
        let names: Vec<&str> = def.all_fields().filter(fits).map(|field| field.fieldname).collect();
        // Columns of a table are named `items.rate`: with tables the list would not be all.
        let tables = verb == Verb::Get && def.fields.iter().any(|field| field.kind.is_table());
        if names.len() <= SHORT && !tables {
            items.insert("enum".to_owned(), json!(names));
        }
    }
    json!({"type": "array", "items": items})
}

fn data(app: &App, tool: Tool) -> Value {
    let (Tool::Typed(verb, def), Some(rule)) = (tool, rule(app, tool)) else {
        return json!({"type": "object", "description": "fields of the document, see get_doctype_schema"});
    };
    let purpose = if verb == Verb::Create { Purpose::Create } else { Purpose::Update };
    data_schema(def, purpose, &Writing { rule: &rule, catalog: &app.catalog })
}

fn rule(app: &App, tool: Tool) -> Option<FieldRule> {
    let Tool::Typed(verb, def) = tool else { return None };
    app.policy.permit(operation(verb), def.name).ok().map(|permit| permit.fields().clone())
}

/// The shape of a result. Values are open: sites change choices, and add fields.
fn output_schema(tool: Tool) -> Option<Map<String, Value>> {
    let Tool::Typed(verb, _) = tool else { return None };
    let document = json!({"type": "object"});
    let documents = json!({"type": "array", "items": document});
    let (required, properties) = match verb {
        Verb::List => (
            json!(["count", "documents"]),
            json!({"count": {"type": "integer"}, "total": {"type": "integer"}, "next_cursor": {"type": "string"}, "documents": documents}),
        ),
        Verb::Search => (
            json!(["count", "documents"]),
            json!({"count": {"type": "integer"}, "documents": documents, "note": {"type": "string"}}),
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
        Verb::Delete => (json!(["deleted"]), json!({"deleted": {"type": "string"}})),
    };
    let schema = [
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), properties),
        ("required".to_owned(), required),
    ];
    Some(Map::from_iter(schema))
}
