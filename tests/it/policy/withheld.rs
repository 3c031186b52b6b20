//! What is withheld stays so where it is copied, quoted by the site, or shown as 0.

use erpnext_mcp::config::Config;
use erpnext_mcp::policy::{Operation, Policy};
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{Version, all, app_of, app_with, call, config_json, load, refusal, version};

#[on_every_version]
async fn copies_of_a_restricted_field_are_withheld_too() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Customer": all(), "Sales Order": all()}));
    let order = first(&open, "Sales Order", json!({"docstatus": 1})).await;
    let mut customer = all();
    customer["restricted_fields"] = json!(["customer_name"]);
    let app = site.app(json!({"Customer": customer, "Sales Order": all()}));
    let read = call(&app, "get_sales_order_document", json!({"name": order})).await.unwrap();
    assert!(read["document"].get("customer_name").is_none() && read["document"].get("customer").is_some());
    assert!(read["withheld"].as_array().unwrap().contains(&json!("customer_name")), "{}", read["withheld"]);
    let filtered = json!({"filters": {"customer_name": ["like", "%1%"]}});
    let text = refusal(&app, "list_sales_order_documents", filtered).await;
    assert!(text.contains("does not permit"), "{text}");
    // What is allowed by name is meant.
    let rule = |doctypes| {
        Policy::from_config(
            &Config::from_text(&config_json("http://localhost", json!({"doctypes": doctypes})).to_string()).unwrap(),
        )
    };
    let restricted = json!({"read": true, "restricted_fields": ["tax_id"]});
    let allowed = json!({"read": true, "allowed_fields": ["customer", "tax_id"]});
    let policy = rule(json!({"Customer": restricted, "Sales Order": allowed}));
    assert!(policy.allowed_fields("Sales Order").contains(&"tax_id"));
    // DocTypes that are open by default hold to it.
    let mut config =
        config_json("http://localhost", json!({"default": {"read": true}, "doctypes": {"Customer": restricted}}));
    config["permissions"]["reports"] = json!(["*"]);
    let policy = Policy::from_config(&Config::from_text(&config.to_string()).unwrap());
    assert!(!policy.allowed_fields("Delivery Note").contains(&"tax_id"));
    assert!(policy.permit(Operation::Read, "Delivery Note").is_ok());
}

#[on_every_version]
async fn a_withheld_total_is_told_by_no_row_no_ledger_and_no_report() {
    use crate::sandbox::{COMPANY, config};
    let site = SampleSite::start().await;
    let due = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 1]});
    let invoice = first(&site.app(json!({"Sales Invoice": all()})), "Sales Invoice", due).await;
    let rule = json!({"read": true, "report": true, "restricted_fields": ["grand_total", "outstanding_amount"]});
    let permissions =
        json!({"default": {"read": true}, "reports": ["Accounts Receivable"], "doctypes": {"Sales Invoice": rule}});
    let app = app_of(&config(&site.sandbox, "administrator", permissions));
    let read = call(&app, "get_sales_invoice_document", json!({"name": invoice})).await.unwrap();
    assert!(read["document"].get("rounded_total").is_none(), "{read}");
    for (table, columns) in [
        ("payment_schedule", ["payment_amount", "outstanding", "base_payment_amount"]),
        ("taxes", ["total", "base_total", "total"]),
    ] {
        assert!(site.stored("Sales Invoice", &invoice).unwrap()[table][0][columns[0]].is_number(), "{table}");
        let rows = read["document"][table].as_array().unwrap();
        assert!(rows.iter().all(|row| columns.iter().all(|column| row.get(column).is_none())), "{table}: {read}");
    }
    for (doctype, asked) in [
        ("Sales Invoice", json!({"order_by": "rounded_total desc"})),
        ("Sales Invoice", json!({"fields": ["name", "payment_schedule.payment_amount"]})),
        ("GL Entry", json!({"filters": {"voucher_no": invoice}, "fields": ["debit"]})),
        ("GL Entry", json!({"filters": {"voucher_no": invoice, "debit": [">", 1]}})),
        ("Payment Ledger Entry", json!({"filters": {"voucher_no": invoice}, "fields": ["amount"]})),
    ] {
        let mut asked = asked;
        asked["doctype"] = json!(doctype);
        let text = refusal(&app, "list_generic_documents", asked).await;
        assert!(text.contains("does not permit"), "{doctype}: {text}");
    }
    let sum = json!({"doctype": "GL Entry", "measures": ["sum(debit)"], "group_by": ["account"], "filters": {"voucher_no": invoice}});
    let text = refusal(&app, "aggregate_documents", sum).await;
    assert!(text.contains("does not permit"), "{text}");
    let run = json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}});
    let told = call(&app, "run_report", run).await.unwrap();
    for column in ["Invoiced Amount", "Paid Amount", "Outstanding Amount", "0-30", "121-Above"] {
        assert!(told["withheld"].as_array().unwrap().contains(&json!(column)), "{column}: {told}");
    }
    // Nobody stated anything of purchases.
    let purchase = json!({"doctype": "Purchase Invoice", "fields": ["grand_total"], "limit": 1});
    let purchase = call(&app, "list_generic_documents", purchase).await.unwrap();
    assert!(purchase["documents"][0]["grand_total"].is_number(), "{purchase}");
}

