//! Lists: wiremock where the exact query counts, or that nothing is asked.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{Site, all, app_of, call, refusal};

const CUSTOMERS: &str = "/api/resource/Customer";
const LIST: &str = "list_customer_documents";

async fn customers() -> (Site, Connection) {
    let site = Site::start().await;
    site.data("GET", CUSTOMERS, json!([{"name": "Zod Co", "customer_name": "Zod", "disabled": 0}])).await;
    let app = site.app(json!({"Customer": all(), "Territory": all()}));
    (site, app)
}

/// The query of the only request that a list sends.
async fn query(arguments: Value) -> Value {
    let (site, app) = customers().await;
    call(&app, LIST, arguments).await.unwrap();
    let mut sent = site.sent().await;
    // Names that a filter lists and the answer does not hold are looked up.
    sent.retain(|(line, _)| !line.ends_with("get_value"));
    assert_eq!(sent.len(), 1, "{sent:?}");
    let (line, query) = sent.remove(0);
    assert_eq!(line, format!("GET {CUSTOMERS}"));
    query
}

async fn refused(arguments: Value) -> String {
    let (site, app) = customers().await;
    let text = refusal(&app, LIST, arguments).await;
    // Unknown names are looked up once in the live metadata; no list is asked for.
    assert!(site.lines().await.iter().all(|line| line.contains("getdoctype")), "{:?}", site.lines().await);
    text
}

#[on_every_version]
async fn who_has_a_document_is_refused_where_the_site_or_the_policy_does_not_show_it() {
    let (site, app) = customers().await;
    let asked = json!({"fields": ["customer_name", "assigned_to"]});
    // The site drops the column.
    let text = refusal(&app, LIST, asked.clone()).await;
    assert!(text.contains("the site shows assigned_to to this user in no list"), "{text}");
    let (_, query) = site.sent().await.pop().unwrap();
    assert_eq!(query["fields"], json!(["name", "customer_name", "_assign", "modified"]));
    let app = site.app(json!({"Customer": {"read": true, "allowed_fields": ["customer_name"]}}));
    let text = refusal(&app, LIST, asked).await;
    assert!(text.contains("fields[1]: assigned_to: this server's configuration does not permit reading it"), "{text}");
}

#[on_every_version]
async fn without_arguments_a_list_asks_for_the_telling_columns_newest_first() {
    let query = query(json!({})).await;
    assert_eq!(
        query,
        json!({
            "fields": ["name", "customer_name", "customer_group", "territory", "modified"],
            "order_by": "`tabCustomer`.`modified` desc, `tabCustomer`.`name` asc",
            "limit_start": 0,
            "limit_page_length": 21,
        }),
        "{query}"
    );
}

#[on_every_version]
async fn the_answer_has_a_count_and_the_documents_with_checks_as_booleans() {
    let (_site, app) = customers().await;
    let answer = call(&app, LIST, json!({"fields": ["customer_name", "disabled", "name"]})).await.unwrap();
    let documents = json!([{"name": "Zod Co", "customer_name": "Zod", "disabled": false}]);
    assert_eq!(answer, json!({"count": 1, "documents": documents}));
}

#[on_every_version]
async fn a_star_means_every_column_and_never_a_star() {
    let fields = query(json!({"fields": ["*"]})).await["fields"].take();
    let fields: Vec<_> = fields.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(fields.contains(&"creation") && fields.contains(&"tax_id") && fields.len() > 40, "{fields:?}");
    assert!(!fields.contains(&"*") && !fields.contains(&"sales_team"), "{fields:?}");
}

#[on_every_version]
async fn filters_are_taken_as_object_as_triples_and_as_a_single_triple() {
    let expected = json!([["territory", "=", "North"], ["modified", ">=", "2026-01-01"]]);
    let object = json!({"territory": "North", "modified": [">=", "2026-01-01"]});
    let triples = json!([["territory", "=", "North"], ["Customer", "modified", ">=", "2026-01-01"]]);
    for filters in [object.clone(), triples, json!(object.to_string())] {
        assert_eq!(query(json!({"filters": filters})).await["filters"], expected);
    }
    let single = json!({"filters": ["territory", "North"]});
    assert_eq!(query(single).await["filters"], json!([["territory", "=", "North"]]));
}

#[on_every_version]
async fn or_filters_go_apart() {
    let query =
        query(json!({"filters": {"disabled": false}, "or_filters": {"territory": "North", "language": "de"}})).await;
    assert_eq!(query["filters"], json!([["disabled", "=", 0]]));
    assert_eq!(query["or_filters"], json!([["territory", "=", "North"], ["language", "=", "de"]]));
}

