#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;

const SAMPLE: &str = r#"
{ "erpnext": {"url": "https://erp.example.com", "api_key": "canarykey", "api_secret": "canarysecret", "timeout": 60},
  "permissions": {"doctypes": {"Customer": {"read": true, "create": true, "update": true, "delete": false,
      "allowed_fields": ["customer_name", "email_id"], "restricted_fields": ["credit_limit"],
      "conditions": {"create": {"customer_type": ["Company", "Individual"]}, "update": {"status": {"not_in": ["Disabled"]}}}}}},
  "audit": {"enabled": true, "log_file": "logs/audit.log", "log_level": "INFO", "retention_days": 30},
  "rate_limiting": {"enabled": true, "requests_per_minute": 60, "requests_per_hour": 1000},
  "cache": {"enabled": true, "ttl": 300, "max_size": 1000} }"#;

fn no_env(_: &str) -> Option<String> {
    None
}

pub(super) fn full_env(name: &str) -> Option<String> {
    let value = match name {
        "ERPNEXT_URL" => "https://env.example.com",
        "ERPNEXT_API_KEY" => "envkey",
        "ERPNEXT_API_SECRET" => "envsecret",
        _ => return None,
    };
    Some(value.to_owned())
}

/// The errors of a file whose address and credentials come from the environment.
fn errors(text: &str) -> Vec<String> {
    sections::read(Some(text), &full_env).unwrap_err().iter().map(ToString::to_string).collect()
}

fn config(file: &Value) -> Config {
    sections::read(Some(&file.to_string()), &full_env).expect("a right configuration")
}

/// These sections beside the site's address and key, as they are read.
pub(super) fn with_sections(sections: Value) -> Result<Config, String> {
    let mut file = json!({"erpnext": {"url": "https://erp.example.com", "api_key": "key", "api_secret": "secret"}});
    file.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
    Config::from_text(&file.to_string()).map_err(|errors| errors.to_string())
}

/// The errors of one DocType's rule.
fn rule_errors(rule: &Value) -> Vec<String> {
    let errors = errors(&json!({"permissions": {"doctypes": {"Customer": rule}}}).to_string());
    errors.iter().map(|error| error.replace("permissions.doctypes.Customer.", "")).collect()
}

#[test]
fn the_sample_of_the_documentation_is_accepted_as_it_is() {
    let config = sections::read(Some(SAMPLE), &no_env).unwrap();
    assert_eq!(config.erpnext.url, "https://erp.example.com");
    assert_eq!(config.erpnext.api_secret.expose_secret(), "canarysecret");
    assert_eq!(config.erpnext.timeout, Duration::from_secs(60));
    let customer = &config.permissions.doctypes["Customer"];
    assert_eq!(customer.operations.to_string(), "read, create, update");
    assert_eq!(customer.allowed_fields.as_deref().unwrap(), ["customer_name", "email_id"]);
    assert_eq!(customer.restricted_fields, ["credit_limit"]);
    let value = |text: &str| Operand::Value(text.into());
    let companies = Test::In(vec![value("Company"), value("Individual")]);
    assert_eq!(customer.conditions[&Operation::Create], Condition::Field("customer_type".to_owned(), companies));
    let disabled = Test::NotIn(vec![value("Disabled")]);
    assert_eq!(customer.conditions[&Operation::Update], Condition::Field("status".to_owned(), disabled));
    assert!(config.audit.enabled && config.rate_limiting.enabled && config.cache.enabled);
}

#[test]
fn the_environment_alone_is_enough_and_permits_nothing() {
    let config = sections::read(None, &full_env).unwrap();
    assert_eq!(config.erpnext.api_key.expose_secret(), "envkey");
    assert!(config.permissions.doctypes.is_empty() && config.permissions.default.is_empty());
    assert_eq!((config.tools.results, config.log_level), (Results::Text, LogLevel::Info));
}

#[test]
fn the_environment_wins_over_the_file_and_an_empty_variable_does_not() {
    let env = |name: &str| match name {
        "ERPNEXT_URL" => Some("http://127.0.0.1:8000/".to_owned()),
        "ERPNEXT_API_KEY" => Some(" ".to_owned()),
        "MCP_AUDIT_ENABLED" => Some("False".to_owned()),
        "MCP_LOG_LEVEL" => Some("WARNING".to_owned()),
        _ => None,
    };
    let config = sections::read(Some(SAMPLE), &env).unwrap();
    assert_eq!(config.erpnext.url, "http://127.0.0.1:8000");
    assert_eq!(config.erpnext.api_key.expose_secret(), "canarykey");
    assert!(!config.audit.enabled);
    assert_eq!(config.log_level, LogLevel::Warn);
}

