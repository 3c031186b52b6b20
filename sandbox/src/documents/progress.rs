//! How far what a document was made from is delivered, billed, ordered and returned: what a document that is submitted or
//! cancelled tells the rows that its own rows name, and how much more than all of them it may be.

use std::collections::BTreeSet;

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use super::{own, status};
use crate::doc::{Doc, flt, int, number, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

/// Which documents of a DocType count.
enum When {
    /// Those with all of these fields set.
    Set(&'static [&'static str]),
    /// All, but a return only with this field set.
    ReturnsIf(&'static str),
}

impl When {
    fn holds(&self, doc: &Doc) -> bool {
        match self {
            Self::Set(fields) => fields.iter().all(|field| int(doc, field) == 1),
            Self::ReturnsIf(field) => int(doc, "is_return") == 0 || int(doc, field) == 1,
        }
    }
}

/// What the rows of one DocType add to the rows that they name.
struct Progress {
    /// Whose rows.
    of: &'static str,
    /// Which of its documents.
    when: When,
    /// The field of a row that names the other row.
    link: &'static str,
    /// What is told: its rows are of the DocType of this name with `Item` behind it.
    order: &'static str,
    /// The column that is counted.
    counts: &'static str,
    /// -1 where what comes back is counted, whose numbers are below 0.
    sign: f64,
    /// The column of the other row that is added to.
    into: &'static str,
    /// The column of the other row that is all of it.
    whole: &'static str,
    /// The order's field for the share, in per cent.
    share: Option<&'static str>,
    /// The order's field that puts the share in words, and its words for nothing, a part, all.
    words: Option<(&'static str, [&'static str; 3])>,
}

const fn told(
    of: &'static str,
    link: &'static str,
    order: &'static str,
    counts: &'static str,
    into: &'static str,
) -> Progress {
    let (share, words) = (None, None);
    Progress { of, when: When::Set(&[]), link, order, counts, sign: 1.0, into, whole: counts, share, words }
}

/// What of a row comes back.
const fn back(of: &'static str, link: &'static str, order: &'static str, counts: &'static str) -> Progress {
    Progress { when: When::Set(&["is_return"]), sign: -1.0, ..told(of, link, order, counts, "returned_qty") }
}

/// The column of what is billed; all others count goods.
const AMOUNT: &str = "amount";
const BILLED: (&str, [&str; 3]) = ("billing_status", ["Not Billed", "Partly Billed", "Fully Billed"]);
const DELIVERED: (&str, [&str; 3]) = ("delivery_status", ["Not Delivered", "Partly Delivered", "Fully Delivered"]);

const PROGRESS: &[Progress] = &[
    Progress {
        when: When::ReturnsIf("update_billed_amount_in_sales_order"),
        share: Some("per_billed"),
        words: Some(BILLED),
        ..told("Sales Invoice", "so_detail", "Sales Order", AMOUNT, "billed_amt")
    },
    Progress {
        when: When::ReturnsIf("update_billed_amount_in_delivery_note"),
        share: Some("per_billed"),
        ..told("Sales Invoice", "dn_detail", "Delivery Note", AMOUNT, "billed_amt")
    },
    Progress {
        when: When::Set(&["update_stock"]),
        share: Some("per_delivered"),
        words: Some(DELIVERED),
        ..told("Sales Invoice", "so_detail", "Sales Order", "qty", "delivered_qty")
    },
    Progress {
        when: When::Set(&["is_return", "update_stock"]),
        ..back("Sales Invoice", "so_detail", "Sales Order", "qty")
    },
    Progress {
        share: Some("per_delivered"),
        words: Some(DELIVERED),
        ..told("Delivery Note", "so_detail", "Sales Order", "qty", "delivered_qty")
    },
    back("Delivery Note", "so_detail", "Sales Order", "qty"),
    Progress { share: Some("per_returned"), ..back("Delivery Note", "dn_detail", "Delivery Note", "stock_qty") },
    told("Delivery Note", "si_detail", "Sales Invoice", "qty", "delivered_qty"),
    Progress {
        share: Some("per_ordered"),
        ..told("Purchase Order", "material_request_item", "Material Request", "stock_qty", "ordered_qty")
    },
    Progress {
        when: When::ReturnsIf("update_billed_amount_in_purchase_order"),
        share: Some("per_billed"),
        ..told("Purchase Invoice", "po_detail", "Purchase Order", AMOUNT, "billed_amt")
    },
    Progress {
        when: When::ReturnsIf("update_billed_amount_in_purchase_receipt"),
        share: Some("per_billed"),
        ..told("Purchase Invoice", "pr_detail", "Purchase Receipt", AMOUNT, "billed_amt")
    },
    Progress {
        when: When::Set(&["update_stock"]),
        whole: "qty",
        share: Some("per_received"),
        ..told("Purchase Invoice", "po_detail", "Purchase Order", "received_qty", "received_qty")
    },
    // What is rejected was received as well.
    Progress {
        whole: "qty",
        share: Some("per_received"),
        ..told("Purchase Receipt", "purchase_order_item", "Purchase Order", "received_qty", "received_qty")
    },
    back("Purchase Receipt", "purchase_order_item", "Purchase Order", "qty"),
    Progress {
        share: Some("per_returned"),
        ..back("Purchase Receipt", "purchase_receipt_item", "Purchase Receipt", "received_stock_qty")
    },
    Progress {
        share: Some("per_received"),
        ..told("Purchase Receipt", "material_request_item", "Material Request", "stock_qty", "received_qty")
    },
];

