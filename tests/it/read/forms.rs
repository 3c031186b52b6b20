//! Requests in the form that both versions of ERPNext take: wiremock, as the exact request counts.

use erpnext_mcp::app::Connection;
use erpnext_schema::Version;
use serde_json::{Map, Value, json};

use crate::support::{Site, all, app_of, call, config_json, refusal};

const ORDERS: &str = "/api/resource/Sales%20Order";
const COUNT: &str = "/api/method/frappe.desk.reportview.get_count";
const LIST: &str = "list_sales_order_documents";

/// What is sent for a list of orders, and the answer to it.
async fn list(arguments: Value) -> (Value, Value) {
    let site = Site::start().await;
    site.data("GET", ORDERS, json!([{"name": "SO-1"}])).await;
    let app = site.app(json!({"Sales Order": all()}));
    let answer = call(&app, LIST, arguments).await.unwrap();
    let mut sent = site.sent().await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    (sent.remove(0).1, answer)
}

#[on_every_version]
async fn a_filter_on_rows_names_their_doctype_and_gives_each_document_once() {
    let by_item = json!(["Sales Order Item", "item_code", "=", "A"]);
    let (query, _) = list(json!({"filters": {"items.item_code": "A"}})).await;
    assert_eq!(query["filters"], json!([by_item]));
    assert_eq!(query["group_by"], "`tabSales Order`.`name`");
    assert_eq!(query["order_by"], "`tabSales Order`.`modified` desc, `tabSales Order`.`name` asc");
    let (query, _) = list(json!({"or_filters": {"items.item_code": "A", "status": "Draft"}})).await;
    assert_eq!(query["or_filters"], json!([by_item, ["status", "=", "Draft"]]));
    assert_eq!(query["group_by"], "`tabSales Order`.`name`");
}

#[on_every_version]
async fn documents_are_counted_once_each() {
    for filters in [json!({"items.item_code": "A"}), json!({"status": "Draft"}), json!({})] {
        let site = Site::start().await;
        site.data("GET", ORDERS, json!([])).await;
        site.answer("POST", COUNT, 200, json!({"message": 3})).await;
        let app = site.app(json!({"Sales Order": all()}));
        call(&app, LIST, json!({"filters": filters, "count": true})).await.unwrap();
        let sent = site.sent().await;
        let (_, form) = sent.iter().find(|(line, _)| line.ends_with("get_count")).unwrap();
        assert_eq!(form["distinct"], true, "{form}");
    }
}

#[on_every_version]
async fn what_lies_before_a_date_has_a_date_unless_the_empty_ones_are_asked_for() {
    let set = json!(["po_date", "is", "set"]);
    for operator in ["<", "<="] {
        let before = json!(["po_date", operator, "2026-01-01"]);
        let (query, answer) = list(json!({"filters": [before]})).await;
        assert_eq!(query["filters"], json!([before, set]));
        let note = format!("documents without po_date are left out: \"{operator} or empty\" takes them too");
        assert_eq!(answer["note"], note);
        for words in ["or empty", "OR  Empty"] {
            let asked = json!([format!("{operator} {words}"), "2026-01-01"]);
            for filters in [json!([["po_date", asked[0], asked[1]]]), json!({"po_date": asked})] {
                let (query, answer) = list(json!({"filters": filters})).await;
                assert_eq!(query["filters"], json!([before]));
                assert_eq!(answer["note"], "documents without po_date count too");
            }
        }
    }
    // A date after another is a date, and a mandatory one is always there.
    let (query, answer) = list(json!({"filters": {"po_date": [">", "2026-01-01"]}})).await;
    assert_eq!((&query["filters"], &answer["note"]), (&json!([["po_date", ">", "2026-01-01"]]), &Value::Null));
    let (_, answer) = list(json!({"filters": {"transaction_date": ["<", "2026-01-01"]}})).await;
    assert_eq!(answer["note"], Value::Null);
}

