//! What the site does to orders that are submitted, past the rules for a change of what is submitted.

use erpnext_schema::Version;
use serde_json::{Value, json};

use super::own;
use super::status::{self, KEPT};
use crate::doc::{Doc, flt, int, number, rows, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::site::Site;

impl Site<'_> {
    /// Closes, holds or opens again. On 15 nobody is asked for a right; on 16 it takes that to submit.
    ///
    /// # Errors
    /// 403; 417 for what is not submitted, or has no such status.
    pub fn set_status(&self, doctype: &str, name: &str, to: &str) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        let mut doc = self.load(doctype, name)?;
        if self.version() >= Version::V16 {
            self.check(doctype, Some(&doc), Right::Submit)?;
        }
        is_submitted(&doc)?;
        let choices = def.field("status").and_then(|field| field.choices()).unwrap_or_default();
        // What is to be worked out is asked for by the name of a state, which need not be one of its choices.
        if !choices.contains(&to) && to != "Submitted" {
            return Err(SiteError::invalid(format!("{to} is no status of {doctype}")));
        }
        if KEPT.contains(&to) {
            doc.insert("status".to_owned(), json!(to));
        } else {
            status::set(self, def, &mut doc)?;
        }
        let mut changes = Doc::from_iter([("status".to_owned(), doc.get("status").cloned().unwrap_or_default())]);
        changes.insert("modified".to_owned(), json!(self.now_text()));
        self.set(doctype, name, &changes)?;
        self.recount_bins(&doc)?;
        own::note(self, doctype, name, "Label", to)?;
        self.journal("update", doctype, name)
    }

    /// Gives an order other rows; those that are not named are deleted. A price that is not sent is 0, a factor that is
    /// not sent is that of the unit, and 16 keeps no description but the one that is sent.
    ///
    /// # Errors
    /// 403; 417 for an order that is not submitted or is closed, a row of which more is done, a row that is done in part.
    pub fn replace_items(&self, doctype: &str, name: &str, sent: &[Doc]) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        let stored = self.submitted(doctype, name)?;
        if text(&stored, "status") == "Closed" {
            return Err(SiteError::invalid(format!("{name} is closed")));
        }
        let done = |row: &Doc| {
            ["delivered_qty", "received_qty"].iter().filter_map(|field| row.get(*field)).map(flt).sum::<f64>()
        };
        let billed = |row: &Doc| number(row, "billed_amt");
        let mut kept = Vec::new();
        for row in sent {
            let old = rows(&stored, "items").find(|old| text(old, "name") == text(row, "docname"));
            let mut new = old.cloned().unwrap_or_default();
            if number(row, "qty") < done(&new) {
                return Err(SiteError::invalid("a quantity is below what is delivered or received"));
            }
            new.extend(
                row.iter()
                    .filter(|(key, _)| !matches!(key.as_str(), "docname" | "name"))
                    .map(|(k, v)| (k.clone(), v.clone())),
            );
            if number(row, "rate") == 0.0 {
                // Nothing of the list's price is left.
                for (field, value) in [("rate", 0.0), ("discount_percentage", 100.0)] {
                    new.insert(field.to_owned(), json!(value));
                }
            }
            if !text(row, "uom").is_empty() && number(row, "conversion_factor") == 0.0 {
                let factor = self.unit_factor(text(row, "item_code"), text(row, "uom"))?;
                new.insert("conversion_factor".to_owned(), json!(factor));
            }
            new.insert("idx".to_owned(), json!(kept.len() + 1));
            kept.push(Value::Object(new));
        }
        let stays = |old: &Doc| sent.iter().any(|row| text(row, "docname") == text(old, "name"));
        if rows(&stored, "items").any(|old| !stays(old) && (done(old) > 0.0 || billed(old) > 0.0)) {
            return Err(SiteError::invalid("a row that is delivered, received or billed stays"));
        }
        let mut doc = stored.clone();
        doc.insert("items".to_owned(), Value::Array(kept));
        // The schedule is worked out of the new total.
        doc.insert("payment_schedule".to_owned(), json!([]));
        self.take_rows(def, &mut doc)?;
        self.stamp(def, &mut doc);
        self.name_rows(def, &mut doc)?;
        self.fill(def, &mut doc)?;
        if self.version() >= Version::V16 {
            let items = doc.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
            for (row, sent) in items.filter_map(Value::as_object_mut).zip(sent) {
                row.insert("description".to_owned(), sent.get("description").cloned().unwrap_or_default());
            }
        }
        self.write(def, &mut doc)?;
        self.keep_version(def, &stored, &doc)?;
        self.recount_order(doctype, name)?;
        self.recount_bins(&stored)?;
        self.recount_bins(&doc)?;
        self.journal("update", doctype, name)
    }

    /// How much of an item's stock unit one of another unit is; 1 of one that the item does not state.
    fn unit_factor(&self, item: &str, unit: &str) -> Result<f64, SiteError> {
        let item = self.load("Item", item)?;
        let stated = rows(&item, "uoms").find(|row| text(row, "uom") == unit);
        Ok(stated.and_then(|row| row.get("conversion_factor")).map_or(1.0, flt))
    }

    fn submitted(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let doc = self.load(doctype, name)?;
        self.check(doctype, Some(&doc), Right::Write)?;
        is_submitted(&doc)?;
        Ok(doc)
    }
}

fn is_submitted(doc: &Doc) -> Result<(), SiteError> {
    match int(doc, "docstatus") {
        1 => Ok(()),
        _ => Err(SiteError::invalid(format!("{} is not submitted", text(doc, "name")))),
    }
}
