//! Titles in the place of names: in filters that compare a link, and where a document is named; and texts that filters compare.

use serde_json::json;

use crate::sandbox::{first, site};
use crate::support::{all, call, refusal};

#[on_every_version]
async fn a_filter_by_the_title_of_a_linked_document_is_one_by_its_name_and_the_answer_says_so() {
    let (_site, app) = site(json!({"default": all()})).await;
    let project = first(&app, "Project", json!({"project_name": "Kestrel second floor"})).await;
    let list = |project: &str| json!({"filters": {"project": project}, "fields": ["name"], "count": true});
    let by_name = call(&app, "list_task_documents", list(&project)).await.unwrap();
    assert!(by_name["total"].as_u64().unwrap() > 0, "{by_name}");
    let by_title = call(&app, "list_task_documents", list("kestrel second floor")).await.unwrap();
    assert_eq!((&by_title["documents"], &by_title["total"]), (&by_name["documents"], &by_name["total"]));
    let said = format!("project: \"kestrel second floor\" is \"{project}\"");
    assert!(by_title["note"].as_str().unwrap().contains(&said), "{by_title}");

    let sum = |item: &str| json!({"doctype": "Sales Invoice", "measures": ["sum(items.qty)"], "filters": {"items.item_code": item}});
    let by_name = call(&app, "aggregate_documents", sum("TBL-OAK-160")).await.unwrap();
    let by_title = call(&app, "aggregate_documents", sum("Oak Desk 160 cm")).await.unwrap();
    assert_eq!(by_title["groups"], by_name["groups"]);
    assert!(by_title["note"].as_str().unwrap().contains("is \"TBL-OAK-160\""), "{by_title}");
    let count = |project: &str| json!({"doctype": "Task", "filters": {"project": project}});
    let (by_name, by_title) = (count(&project), count("Kestrel second floor"));
    let by_name = call(&app, "aggregate_documents", by_name).await.unwrap();
    assert_eq!(call(&app, "aggregate_documents", by_title).await.unwrap()["groups"], by_name["groups"]);
}

#[on_every_version]
async fn a_title_of_what_may_not_be_read_is_no_name() {
    let (_site, app) = site(json!({"doctypes": {"Task": {"read": true}}})).await;
    let list = json!({"filters": {"project": "Kestrel second floor"}, "count": true});
    let listed = call(&app, "list_task_documents", list).await.unwrap();
    assert_eq!(listed["total"], 0, "{listed}");
    assert!(listed["note"].is_null(), "{listed}");
}

#[on_every_version]
async fn a_tool_that_gets_a_title_in_the_place_of_a_name_tells_the_name() {
    let (site, app) = site(json!({"default": all()})).await;
    let title = "Gable End Theatre";
    let lead = first(&app, "Lead", json!({"company_name": title})).await;
    for (tool, more) in [
        ("get_generic_document", json!({})),
        ("get_linked_documents", json!({})),
        ("list_conversions", json!({})),
        ("convert_document", json!({"to": "Opportunity", "save": true})),
        ("update_generic_document", json!({"data": {"status": "Open"}})),
        ("delete_generic_document", json!({})),
        ("add_comment", json!({"content": "x"})),
        ("get_workflow_actions", json!({})),
    ] {
        let mut given = json!({"doctype": "Lead", "name": title});
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = refusal(&app, tool, given).await;
        assert!(text.contains(&format!("no Lead is named {title:?}; did you mean {lead:?}?")), "{tool}: {text}");
    }
    assert!(site.journal().is_empty());
}

#[on_every_version]
async fn a_text_that_another_filter_left_out_is_not_told_as_one_that_no_document_has() {
    let (_site, app) = site(json!({"default": all()})).await;
    let given = json!({"doctype": "Address", "filters": {"city": "Ballyoran", "address_type": "Office"}});
    for tool in ["list_generic_documents", "aggregate_documents"] {
        let told = call(&app, tool, given.clone()).await.unwrap();
        assert!(!told["note"].to_string().contains("no document has"), "{tool}: {told}");
    }
}

#[on_every_version]
async fn of_what_may_be_meant_the_title_tells_what_it_is() {
    let (_site, app) = site(json!({"default": all()})).await;
    let given = json!({"doctype": "Task", "filters": {"project": "lobby"}});
    let listed = call(&app, "list_generic_documents", given).await.unwrap();
    let one = "did you mean \"PROJ-0001\" (Refit of the Bluewater lobby)?";
    assert!(listed["note"].as_str().unwrap_or_default().ends_with(one), "{listed}");
    let text = refusal(&app, "get_stock_balance", json!({"item_code": "chair"})).await;
    assert!(text.matches(" Chair)").count() == 3 && text.contains(" or another?"), "{text}");
}

#[on_every_version]
async fn a_name_that_nothing_is_like_is_told_with_what_has_its_words() {
    let (_site, app) = site(json!({"default": all()})).await;
    for (account, meant) in [
        ("Rounding Charges - AWF", "; did you mean \"Rounding - AWF\"?"),
        ("Petty Expenses - AWF", "; did you mean \"Petty Cash - AWF\" or \"Expenses - AWF\"?"),
        // The suffix that every account has tells nothing.
        ("Nowhere at all - AWF", ""),
    ] {
        let given = json!({"doctype": "GL Entry", "filters": {"account": account}});
        let listed = call(&app, "list_generic_documents", given).await.unwrap();
        let told = format!("account: there is no Account {account:?}{meant}");
        assert!(listed["note"].as_str().unwrap_or_default().ends_with(&told), "{told}\n{listed}");
    }
    let given = json!({"doctype": "Sales Order", "filters": {"items.item_code": "Lifting Desk"}});
    let listed = call(&app, "list_generic_documents", given).await.unwrap();
    let note = listed["note"].as_str().unwrap_or_default();
    assert!(note.contains("there is no Item \"Lifting Desk\"; did you mean") && note.contains("Desk"), "{listed}");
}