#[on_every_version]
async fn a_date_before_another_is_a_choice_only_with_the_empty_ones() {
    let site = Site::start().await;
    site.answer_anywhere("GET", json!({})).await;
    let app = site.app(json!({"Sales Order": all()}));
    let choices = json!([["po_date", "<", "2026-01-01"], ["status", "=", "Draft"]]);
    let text = refusal(&app, LIST, json!({"or_filters": choices})).await;
    assert!(text.contains(r#"did you mean ["po_date","< or empty","2026-01-01"]?"#), "{text}");
    let (query, _) =
        list(json!({"or_filters": [["po_date", "< or empty", "2026-01-01"], ["status", "=", "Draft"]]})).await;
    assert_eq!(query["or_filters"], json!([["po_date", "<", "2026-01-01"], ["status", "=", "Draft"]]));
}

#[on_every_version]
async fn between_on_anything_but_dates_is_two_filters() {
    let (query, _) = list(json!({"filters": {"grand_total": ["between", [10, 20]]}})).await;
    assert_eq!(query["filters"], json!([["grand_total", ">=", 10], ["grand_total", "<=", 20]]));
    let days = json!(["transaction_date", "between", ["2026-01-01", "2026-01-31"]]);
    assert_eq!(list(json!({"filters": [days]})).await.0["filters"], json!([days]));
}

/// A site of version 16 that masks two fields of orders, and a column of their rows, for this user.
async fn masking() -> (Site, Connection) {
    let site = Site::start().await;
    let masked = json!([
        {"name": "Sales Order", "masked_fields": ["status", "po_no"]},
        {"name": "Sales Order Item", "masked_fields": ["rate"]},
        {"name": "Sales Taxes and Charges", "masked_fields": []},
    ]);
    site.metadata(masked).await;
    let rows = json!([{"name": "r-1", "qty": 1.0, "rate": 0.0}]);
    let order = json!({"name": "SO-1", "docstatus": 0, "customer": "A", "po_no": "XXXXXXXX", "items": rows});
    site.data("GET", &format!("{ORDERS}/SO-1"), order).await;
    site.data("GET", ORDERS, json!([{"name": "SO-1", "customer": "A"}])).await;
    let app = site.app_on(Version::V16, json!({"Sales Order": all()}));
    (site, app)
}

#[on_every_version]
async fn masked_fields_are_withheld_and_nothing_is_found_or_sorted_by_them() {
    let (site, app) = masking().await;
    let listed = call(&app, LIST, json!({})).await.unwrap();
    assert_eq!(listed["withheld"], json!(["status", "po_no"]));
    let sent = site.sent().await;
    let (_, query) = sent.iter().find(|(line, _)| line.ends_with(ORDERS)).unwrap();
    assert!(!query["fields"].as_array().unwrap().contains(&json!("status")), "{query}");
    for asked in [
        json!({"filters": {"po_no": "X"}}),
        json!({"or_filters": {"po_no": "X"}}),
        json!({"filters": {"items.rate": [">", 5]}}),
        json!({"order_by": "po_no"}),
        json!({"fields": ["po_no"]}),
    ] {
        let text = refusal(&app, LIST, asked.clone()).await;
        assert!(text.contains("the site hides it from this user"), "{asked}: {text}");
    }
    for asked in [json!({"group_by": ["po_no"]}), json!({"filters": {"status": "Draft"}})] {
        let mut asked = asked;
        asked["doctype"] = json!("Sales Order");
        let text = refusal(&app, "aggregate_documents", asked.clone()).await;
        assert!(text.contains("the site hides it from this user"), "{asked}: {text}");
    }
    let got = call(&app, "get_sales_order_document", json!({"name": "SO-1"})).await.unwrap();
    assert_eq!(got["withheld"].as_array().unwrap()[..2], [json!("status"), json!("po_no")]);
    assert_eq!((&got["document"]["po_no"], &got["document"]["items"][0]["rate"]), (&Value::Null, &Value::Null));
    let asked = site.lines().await.iter().filter(|line| line.contains("getdoctype")).count();
    assert_eq!(asked, 1, "what is masked is asked once");
}

#[on_every_version]
async fn a_user_who_sees_masks_changes_no_document() {
    for (tool, arguments) in [
        ("update_sales_order_document", json!({"name": "SO-1", "data": {"customer": "B"}})),
        ("submit_sales_order_document", json!({"name": "SO-1", "confirm": true})),
        ("cancel_sales_order_document", json!({"name": "SO-1", "confirm": true})),
        ("apply_workflow_action", json!({"doctype": "Sales Order", "name": "SO-1", "action": "Approve"})),
    ] {
        let (site, app) = masking().await;
        let text = refusal(&app, tool, arguments).await;
        assert!(text.contains("would store the masks over the values; nothing was sent"), "{tool}: {text}");
        assert!(text.contains("po_no of Sales Order") && text.contains("rate of Sales Order Item"), "{tool}: {text}");
        assert_eq!(site.writes().await, Vec::<String>::new());
    }
}

#[on_every_version]
async fn a_virtual_doctype_is_listed_by_the_desk() {
    let site = Site::start().await;
    let page = json!({"message": {"keys": ["name", "status", "queue"], "values": [["j-1", "finished", "default"]]}});
    site.answer("POST", "/api/method/frappe.desk.reportview.get", 200, page).await;
    let app = site.app(json!({"RQ Job": {"read": true}}));
    let asked = json!({"doctype": "RQ Job", "fields": ["status"]});
    let listed = call(&app, "list_generic_documents", asked.clone()).await.unwrap();
    assert_eq!(listed["documents"], json!([{"name": "j-1", "status": "finished"}]));
    assert!(listed.get("note").is_none(), "{listed}");
    let one = json!({"doctype": "RQ Job", "fields": ["status"], "limit": 1});
    let listed = call(&app, "list_generic_documents", one).await.unwrap();
    assert!(listed["note"].as_str().unwrap_or_default().contains("no next page: raise limit"), "{listed}");
    let mut filtered = asked;
    filtered["filters"] = json!({"status": "failed"});
    let text = refusal(&app, "list_generic_documents", filtered).await;
    assert!(text.contains("filters: RQ Job is a virtual DocType, whose list takes none"), "{text}");
}

#[on_every_version]
async fn a_column_that_the_site_does_not_have_is_no_fault_of_the_caller() {
    let site = Site::start().await;
    let refused = json!({"exc_type": "DataError", "_server_messages":
        json!([json!({"message": "Field not permitted in query: status"}).to_string()]).to_string()});
    site.answer_once("GET", ORDERS, 417, refused).await;
    site.data("GET", ORDERS, json!([{"name": "SO-1"}])).await;
    let field = |name: &str| json!({"fieldname": name, "fieldtype": "Data", "in_list_view": 1, "label": name});
    let fields = json!([field("customer"), field("po_no")]);
    site.metadata(json!([{"name": "Sales Order", "doctype": "DocType", "module": "Selling", "fields": fields}])).await;
    let app = site.app(json!({"Sales Order": all()}));
    let listed = call(&app, LIST, json!({})).await.unwrap();
    assert_eq!(listed["documents"], json!([{"name": "SO-1"}]));
    let sent = site.sent().await;
    assert_eq!(sent.last().unwrap().1["fields"], json!(["name", "customer", "po_no", "modified"]));
}

#[on_every_version]
async fn a_column_that_the_metadata_has_and_the_database_has_not_is_left_out_where_nobody_named_it() {
    let refused = json!({"exc_type": "DataError", "_server_messages":
        json!([json!({"message": "Field not permitted in query: status"}).to_string()]).to_string()});
    let field = |name: &str| json!({"fieldname": name, "fieldtype": "Data", "in_list_view": 1, "label": name});
    let fields = json!([field("customer"), field("status")]);
    let metadata = json!([{"name": "Sales Order", "doctype": "DocType", "module": "Selling", "fields": fields}]);
    let site = Site::start().await;
    site.answer_once("GET", ORDERS, 417, refused.clone()).await;
    site.answer_once("GET", ORDERS, 417, refused.clone()).await;
    site.data("GET", ORDERS, json!([{"name": "SO-1", "customer": null}])).await;
    site.metadata(metadata.clone()).await;
    let app = site.app(json!({"Sales Order": all()}));
    let (listed, _) = app.call(app.registry().find(LIST).unwrap(), Map::new(), None).await.unwrap();
    // That it is empty is said of no column that was not asked for.
    assert_eq!((&listed["columns"], &listed["rows"]), (&json!(["name", "customer"]), &json!([["SO-1", null]])));
    let sent = site.sent().await;
    assert_eq!(sent.last().unwrap().1["fields"], json!(["name", "customer", "modified"]));

    // Without one of the caller's choices others would be found than were asked for.
    let site = Site::start().await;
    site.answer_once("GET", ORDERS, 417, refused.clone()).await;
    site.answer_once("GET", ORDERS, 417, refused.clone()).await;
    site.data("GET", ORDERS, json!([{"name": "SO-1"}])).await;
    site.metadata(metadata.clone()).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, LIST, json!({"or_filters": {"status": "Draft", "customer": "A"}})).await;
    assert!(text.contains("fields: status"), "{text}");

    let site = Site::start().await;
    site.answer("GET", ORDERS, 417, refused).await;
    site.metadata(metadata).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, LIST, json!({"fields": ["status"]})).await;
    assert!(text.contains("fields: status"), "who names it is told: {text}");
}

