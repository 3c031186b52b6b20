//! Days where the site has moments: a filter by a day is about all of it, and a day that is stored is its beginning.

use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{Version, all, app_of, call, refusal, version};

async fn made(site: &SampleSite, at: &str) -> String {
    let app = site.app(json!({"ToDo": all()}));
    let made = call(&app, "create_todo_document", json!({"data": {"description": at}})).await.unwrap();
    let name = made["created"].as_str().unwrap().to_owned();
    let columns = json!({"creation": at});
    site.sandbox.with(|site| site.set("ToDo", &name, columns.as_object().unwrap())).unwrap();
    name
}

#[on_every_version]
async fn a_filter_by_a_day_is_about_all_of_it() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let before = made(&site, "2019-03-04 23:59:59.900000").await;
    let first = made(&site, "2019-03-05 00:00:00.000000").await;
    let last = made(&site, "2019-03-05 23:59:59.900000").await;
    let after = made(&site, "2019-03-06 00:00:00.000000").await;
    let found = async |operator: &str, value: Value| {
        let filters = json!([["creation", operator, value], ["creation", "<", "2020-01-01"]]);
        let asked = json!({"filters": filters, "fields": ["name"], "order_by": "creation asc"});
        let listed = call(&app, "list_todo_documents", asked).await.unwrap();
        let rows = listed["documents"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let day = json!("2019-03-05");
    assert_eq!(found("=", day.clone()).await, [&*first, &*last]);
    assert_eq!(found("between", json!([day, day])).await, [&*first, &*last]);
    assert_eq!(found(">", day.clone()).await, [&*after]);
    assert_eq!(found(">=", day.clone()).await, [&*first, &*last, &*after]);
    assert_eq!(found("<", day.clone()).await, [&*before]);
    assert_eq!(found("<=", day.clone()).await, [&*before, &*first, &*last]);
    assert_eq!(found("=", json!("2019-03-05 00:00:00")).await, [&*first], "a moment is one");
    for (operator, wanted) in [(">", true), (">=", false)] {
        let asked = json!({"filters": [["creation", operator, day]]});
        let listed = call(&app, "list_todo_documents", asked).await.unwrap();
        let told = listed.to_string().contains("creation > 2019-03-05: found is what is after the whole day");
        assert_eq!(told, wanted, "{operator}: {listed}");
    }
    for (operator, value) in [("!=", day.clone()), ("in", json!([day])), ("not in", json!([day]))] {
        let text = refusal(&app, "list_todo_documents", json!({"filters": [["creation", operator, value]]})).await;
        assert!(text.contains("a day is many"), "{operator}: {text}");
    }
}

#[on_every_version]
async fn a_day_is_taken_for_a_moment() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Task": all()}));
    // A date on 15, a moment on 16.
    let data = json!({"subject": "Oil the shelves", "exp_start_date": "2026-12-01", "exp_end_date": "2026-12-02"});
    let made = call(&app, "create_task_document", json!({"data": data})).await.unwrap();
    assert_eq!(made.get("stored_differently"), None, "{made}");
    let stored = site.stored("Task", made["created"].as_str().unwrap()).unwrap();
    let wanted = if version() < Version::V16 { "2026-12-02" } else { "2026-12-02 00:00:00" };
    assert_eq!(stored["exp_end_date"], wanted);
    let asked = json!({"filters": {"exp_end_date": "2026-12-02"}, "fields": ["subject"]});
    let listed = call(&app, "list_task_documents", asked).await.unwrap();
    assert_eq!(listed["documents"][0]["subject"], "Oil the shelves", "{listed}");
}

