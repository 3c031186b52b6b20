use serde_json::{Value, json};

use crate::methods::testing::{World, assert_recorded_keys, recorded};
use crate::query::List;

const CUSTOMER: &str = "Bulk Customer 00000";

#[test]
fn a_submitted_order_gets_its_status_and_a_cancelled_one_too() {
    let world = World::new();
    world.order("SO-1", 0);
    let doc = world.ask("frappe.client.get", json!({"doctype": "Sales Order", "name": "SO-1"}))["message"].clone();
    let submitted = world.ask("frappe.client.submit", json!({ "doc": doc }));
    assert_eq!(submitted["message"]["docstatus"], 1);
    assert_eq!(submitted["message"]["status"], "To Deliver and Bill");
    let cancelled = world.ask("frappe.client.cancel", json!({"doctype": "Sales Order", "name": "SO-1"}));
    assert_eq!(cancelled["message"]["docstatus"], 2);
    assert_eq!(cancelled["message"]["status"], "Cancelled");
}

#[test]
fn an_order_with_a_submitted_invoice_is_not_cancelled_and_the_invoice_is_named() {
    let world = World::new();
    world.order("SO-1", 1);
    world.invoice("SI-1", "SO-1");
    let error = world.call("Administrator", "frappe.client.cancel", json!({"doctype": "Sales Order", "name": "SO-1"}));
    let error = error.unwrap_err();
    assert_eq!((error.exc.status, error.exc.name), (417, "LinkExistsError"));
    assert!(
        error.text.contains("linked with Sales Invoice <a href=\"/app/Form/Sales Invoice/SI-1\">SI-1</a>"),
        "{error}"
    );
    assert_eq!(world.stored("Sales Order", "SO-1")["docstatus"], 1);
    let answer = world.ask(
        "frappe.desk.form.linked_with.get_submitted_linked_docs",
        json!({"doctype": "Sales Order", "name": "SO-1"}),
    );
    let expected = json!({"docs": [{"doctype": "Sales Invoice", "name": "SI-1", "docstatus": 1}], "count": 1});
    assert_eq!(answer["message"], expected);
    assert_recorded_keys(&answer, "verbs", "get_submitted_linked_docs", "/message/docs/0");
}

#[test]
fn a_ledger_entry_does_not_keep_a_voucher_from_being_cancelled() {
    let world = World::new();
    world.invoice("SI-1", "");
    let entry = json!({"name": "GLE-1", "docstatus": 1, "voucher_type": "Sales Invoice", "voucher_no": "SI-1"});
    world.add("GL Entry", entry);
    let cancel = json!({"doctype": "Sales Invoice", "name": "SI-1"});
    assert_eq!(world.ask("frappe.client.cancel", cancel)["message"]["docstatus"], 2);
}

#[test]
fn a_payment_keeps_its_invoice_from_being_cancelled_by_a_dynamic_link() {
    let world = World::new();
    world.invoice("SI-1", "");
    world.add("Payment Entry", json!({"name": "PE-1", "docstatus": 1}));
    let reference = json!({"docstatus": 1, "reference_doctype": "Sales Invoice", "reference_name": "SI-1"});
    world.row("Payment Entry Reference", "Payment Entry", "PE-1", "references", reference);
    let error =
        world.call("Administrator", "frappe.client.cancel", json!({"doctype": "Sales Invoice", "name": "SI-1"}));
    assert!(error.unwrap_err().text.contains("Payment Entry"));
}

