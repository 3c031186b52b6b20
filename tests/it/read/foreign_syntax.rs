//! What is proposed instead of a wrong argument is what was meant, and can be sent as it stands.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::support::{Site, all, call, refusal};

const INVOICES: &str = "/api/resource/Sales%20Invoice";
const LIST: &str = "list_sales_invoice_documents";
const AGGREGATE: &str = "aggregate_documents";

async fn invoices() -> (Site, Connection) {
    let site = Site::start().await;
    site.data("GET", INVOICES, json!([])).await;
    let app = site.app(json!({"Sales Invoice": all()}));
    (site, app)
}

/// The proposal of a refusal, as JSON where it is some.
fn proposed(told: &str) -> Value {
    let Some((_, near)) = told.rsplit_once("did you mean ") else { return Value::Null };
    let near = near.split_once("?").unwrap().0;
    serde_json::from_str(near).unwrap_or_else(|_| json!(near))
}

#[on_every_version]
async fn a_filter_in_another_language_is_told_in_this_one() {
    let (_site, app) = invoices().await;
    let days = json!(["2026-01-01", "2026-06-01"]);
    for (field, wrong, right) in [
        ("posting_date", json!(["between", ["2026-06-01", "2026-01-01"]]), json!(["between", days])),
        ("posting_date", json!("> 2026-01-01"), json!([">", "2026-01-01"])),
        ("modified", json!(["between", ["2026-10-1", "2026-9-1"]]), json!(["between", ["2026-9-1", "2026-10-1"]])),
        ("customer_name", json!(["Tan", "Zod"]), json!(["in", ["Tan", "Zod"]])),
        ("customer_name", json!({"$regex": "x"}), json!(null)),
        ("grand_total", json!("> 1000"), json!([">", 1000])),
        ("grand_total", json!(["between", [9, 1]]), json!(["between", [1, 9]])),
        ("status", json!(["!=", ["Paid", "Draft"]]), json!(["not in", ["Paid", "Draft"]])),
        ("status", json!(["=", ["Paid", "Draft"]]), json!(["in", ["Paid", "Draft"]])),
        ("status", json!(["!=", "Piad"]), json!(["!=", "Paid"])),
        ("status", json!("Piad"), json!("Paid")),
        ("status", json!(["in", ["Paid", "Darft"]]), json!(["in", ["Paid", "Draft"]])),
        ("posting_date", json!(["between", ["1.1.2026", "1.6.2026"]]), json!(null)),
        ("posting_date", json!(["betwen", days]), json!(["between", days])),
        ("customer_name", json!(["lik", "N%"]), json!(["like", "N%"])),
        ("posting_date", json!(["in", ["last 30 days"]]), json!(["Timespan", "last 30 days"])),
        ("posting_date", json!("This Month"), json!(["Timespan", "this month"])),
        ("modified", json!(["in", ["2026-01-01"]]), json!("2026-01-01")),
        ("modified", json!(["!=", "2026-01-01"]), json!(null)),
        ("modified", json!(["in", ["2026-01-01", "2026-01-02"]]), json!(null)),
    ] {
        let told = refusal(&app, LIST, json!({"filters": {field: wrong}})).await;
        assert_eq!(proposed(&told), right, "{wrong}: {told}");
        if !right.is_null() {
            call(&app, LIST, json!({"filters": {field: right}})).await.unwrap();
        }
    }
    let modified = json!({"modified": ["between", ["2026-06-01 10:00:00", "2026-06-01"]]});
    call(&app, LIST, json!({"filters": modified})).await.unwrap();
}

#[on_every_version]
async fn filters_of_another_shape_are_told_in_one_that_is_taken() {
    let (_site, app) = invoices().await;
    let wrong = json!({"posting_date": {">=": "2026-01-01", "<": "2026-06-01"}});
    let right = json!([["posting_date", ">=", "2026-01-01"], ["posting_date", "<", "2026-06-01"]]);
    let told = refusal(&app, LIST, json!({"filters": wrong})).await;
    assert_eq!(proposed(&told), right, "{wrong}: {told}");
    call(&app, LIST, json!({"filters": right})).await.unwrap();
}

/// What is sent must not be the opposite, or a part, of what was meant.
#[on_every_version]
async fn filters_that_may_mean_something_else_are_refused() {
    let (_site, app) = invoices().await;
    for wrong in [
        json!({"po_no": {"exists": 0}}),
        json!({"po_no": {"exists": "false"}}),
        json!({"grand_total": {"operator": ">", "value": 5, "max": 9}}),
    ] {
        let told = refusal(&app, LIST, json!({"filters": wrong})).await;
        assert!(told.contains("filters"), "{wrong}: {told}");
    }
}

