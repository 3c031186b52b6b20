//! Reports: the site runs them past every rule.

use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite};
use crate::support::{META, Site, app_of, call, config_json, refusal};

/// A site with one report about invoices, which answers this.
async fn answering(answer: Value) -> Site {
    let site = Site::start().await;
    let entry = json!([{"name": "Parties", "ref_doctype": "Sales Invoice", "report_type": "Script Report"}]);
    site.method("frappe.client.get_list", entry).await;
    site.method("frappe.desk.query_report.get_script", json!({"script": "", "filters": []})).await;
    site.method("frappe.desk.query_report.run", answer).await;
    site
}

#[on_every_version]
async fn rows_that_are_lists_tell_of_which_doctype_a_dynamic_link_is() {
    let site = answering(json!({
        "columns": ["Party Type:Data:80", "Party:Dynamic Link/party_type:120"],
        "result": [["Supplier", "S-1"], ["Customer", "C-1"]],
    }))
    .await;
    let run = async |doctypes: Value| {
        let app = app_of(&config_json(&site.url(), json!({"reports": ["Parties"], "doctypes": doctypes})));
        call(&app, "run_report", json!({"name": "Parties"})).await.map_err(|error| error.for_model())
    };
    let told = run(json!({"Customer": {"read": true}})).await;
    assert!(told.is_ok(), "{told:?}");
    let scoped = json!({"read": true, "conditions": {"read": {"territory": ["North"]}}});
    let told = run(json!({"Customer": scoped})).await.unwrap_err();
    assert!(told.contains("every Customer, of which"), "{told}");
}

#[on_every_version]
async fn a_report_is_asked_for_in_english_since_columns_are_named_after_labels() {
    let site = answering(json!({"columns": ["Customer:Data:80"], "result": [["C-1"]]})).await;
    let app = app_of(&config_json(&site.url(), json!({"default": {"read": true}, "reports": ["Parties"]})));
    call(&app, "run_report", json!({"name": "Parties"})).await.unwrap();
    let sent = site.sent().await;
    let run = sent.iter().find(|(line, _)| line.ends_with("query_report.run"));
    assert_eq!(run.map(|(_, body)| &body["_lang"]), Some(&json!("en")), "{sent:?}");
}

/// Of Prepared Reports the site lets users list none without a role for that; the report gives them their own all the same.
#[on_every_version]
async fn a_report_in_the_background_reaches_who_may_not_list_prepared_reports() {
    let site = Site::start().await;
    let (list, run) = ("/api/method/frappe.client.get_list", "/api/method/frappe.desk.query_report.run");
    let entry = json!([{"name": "Parties", "ref_doctype": "Sales Invoice", "report_type": "Script Report"}]);
    site.answer_once("POST", list, 200, json!({"message": entry})).await;
    site.answer("POST", list, 403, json!({"exc_type": "PermissionError"})).await;
    site.method("frappe.desk.query_report.get_script", json!({"script": "", "filters": []})).await;
    site.answer_once("POST", run, 200, json!({"message": {"prepared_report": true, "doc": null}})).await;
    let rows = json!({"columns": ["Customer:Data:80"], "result": [["C-1"]], "prepared_report": true,
        "doc": {"report_end_time": "2026-01-02 03:04:05"}});
    site.method("frappe.desk.query_report.run", rows).await;
    site.method("frappe.core.doctype.prepared_report.prepared_report.make_prepared_report", json!({"name": "P-1"}))
        .await;
    let app = app_of(&config_json(&site.url(), json!({"default": {"read": true}, "reports": ["Parties"]})));
    let told = call(&app, "run_report", json!({"name": "Parties"})).await.unwrap();
    assert_eq!((&told["total_rows"], &told["as_of"]), (&json!(1), &json!("2026-01-02 03:04:05")), "{told}");
}

#[on_every_version]
async fn a_filter_that_is_withheld_on_a_doctype_of_the_columns_alone_is_refused() {
    let site = answering(json!({"columns": ["Customer:Link/Customer:120"], "result": [["C-1"]]})).await;
    let customer = json!({"read": true, "allowed_fields": ["customer_name", "territory"]});
    let app = app_of(&config_json(&site.url(), json!({"reports": ["*"], "doctypes": {"Customer": customer}})));
    let run = |filter: &str| json!({"name": "Parties", "filters": {filter: "X"}});
    call(&app, "run_report", run("territory")).await.unwrap();
    for withheld in ["customer_group", "payment_terms"] {
        let text = refusal(&app, "run_report", run(withheld)).await;
        let told = format!("filters.{withheld}: this server's configuration does not permit reading it");
        assert!(text.contains(&told), "{text}");
    }
}

