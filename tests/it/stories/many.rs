//! One step with many documents, and one change to all that a filter selects.

use erpnext_mcp::tool::progress::CallObserver;
use serde_json::{Value, json};

use super::{Desk, app};
use crate::sandbox::{COMPANY, config};
use crate::support::{all, app_of, call};

const ACT: &str = "act_on_bulk_documents";
const UPDATE: &str = "update_bulk_documents";

/// Tasks that a filter by their description selects.
async fn tasks(desk: &Desk, count: usize) -> Value {
    let documents: Vec<Value> = (0..count).map(|i| json!({"description": format!("many-{i:02}")})).collect();
    let made = desk.call("create_bulk_documents", json!({"doctype": "ToDo", "documents": documents})).await;
    assert_eq!(made["done"], json!(count));
    json!({"description": ["like", "%many-%"]})
}

/// What waits to be confirmed, as the model is told.
async fn waits(desk: &Desk, tool: &'static str, arguments: &Value) -> Value {
    let answer = desk.call(tool, arguments.clone()).await;
    assert!(answer["not_done_yet"].is_string(), "{answer}");
    answer
}

#[on_every_version]
async fn one_step_is_taken_with_many_documents_and_each_is_told() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 3).await;
    let before = desk.site.journal().len();
    let tag = json!({"doctype": "Customer", "names": customers, "action": "tag", "value": "vip"});
    let answer = desk.call(ACT, tag).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(3), &json!(3)), "{answer}");
    let tagged = desk.journal(before).iter().filter(|write| *write == "insert Tag Link").count();
    assert_eq!(tagged, 3);

    let customer = &customers[0];
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let offer = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY, "items": [{"item_code": item, "qty": 1, "rate": 5}]});
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(desk.create("Quotation", offer.clone()).await);
    }
    desk.submit("Quotation", &names[1]).await;
    let answer = desk.call(ACT, json!({"doctype": "Quotation", "names": names, "action": "submit"})).await;
    assert_eq!(answer["done"], 2, "{answer}");
    assert!(answer["failed"][0].to_string().contains("is submitted already"), "{answer}");
    for name in &names {
        assert_eq!(desk.get("Quotation", name).await["docstatus"], 1);
    }
    // Cancelling is asked about, all of them at once.
    let mut cancel = json!({"doctype": "Quotation", "names": names, "action": "cancel"});
    let asked = waits(&desk, ACT, &cancel).await;
    assert_eq!(asked["rows"].as_array().unwrap().len(), 3, "{asked}");
    cancel["confirm_token"] = asked["confirm_token"].clone();
    assert_eq!(desk.call(ACT, cancel).await["done"], 3);
}

#[on_every_version]
async fn many_are_renamed_and_each_is_told() {
    let desk = Desk::open().await;
    let mut names = Vec::new();
    for name in ["Bolt Works", "Nut Works", "Pin Works"] {
        names.push(desk.create("Brand", json!({"brand": name})).await);
    }
    let before = desk.site.journal().len();
    let rename = |new_names: Value| json!({"doctype": "Brand", "action": "rename", "new_names": new_names});
    for (arguments, told) in [
        (rename(json!({})), "new_names: rename needs them"),
        (rename(json!({"Bolt Works": "Nut Works", "Nut Works": "Bolts"})), "is the name of another of these"),
        (rename(json!({"Bolt Works": "Bolts", "Nut Works": "bolts"})), "is the new name of another of these"),
        (rename(json!({"Bolt Works": 5})), "expected a name"),
        (rename(json!({"Bolt Wrks": "Bolts"})), "there is no Brand named \"Bolt Wrks\""),
        (
            json!({"doctype": "Brand", "action": "tag", "value": "x", "new_names": {"Bolt Works": "B"}}),
            "only rename takes",
        ),
        (json!({"doctype": "Brand", "action": "rename", "names": names}), "new_names: rename needs them"),
    ] {
        let text = desk.refusal(ACT, arguments.clone()).await;
        assert!(text.contains(told), "{arguments}: {text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
    // One that is there already stops no other.
    let answer = desk.call(ACT, rename(json!({"Bolt Works": "Bolts", "Nut Works": "Pin Works"}))).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(1), &json!(2)), "{answer}");
    assert!(answer["failed"][0].to_string().contains("Pin Works"), "{answer}");
    assert_eq!(answer["updated"], json!(["Bolts", null]), "{answer}");
    assert!(desk.get("Brand", "Bolts").await.is_object());
    // What is done already is not asked for by the name that it had.
    let mut rest = rename(json!({"Bolt Works": "Bolts", "Nut Works": "Nuts"}));
    assert!(desk.refusal(ACT, rest.clone()).await.contains("new_names[0]"));
    rest["start_at"] = json!(1);
    let answer = desk.call(ACT, rest).await;
    assert_eq!((&answer["updated"], &answer["total"]), (&json!(["Nuts"]), &json!(1)), "{answer}");
}

