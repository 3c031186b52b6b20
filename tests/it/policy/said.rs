//! What the site says holds values that nobody here has read: told is only what a caller may know, whatever was guessed.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::sandbox::SampleSite;
use crate::support::{META, Site, all, app_of, refusal};

/// A refusal of the site in these words.
fn refusing(message: &str) -> Value {
    json!({"exc_type": "ValidationError", "_server_messages": json!([json!({"message": message}).to_string()]).to_string()})
}

/// A site that refuses to change the order in these words, and a server with these permissions.
async fn order(message: &str, doctypes: Value) -> (Site, Connection) {
    let site = Site::start().await;
    let stored =
        json!({"name": "SO-1", "doctype": "Sales Order", "modified": "2026-01-01 00:00:00.000000", "docstatus": 0});
    site.data("GET", "/api/resource/Sales%20Order/SO-1", stored).await;
    site.answer("PUT", "/api/resource/Sales%20Order/SO-1", 417, refusing(message)).await;
    let app = site.app(doctypes);
    (site, app)
}

/// What is told of a refused change.
async fn told(message: &str, doctypes: Value, data: Value) -> String {
    let (_site, app) = order(message, doctypes).await;
    let text =
        refusal(&app, "update_generic_document", json!({"doctype": "Sales Order", "name": "SO-1", "data": data})).await;
    let said = text.split_once(": ").unwrap().1;
    said.split("\nexc_type").next().unwrap().to_owned()
}

fn orders() -> Value {
    json!({"Sales Order": {"read": true, "update": true}})
}

#[on_every_version]
async fn figures_and_names_that_were_never_read_are_not_told_and_the_words_around_them_are() {
    let said = "Credit limit has been crossed for customer Acme Trading (50000.0/4321.5). Please contact any of the \
                following users to extend the credit limits for Acme Trading:<br><ul><li>Site Owner (owner@example.com)</li></ul>";
    let text = told(said, orders(), json!({"po_no": "1"})).await;
    assert_eq!(
        text,
        "Credit limit has been crossed for customer [withheld] ([withheld]). Please contact any of the following users to \
         extend the credit limits for [withheld]: [withheld] ([withheld])"
    );
    for (said, expected) in [
        (
            "Row #1: Item <b>widget</b> has reached its end of life on 12-31-2025",
            "Row #1: Item [withheld] has reached its end of life on [withheld]",
        ),
        (
            "Ordered qty cannot be less than minimum order qty 25.0 (defined in Item)",
            "Ordered qty cannot be less than minimum order qty [withheld] (defined in Item)",
        ),
        (
            "Sales Order <a href=\"/app/sales-order/SO-9\">SO-9</a> exists against Purchase Order <b>PO/7</b>",
            "Sales Order SO-9 exists against Purchase Order [withheld]",
        ),
    ] {
        assert_eq!(told(said, orders(), json!({"po_no": "1"})).await, expected);
    }
}

#[on_every_version]
async fn a_server_that_withholds_nothing_tells_the_whole_sentence() {
    let site = Site::start().await;
    let stored =
        json!({"name": "SO-1", "doctype": "Sales Order", "modified": "2026-01-01 00:00:00.000000", "docstatus": 0});
    site.data("GET", "/api/resource/Sales%20Order/SO-1", stored).await;
    let said = "Credit limit has been crossed for customer Acme (50000.0/4321.5)";
    site.answer("PUT", "/api/resource/Sales%20Order/SO-1", 417, refusing(said)).await;
    let app = app_of(&crate::support::config_json(&site.url(), json!({"default": all()})));
    let change = json!({"doctype": "Sales Order", "name": "SO-1", "data": {"po_no": "1"}});
    let text = refusal(&app, "update_generic_document", change).await;
    assert!(text.contains(said), "{text}");
}

#[on_every_version]
async fn a_figure_is_not_told_in_any_spelling() {
    for spelling in [
        "5000",
        "5000.0",
        "5000.000",
        "5,000.00",
        "5.000,00",
        "5 000,00",
        "5&nbsp;000,00",
        "Rs 5,000",
        "₹5,000.00",
        "&#53;000",
        "٥٠٠٠",
        "5e3",
    ] {
        let text =
            told(&format!("It is more than {spelling} for this customer"), orders(), json!({"po_no": "1"})).await;
        assert_eq!(text, "It is more than [withheld] for this customer", "{spelling}");
    }
    for spelling in ["Jos\u{e9} Ltd", "Jose\u{301} Ltd", "JOSÉ LTD", "josé ltd", "Jos&#233; Ltd"] {
        let text =
            told(&format!("It belongs to {spelling} (for this customer)"), orders(), json!({"po_no": "1"})).await;
        assert_eq!(text, "It belongs to [withheld] (for this customer)", "{spelling}");
    }
}

