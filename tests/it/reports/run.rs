//! Reports: which there are, how they are described, checked, run and paged.

use erpnext_mcp::app::Connection;
use erpnext_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::{Value, json};

use crate::sandbox::{COMPANY, config, site};
use crate::support::{app_of, call, refusal};

fn field(answer: &Value, name: &str) -> usize {
    let columns = answer["columns"].as_array().unwrap();
    columns.iter().position(|column| column["field"] == name).unwrap_or_else(|| panic!("{name}: {answer}"))
}

fn has(answer: &Value, name: &str) -> bool {
    answer["columns"].as_array().unwrap().iter().any(|column| column["field"] == name)
}

#[on_every_version]
async fn only_reports_that_are_named_are_there() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["Accounts *able", "Stock Balance"]})).await;
    let listed = call(&app, "list_reports", json!({})).await.unwrap();
    let names: Vec<&str> =
        listed["reports"].as_array().unwrap().iter().map(|report| report["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Accounts Payable", "Accounts Receivable", "Stock Balance"]);
    let stock = call(&app, "list_reports", json!({"search": "balance stock"})).await.unwrap();
    assert_eq!(
        stock["reports"],
        json!([{"name": "Stock Balance", "doctype": "Stock Ledger Entry", "runs_in_background": true}])
    );
    for tool in ["run_report", "describe_report"] {
        let text = refusal(&app, tool, json!({"name": "General Ledger"})).await;
        assert!(text.contains("permissions.reports does not name it"), "{text}");
    }
    let (_site, app) = site(json!({"default": {"read": true, "report": true}})).await;
    assert!(app.registry().find("run_report").is_none(), "reports are off unless they are named");
}

#[on_every_version]
async fn of_more_reports_than_the_site_gives_at_once_the_last_is_found() {
    let (site, app) = site(json!({"default": {"read": true}, "reports": ["*"]})).await;
    let made = site.with(|site| {
        (0..500).try_for_each(|at| {
            let name = format!("A {at:03}");
            let report = json!({"doctype": "Report", "name": name, "report_name": name, "ref_doctype": "Lead",
                "report_type": "Report Builder", "is_standard": "No"});
            site.insert(report.as_object().unwrap().clone()).map(drop)
        })
    });
    made.unwrap();
    let listed = call(&app, "list_reports", json!({"search": "trial simple"})).await.unwrap();
    assert_eq!(listed["reports"][0]["name"], "Trial Balance (Simple)", "{listed}");
}

#[on_every_version]
async fn a_report_is_described_with_its_filters_and_an_example_that_works() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["*"]})).await;
    let about = call(&app, "describe_report", json!({"name": "Accounts Receivable"})).await.unwrap();
    assert_eq!(
        about["filters"][0],
        json!({"field": "company", "label": "Company", "type": "Link", "link_to": "Company", "required": true})
    );
    assert_eq!(about["filters"][2]["options"], json!(["Posting Date", "Due Date"]));
    assert_eq!(
        (&about["example"]["filters"]["company"], &about["example"]["filters"]["range"]),
        (&json!(COMPANY), &json!("30, 60, 90, 120"))
    );
    assert!(has(&about, "outstanding"));
    let rows = call(&app, "run_report", about["example"].clone()).await.unwrap();
    assert_eq!(about["note"], format!("the example gives {} rows", rows["total_rows"]));
    for name in
        ["General Ledger", "Sales Register", "Purchase Register", "Customer-wise Item Price", "Sales Order Analysis"]
    {
        let about = call(&app, "describe_report", json!({"name": name})).await.unwrap();
        let ran = call(&app, "run_report", about["example"].clone()).await;
        assert!(name == "Customer-wise Item Price" || ran.is_ok(), "{name}: {about}");
    }
}