#[test]
fn what_is_missing_says_where_to_get_it() {
    let errors = sections::read(Some(r#"{"erpnext": {"api_key": ""}}"#), &no_env).unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let keys = "(on the site: your user's Settings, API Access, Generate Keys)";
    assert_eq!(
        errors,
        [
            "erpnext.url: missing; set it here or in ERPNEXT_URL, such as https://erp.example.com".to_owned(),
            format!("erpnext.api_key: missing; set it here or in ERPNEXT_API_KEY {keys}"),
            format!("erpnext.api_secret: missing; set it here or in ERPNEXT_API_SECRET {keys}"),
        ]
    );
}

#[test]
fn a_wrong_variable_is_named() {
    let env = |name: &str| match name {
        "MCP_AUDIT_ENABLED" => Some("maybe".to_owned()),
        "MCP_LOG_LEVEL" => Some("verbose".to_owned()),
        "ERPNEXT_URL" => Some("http://erp.example.com".to_owned()),
        other => full_env(other),
    };
    let errors: Vec<_> = sections::read(None, &env).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "MCP_AUDIT_ENABLED: expected true or false, found \"maybe\"",
            "MCP_LOG_LEVEL: unknown level; there are off, error, warn, info, debug, trace",
            "ERPNEXT_URL: http would send the secret unencrypted; use https, or set erpnext.allow_insecure_http to true \
             if the network is yours",
        ]
    );
}

#[test]
fn unknown_keys_name_the_nearest_right_one_everywhere() {
    let file = json!({
        "permisions": {},
        "erpnext": {"api_kay": 1},
        "permissions": {"defaults": {}, "default": {"wirte": true}, "doctypes": {"Customer": {"raed": true, "colour": 1}}},
        "tools": {"result": "text"},
        "audit": {"logfile": "x"}, "rate_limiting": {"request_per_minute": 1}, "cache": {"tll": 1},
    });
    let mut found = errors(&file.to_string());
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "audit.logfile: unknown key; did you mean log_file?",
            "cache.tll: unknown key; did you mean ttl?",
            "erpnext.api_kay: unknown key; did you mean api_key?",
            "permisions: unknown key; did you mean permissions?",
            "permissions.default.wirte: unknown key; there are read, create, update, delete, submit, cancel, amend, \
             report, export, print",
            "permissions.defaults: unknown key; did you mean default?",
            "permissions.doctypes.Customer.colour: unknown key; there are read, create, update, delete, submit, cancel, \
             amend, report, export, print, allowed_fields, extra_fields, restricted_fields, conditions",
            "permissions.doctypes.Customer.raed: unknown key; did you mean read?",
            "rate_limiting.request_per_minute: unknown key; did you mean requests_per_minute?",
            "tools.result: unknown key; did you mean results?",
        ]
    );
}

#[test]
fn wrong_types_and_values_say_what_was_expected() {
    let file = json!({
        "permissions": {"doctypes": {"Customer": true, " Item": {"read": "yes", "allowed_fields": null}}},
        "tools": {"results": "txt"},
        "audit": {"retention_days": 0, "log_file": ""},
        "rate_limiting": [],
        "cache": {"ttl": 1.5},
        "log_level": 3,
    });
    assert_eq!(
        errors(&file.to_string()),
        [
            "permissions.doctypes.Customer: expected an object, found true or false",
            "permissions.doctypes. Item: expected a DocType's name, such as Sales Order, without spaces around it",
            "permissions.doctypes. Item.read: expected true or false, found \"yes\"",
            "permissions.doctypes. Item.allowed_fields: expected a list of field names, found null",
            "tools.results: unknown value; did you mean text?",
            "log_level: expected a text, found 3",
            "audit.retention_days: expected a whole number of days, 1 or more, found 0",
            "audit.log_file: expected the path of a file, found \"\"",
            "rate_limiting: expected an object, found a list",
            "cache.ttl: expected a whole number of seconds, 1 or more, found 1.5",
        ]
    );
    assert_eq!(errors("[]"), ["expected an object with the sections of the configuration"]);
}

#[test]
fn wrong_field_names_are_told_what_to_write() {
    let rule = json!({
        "allowed_fields": ["*", "items.*", "a.b.c", "two words", "", 7],
        "restricted_fields": ["modified", "items.name"],
    });
    assert_eq!(
        rule_errors(&rule),
        [
            "restricted_fields[0]: modified is always readable and cannot be restricted; take it out",
            "restricted_fields[1]: items.name is always readable and cannot be restricted; take it out",
            "allowed_fields[5]: expected a field name, found 7",
            "allowed_fields[0]: unknown field; for every field leave allowed_fields out",
            "allowed_fields[1]: unknown field; for the whole table write items",
            "allowed_fields[2]: expected a field's name such as status or items.rate, found \"a.b.c\"",
            "allowed_fields[3]: expected a field's name such as status or items.rate, found \"two words\"",
            "allowed_fields[4]: expected a field's name such as status or items.rate, found \"\"",
        ]
    );
}