#[on_every_version]
async fn the_name_of_a_document_that_may_be_read_is_told() {
    let said =
        "Timesheet for employee <b>HR-EMP-1</b> is already made for this day: <a href=\"/app/timesheet/TS-1\">TS-1</a>";
    let site = Site::start().await;
    let stored =
        json!({"name": "TS-2", "doctype": "Timesheet", "modified": "2026-01-01 00:00:00.000000", "docstatus": 0});
    site.data("GET", "/api/resource/Timesheet/TS-2", stored).await;
    site.answer("PUT", "/api/resource/Timesheet/TS-2", 417, refusing(said)).await;
    let told = async |permissions: Value| {
        let app = app_of(&crate::support::config_json(&site.url(), permissions));
        let change = json!({"doctype": "Timesheet", "name": "TS-2", "data": {"note": "x"}});
        refusal(&app, "update_generic_document", change).await
    };
    let named = told(json!({"doctypes": {"Timesheet": {"read": true, "update": true}}})).await;
    assert!(named.contains("Timesheet for employee [withheld] is already made for this day: TS-1"), "{named}");
    let by_default = told(json!({"default": all(), "doctypes": {"Bank Account": {}}})).await;
    assert!(by_default.contains("employee HR-EMP-1 is already made for this day: TS-1"), "{by_default}");
}

/// Where sites write titles, too.
#[on_every_version]
async fn what_stands_behind_a_doctype_of_which_something_is_withheld_is_not_told() {
    let said = "Customer <b>Zebra Hidden</b> has no more than 450 left; credit line 450 is crossed; Row 450; \
                Customer 'Zebra Hidden' and customer Zebra Hidden; Item Secretname Board is needed";
    let mut rules = orders();
    rules["Item"] = json!({"read": true});
    for (customer, told_of_it) in [
        (json!({"read": true, "restricted_fields": ["customer_name"]}), "[withheld]"),
        (json!({"read": true, "allowed_fields": ["customer_group"]}), "[withheld]"),
        (json!({"read": true}), "Zebra Hidden"),
    ] {
        rules["Customer"] = customer;
        let expected = format!(
            "Customer {told_of_it} has no more than [withheld] left; credit line [withheld] is crossed; Row 450; Customer"
        );
        let text = told(said, rules.clone(), json!({"po_no": "1"})).await;
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(text.contains("Zebra"), told_of_it != "[withheld]", "{text}");
        assert!(text.ends_with("Item Secretname Board is needed"), "{text}");
    }
    rules["Item"] = json!({"read": true, "restricted_fields": ["item_name"]});
    let text = told(said, rules, json!({"po_no": "1"})).await;
    assert!(text.ends_with("Item [withheld] is needed"), "{text}");
}

#[on_every_version]
async fn of_a_doctype_that_is_not_known_yet_no_message_is_told_whole() {
    let site = Site::start().await;
    let said = "Please ask <b>Acme Trading</b> for more than 4321.5";
    site.answer("GET", META, 417, refusing(said)).await;
    let app = site.app(json!({"House Rule": all(), "Customer": {"read": true, "restricted_fields": ["tax_id"]}}));
    let text = refusal(&app, "get_generic_document", json!({"doctype": "House Rule", "name": "H-1"})).await;
    assert!(text.contains("Please ask [withheld] for more than [withheld]"), "{text}");
}

#[on_every_version]
async fn of_a_table_that_the_site_did_not_tell_or_that_is_not_understood_no_message_is_told_whole() {
    let said = "Credit limit has been crossed for Quartz Traders (50000.0/4321.5)";
    let table = |fieldtype: &str| {
        let fields = json!([{"fieldname": "industry", "fieldtype": fieldtype, "label": "Industry"}]);
        json!({"docs": [{"doctype": "DocType", "name": "Industry Type", "module": "Selling", "fields": fields}]})
    };
    for (status, meta, is_whole) in
        [(200, table("Data"), true), (200, table("Hologram"), false), (500, json!({"exc_type": "TypeError"}), false)]
    {
        let site = Site::start().await;
        site.answer("GET", META, status, meta).await;
        site.answer("GET", "/api/resource/Industry%20Type/I-1", 417, refusing(said)).await;
        let permissions = json!({"doctypes": {"Industry Type": all()}});
        let mut config = crate::support::config_json(&site.url(), permissions);
        config["schema"] = json!({"overlay": "live"});
        let app = app_of(&config);
        let get = json!({"doctype": "Industry Type", "name": "I-1"});
        let text = refusal(&app, "get_generic_document", get).await;
        assert_eq!(text.contains("Quartz Traders"), is_whole, "{status}: {text}");
        assert_eq!(app.session().catalog.is_sites("Industry Type"), is_whole, "{status}");
    }
}