#[on_every_version]
async fn all_that_a_filter_selects_are_changed_after_they_were_shown() {
    let desk = Desk::open().await;
    let filters = tasks(&desk, 12).await;
    let mut change = json!({"doctype": "ToDo", "where": filters, "data": {"priority": "High"}});
    let before = desk.site.journal().len();
    let asked = waits(&desk, UPDATE, &change).await;
    assert_eq!((&asked["documents"], asked["rows"].as_array().unwrap().len()), (&json!(12), 10), "{asked}");
    assert!(asked["others"].as_str().unwrap().starts_with("2 more"), "{asked}");
    let shown = asked["rows"].as_array().unwrap().iter().map(|row| &row["name"]);
    let named: Vec<&Value> = shown.chain(asked["other_names"].as_array().unwrap()).collect();
    let all = desk.some("ToDo", filters.clone(), 500).await;
    assert!(named.len() == 12 && all.iter().all(|name| named.contains(&&json!(name))), "{all:?} {asked}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    // What was shown is what is changed: another one that fits makes the token void.
    desk.create("ToDo", json!({"description": "many-new"})).await;
    change["confirm_token"] = asked["confirm_token"].clone();
    let asked = waits(&desk, UPDATE, &change).await;
    assert_eq!(asked["documents"], 13, "{asked}");
    change["confirm_token"] = asked["confirm_token"].clone();
    let answer = desk.call(UPDATE, change).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(13), &json!(13)), "{answer}");
    let mut high = filters.clone();
    high["priority"] = json!("High");
    assert_eq!(desk.some("ToDo", high, 500).await.len(), 13);

    let mut close = json!({"doctype": "ToDo", "where": filters, "action": "comment", "value": "seen"});
    let asked = waits(&desk, ACT, &close).await;
    close["confirm_token"] = asked["confirm_token"].clone();
    assert_eq!(desk.call(ACT, close).await["done"], 13);
}

