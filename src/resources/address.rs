//! Addresses of resources: `erpnext://schema/{doctype}`, `erpnext://{doctype}/{name}`, `erpnext://report/{name}`, each
//! part percent-encoded, and the call that each stands for; and `erpnext://export/{file}`, as the tool that made it gave it.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::site::encode;

const SCHEME: &str = "erpnext://";
/// The longest address, in bytes: two names, and fields or filters.
const LONGEST: usize = 64 << 10;
const SCHEMA: &str = "schema";
/// What is wrong with an address of an export that is not whole.
const NO_EXPORT: &str = "is not that of an export as its tool gave it, with ?doctype= at its end";
const REPORT: &str = "report";
const EXPORT: &str = "export";
/// The tools whose files are read back: where neither may be called, nothing is.
pub const EXPORTERS: [&str; 2] = ["export_documents", "export_report"];

/// The call that reading an address is.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// The tool's name.
    pub tool: &'static str,
    /// Its arguments.
    pub arguments: Map<String, Value>,
}

/// The address of a DocType's fields.
pub fn of_schema(doctype: &str) -> String {
    format!("{SCHEME}{SCHEMA}/{}", encode(doctype))
}

/// The address of a document.
pub fn of_document(doctype: &str, name: &str) -> String {
    format!("{SCHEME}{}/{}", encode(doctype), encode(name))
}

/// The address of a report.
pub fn of_report(name: &str) -> String {
    format!("{SCHEME}{REPORT}/{}", encode(name))
}

/// Reads an address.
///
/// # Errors
/// What is wrong with it, and how it is written.
pub fn parse(uri: &str) -> Result<Reading, String> {
    if uri.len() > LONGEST {
        return Err(bad(uri, &format!("is cut here: it has {} bytes, and at most {LONGEST} are read", uri.len())));
    }
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let parts = path.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/'));
    let Some((kind, name)) = parts.filter(|(kind, name)| !kind.is_empty() && !name.is_empty()) else {
        return Err(bad(uri, "has not the two parts of one"));
    };
    if name.contains('/') {
        return Err(bad(uri, "has a third part; a slash within a name is written %2F"));
    }
    if path.contains('#') {
        return Err(bad(uri, "has a fragment; # within a name is written %23"));
    }
    let text = |part: &str| decoded(part).ok_or_else(|| bad(uri, "is not UTF-8 behind its percent signs"));
    let (kind, name) = (text(kind)?, text(name)?);
    if [&kind, &name].iter().any(|part| matches!(part.as_str(), "." | "..")) {
        return Err(bad(uri, "has a part '.' or '..', which names nothing"));
    }
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((text(key)?, text(value)?));
    }
    if kind == REPORT {
        let filters: Map<String, Value> = pairs.into_iter().map(|(key, value)| (key, filter(value))).collect();
        return Ok(Reading { tool: "run_report", arguments: object(json!({"name": name, "filters": filters})) });
    }
    if kind == EXPORT {
        let [(key, doctype)] = pairs.as_slice() else { return Err(bad(uri, NO_EXPORT)) };
        if key != "doctype" {
            return Err(bad(uri, NO_EXPORT));
        }
        return Ok(Reading { tool: EXPORTERS[0], arguments: object(json!({"name": name, "doctype": doctype})) });
    }
    let (tool, mut arguments) = match kind.as_str() {
        SCHEMA => ("get_doctype_schema", object(json!({ "doctype": name }))),
        _ => ("get_generic_document", object(json!({"doctype": kind, "name": name}))),
    };
    for (key, value) in pairs {
        if key != "fields" {
            return Err(bad(uri, &format!("asks for {key:?}: after the name comes nothing but ?fields=a,b")));
        }
        let fields: Vec<&str> = value.split(',').filter(|field| !field.is_empty()).collect();
        arguments.insert(key, json!(fields));
    }
    Ok(Reading { tool, arguments })
}

fn decoded(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned())
}

