//! What a site of 16 masks for a user, past lists and documents: titles, and documents made of others.

use serde_json::{Value, json};

use super::Place;
use crate::support::{Site, Version, all, call, refusal, version};

/// A lead with a title of its own, which the site masks for everybody but Administrator on 16.
async fn masked() -> (Place, String, String) {
    let place = Place::new().await;
    let mask = |site: &erpnext_sandbox::site::Site<'_>| {
        site.meta.mask("Lead", "title");
        Ok(())
    };
    place.site.sandbox.with(mask).unwrap();
    let lead = place.some("Lead", json!({"territory": "North"})).await;
    let title = "Rowan and Daughters";
    place.set("Lead", &lead, json!({"title": title}));
    (place, lead, title.to_owned())
}

#[on_every_version]
async fn h84_a_masked_title_is_neither_shown_nor_found() {
    let (place, lead, title) = masked().await;
    let app = place.app_as("other", json!({"default": {"read": true}}));
    let found = async |text: &str| {
        let found = call(&app, "search_link", json!({"doctype": "Lead", "text": text})).await.unwrap();
        found["documents"].as_array().unwrap().clone()
    };
    let masks = version() >= Version::V16;
    assert_eq!(found(&title).await.is_empty(), masks, "a mask is found by nothing");
    let by_name = found(&lead).await;
    assert_eq!(by_name[0].get("title"), (!masks).then(|| json!(title)).as_ref(), "{by_name:?}");
}

#[on_every_version]
async fn h84_nothing_is_made_of_a_document_whose_values_are_masked() {
    let (place, lead, _) = masked().await;
    let app = place.app_as("other", json!({"default": all()}));
    for save in [false, true] {
        let before = place.site.writes().len();
        let asked = json!({"doctype": "Lead", "name": lead, "to": "Opportunity", "save": save});
        let told = call(&app, "convert_document", asked).await;
        if version() < Version::V16 {
            told.unwrap();
            continue;
        }
        let text = told.map(|answer: Value| answer.to_string()).unwrap_err().for_model();
        assert!(text.contains("the site masks title of Lead for this user"), "{text}");
        assert_eq!(place.site.writes().len(), before);
    }
}

#[on_every_version]
async fn h84_duplicates_are_not_named_by_a_mask() {
    let (place, lead, title) = masked().await;
    let twin = place.some("Lead", json!({"name": ["!=", lead]})).await;
    for name in [&lead, &twin] {
        place.set("Lead", name, json!({"email_id": "rowan@example.org", "title": title}));
    }
    let app = place.app_as("other", json!({"default": {"read": true}}));
    let asked = json!({"doctype": "Lead", "fields": ["email_id"]});
    let found = call(&app, "find_duplicates", asked).await.unwrap();
    let documents = found["groups"][0]["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2, "{found}");
    let masks = version() >= Version::V16;
    let titles: Vec<Option<&str>> = documents.iter().map(|document| document["title"].as_str()).collect();
    assert_eq!(titles, [(!masks).then_some(title.as_str()); 2], "{found}");
}

#[on_every_version]
async fn h84_who_is_asked_about_many_deletes_sees_no_mask() {
    let (place, lead, _) = masked().await;
    let mask = |site: &erpnext_sandbox::site::Site<'_>| {
        site.meta.mask("Lead", "status");
        Ok(())
    };
    place.site.sandbox.with(mask).unwrap();
    let app = place.app_as("other", json!({"doctypes": {"Lead": all()}}));
    let delete = json!({"doctype": "Lead", "names": [lead]});
    let shown = refusal(&app, "delete_bulk_documents", delete.clone()).await;
    assert!(shown.contains("confirm_token") && shown.contains(lead.as_str()), "{shown}");
    assert!(!shown.contains("XXXX"), "{shown}");
    // Each by itself as a trial: of a server that knows nothing of the masks yet.
    let app = place.app_as("other", json!({"doctypes": {"Lead": all()}}));
    let mut trial = delete;
    trial["dry_run"] = json!(true);
    let shown = call(&app, "delete_bulk_documents", trial).await.unwrap().to_string();
    assert!(shown.contains(lead.as_str()) && !shown.contains("XXXX"), "{shown}");
}