#[on_every_version]
async fn an_order_by_a_column_that_is_gone_is_read_again_by_the_sites_metadata() {
    let unknown = "pymysql.err.OperationalError: (1054, \"Unknown column 'tabSales Order.po_no' in 'ORDER BY'\")";
    let field = json!({"fieldname": "customer", "fieldtype": "Data", "in_list_view": 1, "label": "Customer"});
    let site = Site::start().await;
    site.answer("GET", ORDERS, 500, json!({"exc_type": "OperationalError", "exception": unknown})).await;
    site.metadata(json!([{"name": "Sales Order", "doctype": "DocType", "module": "Selling", "fields": [field]}])).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, LIST, json!({"order_by": "po_no desc"})).await;
    assert!(text.contains("order_by: po_no: no such field in Sales Order"), "{text}");
}

#[on_every_version]
async fn a_refused_field_is_told_apart_from_a_missing_right() {
    let refused = |message: &str| {
        json!({"exc_type": "PermissionError", "_server_messages":
            json!([json!({"message": message}).to_string()]).to_string()})
    };
    for (message, told) in [
        ("No access to field: <strong>Sales Order.po_no</strong>", "fields: po_no"),
        ("Insufficient Permission for <strong>Sales Order</strong>", "this user needs the right"),
        ("User <strong>ann@example.com</strong> may not", "this user needs the right"),
    ] {
        let site = Site::start().await;
        site.answer("GET", ORDERS, 403, refused(message)).await;
        let app = site.app(json!({"Sales Order": all()}));
        let text = refusal(&app, LIST, json!({"filters": {"po_no": "X"}})).await;
        assert!(text.contains(told), "{message}: {text}");
        assert_eq!(text.contains("above permission level 0"), told.starts_with("fields"), "{text}");
    }
}

