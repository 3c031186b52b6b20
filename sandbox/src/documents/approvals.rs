//! Workflow Actions: what the site keeps open for those who may take a document on from its state.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::random;
use crate::doc::{Doc, display, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

impl Site<'_> {
    /// The active workflow of a DocType.
    ///
    /// # Errors
    /// The database's.
    pub fn workflow_of(&self, def: &DocTypeDef) -> Result<Option<Doc>, SiteError> {
        if def.name == "Workflow" || def.module == "Core" || !self.db.has_table("Workflow")? {
            return Ok(None);
        }
        let found = self.db.rows_where_in("Workflow", self.meta, "document_type", def.name)?;
        let active = found.into_iter().find(|row| row.get("is_active").is_some_and(|on| *on == 1));
        active.map(|workflow| self.load("Workflow", text(&workflow, "name"))).transpose()
    }

    /// Whether the workflow has a way from the stored state to the new one that is open to the user (H51).
    ///
    /// # Errors
    /// 417 WorkflowPermissionError.
    pub(super) fn check_workflow(&self, def: &DocTypeDef, stored: &Doc, doc: &Doc) -> Result<(), SiteError> {
        let Some(workflow) = self.workflow_of(def)? else { return Ok(()) };
        let field = text(&workflow, "workflow_state_field");
        let (before, after) = (text(stored, field), text(doc, field));
        let leads = |row: &&Doc| text(row, "state") == before && text(row, "next_state") == after;
        let open = rows(&workflow, "transitions").filter(leads).any(|row| self.user.has(text(row, "allowed")));
        if before.is_empty() || before == after || open {
            return Ok(());
        }
        let text =
            format!("Workflow State transition not allowed from <strong>{before}</strong> to <strong>{after}</strong>");
        Err(SiteError::throw(exc::WORKFLOW_PERMISSION, text))
    }

    /// Opens an action for the document's state, if roles may take it on from there, and completes those of earlier
    /// states.
    pub(super) fn ask_for_approval(&self, def: &DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        let Some(workflow) = self.workflow_of(def)? else { return Ok(()) };
        let state = text(doc, text(&workflow, "workflow_state_field"));
        let name = display(doc.get("name").unwrap_or(&json!(null)));
        let actions = self.controller("Workflow Action")?;
        let condition = "reference_doctype = ?1 AND reference_name = ?2 AND status = 'Open'";
        let params = [def.name, &name].map(|text| Sql::Text(text.to_owned()));
        let open = self.db.rows_where(actions, condition, &params)?;
        if open.iter().any(|action| text(action, "workflow_state") == state) {
            return Ok(());
        }
        let completed = Doc::from_iter([
            ("status".to_owned(), json!("Completed")),
            ("completed_by".to_owned(), json!(self.user.name)),
            ("modified".to_owned(), json!(self.now_text())),
        ]);
        for action in &open {
            self.db.set_row(actions, text(action, "name"), &completed)?;
        }
        let mut roles: Vec<&str> = Vec::new();
        for transition in rows(&workflow, "transitions").filter(|row| text(row, "state") == state) {
            if !roles.contains(&text(transition, "allowed")) {
                roles.push(text(transition, "allowed"));
            }
        }
        if roles.is_empty() {
            return Ok(());
        }
        let action = random();
        let kept = |row: serde_json::Value| {
            let mut row = row.as_object().cloned().unwrap_or_default();
            for (key, value) in [("owner", self.user.name.clone()), ("modified_by", self.user.name.clone())] {
                row.insert(key.to_owned(), json!(value));
            }
            for key in ["creation", "modified"] {
                row.insert(key.to_owned(), json!(self.now_text()));
            }
            row
        };
        let row = json!({
            "name": action, "status": "Open", "reference_doctype": def.name, "reference_name": name, "workflow_state": state,
        });
        self.db.add_row(actions, &kept(row))?;
        for (at, role) in roles.into_iter().enumerate() {
            let row = json!({
                "name": random(), "idx": at + 1, "role": role, "parent": action, "parentfield": "permitted_roles",
                "parenttype": "Workflow Action",
            });
            self.db.add_row(self.controller("Workflow Action Permitted Role")?, &kept(row))?;
        }
        Ok(())
    }
}
