#![allow(clippy::unwrap_used)]

use erpnext_schema::Version;
use erpnext_schema::snapshot::DocType;

use super::*;
use crate::merge;

fn doctype(name: &str, module: &str, fields: &[(&str, &str, &str)]) -> DocType {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, kind, options)| serde_json::json!({"fieldname": name, "fieldtype": kind, "options": options}))
        .collect();
    let text = serde_json::json!({"name": name, "module": module, "fields": fields}).to_string();
    DocType::from_snapshot(&text).unwrap()
}

fn lowered(doctypes: &[DocType], choices: &str) -> (Ir, Vec<String>) {
    let mut errors = Vec::new();
    let merged = merge::merge(&[(Version::V15, doctypes.to_vec())]);
    let ir = lower(merged, &toml::from_str(choices).unwrap(), &mut errors);
    (ir, errors)
}

#[test]
fn h40_odd_names_get_rust_names() {
    let names = ["type", "self", "2nd_line", "_private", "__proto__", "ünï", "then", "constructor"];
    let fields = names.map(|name| (name, "Data", ""));
    let (ir, errors) = lowered(&[doctype("Odd Thing", "Core", &fields)], "");
    assert_eq!(errors, Vec::<String>::new());
    let idents: Vec<&str> = ir.items[0].fields[7..].iter().map(|member| member.ident.as_str()).collect();
    assert_eq!(idents, ["r#type", "self_", "_2nd_line", "_private", "__proto__", "ünï", "then", "constructor"]);
}

#[test]
fn collisions_are_all_named_and_mended_by_renames() {
    let doctypes = [
        doctype("Web Form", "Website", &[("a_b", "Data", ""), ("_a_b", "Data", ""), ("extra", "Data", "")]),
        doctype("Web Form Field", "Website", &[("state", "Select", "Open\nShut")]),
        doctype("Web Form Field State", "Website", &[]),
    ];
    let (_, errors) = lowered(&doctypes, "");
    let places: Vec<&str> = errors.iter().filter_map(|error| error.split(": ").next()).collect();
    assert_eq!(places, ["Web Form._a_b", "Web Form.extra", "Web Form Field", "Web Form Field.state"], "{errors:?}");
    // Each error ends with the line that mends it.
    let lines: BTreeSet<&str> =
        errors.iter().filter_map(|error| error.split_once("codegen.toml: ")).map(|e| e.1).collect();
    let lines: Vec<&str> = lines.into_iter().collect();
    let (ir, errors) = lowered(&doctypes, &format!("[rename]\n{}\n", lines.join("\n")));
    assert_eq!(errors, Vec::<String>::new(), "{lines:?}");
    assert_eq!((ir.items[1].type_name.as_str(), ir.items[1].def.name), ("WebFormFieldDocument", "Web Form Field"));
    assert_eq!(ir.items[1].table, "WEB_FORM_FIELD_DOCUMENT");
}

#[test]
fn names_of_the_prelude_are_not_taken() {
    let (_, errors) = lowered(&[doctype("Value", "Core", &[]), doctype("Reqd", "Core", &[])], "");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].starts_with("Reqd's table: REQD is taken") && errors[1].starts_with("Value: Value is taken"),
        "{errors:?}"
    );
}

#[test]
fn a_rename_or_module_that_matches_nothing_is_an_error() {
    let choices = "[rename]\n\"Custmer\" = \"X\"\n\"Customer.nme\" = \"y\"\n[structs]\ndefault = [\"Seling\"]\n";
    let (_, errors) = lowered(&[doctype("Customer", "Selling", &[])], choices);
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[0].starts_with("Custmer: ") && errors[0].ends_with("did you mean Customer?"), "{errors:?}");
}

#[test]
fn h38_types_follow_the_kinds() {
    let fields = [
        ("state", "Select", "\nOpen\nTo Bill"),
        ("size", "Select", "1-10\n11-50"),
        ("count", "Select", "\n1\n2"),
        ("blood", "Select", "A+\nA-"),
        ("late", "Select", ""),
        ("place", "Link", "Territory"),
        ("nowhere", "Link", ""),
        ("unloaded", "Link", "Gone"),
        ("party", "Dynamic Link", "place"),
        ("guest", "Dynamic Link", "late"),
        ("stray", "Dynamic Link", "no_such_field"),
        ("on", "Check", ""),
        ("share", "Percent", ""),
        ("shape", "Geolocation", ""),
        ("key", "Password", ""),
        ("rows", "Table", "Row"),
        ("lost", "Table", "Gone"),
    ];
    let (ir, errors) = lowered(&[doctype("Row", "Core", &[]), doctype("Thing", "Core", &fields)], "");
    assert_eq!(errors, Vec::<String>::new());
    let types: Vec<&str> = ir.items[1].fields[7..].iter().map(|member| member.ty.as_str()).collect();
    let expected = [
        "Select<ThingState>",
        "Option<String>",
        "Option<String>",
        "Option<String>",
        "Option<String>",
        "Link<target::Territory>",
        "Option<String>",
        "Link<target::Gone>",
        "Option<String>",
        "Option<String>",
        "Option<String>",
        "Option<bool>",
        "Option<f64>",
        "Option<Value>",
        "Option<Secret>",
        "Vec<crate::Row>",
        "Vec<Extra>",
    ];
    assert_eq!(types, expected);
    assert!(ir.targets.contains(&("Territory".to_owned(), "Territory".to_owned())));
}

#[test]
fn a_child_is_there_wherever_its_rows_are() {
    let doctypes = [
        doctype("Customer", "Selling", &[("team", "Table", "Team")]),
        doctype("Invoice", "Accounts", &[("teams", "Table", "Team"), ("lines", "Table", "Line")]),
        doctype("Line", "Stock", &[]),
        doctype("Member", "Setup", &[("again", "Table", "Member")]),
        doctype("Team", "Setup", &[("members", "Table", "Member")]),
    ];
    let (ir, _) = lowered(&doctypes, "");
    let features: Vec<String> =
        ir.items.iter().map(|item| item.features.iter().cloned().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(features, ["selling", "accounts", "accounts stock", "accounts selling setup", "accounts selling setup"]);
}