#[on_every_version]
async fn a_draft_tells_under_no_other_name_what_its_source_withholds() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all(), "Sales Invoice": all()}));
    let order = first(&open, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
    let mut some = all();
    some["allowed_fields"] = json!(["customer", "company", "items.item_code", "items.qty"]);
    let app = site.app(json!({"Sales Order": some, "Sales Invoice": all()}));
    let asked = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
    let whole = call(&open, "convert_document", asked.clone()).await.unwrap();
    assert!(whole["draft"]["outstanding_amount"].is_number(), "{whole}");
    let told = call(&app, "convert_document", asked).await.unwrap();
    assert!(told["draft"]["items"][0]["item_code"].is_string(), "{told}");
    assert!(told["draft"].get("outstanding_amount").is_none(), "{told}");

    let doctypes = |leads: Value| json!({"Lead": leads, "Opportunity": all(), "Customer": all()});
    let open = site.app(doctypes(all()));
    let lead = first(&open, "Lead", json!({"company_name": ["is", "set"], "email_id": ["is", "set"]})).await;
    let mut some = all();
    some["allowed_fields"] = json!(["status"]);
    let app = site.app(doctypes(some));
    for (to, keys) in [("Opportunity", ["customer_name", "contact_email"]), ("Customer", ["customer_name"; 2])] {
        let asked = json!({"doctype": "Lead", "name": lead, "to": to});
        let whole = call(&open, "convert_document", asked.clone()).await.unwrap();
        let told = call(&app, "convert_document", asked).await.unwrap();
        for key in keys {
            assert!(whole["draft"][key].is_string() && told["draft"].get(key).is_none(), "{key}: {whole} {told}");
        }
    }
}

#[on_every_version]
async fn a_zero_that_the_site_shows_for_what_the_user_may_not_see_is_taken_out() {
    let site = SampleSite::start().await;
    let order = first(&site.app(json!({"Sales Order": all()})), "Sales Order", json!({"docstatus": 0})).await;
    let permissions =
        json!({"doctypes": {"Sales Order": {"read": true, "allowed_fields": ["status", "ignore_pricing_rule"]}}});
    let read = async |config| {
        let app = app_of(&config);
        let asked = json!({"name": order, "fields": ["status", "ignore_pricing_rule"]});
        call(&app, "get_sales_order_document", asked).await.unwrap()["document"].clone()
    };
    let shown = read(site.config(permissions.clone())).await;
    assert_eq!(shown["ignore_pricing_rule"], false, "{shown}");
    let hidden = read(site.config_of("sales", permissions)).await;
    assert!(hidden.get("ignore_pricing_rule").is_none() && hidden.get("status").is_some(), "{hidden}");
}

#[on_every_version]
async fn the_site_s_messages_do_not_quote_what_is_withheld() {
    let site = crate::support::Site::start().await;
    let rule = json!({"read": true, "update": true, "restricted_fields": ["tax_id", "default_price_list"]});
    let app = site.app(json!({"Customer": rule}));
    let stored = json!({
        "name": "C1", "doctype": "Customer", "modified": "2026-01-01 00:00:00.000000", "tax_id": "TAX-CANARY-1", "website": "a",
    });
    site.data("GET", "/api/resource/Customer/C1", stored).await;
    let said = json!([json!({"message": "<b>TAX-CANARY-1</b> is taken"}).to_string()]).to_string();
    site.answer(
        "PUT",
        "/api/resource/Customer/C1",
        417,
        json!({"exc_type": "ValidationError", "_server_messages": said}),
    )
    .await;
    let text = refusal(&app, "update_customer_document", json!({"name": "C1", "data": {"website": "b"}})).await;
    assert!(text.contains("[withheld] is taken") && !text.contains("CANARY"), "{text}");
}