#[on_every_version]
async fn h53_rows_come_in_pages_and_the_total_stands_apart() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["Accounts Receivable"]})).await;
    let mut arguments = json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}, "limit": 500});
    let all = call(&app, "run_report", arguments.clone()).await.unwrap();
    let outstanding = field(&all, "outstanding");
    let sum: f64 = all["rows"].as_array().unwrap().iter().map(|row| row[outstanding].as_f64().unwrap()).sum();
    assert!((all["total"]["outstanding"].as_f64().unwrap() - sum).abs() < 0.01, "{all}");
    assert!(all["total_rows"].as_u64().unwrap() > 3, "{all}");
    let (mut paged, mut pages) = (Vec::new(), 0);
    arguments["limit"] = json!(3);
    loop {
        let page = call(&app, "run_report", arguments.clone()).await.unwrap();
        assert_eq!(page["total"], all["total"]);
        assert_eq!(page["note"].to_string().contains("of another run"), page.get("next_cursor").is_some(), "{page}");
        paged.extend(page["rows"].as_array().unwrap().clone());
        pages += 1;
        let Some(next) = page.get("next_cursor") else { break };
        arguments["cursor"] = next.clone();
    }
    assert_eq!((json!(paged), pages > 1), (all["rows"].clone(), true));
    arguments["filters"]["range"] = json!("15, 30");
    let text = refusal(&app, "run_report", arguments).await;
    assert!(text.contains("only with the same filters"), "{text}");
}

#[on_every_version]
async fn h53_filters_are_checked_before_anything_runs() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["*"]})).await;
    let filters =
        json!({"compny": "X", "company": "No Such Company", "report_date": "24.11.26", "ageing_based_on": "Due Dat"});
    let text = refusal(&app, "run_report", json!({"name": "Accounts Receivable", "filters": filters})).await;
    for wrong in [
        "filters.compny: no such filter",
        "did you mean company?",
        "filters.company: there is no Company named \"No Such Company\"",
        "filters.report_date: ",
        "\"Due Dat\" is not one of: Posting Date, Due Date; did you mean Due Date?",
    ] {
        assert!(text.contains(wrong), "{wrong}: {text}");
    }
    let of_customer = json!({"name": "Accounts Receivable", "filters": {"customer": "Quince Catering"}});
    let text = refusal(&app, "run_report", of_customer).await;
    assert!(text.contains("filters.customer: no such filter") && text.contains("did you mean party?"), "{text}");
    // As the desk's form does: the only company, and a choice in its own case.
    let run = json!({"name": "Accounts Receivable", "filters": {"ageing_based_on": "posting date"}, "limit": 1});
    let answer = call(&app, "run_report", run).await.unwrap();
    let filled = (&answer["filters"]["company"], &answer["filters"]["ageing_based_on"]);
    assert_eq!(filled, (&json!(COMPANY), &json!("Posting Date")), "{answer}");
    let (_closed_site, closed) =
        site(json!({"doctypes": {"GL Entry": {"read": true, "report": true}}, "reports": ["*"]})).await;
    let text = refusal(&closed, "run_report", json!({"name": "General Ledger"})).await;
    assert!(text.contains("filters.company: is mandatory (a Company)"), "{text}");
    // One name of a list that nothing has would leave rows out in silence.
    for account in [json!("Debtorz"), json!(["Debtors - AWF", "Debtorz"])] {
        let filters =
            json!({"company": COMPANY, "from_date": "2026-11-01", "to_date": "2026-11-30", "account": account});
        let text = refusal(&app, "run_report", json!({"name": "General Ledger", "filters": filters})).await;
        assert!(text.contains("filters.account: there is no Account named \"Debtorz\""), "{text}");
    }
    // By their labels, and by names without the company's suffix.
    let filters =
        json!({"company": COMPANY, "From Date": "2026-11-01", "to_date": "30.11.2026", "Cost Center": "Workshop"});
    let answer = call(&app, "run_report", json!({"name": "General Ledger", "filters": filters})).await.unwrap();
    let sent = &answer["filters"];
    assert_eq!((&sent["from_date"], &sent["to_date"]), (&json!("2026-11-01"), &json!("2026-11-30")), "{sent}");
    assert_eq!(sent["cost_center"], json!(["Workshop - AWF"]), "{sent}");
    let text = refusal(&app, "run_report", json!({"name": "No Such Report"})).await;
    assert!(text.contains("list_reports shows those available"), "{text}");
    let text = refusal(&app, "run_report", json!({"name": "Asset Activity"})).await;
    assert!(text.contains("saved list of Asset Activity"), "{text}");
}

