//! The site's metadata as facts.

#![allow(clippy::unwrap_used, missing_docs)]

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{doctype_flag, flag};
use serde_json::{Value, json};

fn read(meta: &Value) -> DocType {
    DocType::from_site(meta, false).unwrap()
}

#[test]
fn h37_flags_are_numbers_and_numbers_are_texts() {
    let meta = json!({
        "name": "Thing", "module": "Desk", "is_submittable": 1, "istable": 0, "issingle": null, "track_changes": "",
        "fields": [
            {"fieldname": "rate", "fieldtype": "Float", "reqd": 1, "hidden": 0, "precision": "3", "default": "0.5", "permlevel": 1},
            {"fieldname": "plain", "fieldtype": "Data", "reqd": 0, "precision": "", "default": "", "length": 0, "label": null},
            {"fieldname": "own", "fieldtype": "Check", "is_custom_field": 1, "default": "0"},
            {"fieldname": "bare", "fieldtype": "Int"},
        ],
    });
    let thing = read(&meta);
    let def = thing.to_def();
    assert_eq!(def.flags, doctype_flag::SUBMITTABLE);
    let field = |name: &str| def.field(name).unwrap();
    let rate = field("rate");
    assert_eq!((rate.flags, rate.precision, rate.default, rate.permlevel), (flag::REQD, Some(3), Some("0.5"), 1));
    let plain = field("plain");
    assert_eq!((plain.flags, plain.precision, plain.default, plain.length, plain.label), (0, None, None, 0, ""));
    assert_eq!(field("own").flags, flag::CUSTOM);
    assert_eq!(field("bare").flags, 0);
    // And what is kept of it is read as the same.
    assert_eq!(DocType::from_snapshot(&thing.to_snapshot()).unwrap(), thing);
}
