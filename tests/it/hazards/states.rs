//! States that a plain request sets as if they were fields: `docstatus`, and the state of a workflow.

use serde_json::json;

use super::{Place, at};

#[on_every_version]
async fn h8_docstatus_set_as_a_field() {
    let place = Place::new().await;
    let made = place.post("ToDo", json!({"description": "call"})).await;
    let todo = made["name"].as_str().unwrap();
    place.put("ToDo", todo, json!({"docstatus": 1})).await;
    let (status, refused) = place.raw("administrator", "PUT", &at("ToDo", todo), json!({"priority": "Low"})).await;
    assert_eq!((status, &refused["exc_type"]), (417, &json!("UpdateAfterSubmitError")), "it is stuck");
    let order = place.order(1).await;
    place.put("Sales Order", &order, json!({"docstatus": 1})).await;
    assert_eq!(place.stored("Sales Order", &order)["docstatus"], 1, "submitted, though nobody asked to submit");

    let made = place.post("ToDo", json!({"description": "call"})).await;
    let todo = made["name"].as_str().unwrap();
    let text = place.refused_update("ToDo", todo, json!({"docstatus": 1})).await;
    assert!(text.contains("ToDo is not submittable"), "{text}");
    assert_eq!(place.stored("ToDo", todo)["docstatus"], 0);
    let order = place.order(1).await;
    for (docstatus, tool) in [(1, "submit_document submits"), (2, "cancel_document cancels")] {
        let text = place.refused_update("Sales Order", &order, json!({"docstatus": docstatus})).await;
        assert!(text.contains(&format!("data.docstatus: is not set through a field: {tool}")), "{text}");
    }
    assert_eq!(place.stored("Sales Order", &order)["docstatus"], 0);
}

#[on_every_version]
async fn h51_a_workflow_state_set_as_a_field() {
    let place = Place::new().await;
    let made = place.post("Lead", json!({"first_name": "Mara", "company_name": "Mara & Co"})).await;
    let lead = made["name"].as_str().unwrap();
    place.put("Lead", lead, json!({"workflow_state": "Approved"})).await;
    assert_eq!(place.stored("Lead", lead)["workflow_state"], "Approved", "nobody approved it");

    let made = place.post("Lead", json!({"first_name": "Nils", "company_name": "Nils & Co"})).await;
    let lead = made["name"].as_str().unwrap();
    let text = place.refused_update("Lead", lead, json!({"workflow_state": "Approved"})).await;
    assert!(text.contains("data.workflow_state") && text.contains("apply_workflow_action takes one"), "{text}");
    let new = json!({"first_name": "Ole", "company_name": "Ole & Co", "workflow_state": "Approved"});
    let text = place.refusal("create_generic_document", json!({"doctype": "Lead", "data": new})).await;
    assert!(text.contains("apply_workflow_action"), "{text}");
    assert_eq!(place.stored("Lead", lead)["workflow_state"], "Open");
}

#[on_every_version]
async fn h51_a_workflow_that_keeps_its_state_in_a_field_of_the_form() {
    let place = Place::new().await;
    let state = |state: &str| json!({"state": state, "doc_status": "0", "allow_edit": "System Manager"});
    let transition = json!({"state": "Open", "action": "Approve", "next_state": "Closed", "allowed": "System Manager"});
    for name in ["Open", "Closed"] {
        if place.site.stored("Workflow State", name).is_none() {
            place.post("Workflow State", json!({"workflow_state_name": name})).await;
        }
    }
    if place.site.stored("Workflow Action Master", "Approve").is_none() {
        place.post("Workflow Action Master", json!({"workflow_action_name": "Approve"})).await;
    }
    let workflow = json!({
        "workflow_name": "Tasks", "document_type": "ToDo", "is_active": 1, "workflow_state_field": "status",
        "states": [state("Open"), state("Closed")], "transitions": [transition],
    });
    place.post("Workflow", workflow).await;
    let made = place.post("ToDo", json!({"description": "call"})).await;
    let todo = made["name"].as_str().unwrap();
    let text = place.refused_update("ToDo", todo, json!({"status": "Closed"})).await;
    assert!(
        text.contains("data.status: is not set through a field: it moves by the actions of the workflow"),
        "{text}"
    );
    assert_eq!(place.stored("ToDo", todo)["status"], "Open");
    place.update("ToDo", todo, json!({"priority": "High"})).await;
}