#[on_every_version]
async fn every_operator_reaches_the_site_as_frappe_writes_it() {
    for (filter, sent) in [
        (json!(["!= or empty", "X"]), json!(["!=", "X"])),
        (json!([">=", "X"]), json!([">=", "X"])),
        (json!(["LIKE", "%od%"]), json!(["like", "%od%"])),
        (json!(["not like or empty", "%od%"]), json!(["not like", "%od%"])),
        (json!(["in", ["A", "B"]]), json!(["in", ["A", "B"]])),
        (json!(["not in or empty", ["A"]]), json!(["not in", ["A"]])),
        (json!(["is", "set"]), json!(["is", "set"])),
        (json!(["is", "NOT SET"]), json!(["is", "not set"])),
        (json!(["is set", ""]), json!(["is", "set"])),
        (json!(null), json!(["is", "not set"])),
        (json!(["!=", null]), json!(["is", "set"])),
        (json!(["==", "X"]), json!(["=", "X"])),
    ] {
        let query = query(json!({"filters": {"territory": filter}})).await;
        assert_eq!(query["filters"], json!([["territory", sent[0], sent[1]]]), "{filter}");
    }
    for (filter, sent) in [
        (json!(["between", ["2026-01-01", "2026-02-01"]]), json!(["between", ["2026-01-01", "2026-02-01"]])),
        (json!(["timespan", "Last Month"]), json!(["Timespan", "last month"])),
    ] {
        let query = query(json!({"filters": {"creation": filter}})).await;
        assert_eq!(query["filters"], json!([["creation", sent[0], sent[1]]]), "{filter}");
    }
}

#[on_every_version]
async fn a_tree_is_walked_with_a_second_filter_and_from_fields_that_are_set() {
    let set = json!(["territory", "is", "set"]);
    for operator in
        ["descendants of", "descendants of (inclusive)", "ancestors of", "not ancestors of", "not descendants of"]
    {
        let walk = json!(["territory", operator, "North"]);
        assert_eq!(query(json!({"filters": [walk]})).await["filters"], json!([walk, set]));
        // A single choice is no choice.
        let query = query(json!({"or_filters": [walk]})).await;
        assert_eq!((&query["filters"], &query["or_filters"]), (&json!([walk, set]), &Value::Null));
    }
    let twice = json!(["territory", "not descendants of", "North"]);
    let sent = query(json!({"filters": [twice, twice]})).await;
    assert_eq!(sent["filters"], json!([twice, set]));
    let text = refused(json!({"or_filters": [["territory", "descendants of", "North"], ["disabled", "=", 1]]})).await;
    assert!(text.contains("or_filters: territory: descendants of cannot be one of several choices"), "{text}");
}

#[on_every_version]
async fn a_walk_over_what_is_no_tree_is_refused_here() {
    for (field, of) in [("language", "Language"), ("name", "Customer")] {
        let text = refused(json!({"filters": {field: ["descendants of", "x"]}})).await;
        assert!(text.contains(&format!("descendants of walks a tree, and {of} is none")), "{text}");
    }
}

#[on_every_version]
async fn a_number_is_set_where_it_is_not_zero() {
    for (field, is, sent) in [
        ("default_commission_rate", "set", "!="),
        ("default_commission_rate", "not set", "="),
        ("disabled", "not set", "="),
        ("docstatus", "set", "!="),
        ("credit_limits.credit_limit", "not set", "="),
    ] {
        let query = query(json!({"filters": {field: ["is", is]}})).await;
        let filter = match field.split_once('.') {
            Some((_, column)) => json!(["Customer Credit Limit", column, sent, 0]),
            None => json!([field, sent, 0]),
        };
        assert_eq!(query["filters"][0], filter, "{field}");
    }
}

