//! What `getdoctype` gives, to whom, and of what.

use std::collections::BTreeSet;

use erpnext_mcp::context::overlay::Overlay;
use serde_json::{Map, Value, json};

use super::{Place, encoded};
use crate::cli::add_custom_field;
use crate::sandbox::SampleSite;
use crate::support::{META, Site, Version, all, app_of, call, load, refusal, version};

fn meta(doctype: &str) -> String {
    format!("{META}?doctype={}", encoded(doctype))
}

#[on_every_version]
async fn h30_everybody_gets_the_metadata_of_everything() {
    let place = Place::new().await;
    let (status, form) = place.raw("reader", "GET", &meta("Salary Slip"), Value::Null).await;
    let fields =
        if status == 200 { form } else { place.raw("reader", "GET", &meta("Sales Invoice"), Value::Null).await.1 };
    assert!(fields["docs"][0]["fields"].as_array().unwrap().len() > 20, "{fields}");

    let rule = json!({"read": true, "restricted_fields": ["tax_id", "sales_team", "credit_limits.credit_limit"]});
    let app = place.app_as("reader", json!({"doctypes": {"Customer": rule}}));
    for tool in ["get_doctype_schema", "get_doctype_permissions"] {
        let text = refusal(&app, tool, json!({"doctype": "Sales Invoice"})).await;
        assert!(text.contains("not available by this server's configuration"), "{tool}: {text}");
    }
    let schema = call(&app, "get_doctype_schema", json!({"doctype": "Customer"})).await.unwrap();
    assert!(schema["fields"].to_string().contains("\"customer_name\""), "{schema}");
    // Above permlevel 0, and Password: nobody named them.
    for hidden in ["\"tax_id\"", "\"sales_team\"", "\"credit_limit\"", "\"custom_secret_score\""] {
        assert!(!schema.to_string().contains(hidden), "{hidden}: {schema}");
    }
    let listed = call(&app, "list_doctypes", json!({})).await.unwrap();
    assert_eq!(listed["total"], 1, "{listed}");
    let text = refusal(&app, "get_doctype_schema", json!({"doctype": "Customer", "fields": ["tax_id"]})).await;
    assert!(text.contains("no such field in Customer"), "{text}");
}

#[on_every_version]
async fn h31_a_doctype_that_is_missing_is_one_thing_to_one_user_and_another_to_the_next() {
    let place = Place::new().await;
    for (key, status) in [("administrator", 404), ("reader", 403)] {
        assert_eq!(place.raw(key, "GET", &meta("Nope Thing"), Value::Null).await.0, status);
        let app = place.app_as(key, json!({"default": all()}));
        for tool in ["list_generic_documents", "get_doctype_schema", "aggregate_documents"] {
            let text = refusal(&app, tool, json!({"doctype": "Nope Thing"})).await;
            assert!(
                text.contains("The site has no DocType \"Nope Thing\", or its user may not see it"),
                "{key}: {text}"
            );
        }
    }
}

/// As a site answers that was asked with `with_parent`, which no sandbox could be made to do by this server.
#[on_every_version]
async fn h34_the_first_doctype_of_a_bundle_need_not_be_the_one_asked_for() {
    let place = Place::new().await;
    let (_, form) =
        place.raw("administrator", "GET", &format!("{}&with_parent=0", meta("Odd Thing Row")), Value::Null).await;
    assert_eq!(form["docs"][0]["name"], "Odd Thing");
    let schema = place.call("get_doctype_schema", json!({"doctype": "Odd Thing Row"})).await;
    assert_eq!((&schema["doctype"], &schema["child_table"]), (&json!("Odd Thing Row"), &json!(true)));

    let site = Site::start().await;
    let doctype = |name: &str, field: &str| json!({"doctype": "DocType", "name": name, "module": "Fleet", "fields": [{"fieldname": field, "fieldtype": "Data"}]});
    site.metadata(json!([doctype("Fleet Vehicle", "plate"), doctype("Fleet Trip", "route")])).await;
    let app = site.open_app();
    let schema = call(&app, "get_doctype_schema", json!({"doctype": "Fleet Trip"})).await.unwrap();
    assert_eq!(
        (&schema["doctype"], &schema["fields"][0]["field"]),
        (&json!("Fleet Trip"), &json!("route")),
        "{schema}"
    );
    assert_eq!(site.sent().await[0].1, json!({"doctype": "Fleet Trip"}), "with_parent counts whatever it says");
}