/// What of a DocType is withheld is known by its fields: where the site does not tell them, nothing of it is shown.
#[on_every_version]
async fn a_report_about_a_doctype_whose_fields_the_site_does_not_tell_is_not_shown() {
    let columns = json!(["Ship:Link/Own Ship:120", "Secret No:Data:80"]);
    let ship = json!({"read": true, "restricted_fields": ["secret_no"]});
    for status in [503, 403, 500] {
        let site = answering(json!({"columns": columns, "result": [["S-1", "77-secret"]]})).await;
        // A proxy's answer names no exception, the site's own does.
        let body = if status == 500 { json!({"exc_type": "ImportError"}) } else { json!({}) };
        site.answer("GET", META, status, body).await;
        let app = |doctypes: Value| app_of(&config_json(&site.url(), json!({"reports": ["*"], "doctypes": doctypes})));
        let text = refusal(&app(json!({"Own Ship": ship})), "run_report", json!({"name": "Parties"})).await;
        assert!(!text.contains("77-secret"), "{status}: {text}");
        assert!(status != 503 || text.contains("is not available"), "{text}");
        // Where no rule speaks of the DocType, that it alone is not told keeps nothing back.
        let told = call(&app(json!({"Customer": {"read": true}})), "run_report", json!({"name": "Parties"})).await;
        assert_eq!(told.is_ok(), status != 503, "{status}: {told:?}");
    }
}

#[on_every_version]
async fn what_a_report_says_beside_its_rows_is_told_like_a_message() {
    let said = "The credit limit of <b>Acme Trading</b> is 4321.5";
    let site =
        answering(json!({"columns": ["Customer:Link/Customer:120"], "result": [["C-1"]], "message": said})).await;
    let customer = json!({"read": true, "restricted_fields": ["credit_limits"]});
    let permissions = json!({"reports": ["*"], "doctypes": {"Customer": customer}});
    let told = call(&app_of(&config_json(&site.url(), permissions)), "run_report", json!({"name": "Parties"})).await;
    assert_eq!(told.unwrap()["message"], "The credit limit of [withheld] is [withheld]");
}

/// Each of these is saved from the other, or the other from it.
#[on_every_version]
async fn a_report_that_was_saved_from_others_without_an_end_does_not_run() {
    let site = Site::start().await;
    let entry =
        json!([{"name": "Mine", "ref_doctype": "Note", "report_type": "Custom Report", "reference_report": "Mine"}]);
    site.method("frappe.client.get_list", entry).await;
    site.method("frappe.desk.query_report.run", json!({"columns": ["Customer:Data:80"], "result": [["C-1"]]})).await;
    let app = app_of(&config_json(&site.url(), json!({"default": {"read": true}, "reports": ["*"]})));
    let text = refusal(&app, "run_report", json!({"name": "Mine"})).await;
    assert!(text.contains("without an end") && !text.contains("C-1"), "{text}");
}

#[on_every_version]
async fn a_saved_report_is_about_what_the_one_behind_it_is_about() {
    let site = Site::start().await;
    let list = "/api/method/frappe.client.get_list";
    let copy =
        json!([{"name": "Mine", "ref_doctype": "Note", "report_type": "Custom Report", "reference_report": "Parties"}]);
    site.answer_once("POST", list, 200, json!({"message": copy})).await;
    let entry = json!([{"name": "Parties", "ref_doctype": "Sales Invoice", "report_type": "Script Report"}]);
    site.method("frappe.client.get_list", entry).await;
    let doctypes = json!({"Sales Invoice": {"read": true}, "Note": {"read": true, "report": true}});
    let app = app_of(&config_json(&site.url(), json!({"reports": ["*"], "doctypes": doctypes})));
    let text = refusal(&app, "run_report", json!({"name": "Mine"})).await;
    assert!(text.contains("the rule on Sales Invoice, which it is about, does not permit reports"), "{text}");
}