#[on_every_version]
async fn what_is_not_said_clearly_of_many_is_done_with_none() {
    let desk = Desk::open().await;
    let filters = tasks(&desk, 2).await;
    let before = desk.site.journal().len();
    for (tool, arguments, wanted) in [
        (ACT, json!({"action": "tag", "value": "x"}), "give either names or where"),
        (ACT, json!({"action": "tag", "value": "x", "names": ["a"], "where": filters}), "give either names or where"),
        (ACT, json!({"action": "tag", "names": ["a"]}), "this action needs one: the tag"),
        (ACT, json!({"action": "submit", "names": ["a"]}), "is not submittable"),
        (ACT, json!({"action": "tag", "value": "x", "names": ["nobody"]}), "there is no ToDo named"),
        (ACT, json!({"action": "tgg", "value": "x", "names": ["a"]}), "did you mean tag?"),
        (ACT, json!({"action": "tag", "value": "x", "where": {}}), "it would be every document"),
        (ACT, json!({"action": "tag", "value": "x", "where": {"priorty": "Low"}}), "did you mean priority?"),
        (ACT, json!({"action": "tag", "value": "x", "where": filters, "start_at": 1}), "call without start_at"),
        (UPDATE, json!({"where": filters}), "give either documents, or where with data"),
        (UPDATE, json!({"where": filters, "data": {"priorty": "Low"}}), "there is 1 problem:\n- data.priorty"),
        (UPDATE, json!({"where": {"description": "none"}, "data": {"priority": "Low"}}), "no ToDo fits"),
    ] {
        let mut arguments = arguments;
        arguments["doctype"] = json!("ToDo");
        let text = desk.refusal(tool, arguments.clone()).await;
        assert!(text.contains(wanted), "{tool} {arguments}: {text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn documents_are_found_by_what_hangs_on_them() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 500).await;
    let by = async |filters: Value| desk.some("Customer", filters, 500).await;
    let hang = async |action: &str, names: &[String], value: &str| {
        let asked = json!({"doctype": "Customer", "names": names, "action": action, "value": value});
        assert_eq!(desk.call(ACT, asked).await["done"], json!(names.len()));
    };
    let before = by(json!({"assigned_to": ["is", "set"]})).await.len();
    hang("assign", &customers[..2], "sales@example.com").await;
    hang("assign", &customers[2..3], "Administrator").await;
    hang("tag", &customers[1..3], "key_account").await;
    assert_eq!(by(json!({"assigned_to": "sales@example.com"})).await, customers[..2]);
    assert_eq!(by(json!({"assigned_to": "me", "tagged": "key_account"})).await, customers[2..3]);
    assert_eq!(by(json!([["tagged", "=", "key_account"]])).await, customers[1..3]);
    for word in ["assigned_to", "_assign"] {
        let asked = json!({"doctype": "Customer", "filters": {"name": ["in", [customers[0], customers[3]]]},
            "fields": ["name", word], "order_by": "name"});
        let listed = desk.call("list_generic_documents", asked).await;
        let of = |customer: &str| {
            let rows = listed["documents"].as_array().unwrap();
            rows.iter().find(|row| row["name"] == customer).unwrap()["assigned_to"].clone()
        };
        assert_eq!((of(&customers[0]), of(&customers[3])), (json!(["sales@example.com"]), Value::Null), "{listed}");
    }
    // A user is called by the name that people say; one that is not there does not merely have nothing.
    for (user, note) in [
        ("Ines Duarte", "assigned_to: \"Ines Duarte\" is \"ines@alderway.example\""),
        ("Ines", "assigned_to: there is no User \"Ines\"; did you mean \"ines@alderway.example\""),
    ] {
        let asked = json!({"doctype": "Customer", "filters": {"assigned_to": user}});
        let listed = desk.call("list_generic_documents", asked).await;
        assert!(listed["note"].as_str().unwrap_or_default().contains(note), "{listed}");
    }
    assert_eq!(by(json!({"assigned_to": ["!=", "sales@example.com"]})).await, customers[2..]);
    // Where the last assignment was taken back the site keeps an empty list.
    hang("unassign", &customers[..1], "sales@example.com").await;
    assert_eq!(by(json!({"assigned_to": ["is", "set"]})).await.len(), before + 2);
    let without = by(json!({"assigned_to": ["is", "not set"]})).await;
    assert!(without.contains(&customers[0]) && !without.contains(&customers[1]));
    assert_eq!(by(json!({"liked_by": "me"})).await, Vec::<String>::new());
    // Comments and files are documents that name theirs.
    hang("comment", &customers[3..4], "pays late").await;
    let file = json!({"doctype": "Customer", "name": customers[4], "file_name": "terms.txt", "text": "30 days"});
    desk.call("attach_file", file).await;
    let reads = json!({"read": true});
    let rules = json!({"default": all(), "doctypes": {"Comment": reads, "File": reads}});
    let app = app_of(&config(&desk.site, "administrator", rules));
    let said = json!({"comment_type": "Comment", "content": ["like", "%late%"]});
    let named = json!({"file_name": "terms.txt"});
    for (asked, found) in
        [(json!(["used in", "Comment", said]), &customers[3]), (json!(["used in", "File", named]), &customers[4])]
    {
        let asked = json!({"doctype": "Customer", "filters": {"name": asked}, "fields": ["name"]});
        let listed = call(&app, "list_generic_documents", asked.clone()).await.unwrap();
        assert_eq!(listed["documents"], json!([{"name": found}]), "{asked}: {listed}");
    }
    let text = desk
        .refusal("list_generic_documents", json!({"doctype": "Customer", "filters": {"assigned_to": [">", "x"]}}))
        .await;
    assert!(text.contains("assigned_to takes a name"), "{text}");
}

#[on_every_version]
async fn links_of_all_changes_are_looked_at_before_the_first_is_sent() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 3).await;
    let before = desk.site.journal().len();
    let row = |at: usize, field: &str, to: &str| json!({"name": customers[at], field: to});
    let rows = json!([row(0, "territory", "South"), row(1, "territory", "Nroth"), row(2, "customer_group", "Ofices")]);
    let text = desk.refusal(UPDATE, json!({"doctype": "Customer", "documents": rows})).await;
    assert!(text.contains("documents[1].territory") && text.contains("documents[2].customer_group"), "{text}");
    assert!(text.contains("Nroth") && !text.contains("documents[0]"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new(), "the first is not sent either");
    // All that a filter selects gets the same, which is looked at once.
    let all = json!({"doctype": "Customer", "where": {"name": ["in", customers]}, "data": {"territory": "Nroth"}});
    let text = desk.refusal(UPDATE, all).await;
    assert!(text.contains("Nroth"), "{text}");
    let row = json!({"name": customers[0], "territory": "South", "website": "x.example"});
    desk.call(UPDATE, json!({"doctype": "Customer", "documents": [row]})).await;
    assert_eq!(desk.journal(before).len(), 1);
}

#[on_every_version]
async fn a_link_that_was_dead_before_or_is_no_longer_asked_for_does_not_stop_a_batch() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 2).await;
    let gone = json!({"territory": "Gone"});
    desk.site.with(|site| site.set("Customer", &customers[0], gone.as_object().unwrap())).unwrap();
    let before = desk.site.journal().len();
    let row =
        |at: usize, territory: &str| json!({"name": customers[at], "territory": territory, "website": "x.example"});
    // As it is stored: the site says of this document alone what it has against it.
    let rows = json!([row(0, "Gone"), row(1, "South")]);
    let answer = desk.call(UPDATE, json!({"doctype": "Customer", "documents": rows})).await;
    assert_eq!((&answer["done"], &answer["updated"][1]), (&json!(1), &json!(customers[1])), "{answer}");
    assert_eq!(answer["failed"][0]["rows"], json!([{"row": 0, "name": customers[0]}]), "{answer}");
    // Of the rows before the one to go on at nothing is asked, and nothing of any once the client left.
    let rows = json!([row(0, "Nroth"), row(1, "North")]);
    let mut arguments = json!({"doctype": "Customer", "documents": rows, "start_at": 1});
    assert_eq!(desk.call(UPDATE, arguments.clone()).await["done"], 1);
    assert_eq!(desk.journal(before).len(), 2);
    arguments["start_at"] = json!(0);
    let app = app(&desk.site, "administrator");
    let (watch, _told) = CallObserver::new();
    watch.stop();
    let tool = app.registry().find(UPDATE).unwrap();
    let call = app.observed_call(tool, arguments.as_object().unwrap().clone(), None, &watch);
    assert_eq!(call.await.unwrap().0["stopped"]["start_at"], 0);
    assert_eq!(desk.journal(before).len(), 2);
}