#[test]
fn every_form_of_condition_is_understood() {
    let rule = json!({"conditions": {"update": {
        "owner": "$user",
        "due": {"gte": "$today", "lt": "2030-01-01"},
        "rate": {"between": [1, 2.5]},
        "any_of": [{"note": {"like": "A%"}}, {"note": {"regex": "^B", "is_set": true}, "x": {"ne": false}}],
    }}});
    let config = config(&json!({"permissions": {"doctypes": {"ToDo": rule}}}));
    let update = &config.permissions.doctypes["ToDo"].conditions[&Operation::Update];
    let field = |name: &str, test| Condition::Field(name.to_owned(), test);
    let value = |value: Value| Operand::Value(value);
    let second = vec![
        field("note", Test::Regex(Regex::new("^B").unwrap())),
        field("note", Test::IsSet(true)),
        field("x", Test::Ne(value(json!(false)))),
    ];
    let expected = Condition::All(vec![
        field("owner", Test::Eq(Operand::User)),
        field("due", Test::Gte(Operand::Today)),
        field("due", Test::Lt(value(json!("2030-01-01")))),
        field("rate", Test::Between(value(json!(1)), value(json!(2.5)))),
        Condition::Any(vec![field("note", Test::Like("A%".to_owned())), Condition::All(second)]),
    ]);
    assert_eq!(*update, expected);
    assert_eq!(update.fields(), ["owner", "due", "due", "rate", "note", "note", "note", "x"]);
}

#[test]
fn wrong_conditions_say_what_was_expected() {
    let rule = json!({"conditions": {
        "print": {"a": 1},
        "read": {},
        "create": {"a": [], "b": {"not_inn": [1]}, "c": null, "d": {"between": [1]}, "e": {"gt": true}, "f": {}},
        "update": {"any_of": {}, "g": "$users", "h": {"is_set": 1}, "i": {"like": ""}, "j": [[1]], "k": {"in": "x"}},
    }});
    assert_eq!(
        rule_errors(&rule),
        [
            "conditions.print: unknown key; there are read, create, update, delete, submit, cancel",
            "conditions.read: no condition; name a field or leave it out",
            "conditions.create.a: expected a list of values, found an empty list",
            "conditions.create.b.not_inn: unknown test; did you mean not_in?",
            "conditions.create.c: expected a value, found null; for an empty field use {\"is_set\": false}",
            "conditions.create.d.between: expected a list of two values, found a list of 1",
            "conditions.create.e.gt: expected a number, a text or a date, found true",
            "conditions.create.f: no test; there are in, not_in, eq, ne, gt, gte, lt, lte, between, like, regex, is_set",
            "conditions.update.any_of: expected a list of conditions, found an object",
            "conditions.update.g: unknown variable; did you mean $user?",
            "conditions.update.h.is_set: expected true or false, found 1",
            "conditions.update.i.like: expected a pattern, found \"\"",
            "conditions.update.j[0]: expected a text, a number, true or false, found a list",
            "conditions.update.k.in: expected a list of values, found \"x\"",
        ]
    );
}

#[test]
fn broken_json_names_line_and_column() {
    let trailing = "{\n  \"cache\": {\"ttl\": 1,}\n}";
    assert_eq!(errors(trailing), ["line 2, column 22: not JSON: trailing comma; take the last comma out"]);
    assert_eq!(errors("{} x"), ["line 1, column 4: not JSON: trailing characters"]);
    assert_eq!(errors(""), ["line 1, column 0: not JSON: EOF while parsing a value; the file ends too early"]);
    assert!(errors("{\"cache\": {").iter().all(|error| error.ends_with("; the file ends too early")));
    for comment in ["// a", "/* a */", "# a"] {
        for text in
            [format!("{comment}\n{{}}"), format!("{{\"cache\": {{}}, {comment}\n}}"), format!("{{}}\n{comment}")]
        {
            assert!(errors(&text)[0].ends_with("; JSON has no comments, so take them out"), "{:?}", errors(&text));
        }
    }
    assert!(sections::read(Some("\u{feff}{}"), &full_env).is_ok());
}

#[test]
fn a_key_that_is_named_twice_is_an_error() {
    let text = r#"{"permissions": {"doctypes": {"Customer": {"read": false, "read": true}, "Customer": {}}}}"#;
    assert_eq!(
        errors(text),
        [
            "permissions.doctypes.Customer.read: named twice; keep one",
            "permissions.doctypes.Customer: named twice; keep one",
        ]
    );
}