#[on_every_version]
async fn filters_that_can_mean_one_thing_are_taken() {
    let days = ["2026-01-01", "2026-06-01"];
    for (given, sent) in [
        (json!([{"status": "Overdue"}]), json!([["status", "=", "Overdue"]])),
        (
            json!([{"status": "Paid"}, {"due_date": "2026-01-01"}]),
            json!([["status", "=", "Paid"], ["due_date", "=", "2026-01-01"]]),
        ),
        (json!([{"field": "grand_total", "operator": "gt", "value": 5}]), json!([["grand_total", ">", 5]])),
        (json!({"grand_total": [">", "1000"]}), json!([["grand_total", ">", 1000]])),
        (json!({"is_return": "true", "docstatus": "1"}), json!([["is_return", "=", 1], ["docstatus", "=", 1]])),
        (json!({"status": ["in", "[\"Paid\", \"Draft\"]"]}), json!([["status", "in", ["Paid", "Draft"]]])),
        (json!({"status": ["in", "Paid, draft"]}), json!([["status", "in", ["Paid", "Draft"]]])),
        (json!({"status": "unpaid"}), json!([["status", "=", "Unpaid"]])),
        (json!({"docstatus": "Draft"}), json!([["docstatus", "=", 0]])),
        (json!({"docstatus": "cancelled"}), json!([["docstatus", "=", 2]])),
        (json!({"posting_date": ["between", days[0], days[1]]}), json!([["posting_date", "between", days]])),
        (json!({"posting_date": {">=": days[0], "<=": days[1]}}), json!([["posting_date", "between", days]])),
        (json!({"posting_date": {"from": days[0], "to": days[1]}}), json!([["posting_date", "between", days]])),
        (json!(["posting_date", "between", days[0], days[1]]), json!([["posting_date", "between", days]])),
        (json!({"customer_name": ["contains", "bicy"]}), json!([["customer_name", "like", "%bicy%"]])),
        (json!(["customer_name", "contains", "bicy"]), json!([["customer_name", "like", "%bicy%"]])),
        (json!({"customer_name": ["startswith", "Tan"]}), json!([["customer_name", "like", "Tan%"]])),
        (json!({"customer_name": ["ends_with", "Ltd"]}), json!([["customer_name", "like", "%Ltd"]])),
        (json!({"customer_name": ["in", "A", "B", "C"]}), json!([["customer_name", "in", ["A", "B", "C"]]])),
        (json!({"grand_total": {"gte": 5}}), json!([["grand_total", ">=", 5]])),
        (json!({"grand_total": {"$gte": 5}}), json!([["grand_total", ">=", 5]])),
        (json!({"grand_total": ["gte", 5]}), json!([["grand_total", ">=", 5]])),
        (json!({"po_no": ["is not", null]}), json!([["po_no", "is", "set"]])),
        (json!({"po_no": ["is", "null"]}), json!([["po_no", "is", "not set"]])),
        (json!({"po_no": {"exists": false}}), json!([["po_no", "is", "not set"]])),
        // What is looked for stands for itself.
        (json!({"po_no": ["contains", "A_1%"]}), json!([["po_no", "like", "%A\\_1\\%%"]])),
        (
            json!([["Sales Invoice Item", "item_code", "=", "A"]]),
            json!([["Sales Invoice Item", "item_code", "=", "A"]]),
        ),
    ] {
        let (site, app) = invoices().await;
        call(&app, LIST, json!({"filters": given}))
            .await
            .unwrap_or_else(|error| panic!("{given}: {}", error.for_model()));
        assert_eq!(site.sent().await[0].1["filters"], sent, "{given}");
    }
    let (site, app) = invoices().await;
    call(&app, LIST, json!({"or_filters": [{"status": "Paid"}, {"po_no": "x"}]})).await.unwrap();
    assert_eq!(site.sent().await[0].1["or_filters"], json!([["status", "=", "Paid"], ["po_no", "=", "x"]]));
    let both = json!({"or_filters": [{"status": "Paid", "po_no": "x"}, {"po_no": "y"}]});
    assert!(refusal(&app, LIST, both).await.contains("cannot be one of several choices"));
}