#[on_every_version]
async fn a_time_with_an_offset_is_the_same_moment_on_the_sites_clocks_and_the_answer_says_so() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all(), "Event": all()}));
    made(&site, "2019-03-05 10:30:00.000000").await;
    let said = |answer: &Value, text: &str| answer["messages"].to_string().contains(text);
    let filters = json!({"creation": ["<", "2019-03-05T16:01:00+05:30"]});
    let found = call(&app, "list_todo_documents", json!({"filters": filters})).await.unwrap();
    assert_eq!(found["count"], 1, "{found}");
    assert!(said(&found, "creation: 2019-03-05T16:01:00+05:30 is 2019-03-05 10:31:00 on the site's clocks"), "{found}");
    let filters = json!([["creation", "<", "2019-03-05T12:00:00+05:30"]]);
    let found = call(&app, "list_todo_documents", json!({"filters": filters})).await.unwrap();
    assert_eq!(found["count"], 0, "{found}");
    let data = json!({"subject": "Call", "starts_on": "2026-11-28T23:00:00-05:00", "event_type": "Private"});
    let made = call(&app, "create_event_document", json!({"data": data})).await.unwrap();
    assert!(said(&made, "starts_on: 2026-11-28T23:00:00-05:00 is 2026-11-29 04:00:00"), "{made}");
    let stored = site.stored("Event", made["created"].as_str().unwrap()).unwrap();
    assert_eq!(stored["starts_on"], "2026-11-29 04:00:00");
    let since = json!({"doctypes": ["Event"], "since": "2026-11-20T01:00:00+05:30"});
    let told = call(&app, "get_changes_since", since).await.unwrap();
    assert!(said(&told, "since: 2026-11-20T01:00:00+05:30 is 2026-11-19 19:30:00"), "{told}");
}

#[on_every_version]
async fn a_day_by_its_word_or_in_another_order_is_read_as_the_one_that_is_meant_and_the_answer_says_so() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all(), "Event": all()}));
    let said = |answer: &Value, text: &str| answer["messages"].to_string().contains(text);
    let data = json!({"description": "Count the shelves", "date": "31.12.2099"});
    let made = call(&app, "create_todo_document", json!({"data": data})).await.unwrap();
    assert!(said(&made, "date: 31.12.2099 is read as 2099-12-31"), "{made}");
    let name = made["created"].as_str().unwrap();
    assert_eq!(site.stored("ToDo", name).unwrap()["date"], "2099-12-31");

    let found =
        call(&app, "list_todo_documents", json!({"filters": {"date": ["between", ["30.12.2099", "2099/12/31"]]}}));
    assert_eq!(found.await.unwrap()["documents"][0]["name"], name);
    for (filters, count) in
        [(json!({"creation": "Today", "name": name}), 1), (json!({"date": ["<", "tomorrow"], "name": name}), 0)]
    {
        let found = call(&app, "list_todo_documents", json!({"filters": filters, "count": true})).await.unwrap();
        assert_eq!(found["count"], count, "{found}");
        assert!(said(&found, "on the site's clocks"), "{found}");
    }
    // It takes its words itself.
    let span = json!({"filters": {"creation": ["Timespan", "today"], "name": name}});
    let found = call(&app, "list_todo_documents", span).await.unwrap();
    assert!(found["count"] == 1 && !said(&found, "on the site's clocks"), "{found}");

    for since in ["31.12.2099", "yesterday"] {
        let told = call(&app, "get_changes_since", json!({"doctypes": ["Event"], "since": since})).await.unwrap();
        assert!(said(&told, &format!("since: {since} is ")), "{told}");
    }

    // What could be two days is asked about.
    let text = refusal(&app, "list_todo_documents", json!({"filters": {"date": "01.12.2026"}})).await;
    assert!(text.contains("expected a date as YYYY-MM-DD") && !text.contains("did you mean"), "{text}");
    let data = json!({"date": "yesterday"});
    let changed = call(&app, "update_todo_document", json!({"name": name, "data": data})).await.unwrap();
    assert!(said(&changed, "date: yesterday is 20"), "{changed}");
}