#[test]
fn a_mapped_invoice_repeats_the_order_points_back_to_it_and_is_not_saved() {
    let world = World::new();
    world.order("SO-1", 1);
    let method = "erpnext.selling.doctype.sales_order.sales_order.make_sales_invoice";
    let answer = world.ask("frappe.model.mapper.make_mapped_doc", json!({"method": method, "source_name": "SO-1"}));
    let made = &answer["message"];
    assert_eq!(made["customer"], CUSTOMER);
    assert_eq!((&made["docstatus"], &made["__islocal"], &made["__unsaved"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!(made.get("name"), None);
    let row = &made["items"][0];
    assert_eq!((&row["sales_order"], &row["so_detail"]), (&json!("SO-1"), &json!("row-SO-1")));
    assert_eq!((&row["qty"], &row["parentfield"], row.get("name")), (&json!(2.0), &json!("items"), None));
    let recorded = recorded("verbs", "make_mapped_doc SO->SI");
    for key in ["__islocal", "__onload", "__unsaved", "doctype", "status", "naming_series"] {
        assert_eq!(made[key], recorded["message"][key], "{key}");
    }
}

#[test]
fn nothing_is_mapped_from_a_draft_or_by_a_method_that_does_not_map() {
    let world = World::new();
    world.order("SO-1", 0);
    let make = |method: &str| {
        world.call(
            "Administrator",
            "frappe.model.mapper.make_mapped_doc",
            json!({"method": method, "source_name": "SO-1"}),
        )
    };
    let draft = make("erpnext.selling.doctype.sales_order.sales_order.make_delivery_note").unwrap_err();
    assert_eq!(draft.exc.name, "ValidationError");
    assert_eq!(make("frappe.client.get").unwrap_err().exc.status, 403);
    // What only this site lacks is told as that, and not as a missing right.
    let lacking = make("erpnext.manufacturing.doctype.blanket_order.blanket_order.make_order").unwrap_err();
    assert!(lacking.exc.status == 417 && lacking.text.contains("sample site"), "{}", lacking.text);
}

#[test]
fn renaming_moves_everything_that_points_to_the_document_and_says_so() {
    let world = World::new();
    world.order("SO-1", 0);
    let rename = json!({"doctype": "Customer", "old_name": CUSTOMER, "new_name": "Renamed"});
    let (reply, said) = world.send("Administrator", "frappe.client.rename_doc", rename, Vec::new()).unwrap();
    assert_eq!(reply, crate::reply::Reply::message("Renamed"));
    let expected = format!("Document renamed from <strong>{CUSTOMER}</strong> to <strong>Renamed</strong>");
    assert_eq!(said, [expected]);
    assert_eq!(world.stored("Sales Order", "SO-1")["customer"], "Renamed");
    assert_eq!(world.stored("Customer", "Renamed")["territory"], "North");
}

#[test]
fn a_name_that_is_taken_is_refused_on_renaming() {
    let world = World::new();
    world.add("Customer", json!({"name": "Other", "customer_name": "Other"}));
    let rename = json!({"doctype": "Customer", "old_name": CUSTOMER, "new_name": "Other"});
    let error = world.call("Administrator", "frappe.client.rename_doc", rename).unwrap_err();
    assert_eq!(error.text, "Another Customer with name Other exists, select another name");
}

#[test]
fn of_a_bulk_update_the_good_ones_are_kept_and_the_bad_ones_named() {
    let world = World::new();
    world.add("ToDo", json!({"name": "t1", "description": "a", "priority": "Low", "status": "Open"}));
    let docs = json!([
        {"doctype": "ToDo", "docname": "t1", "priority": "High"}, {"doctype": "ToDo", "docname": "nope", "priority": "High"},
    ]);
    let args = json!({"docs": docs.to_string()});
    let (reply, said) = world.send("Administrator", "frappe.client.bulk_update", args, Vec::new()).unwrap();
    let crate::reply::Body::Json(body) = reply.body else { panic!("no JSON") };
    let failed = body["message"]["failed_docs"].as_array().unwrap();
    assert_eq!((failed.len(), &failed[0]["doc"]["docname"]), (1, &json!("nope")));
    assert_eq!(said, ["ToDo nope not found"]);
    assert_eq!(world.stored("ToDo", "t1")["priority"], "High");
}

#[test]
fn a_link_is_validated_with_its_name_and_fields_and_a_missing_one_is_null() {
    let world = World::new();
    let ask = |name: &str| {
        world.ask(
            "frappe.client.validate_link",
            json!({"doctype": "Customer", "docname": name, "fields": ["territory"]}),
        )
    };
    assert_eq!(ask("nope"), json!({"message": {"name": null}}));
    assert_eq!(ask("bulk customer 00000")["message"]["name"], CUSTOMER);
}

#[test]
fn the_rights_on_a_document_are_told_in_the_keys_that_the_site_uses() {
    let world = World::new();
    let args = json!({"doctype": "Customer", "docname": CUSTOMER});
    let answer = world.call("sales@example.com", "frappe.client.get_doc_permissions", args).unwrap();
    assert_recorded_keys(&answer, "verbs", "get_doc_permissions", "/message/permissions");
    let args = json!({"doctype": "Customer", "docname": CUSTOMER, "perm_type": "write"});
    let answer = world.call("reader@example.com", "frappe.client.has_permission", args).unwrap();
    assert_eq!(answer, json!({"message": {"has_permission": false}}));
}

#[test]
fn who_asks_for_user_permissions_is_told_their_own() {
    let world = World::new();
    let only = json!({"name": "p", "user": "sales@example.com", "allow": "Territory", "for_value": "North"});
    world.add("User Permission", only);
    let ask = |user: &str| {
        let path = "frappe.core.doctype.user_permission.user_permission.get_user_permissions";
        world.call(user, path, json!({})).unwrap()["message"].clone()
    };
    let own = json!({"Territory": [{"doc": "North", "applicable_for": null, "is_default": 0}]});
    assert_eq!([ask("sales@example.com"), ask("reader@example.com")], [own, json!({})]);
}

#[test]
fn helpers_of_forms_answer_in_the_recorded_keys() {
    let world = World::new();
    let party = json!({"party": CUSTOMER, "party_type": "Customer", "company": "Acme Ltd", "doctype": "Sales Order"});
    let answer = world.ask("erpnext.accounts.party.get_party_details", party);
    assert_recorded_keys(&answer, "verbs", "party details", "/message");
    assert_eq!(answer["message"]["currency"], "USD");
    let item = json!({"item_code": "SKU001", "company": "Acme Ltd", "doctype": "Sales Order", "price_list": "Standard Selling", "warehouse": "Stores - AL"});
    let answer = world.ask("erpnext.stock.get_item_details.get_item_details", json!({"args": item.to_string()}));
    assert_recorded_keys(&answer, "verbs", "item details", "/message");
    assert_eq!(answer["message"]["price_list_rate"], 800.0);
    let balance = json!({"item_code": "SKU001", "warehouse": "Stores - AL"});
    assert_eq!(world.ask("erpnext.stock.utils.get_stock_balance", balance), json!({"message": 7.5}));
}

#[test]
fn an_item_costs_what_its_pricing_rules_leave_of_it() {
    let world = World::new();
    let rule = |name: &str, more: Value| {
        let mut rule = json!({"name": name, "selling": 1});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.add("Pricing Rule", rule);
        world.row("Pricing Rule Item Code", "Pricing Rule", name, "items", json!({"item_code": "SKU001"}));
    };
    let tenth = json!({"rate_or_discount": "Discount Percentage", "discount_percentage": 10, "min_qty": 5});
    rule("PRLE-1", tenth);
    rule("PRLE-2", json!({"rate_or_discount": "Rate", "rate": 1, "customer": "another"}));
    rule("PRLE-3", json!({"rate_or_discount": "Rate", "rate": 1, "disable": 1}));
    world.row("UOM Conversion Detail", "Item", "SKU001", "uoms", json!({"uom": "Box", "conversion_factor": 12}));
    let ask = |more: Value| {
        let mut args = json!({"item_code": "SKU001", "company": "Acme Ltd", "price_list": "Standard Selling"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let args = json!({"args": args.to_string()});
        world.ask("erpnext.stock.get_item_details.get_item_details", args)["message"].clone()
    };
    let few = ask(json!({"qty": 4}));
    assert_eq!((few.get("pricing_rules"), &few["discount_percentage"]), (None, &json!(0.0)));
    let many = ask(json!({"qty": 5}));
    assert_eq!((&many["pricing_rules"], &many["discount_percentage"]), (&json!("[\"PRLE-1\"]"), &json!(10.0)));
    let box_of = ask(json!({"uom": "Box"}));
    assert_eq!((&box_of["conversion_factor"], &box_of["price_list_rate"]), (&json!(12.0), &json!(9600.0)));
    assert_eq!(many["free_item_data"], json!([]));
    let gift = json!({"price_or_product_discount": "Product", "free_item": "SKU001", "free_qty": 2, "min_qty": 9});
    rule("PRLE-4", gift);
    let free = ask(json!({"qty": 9}))["free_item_data"][0].clone();
    assert_eq!((&free["item_code"], &free["qty"], &free["is_free_item"]), (&json!("SKU001"), &json!(2.0), &json!(1)));
    assert_eq!(free["pricing_rules"], "PRLE-4");
}

#[test]
fn a_balance_is_that_of_the_end_of_a_day() {
    let world = World::new();
    let entry = json!({"name": "sle", "item_code": "SKU001", "warehouse": "Stores - AL", "posting_date": "2026-11-20", "actual_qty": 3});
    world.add("Stock Ledger Entry", entry);
    let balance = |day: &str, rate: bool| {
        let asked = json!({"item_code": "SKU001", "warehouse": "Stores - AL", "posting_date": day, "with_valuation_rate": rate});
        world.ask("erpnext.stock.utils.get_stock_balance", asked)["message"].clone()
    };
    assert_eq!((balance("2026-11-20", false), balance("2026-11-19", false)), (json!(7.5), json!(4.5)));
    assert_eq!(balance("2026-11-19", true), json!([4.5, 0.0]));
}

#[test]
fn a_printed_document_escapes_what_it_shows_and_there_is_no_pdf() {
    let world = World::new();
    world.add("Customer", json!({"name": "X", "customer_name": "<script>"}));
    let answer = world.ask("frappe.www.printview.get_html_and_style", json!({"doc": "Customer", "name": "X"}));
    assert_recorded_keys(&answer, "verbs", "print html", "/message");
    let html = answer["message"]["html"].as_str().unwrap();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
    let error = world.call(
        "Administrator",
        "frappe.utils.print_format.download_pdf",
        json!({"doctype": "Customer", "name": "X"}),
    );
    assert_eq!(error.unwrap_err().exc.name, "OSError");
}

#[test]
fn a_lead_is_approved_by_whoever_has_the_role_and_by_no_other_action() {
    let world = World::new();
    let doc =
        world.ask("frappe.client.get", json!({"doctype": "Lead", "name": "CRM-LEAD-2026-00007"}))["message"].clone();
    let open = world.ask("frappe.model.workflow.get_transitions", json!({ "doc": doc }));
    assert_recorded_keys(&open, "verbs", "get_transitions", "/message/0");
    let actions: Vec<&Value> = open["message"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["Approve", "Reject"]);
    let apply = |user: &str, action: &str| {
        world.call(user, "frappe.model.workflow.apply_workflow", json!({"doc": doc, "action": action}))
    };
    let wrong = apply("Administrator", "Nope").unwrap_err();
    assert_eq!((wrong.exc.status, wrong.exc.name), (417, "WorkflowTransitionError"));
    let reader = apply("reader@example.com", "Approve").unwrap_err();
    assert_eq!((reader.exc.status, reader.error_message.as_deref()), (403, Some("No permission for Lead")));
    let approved = apply("Administrator", "Approve").unwrap();
    assert_eq!(approved["message"]["workflow_state"], "Approved");
    assert_eq!(approved["message"].get("salutation"), None, "nulls are not sent");
    let empty = json!({"doctype": "Customer", "name": CUSTOMER});
    let none =
        world.call("Administrator", "frappe.model.workflow.get_transitions", json!({ "doc": empty })).unwrap_err();
    assert_eq!((none.exc.status, none.text.as_str()), (404, "Workflow  not found"));
}

#[test]
fn a_new_site_has_a_workflow_on_leads_and_gets_it_once() {
    let world = World::new();
    let emptied = world.as_user("Administrator", |site| {
        for doctype in ["Workflow", "Workflow Transition", "Workflow Document State"] {
            site.db.delete_where(site.controller(doctype)?, "1", &[])?;
        }
        Ok(())
    });
    emptied.unwrap();
    let seed = || world.as_user("Administrator", crate::methods::workflow::seed).unwrap();
    seed();
    seed();
    let workflow = world.stored("Workflow", "Lead Approval");
    assert_eq!(workflow["transitions"].as_array().unwrap().len(), 2);
}

#[test]
fn a_deleted_document_takes_along_what_was_about_it_and_lets_go_of_what_was_said() {
    let world = World::new();
    let lead = "CRM-LEAD-2026-00007";
    let about = |by_doctype: &str, by_name: &str| json!({"name": "about", by_doctype: "Lead", by_name: lead});
    world.add("Workflow Action", about("reference_doctype", "reference_name"));
    world.row("Workflow Action Permitted Role", "Workflow Action", "about", "permitted_roles", json!({"role": "All"}));
    world.add("Comment", about("reference_doctype", "reference_name"));
    world.add("ToDo", about("reference_type", "reference_name"));
    world.add("Communication", about("reference_doctype", "reference_name"));
    world.add("Comment", json!({"name": "of another", "reference_doctype": "Lead", "reference_name": "another"}));
    world.ask("frappe.client.delete", json!({"doctype": "Lead", "name": lead}));
    let left = |doctype: &str| world.as_user("Administrator", |site| site.list(doctype, &List::default())).unwrap();
    assert_eq!((left("Workflow Action").len(), left("ToDo").len()), (0, 0));
    assert_eq!(left("Comment")[0]["name"], "of another");
    assert_eq!(world.stored("Communication", "about")["reference_name"], Value::Null);
    let roles = List { parent: Some("Workflow Action".to_owned()), ..List::default() };
    let roles = world.as_user("Administrator", |site| site.list("Workflow Action Permitted Role", &roles)).unwrap();
    assert!(roles.is_empty(), "{roles:?}");
}

#[test]
fn a_cancelled_document_does_not_keep_another_from_being_deleted() {
    let world = World::new();
    let delete =
        || world.call("Administrator", "frappe.client.delete", json!({"doctype": "Customer", "name": CUSTOMER}));
    world.order("SO-1", 2);
    world.order("SO-2", 0);
    assert_eq!(delete().unwrap_err().exc.name, "LinkExistsError");
    world.ask("frappe.client.delete", json!({"doctype": "Sales Order", "name": "SO-2"}));
    delete().unwrap();
}

#[test]
fn terms_are_worked_out_for_the_document() {
    const TEXT: &str = "erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions";
    let world = World::new();
    world.add("Terms and Conditions", json!({"name": "T", "title": "T", "terms": "For {{ customer }}: at once."}));
    let doc = json!({"customer": "A", "items": []}).to_string();
    let text = world.ask(TEXT, json!({"template_name": "T", "doc": doc}));
    assert_eq!(text["message"], "For A: at once.");
    let missing = world.call("Administrator", TEXT, json!({"template_name": "U", "doc": "{}"})).unwrap_err();
    assert_eq!(missing.exc.status, 404);
}