#[on_every_version]
async fn a_form_that_the_site_does_not_take_is_never_told_as_advice() {
    let words = json!([json!({"message": "Order By has invalid backtick notation"}).to_string()]).to_string();
    let refused = json!({"exc_type": "ValidationError", "_server_messages": words});
    let of_a_method = |method: &str| format!("/api/method/{method}");
    let order = json!({"doctype": "Sales Order", "name": "SO-1"});
    for (verb, at, tool, arguments) in [
        ("GET", ORDERS.to_owned(), LIST, json!({})),
        (
            "POST",
            of_a_method("frappe.desk.search.search_link"),
            "search_customer_documents",
            json!({"search_term": "x"}),
        ),
        ("POST", of_a_method("frappe.desk.reportview.get"), "list_generic_documents", json!({"doctype": "RQ Job"})),
        ("POST", of_a_method("frappe.client.get_list"), "list_reports", json!({})),
        ("POST", of_a_method("frappe.desk.form.load.get_docinfo"), "get_document_history", order),
    ] {
        let site = Site::start().await;
        site.data("GET", &format!("{ORDERS}/SO-1"), json!({"name": "SO-1"})).await;
        site.answer(verb, &at, 417, refused.clone()).await;
        let doctypes = json!({"Sales Order": all(), "Customer": all(), "RQ Job": {"read": true}});
        let app = app_of(&config_json(&site.url(), json!({"reports": ["*"], "doctypes": doctypes})));
        let text = refusal(&app, tool, arguments).await;
        assert!(text.contains("report this as a bug of this server") && !text.contains("backtick"), "{tool}: {text}");
    }
    // What the caller gave is the site's to judge, in its own words.
    let site = Site::start().await;
    site.answer("POST", "/api/resource/Note", 417, refused).await;
    let app = site.app(json!({"Note": {"read": true, "create": true}}));
    let note = json!({"doctype": "Note", "data": {"title": "A", "content": "x"}});
    let text = refusal(&app, "create_generic_document", note).await;
    assert!(text.contains("The site refused this") && !text.contains("report this as a bug"), "{text}");
}

#[on_every_version]
async fn rows_of_a_ledger_show_their_docstatus() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/GL%20Entry", json!([{"name": "g-1", "docstatus": 1}])).await;
    site.data("GET", "/api/resource/GL%20Entry/g-1", json!({"name": "g-1", "docstatus": 1})).await;
    let app = site.app(json!({"GL Entry": {"read": true}}));
    let listed = call(&app, "list_generic_documents", json!({"doctype": "GL Entry"})).await.unwrap();
    assert_eq!(listed["documents"][0]["docstatus"], 1, "{listed}");
    let got = call(&app, "get_generic_document", json!({"doctype": "GL Entry", "name": "g-1"})).await.unwrap();
    assert_eq!(got["document"]["docstatus"], 1, "{got}");
}

