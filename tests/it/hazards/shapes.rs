//! Shapes that change from call to call, and names that do not mean what they say.

use serde_json::{Value, json};

use super::{Place, at, raw_list};
use crate::support::{all, call};

#[on_every_version]
async fn h14_new_rows_are_marked_in_the_answer_to_a_write() {
    let place = Place::new().await;
    let data = json!({"title": "x", "rows": [{"qty": 1}]});
    let echo = place.post("Odd Thing", data.clone()).await;
    assert_eq!(echo["rows"][0]["__unsaved"], 1);

    let create = json!({"doctype": "Odd Thing", "data": data, "return_document": true});
    let made = place.call("create_generic_document", create).await;
    let name = made["created"].clone();
    let data = json!({"rows": {"add": [{"qty": 2}]}});
    let update = json!({"doctype": "Odd Thing", "name": name, "data": data, "return_document": true});
    let changed = place.call("update_generic_document", update).await;
    assert_eq!(
        (&made["document"]["rows"][0]["qty"], &changed["document"]["rows"][1]["qty"]),
        (&json!(1.0), &json!(2.0))
    );
    for answer in [made, changed] {
        assert!(!answer.to_string().contains("__unsaved"), "{answer}");
    }
    // What the site maps from another document is marked all over.
    let order = place.order(1).await;
    place.call("submit_document", json!({"doctype": "Sales Order", "name": order})).await;
    let draft = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
    let draft = place.call("convert_document", draft).await.to_string();
    assert!(draft.contains("items") && !draft.contains("__unsaved") && !draft.contains("__islocal"), "{draft}");
}

#[on_every_version]
async fn h25_nothing_is_null_in_a_list_and_absent_in_a_document() {
    let place = Place::new().await;
    let made = place.post("Odd Thing", json!({"title": "x"})).await;
    let name = made["name"].as_str().unwrap();
    let (_, listed) =
        place.raw("administrator", "GET", &raw_list("Odd Thing", &[("fields", json!(["class"]))]), Value::Null).await;
    let (_, single) = place.raw("administrator", "GET", &at("Odd Thing", name), Value::Null).await;
    assert_eq!((listed["data"][0].get("class"), single["data"].get("class")), (Some(&Value::Null), None));
    assert_eq!((listed["data"][0].get("doctype"), &single["data"]["doctype"]), (None, &json!("Odd Thing")));

    let list = json!({"doctype": "Odd Thing", "fields": ["class", "title", "modified"]});
    let row = place.call("list_generic_documents", list).await["documents"][0].clone();
    let get = json!({"doctype": "Odd Thing", "name": name, "fields": ["name", "class", "title"]});
    let mut whole = row;
    whole["class"] = Value::Null;
    assert_eq!(
        place.call("get_generic_document", get).await["document"],
        whole,
        "whoever asks is told that it is empty"
    );
    // To set what is absent, to leave it so and to empty it are three things, and none is told as a difference.
    let set = place.update("Odd Thing", name, json!({"class": "a", "from": null})).await;
    assert_eq!(set["changed"], json!({"class": {"from": null, "to": "a"}}), "{set}");
    let emptied = place.update("Odd Thing", name, json!({"class": null})).await;
    assert_eq!(emptied["changed"], json!({"class": {"from": "a", "to": null}}), "{emptied}");
    for answer in [set, emptied] {
        assert_eq!(answer.get("stored_differently"), None, "{answer}");
    }
}

