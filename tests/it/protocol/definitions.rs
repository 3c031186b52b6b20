//! What holds for every tool of every DocType.

use std::collections::BTreeSet;

use erpnext_mcp::policy::{FieldRule, Operation};
use erpnext_mcp::tool::Tool;
use erpnext_mcp::tool::definition::{self, Definition};
use erpnext_schema::{Context, DocTypeDef, FieldDef, FieldKind, Purpose, Verb, check_document, doctype_flag, flag};
use serde_json::{Map, Value, json};

use crate::support::app_of_all;

/// The words of JSON Schema that every client understands.
pub(super) const KNOWN: [&str; 12] = [
    "type",
    "title",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "default",
    "minimum",
    "maximum",
    "maxLength",
    "minItems",
];

fn definitions() -> Vec<(Tool, Definition)> {
    let app = app_of_all();
    app.registry().tools().iter().map(|tool| (*tool, definition::definition(&app.session(), *tool))).collect()
}

/// Every schema within a schema, with its path.
fn schemas(at: &str, schema: &Map<String, Value>, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    visit(at, schema);
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        schemas(&format!("{at}.{name}"), property.as_object().unwrap(), visit);
    }
    if let Some(items) = schema.get("items") {
        schemas(&format!("{at}[]"), items.as_object().unwrap(), visit);
    }
}

#[test]
fn names_are_plain_short_and_unique() {
    let mut seen = BTreeSet::new();
    for (_, tool) in definitions() {
        let plain = tool.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        assert!(plain && (1..=50).contains(&tool.name.len()), "{}", tool.name);
        assert!(seen.insert(tool.name), "{} comes twice", tool.name);
    }
    assert!(seen.len() > 2_000, "{} tools", seen.len());
}

#[test]
fn every_doctype_has_the_tools_that_fit_it() {
    for def in crate::support::tables() {
        let verbs: Vec<_> = def.tools.iter().map(|tool| tool.verb).collect();
        if def.is(doctype_flag::CHILD) {
            assert_eq!(verbs, [], "{}", def.name);
        } else if def.is(doctype_flag::SINGLE) {
            assert_eq!(verbs, [Verb::Get, Verb::Update], "{}", def.name);
        } else {
            assert!(verbs.contains(&Verb::Get) && verbs.contains(&Verb::Create), "{}: {verbs:?}", def.name);
        }
    }
}

#[test]
fn texts_say_something_and_are_short() {
    for (_, tool) in definitions() {
        assert!(!tool.title.is_empty() && tool.title.len() <= 120, "{}: {}", tool.name, tool.title);
        assert!((20..600).contains(&tool.description.len()), "{}: {}", tool.name, tool.description);
    }
}

#[test]
fn a_tool_that_speaks_of_a_token_takes_one() {
    let told = definitions().into_iter().filter(|(_, tool)| tool.description.contains("confirm_token"));
    let told: Vec<Definition> = told.map(|(_, tool)| tool).collect();
    assert!(told.iter().any(|tool| tool.name == "delete_attachment") && told.len() > 400, "{}", told.len());
    for tool in told {
        assert!(!tool.input_schema["properties"]["confirm_token"].is_null(), "{}", tool.name);
    }
}

#[test]
fn hints_are_those_of_the_verb() {
    for (tool, shown) in definitions() {
        let hints = (shown.read_only, shown.destructive, shown.idempotent);
        let expected = match tool.verb() {
            Some(Verb::List | Verb::Get | Verb::Search) => (true, false, true),
            Some(Verb::Create | Verb::Amend) => (false, false, false),
            Some(Verb::Update | Verb::Delete | Verb::Submit | Verb::Cancel) => (false, true, true),
            // It does whatever the tool does that it calls.
            None if shown.name == "call_tool" => (false, true, false),
            None if matches!(tool.operation(), Operation::Read | Operation::Report | Operation::Print) => {
                (true, false, true)
            }
            None => {
                assert!(!shown.read_only, "{}", shown.name);
                continue;
            }
        };
        assert_eq!(hints, expected, "{}", shown.name);
        assert!(shown.output_schema.is_none(), "{}", shown.name);
    }
}

#[test]
fn schemas_use_only_what_every_client_understands() {
    const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
    for (_, tool) in definitions() {
        assert_eq!(tool.input_schema["type"], "object", "{}", tool.name);
        schemas(tool.name, &tool.input_schema, &mut |at, schema| {
            for key in schema.keys() {
                assert!(KNOWN.contains(&key.as_str()), "{at}: {key}");
            }
            assert!(schema["type"].as_str().is_some_and(|kind| TYPES.contains(&kind)), "{at}: type");
            let object = schema["type"] == "object";
            assert!(object || !schema.contains_key("properties"), "{at}: properties of what is no object");
            let array = schema["type"] == "array";
            assert_eq!(array, schema.contains_key("items"), "{at}: items");
            if let Some(required) = schema.get("required").map(|names| names.as_array().unwrap()) {
                let properties = schema["properties"].as_object().unwrap();
                assert!(!required.is_empty(), "{at}: required");
                assert!(required.iter().all(|name| properties.contains_key(name.as_str().unwrap())), "{at}: required");
            }
            if let Some(choices) = schema.get("enum").map(|choices| choices.as_array().unwrap()) {
                let texts: BTreeSet<_> = choices.iter().map(|choice| choice.as_str().unwrap()).collect();
                assert!(!texts.is_empty() && texts.len() == choices.len(), "{at}: enum");
                assert!(!texts.contains(""), "{at}: an empty choice");
                assert_eq!(schema["type"], "string", "{at}: enum");
            }
        });
    }
}

