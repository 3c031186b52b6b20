//! Trees: what stands below a node and above it, and what the documents come to that link there.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, site};
use crate::support::{call, refusal};

const TREE: &str = "get_tree";

fn names(answer: &Value) -> Vec<&str> {
    let nodes = answer["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    nodes.iter().map(|node| node["name"].as_str().unwrap()).collect()
}

fn node<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let found = answer["nodes"].as_array().unwrap().iter().find(|node| node["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {answer}"))
}

#[on_every_version]
async fn a_node_comes_to_its_own_and_all_below_it() {
    let desk = Desk::open().await;
    desk.create("Territory", json!({"territory_name": "Harbour", "parent_territory": "North"})).await;
    desk.create("Territory", json!({"territory_name": "Quay", "parent_territory": "Harbour"})).await;
    let customer = desk.some("Customer", json!({"territory": "North"}), 1).await.remove(0);
    let changed = json!({"doctype": "Customer", "name": customer, "data": {"territory": "Quay"}});
    desk.call("update_generic_document", changed).await;
    let count = async |filters: Value| {
        let asked = json!({"doctype": "Customer", "filters": filters});
        desk.call("aggregate_documents", asked).await["groups"][0]["count"].clone()
    };
    let everybody = count(json!({"territory": ["is", "set"]})).await;
    let north = count(json!({"territory": "North"})).await.as_i64().unwrap();

    let measure = json!({"doctype": "Customer"});
    let top = desk.call(TREE, json!({"doctype": "Territory", "measure": measure})).await;
    assert_eq!((names(&top), &top["shown"]), (vec!["All Territories"], &json!("all 1")), "{top}");
    assert!(top["note"].as_str().unwrap().contains("raise depth"), "{top}");
    assert_eq!(top["measured"], "count of Customer by territory");
    assert_eq!(node(&top, "All Territories")["sums"][0]["total"], everybody, "{top}");

    let asked = json!({"doctype": "Territory", "node": "All Territories", "depth": 3, "measure": measure});
    let all = desk.call(TREE, asked).await;
    let found = names(&all);
    let at = |name: &str| found.iter().position(|found| *found == name).unwrap();
    assert_eq!((at("Harbour"), at("Quay")), (at("North") + 1, at("North") + 2), "{found:?}");
    assert_eq!(node(&all, "North")["sums"], json!([{"own": north, "total": north + 1}]), "{all}");
    assert_eq!(node(&all, "Harbour")["sums"], json!([{"own": 0, "total": 1}]), "{all}");
    assert_eq!((&node(&all, "Quay")["level"], &node(&all, "Quay")["parent_territory"]), (&json!(3), &json!("Harbour")));
    assert_eq!(all["node"]["name"], "All Territories");
    assert!(!all["note"].to_string().contains("raise depth"), "nothing stands below these: {all}");
    let two = desk.call(TREE, json!({"doctype": "Territory", "node": "All Territories", "depth": 2})).await;
    assert!(names(&two).contains(&"Harbour") && !names(&two).contains(&"Quay"), "{two}");

    let above = desk.call(TREE, json!({"doctype": "Territory", "node": "Quay", "direction": "ancestors"})).await;
    assert_eq!(names(&above), ["Harbour", "North", "All Territories"], "{above}");
    let first =
        desk.call(TREE, json!({"doctype": "Territory", "node": "All Territories", "depth": 3, "limit": 2})).await;
    assert_eq!(first["shown"], format!("2 of {}", found.len()), "{first}");
    assert!(first["note"].as_str().unwrap().contains("raise limit"), "{first}");
}

#[on_every_version]
async fn amounts_are_summed_up_the_tree_and_kept_apart_by_company() {
    let desk = Desk::open().await;
    let filters = json!({"docstatus": 1});
    let measures = ["sum(base_grand_total)"];
    let asked = json!({"doctype": "Sales Invoice", "measures": measures, "filters": filters});
    let all = desk.call("aggregate_documents", asked).await["groups"][0].clone();
    let measure = json!({"doctype": "Sales Invoice", "field": "base_grand_total", "filters": filters});
    let tree = desk.call(TREE, json!({"doctype": "Territory", "measure": measure})).await;
    let sums = &node(&tree, "All Territories")["sums"][0];
    let total = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{tree} {all}"));
    assert!((total(&sums["total"]) - total(&all["sum(base_grand_total)"])).abs() < 1e-6, "{tree} {all}");
    assert_eq!((&sums["company"], &sums["own"]), (&json!(COMPANY), &json!(0)), "{tree}");
    assert!(!tree.to_string().contains("drafts"), "{tree}");
    let with_drafts = json!({"doctype": "Sales Invoice", "field": "base_grand_total"});
    let with_drafts = desk.call(TREE, json!({"doctype": "Territory", "measure": with_drafts})).await;
    assert!(
        with_drafts["note"].as_str().unwrap().contains("drafts and cancelled documents count too"),
        "{with_drafts}"
    );

    // Rows link into trees too.
    let measure = json!({"doctype": "Sales Invoice", "link": "items.cost_center", "field": "items.base_amount"});
    let tree = desk.call(TREE, json!({"doctype": "Cost Center", "depth": 2, "measure": measure})).await;
    let main = tree["nodes"].as_array().unwrap().iter().find(|node| node["name"].as_str().unwrap().starts_with("Main"));
    assert!(main.unwrap()["sums"][0]["own"].as_f64().unwrap() > 0.0, "{tree}");
    assert!(tree["note"].as_str().unwrap().contains("computed over"), "{tree}");
}