#[on_every_version]
async fn what_could_not_be_looked_at_for_links_is_named() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/Customer/A", json!({"name": "A"})).await;
    site.data("GET", "/api/resource/Quotation", json!([{"name": "Q-1"}])).await;
    site.answer("GET", ORDERS, 500, json!({"exc_type": "OperationalError"})).await;
    let app = site.app(json!({"Customer": {"read": true}, "Sales Order": {"read": true}}));
    let linked = call(&app, "get_linked_documents", json!({"doctype": "Customer", "name": "A"})).await.unwrap();
    assert_eq!(linked["not_looked_at"][0]["doctypes"][0], "Sales Order", "{linked}");
    assert!(linked["not_looked_at"][0]["why"].as_str().unwrap().contains("OperationalError"), "{linked}");
}

#[on_every_version]
async fn a_task_without_words_leaves_them_to_the_site() {
    let site = Site::start().await;
    site.data("GET", &format!("{ORDERS}/SO-1"), json!({"name": "SO-1"})).await;
    site.method("frappe.desk.form.assign_to.add", json!([{"owner": "ann@example.com", "name": "t-1"}])).await;
    let app = site.app(json!({"Sales Order": all()}));
    let asked = json!({"doctype": "Sales Order", "name": "SO-1", "user": "ann@example.com"});
    call(&app, "assign_document", asked).await.unwrap();
    let sent = site.sent().await;
    let (_, body) = sent.iter().find(|(line, _)| line.ends_with("assign_to.add")).unwrap();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["doctype", "name", "assign_to"]);
}

/// An order that its user may submit, on a site that does not let the user read Workflows.
async fn without_right_on_workflows(workflows: Value) -> (Site, Connection) {
    let site = Site::start().await;
    site.data("GET", &format!("{ORDERS}/SO-1"), json!({"name": "SO-1", "docstatus": 0, "modified": "2026-01-01"}))
        .await;
    let refused = json!({"exc_type": "PermissionError", "_error_message": "No permission for Workflow"});
    site.answer("POST", "/api/method/frappe.model.workflow.get_transitions", 403, refused).await;
    site.metadata(json!([{"name": "Sales Order", "__workflow_docs": workflows}])).await;
    site.method("frappe.client.submit", json!({"name": "SO-1", "docstatus": 1})).await;
    let app = site.app(json!({"Sales Order": all()}));
    (site, app)
}

#[on_every_version]
async fn whoever_may_not_read_workflows_submits_where_there_is_none() {
    let submit = json!({"name": "SO-1", "confirm": true});
    let (site, app) = without_right_on_workflows(json!([])).await;
    call(&app, "submit_sales_order_document", submit.clone()).await.unwrap();
    assert!(site.lines().await.contains(&"POST /api/method/frappe.client.submit".to_owned()));
    let actions = json!({"doctype": "Sales Order", "name": "SO-1"});
    let told = call(&app, "get_workflow_actions", actions).await.unwrap();
    assert_eq!(told["note"], "Sales Order has no workflow");

    let workflow = json!([{"doctype": "Workflow", "workflow_state_field": "workflow_state", "states": []}]);
    let (site, app) = without_right_on_workflows(workflow).await;
    let text = refusal(&app, "submit_sales_order_document", submit).await;
    assert!(text.contains("No permission for Workflow"), "{text}");
    assert!(!site.lines().await.contains(&"POST /api/method/frappe.client.submit".to_owned()));
}

#[on_every_version]
async fn an_amendment_begins_the_workflow_anew() {
    let site = Site::start().await;
    let note = json!({"name": "N-1", "docstatus": 2, "title": "x", "workflow_state": "Rejected"});
    site.data("GET", "/api/resource/Loan%20Note/N-1", note).await;
    let field =
        |name: &str, kind: &str, options: &str| json!({"fieldname": name, "fieldtype": kind, "options": options});
    let fields = json!([
        field("title", "Data", ""),
        field("workflow_state", "Link", "Workflow State"),
        field("amended_from", "Link", "Loan Note"),
    ]);
    site.metadata(json!([{
        "name": "Loan Note", "doctype": "DocType", "module": "Loans", "is_submittable": 1, "fields": fields,
        "__workflow_docs": [{"doctype": "Workflow", "workflow_state_field": "workflow_state"}],
    }]))
    .await;
    site.method("frappe.client.is_document_amended", json!(false)).await;
    site.method("frappe.client.insert", json!({"name": "N-1-1"})).await;
    let app = site.open_app();
    call(&app, "amend_document", json!({"doctype": "Loan Note", "name": "N-1", "confirm": true})).await.unwrap();
    let sent = site.sent().await;
    let (_, body) = sent.iter().find(|(line, _)| line.ends_with("client.insert")).unwrap();
    assert_eq!(body["doc"], json!({"title": "x", "amended_from": "N-1", "doctype": "Loan Note"}));
}
