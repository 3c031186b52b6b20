//! What version 16 refuses or answers otherwise than 15, each by its hazard's number.

use erpnext_sandbox::Version::{self, V15, V16};
use serde_json::{Value, json};

use crate::Desk;

/// What Administrator's list is answered with: the status, and the name of the error.
fn listed(desk: &Desk, doctype: &str, arguments: &Value) -> (u16, String) {
    let (status, body) = desk.list("administrator", doctype, arguments);
    (status, body["exc_type"].as_str().unwrap_or_default().to_owned())
}

fn error(status: u16, name: &str) -> (u16, String) {
    (status, name.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h54_a_bare_column_in_backticks_orders_and_groups_on_15_alone_and_one_with_its_table_on_both() {
    let table = "`tabSales Order`.`customer`";
    for desk in Desk::each().await {
        let refused = if desk.version == V15 { error(200, "") } else { error(417, "ValidationError") };
        for key in ["order_by", "group_by"] {
            let ask = |text: &str| listed(&desk, "Sales Order", &json!({"fields": ["customer"], key: text}));
            assert_eq!(ask("`customer`"), refused, "{key}");
            assert_eq!((ask(table), ask("customer")), (error(200, ""), error(200, "")), "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h55_a_function_is_text_on_15_and_an_object_on_16() {
    let text = json!({"fields": ["customer", "count(name) as n"], "group_by": "customer"});
    let object = json!({"fields": ["customer", {"COUNT": "name", "as": "n"}], "group_by": "customer"});
    let [old, new] = Desk::each().await;
    assert_eq!(listed(&old, "Sales Order", &object), error(500, "TypeError"));
    assert_eq!(listed(&new, "Sales Order", &text), error(417, "ValidationError"));
    let sum = |rows: Vec<Value>| rows.iter().filter_map(|row| row["n"].as_i64()).sum::<i64>();
    assert_eq!(sum(old.rows("Sales Order", &text)), sum(new.rows("Sales Order", &object)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h56_and_h57_a_tree_alone_is_refused_by_16_and_below_a_leaf_15_finds_what_is_not_set() {
    let alone = json!({"filters": [["territory", "descendants of", "All Territories"]]});
    let leaf = |set: bool| {
        let mut filters = json!([["territory", "descendants of", "North"], ["name", "is", "set"]]);
        if set {
            filters[1][0] = json!("territory");
        }
        json!({ "filters": filters })
    };
    for desk in Desk::each().await {
        let old = desk.version == V15;
        assert_eq!(listed(&desk, "Customer", &alone), if old { error(200, "") } else { error(417, "ValidationError") });
        assert!(
            !desk
                .rows("Customer", &json!({"filters": {"territory": ["descendants of", "All Territories"]}}))
                .is_empty()
        );
        let nowhere = json!({"customer_name": "Nowhere", "customer_type": "Company", "territory": null});
        desk.post("/api/resource/Customer", &nowhere);
        desk.put("/api/resource/Customer/Nowhere", &json!({ "territory": null }));
        assert_eq!(desk.rows("Customer", &leaf(false)).len(), usize::from(old));
        assert_eq!(desk.rows("Customer", &leaf(true)).len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_and_h59_a_level_or_a_name_that_is_none_is_403_in_filters_and_orders_of_16() {
    let desk = Desk::open(V16).await;
    for arguments in [
        json!({"filters": [["custom_secret_score", ">", 0]]}),
        json!({"or_filters": [["custom_secret_score", ">", 0]]}),
        json!({"order_by": "custom_secret_score desc"}),
        json!({"fields": ["customer_group", {"SUM": "custom_secret_score", "as": "s"}], "group_by": "customer_group"}),
        json!({"order_by": "no_such_field"}),
    ] {
        let (status, body) = desk.list("reader", "Customer", &arguments);
        assert_eq!((status, &body["exc_type"]), (403, &json!("PermissionError")), "{arguments}");
    }
    let dropped = desk.list("reader", "Customer", &json!({"fields": ["custom_secret_score"], "limit": "1"}));
    assert_eq!(dropped.0, 200, "columns are dropped as on 15: {}", dropped.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h10_h11_and_h60_links_are_checked_names_drawn_and_methods_gone_on_16() {
    let [old, new] = Desk::each().await;
    let ghost = json!({"description": "x", "assigned_by": "ghost@nowhere.test"});
    old.post("/api/resource/ToDo", &ghost);
    assert_eq!(new.refused("administrator", "POST", "/api/resource/ToDo", &ghost), error(417, "LinkValidationError"));
    let mine = json!({"name": "mine", "description": "x"});
    assert_eq!(old.post("/api/resource/ToDo", &mine)["name"], "mine");
    assert_ne!(new.post("/api/resource/ToDo", &mine)["name"], "mine");
    let link = json!({"doctype": "Customer", "docname": "Umber Gallery"});
    let at = "/api/method/frappe.client.validate_link";
    assert_eq!(old.done("administrator", "POST", at, &link)["name"], "Umber Gallery");
    assert_eq!(new.refused("administrator", "POST", at, &link), error(417, "ValidationError"));
    let value = json!({"doctype": "Customer", "fieldname": ["name"], "filters": {"name": "Umber Gallery"}});
    for desk in [old, new] {
        let found = desk.done("administrator", "POST", "/api/method/frappe.client.get_value", &value);
        assert_eq!(found["name"], "Umber Gallery");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h16_h17_h20_h23_and_h70_lengths_names_rows_and_counts() {
    let [old, new] = Desk::each().await;
    let skipped = json!({"limit_page_length": "0", "limit_start": "2"});
    assert_eq!(listed(&old, "Territory", &skipped), error(200, ""));
    assert_eq!(listed(&new, "Territory", &skipped), error(500, "ProgrammingError"));
    let negative = json!({"limit_page_length": "-1"});
    assert_eq!(listed(&old, "Territory", &negative), error(500, "ProgrammingError"));
    assert_eq!(listed(&new, "Territory", &negative), error(500, "TypeError"));
    assert_eq!(listed(&new, "Odd Thing", &json!({"order_by": "order"})), error(200, ""));
    assert_eq!(listed(&old, "Sales Order Item", &json!({})), error(403, "PermissionError"));
    assert_eq!(listed(&new, "Sales Order Item", &json!({})), error(200, ""));
    let invoices = json!({"doctype": "Sales Invoice"});
    let count = "/api/method/frappe.client.get_count";
    old.done("reader", "POST", count, &invoices);
    assert_eq!(new.refused("reader", "POST", count, &invoices), error(403, "PermissionError"));
    let deleted = json!({"doctype": "Deleted Document"});
    let count = "/api/method/frappe.desk.reportview.get_count";
    assert_eq!(old.refused("administrator", "POST", count, &deleted), error(417, "DataError"), "H70");
    new.done("administrator", "POST", count, &deleted);
    let distinct = json!({"doctype": "Deleted Document", "distinct": "true"});
    for desk in [old, new] {
        desk.done("administrator", "POST", count, &distinct);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h73_what_has_no_date_comes_first_and_is_before_every_date() {
    for desk in Desk::each().await {
        for task in [json!({"subject": "dated", "review_date": "2001-02-03"}), json!({"subject": "undated"})] {
            desk.post("/api/resource/Task", &task);
        }
        let tasks = |more: Value| {
            let mut asked = json!({"fields": ["subject", "review_date"], "limit_page_length": "1000"});
            asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            desk.rows("Task", &asked)
        };
        let dated = json!({"subject": "dated", "review_date": "2001-02-03"});
        let ordered = tasks(json!({"order_by": "`tabTask`.`review_date` asc"}));
        assert!(ordered.len() > 1 && ordered[0]["review_date"].is_null(), "{}", desk.version);
        assert_eq!(ordered.last(), Some(&dated), "{}", desk.version);
        let before = tasks(json!({"filters": [["review_date", "<", "1990-01-01"]]}));
        assert!(before.contains(&json!({"subject": "undated", "review_date": null})), "{}: {before:?}", desk.version);
        assert!(!before.contains(&dated), "{}", desk.version);
        let set = tasks(json!({"filters": [["review_date", "<", "2010-01-01"], ["review_date", "is", "set"]]}));
        assert_eq!(set, [dated], "{}", desk.version);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h19_rows_are_filtered_by_their_doctype_on_both_and_by_their_table_on_16_alone() {
    let [old, new] = Desk::each().await;
    let table = json!({"filters": [["items.qty", ">", 0]]});
    assert_eq!(listed(&old, "Sales Order", &table), error(500, "OperationalError"));
    assert_eq!(listed(&new, "Sales Order", &table), error(200, ""));
    let by_doctype = json!({
        "filters": [["Sales Order Item", "qty", ">", 0]], "group_by": "`tabSales Order`.`name`",
        "order_by": "`tabSales Order`.`name` asc", "limit_page_length": "1000",
    });
    assert_eq!(old.rows("Sales Order", &by_doctype).len(), new.rows("Sales Order", &by_doctype).len());
    let bare = json!({"filters": [["Sales Order Item", "qty", ">", 0]], "order_by": "modified desc"});
    assert_eq!(listed(&old, "Sales Order", &bare), error(500, "OperationalError"), "the column is in both tables");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h40_a_name_in_another_script_is_no_column_of_16() {
    let [old, new] = Desk::each().await;
    for arguments in [json!({"fields": ["ünï"]}), json!({"fields": ["*"]})] {
        assert_eq!(listed(&old, "Odd Thing", &arguments), error(200, ""));
        assert_eq!(listed(&new, "Odd Thing", &arguments), error(403, "PermissionError"));
    }
    let order = json!({"order_by": "`tabOdd Thing`.`ünï` asc"});
    assert_eq!(listed(&old, "Odd Thing", &order), error(417, "ValidationError"));
    assert_eq!(listed(&new, "Odd Thing", &order), error(200, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h61_an_item_is_asked_for_by_args_or_by_ctx_and_both_serve_both() {
    let at = "/api/method/erpnext.stock.get_item_details.get_item_details";
    let item = json!({"item_code": "SEA-SOFA-2", "company": "Alderway Furniture", "doctype": "Sales Order"});
    for desk in Desk::each().await {
        let wrong = if desk.version == V15 { "ctx" } else { "args" };
        let refused = desk.refused("administrator", "POST", at, &json!({ wrong: item }));
        assert_eq!(refused, error(500, "TypeError"));
        let both = desk.done("administrator", "POST", at, &json!({ "args": item, "ctx": item }));
        assert_eq!(both["item_code"], "SEA-SOFA-2");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h84_a_mask_is_read_listed_and_written_over_what_is_stored_on_16() {
    let at = "/api/resource/Customer/Umber%20Gallery";
    for desk in Desk::each().await {
        let masked = desk.version == V16;
        desk.put(at, &json!({"custom_iban": "IE29 0000 1234"}));
        let told = desk.done("other", "GET", at, &Value::Null)["custom_iban"].clone();
        assert_eq!(told, if masked { json!("XXXXXXXX") } else { json!("IE29 0000 1234") });
        let found = json!({"fields": ["custom_iban"], "filters": [["custom_iban", "=", "IE29 0000 1234"]]});
        assert_eq!(
            desk.list("other", "Customer", &found).1["data"],
            json!([{ "custom_iban": told }]),
            "a filter tells"
        );
        let form = "/api/method/frappe.desk.form.load.getdoctype?doctype=Customer";
        let form = desk.ask("other", "GET", form, &Value::Null).1;
        assert_eq!(form["docs"][0].get("masked_fields"), masked.then(|| json!(["custom_iban"])).as_ref());
        desk.done("other", "PUT", at, &json!({"website": "https://umber.example"}));
        assert_eq!(desk.get(at)["custom_iban"], told, "what another field's change leaves");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h65_refusals_of_16_carry_the_way_to_log_in_and_tell_guests_nothing() {
    for desk in Desk::each().await {
        let refused = desk.guest("GET", "/api/resource/Customer");
        let new = desk.version >= Version::V16;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.header("www-authenticate").is_some(), new);
        assert_eq!(refused.header("cache-control").is_some(), new);
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(body.get("exception").is_none(), new, "{body}");
    }
}