#[on_every_version]
async fn a_filter_that_a_report_does_not_heed_is_told() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["*"]})).await;
    for (filters, is_told) in [(json!({"account": "Debtors - AWF"}), true), (json!({"company": COMPANY}), false)] {
        let run = json!({"name": "Trial Balance (Simple)", "filters": filters, "limit": 2});
        let answer = call(&app, "run_report", run).await.unwrap();
        let note = answer["note"].as_str().unwrap_or_default();
        assert_eq!(note.contains("hold other values in account"), is_told, "{answer}");
    }
}

#[on_every_version]
async fn a_report_that_is_not_there_is_told_with_the_nearest_and_case_does_not_count() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["*"]})).await;
    for tool in ["run_report", "describe_report"] {
        let text = refusal(&app, tool, json!({"name": "Acounts Receivable"})).await;
        assert!(text.contains("Did you mean \"Accounts Receivable\"?"), "{text}");
        let filters = json!({"company": COMPANY});
        let given = if tool == "run_report" { json!({"filters": filters}) } else { json!({}) };
        let mut given = given;
        given["name"] = json!("accounts receivable");
        let answer = call(&app, tool, given).await.unwrap();
        assert_eq!(answer["report"], "Accounts Receivable");
    }
}

#[on_every_version]
async fn a_report_gives_the_columns_the_order_and_the_totals_that_are_asked_for() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["Accounts Receivable"]})).await;
    let asked = |more: Value| {
        let mut asked = json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}, "limit": 500});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let whole = call(&app, "run_report", asked(json!({}))).await.unwrap();
    let empty = whole["empty_columns"].as_array().unwrap();
    assert!(!empty.is_empty() && empty.iter().all(|name| !has(&whole, name.as_str().unwrap())), "{whole}");
    let some = json!({"columns": ["party", "outstanding"], "order_by": "outstanding desc"});
    let sorted = call(&app, "run_report", asked(some)).await.unwrap();
    assert_eq!(sorted["columns"].as_array().unwrap().len(), 2);
    let sums: Vec<f64> = sorted["rows"].as_array().unwrap().iter().map(|row| row[1].as_f64().unwrap()).collect();
    assert!(sums.is_sorted_by(|a, b| a >= b) && sums.len() > 3, "{sums:?}");
    // What 55 parties owe is told in 4 kB.
    let rows = sorted["rows"].to_string().len();
    assert!(rows * 55 / sums.len() + sorted.to_string().len() - rows <= 4_000, "{sorted}");
    let totals = call(&app, "run_report", asked(json!({"totals_only": true}))).await.unwrap();
    assert_eq!((&totals["rows"], &totals["total"]), (&json!([]), &whole["total"]));
    assert_eq!((&totals["total_rows"], totals.get("empty_columns")), (&whole["total_rows"], None), "{totals}");
    assert!(totals.get("next_cursor").is_none() && totals["total"].get("age").is_none(), "{totals}");
    let told: Vec<&str> =
        totals["columns"].as_array().unwrap().iter().map(|column| column["field"].as_str().unwrap()).collect();
    let summed = totals["total"].as_object().unwrap();
    assert!(told.len() == summed.len() && told.iter().all(|field| summed.contains_key(*field)), "{totals}");
    for (wrong, wanted) in [
        (json!({"columns": ["prty"]}), "columns[0]: prty: no such column"),
        (json!({"order_by": "outstandng desc"}), "did you mean outstanding?"),
        (json!({"levels": 1}), "no row of this report stands below another"),
    ] {
        let text = refusal(&app, "run_report", asked(wrong)).await;
        assert!(text.contains(wanted), "{text}");
    }
}