#[on_every_version]
async fn a_message_to_a_conversion_is_held_to_what_it_makes_and_to_what_it_is_made_of() {
    let site = Site::start().await;
    let lead = json!({"name": "L-1", "doctype": "Lead", "modified": "2026-01-01 00:00:00.000000", "docstatus": 0});
    site.data("GET", "/api/resource/Lead/L-1", lead).await;
    let said = "The terms of <b>Acme Trading</b> allow 4321.5";
    site.answer("POST", "/api/method/frappe.model.mapper.make_mapped_doc", 417, refusing(said)).await;
    let mut open = crate::support::every_doctype();
    // A customer links to such terms, a lead does not.
    for (rule, told) in [
        (all(), "The terms of Acme Trading allow 4321.5"),
        (json!({"read": true, "restricted_fields": ["template_name"]}), "The terms of [withheld] allow [withheld]"),
    ] {
        open["Payment Terms Template"] = rule;
        let app = site.app(open.clone());
        for save in [false, true] {
            let convert = json!({"doctype": "Lead", "name": "L-1", "to": "Customer", "save": save});
            let text = refusal(&app, "convert_document", convert).await;
            assert!(text.contains(told), "{save}: {text}");
        }
    }
}

/// A page in the place of an answer is the site's word, too.
#[on_every_version]
async fn the_title_of_a_page_is_told_like_a_message() {
    let site = Site::start().await;
    let page = "<html><title>Quartz Traders (4321.5) is disabled</title></html>";
    site.respond("GET", "/api/resource/Customer/C1", ResponseTemplate::new(404).set_body_raw(page, "text/html")).await;
    let app = site.app(json!({"Customer": {"read": true, "restricted_fields": ["tax_id"]}}));
    let text = refusal(&app, "get_generic_document", json!({"doctype": "Customer", "name": "C1"})).await;
    assert!(text.contains("an HTML page titled") && text.contains("is disabled"), "{text}");
    assert!(!text.contains("Quartz") && !text.contains("4321"), "{text}");
}

/// The same call on sites that differ in what is withheld tells the same, whatever the caller guesses.
#[on_every_version]
async fn a_guess_is_not_answered_by_what_is_told() {
    let values = [(json!(5000.0), "5,000.00"), (json!(7250.5), "7,250.50")];
    for guess in ["5000", "5,000.00 7,250.50 5000.0 7250.5", "SECRET-A", "7,250.50"] {
        let mut heard = Vec::new();
        for ((figure, spelled), secret) in values.iter().zip(["SECRET-A", "SECRET-B"]) {
            let site = Site::start().await;
            let stored = json!({"name": "C1", "doctype": "Customer", "modified": "2026-01-01 00:00:00.000000", "docstatus": 0,
                "customer_name": "One", "tax_id": secret, "default_commission_rate": figure});
            site.data("GET", "/api/resource/Customer/C1", stored).await;
            let said = format!("{secret} with {spelled} ({figure}) is refused, and {guess} too");
            for (verb, at) in [("PUT", "/api/resource/Customer/C1"), ("POST", "/api/resource/Customer")] {
                site.answer(verb, at, 417, refusing(&said)).await;
            }
            let rule = json!({"read": true, "update": true, "create": true, "delete": true,
                "restricted_fields": ["tax_id", "default_commission_rate"]});
            let app = site.app(json!({"Customer": rule}));
            let mut all = String::new();
            for (tool, arguments) in [
                ("update_generic_document", json!({"doctype": "Customer", "name": "C1", "data": {"website": guess}})),
                (
                    "update_generic_document",
                    json!({"doctype": "Customer", "name": "C1", "data": {"website": "x"}, "modified": guess}),
                ),
                (
                    "create_generic_document",
                    json!({"doctype": "Customer", "data": {"customer_name": guess, "customer_type": "Company"}}),
                ),
                ("get_generic_document", json!({"doctype": "Customer", "name": "C1", "fields": [guess]})),
                ("get_generic_document", json!({"doctype": "Customer", "name": guess})),
                ("get_attachment", json!({"doctype": "Customer", "name": "C1", "file": guess})),
                ("list_generic_documents", json!({"doctype": "Customer", "filters": {"website": guess}})),
                (
                    "create_bulk_documents",
                    json!({"doctype": "Customer", "documents": [{"customer_name": guess, "customer_type": "Company"}], "confirm": true}),
                ),
            ] {
                let tool = app.registry().find(tool).unwrap_or_else(|| panic!("{tool}"));
                let answer = app.call(tool, arguments.as_object().unwrap().clone(), None).await;
                all.push_str(&answer.map_or_else(|error| error.for_model(), |(_, text)| text));
                all.push('\n');
            }
            heard.push((all, site.lines().await));
        }
        let [(one, steps), (other, others)] = heard.as_slice() else { unreachable!() };
        assert_eq!(one, other, "{guess}");
        assert_eq!(steps, others, "{guess}");
    }
}