#[on_every_version]
async fn h35_a_doctype_that_cannot_be_read_stops_no_other() {
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_shoe_size", "");
    let mut config = site.config(json!({"doctypes": {
        "Customer": {"read": true}, "Payment Gateway Account": {"read": true}, "ToDo": {"read": true},
    }}));
    let folder = tempfile::tempdir().unwrap();
    config["schema"] = json!({"overlay": "live", "cache_folder": folder.path().join("kept")});
    let app = app_of(&config);
    let overlay = Overlay::new(&load(&config)).unwrap().unwrap();
    overlay.refresh(&app.session()).await;
    assert!(app.session().listed.known("Customer").unwrap().field("custom_shoe_size").is_some());

    let broken = call(&app, "list_generic_documents", json!({"doctype": "Payment Gateway Account"})).await;
    match (version(), broken) {
        (Version::V15, Err(error)) => {
            let text = error.for_model();
            assert!(text.contains("The site cannot load its DocType") && !text.contains("arguments"), "{text}");
        }
        (_, told) => assert!(version() >= Version::V16 && told.is_ok(), "{told:?}"),
    }
    call(&app, "list_generic_documents", json!({"doctype": "ToDo"})).await.unwrap();
}

#[on_every_version]
async fn h36_a_field_that_is_stated_twice() {
    let place = Place::new().await;
    let (_, form) = place.raw("administrator", "GET", &meta("Stock Settings"), Value::Null).await;
    let stated = form["docs"][0]["fields"].as_array().unwrap().len();
    let schema = place.call("get_doctype_schema", json!({"doctype": "Stock Settings"})).await;
    let shown: Vec<&str> =
        schema["fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect();
    let different: BTreeSet<&str> = shown.iter().copied().collect();
    assert!(shown.len() == different.len() && shown.len() < stated, "{} of {stated}", shown.len());

    let site = Site::start().await;
    let field = |kind: &str| json!({"fieldname": "route", "fieldtype": kind});
    let fields = json!([field("Data"), {"fieldname": "km", "fieldtype": "Float"}, field("Int")]);
    site.metadata(json!([{"doctype": "DocType", "name": "Fleet Trip", "module": "Fleet", "fields": fields}])).await;
    let schema = call(&site.open_app(), "get_doctype_schema", json!({"doctype": "Fleet Trip"})).await.unwrap();
    let shown = schema["fields"].as_array().unwrap().iter().map(|field| [&field["field"], &field["type"]]);
    let shown: Vec<_> = shown.collect();
    assert_eq!(shown, [[&json!("route"), &json!("Data")], [&json!("km"), &json!("Float")]], "the first counts");
}

#[on_every_version]
async fn h40_fields_named_like_words_of_a_language() {
    let place = Place::new().await;
    let odd = [
        "from",
        "class",
        "import",
        "def",
        "none",
        "return",
        "type",
        "list",
        "order",
        "group",
        "select",
        "key",
        "index",
        "2nd_line",
        "_private",
        "constructor",
        "__proto__",
        "then",
        "valueof",
        "hasownproperty",
        "ünï",
        "keys",
    ];
    let mut data: Map<String, Value> =
        odd.iter().map(|name| ((*name).to_owned(), json!(format!("of {name}")))).collect();
    data.insert("title".to_owned(), json!("x"));
    let create = json!({"doctype": "Odd Thing", "data": data});
    let made = place.call("create_generic_document", create).await;
    assert_eq!(made.get("stored_differently"), None, "{made}");
    let name = made["created"].as_str().unwrap();
    let read = place.call("get_generic_document", json!({"doctype": "Odd Thing", "name": name, "fields": odd})).await;
    for field in odd {
        assert_eq!(read["document"][field], json!(format!("of {field}")), "{read}");
        let changed = place.update("Odd Thing", name, json!({field: "changed"})).await;
        assert_eq!(changed["changed"][field]["to"], "changed", "{changed}");
        let mut asked = json!({
            "doctype": "Odd Thing", "fields": [field], "filters": {field: "changed"}, "order_by": format!("{field} desc"),
        });
        if !field.is_ascii() {
            let text = place.refusal("list_generic_documents", asked.clone()).await;
            if version() >= Version::V16 {
                let why = "ünï: has a name that no list of the site can ask for";
                assert!(["fields[0]", "filters", "order_by"].iter().all(|place| text.contains(place)), "{text}");
                assert!(text.contains(why), "{text}");
                continue;
            }
            assert!(text.contains("order_by: ünï: the site cannot sort or group by"), "{text}");
            asked["order_by"] = Value::Null;
        }
        let listed = place.call("list_generic_documents", asked).await;
        assert_eq!(listed["documents"], json!([{"name": name, field: "changed"}]), "{field}");
        if !field.is_ascii() {
            continue;
        }
        let asked = json!({"doctype": "Odd Thing", "group_by": [field]});
        let groups = place.call("aggregate_documents", asked).await;
        assert_eq!(groups["groups"], json!([{field: "changed", "count": 1}]), "{field}");
    }
}