#[test]
fn schemas_are_valid_json_schema() {
    for (_, tool) in definitions() {
        let schema = Value::Object(tool.input_schema);
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{}: {error}", tool.name);
        }
    }
}

#[test]
fn the_same_configuration_gives_the_same_bytes() {
    let bytes = || definitions().into_iter().map(|(_, tool)| format!("{tool:?}")).collect::<Vec<_>>();
    assert_eq!(bytes(), bytes());
}

/// What the server checks a write with.
struct Writing(FieldRule);

impl Context for Writing {
    fn child(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        crate::support::table(doctype)
    }

    fn may_write(&self, table: Option<&FieldDef>, field: &FieldDef) -> bool {
        table.map_or_else(|| self.0.may_write(field), |table| self.0.may_write_child(table, field))
    }
}

/// The tools that take data, with what their data is checked against.
fn writing() -> impl Iterator<Item = (&'static DocTypeDef, Purpose, Map<String, Value>, Writing)> {
    let app = app_of_all();
    let tools = app.registry().tools().to_vec();
    tools.into_iter().filter_map(move |tool| {
        let (def, purpose, operation) = match tool {
            Tool::Typed(Verb::Create, def) => (def, Purpose::Create, Operation::Create),
            Tool::Typed(Verb::Update, def) => (def, Purpose::Update, Operation::Update),
            _ => return None,
        };
        let rule = app.session().policy.permit(operation, def.name).unwrap().fields().clone();
        let schema = definition::definition(&app.session(), tool).input_schema["properties"]["data"]
            .as_object()
            .unwrap()
            .clone();
        Some((def, purpose, schema, Writing(rule)))
    })
}

#[test]
fn every_property_of_data_is_a_field_that_can_be_written() {
    for (def, purpose, schema, writing) in writing() {
        for name in schema["properties"].as_object().unwrap().keys() {
            if name == "name" {
                let chosen = purpose == Purpose::Create && def.is_named_by_creator();
                assert!(chosen, "{}", def.name);
                continue;
            }
            let field = def.field(name).unwrap_or_else(|| panic!("{}.{name}", def.name));
            // Where nothing is for people to edit, one field stands for the others.
            const NOT_EDITED: u32 = flag::READ_ONLY | flag::HIDDEN | flag::VIRTUAL;
            let edited = |field: &FieldDef| {
                writing.may_write(None, field) && field.flags & NOT_EDITED == 0 && field.kind != FieldKind::ReadOnly
            };
            assert!(edited(field) || !def.fields.iter().any(edited), "{}.{name}", def.name);
        }
    }
}

/// A value that a schema asks for; of an object all properties, or the required ones.
fn value_of(schema: &Value, whole: bool) -> Value {
    if let Some(choice) = schema["enum"].as_array().and_then(|choices| choices.last()) {
        return choice.clone();
    }
    let described = schema["description"].as_str().unwrap_or_default();
    match schema["type"].as_str() {
        Some("object") => {
            let required =
                |name: &String| schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
            let properties = schema["properties"].as_object().unwrap().iter();
            let wanted = properties.filter(|(name, _)| whole || required(name));
            wanted.map(|(name, property)| (name.clone(), value_of(property, whole))).collect::<Map<_, _>>().into()
        }
        Some("array") => json!([value_of(&schema["items"], whole)]),
        Some("boolean") => json!(true),
        Some("integer") => json!(3),
        Some("number") => json!(0.5),
        Some("string") if described.starts_with("YYYY-MM-DD HH") => json!("2026-02-28 23:59:59"),
        Some("string") if described.starts_with("YYYY") => json!("2026-02-28"),
        Some("string") if described.starts_with("HH") => json!("23:59:59"),
        Some("string") if described.contains("Email") => json!("x@example.com"),
        Some("string") if described.contains("Phone") => json!("+1 555 0100"),
        Some("string") if described.contains("URL") => json!("https://example.com"),
        Some("string") if described.contains("JSON") => json!("{\"any\": [1]}"),
        Some("string") => {
            let length = schema["maxLength"].as_u64().unwrap_or(20).min(60);
            json!("x".repeat(usize::try_from(length).unwrap()))
        }
        _ => panic!("{schema}"),
    }
}

#[test]
fn a_document_made_by_the_schema_alone_passes_the_check() {
    let mut failed = Vec::new();
    // A mandatory field above level 0 is set only where the configuration names it; the check says so.
    let needs_naming = |def: &DocTypeDef| def.fields.iter().any(|field| field.must_be_sent() && field.permlevel > 0);
    for (def, purpose, schema, writing) in writing().filter(|(def, ..)| !needs_naming(def)) {
        let validator = jsonschema::draft202012::new(&Value::Object(schema.clone())).unwrap();
        for whole in [false, true] {
            let data = value_of(&Value::Object(schema.clone()), whole);
            assert!(validator.is_valid(&data), "{} {purpose:?}: {data}", def.name);
            if let Err(found) = check_document(def, purpose, data.as_object().unwrap(), &writing) {
                failed.extend(found.iter().map(|found| format!("{} {purpose:?}, whole {whole}: {found}", def.name)));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