#[on_every_version]
async fn the_site_s_messages_do_not_name_documents_that_may_not_be_read() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Customer": all(), "Sales Order": all()}));
    let order = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let customer = site.stored("Sales Order", &order).unwrap()["customer"].clone();
    let told = async |permissions| {
        let delete = json!({"doctype": "Customer", "name": customer, "confirm": true});
        refusal(&app_of(&site.config(permissions)), "delete_generic_document", delete).await
    };
    let named = told(json!({"default": all()})).await;
    let hidden = told(json!({"doctypes": {"Customer": all()}})).await;
    assert!(hidden.contains("is linked with") && hidden.contains("[withheld]"), "{hidden}");
    assert!(hidden.contains(customer.as_str().unwrap()), "the document itself is named: {hidden}");
    let by = named.split("is linked with ").nth(1).unwrap().lines().next().unwrap();
    let name = by.trim_end().rsplit(' ').next().unwrap();
    assert!(!hidden.contains(name), "{name}: {hidden}");
}

#[test]
fn programs_can_ask_the_policy() {
    let conditions =
        json!({"create": {"customer_type": ["Company"]}, "update": {"territory": {"ne": "UAE"}, "disabled": 0}});
    let rule = json!({"create": true, "update": true, "delete": true, "restricted_fields": ["tax_id"], "conditions": conditions});
    let config = config_json("http://localhost", json!({"doctypes": {"Customer": rule}}));
    let policy = Policy::from_config(&Config::from_text(&config.to_string()).unwrap());
    assert!(!policy.can_read("Customer") && policy.can_create("Customer") && policy.can_update("Customer"));
    assert!(policy.can_delete("Customer") && !policy.can_delete("Item"));
    let may = |operation, data: serde_json::Value| {
        policy
            .validate_operation(operation, "Customer", data.as_object().unwrap())
            .map(drop)
            .map_err(|why| why.for_model())
    };
    assert_eq!(may(Operation::Create, json!({"customer_type": "Company"})), Ok(()));
    let why = may(Operation::Create, json!({"customer_name": "x"})).unwrap_err();
    assert!(why.contains("customer_type must be one of \"Company\""), "{why}");
    let why = may(Operation::Update, json!({"tax_id": "1", "owner": "x", "website": "y"})).unwrap_err();
    assert!(why.contains("tax_id, owner"), "{why}");
    let why = may(Operation::Update, json!({"territory": "UAE"})).unwrap_err();
    assert!(why.contains("other than \"UAE\""), "{why}");
    assert_eq!(may(Operation::Update, json!({"territory": "Oman"})), Ok(()));
    assert!(may(Operation::Submit, json!({})).is_err());
}

/// A site where another territory is none of the user's; the reason is in the given words.
async fn refusing(reason: &str) -> crate::support::Site {
    let site = crate::support::Site::start().await;
    let said = json!([json!({"message": reason}).to_string()]).to_string();
    let answer = json!({"exc_type": "PermissionError", "_server_messages": said});
    for (method, path) in [("GET", "/api/resource/Lead/L-1"), ("POST", "/api/resource/Lead")] {
        site.answer(method, path, 403, answer.clone()).await;
    }
    site
}

#[on_every_version]
async fn why_a_right_is_missing_is_told_without_what_it_quotes_of_a_document() {
    let site = refusing("This Lead record is linked to Territory 'SECRET-1' in row 2, field Territory").await;
    let lead = json!({"read": true});
    let hides = json!({"read": true, "restricted_fields": ["territory"]});
    for (rules, is_told) in [
        (json!({"Lead": lead, "Territory": {"read": true}}), true),
        (json!({"Lead": hides, "Territory": {"read": true}}), false),
        (json!({"Lead": lead}), false),
    ] {
        let text = refusal(&site.app(rules), "get_lead_document", json!({"name": "L-1"})).await;
        let reason = if is_told { "'SECRET-1'" } else { "[withheld]" };
        assert!(
            text.contains(&format!("This Lead record is linked to Territory {reason} in row 2, field Territory")),
            "{text}"
        );
    }
}

#[on_every_version]
async fn a_reason_that_may_tell_more_than_quotations_is_withheld_where_anything_is() {
    let site = refusing("Nur SECRET-1 darf das").await;
    let text = refusal(&site.app(json!({"Lead": {"read": true}})), "get_lead_document", json!({"name": "L-1"})).await;
    assert!(!text.contains("SECRET-1") && text.contains("no right to do this: [withheld]\n"), "{text}");
}