#[on_every_version]
async fn h26_doctypes_are_exact_and_names_are_not() {
    let place = Place::new().await;
    for doctype in ["customer", "System Settings", "RQ Job"] {
        let (status, _) = place.raw("administrator", "GET", &raw_list(doctype, &[]), Value::Null).await;
        assert_eq!(status, 500, "{doctype}");
    }
    for (tool, rest) in [
        ("list_generic_documents", json!({})),
        ("search_generic_documents", json!({"search_term": "x"})),
        ("aggregate_documents", json!({})),
        ("search_link", json!({"text": "x"})),
    ] {
        // In other letters it is the one that there is.
        let mut given = rest.clone();
        given["doctype"] = json!("customer");
        place.call(tool, given).await;
        for (doctype, wanted) in [("System Settings", "is a Single"), ("RQ Job", "is a virtual DocType")] {
            let mut given = rest.clone();
            given["doctype"] = json!(doctype);
            if (tool, doctype) == ("list_generic_documents", "RQ Job") {
                // The desk's list has it (H72).
                assert_eq!(place.call(tool, given).await["documents"], json!([]));
                continue;
            }
            let text = place.refusal(tool, given).await;
            assert!(text.contains(wanted), "{tool} {doctype}: {text}");
        }
    }

    place.post("UOM", json!({"uom_name": "Dozen Boxes"})).await;
    let path = "/api/resource/UOM/dozen%20boxes";
    let (status, _) = place.raw("administrator", "PUT", path, json!({"must_be_whole_number": 1})).await;
    assert_eq!((status, &place.stored("UOM", "Dozen Boxes")["must_be_whole_number"]), (200, &json!(1)));
    let before = place.site.writes();
    for name in ["dozen boxes", "DOZEN BOXES", "Dozen Boxes "] {
        let named = |more: Value| {
            let mut given = json!({"doctype": "UOM", "name": name});
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            given
        };
        for (tool, given) in [
            ("update_generic_document", named(json!({"data": {"must_be_whole_number": false}}))),
            ("delete_generic_document", named(json!({"confirm": true}))),
            ("rename_document", named(json!({"new_name": "Other", "confirm": true}))),
            ("add_comment", named(json!({"content": "x"}))),
            ("tag_document", named(json!({"tag": "x"}))),
        ] {
            let text = place.refusal(tool, given).await;
            assert!(text.contains("did you mean \"Dozen Boxes\"?"), "{tool} {name:?}: {text}");
        }
        // Reading may be forgiving, as long as it says which document it is.
        let read = place.call("get_generic_document", named(json!({}))).await;
        assert_eq!(read["document"]["name"], "Dozen Boxes");
    }
    assert_eq!(place.site.writes(), before);
}

#[on_every_version]
async fn h27_values_in_forms_of_their_own() {
    let place = Place::new().await;
    let shape = json!({"type": "FeatureCollection", "features": []});
    let data = json!({
        "title": "x", "at_time": "01:02:03", "js": {"a": [1]}, "geo": shape, "big": 9_007_199_254_740_993_i64,
    });
    let mut plain = data.clone();
    plain["geo"] = json!(shape.to_string());
    plain["pwd"] = json!("canary-27");
    let name = place.post("Odd Thing", plain).await["name"].as_str().unwrap().to_owned();
    let (_, stored) = place.raw("administrator", "GET", &at("Odd Thing", &name), Value::Null).await;
    assert_eq!(stored["data"]["at_time"], "1:02:03");
    assert!(stored["data"]["js"].is_string() && stored["data"]["pwd"].as_str().unwrap().starts_with('*'));

    let read = place.call("get_generic_document", json!({"doctype": "Odd Thing", "name": name})).await;
    assert!(read["document"].get("pwd").is_none() && !read.to_string().contains("**"), "{read}");
    assert!(read["withheld"].as_array().unwrap().contains(&json!("pwd")), "{read}");
    // None of these forms is taken for a value that the site changed.
    let create = json!({"doctype": "Odd Thing", "data": data, "return_document": true});
    let made = place.call("create_generic_document", create).await;
    assert_eq!(made.get("stored_differently"), None, "{made}");
    let document = &made["document"];
    assert_eq!(document["big"], 9_007_199_254_740_993_i64);
    let name = made["created"].as_str().unwrap();
    let same = json!({"at_time": "1:02:03", "js": {"a": [1]}, "big": 9_007_199_254_740_993_i64});
    let again = place.update("Odd Thing", name, same).await;
    assert_eq!((again["changed"].clone(), again.get("stored_differently")), (json!({}), None), "{again}");
    let big = json!({"big": 9_007_199_254_740_995_i64});
    let told = json!({"big": {"from": 9_007_199_254_740_993_i64, "to": 9_007_199_254_740_995_i64}});
    assert_eq!(place.update("Odd Thing", name, big).await["changed"], told);
    // The asterisks that a read would show are not written back as the password.
    let text = place.refused_update("Odd Thing", name, json!({"pwd": "******"})).await;
    assert!(text.contains("data.pwd"), "{text}");
    let mut rule = all();
    rule["extra_fields"] = json!(["pwd"]);
    let app = place.site.app(json!({"Odd Thing": rule}));
    let change = |sent: &str| json!({"doctype": "Odd Thing", "name": name, "data": {"pwd": sent}});
    let text = call(&app, "update_generic_document", change("******")).await.unwrap_err().for_model();
    assert!(text.contains("data.pwd"), "{text}");
    let answer = call(&app, "update_generic_document", change("hush")).await.unwrap();
    assert!(answer["messages"].to_string().contains("pwd: sent; the site keeps it encrypted"), "{answer}");
}

