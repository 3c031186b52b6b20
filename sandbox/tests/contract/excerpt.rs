//! That the excerpt in the repository is one: of each exchange the request, the status, the kind of error and the shape of the
//! body are the recorded ones. Words and some values are our own.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::recordings::{self, SUITES};

/// Parts of an error that the excerpt has not.
const LEFT_OUT: &[&str] = &["exc", "_exc_source", "_debug_messages"];

/// Fails where the excerpt says something else.
pub fn compare(excerpt: &Path, all: &Path) {
    let recorded: HashMap<_, _> =
        recordings::read(all, &SUITES[0]).into_iter().map(|one| (one.id.clone(), one)).collect();
    let ours = recordings::read(excerpt, &SUITES[0]);
    assert!(ours.len() > 50, "{} exchanges", ours.len());
    for own in &ours {
        let theirs = recorded.get(&own.id).unwrap_or_else(|| panic!("{} is not recorded", own.id));
        assert_eq!((&own.method, &own.target, &own.sent), (&theirs.method, &theirs.target, &theirs.sent), "{}", own.id);
        assert_eq!((own.status, &own.content_type), (theirs.status, &theirs.content_type), "{}", own.id);
        assert_eq!(own.body.get("exc_type"), theirs.body.get("exc_type"), "{}", own.id);
        same_shape(&own.id, &own.body, &theirs.body);
    }
    let text = std::fs::read_to_string(excerpt.join("shapes.json")).unwrap();
    let shapes: HashMap<String, Value> = serde_json::from_str(&text).unwrap();
    for (id, shape) in &shapes {
        let theirs = recorded.get(id).unwrap_or_else(|| panic!("{id} is not recorded"));
        let body = theirs.body.as_str().map_or_else(|| theirs.body.clone(), |text| serde_json::from_str(text).unwrap());
        same_shape(id, shape, &body);
    }
}

/// The same keys and types; of a list the first rows.
fn same_shape(at: &str, own: &Value, theirs: &Value) {
    match (own, theirs) {
        (Value::Object(own), Value::Object(theirs)) => {
            let left_out = |key: &&String| LEFT_OUT.contains(&key.as_str());
            let keys = |of: &serde_json::Map<String, Value>| {
                let mut keys: Vec<_> = of.keys().filter(|key| !left_out(key)).cloned().collect();
                keys.sort();
                keys
            };
            assert_eq!(keys(own), keys(theirs), "{at}");
            for (key, own) in own {
                same_shape(&format!("{at}.{key}"), own, &theirs[key]);
            }
        }
        (Value::Array(own), Value::Array(theirs)) => {
            assert!(own.len() <= theirs.len(), "{at}");
            for (number, (own, theirs)) in own.iter().zip(theirs).enumerate() {
                same_shape(&format!("{at}.{number}"), own, theirs);
            }
        }
        (own, theirs) => {
            assert_eq!(std::mem::discriminant(own), std::mem::discriminant(theirs), "{at}: {own} of {theirs}");
        }
    }
}
