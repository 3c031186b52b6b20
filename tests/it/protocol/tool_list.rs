//! `tools/list` as it goes over the wire: whole for some DocTypes, a line per tool for all of them. Reviewed by reading
//! the snapshots' diffs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::stdio::Server;
use crate::support::{all, config_json, every_doctype};

/// The DocTypes whose tools are kept whole: transactions, masters, a Single, a tree.
const DOCTYPES: [&str; 12] = [
    "Customer",
    "Item",
    "Journal Entry",
    "Lead",
    "Payment Entry",
    "Purchase Invoice",
    "Sales Invoice",
    "Sales Order",
    "Stock Entry",
    "System Settings",
    "Territory",
    "ToDo",
];
const SITE: &str = "about_the_site";
const GENERIC: &str = "generic";
const OWN: &str = "own";
const INDEX: &str = "index";

fn snapshot_name(doctype: &str) -> String {
    doctype.to_lowercase().replace(' ', "_")
}

/// Every permitted tool, whole.
async fn tools(permissions: Value) -> Vec<Value> {
    let mut config = config_json("http://127.0.0.1:9", permissions);
    config["methods"] = json!({"my_app.api.credit_check": {"description": "Whether a customer may buy on credit."}});
    config["tools"] = json!({"mode": "full"});
    Server::initialized(&config).await.tools().await
}

#[tokio::test]
async fn the_tools_of_some_doctypes_are_as_reviewed() {
    let doctypes: Map<_, _> = DOCTYPES.iter().map(|doctype| ((*doctype).to_owned(), all())).collect();
    let tools = tools(json!({"doctypes": doctypes, "reports": ["*"]})).await;
    let mut seen = 0;
    for doctype in DOCTYPES {
        let names = crate::support::table(doctype).unwrap().tools.iter().map(|tool| tool.name);
        let entries: Vec<_> = names.map(|name| tools.iter().find(|tool| tool["name"] == name).unwrap()).collect();
        seen += entries.len();
        insta::assert_snapshot!(snapshot_name(doctype), readable(&json!(entries)));
    }
    let (site, rest) = tools[..tools.len() - seen].split_at(7);
    let generic = rest.iter().position(|tool| tool["name"] == "get_generic_document").unwrap();
    insta::assert_snapshot!(GENERIC, readable(&json!(rest[generic..])));
    insta::assert_snapshot!(OWN, readable(&json!(rest[..generic])));
    insta::assert_snapshot!(SITE, readable(&json!(site)));
}

#[tokio::test]
async fn the_index_of_all_tools_is_as_reviewed() {
    let tools = tools(json!({"doctypes": every_doctype(), "reports": ["*"]})).await;
    let mut index = String::new();
    for tool in &tools {
        let what = if tool["annotations"]["readOnlyHint"] == true { "read-only" } else { "writes" };
        let bytes = tool.to_string().len();
        writeln!(index, "{}  {what}  {bytes}", tool["name"].as_str().unwrap()).unwrap();
    }
    insta::assert_snapshot!(INDEX, index);
}

#[test]
fn every_snapshot_on_disk_belongs_to_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/protocol/snapshots");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = DOCTYPES.map(snapshot_name).into_iter().chain([SITE, OWN, GENERIC, INDEX].map(str::to_owned));
    let lists = names.map(|name| format!("it__protocol__tool_list__{name}.snap"));
    let budgets = ["all", "analyst", "sales"].map(|name| format!("it__protocol__budget__list_{name}.snap"));
    let asserted: BTreeSet<String> = lists.chain(budgets).collect();
    // What a failed test proposes ends in .snap.new.
    assert_eq!(files.filter(|name| name.ends_with(".snap")).collect::<BTreeSet<_>>(), asserted);
}

/// JSON with everything short on one line, so that a field is a line.
fn readable(value: &Value) -> String {
    let mut text = String::new();
    write_readable(&mut text, value, 0);
    text
}

fn write_readable(text: &mut String, value: &Value, depth: usize) {
    const WIDE: usize = 140;
    let compact = value.to_string();
    let (open, close, entries): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Object(map) if compact.len() > WIDE => {
            ("{", "}", map.iter().map(|(key, value)| (Some(key), value)).collect())
        }
        Value::Array(list) if compact.len() > WIDE && !list.iter().all(Value::is_string) => {
            ("[", "]", list.iter().map(|value| (None, value)).collect())
        }
        _ => return text.push_str(&compact),
    };
    text.push_str(open);
    for (i, (key, value)) in entries.iter().enumerate() {
        text.push_str(if i == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(depth + 1));
        if let Some(key) = key {
            text.push_str(&format!("{}: ", json!(key)));
        }
        write_readable(text, value, depth + 1);
    }
    text.push_str(&format!("\n{}{close}", " ".repeat(depth)));
}