#[on_every_version]
async fn h48_names_that_begin_or_end_with_a_slash_cannot_be_reached() {
    let place = Place::new().await;
    for name in ["behind", "behind/", "/ahead"] {
        assert_eq!(place.post("UOM", json!({"uom_name": name})).await["name"], name);
    }
    // The address of one leads to another.
    let (status, _) = place.raw("administrator", "DELETE", &at("UOM", "behind/"), Value::Null).await;
    assert_eq!((status, place.site.stored("UOM", "behind")), (202, None), "the wrong one is gone");
    place.post("UOM", json!({"uom_name": "behind"})).await;

    let before = place.site.writes();
    for name in ["behind/", "/ahead"] {
        for (tool, given) in [
            ("get_generic_document", json!({"doctype": "UOM", "name": name})),
            ("update_generic_document", json!({"doctype": "UOM", "name": name, "data": {"enabled": false}})),
            ("delete_generic_document", json!({"doctype": "UOM", "name": name, "confirm": true})),
            ("add_comment", json!({"doctype": "UOM", "name": name, "content": "x"})),
        ] {
            let text = place.refusal(tool, given).await;
            assert!(text.contains("begins or ends with '/'"), "{tool} {name:?}: {text}");
        }
        // And none is made: nobody could read, change or delete it.
        for (tool, given) in [
            ("create_generic_document", json!({"doctype": "UOM", "data": {"uom_name": format!("{name}{name}")}})),
            ("rename_document", json!({"doctype": "UOM", "name": "behind", "new_name": format!("{name}{name}")})),
            (
                "create_bulk_documents",
                json!({"doctype": "UOM", "documents": [{"uom_name": "Good"}, {"uom_name": format!("{name}{name}")}]}),
            ),
        ] {
            let text = place.refusal(tool, given).await;
            assert!(text.contains("begins or ends with '/'"), "{tool} {name:?}: {text}");
        }
    }
    assert_eq!(place.site.writes(), before);
}

#[on_every_version]
async fn h49_a_doctype_or_name_among_the_fields() {
    let place = Place::new().await;
    let made = place.post("ToDo", json!({"description": "call"})).await;
    let todo = made["name"].as_str().unwrap();
    let path = at("ToDo", todo);
    let (status, _) = place.raw("administrator", "PUT", &path, json!({"doctype": "Customer", "priority": "Low"})).await;
    assert_eq!((status, &place.stored("ToDo", todo)["priority"]), (200, &json!("Low")), "a ToDo, not a Customer");
    assert_eq!(place.raw("administrator", "PUT", &path, json!({"name": "other"})).await.0, 404);

    for (data, wanted) in [
        (json!({"doctype": "Customer", "priority": "High"}), "data.doctype: must be \"ToDo\" or left out"),
        (json!({"name": "other", "priority": "High"}), "data.name: a document is not renamed by an update"),
    ] {
        let text = place.refused_update("ToDo", todo, data).await;
        assert!(text.contains(wanted), "{text}");
    }
    assert_eq!(place.stored("ToDo", todo)["priority"], "Low");
    place.update("ToDo", todo, json!({"doctype": "ToDo", "priority": "High"})).await;
    assert_eq!(place.stored("ToDo", todo)["priority"], "High");
}