#[on_every_version]
async fn a_pattern_opens_a_saved_report_only_if_it_opens_the_one_behind_it() {
    let mine = json!([{"name": "My own", "ref_doctype": "Note", "report_type": "Custom Report", "reference_report": "Parties"}]);
    for (reports, runs) in [(json!(["My*"]), false), (json!(["My own"]), true), (json!(["My*", "Part*"]), true)] {
        let list = "/api/method/frappe.client.get_list";
        let copied = Site::start().await;
        copied.answer_once("POST", list, 200, json!({"message": mine})).await;
        let entry = json!([{"name": "Parties", "ref_doctype": "Sales Invoice", "report_type": "Script Report"}]);
        copied.method("frappe.client.get_list", entry).await;
        copied.method("frappe.desk.query_report.get_script", json!({"script": "", "filters": []})).await;
        copied
            .method("frappe.desk.query_report.run", json!({"columns": ["Customer:Data:80"], "result": [["C-1"]]}))
            .await;
        let app = app_of(&config_json(&copied.url(), json!({"default": {"read": true}, "reports": reports})));
        let told = call(&app, "run_report", json!({"name": "My own"})).await.map_err(|error| error.for_model());
        assert_eq!(told.is_ok(), runs, "{reports}: {told:?}");
        // Else the site would take the filters that were saved with it for those that were sent.
        let sent = copied.sent().await;
        let run = sent.iter().find(|(line, _)| line.ends_with("query_report.run"));
        assert_eq!(run.map(|(_, body)| body["are_default_filters"] == false), runs.then_some(true), "{sent:?}");
    }
}

/// The desk calls it so beside a column of the report's own.
#[on_every_version]
async fn a_column_that_was_added_in_the_desk_is_held_to_the_doctype_that_it_names() {
    let column = |field: &str, label: &str, of: &str| json!({"fieldname": field, "label": label, "fieldtype": "Data", "doctype": of});
    let columns = json!(["Who:Data:80", column("lead_name-lead", "Nom", "Lead"), column("source", "Source", "Lead")]);
    let site = answering(json!({"columns": columns, "result": [["L-1", "Mara Ost", "Fair"]]})).await;
    let run = async |lead: Value| {
        let app = app_of(&config_json(&site.url(), json!({"reports": ["Parties"], "doctypes": {"Lead": lead}})));
        call(&app, "run_report", json!({"name": "Parties"})).await.map_err(|error| error.for_model())
    };
    let told = run(json!({"read": true, "restricted_fields": ["lead_name"]})).await.unwrap();
    assert_eq!(told["withheld"], json!(["Nom"]), "{told}");
    assert!(!told.to_string().contains("Mara Ost") && told.to_string().contains("Fair"), "{told}");
    let told = run(json!({"read": true, "conditions": {"read": {"status": "Open"}}})).await.unwrap_err();
    assert!(told.contains("every Lead, of which"), "{told}");
}

/// The site gives whatever run is named by that filter.
#[on_every_version]
async fn a_run_of_another_report_is_given_by_no_filter() {
    let site = answering(json!({"columns": ["Customer:Data:80"], "result": [["C-1"]]})).await;
    let app = app_of(&config_json(&site.url(), json!({"default": {"read": true}, "reports": ["Parties"]})));
    let run = json!({"name": "Parties", "filters": {"prepared_report_name": "1f2e3d"}});
    let text = refusal(&app, "run_report", run).await;
    assert!(text.contains("prepared takes a run"), "{text}");
    assert!(site.sent().await.iter().all(|(line, _)| !line.contains("query_report.run")), "nothing is run");
}

/// As HRMS does.
#[on_every_version]
async fn a_column_that_spells_a_doctype_otherwise_links_to_it_all_the_same() {
    let site = answering(
        json!({"columns": ["Who:Link/sales partner:80", "commission_rate:Float:80"], "result": [["P-1", 12.5]]}),
    )
    .await;
    let run = async |partner: Value| {
        let doctypes = json!({"Sales Partner": partner});
        let app = app_of(&config_json(&site.url(), json!({"reports": ["Parties"], "doctypes": doctypes})));
        call(&app, "run_report", json!({"name": "Parties"})).await.map_err(|error| error.for_model())
    };
    let told = run(json!({"read": true, "restricted_fields": ["partner_type", "commission_rate"]})).await.unwrap();
    assert_eq!(told["withheld"], json!(["commission_rate"]), "{told}");
    let told = run(json!({"read": true, "conditions": {"read": {"territory": ["North"]}}})).await.unwrap_err();
    assert!(told.contains("of which this server's configuration lets only some be read"), "{told}");
}

