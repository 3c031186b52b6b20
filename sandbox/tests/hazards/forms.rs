//! What `getdoctype` does.

use std::collections::HashSet;

use erpnext_sandbox::Version;
use serde_json::{Value, json};

use crate::Desk;

const FORM: &str = "/api/method/frappe.desk.form.load.getdoctype";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h31_a_missing_doctype_is_404_for_administrator_and_403_for_others() {
    for desk in Desk::each().await {
        let ask = |key: &str, query: &str| desk.refused(key, "GET", &format!("{FORM}{query}"), &Value::Null).0;
        assert_eq!(ask("administrator", "?doctype=Nope"), 404);
        assert_eq!(ask("reader", "?doctype=Nope"), 403);
        assert_eq!(ask("administrator", ""), 500);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h34_with_parent_gives_another_doctype_than_was_asked_for() {
    for desk in Desk::each().await {
        let first =
            |more: &str| desk.get(&format!("{FORM}?doctype=Odd%20Thing%20Row{more}"))["docs"][0]["name"].clone();
        assert_eq!(first(""), "Odd Thing Row");
        for more in ["&with_parent=1", "&with_parent=0"] {
            assert_eq!(first(more), "Odd Thing");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h35_a_doctype_is_listed_and_cannot_be_read_on_15() {
    let desk = Desk::open(Version::V15).await;
    let broken = "Payment Gateway Account";
    assert_eq!(desk.rows("DocType", &json!({"filters": [["name", "=", broken]]})).len(), 1);
    let at = format!("{FORM}?doctype={}", crate::encode(broken));
    assert_eq!(desk.refused("administrator", "GET", &at, &Value::Null).0, 417);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h36_fieldnames_are_stated_twice_on_15() {
    let desk = Desk::open(Version::V15).await;
    let form = desk.get(&format!("{FORM}?doctype=Stock%20Settings"));
    let fields = form["docs"][0]["fields"].as_array().unwrap();
    let names: HashSet<&str> = fields.iter().map(|field| field["fieldname"].as_str().unwrap()).collect();
    assert_eq!((fields.len(), names.len()), (88, 77));
}
