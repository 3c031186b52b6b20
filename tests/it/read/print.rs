//! Prints of documents, and those that are not made since something of the document is withheld.

use serde_json::json;

use crate::sandbox::{SampleSite, config, site};
use crate::support::{app_of, call, refusal};

#[on_every_version]
async fn a_document_is_printed_as_markdown_and_a_missing_converter_is_explained() {
    let (_site, app) = site(json!({"default": {"read": true, "print": true}})).await;
    let list = json!({"doctype": "Sales Order", "limit": 1, "fields": ["name", "customer"]});
    let order = call(&app, "list_generic_documents", list).await.unwrap()["documents"][0].clone();
    let arguments = json!({"doctype": "Sales Order", "name": order["name"]});
    let printed = call(&app, "print_document", arguments.clone()).await.unwrap();
    let text = printed["markdown"].as_str().unwrap();
    assert!(text.starts_with(&format!("## Sales Order {}", order["name"].as_str().unwrap())), "{text}");
    assert!(text.contains(&format!("Customer: {}", order["customer"].as_str().unwrap())), "{text}");
    assert!(!text.contains('<'), "{text}");
    let mut pdf = arguments;
    pdf["as"] = json!("pdf");
    let told = refusal(&app, "print_document", pdf).await;
    assert!(told.contains("lacks the converter") && told.contains("\"as\": \"markdown\""), "{told}");
}

#[on_every_version]
async fn a_print_format_that_the_doctype_does_not_have_is_told_with_those_it_has() {
    let (site, app) = site(json!({"default": {"read": true, "print": true}})).await;
    let format =
        json!({"doctype": "Print Format", "name": "Order with Terms", "doc_type": "Sales Order", "standard": "No"});
    site.with(|site| site.insert(format.as_object().unwrap().clone())).unwrap();
    let list = json!({"doctype": "Sales Order", "limit": 1, "fields": ["name"]});
    let order = call(&app, "list_generic_documents", list).await.unwrap()["documents"][0]["name"].clone();
    let print = |format: &str| json!({"doctype": "Sales Order", "name": order, "format": format});
    let told = refusal(&app, "print_document", print("Order with Term")).await;
    assert!(told.contains("it has: Standard, Order with Terms; did you mean Order with Terms?"), "{told}");
    for format in ["Standard", "Order with Terms"] {
        call(&app, "print_document", print(format)).await.unwrap();
    }
}

#[on_every_version]
async fn nothing_is_printed_of_which_anything_is_withheld() {
    let site = SampleSite::bench().await.sandbox;
    let permissions = json!({"default": {"read": true, "update": true, "print": true}});
    let open = app_of(&config(&site, "administrator", permissions));
    let customer = call(&open, "list_generic_documents", json!({"doctype": "Customer", "limit": 1})).await.unwrap();
    let arguments = json!({"doctype": "Customer", "name": customer["documents"][0]["name"]});
    call(&open, "print_document", arguments.clone()).await.unwrap();
    for rule in [
        json!({"read": true, "print": true, "restricted_fields": ["tax_id"]}),
        json!({"read": true, "print": true, "allowed_fields": ["customer_name"]}),
        json!({"print": true}),
    ] {
        let app = app_of(&config(&site, "administrator", json!({"doctypes": {"Customer": rule}})));
        let told = refusal(&app, "print_document", arguments.clone()).await;
        assert!(told.contains("lets only some fields be read") && told.contains("Nothing was printed"), "{told}");
    }
    let app = app_of(&config(&site, "administrator", json!({"doctypes": {"Customer": {"read": true}}})));
    assert!(app.registry().find("print_document").is_none());
    // A field of a permission level of its own is withheld unless it is named.
    let fields = ["customer_name", "customer_type", "customer_group", "territory", "custom_secret_score"];
    let named = json!({"Customer": {"create": true, "allowed_fields": fields}});
    let app = app_of(&config(&site, "administrator", json!({"doctypes": named})));
    let list = json!({"doctype": "Customer", "limit": 1, "fields": ["customer_group", "territory"]});
    let like = call(&open, "list_generic_documents", list).await.unwrap()["documents"][0].clone();
    let data = json!({
        "customer_name": "Scored", "customer_type": "Company", "customer_group": like["customer_group"],
        "territory": like["territory"], "custom_secret_score": 7,
    });
    let made = call(&app, "create_customer_document", json!({"data": data})).await.unwrap();
    let arguments = json!({"doctype": "Customer", "name": made["created"]});
    let told = refusal(&open, "print_document", arguments).await;
    assert!(
        told.contains("custom_secret_score is withheld: it is a password or a key, has a permission level of its own"),
        "{told}"
    );
}

#[on_every_version]
async fn nothing_is_printed_with_a_password_that_the_site_does_not_hide() {
    let (site, app) = site(json!({"doctypes": {"LDAP Settings": {"read": true, "print": true}}})).await;
    let print = json!({"doctype": "LDAP Settings", "name": "LDAP Settings"});
    for (password, is_printed) in [("*****", true), ("plain text", false)] {
        let set = |site: &erpnext_sandbox::site::Site<'_>| {
            site.db.set_single("LDAP Settings", "password", erpnext_sandbox::store::Sql::Text(password.to_owned()))
        };
        site.with(set).unwrap();
        let printed = call(&app, "print_document", print.clone()).await;
        assert_eq!(printed.is_ok(), is_printed, "{password}: {printed:?}");
    }
}
