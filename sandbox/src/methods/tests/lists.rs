use serde_json::json;

use crate::methods::testing::{World, assert_recorded_keys};

#[test]
fn a_link_search_describes_what_it_finds_by_its_search_fields() {
    let world = World::new();
    let answer = world
        .ask("frappe.desk.search.search_link", json!({"doctype": "Customer", "txt": "customer 000", "page_length": 3}));
    assert_recorded_keys(&answer, "verbs", "search_link", "/message/0");
    let expected =
        json!({"value": "Bulk Customer 00000", "description": "Bulk Customer 00000, All Customer Groups, North"});
    assert_eq!(answer["message"][0], expected);
}

#[test]
fn who_may_not_read_the_doctype_may_not_search_it() {
    let world = World::new();
    let args = json!({"doctype": "Sales Invoice", "txt": "", "page_length": 3});
    let error = world.call("reader@example.com", "frappe.desk.search.search_link", args).unwrap_err();
    assert_eq!((error.exc.status, error.error_message.as_deref()), (403, Some("No permission for Sales Invoice")));
}

#[test]
fn the_first_value_that_filters_find_comes_as_an_object() {
    let world = World::new();
    let args =
        json!({"doctype": "Customer", "fieldname": "[\"name\", \"territory\"]", "filters": "Bulk Customer 00000"});
    let answer = world.ask("frappe.client.get_value", args);
    assert_eq!(answer, json!({"message": {"name": "Bulk Customer 00000", "territory": "North"}}));
}

#[test]
fn a_report_view_answers_keys_apart_from_values() {
    let world = World::new();
    let args = json!({"doctype": "Customer", "fields": ["`tabCustomer`.`name`", "`tabCustomer`.`territory`"], "start": 0, "page_length": 2});
    let answer = world.ask("frappe.desk.reportview.get", args);
    assert_recorded_keys(&answer, "lists", "reportview.get", "/message");
    assert_eq!(answer["message"]["keys"], json!(["name", "territory"]));
    assert_eq!(answer["message"]["values"], json!([["Bulk Customer 00000", "North"]]));
    let empty = world.ask("frappe.desk.reportview.get", json!({"doctype": "Supplier", "fields": ["name"]}));
    assert_eq!(empty, json!({"message": []}));
}
