//! HRMS is an app beside ERPNext, and the sample site does not have it.

use serde_json::json;

use crate::sandbox::site_as;
use crate::support::{all, call, refusal};

const ABSENT: &str = "it comes with the app HRMS, which is not installed there";

#[on_every_version]
async fn what_an_app_brings_that_the_site_does_not_have_is_told_as_absent_at_once() {
    for key in ["administrator", "sales"] {
        let (_site, app) = site_as(key, json!({"default": all()})).await;
        for query in
            ["leave application", "apply for leave", "salary slips", "submit an expense claim", "attendance", "leave"]
        {
            let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
            assert_eq!((&found["found"], &found["tools"]), (&json!(0), &json!([])), "{query}: {found}");
            assert!(found["note"].as_str().is_some_and(|note| note.contains(ABSENT)), "{query}: {found}");
            assert!(found["next"].as_str().unwrap().contains("Tell the user."), "{query}: {found}");
        }
        let named = call(&app, "find_tools", json!({"doctype": "Salary Slip"})).await.unwrap();
        assert!(named["note"].as_str().unwrap().contains(ABSENT), "{named}");
        let searched = call(&app, "list_doctypes", json!({"search": "Leave Application"})).await.unwrap();
        assert!(searched["note"].as_str().unwrap().contains(ABSENT), "{searched}");
        let of = json!({"doctype": "Leave Application"});
        for (tool, given) in [
            ("list_generic_documents", of.clone()),
            ("get_doctype_schema", of.clone()),
            ("create_generic_document", json!({"doctype": "Leave Application", "data": {"employee": "x"}})),
            ("call_tool", json!({"tool": "create_leave_application_document", "arguments": {}})),
        ] {
            let told = refusal(&app, tool, given).await;
            assert!(told.contains(ABSENT) && !told.contains("id you mean"), "{tool}: {told}");
        }
    }
}

#[on_every_version]
async fn what_erpnext_has_itself_is_found_whatever_is_beside_it() {
    let (_site, app) = site_as("administrator", json!({"default": all()})).await;
    for (query, tool) in [
        ("employee", "list_employee_documents"),
        ("holiday list", "list_holiday_list_documents"),
        ("department", "list_department_documents"),
        ("leave a comment", "add_comment"),
        ("create a journal entry for payroll", "create_journal_entry_document"),
    ] {
        let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
        assert!(found.to_string().contains(&format!("\"{tool}\"")), "{query}: {found}");
        assert!(found["note"].is_null(), "{query}: {found}");
    }
    // Words that share a part with a name of HRMS mean something else.
    for query in ["list jobs", "enter time", "add time", "settings"] {
        let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
        assert!(!found.to_string().contains(ABSENT), "{query}: {found}");
    }
    // A site has the DocType that it made, or the policy names, whatever an app calls the same.
    let own = json!({"default": all(), "doctypes": {"Leave Request": all()}});
    let (_site, app) = site_as("administrator", own).await;
    let found = call(&app, "find_tools", json!({"query": "create leave request"})).await.unwrap();
    assert!(!found.to_string().contains(ABSENT), "{found}");
    let both = call(&app, "find_tools", json!({"query": "customers of the attendance"})).await.unwrap();
    assert!(both["note"].as_str().unwrap().contains(ABSENT) && both["found"] != 0, "{both}");
}