/// A report's filters are typed, and an address has texts only: what can be nothing but a whole number is one.
fn filter(text: String) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => json!(number),
        _ => json!(text),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn bad(uri: &str, why: &str) -> String {
    let shown: String = uri.chars().take(300).collect();
    format!(
        "{shown:?} {why}. An address is {SCHEME}{SCHEMA}/DOCTYPE, {SCHEME}DOCTYPE/NAME or {SCHEME}{REPORT}/NAME, with each \
         part percent-encoded ({}).",
        of_document("Sales Invoice", "ACC/0001")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn call(uri: &str) -> (&'static str, Value) {
        let reading = parse(uri).unwrap();
        (reading.tool, Value::Object(reading.arguments))
    }

    #[test]
    fn an_address_is_a_call_of_the_tool_that_gives_the_same() {
        for (uri, tool, arguments) in [
            ("erpnext://schema/Sales%20Invoice", "get_doctype_schema", json!({"doctype": "Sales Invoice"})),
            (
                "erpnext://schema/Item?fields=item_code,uom",
                "get_doctype_schema",
                json!({"doctype": "Item", "fields": ["item_code", "uom"]}),
            ),
            ("erpnext://Item/a%2Fb%20%25", "get_generic_document", json!({"doctype": "Item", "name": "a/b %"})),
            ("erpnext://Report/ToDo", "get_generic_document", json!({"doctype": "Report", "name": "ToDo"})),
            (
                "erpnext://export/0123.csv?doctype=Sales%20Order",
                "export_documents",
                json!({"name": "0123.csv", "doctype": "Sales Order"}),
            ),
            (
                "erpnext://report/General%20Ledger?company=A%20%26%20B&range=30,%2060&include=1&code=007",
                "run_report",
                json!({"name": "General Ledger",
                    "filters": {"company": "A & B", "range": "30, 60", "include": 1, "code": "007"}}),
            ),
        ] {
            assert_eq!(call(uri), (tool, arguments), "{uri}");
        }
    }

    #[test]
    fn an_address_that_is_too_long_is_not_taken_apart() {
        let name = |length: usize| "x".repeat(length - "erpnext://Item/".len());
        assert_eq!(call(&of_document("Item", &name(LONGEST))).0, "get_generic_document");
        let why = parse(&of_document("Item", &name(LONGEST + 1))).unwrap_err();
        assert!(why.contains("65537 bytes") && why.len() < 1_000, "{why}");
    }

    #[test]
    fn what_is_no_address_is_told_how_one_is_written() {
        for uri in [
            "",
            "erpnext://",
            "erpnext://Item",
            "erpnext://Item/",
            "erpnext:///x",
            "erpnext://Item/a/b",
            "erpnext://Item/../x",
            "erpnext://Item/..",
            "erpnext://Item/%2e%2E",
            "erpnext://../Item",
            "erpnext://schema/..",
            "erpnext://Item/x#y",
            "erpnext://Item/%ff",
            "erpnext://Item/x?doctype=User",
            "erpnext://export/0123.csv",
            "erpnext://export/0123.csv?name=x",
            "erpnext://export/0123.csv?doctype=Item&doctype=User",
            "erpnext://export/../x?doctype=Item",
            "http://Item/x",
            "file:///etc/passwd",
        ] {
            let why = parse(uri).unwrap_err();
            assert!(why.contains("erpnext://Sales%20Invoice/ACC%2F0001"), "{uri}: {why}");
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back_as_it_was(doctype in "\\PC{1,40}", name in "\\PC{1,40}") {
            prop_assume!(![".", "..", SCHEMA, REPORT, EXPORT].contains(&doctype.as_str()) && ![".", ".."].contains(&name.as_str()));
            let uri = of_document(&doctype, &name);
            prop_assert_eq!(call(&uri), ("get_generic_document", json!({"doctype": &doctype, "name": &name})));
            prop_assert_eq!(call(&of_schema(&name)), ("get_doctype_schema", json!({"doctype": &name})));
            prop_assert_eq!(call(&of_report(&name)), ("run_report", json!({"name": &name, "filters": {}})));
        }

        #[test]
        fn no_address_makes_a_call_with_a_part_that_leads_elsewhere(uri in "erpnext://[a./%2eF\\\\]{0,12}/[a./%2eF\\\\?#=]{0,12}") {
            if let Ok(reading) = parse(&uri) {
                for value in reading.arguments.values() {
                    prop_assert!(value != "." && value != "..");
                }
            }
        }
    }
}