#[on_every_version]
async fn h84_who_is_asked_about_a_delete_sees_no_mask_and_nothing_is_judged_by_one() {
    let (place, lead, title) = masked().await;
    let mask = |site: &erpnext_sandbox::site::Site<'_>| {
        site.meta.mask("Lead", "status");
        Ok(())
    };
    place.site.sandbox.with(mask).unwrap();
    let customer = place.some("Customer", json!({})).await;
    place.set("Lead", &lead, json!({"customer": customer}));
    let app = place.app_as("other", json!({"doctypes": {"Lead": all(), "Customer": all()}}));
    for (doctype, name) in [("Lead", &lead), ("Customer", &customer)] {
        let shown = refusal(&app, "delete_generic_document", json!({"doctype": doctype, "name": name})).await;
        assert!(shown.contains("confirm_token") && shown.contains(lead.as_str()), "{shown}");
        assert!(!shown.contains("XXXX"), "{shown}");
    }
    let before = place.site.writes().len();
    for operation in ["delete", "read"] {
        let mut rule = all();
        rule["conditions"] = json!({operation: {"title": {"ne": title}}});
        let app = place.app_as("other", json!({"doctypes": {"Lead": rule}}));
        let arguments = json!({"doctype": "Lead", "name": lead, "confirm": true});
        let told = refusal(&app, "delete_generic_document", arguments).await;
        assert_eq!(place.site.writes().len(), before, "{operation}: {told}");
        if operation == "read" {
            refusal(&app, "get_generic_document", json!({"doctype": "Lead", "name": lead})).await;
        }
    }
}

#[on_every_version]
async fn h84_a_create_takes_no_mask_for_what_the_site_stored() {
    let (place, _, _) = masked().await;
    let mask = |site: &erpnext_sandbox::site::Site<'_>| {
        site.meta.mask("Lead", "website");
        Ok(())
    };
    place.site.sandbox.with(mask).unwrap();
    let app = place.app_as("other", json!({"doctypes": {"Lead": all()}}));
    let data = json!({"first_name": "Rowan", "website": "rowan.example.org"});
    let asked = json!({"doctype": "Lead", "data": data, "return_document": true});
    let made = call(&app, "create_generic_document", asked).await.unwrap();
    assert!(made["stored_differently"]["website"].is_null(), "{made}");
    assert!(!made.to_string().contains("XXXX"), "{made}");
    let lead = made["created"].as_str().unwrap();
    assert_eq!(place.stored("Lead", lead)["website"], "rowan.example.org");
}

#[on_every_version]
async fn h84_where_a_title_was_found_masked_no_guess_takes_longer() {
    let site = Site::start().await;
    let meta = json!({"doctype": "DocType", "name": "Lead", "module": "CRM", "fields": [], "masked_fields": ["title"]});
    site.metadata(json!([meta])).await;
    site.data("GET", "/api/resource/Lead", json!([{"name": "L-1", "title": "XXXXXXXX"}])).await;
    let app = site.app(json!({"Lead": {"read": true}}));
    let search = async |text: &str| {
        let before = site.sent().await.len();
        call(&app, "global_search", json!({"text": text, "doctypes": ["Lead"]})).await.unwrap();
        site.sent().await.split_off(before)
    };
    let masks = version() >= Version::V16;
    let first = search("Rowan").await;
    assert_eq!(first.len(), if masks { 3 } else { 1 }, "{first:?}");
    let second = search("Birch").await;
    assert_eq!(second.len(), 1, "{second:?}");
    assert_eq!(second[0].1.to_string().contains("title"), !masks, "{second:?}");
}