#[on_every_version]
async fn columns_that_the_caller_knows_are_told_again_only_where_they_are_others() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["Accounts Receivable"]})).await;
    let asked = |more: Value| {
        let mut asked = json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}, "limit": 2});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let first = call(&app, "run_report", asked(json!({}))).await.unwrap();
    let known = first["columns_known"].clone();
    assert!(known.is_string() && first["columns"].is_array(), "{first}");
    let next = json!({"columns_known": known, "cursor": first["next_cursor"]});
    let next = call(&app, "run_report", asked(next)).await.unwrap();
    assert_eq!((next.get("columns"), &next["columns_as_before"]), (None, &known), "{next}");
    let width = first["columns"].as_array().unwrap().len();
    assert!(next["rows"].as_array().unwrap().iter().all(|row| row.as_array().unwrap().len() == width), "{next}");
    let others = json!({"columns_known": known, "columns": ["party", "outstanding"]});
    let others = call(&app, "run_report", asked(others)).await.unwrap();
    assert_eq!((others["columns"].as_array().unwrap().len(), others.get("columns_as_before")), (2, None), "{others}");
    assert_ne!(others["columns_known"], known, "{others}");
}

#[on_every_version]
async fn h53_a_report_in_the_background_is_started_awaited_and_read() {
    let (_site, app) = site(json!({"default": {"read": true}, "reports": ["Stock Balance", "Sales Register"]})).await;
    let answer = call(&app, "run_report", json!({"name": "Stock Balance"})).await.unwrap();
    assert!(answer["total_rows"].as_u64().unwrap() > 0, "{answer}");
    let text = refusal(&app, "run_report", json!({"name": "Stock Balance", "prepared": "nothing"})).await;
    assert!(text.contains("is no run of Stock Balance"), "{text}");
    let mut again = json!({"name": "Stock Balance", "prepared": answer["prepared"]});
    assert_eq!(call(&app, "run_report", again.clone()).await.unwrap()["prepared"], answer["prepared"]);
    again["filters"] = json!({"from_date": "2026-01-01"});
    let text = refusal(&app, "run_report", again).await;
    assert!(text.contains("is a run with other filters"), "{text}");
}

#[on_every_version]
async fn a_report_in_the_background_that_no_answer_came_to_is_told_as_one() {
    let (site, app) = site(json!({"default": {"read": true}, "reports": ["Stock Balance"]})).await;
    site.faults().add(Fault::new(FaultKind::CutAfter).method("POST").path("make_prepared_report").times(1));
    let text = refusal(&app, "run_report", json!({"name": "Stock Balance"})).await;
    assert!(text.contains("It may be under way") && text.contains("Call run_report again"), "{text}");
    let answer = call(&app, "run_report", json!({"name": "Stock Balance"})).await.unwrap();
    assert!(answer["total_rows"].as_u64().unwrap() > 0, "{answer}");
}

#[on_every_version]
async fn where_nothing_may_be_written_no_report_is_started_in_the_background() {
    let (site, app) = site(json!({"default": {"read": true}, "reports": ["Stock Balance", "Sales Register"]})).await;
    let answer = call(&app, "run_report", json!({"name": "Stock Balance"})).await.unwrap();
    let permissions = json!({"default": {"read": true}, "reports": ["Stock Balance"]});
    let mut config = config(&site, "administrator", permissions);
    config["tools"] = json!({"read_only": true});
    let app = app_of(&config);
    let text = refusal(&app, "run_report", json!({"name": "Stock Balance"})).await;
    assert!(text.contains("this server permits no writes"), "{text}");
    // One that somebody ran is read.
    let prepared = json!({"name": "Stock Balance", "prepared": answer["prepared"]});
    assert_eq!(call(&app, "run_report", prepared).await.unwrap()["rows"], answer["rows"]);
}