/// The columns that the report withholds where this field of an invoice is restricted.
async fn withheld_with(site: &Site, restricted: &str) -> Value {
    let invoice = json!({"read": true, "report": true, "restricted_fields": [restricted]});
    let permissions = json!({"reports": ["*"], "doctypes": {"Sales Invoice": invoice}});
    let app = app_of(&config_json(&site.url(), permissions));
    call(&app, "run_report", json!({"name": "Parties"})).await.unwrap()["withheld"].take()
}

#[on_every_version]
async fn a_ledger_summary_shows_no_withheld_total_under_another_name() {
    let balances = ["opening_balance", "closing_balance"];
    let amounts = ["invoiced_amount", "paid_amount", "return_amount"];
    let columns = balances.iter().chain(&amounts).chain(&["currency"]);
    let columns: Vec<Value> = columns.map(|field| json!({"fieldname": field, "label": field})).collect();
    let site = answering(json!({"columns": columns, "result": [[11, 12, 13, 14, 15, "EUR"]]})).await;
    for (restricted, withheld) in [
        ("grand_total", json!([balances[0], balances[1], amounts[0], amounts[1], amounts[2]])),
        ("outstanding_amount", json!([balances[0], balances[1], amounts[1]])),
        ("po_no", Value::Null),
    ] {
        assert_eq!(withheld_with(&site, restricted).await, withheld, "{restricted}");
    }
}

#[on_every_version]
async fn what_follows_from_a_withheld_day_or_quantity_is_no_column_of_a_report() {
    let columns = ["age", "range1", "pending_qty", "currency"];
    let columns: Vec<Value> = columns.iter().map(|field| json!({"fieldname": field, "label": field})).collect();
    let site = answering(json!({"columns": columns, "result": [[30, 12, 5, "EUR"]]})).await;
    for (restricted, withheld) in [
        ("due_date", json!(["age", "range1"])),
        ("outstanding_amount", json!(["range1"])),
        ("items.qty", json!(["pending_qty"])),
        ("po_no", Value::Null),
    ] {
        assert_eq!(withheld_with(&site, restricted).await, withheld, "{restricted}");
    }
}

#[on_every_version]
async fn columns_of_standard_fields_are_held_to_a_list_of_allowed_ones() {
    let columns = ["name", "owner", "Created On", "modified", "modified_by", "customer"];
    let labels: Vec<Value> = columns.iter().map(|label| json!(format!("{label}:Data:80"))).collect();
    let site =
        answering(json!({"columns": labels, "result": [["I-1", "mara@x", "2026-01-01", "2026-01-02", "nils@x", "C"]]}))
            .await;
    for (invoice, withheld) in [
        (json!({"read": true, "report": true}), Value::Null),
        (
            json!({"read": true, "report": true, "allowed_fields": ["customer"]}),
            json!(["owner", "Created On", "modified_by"]),
        ),
        (json!({"read": true, "report": true, "restricted_fields": ["owner"]}), json!(["owner"])),
    ] {
        // That of another DocType says nothing of this one's.
        let customer = json!({"read": true, "restricted_fields": ["modified_by"]});
        let doctypes = json!({"Sales Invoice": invoice, "Customer": customer});
        let app = app_of(&config_json(&site.url(), json!({"reports": ["*"], "doctypes": doctypes})));
        let told = call(&app, "run_report", json!({"name": "Parties"})).await.unwrap();
        assert_eq!(told["withheld"], withheld, "{told}");
        assert_eq!(told.to_string().contains("mara@x"), withheld.is_null(), "{told}");
    }
}