impl Site<'_> {
    /// Counts the rows of a document that was submitted, or no longer counts those of one that was cancelled.
    ///
    /// # Errors
    /// 417 where more than all of a row would be done.
    pub(super) fn tell_orders(&self, def: &'static DocTypeDef, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        let mut moved: BTreeSet<(&str, String)> = BTreeSet::new();
        for progress in PROGRESS.iter().filter(|progress| progress.of == def.name && progress.when.holds(doc)) {
            let row_def = self.counted_rows(progress)?;
            let mut orders: Vec<String> = Vec::new();
            for row in rows(doc, "items").filter(|row| !text(row, progress.link).is_empty()) {
                let Some(ordered) = self.db.row(row_def, text(row, progress.link))? else { continue };
                let counted = number(row, progress.counts) * progress.sign * if submitted { 1.0 } else { -1.0 };
                let done = (number(&ordered, progress.into) + counted).max(0.0);
                if submitted && counted > 0.0 {
                    self.check_limit(progress, row, &ordered, done)?;
                }
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
            // What is billed is still to come or to go.
            if progress.counts != AMOUNT {
                moved.extend(orders.into_iter().map(|order| (progress.order, order)));
            }
        }
        for (doctype, name) in &moved {
            self.recount_bins(&self.load(doctype, name)?)?;
        }
        if def.name == "Sales Order" { self.tell_offers(doc) } else { Ok(()) }
    }

    fn counted_rows(&self, progress: &Progress) -> Result<&'static DocTypeDef, SiteError> {
        self.controller(&format!("{} Item", progress.order))
    }

    /// That no more of a row is done than there is of it, and what settings allow above.
    fn check_limit(&self, progress: &Progress, row: &Doc, ordered: &Doc, done: f64) -> Result<(), SiteError> {
        let (whole, item) = (number(ordered, progress.whole), text(ordered, "item_code"));
        let (field, settings) = match progress.whole {
            AMOUNT => ("over_billing_allowance", "Accounts Settings"),
            _ => ("over_delivery_receipt_allowance", "Stock Settings"),
        };
        let allowed = self.value("Item", item, field)?.as_ref().map(flt).filter(|allowed| *allowed != 0.0);
        let allowed = match allowed {
            Some(allowed) => allowed,
            None => self.db.single_value(settings, field)?.map_or(0.0, |allowed| flt(&Value::from(allowed))),
        };
        if whole == 0.0 || (done - whole) / whole * 100.0 - allowed <= 0.01 {
            return Ok(());
        }
        let text = format!(
            "Row #{}: {} of item {item} would be {done}, over the limit of {whole} in {} {}",
            int(row, "idx"),
            progress.into,
            progress.order,
            text(ordered, "parent")
        );
        Err(SiteError::titled(exc::OVER_ALLOWANCE, "Limit Crossed", text))
    }

    fn move_order(&self, progress: &Progress, name: &str) -> Result<(), SiteError> {
        let Some(share_field) = progress.share else { return Ok(()) };
        let params = [name, progress.order].map(|text| Sql::Text(text.to_owned()));
        let ordered = self.db.rows_where(self.counted_rows(progress)?, "parent = ?1 AND parenttype = ?2", &params)?;
        let whole: f64 = ordered.iter().map(|row| number(row, progress.whole)).sum();
        let done: f64 = ordered.iter().map(|row| number(row, progress.into).min(number(row, progress.whole))).sum();
        let share = if whole > 0.0 { (done / whole * 100.0).min(100.0) } else { 0.0 };
        let mut changes = Doc::from_iter([(share_field.to_owned(), json!(share))]);
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

    /// Gives an order the state that its shares make, unless it is closed or held.
    fn state_order(&self, doctype: &str, name: &str) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        let mut order = self.db.row(def, name)?.unwrap_or_default();
        let before = text(&order, "status").to_owned();
        if int(&order, "docstatus") != 1 || status::KEPT.contains(&before.as_str()) {
            return Ok(());
        }
        status::set(self, def, &mut order)?;
        self.call(def, name, &before, text(&order, "status"))
    }

    /// Tells offers how much of them is ordered.
    fn tell_offers(&self, order: &Doc) -> Result<(), SiteError> {
        let def = self.controller("Quotation")?;
        let mut names: Vec<&str> = rows(order, "items").map(|row| text(row, "prevdoc_docname")).collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let Some(name) = self.db.exists(def, name)? else { continue };
            let offer = self.load("Quotation", &name)?;
            let (mut some, mut all) = (false, true);
            for row in rows(&offer, "items") {
                let ordered = self.ordered(row, "qty")?;
                some |= ordered > 0.0;
                all &= ordered >= number(row, "qty");
            }
            let state = match (some, all) {
                (true, true) => "Ordered",
                (true, false) => "Partially Ordered",
                (false, _) => "Open",
            };
            if int(&offer, "docstatus") == 1 && text(&offer, "status") != "Lost" {
                self.call(def, &name, text(&offer, "status"), state)?;
            }
        }
        Ok(())
    }

    /// Gives a document another status, and says so in its timeline.
    fn call(&self, def: &'static DocTypeDef, name: &str, before: &str, state: &str) -> Result<(), SiteError> {
        if before == state {
            return Ok(());
        }
        self.set(def.name, name, &Doc::from_iter([("status".to_owned(), json!(state))]))?;
        own::note(self, def.name, name, "Label", state).map(drop)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{PROGRESS, When};
    use crate::store::columns;
    use erpnext_schema::Version;

    #[test]
    fn every_progress_names_columns_that_exist() {
        for &version in Version::ALL {
            let has = |doctype: &str, field: &str| {
                let def = erpnext_doctypes::get(version, doctype).unwrap();
                assert!(columns(def).any(|known| known.fieldname == field), "{version}: {doctype} has no {field}");
            };
            for progress in PROGRESS {
                let (row, other) = (format!("{} Item", progress.of), format!("{} Item", progress.order));
                for (doctype, field) in
                    [(&row, progress.link), (&row, progress.counts), (&other, progress.whole), (&other, progress.into)]
                {
                    has(doctype, field);
                }
                match progress.when {
                    When::Set(fields) => fields.iter().for_each(|field| has(progress.of, field)),
                    When::ReturnsIf(field) => has(progress.of, field),
                }
                progress.share.iter().for_each(|share| has(progress.order, share));
                if let Some((field, words)) = progress.words {
                    let order = erpnext_doctypes::get(version, progress.order).unwrap();
                    let choices = order.field(field).unwrap().choices().unwrap();
                    assert!(words.iter().all(|word| choices.contains(word)), "{field}");
                }
            }
        }
    }
}
