//! Every definition against the published rules of the model APIs that clients hand it to. One that breaks a rule costs
//! the whole conversation, as they refuse the request and not the tool.

use erpnext_mcp::tool::Tool;
use erpnext_mcp::tool::definition::{self, Definition};
use erpnext_mcp::tool::detail::Detail;
use serde_json::{Map, Value, json};

use super::definitions::KNOWN;
use crate::support::{all, app_of, app_of_all, config_json};

/// What an API takes.
#[derive(Clone, Copy)]
struct Rules {
    api: &'static str,
    /// The longest name of a tool, with the prefix that a client puts before it.
    name: usize,
    /// The characters of a property's name, besides letters, digits and `_`.
    key: &'static str,
    longest_key: usize,
    /// Properties within properties, and rows within them.
    depth: usize,
    properties: usize,
    /// Choices of one value, and the length of all of them together where there are more than 250.
    choices: usize,
    length_of_many: usize,
    /// An object within the arguments names a property.
    needs_properties: bool,
    /// A choice is a text that is not empty.
    needs_texts: bool,
}

/// Room for `mcp__erpnext__` and the like.
const PREFIX: usize = 14;

/// Names as all of them have them, and no bound that is not stated.
const NAMES: Rules = Rules {
    api: "",
    name: 64,
    key: ".-",
    longest_key: 64,
    depth: usize::MAX,
    properties: usize::MAX,
    choices: usize::MAX,
    length_of_many: usize::MAX,
    needs_properties: false,
    needs_texts: false,
};

const APIS: [Rules; 4] = [
    Rules { api: "Anthropic Messages", ..NAMES },
    Rules { api: "OpenAI Responses", depth: 10, properties: 5_000, choices: 1_000, length_of_many: 15_000, ..NAMES },
    Rules { api: "Google Gemini", key: "", depth: 10, needs_properties: true, needs_texts: true, ..NAMES },
    Rules { api: "Amazon Bedrock Converse", ..NAMES },
];

impl Rules {
    fn judge(&self, tool: &Definition) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut say = |what: String| wrong.push(format!("{}: {}: {what}", self.api, tool.name));
        if tool.name.len() + PREFIX > self.name || !tool.name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            say("its name".to_owned());
        }
        if tool.description.is_empty() || tool.description.len() > 1024 {
            say("its description".to_owned());
        }
        // At the root only what all of them read.
        if tool.input_schema.keys().any(|key| !matches!(key.as_str(), "type" | "properties" | "required")) {
            say("its root".to_owned());
        }
        let mut count = 0;
        self.schema(&tool.input_schema, "", 1, &mut count, &mut say);
        if count > self.properties {
            say(format!("{count} properties"));
        }
        wrong
    }

    fn schema(
        &self,
        schema: &Map<String, Value>,
        at: &str,
        depth: usize,
        count: &mut usize,
        say: &mut dyn FnMut(String),
    ) {
        if depth > self.depth {
            say(format!("{at} lies too deep"));
        }
        for key in schema.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
            say(format!("{at} has {key}"));
        }
        let kind = schema["type"].as_str().unwrap_or_default();
        if !["object", "array", "string", "integer", "number", "boolean"].contains(&kind) {
            say(format!("{at} has the type {:?}", schema["type"]));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        if kind == "object"
            && (properties.is_none() || self.needs_properties && depth > 1 && properties.is_some_and(Map::is_empty))
        {
            say(format!("{at} names no property"));
        }
        if (kind == "array") != schema.get("items").is_some_and(Value::is_object)
            || kind != "object" && properties.is_some()
        {
            say(format!("{at} is a {kind} with other parts"));
        }
        for (name, property) in properties.into_iter().flatten() {
            *count += 1;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || self.key.contains(c);
            if name.is_empty() || name.len() > self.longest_key || !name.chars().all(plain) {
                say(format!("{at}.{name} is no name"));
            }
            self.schema(property.as_object().unwrap(), &format!("{at}.{name}"), depth + 1, count, say);
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !properties.is_some_and(|properties| properties.contains_key(name)) {
                say(format!("{at} asks for {name}, which it does not name"));
            }
        }
        if let Some(items) = schema.get("items").and_then(Value::as_object) {
            self.schema(items, &format!("{at}[]"), depth + 1, count, say);
        }
        let Some(choices) = schema.get("enum").and_then(Value::as_array) else { return };
        let length: usize = choices.iter().map(|choice| choice.as_str().map_or(0, str::len)).sum();
        if choices.is_empty() || choices.len() > self.choices || choices.len() > 250 && length > self.length_of_many {
            say(format!("{at} has {} choices of {length} characters", choices.len()));
        }
        if self.needs_texts && choices.iter().any(|choice| choice.as_str().is_none_or(str::is_empty)) {
            say(format!("{at} has a choice that is no text"));
        }
    }
}

#[test]
fn every_definition_is_taken_by_the_apis_that_clients_hand_it_to() {
    let app = app_of_all();
    let mut wrong = Vec::new();
    let mut judged = 0;
    for level in [Detail::Lean, Detail::Compact, Detail::Full] {
        // Where nothing may be written there is nothing to name.
        let names_some = |tool: &&Tool| !matches!(tool, Tool::Typed(_, def) if def.fields.is_empty());
        for tool in app.registry().tools().iter().filter(names_some) {
            let shown = definition::definition_at(&app.session(), *tool, level);
            judged += 1;
            wrong.extend(APIS.iter().flat_map(|rules| rules.judge(&shown)));
        }
    }
    let told: Vec<&String> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty() && judged > 6_000, "{} of {judged}:\n{told:#?}", wrong.len());
}

#[test]
fn an_object_without_a_property_names_none_that_is_withheld() {
    let mut rule = all();
    let columns = ["company", "account", "advance_account"];
    rule["restricted_fields"] = columns.map(|column| format!("accounts.{column}")).into();
    let app = app_of(&config_json("http://127.0.0.1:9", json!({"doctypes": {"Customer": rule}})));
    for name in ["create_customer_document", "update_customer_document"] {
        let tool = app.registry().find(name).unwrap();
        let data = definition::definition(&app.session(), tool).input_schema["properties"]["data"].clone();
        assert!(data["properties"]["customer_name"].is_object(), "{name}");
        let accounts = data["properties"]["accounts"].to_string();
        assert!(columns.iter().all(|column| !accounts.contains(&format!("{column:?}"))), "{name}: {accounts}");
    }
}