/// Wherever a day is given: beside labels, in rows of many documents, among the arguments of a tool, in a report's filters.
#[on_every_version]
async fn a_day_is_read_alike_wherever_it_is_given() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all(), "reports": ["*"]})));
    let said = |answer: &Value, text: &str| answer["messages"].to_string().contains(text);
    let data = json!({"Description": "Dust the shelves", "Due Date": "31.12.2099"});
    let made = call(&app, "create_todo_document", json!({"data": data})).await.unwrap();
    assert!(said(&made, "Due Date: 31.12.2099 is read as 2099-12-31"), "{made}");
    let name = made["created"].as_str().unwrap();
    assert_eq!(site.stored("ToDo", name).unwrap()["date"], "2099-12-31");
    let listed = call(&app, "list_todo_documents", json!({"filters": {"Due Date": "12/31/2099"}})).await.unwrap();
    assert_eq!(listed["documents"][0]["name"], name, "{listed}");

    let rows: Vec<Value> = (13..21).map(|day| json!({"description": "x", "date": format!("{day}.12.2098")})).collect();
    let many = call(&app, "create_bulk_documents", json!({"doctype": "ToDo", "documents": rows})).await.unwrap();
    assert!(said(&many, "date: 13.12.2098 is read as 2098-12-13"), "{many}");
    assert!(said(&many, "date: others are read in the same way") && !said(&many, "20.12.2098"), "{many}");
    let found = call(&app, "list_todo_documents", json!({"filters": {"date": "2098-12-20"}, "count": true})).await;
    assert_eq!(found.unwrap()["count"], 1);

    let assign = json!({"doctype": "ToDo", "name": name, "user": "sales@example.com", "date": "tomorrow"});
    let assigned = call(&app, "assign_document", assign).await.unwrap();
    assert!(said(&assigned, "date: tomorrow is 20"), "{assigned}");

    // The DocType before a field is no field, though one of its fields is called so.
    let filters = json!([["Company", "date_of_establishment", ">", "31.12.1999"]]);
    let found = call(&app, "list_company_documents", json!({"filters": filters, "count": true})).await.unwrap();
    assert!(said(&found, "date_of_establishment: 31.12.1999 is read as 1999-12-31"), "{found}");

    let run = |filters: Value| json!({"name": "Accounts Receivable", "filters": filters, "limit": 1});
    let plain = call(&app, "run_report", run(json!({"report_date": "2026-11-20"}))).await.unwrap();
    let other = call(&app, "run_report", run(json!({"Report Date": "20.11.2026"}))).await.unwrap();
    assert_eq!((&other["filters"], &other["rows"]), (&plain["filters"], &plain["rows"]), "{other}");
    assert!(said(&other, "report_date: 20.11.2026 is read as 2026-11-20"), "{other}");
    let twice = refusal(&app, "run_report", run(json!({"Report Date": "2026-11-20", "report date": "today"}))).await;
    assert!(twice.contains("no such filter"), "{twice}");
    let today = call(&app, "run_report", run(json!({"report_date": "today"}))).await.unwrap();
    assert!(said(&today, "report_date: today is 20"), "{today}");
}

/// Days that could be two each, where one beside them shows the order: between two of them, in several rows, in a report.
#[on_every_version]
async fn a_day_that_could_be_two_is_read_as_those_beside_it_are_written() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all(), "reports": ["*"]})));
    let said = |answer: &Value, text: &str| answer["messages"].to_string().contains(text);
    let many = |days: [&str; 2]| {
        let rows = days.map(|day| json!({"description": "Wax the shelves", "date": day}));
        json!({"doctype": "ToDo", "documents": rows})
    };
    let made = call(&app, "create_bulk_documents", many(["1.10.2098", "31.10.2098"])).await.unwrap();
    assert!(said(&made, "date: 1.10.2098 is read as 2098-10-01"), "{made}");
    let between = |days: [&str; 2]| json!({"filters": {"date": ["between", days]}, "count": true});
    let found = call(&app, "list_todo_documents", between(["1.10.2098", "31.10.2098"])).await.unwrap();
    assert_eq!(found["count"], 2, "{found}");
    assert!(said(&found, "date: 1.10.2098 is read as 2098-10-01"), "{found}");

    for days in [["1.10.2098", "31/10/2098"], ["1.10.2098", "2.10.2098"]] {
        let text = refusal(&app, "list_todo_documents", between(days)).await;
        assert!(text.contains("found \"1.10.2098\"; it may be 2098-10-01 or 2098-01-10"), "{text}");
    }
    // A number that looks like a day shows nothing of days.
    let bill = json!({"filters": {"bill_no": "10-31-2026", "posting_date": "01-10-2026"}});
    let text = refusal(&app, "list_purchase_invoice_documents", bill).await;
    assert!(text.contains("it may be 2026-10-01 or 2026-01-10"), "{text}");
    let three = json!({"filters": {"date": ["in", ["1.10.2098", "31.10.2098", "10.31.2098"]]}});
    assert!(refusal(&app, "list_todo_documents", three).await.contains("2098-10-01 or 2098-01-10"));

    let run = |from: &str| {
        let filters = json!({"company": "Alderway Furniture", "from_date": from, "to_date": "31.10.2026"});
        json!({"name": "General Ledger", "filters": filters, "limit": 1})
    };
    let report = call(&app, "run_report", run("1.10.2026")).await.unwrap();
    assert!(said(&report, "from_date: 1.10.2026 is read as 2026-10-01"), "{report}");
    let text = refusal(&app, "run_report", run("1/10/2026")).await;
    assert!(text.contains("it may be 2026-10-01 or 2026-01-10"), "{text}");
}