#[on_every_version]
async fn what_the_caller_sent_and_what_is_said_here_is_never_masked() {
    let site = Site::start().await;
    let stored = json!({"name": "SO-1", "doctype": "Sales Order", "modified": "2026-01-01 00:00:00.000000", "customer_name": "Sales", "po_no": "4000"});
    site.data("GET", "/api/resource/Sales%20Order/SO-1", stored).await;
    let app = site.app(json!({"Sales Order": {"read": true, "restricted_fields": ["customer_name", "po_no"]}}));
    let asked = json!({"doctype": "Sales Order", "name": "SO-1", "file": "4000 4001"});
    let text = refusal(&app, "get_attachment", asked).await;
    assert!(!text.contains("[withheld]"), "{text}");
}

#[on_every_version]
async fn a_name_that_the_caller_sent_is_told_of_a_row_of_a_batch_too() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": {"create": true, "update": true, "delete": true}}));
    let one = refusal(&app, "delete_generic_document", json!({"doctype": "ToDo", "name": "zqx7wv"})).await;
    let many = refusal(&app, "delete_bulk_documents", json!({"doctype": "ToDo", "names": ["zqx7wv"]})).await;
    for text in [one, many] {
        assert!(text.contains("zqx7wv not found") && !text.contains("[withheld]"), "{text}");
    }
}

#[on_every_version]
async fn a_document_out_of_scope_and_one_that_is_not_there_are_told_alike() {
    let site = SampleSite::start().await;
    let territory = json!({"read": true, "conditions": {"read": {"name": ["like", "Home%"]}}});
    let scoped =
        json!({"read": true, "update": true, "delete": true, "conditions": {"read": {"customer_type": "Nobody"}}});
    let app = site.app(json!({"Customer": scoped, "Territory": territory, "Lead": all()}));
    let open = site.app(json!({"Customer": all(), "Territory": all()}));
    let hidden = crate::sandbox::first(&open, "Customer", json!({})).await;
    let hidden_territory = crate::sandbox::first(&open, "Territory", json!({"name": ["not like", "Home%"]})).await;
    let told = async |customer: &str, territory: &str| {
        let mut all = Vec::new();
        for (tool, arguments) in [
            ("get_generic_document", json!({"doctype": "Customer", "name": customer})),
            (
                "update_generic_document",
                json!({"doctype": "Customer", "name": customer, "data": {"website": "a.example"}}),
            ),
            ("delete_generic_document", json!({"doctype": "Customer", "name": customer, "confirm": true})),
            ("get_document_history", json!({"doctype": "Customer", "name": customer})),
            ("list_attachments", json!({"doctype": "Customer", "name": customer})),
            (
                "create_generic_document",
                json!({"doctype": "Lead", "data": {"first_name": "A", "territory": territory}}),
            ),
        ] {
            let Some(found) = app.registry().find(tool) else { panic!("{tool}") };
            let answer = app.call(found, arguments.as_object().unwrap().clone(), None).await;
            let text = answer.map_or_else(|error| error.for_model(), |(_, text)| text);
            all.push(text.replace(customer, "NAME").replace(territory, "PLACE"));
        }
        all
    };
    assert_eq!(told(&hidden, &hidden_territory).await, told("No Such One", "No Such Place").await);
}
