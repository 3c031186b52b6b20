//! Any configuration: what it holds is told as errors, or makes a policy.

use erpnext_mcp::config::Config;
use erpnext_mcp::policy::{Operation, Policy};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{TEXTS, any_json, runner};

/// What stands in configurations. Not `api_secret_command`: a program named by chance is not to be run.
const KEYS: &[&str] = &[
    "erpnext",
    "url",
    "api_key",
    "api_secret",
    "timeout",
    "permissions",
    "doctypes",
    "default",
    "Customer",
    "Sales Order",
    "read",
    "create",
    "update",
    "allowed_fields",
    "restricted_fields",
    "conditions",
    "in",
    "not_in",
    "between",
    "regex",
    "like",
    "is_set",
    "any_of",
    "confirm",
    "confirm_argument",
    "reports",
    "audit",
    "enabled",
    "format",
    "rate_limiting",
    "cache",
    "ttl",
    "tools",
    "results",
    "exclude",
    "toolsets",
    "methods",
    "schema",
    "overlay",
    "log_level",
    "attachments",
    "import",
    "directory",
];

/// The configurations that come with the program.
fn shipped() -> Vec<Value> {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/config")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.map(|text| serde_json::from_str(&text).unwrap()).collect()
}

/// Objects with the keys of configurations, to any depth.
fn any_configuration() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![any_json(), select(TEXTS).prop_map(Value::from), any::<bool>().prop_map(Value::from)];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let pairs = prop::collection::vec((select(KEYS), inner), 0..6);
        pairs.prop_map(|pairs| {
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
        })
    })
}

/// Puts something into the place of some value below, or takes it out.
fn change(value: &mut Value, path: &[prop::sample::Index], by: Option<Value>) {
    let Some((at, deeper)) = path.split_first() else {
        *value = by.unwrap_or_default();
        return;
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(at.index(map.len())).unwrap().clone();
            match (&by, deeper) {
                (None, []) => drop(map.remove(&key)),
                _ => change(&mut map[&key], deeper, by),
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let at = at.index(list.len());
            change(&mut list[at], deeper, by);
        }
        other => *other = by.unwrap_or_default(),
    }
}

/// Reads it. What can be read makes a policy, and what cannot is told in words.
fn read(text: &str) -> Result<(), TestCaseError> {
    match Config::from_text(text) {
        Ok(config) => {
            let policy = Policy::from_config(&config);
            for doctype in ["Customer", "Sales Order", "", "name"] {
                for operation in Operation::ALL {
                    let _ = policy.permit(*operation, doctype).map(|permit| permit.within());
                    let _ = policy.validate_operation(*operation, doctype, &Map::new());
                }
            }
        }
        Err(errors) => prop_assert!(!errors.to_string().trim().is_empty()),
    }
    Ok(())
}

#[test]
fn any_json_is_read_as_a_configuration_or_refused_in_words() {
    let stated = prop_oneof![any_json(), any_configuration()];
    runner(2_000).run(&stated, |stated| read(&stated.to_string())).unwrap();
}

#[test]
fn a_configuration_with_anything_in_some_place_is_read_or_refused_in_words() {
    let mut shipped = shipped();
    // What they leave to the environment.
    shipped.iter_mut().for_each(|stated| {
        stated["erpnext"] = json!({"url": "http://localhost", "api_key": "k", "api_secret": "s"});
    });
    let by = prop_oneof![3 => any_json().prop_map(Some), 2 => any_configuration().prop_map(Some), 1 => Just(None)];
    let path = prop::collection::vec(any::<prop::sample::Index>(), 1..6);
    let changed = (select(shipped), prop::collection::vec((path, by), 1..4)).prop_map(|(mut stated, changes)| {
        changes.into_iter().for_each(|(path, by)| change(&mut stated, &path, by));
        stated
    });
    runner(1_500).run(&changed, |stated| read(&stated.to_string())).unwrap();
}

#[test]
fn a_configuration_with_changed_bytes_is_read_or_refused_in_words() {
    let shipped: Vec<String> = shipped().iter().map(|stated| serde_json::to_string_pretty(stated).unwrap()).collect();
    let cut = (any::<prop::sample::Index>(), 0_usize..20, prop::collection::vec(any::<u8>(), 0..6));
    let changed = (select(shipped), prop::collection::vec(cut, 1..4)).prop_map(|(text, cuts)| {
        let mut bytes = text.into_bytes();
        for (at, out, put) in cuts {
            let at = at.index(bytes.len());
            let end = bytes.len().min(at + out);
            bytes.splice(at..end, put);
        }
        bytes
    });
    let (folder, any_bytes) = (tempfile::tempdir().unwrap(), prop::collection::vec(any::<u8>(), 0..200));
    let file = folder.path().join("c.json");
    let read_bytes = |bytes: Vec<u8>| {
        std::fs::write(&file, &bytes).unwrap();
        let _ = Config::load_offline(Some(&file), &|_| None);
        read(&String::from_utf8_lossy(&bytes))
    };
    runner(1_500).run(&prop_oneof![3 => changed, 1 => any_bytes], read_bytes).unwrap();
}
