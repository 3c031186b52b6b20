//! `get_changes_since`, as a poll sees it: every change once, in order.

use serde_json::{Value, json};

use crate::sandbox::{config, site};
use crate::support::{all, app_of, call, refusal};

fn seen(answer: &Value) -> Vec<String> {
    let changes = answer["changes"].as_array().unwrap().iter();
    changes
        .map(|change| format!("{} {}", change["doctype"].as_str().unwrap(), change["name"].as_str().unwrap()))
        .collect()
}

#[on_every_version]
async fn every_change_comes_once_and_in_order_whatever_the_page() {
    let (_site, app) = site(json!({"default": all()})).await;
    let asked = json!({"doctypes": ["Customer", "Item", "Sales Order"], "since": "2020-01-01", "limit": 500});
    let whole = call(&app, "get_changes_since", asked.clone()).await.unwrap();
    let mut count = 0;
    for doctype in ["Customer", "Item", "Sales Order"] {
        let list = json!({"doctype": doctype, "count": true, "limit": 1});
        count += call(&app, "list_generic_documents", list).await.unwrap()["total"].as_u64().unwrap();
    }
    assert_eq!((&whole["count"], &whole["more"]), (&json!(count), &json!(false)));
    let times: Vec<_> =
        whole["changes"].as_array().unwrap().iter().map(|change| change["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    for limit in [1, 7, 60] {
        let (mut paged, mut asked) = (Vec::new(), asked.clone());
        asked["limit"] = json!(limit);
        loop {
            let page = call(&app, "get_changes_since", asked.clone()).await.unwrap();
            paged.extend(seen(&page));
            asked = json!({"doctypes": asked["doctypes"], "cursor": page["cursor"], "limit": limit});
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(paged, seen(&whole), "limit {limit}");
    }
}

#[on_every_version]
async fn a_cursor_goes_on_from_the_last_change_that_has_room_in_the_answer() {
    let (site, app) = site(json!({"default": all()})).await;
    for (tokens, doctypes) in [(500, json!(["Customer"])), (2_000, json!(["Customer", "Item", "Sales Order"]))] {
        let whole = json!({"doctypes": doctypes, "since": "2020-01-01", "limit": 500});
        let whole = seen(&call(&app, "get_changes_since", whole).await.unwrap());
        let mut config = config(&site, "administrator", json!({"default": all()}));
        config["tools"] = json!({"max_result_tokens": tokens});
        let small = app_of(&config);
        let (mut paged, mut asked) = (Vec::new(), json!({"doctypes": doctypes, "since": "2020-01-01", "limit": 500}));
        loop {
            let page = call(&small, "get_changes_since", asked).await.unwrap();
            assert!(page.get("left_out").is_none(), "{tokens}: {page}");
            paged.extend(seen(&page));
            asked = json!({"doctypes": doctypes, "cursor": page["cursor"], "limit": 500});
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(paged, whole, "{tokens}");
    }
}

#[on_every_version]
async fn a_poll_sees_what_was_made_changed_and_deleted_since_and_nothing_twice() {
    let (site, app) = site(json!({"default": all()})).await;
    let first = json!({"doctypes": ["ToDo", "Task"], "since": "2026-11-25 00:00:00", "limit": 500});
    let mut cursor = call(&app, "get_changes_since", first).await.unwrap()["cursor"].clone();
    let mut poll = async || {
        let asked = json!({"doctypes": ["ToDo", "Task"], "cursor": cursor});
        let answer = call(&app, "get_changes_since", asked).await.unwrap();
        cursor = answer["cursor"].clone();
        answer
    };
    poll().await;
    assert_eq!(poll().await["changes"], json!([]));
    let made =
        call(&app, "create_generic_document", json!({"doctype": "ToDo", "data": {"description": "x"}})).await.unwrap();
    let seen_now = poll().await;
    assert_eq!(
        (seen(&seen_now), &seen_now["changes"][0]["created"]),
        (vec![format!("ToDo {}", made["created"].as_str().unwrap())], &json!(true))
    );
    let name = &made["created"];
    call(&app, "update_generic_document", json!({"doctype": "ToDo", "name": name, "data": {"status": "Closed"}}))
        .await
        .unwrap();
    let changed = poll().await;
    assert_eq!((seen(&changed).len(), changed["changes"][0].get("created")), (1, None));
    call(&app, "delete_generic_document", json!({"doctype": "ToDo", "name": name, "confirm": true})).await.unwrap();
    let gone = poll().await;
    assert_eq!((&gone["changes"][0]["deleted"], &gone["changes"][0]["name"]), (&json!(true), name), "{gone}");
    assert_eq!(poll().await["changes"], json!([]));
    // What was deleted is told only where Deleted Document may be read: it is not open beside rules.
    let rules = json!({"doctypes": {"ToDo": {"read": true, "restricted_fields": ["description"]}}});
    let closed = app_of(&config(&site, "administrator", rules));
    let asked = json!({"doctypes": ["ToDo"], "since": "2026-11-25 00:00:00"});
    let answer = call(&closed, "get_changes_since", asked).await.unwrap();
    assert!(answer["changes"].as_array().unwrap().iter().all(|change| change.get("deleted").is_none()), "{answer}");
    assert!(answer["note"].as_str().unwrap().contains("deleted documents are not told"), "{answer}");
    // The site itself lets hardly anybody look there.
    let other = app_of(&config(&site, "sales", json!({"default": all()})));
    let asked = json!({"doctypes": ["Customer"], "since": "2020-01-01"});
    let answer = call(&other, "get_changes_since", asked).await.unwrap();
    assert!(answer["count"].as_u64() > Some(0), "{answer}");
    assert!(answer["note"].as_str().unwrap().contains("deleted documents are not told"), "{answer}");
}

#[on_every_version]
async fn of_a_doctype_of_which_some_may_be_read_no_deleted_document_is_told() {
    let (site, open) = site(json!({"default": all()})).await;
    let task = json!({"doctype": "ToDo", "data": {"description": "x", "priority": "Low"}});
    let name = call(&open, "create_generic_document", task).await.unwrap()["created"].clone();
    let gone = json!({"doctype": "ToDo", "name": name, "confirm": true});
    call(&open, "delete_generic_document", gone).await.unwrap();
    let urgent = json!({"read": true, "conditions": {"read": {"priority": ["High"]}}});
    for (tasks, is_told) in [(json!({"read": true}), true), (urgent, false)] {
        let rules = json!({"doctypes": {"ToDo": tasks, "Deleted Document": {"read": true}}});
        let app = app_of(&config(&site, "administrator", rules));
        let asked = json!({"doctypes": ["ToDo"], "since": "2020-01-01 00:00:00", "limit": 500});
        let answer = call(&app, "get_changes_since", asked).await.unwrap();
        let told = answer["changes"].as_array().unwrap().iter().any(|change| change["name"] == name);
        assert_eq!(told, is_told, "{answer}");
        let note = answer["note"].as_str().unwrap_or_default();
        assert_eq!(note.contains("only some may be read"), !is_told, "{answer}");
    }
}

#[on_every_version]
async fn a_document_that_was_not_told_before_is_told_as_created_whatever_became_of_it() {
    let (_site, app) = site(json!({"default": all()})).await;
    let create = async |text: &str| {
        let data = json!({"doctype": "ToDo", "data": {"description": text}});
        call(&app, "create_generic_document", data).await.unwrap()["created"].clone()
    };
    let close = async |name: &Value| {
        let change = json!({"doctype": "ToDo", "name": name, "data": {"status": "Closed"}});
        call(&app, "update_generic_document", change).await.unwrap();
    };
    let first = json!({"doctypes": ["ToDo"], "since": "2026-11-25 00:00:00", "limit": 500});
    let mut cursor = call(&app, "get_changes_since", first).await.unwrap()["cursor"].clone();
    let (earlier, later) = (create("made and changed").await, create("made").await);
    close(&earlier).await;
    // The one that was made first comes last, on a page of its own.
    for (name, more) in [(&later, true), (&earlier, false)] {
        let asked = json!({"doctypes": ["ToDo"], "cursor": cursor, "limit": 1});
        let page = call(&app, "get_changes_since", asked).await.unwrap();
        assert_eq!((&page["changes"][0]["name"], &page["changes"][0]["created"]), (name, &json!(true)), "{page}");
        assert!(page["more"] == true || !more, "{page}");
        cursor = page["cursor"].clone();
    }
    // Who was told of it is told of a change.
    let asked = json!({"doctypes": ["ToDo"], "cursor": cursor});
    cursor = call(&app, "get_changes_since", asked).await.unwrap()["cursor"].clone();
    close(&later).await;
    let page = call(&app, "get_changes_since", json!({"doctypes": ["ToDo"], "cursor": cursor})).await.unwrap();
    assert_eq!((&page["changes"][0]["name"], page["changes"][0].get("created")), (&later, None), "{page}");
}

#[on_every_version]
async fn a_poll_that_cannot_be_meant_is_refused() {
    let (_site, app) = site(json!({"default": all()})).await;
    let cursor = call(&app, "get_changes_since", json!({"doctypes": ["ToDo"], "since": "2026-01-01"})).await.unwrap();
    for (arguments, why) in [
        (json!({"doctypes": [], "since": "2026-01-01"}), "Name 1 to 20 DocTypes"),
        (json!({"doctypes": ["ToDo"]}), "since: is mandatory"),
        (json!({"doctypes": ["ToDo"], "since": "last year"}), "since: has to be YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"),
        (json!({"doctypes": ["ToDo"], "since": "06.11.2026 07:00"}), "since: has to be YYYY-MM-DD"),
        (json!({"doctypes": ["Task"], "cursor": cursor["cursor"]}), "not one of these DocTypes"),
        (json!({"doctypes": ["System Settings"], "since": "2026-01-01"}), "is a Single"),
    ] {
        let told = refusal(&app, "get_changes_since", arguments).await;
        assert!(told.contains(why), "{told}");
    }
}