#[on_every_version]
async fn h53_withheld_fields_are_no_columns_totals_or_filters_of_a_report() {
    let rules = json!({
        "default": {"read": true}, "reports": ["Accounts Receivable", "Sales Register"],
        "doctypes": {
            "Customer": {"read": true, "restricted_fields": ["territory"]},
            "Sales Invoice": {"read": true, "report": true, "restricted_fields": ["outstanding_amount", "customer"]},
        },
    });
    let (_site, app) = site(rules).await;
    let answer = call(&app, "run_report", json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}}))
        .await
        .unwrap();
    assert!(!has(&answer, "territory") && !has(&answer, "outstanding"), "{answer}");
    // How old it is says how much it is, and so does what is paid of a total that is shown.
    let withheld =
        json!(["Paid Amount", "Outstanding Amount", "0-30", "31-60", "61-90", "91-120", "121-Above", "Territory"]);
    assert_eq!(answer["withheld"], withheld);
    assert!(answer["total"].get("outstanding").is_none() && answer["total"].get("invoiced").is_some(), "{answer}");
    let text = refusal(&app, "run_report", json!({"name": "Sales Register", "filters": {"customer": "X"}})).await;
    assert!(text.contains("filters.customer: this server's configuration does not permit reading it"), "{text}");
}

/// More parties that owe something, so that there are 55.
async fn with_55_parties(site: &Sandbox, app: &Connection) {
    let summary = json!({"name": "Accounts Receivable Summary", "filters": {"company": COMPANY}, "limit": 1});
    let there = call(app, "run_report", summary).await.unwrap()["total_rows"].as_u64().unwrap();
    let filters = json!({"docstatus": 1, "outstanding_amount": [">", 0]});
    let asked = json!({"doctype": "Sales Invoice", "filters": filters, "fields": ["name"], "limit": 1});
    let some = call(app, "list_generic_documents", asked).await.unwrap();
    let some = some["documents"][0]["name"].as_str().unwrap();
    let made = site.with(|site| {
        let def = site.doctype("Sales Invoice")?;
        let mut invoice = site.load("Sales Invoice", some)?;
        invoice.retain(|_, value| !value.is_array());
        for at in there..55 {
            let customer = format!("Harbour Traders {at:02}");
            let owed = 1_234.56 + 97.0 * at as f64;
            let own = json!({"name": format!("ACC-SINV-55-{at:05}"), "customer": customer, "customer_name": customer,
                "base_grand_total": owed, "outstanding_amount": owed,
                "due_date": format!("2026-{:02}-15", 5 + at % 6), "posting_date": "2026-05-01"});
            invoice.extend(own.as_object().unwrap().clone());
            site.put(def, &invoice)?;
        }
        Ok(())
    });
    made.unwrap();
}

#[on_every_version]
async fn what_55_parties_owe_by_age_is_told_in_4_kilobytes() {
    let (site, app) = site(json!({"default": {"read": true}, "reports": ["Accounts Receivable Summary"]})).await;
    with_55_parties(&site, &app).await;
    let asked = |more: Value| {
        let mut asked = json!({"name": "Accounts Receivable Summary", "filters": {"company": COMPANY}, "limit": 100});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let by_age = json!(["party", "outstanding", "range1", "range2", "range3", "range4", "range5"]);
    for (more, parties, most) in [
        (json!({"columns": ["party", "outstanding"], "order_by": "outstanding desc"}), 55, 3_000),
        (json!({ "columns": by_age, "order_by": "outstanding desc" }), 55, 4_000),
        (json!({"totals_only": true}), 0, 2_000),
        // All columns that tell a party from others.
        (json!({}), 55, 8_000),
    ] {
        let answer = call(&app, "run_report", asked(more.clone())).await.unwrap();
        let (bytes, rows) = (answer.to_string().len(), answer["rows"].as_array().unwrap().len());
        assert!(bytes <= most, "{more}: {bytes} bytes: {answer}");
        assert_eq!((&answer["total_rows"], rows), (&json!(55), parties), "{more}");
        assert!(answer["total"]["outstanding"].is_number(), "{more}");
        let amounts = answer["columns"].as_array().unwrap().iter().filter(|column| column["type"] == "Currency");
        assert!(amounts.clone().count() > 0 && amounts.clone().all(|column| column["currency"] == "EUR"), "{answer}");
    }
}