#[test]
fn no_secret_shows_in_debug_or_in_errors() {
    let config = sections::read(Some(SAMPLE), &no_env).unwrap();
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
    let wrong = r#"{"erpnext": {"url": "https://canary:canary@x", "api_key": "canary key", "api_secret": ["canary"]}}"#;
    let errors = sections::read(Some(wrong), &no_env).unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(!format!("{errors:?}").contains("canary"), "{errors:?}");
    let number = r#"{"erpnext": {"url": "https://x", "api_key": 4711, "api_secret": "s"}}"#;
    let errors = sections::read(Some(number), &no_env).unwrap_err();
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["erpnext.api_key: expected a text, found a number"]
    );
}

#[test]
fn a_file_that_is_named_and_not_there_is_an_error() {
    let path = Path::new("no/such/file.json");
    let error = Config::load(Some(path), &full_env).unwrap_err().to_string();
    assert!(error.starts_with("the configuration no/such/file.json cannot be used:\n  cannot be read: "), "{error}");
}

#[test]
fn the_presets_are_right_and_ask_for_nothing_that_is_not_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for preset in ["read-only-analyst", "sales-user", "accounts-user", "full-access"] {
        let config = Config::load(Some(&folder.join(format!("{preset}.json"))), &full_env).unwrap();
        let reads = |operation| matches!(operation, Operation::Read | Operation::Report);
        let only_reads = config.permissions.doctypes.values().all(|rule| rule.operations.iter().all(reads));
        assert_eq!(only_reads && config.permissions.default.is_empty(), preset == "read-only-analyst", "{preset}");
        // What is made can be made final, and nothing that is not opened by name can be destroyed.
        for (doctype, rule) in &config.permissions.doctypes {
            let has = |operation| rule.operations.contains(operation);
            assert!(!has(Operation::Delete), "{preset}: {doctype}");
            assert!(!has(Operation::Submit) || has(Operation::Create), "{preset}: {doctype}");
            assert_eq!(has(Operation::Cancel), has(Operation::Amend), "{preset}: {doctype}");
        }
    }
    let example = folder.join("config.example.json");
    assert!(Config::load(Some(&example), &full_env).is_ok());
    assert_eq!(Config::load(Some(&example), &no_env).unwrap_err().errors.len(), 2, "its key and secret are empty");
}

static ROWS: &[FieldDef] = &[FieldDef::new("rate", FieldKind::Currency, "Rate")];
static CHILD: DocTypeDef = DocTypeDef { fields: ROWS, ..DocTypeDef::new("Sales Order Item", "Selling") };
static ORDER_FIELDS: &[FieldDef] = &[
    FieldDef { options: Options::Target("Customer"), ..FieldDef::new("customer", FieldKind::Link, "Customer") },
    FieldDef { options: Options::Target("Sales Order Item"), ..FieldDef::new("items", FieldKind::Table, "Items") },
];
static ORDER: DocTypeDef = DocTypeDef { fields: ORDER_FIELDS, ..DocTypeDef::new("Sales Order", "Selling") };

#[test]
fn names_that_the_tables_do_not_know_are_listed_with_the_nearest() {
    let config = config(&json!({"permissions": {"doctypes": {
        "Sales Ordre": {"allowed_fields": ["anything"]},
        "Sales Order": {
            "allowed_fields": ["name", "owner", "doctype", "customer", "custmer", "items.rate", "items.rat"],
            "restricted_fields": ["customer.credit_limit"],
            "conditions": {"update": {"colour": "red", "any_of": [{"colour": "blue"}]}},
        },
    }}}));
    let lookup = |name: &str| [&ORDER, &CHILD].into_iter().find(|def| def.name == name);
    let unknown = config.unknown_names(&lookup, &["Sales Order", "Customer"]);
    let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "permissions.doctypes.Sales Order.allowed_fields: no field custmer; did you mean customer?",
            "permissions.doctypes.Sales Order.allowed_fields: no field items.rat; did you mean items.rate?",
            "permissions.doctypes.Sales Order.restricted_fields: no field customer.credit_limit",
            "permissions.doctypes.Sales Order.conditions.update: no field colour",
            "permissions.doctypes.Sales Ordre: no such DocType; did you mean Sales Order?",
        ]
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys =
        "erpnext|permissions|doctypes|Customer|read|conditions|create|any_of|between|allowed_fields|url|tools|audit|x";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,9}".prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let object = proptest::collection::hash_map(keys, inner, 0..5);
        prop_oneof![list, object.prop_map(|map| Value::Object(map.into_iter().collect()))]
    })
}

proptest! {
    #[test]
    fn no_input_is_answered_with_a_panic(file in any_json(), text in ".{0,60}") {
        let _ = sections::read(Some(&file.to_string()), &full_env);
        let _ = sections::read(Some(&text), &no_env);
    }
}