#[on_every_version]
async fn who_has_no_role_for_a_doctype_is_told_so() {
    let site = SampleSite::start().await;
    let rule = json!({"read": true, "restricted_fields": ["remarks"]});
    let config = site.config_of("nobody", json!({"doctypes": {"Sales Invoice": rule}}));
    let text = refusal(&app_of(&config), "list_sales_invoice_documents", json!({})).await;
    let reason = match version() {
        Version::V15 => "User [withheld] has no role for doctype Sales Invoice\nNo permission for Sales Invoice",
        Version::V16 => "Insufficient Permission for Sales Invoice",
    };
    assert!(text.contains(reason), "{text}");
    // Where calls are recorded, their user is known.
    let folder = tempfile::tempdir().unwrap();
    let mut config = config;
    config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let audit = erpnext_mcp::audit::Audit::open(&load(&config).audit).unwrap();
    let text = refusal(&app_with(&config, audit), "list_sales_invoice_documents", json!({})).await;
    let told = text.contains("User nobody@example.com has no role for doctype Sales Invoice");
    assert_eq!(told, version() < Version::V16, "{text}");
}

#[on_every_version]
async fn reasons_within_a_batch_are_told_alike() {
    let site = refusing("This Lead record is linked to Territory 'SECRET-1'").await;
    let app = site.app(json!({"Lead": {"read": true, "create": true, "restricted_fields": ["territory"]}}));
    let arguments = json!({"doctype": "Lead", "documents": [{"first_name": "A", "lead_name": "A"}]});
    let answer = call(&app, "create_bulk_documents", arguments).await.unwrap().to_string();
    assert!(!answer.contains("SECRET-1") && answer.contains("Territory [withheld]"), "{answer}");
}

#[on_every_version]
async fn rows_that_may_not_be_read_are_told_by_their_number_alone() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all()}));
    let order = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let app = site.app(json!({"Sales Order": {"update": true}}));
    let change = json!({"name": order, "data": {"items": [{"item_code": "TBL-OAK-160", "qty": 1}]}});
    let text = refusal(&app, "update_sales_order_document", change.clone()).await;
    assert!(text.contains("would be lost with what they hold: row 1: …"), "{text}");
    assert!(refusal(&open, "update_sales_order_document", change).await.contains("(row 1, "));
}

/// The sample site with a field above level 0 that its people added, and a supplier who has a value in it.
async fn with_a_field_above_level_0() -> (SampleSite, String) {
    let site = SampleSite::start().await;
    let name = first(&site.app(json!({"Supplier": all()})), "Supplier", json!({})).await;
    let field = json!({"doctype": "Custom Field", "dt": "Supplier", "fieldname": "custom_buyer", "label": "Buyer",
        "fieldtype": "Link", "options": "User", "permlevel": 1});
    let version = json!({"ref_doctype": "Supplier", "docname": name, "doctype": "Version", "data":
        json!({"changed": [["custom_buyer", "SECRET-1", "SECRET-2"], ["website", "a.example", "b.example"]]}).to_string()});
    let made = site.sandbox.with(|site| {
        site.insert(field.as_object().unwrap().clone())?;
        site.set("Supplier", &name, json!({"custom_buyer": "SECRET-3"}).as_object().unwrap())?;
        site.insert(version.as_object().unwrap().clone())
    });
    made.unwrap();
    (site, name)
}

#[on_every_version]
async fn a_history_does_not_tell_of_a_field_of_the_sites_own_above_level_0() {
    let (site, name) = with_a_field_above_level_0().await;
    let history = json!({"doctype": "Supplier", "name": name});
    let told = call(&site.app(json!({"Supplier": all()})), "get_document_history", history.clone()).await.unwrap();
    assert!(told.to_string().contains("b.example") && !told.to_string().contains("SECRET"), "{told}");
    let mut named = all();
    let fields = ["custom_buyer", "website", "supplier_name", "creation"];
    named["allowed_fields"] = json!(fields);
    let told = call(&site.app(json!({"Supplier": named})), "get_document_history", history).await.unwrap();
    assert!(told.to_string().contains("SECRET-2"), "what is allowed by name is told: {told}");
}