#[on_every_version]
async fn what_links_by_its_rows_is_counted_by_its_rows() {
    let desk = Desk::open().await;
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 500).await;
    let (mut one_of_each, mut groups) = (Vec::new(), Vec::new());
    for item in items {
        if one_of_each.len() == 2 {
            break;
        }
        let group = desk.get("Item", &item).await["item_group"].as_str().unwrap().to_owned();
        if !groups.contains(&group) {
            one_of_each.push(json!({"item_code": item, "qty": 1, "rate": 5}));
            groups.push(group);
        }
    }
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let data = json!({"customer": customer, "company": COMPANY, "due_date": "2026-12-31", "items": one_of_each});
    let invoice = desk.create("Sales Invoice", data).await;
    let measure = json!({"doctype": "Sales Invoice", "link": "items.item_group", "filters": {"name": invoice}});
    let tree = desk.call(TREE, json!({"doctype": "Item Group", "measure": measure})).await;
    assert_eq!(tree["measured"], "count(items) of Sales Invoice by items.item_group");
    assert_eq!(node(&tree, "All Item Groups")["sums"][0]["total"].as_f64(), Some(2.0), "{tree}");
}

#[on_every_version]
async fn a_wrong_question_about_a_tree_names_what_is_wrong() {
    let desk = Desk::open().await;
    let measured = |measure: Value| json!({"doctype": "Territory", "measure": measure});
    for (arguments, wanted) in [
        (json!({"doctype": "Customer"}), "form no tree"),
        (json!({"doctype": "Territory", "node": "Nowhere"}), "no Territory named"),
        (json!({"doctype": "Territory", "direction": "down"}), "children"),
        (json!({"doctype": "Territory", "territory": "North"}), "territory: no such argument"),
        (measured(json!({"doctype": "Customer", "of": "x"})), "unknown field `of`"),
        (measured(json!({"doctype": "Customer", "link": "customer_group"})), "does not link to Territory"),
        (measured(json!({"doctype": "Customer", "link": "teritory"})), "did you mean territory?"),
        (measured(json!({"doctype": "Sales Invoice", "field": "grand_totl"})), "measure.field"),
        (measured(json!({"doctype": "Customer", "filters": {"disabledd": 1}})), "measure.filters"),
        (measured(json!({"doctype": "Warehouse"})), "no field of Warehouse"),
    ] {
        let text = desk.refusal(TREE, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
}

#[on_every_version]
async fn a_tree_tells_nothing_of_what_may_not_be_seen() {
    let seen = json!({"read": true, "conditions": {"read": {"name": {"ne": "South"}}}});
    let rules = json!({"doctypes": {"Territory": seen, "Customer": {"read": true}}});
    let (_site, app) = site(rules).await;
    let asked = json!({"doctype": "Territory", "node": "All Territories", "measure": {"doctype": "Customer"}});
    let tree = call(&app, TREE, asked.clone()).await.unwrap();
    assert!(names(&tree).contains(&"North") && !tree.to_string().contains("South"), "{tree}");
    assert!(tree["note"].as_str().unwrap().contains("may not see"), "{tree}");
    let below: i64 =
        tree["nodes"].as_array().unwrap().iter().filter_map(|node| node["sums"][0]["total"].as_i64()).sum();
    assert_eq!(tree["node"]["sums"][0]["total"], below, "what hangs on a node that is not seen is in no sum: {tree}");
    // Nor by a field that is withheld, neither of the tree nor of what is summed.
    for (rules, wanted) in [
        (json!({"Territory": {"read": true, "restricted_fields": ["parent_territory"]}}), "parent_territory"),
        (
            json!({"Territory": {"read": true}, "Customer": {"read": true, "restricted_fields": ["territory"]}}),
            "no field of Customer that may be read",
        ),
        (json!({"Territory": {"read": true}}), "not available by this server's configuration"),
    ] {
        let (_site, app) = site(json!({"doctypes": rules})).await;
        let text = refusal(&app, TREE, asked.clone()).await;
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}