#[on_every_version]
async fn an_order_by_a_label_or_with_a_sign_names_the_field() {
    let (_site, app) = invoices().await;
    for (wrong, right) in [
        ("Payment Due Date", "due_date asc"),
        ("Payment Due Date desc", "due_date desc"),
        ("-posting_date", "posting_date desc"),
        ("grand_total descending", "grand_total desc"),
        ("Quite Another", ""),
    ] {
        let told = refusal(&app, LIST, json!({"order_by": wrong})).await;
        assert_eq!(proposed(&told).as_str().unwrap_or_default(), right, "{told}");
    }
}

#[on_every_version]
async fn a_field_given_by_its_label_is_named_unless_it_is_withheld() {
    let (_site, app) = invoices().await;
    let label = "customers_purchase_order";
    for (tool, arguments, right) in [
        (LIST, json!({"fields": [label]}), "po_no"),
        (LIST, json!({"filters": {label: "x"}}), "po_no"),
        (LIST, json!({"order_by": label}), "po_no"),
        (LIST, json!({"filters": {"items.quantity": 1}}), "items.qty"),
        ("get_sales_invoice_document", json!({"name": "x", "fields": [label]}), "po_no"),
        ("get_sales_invoice_document", json!({"name": "x", "fields": ["items.quantity"]}), "qty"),
        ("get_doctype_schema", json!({"doctype": "Sales Invoice", "fields": [label]}), "po_no"),
        (AGGREGATE, json!({"doctype": "Sales Invoice", "group_by": [label]}), "po_no"),
        ("create_sales_invoice_document", json!({"data": {label: "x", "customer": "c", "items": [{}]}}), "po_no"),
    ] {
        let told = refusal(&app, tool, arguments.clone()).await;
        assert!(told.contains(&format!("did you mean {right}?")), "{tool} {arguments}: {told}");
    }
    let label = "Customer's Purchase Order";
    let site = Site::start().await;
    let withheld = ["po_no", "items.qty"];
    let app = site.app(json!({"Sales Invoice": {"read": true, "restricted_fields": withheld}}));
    for (tool, arguments) in [
        (LIST, json!({"fields": [label], "filters": {"items.Quantity": 1}})),
        ("get_sales_invoice_document", json!({"name": "x", "fields": [label, "items.Quantity", "items.qtyy"]})),
        ("get_doctype_schema", json!({"doctype": "Sales Invoice", "fields": [label]})),
    ] {
        let told = refusal(&app, tool, arguments).await;
        assert!(!told.contains("po_no") && !told.contains("mean items.qty?") && !told.contains("mean qty?"), "{told}");
    }
}

#[on_every_version]
async fn a_field_of_another_doctype_or_of_rows_is_told_where_to_get_it() {
    let (_site, app) = invoices().await;
    let link = "customer is no table of Sales Invoice but a link: list or get the Customer";
    let closed = "Customer: not available by this server's configuration";
    let own = json!({"doctype": "Sales Invoice"});
    for (tool, arguments, wanted) in [
        (LIST, json!({"fields": ["customer.territory"]}), closed),
        (LIST, json!({"filters": {"customer.territory": "x"}}), closed),
        (LIST, json!({"order_by": "customer.territory"}), link),
        ("get_sales_invoice_document", json!({"name": "x", "fields": ["customer.territory"]}), link),
        (LIST, json!({"order_by": "items.item_code"}), "has this only in its rows: filter by it"),
        (LIST, json!({"filters": {"item": "x"}}), "did you mean items.item_code?"),
        (LIST, json!({"fields": ["rate"]}), "did you mean items.rate?"),
        (LIST, json!({"order_by": "rate"}), "only its rows have items.rate, and documents are not ordered by rows"),
        (AGGREGATE, json!({"measures": ["sum(rate)"]}), "did you mean items.rate?"),
        (AGGREGATE, json!({"measures": ["sum(amount)"]}), "did you mean grand_total?"),
        (AGGREGATE, json!({"measures": ["sum(outstanding)"]}), "did you mean outstanding_amount?"),
        (LIST, json!({"fields": ["nothing.x"]}), "nothing is no table of Sales Invoice"),
        (LIST, json!({"order_by": "_assign"}), "is allocated_to of the open ToDo"),
        (LIST, json!({"fields": ["sum(grand_total)"]}), "aggregate_documents takes measures such as sum(grand_total)"),
        (AGGREGATE, json!({"order_by": "items.qty"}), "groups are sorted by one of"),
        (AGGREGATE, json!({"group_by": ["month(posting_date)"]}), "did you mean posting_date:month?"),
        (AGGREGATE, json!({"group_by": ["month"]}), "did you mean posting_date:month?"),
        (AGGREGATE, json!({"group_by": ["sum(grand_total)"]}), "computing goes into measures"),
        (AGGREGATE, json!({"measures": ["grand_total"]}), "did you mean sum(grand_total)?"),
        (AGGREGATE, json!({"measures": ["average(grand_total)"]}), "did you mean avg(grand_total)?"),
        (AGGREGATE, json!({"measures": ["sum(grand_total) as total"]}), "did you mean sum(grand_total)?"),
    ] {
        let mut given = if tool == AGGREGATE { own.clone() } else { json!({}) };
        given.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        let told = refusal(&app, tool, given).await;
        assert!(told.contains(wanted), "{tool} {arguments}: {told}");
    }
}

