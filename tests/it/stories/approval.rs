//! Approval by a workflow: an action is taken, refused to whoever has not the role, and absent without a workflow.

use serde_json::{Value, json};

use super::{Desk, app};
use crate::support::{call, refusal};

#[on_every_version]
async fn a_lead_is_rejected_and_another_one_approved() {
    let desk = Desk::open().await;
    let mut leads = Vec::new();
    for name in ["Mara", "Nils"] {
        leads.push(desk.create("Lead", json!({"first_name": name, "company_name": format!("{name} & Co")})).await);
    }
    let waiting = |answer: &Value| answer.to_string();
    let pending = desk.call("list_pending_approvals", json!({})).await;
    assert!(leads.iter().all(|lead| waiting(&pending).contains(lead.as_str())), "{pending}");

    let lead = json!({"doctype": "Lead", "name": leads[0]});
    let actions = desk.call("get_workflow_actions", lead).await;
    assert_eq!(actions["state"], "Open");
    let open: Vec<_> = actions["actions"].as_array().unwrap().iter().map(|action| &action["action"]).collect();
    assert_eq!(open, ["Approve", "Reject"]);

    let text =
        desk.refusal("apply_workflow_action", json!({"doctype": "Lead", "name": leads[0], "action": "Approved"})).await;
    assert!(text.contains("open to this user now: Approve, Reject") && text.contains("Approve"), "{text}");
    let take = |lead: &str, action: &str| json!({"doctype": "Lead", "name": lead, "action": action});
    let rejected = desk.call("apply_workflow_action", take(&leads[0], "Reject")).await;
    assert_eq!(rejected["state"], json!({"from": "Open", "to": "Rejected"}), "{rejected}");
    assert_eq!(rejected["actions"], json!([]), "what is open after it: {rejected}");
    assert_eq!(desk.get("Lead", &leads[0]).await["workflow_state"], "Rejected");
    let text = desk.refusal("apply_workflow_action", take(&leads[0], "Approve")).await;
    assert!(text.contains("open to this user now: no action"), "{text}");
    desk.call("apply_workflow_action", take(&leads[1], "Approve")).await;
    let pending = desk.call("list_pending_approvals", json!({})).await;
    assert!(!leads.iter().any(|lead| waiting(&pending).contains(lead.as_str())), "{pending}");
}

#[on_every_version]
async fn a_user_without_the_role_has_no_action() {
    let desk = Desk::open().await;
    let lead = desk.create("Lead", json!({"first_name": "Ole", "territory": "North"})).await;
    let sales = app(&desk.site, "sales");
    let actions = call(&sales, "get_workflow_actions", json!({"doctype": "Lead", "name": lead})).await.unwrap();
    assert_eq!(actions["actions"], json!([]), "{actions}");
    let text =
        refusal(&sales, "apply_workflow_action", json!({"doctype": "Lead", "name": lead, "action": "Approve"})).await;
    assert!(text.contains("no action"), "{text}");
    let none = call(&sales, "get_workflow_actions", json!({"doctype": "Customer", "name": "x"})).await;
    assert!(none.is_err(), "the document is read first");
}

#[on_every_version]
async fn a_doctype_without_a_workflow_says_so() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let answer = desk.call("get_workflow_actions", json!({"doctype": "Customer", "name": customer})).await;
    assert_eq!(answer["note"], "Customer has no workflow");
}