#[on_every_version]
async fn what_one_document_holds_already_may_not_be_said_of_another_for_that() {
    let desk = Desk::open().await;
    for title in ["Twin towers North", "Twin towers South"] {
        desk.create("Project", json!({"project_name": title, "naming_series": "PROJ-.####"})).await;
    }
    let (one, other) =
        (desk.create("Task", json!({"subject": "A"})).await, desk.create("Task", json!({"subject": "B"})).await);
    let gone = json!({"project": "Twin towers"});
    desk.site.with(|site| site.set("Task", &one, gone.as_object().unwrap())).unwrap();
    let before = desk.site.journal().len();
    let rows = [one, other].map(|name| json!({"name": name, "project": "Twin towers"}));
    let text = desk.refusal(UPDATE, json!({"doctype": "Task", "documents": rows})).await;
    assert!(text.contains("documents[1].project: there is no Project named \"Twin towers\"; like it are"), "{text}");
    assert!(!text.contains("documents[0]"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn links_that_could_not_be_looked_at_within_the_limit_do_not_refuse_the_first_row() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 20).await;
    let documents: Vec<Value> = customers.iter().map(|_| json!({"description": "limit"})).collect();
    let made = desk.call("create_bulk_documents", json!({"doctype": "ToDo", "documents": documents})).await;
    let row = |(at, customer): (usize, &String)| json!({"name": made["created"][at], "reference_type": "Customer", "reference_name": customer});
    let rows: Vec<Value> = customers.iter().enumerate().map(row).collect();
    let mut config = config(&desk.site, "administrator", json!({"default": all()}));
    config["rate_limiting"] = json!({"enabled": true, "requests_per_minute": 12, "requests_per_hour": 1000});
    let answer = call(&app_of(&config), UPDATE, json!({"doctype": "ToDo", "documents": rows})).await.unwrap();
    assert!(answer["stopped"]["start_at"].is_u64(), "{answer}");
    assert!(answer["stopped"]["why"].as_str().unwrap().contains("limit of requests"), "{answer}");
}
