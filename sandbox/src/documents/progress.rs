//! How far an order is delivered and billed: what a delivery or an invoice that is submitted or cancelled tells its order.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::own;
use crate::doc::{Doc, flt, rows, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

/// What the rows of one DocType add to the rows of an order.
struct Progress {
    /// Whose rows.
    of: &'static str,
    /// The field of a row that names the order's row.
    link: &'static str,
    /// The order.
    order: &'static str,
    /// The DocType of its rows.
    order_row: &'static str,
    /// The column of both that is counted.
    counts: &'static str,
    /// The column of the order's row that is added to.
    into: &'static str,
    /// The order's field for the share, in per cent.
    share: &'static str,
    /// The order's field that puts the share in words, and its words for nothing, a part, all.
    words: Option<(&'static str, [&'static str; 3])>,
}

const PROGRESS: &[Progress] = &[
    Progress {
        of: "Sales Invoice",
        link: "so_detail",
        order: "Sales Order",
        order_row: "Sales Order Item",
        counts: "amount",
        into: "billed_amt",
        share: "per_billed",
        words: Some(("billing_status", ["Not Billed", "Partly Billed", "Fully Billed"])),
    },
    Progress {
        of: "Delivery Note",
        link: "so_detail",
        order: "Sales Order",
        order_row: "Sales Order Item",
        counts: "qty",
        into: "delivered_qty",
        share: "per_delivered",
        words: Some(("delivery_status", ["Not Delivered", "Partly Delivered", "Fully Delivered"])),
    },
    Progress {
        of: "Purchase Invoice",
        link: "po_detail",
        order: "Purchase Order",
        order_row: "Purchase Order Item",
        counts: "amount",
        into: "billed_amt",
        share: "per_billed",
        words: None,
    },
    Progress {
        of: "Purchase Receipt",
        link: "purchase_order_item",
        order: "Purchase Order",
        order_row: "Purchase Order Item",
        counts: "qty",
        into: "received_qty",
        share: "per_received",
        words: None,
    },
];

/// The states of an order: its share of goods and, by whether goods and bills are all there, what it is called.
const STATES: &[(&str, &str, [[&str; 2]; 2])] = &[
    ("Sales Order", "per_delivered", [["To Deliver and Bill", "To Deliver"], ["To Bill", "Completed"]]),
    ("Purchase Order", "per_received", [["To Receive and Bill", "To Receive"], ["To Bill", "Completed"]]),
];

impl Site<'_> {
    /// Counts the rows of a document that was submitted, or no longer counts those of one that was cancelled.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn tell_orders(&self, def: &'static DocTypeDef, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        for progress in PROGRESS.iter().filter(|progress| progress.of == def.name) {
            let row_def = self.controller(progress.order_row)?;
            let mut orders: Vec<String> = Vec::new();
            for row in rows(doc, "items").filter(|row| !text(row, progress.link).is_empty()) {
                let Some(ordered) = self.db.row(row_def, text(row, progress.link))? else { continue };
                let counted = number(row, progress.counts) * if submitted { 1.0 } else { -1.0 };
                let done = (number(&ordered, progress.into) + counted).max(0.0);
                self.set(
                    row_def.name,
                    text(&ordered, "name"),
                    &Doc::from_iter([(progress.into.to_owned(), json!(done))]),
                )?;
                let order = text(&ordered, "parent").to_owned();
                if !orders.contains(&order) {
                    orders.push(order);
                }
            }
            orders.iter().try_for_each(|order| self.move_order(progress, order))?;
        }
        Ok(())
    }

    fn move_order(&self, progress: &Progress, name: &str) -> Result<(), SiteError> {
        let row_def = self.controller(progress.order_row)?;
        let params = [name, progress.order].map(|text| Sql::Text(text.to_owned()));
        let ordered = self.db.rows_where(row_def, "parent = ?1 AND parenttype = ?2", &params)?;
        let whole: f64 = ordered.iter().map(|row| number(row, progress.counts)).sum();
        let done: f64 = ordered.iter().map(|row| number(row, progress.into).min(number(row, progress.counts))).sum();
        let share = if whole > 0.0 { (done / whole * 100.0).min(100.0) } else { 0.0 };
        let mut changes = Doc::from_iter([(progress.share.to_owned(), json!(share))]);
        if let Some((field, [nothing, part, all])) = progress.words {
            let words = if share >= 100.0 {
                all
            } else if share > 0.0 {
                part
            } else {
                nothing
            };
            changes.insert(field.to_owned(), json!(words));
        }
        self.set(progress.order, name, &changes)?;
        self.state_order(progress.order, name)
    }

    /// Counts an order's rows anew after they were changed.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn recount_order(&self, order: &str, name: &str) -> Result<(), SiteError> {
        PROGRESS
            .iter()
            .filter(|progress| progress.order == order)
            .try_for_each(|progress| self.move_order(progress, name))
    }

    /// Gives an order the state that its shares of goods and bills make.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn state_order(&self, doctype: &str, name: &str) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        let Some((_, goods, states)) = STATES.iter().find(|(order, ..)| *order == def.name) else { return Ok(()) };
        let order = self.db.row(def, name)?.unwrap_or_default();
        let all = |field: &str| usize::from(number(&order, field) >= 100.0);
        let state = states[all(goods)][all("per_billed")];
        if text(&order, "status") != state {
            self.set(def.name, name, &Doc::from_iter([("status".to_owned(), json!(state))]))?;
            own::note(self, def.name, name, "Label", state)?;
        }
        Ok(())
    }

    /// The status that a submission gave an order or offer stands in its timeline.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn note_status(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        const NOTED: [&str; 6] =
            ["Delivery Note", "Material Request", "Purchase Order", "Purchase Receipt", "Quotation", "Sales Order"];
        if NOTED.contains(&def.name) {
            own::note(self, def.name, text(doc, "name"), "Label", text(doc, "status"))?;
        }
        Ok(())
    }
}

fn number(doc: &Doc, key: &str) -> f64 {
    doc.get(key).map_or(0.0, flt)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{PROGRESS, STATES};
    use crate::store::columns;
    use erpnext_schema::Version;

    #[test]
    fn every_progress_and_state_names_columns_that_exist() {
        let has = |doctype: &str, field: &str| {
            let def = erpnext_doctypes::get(Version::V15, doctype).unwrap();
            assert!(columns(def).any(|known| known.fieldname == field), "{doctype} has no {field}");
        };
        for progress in PROGRESS {
            let row =
                erpnext_doctypes::get(Version::V15, progress.of).unwrap().field("items").unwrap().target().unwrap();
            has(row, progress.link);
            has(row, progress.counts);
            has(progress.order_row, progress.counts);
            has(progress.order_row, progress.into);
            has(progress.order, progress.share);
            if let Some((field, words)) = progress.words {
                let choices = erpnext_doctypes::get(Version::V15, progress.order)
                    .unwrap()
                    .field(field)
                    .unwrap()
                    .choices()
                    .unwrap();
                assert!(words.iter().all(|word| choices.contains(word)), "{field}");
            }
        }
        for (order, goods, states) in STATES {
            has(order, goods);
            has(order, "per_billed");
            let choices =
                erpnext_doctypes::get(Version::V15, order).unwrap().field("status").unwrap().choices().unwrap();
            assert!(states.iter().flatten().all(|state| choices.contains(state)), "{order}");
        }
    }
}
