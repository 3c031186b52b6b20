//! Conditions on reading: which documents there are for a caller at all.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call, refusal};

/// Everything on customers, of the territory North only.
fn north() -> Value {
    let mut rule = all();
    rule["conditions"] = json!({"read": {"territory": ["North"]}});
    rule
}

fn names(listed: &Value) -> Vec<String> {
    let documents = listed["documents"].as_array().unwrap_or_else(|| panic!("{listed}"));
    documents.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[on_every_version]
async fn a_document_outside_is_as_good_as_missing_on_every_way() {
    let site = SampleSite::start().await;
    let other = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let app = site.app(json!({"Customer": north(), "Contact": all()}));
    let named = |name: &str| json!({"name": name});
    let told = refusal(&app, "get_customer_document", named(&other)).await;
    let missing = refusal(&app, "get_customer_document", named("No Such Customer")).await;
    assert_eq!(told.replace(&other, "X"), missing.replace("No Such Customer", "X"), "whether it exists is not told");
    let generic = |more: Value| {
        let mut given = json!({"doctype": "Customer", "name": other});
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        given
    };
    for (tool, given) in [
        ("update_generic_document", generic(json!({"data": {"website": "x.example"}}))),
        ("delete_generic_document", generic(json!({"confirm": true}))),
        ("get_document_history", generic(json!({}))),
        ("get_linked_documents", generic(json!({}))),
        ("add_comment", generic(json!({"content": "x"}))),
        ("rename_document", generic(json!({"new_name": "Other"}))),
        ("get_workflow_actions", generic(json!({}))),
    ] {
        let text = refusal(&app, tool, given).await;
        assert!(text.contains("among those that"), "{tool}: {text}");
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn lists_counts_sums_and_searches_hold_only_what_is_inside() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Customer": all()}));
    let asked = json!({"filters": {"territory": "North"}, "limit": 500, "fields": ["name"], "count": true});
    let inside = call(&open, "list_customer_documents", asked).await.unwrap();
    let everyone = call(&open, "list_customer_documents", json!({"limit": 500, "fields": ["name"]})).await.unwrap();
    assert!(names(&inside).len() < names(&everyone).len());
    let app = site.app(json!({"Customer": north()}));
    let list = json!({"limit": 500, "fields": ["name"], "count": true, "or_filters": {"name": ["like", "%"]}});
    let listed = call(&app, "list_customer_documents", list).await.unwrap();
    assert_eq!(listed["total"], inside["total"]);
    let sorted = |listed: &Value| std::collections::BTreeSet::from_iter(names(listed));
    assert_eq!(sorted(&listed), sorted(&inside));
    let other = first(&open, "Customer", json!({"territory": "South"})).await;
    for (tool, argument) in
        [("search_customer_documents", "search_term"), ("search_link", "text"), ("global_search", "text")]
    {
        let mut given = json!({argument: other});
        if tool == "search_link" {
            given["doctype"] = json!("Customer");
        }
        let found = call(&app, tool, given).await.unwrap();
        assert!(!names(&found).contains(&other), "{tool}: {found}");
    }
    let counted = json!({"doctype": "Customer", "measures": ["count"], "group_by": ["territory"]});
    let groups = call(&app, "aggregate_documents", counted).await.unwrap().to_string();
    assert!(groups.contains("North") && !groups.contains("South"), "{groups}");
}

#[on_every_version]
async fn a_choice_of_conditions_holds_in_lists_and_searches_too() {
    let site = SampleSite::start().await;
    let mut rule = all();
    rule["conditions"] = json!({"read": {"disabled": 0, "any_of": [{"territory": "North"}, {"territory": "South"}]}});
    let app = site.app(json!({"Customer": rule}));
    let listed = call(&app, "list_customer_documents", json!({"limit": 500, "fields": ["territory"]})).await.unwrap();
    let territories: Vec<&Value> =
        listed["documents"].as_array().unwrap().iter().map(|row| &row["territory"]).collect();
    assert!(!territories.is_empty());
    assert!(
        territories.iter().all(|territory| [json!("North"), json!("South")].contains(territory)),
        "{territories:?}"
    );
    let all = names(&call(&app, "list_customer_documents", json!({"limit": 500})).await.unwrap());
    let searched = call(&app, "search_customer_documents", json!({"search_term": "e", "limit": 500})).await.unwrap();
    assert!(!names(&searched).is_empty() && names(&searched).iter().all(|name| all.contains(name)), "{searched}");
    // The site takes one choice: together with the caller's own there is no second page, and no total.
    let either = json!({"or_filters": {"name": ["like", "%a%"], "website": ["like", "%"]}, "limit": 3});
    assert_eq!(names(&call(&app, "list_customer_documents", either.clone()).await.unwrap()).len(), 3);
    // In the order that was asked for, whichever choice of the scope a document satisfies.
    for order in ["name desc", "customer_name asc"] {
        let ordered =
            json!({"or_filters": {"name": ["like", "%"]}, "order_by": order, "limit": 500, "fields": ["name"]});
        let found = names(&call(&app, "list_customer_documents", ordered).await.unwrap());
        let asked = json!({"order_by": order, "limit": 500, "fields": ["name"]});
        assert_eq!(found, names(&call(&app, "list_customer_documents", asked).await.unwrap()), "{order}");
    }
    let mut counted = either;
    counted["count"] = json!(true);
    let text = refusal(&app, "list_customer_documents", counted).await;
    assert!(text.contains("filters instead of or_filters"), "{text}");
}

#[on_every_version]
async fn reports_do_not_run_over_documents_of_which_only_some_may_be_read() {
    let site = SampleSite::start().await;
    let report = json!({"read": true, "report": true});
    let mut scoped = report.clone();
    scoped["conditions"] = json!({"read": {"territory": ["North"]}});
    let permissions =
        |reports: Value| json!({"reports": reports, "doctypes": {"Sales Invoice": report, "Customer": scoped}});
    let app = app_of(&site.config(permissions(json!(["Accounts Receivable"]))));
    let filters = json!({"company": crate::sandbox::COMPANY});
    let text = refusal(&app, "run_report", json!({"name": "Accounts Receivable", "filters": filters})).await;
    assert!(text.contains("every Customer, of which"), "{text}");
    // What others sum up shows no Customer: they run only where somebody named them.
    let sums = ["Territory-wise Sales", "Trial Balance (Simple)"];
    for reports in [json!(["*", "Accounts Receivable"]), json!(["T*", "Accounts Receivable"])] {
        let app = app_of(&site.config(permissions(reports)));
        for name in sums {
            let text = refusal(&app, "run_report", json!({"name": name})).await;
            assert!(
                text.contains("does not name it in full") && text.contains("over every Customer"),
                "{name}: {text}"
            );
        }
        let listed = call(&app, "list_reports", json!({})).await.unwrap().to_string();
        assert!(listed.contains("Accounts Receivable") && !sums.iter().any(|name| listed.contains(name)), "{listed}");
    }
    let app = app_of(&site.config(permissions(json!(sums))));
    for name in sums {
        call(&app, "run_report", json!({"name": name})).await.unwrap();
    }
}

#[on_every_version]
async fn what_is_made_outside_is_made_and_not_shown() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": north(), "Territory": all(), "Customer Group": all()}));
    let data = json!({"customer_name": "Elsewhere Ltd", "territory": "South", "customer_group": "Offices", "customer_type": "Company"});
    let made = call(&app, "create_customer_document", json!({"data": data})).await;
    let made = made.unwrap_or_else(|error| panic!("{}", error.for_model()));
    assert!(made["messages"].to_string().contains("not among the documents that may be read"), "{made}");
    assert_eq!(made.as_object().unwrap().keys().collect::<Vec<_>>(), ["created", "messages"]);
}

#[on_every_version]
async fn no_update_moves_a_document_out_of_its_callers_sight() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": north(), "Territory": all()}));
    let name = first(&app, "Customer", json!({})).await;
    for territory in ["South", "ＳＯＵＴＨ"] {
        let update = json!({"name": name, "data": {"territory": territory}});
        let text = refusal(&app, "update_customer_document", update).await;
        assert!(text.contains("territory must be") && text.contains("Nothing was sent"), "{text}");
        let rows = json!([{"name": name, "territory": territory}]);
        let told =
            call(&app, "update_bulk_documents", json!({"doctype": "Customer", "documents": rows})).await.unwrap();
        assert_eq!(told["done"], 0, "{told}");
    }
    assert_eq!(site.writes(), Vec::<String>::new());
    call(&app, "update_customer_document", json!({"name": name, "data": {"website": "x.example"}})).await.unwrap();
    // A name decides as any field does.
    let mut named = all();
    named["conditions"] = json!({"read": {"name": {"like": format!("{}%", &name[..3])}}});
    let rename = json!({"doctype": "Customer", "name": name, "new_name": "Quartz"});
    let text = refusal(&site.app(json!({"Customer": named})), "rename_document", rename).await;
    assert!(text.contains("the document as renamed does not: name must be like"), "{text}");
    assert_eq!(site.writes().len(), 1);
}