#[on_every_version]
async fn filters_that_would_be_misread_are_refused_all_at_once() {
    let filters = json!({
        "teritory": "North",
        "territory": ["lik", "N%"],
        "disabled": "maybe",
        "creation": ["between", ["2026-01-01"]],
        "modified": ["Timespan", "last mont"],
        "customer_group": ["in", []],
        "sales_team": "x",
        "language": {"$regex": "d"},
        "name": ["is", "there"],
    });
    let text = refused(json!({"filters": filters, "order_by": "territory sideways", "fields": ["nmae"]})).await;
    for wanted in [
        "there are 11 problems",
        "filters.teritory: no such field in Customer; did you mean territory?",
        "filters.territory: ",
        "filters.disabled: ",
        "filters.creation: between takes a list of two values",
        "filters.modified: Timespan takes one of",
        "did you mean [\"Timespan\",\"last month\"]?",
        "filters.customer_group: in takes a list with at least one value",
        "filters.sales_team: is not a column",
        "filters.language: expected a value or [operator, value]",
        "filters.name: is takes \"set\" or \"not set\"",
        "order_by",
        "fields[0]: nmae: no such field in Customer; did you mean name?",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[on_every_version]
async fn another_number_of_days_or_months_is_not_proposed_for_a_span() {
    let (_site, app) = customers().await;
    for span in ["last 3 months", "last 60 days"] {
        let text = refusal(&app, LIST, json!({"filters": {"creation": ["Timespan", span]}})).await;
        assert!(text.contains("any other is between two days") && !text.contains("did you mean"), "{text}");
    }
}

#[on_every_version]
async fn order_by_is_quoted_and_completed_with_the_name() {
    for (asked, sent) in [
        ("customer_name", "customer_name asc, name asc"),
        ("territory DESC, modified", "territory desc, modified asc, name asc"),
        ("name desc", "name desc"),
        ("`territory` asc", "territory asc, name asc"),
    ] {
        let sent: Vec<_> = sent.split(", ").map(|key| key.split_once(' ').unwrap()).collect();
        let sent: Vec<_> = sent.iter().map(|(field, way)| format!("`tabCustomer`.`{field}` {way}")).collect();
        assert_eq!(query(json!({"order_by": asked})).await["order_by"], sent.join(", "), "{asked}");
    }
}

#[on_every_version]
async fn order_by_takes_fields_and_directions_only() {
    for asked in ["1", "sleep(5)", "name; drop table x", "modified desc limit 1", "`name`)--", "territory asc asc", ","]
    {
        let text = refused(json!({"order_by": asked})).await;
        assert!(text.contains("order_by"), "{asked}: {text}");
    }
}

#[on_every_version]
async fn the_limit_is_one_to_five_hundred() {
    for limit in [json!(0), json!(501), json!(-1), json!(1.5), json!("ten"), json!(u64::MAX)] {
        let text = refused(json!({"limit": limit})).await;
        assert!(text.contains("limit: expected a whole number from 1 to 500"), "{text}");
    }
    assert_eq!(query(json!({"limit": 500})).await["limit_page_length"], 500);
}

#[on_every_version]
async fn a_cursor_leads_through_all_pages_and_ends() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all()}));
    let filters = json!({"customer_group": ["!=", "Schools"]});
    let mut arguments = json!({"limit": 5, "fields": ["name"], "filters": filters, "order_by": "territory"});
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let answer = call(&app, LIST, arguments.clone()).await.unwrap();
        names
            .extend(answer["documents"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(cursor) = answer.get("next_cursor") else { break };
        arguments["cursor"] = cursor.clone();
    }
    assert_eq!(names.len(), count(&site, json!([["customer_group", "!=", "Schools"]])));
    assert_eq!(pages, names.len().div_ceil(5));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count(&site, json!([["customer_group", "!=", "Schools"]])), "none comes twice");
}

/// How many customers there are past the server.
fn count(site: &SampleSite, filters: Value) -> usize {
    let list = erpnext_sandbox::query::List { filters, ..Default::default() };
    usize::try_from(site.sandbox.with(|site| site.count("Customer", &list)).unwrap()).unwrap()
}

#[on_every_version]
async fn a_cursor_of_another_list_is_refused() {
    let site = Site::start().await;
    site.data("GET", CUSTOMERS, json!([{"name": "A"}, {"name": "B"}])).await;
    let app = site.app(json!({"Customer": all()}));
    let answer = call(&app, LIST, json!({"limit": 1})).await.unwrap();
    let cursor = &answer["next_cursor"];
    for other in
        [json!({"filters": {"territory": "South"}}), json!({"order_by": "name"}), json!({"or_filters": {"name": "A"}})]
    {
        let mut arguments = other;
        arguments["cursor"] = cursor.clone();
        assert!(refusal(&app, LIST, arguments).await.contains("cursor: not one of this list"));
    }
    assert!(refusal(&app, LIST, json!({"cursor": "20-abc"})).await.contains("cursor"));
    assert_eq!(site.lines().await.len(), 1);
}

#[on_every_version]
async fn the_total_is_counted_with_permissions() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config_of("sales", json!({"doctypes": {"Customer": {"read": true}}})));
    let (group, either) = (["customer_group", "!=", "Schools"], json!({"name": ["like", "%s%"], "website": "nowhere"}));
    let arguments = json!({"count": true, "limit": 1, "filters": [group], "or_filters": either});
    let answer = call(&app, LIST, arguments).await.unwrap();
    // The user sees one territory only.
    let seen = count(&site, json!([group, ["name", "like", "%s%"], ["territory", "=", "North"]]));
    assert!(seen > 1 && seen < count(&site, json!([group, ["name", "like", "%s%"]])));
    assert_eq!((&answer["count"], &answer["total"]), (&json!(1), &json!(seen)), "{answer}");
}

#[on_every_version]
async fn a_query_too_long_for_an_address_finds_what_it_asks_for() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all()}));
    let mut names: Vec<_> = (0..400).map(|i| format!("Bulk Customer {i:05}")).collect();
    names.push("Kestrel Software".to_owned());
    let answer = call(&app, LIST, json!({"filters": {"name": ["in", names]}, "fields": ["name"]})).await.unwrap();
    assert_eq!(answer["documents"], json!([{"name": "Kestrel Software"}]));
}

#[on_every_version]
async fn singles_and_child_tables_have_no_list() {
    let site = Site::start().await;
    let app = site.open_app();
    for (doctype, wanted) in [("System Settings", "is a Single"), ("Sales Order Item", "is a child table")] {
        let text = refusal(&app, "list_generic_documents", json!({"doctype": doctype})).await;
        assert!(text.contains(wanted), "{text}");
    }
    assert_eq!(site.lines().await, Vec::<String>::new());
}