#[on_every_version]
async fn who_says_amount_means_what_the_document_comes_to() {
    let site = Site::start().await;
    for (doctype, total) in [
        ("Sales Invoice", "grand_total"),
        ("Sales Order", "grand_total"),
        ("Purchase Invoice", "grand_total"),
        ("Payment Entry", "paid_amount"),
        ("Journal Entry", "total_debit"),
    ] {
        let app = site.app(json!({doctype: all()}));
        for word in ["amount", "value", "sum"] {
            for argument in ["order_by", "filters", "fields"] {
                let given = match argument {
                    "order_by" => json!(format!("{word} desc")),
                    "filters" => json!({word: [">", 100]}),
                    _ => json!([word]),
                };
                let told = refusal(&app, "list_generic_documents", json!({"doctype": doctype, argument: given})).await;
                assert!(told.contains(&format!("did you mean {total}?")), "{doctype} {argument} {word}: {told}");
            }
        }
    }
}

#[on_every_version]
async fn a_party_that_only_links_name_is_told_with_them() {
    let site = Site::start().await;
    let app = site.app(json!({"Address": all(), "Contact": all(), "Quotation": all()}));
    let text = refusal(&app, "list_quotation_documents", json!({"filters": {"customer": "x"}})).await;
    let party = r#"no such field in Quotation; filter by {"quotation_to": "Customer", "party_name": …}"#;
    assert!(text.contains(party), "{text}");
    let text = refusal(&app, "list_contact_documents", json!({"filters": {"customer": "x"}})).await;
    assert!(text.contains("no such field in Contact; filter by links.link_name"), "{text}");
    let data = json!({"address_title": "x", "address_line1": "y", "city": "z", "country": "Ireland", "customer": "x"});
    let text = refusal(&app, "create_address_document", json!({"data": data, "dry_run": true})).await;
    let links = r#"its links name it: {"links": [{"link_doctype": "Customer", "link_name": …}]}"#;
    assert!(text.contains(links), "{text}");
    let data = json!({"first_name": "x", "email_ids": "ann@example.com", "phone_nos": ["0171"]});
    let text = refusal(&app, "create_contact_document", json!({"data": data, "dry_run": true})).await;
    for near in [r#"did you mean [{"email_id":"ann@example.com"}]?"#, r#"did you mean {"phone":"0171"}?"#] {
        assert!(text.contains(near), "{text}");
    }
}

#[on_every_version]
async fn an_argument_under_another_name_is_named_and_fields_go_into_data() {
    let site = Site::start().await;
    let app = site.app(json!({"Customer": all(), "Sales Invoice": all()}));
    for (tool, wrong, value, right) in [
        (LIST, "offset", json!(5), "did you mean cursor?"),
        (LIST, "start", json!(5), "did you mean cursor?"),
        ("create_customer_document", "customer_name", json!("x"), r#"goes into data: {"data": {"customer_name": …}}"#),
    ] {
        let mut given = json!({});
        given[wrong] = value;
        let told = refusal(&app, tool, given).await;
        assert!(told.contains(right), "{tool} {wrong}: {told}");
    }
}

#[on_every_version]
async fn a_field_that_people_call_as_a_span_of_time_is_grouped_by() {
    let (_site, app) = crate::sandbox::site(json!({"default": all()})).await;
    let asked = json!({"doctype": "Dashboard Chart", "measures": ["count"], "group_by": ["Year"]});
    let told = call(&app, AGGREGATE, asked).await.unwrap();
    assert!(told["groups"].is_array(), "{told}");
}