#[on_every_version]
async fn a_column_is_held_to_the_rows_of_its_doctype_and_to_what_they_link_to() {
    let columns = ["customer", "credit_limit", "rate", "valuation_rate", "qty", "company"];
    let columns: Vec<Value> = columns.iter().map(|field| json!({"fieldname": field, "label": field})).collect();
    let answer = json!({"columns": columns, "result": [["C-1", 4321, 50, 33, 2, "Co"], ["C-1", 4321, 50, 33, 2, "Co"]], "add_total_row": 1});
    for (about, doctypes, withheld) in [
        (
            "Customer",
            json!({"Customer": {"read": true, "restricted_fields": ["credit_limits"]}}),
            json!(["credit_limit", "company"]),
        ),
        (
            "Customer",
            json!({"Customer": {"read": true, "restricted_fields": ["credit_limits.credit_limit"]}}),
            json!(["credit_limit"]),
        ),
        ("Sales Order", json!({"Sales Order": {"read": true, "restricted_fields": ["items.rate"]}}), json!(["rate"])),
        (
            "Sales Order",
            json!({"Sales Order": {"read": true, "allowed_fields": ["customer", "company", "items.qty"]}}),
            json!(["rate", "valuation_rate"]),
        ),
        // Orders link to customers, and their rows to items.
        (
            "Sales Order",
            json!({"Customer": {"read": true, "restricted_fields": ["credit_limits"]}}),
            json!(["credit_limit"]),
        ),
        (
            "Sales Order",
            json!({"Item": {"read": true, "restricted_fields": ["valuation_rate"]}}),
            json!(["valuation_rate"]),
        ),
        // What the order shows itself is not withheld because a customer's list leaves out its own of that name.
        (
            "Sales Order",
            json!({"Customer": {"read": true, "allowed_fields": ["customer_name"]}}),
            json!(["credit_limit"]),
        ),
        (
            "Payment Entry",
            json!({"Customer": {"read": true, "restricted_fields": ["credit_limits"]}}),
            json!(["credit_limit"]),
        ),
    ] {
        let mut doctypes = doctypes;
        if let Some(rule) = doctypes.get_mut(about) {
            rule["report"] = json!(true);
        }
        let site = Site::start().await;
        let entry = json!([{"name": "Parties", "ref_doctype": about, "report_type": "Script Report"}]);
        site.method("frappe.client.get_list", entry).await;
        site.method("frappe.desk.query_report.get_script", json!({"script": "", "filters": []})).await;
        site.method("frappe.desk.query_report.run", answer.clone()).await;
        let app = app_of(&config_json(&site.url(), json!({"reports": ["*"], "doctypes": doctypes})));
        let told = call(&app, "run_report", json!({"name": "Parties"})).await.unwrap();
        assert_eq!(told["withheld"], withheld, "{about} {doctypes}: {told}");
        let text = told.to_string();
        for (field, value) in [("credit_limit", "4321"), ("rate", "50"), ("valuation_rate", "33")] {
            let is_withheld = withheld.as_array().unwrap().contains(&json!(field));
            assert_eq!(text.contains(value), !is_withheld, "{about} {doctypes}: {text}");
        }
    }
}

#[on_every_version]
async fn a_rule_without_report_stops_the_reports_about_its_doctype() {
    let site = SampleSite::start().await;
    let app = |may: bool| {
        let doctypes = json!({"GL Entry": {"read": true, "report": may}, "Report": {"read": true}});
        app_of(&site.config(json!({"reports": ["*"], "doctypes": doctypes})))
    };
    let run = json!({"name": "General Ledger", "filters": {"company": COMPANY}});
    call(&app(true), "run_report", run.clone()).await.unwrap();
    let text = refusal(&app(false), "run_report", run).await;
    assert!(text.contains("the rule on GL Entry, which it is about, does not permit reports"), "{text}");
    let listed = call(&app(false), "list_reports", json!({})).await.unwrap().to_string();
    assert!(!listed.contains("General Ledger") && listed.contains("Sales Register"), "{listed}");
}

#[on_every_version]
async fn the_presets_run_the_reports_that_they_name() {
    let site = SampleSite::start().await;
    let listed = async |permissions: Value| {
        let told = call(&app_of(&site.config(permissions)), "list_reports", json!({})).await.unwrap();
        let names =
            told["reports"].as_array().unwrap().iter().map(|report| report["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<String>>()
    };
    let there = listed(json!({"reports": ["*"]})).await;
    for preset in ["read-only-analyst", "accounts-user"] {
        let text = std::fs::read_to_string(format!("config/{preset}.json")).unwrap();
        let permissions = serde_json::from_str::<Value>(&text).unwrap()["permissions"].clone();
        let named = permissions["reports"].as_array().unwrap().clone();
        let runs = listed(permissions).await;
        assert!(runs.len() > 3, "{preset}: {runs:?}");
        for name in there.iter().filter(|name| named.contains(&json!(name))) {
            assert!(runs.contains(name), "{preset}: {name}");
        }
    }
}