#[on_every_version]
async fn a_document_and_a_list_are_judged_by_the_collation_of_the_site() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Customer": all()}));
    let make = |name: &str, website: &str| {
        let data = json!({"customer_name": name, "customer_type": "Company", "website": website});
        json!({"data": data})
    };
    let spellings =
        ["Océan", "ocean", "ＯＣＥＡＮ", "oc\u{200B}ean", "ocean  ", "øcean", "oce\u{301}an", "ocèan\u{AD}", "o.cean"];
    for (at, spelling) in spellings.iter().enumerate() {
        call(&open, "create_customer_document", make(&format!("Collated {at}"), spelling)).await.unwrap();
    }
    for test in [json!(["OCÉAN"]), json!({"not_in": ["OCÉAN"]}), json!({"like": "océ%"}), json!({"ne": "ocean"})] {
        let mut rule = all();
        rule["conditions"] = json!({"read": {"website": test}});
        let app = site.app(json!({"Customer": rule}));
        let asked = json!({"filters": {"name": ["like", "Collated%"]}, "fields": ["name"], "limit": 50});
        let listed = names(&call(&app, "list_customer_documents", asked).await.unwrap());
        for (at, spelling) in spellings.iter().enumerate() {
            let name = format!("Collated {at}");
            let seen = call(&app, "get_customer_document", json!({"name": name})).await.is_ok();
            assert_eq!(seen, listed.contains(&name), "{test}: {spelling:?}");
        }
        assert!(!listed.is_empty() && listed.len() < spellings.len(), "{test}: {listed:?}");
    }
}