#[on_every_version]
async fn links_that_lead_nowhere_are_told_with_values_only_where_those_may_be_seen() {
    let (site, name) = with_a_field_above_level_0().await;
    let app = site.app(json!({"Supplier": all()}));
    let change = json!({"doctype": "Supplier", "name": name, "data": {"website": "c.example"}});
    let text = refusal(&app, "update_generic_document", change).await;
    assert!(text.contains("Could not find [withheld]: [withheld]") && !text.contains("SECRET"), "{text}");
    // Where the site does not show the field to its user, nobody here knows what the message quotes.
    let site = crate::support::Site::start().await;
    let said =
        json!([json!({"message": "Could not find Row #1: User: SECRET-1, Row #2: User: mine@x, Title: SECRET-2"})
            .to_string()]);
    let answer = json!({"exc_type": "LinkValidationError", "_server_messages": said.to_string()});
    site.answer("POST", "/api/resource/Note", 417, answer).await;
    let app = site.app(json!({"Note": {"read": true, "create": true}}));
    let note = json!({"doctype": "Note", "data": {"title": "A", "content": "mine@x"}});
    let text = refusal(&app, "create_generic_document", note).await;
    let told = "Could not find Row #1: User: [withheld], Row #2: User: [withheld], Title: [withheld]";
    assert!(text.contains(told), "{text}");
}

#[on_every_version]
async fn a_field_above_level_0_is_read_and_set_where_extra_fields_names_it_and_no_other_has_to_be_named() {
    let (site, name) = with_a_field_above_level_0().await;
    let folder = tempfile::tempdir().unwrap();
    let app = |rule: Value| {
        let mut config = site.config(json!({"doctypes": {"Supplier": rule}}));
        config["schema"] = json!({"overlay": "live", "cache_folder": folder.path()});
        app_of(&config)
    };
    let change = json!({"doctype": "Supplier", "name": name, "data": {"custom_buyer": "Administrator"}});
    let text = refusal(&app(all()), "update_generic_document", change.clone()).await;
    assert!(text.contains("data.custom_buyer"), "{text}");
    let mut rule = all();
    rule["extra_fields"] = json!(["custom_buyer"]);
    let app = app(rule);
    call(&app, "update_generic_document", change).await.unwrap();
    assert_eq!(site.stored("Supplier", &name).unwrap()["custom_buyer"], "Administrator");
    let get = json!({"doctype": "Supplier", "name": name, "fields": ["custom_buyer", "supplier_name"]});
    let got = call(&app, "get_generic_document", get).await.unwrap();
    assert_eq!(got["document"]["custom_buyer"], "Administrator", "{got}");
    assert!(got["document"]["supplier_name"].is_string(), "{got}");
}

#[on_every_version]
async fn what_an_item_takes_from_its_company_or_group_is_told_only_where_that_may_be_read() {
    use crate::sandbox::COMPANY;
    let site = SampleSite::start().await;
    let items = site.app(json!({"Item": all()}));
    let item = first(&items, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let asked = json!({"item_code": item, "company": COMPANY});
    for (doctype, restricted, fact) in [
        ("Company", "default_income_account", "income_account"),
        ("Company", "cost_center", "cost_center"),
        ("Item Group", "item_group_defaults.income_account", "income_account"),
    ] {
        let app = |restricted: Value| {
            let mut rules = json!({"Item": all(), "Company": {"read": true}});
            rules[doctype] = json!({"read": true, "restricted_fields": restricted});
            site.app(rules)
        };
        let told = call(&app(json!([])), "get_item_details", asked.clone()).await.unwrap();
        assert!(told.get(fact).is_some(), "{told}");
        let told = call(&app(json!([restricted])), "get_item_details", asked.clone()).await.unwrap();
        let is_withheld = told["withheld"].as_array().unwrap().contains(&json!(fact));
        assert!(told.get(fact).is_none() && is_withheld, "{doctype}.{restricted}: {told}");
    }
}

#[on_every_version]
async fn a_withheld_quantity_of_a_work_order_is_told_by_no_row_of_what_is_made_of_it() {
    let site = SampleSite::start().await;
    let mut orders = all();
    orders["restricted_fields"] = json!(["qty"]);
    let app = site.app(json!({"Work Order": orders, "Stock Entry": all(), "Item": all(), "Bin": all()}));
    let asked = json!({"doctype": "Work Order", "name": "MFG-WO-2026-00002", "to": "Manufacture"});
    let told = call(&app, "convert_document", asked).await.unwrap();
    let rows = told["draft"]["items"].as_array().unwrap();
    assert!(rows.iter().all(|row| row.get("qty").is_none() && row.get("transfer_qty").is_none()), "{told}");
    assert!(!told.to_string().contains("would leave"), "{told}");
}
