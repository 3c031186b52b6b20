//! What a clerk does besides plain documents: marks, files, new names, conversions, workflows.

use serde_json::{Value, json};

use super::clerk::{Clerk, Known, Told, text};
use crate::sandbox::COMPANY;

impl Clerk<'_> {
    /// Each tag is a new one: telling that it was set means that it was set now.
    pub(super) async fn tag(&mut self, words: &str) {
        let Some(name) = self.todos.last().map(|todo| todo.name.clone()) else { return self.create(words).await };
        self.call("tag_document", json!({"doctype": "ToDo", "name": name, "tag": words})).await;
    }

    pub(super) async fn assign(&mut self, words: &str) {
        let free = self.todos.iter().find(|todo| !self.assigned.contains(&todo.name));
        let Some(name) = free.map(|todo| todo.name.clone()) else { return self.create(words).await };
        self.assigned.insert(name.clone());
        self.call("assign_document", json!({"doctype": "ToDo", "name": name, "user": "sales@example.com"})).await;
    }

    pub(super) async fn attach(&mut self, words: &str) {
        let Some(name) = self.todos.last().map(|todo| todo.name.clone()) else { return self.create(words).await };
        let file = json!({"doctype": "ToDo", "name": name, "file_name": format!("{words}.txt"), "text": words});
        self.call("attach_file", file).await;
    }

    /// Makes a document; what it is called, if that was told.
    async fn made(&mut self, doctype: &str, data: Value) -> Option<String> {
        let create = json!({"doctype": doctype, "data": data});
        match self.call("create_generic_document", create).await {
            Told::Done(made) => Some(text(&made["created"])),
            _ => None,
        }
    }

    pub(super) async fn rename(&mut self, words: &str) {
        let holds = json!({"customer_type": "Company"});
        let data = json!({"customer_name": words, "customer_type": "Company"});
        let Some(old) = self.made("Customer", data).await else { return };
        let new = format!("{words} renamed");
        let rename = json!({"doctype": "Customer", "name": old, "new_name": new, "confirm": true});
        let name = match self.call("rename_document", rename).await {
            Told::Done(_) => new,
            Told::Not => old,
            Told::Unknown => return,
        };
        self.tally.known.push(Known { doctype: "Customer", name, holds });
    }

    pub(super) async fn convert(&mut self, words: &str) {
        let first = async |clerk: &mut Self, doctype: &str, filters: Value| {
            let asked = json!({"doctype": doctype, "filters": filters, "fields": ["name"], "limit": 1});
            match clerk.call("list_generic_documents", asked).await {
                Told::Done(listed) => Some(listed["documents"][0]["name"].clone()),
                _ => None,
            }
        };
        let Some(customer) = first(self, "Customer", json!({"territory": "North"})).await else { return };
        let Some(item) = first(self, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await else { return };
        let offered = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY, "terms": words,
            "items": [{"item_code": item, "qty": 4, "rate": 50}]});
        let Some(quotation) = self.made("Quotation", offered).await else { return };
        let named = json!({"doctype": "Quotation", "name": quotation, "confirm": true});
        let Told::Done(_) = self.call("submit_document", named).await else { return };
        let convert = json!({"doctype": "Quotation", "name": quotation, "to": "Sales Order", "save": true,
            "data": {"delivery_date": "2026-12-24"}});
        if let Told::Done(made) = self.call("convert_document", convert).await {
            let holds = json!({"docstatus": 0, "items": [{"prevdoc_docname": quotation, "qty": 4.0}]});
            self.tally.known.push(Known { doctype: "Sales Order", name: text(&made["created"]), holds });
        }
    }

    pub(super) async fn approve(&mut self, words: &str) {
        let Some(name) = self.made("Lead", json!({"first_name": words, "company_name": words})).await else { return };
        let action = json!({"doctype": "Lead", "name": name, "action": "Approve", "confirm": true});
        let state = match self.call("apply_workflow_action", action).await {
            Told::Done(_) => "Approved",
            Told::Not => "Open",
            Told::Unknown => return,
        };
        self.tally.known.push(Known { doctype: "Lead", name, holds: json!({"workflow_state": state}) });
    }
}
