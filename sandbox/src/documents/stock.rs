//! What deliveries, receipts and stock entries do to the stock: the bins hold more or less, and the stock ledger says why.
//! Nothing is valued.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use super::own;
use crate::doc::{Doc, cint, flt, int, is_empty, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

/// Rows that move goods.
struct Moves {
    /// Of which DocType.
    of: &'static str,
    /// The document's field without which they move none.
    only_if: Option<&'static str>,
    /// The row's field with the warehouse.
    warehouse: &'static str,
    /// The row's fields with the quantity, in the item's own unit where that is stated: the first that is not 0.
    qty: &'static [&'static str],
    /// 1 into the warehouse, -1 out of it.
    sign: f64,
}

const fn moves(
    of: &'static str,
    only_if: Option<&'static str>,
    warehouse: &'static str,
    qty: &'static [&'static str],
    sign: f64,
) -> Moves {
    Moves { of, only_if, warehouse, qty, sign }
}

const MOVES: &[Moves] = &[
    moves("Delivery Note", None, "warehouse", &["stock_qty", "qty"], -1.0),
    moves("Sales Invoice", Some("update_stock"), "warehouse", &["stock_qty", "qty"], -1.0),
    moves("Purchase Receipt", None, "warehouse", &["stock_qty", "qty"], 1.0),
    moves("Purchase Receipt", None, "rejected_warehouse", &["rejected_qty"], 1.0),
    moves("Purchase Invoice", Some("update_stock"), "warehouse", &["stock_qty", "qty"], 1.0),
    moves("Stock Entry", None, "s_warehouse", &["transfer_qty", "qty"], -1.0),
    moves("Stock Entry", None, "t_warehouse", &["transfer_qty", "qty"], 1.0),
];

impl Site<'_> {
    /// Moves the goods of a document that was submitted, or moves them back where it was cancelled.
    ///
    /// # Errors
    /// 417 NegativeStockError where a warehouse has too few.
    pub(super) fn move_stock(&self, def: &DocTypeDef, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        for moves in MOVES.iter().filter(|moves| moves.of == def.name) {
            if moves.only_if.is_some_and(|field| int(doc, field) == 0) {
                continue;
            }
            for row in rows(doc, "items") {
                let (item, warehouse) = (text(row, "item_code"), text(row, moves.warehouse));
                let stocked = self.value("Item", item, "is_stock_item")?.is_some_and(|stocked| cint(&stocked) == 1);
                let mut stated = moves.qty.iter().filter_map(|field| row.get(*field)).map(flt);
                let qty = stated.find(|qty| *qty != 0.0).unwrap_or(0.0);
                if stocked && !warehouse.is_empty() && qty != 0.0 {
                    let moved = qty * moves.sign * if submitted { 1.0 } else { -1.0 };
                    let left = self.move_item(item, warehouse, moved)?;
                    self.write_stock_ledger(doc, row, warehouse, [moved, left], !submitted)?;
                }
            }
        }
        Ok(())
    }

    /// How many a warehouse has of an item once these are there or gone.
    fn move_item(&self, item: &str, warehouse: &str, moved: f64) -> Result<f64, SiteError> {
        let params = [item, warehouse].map(|text| Sql::Text(text.to_owned()));
        let bins = self.db.rows_where(self.controller("Bin")?, "item_code = ?1 AND warehouse = ?2 LIMIT 1", &params)?;
        let number = |field: &str| bins.first().and_then(|bin| bin.get(field)).map_or(0.0, flt);
        let left = number("actual_qty") + moved;
        if moved < 0.0 && left < 0.0 {
            let text =
                format!("{} units of Item {item} needed in Warehouse {warehouse} to complete this transaction.", -left);
            return Err(SiteError::titled(exc::NEGATIVE_STOCK, "Insufficient Stock", text));
        }
        let quantities = json!({"actual_qty": left, "projected_qty": number("projected_qty") + moved});
        match (bins.first(), quantities) {
            (Some(bin), Value::Object(quantities)) => self.set("Bin", text(bin, "name"), &quantities)?,
            (_, mut quantities) => {
                let uom = self.value("Item", item, "stock_uom")?.unwrap_or_default();
                let bin = json!({"item_code": item, "warehouse": warehouse, "stock_uom": uom});
                for (key, value) in bin.as_object().into_iter().flatten() {
                    quantities[key] = value.clone();
                }
                own::add(self, "Bin", quantities)?;
            }
        }
        Ok(left)
    }

    fn write_stock_ledger(
        &self,
        doc: &Doc,
        row: &Doc,
        warehouse: &str,
        [moved, left]: [f64; 2],
        cancelled: bool,
    ) -> Result<(), SiteError> {
        let now = self.now_text();
        let (today, time) = now.split_once(' ').unwrap_or((&now, ""));
        let at = |field: &str, otherwise: &str| match doc.get(field).filter(|value| !is_empty(Some(value))) {
            Some(value) => value.clone(),
            None => json!(otherwise),
        };
        let entry = json!({
            "docstatus": 1, "item_code": text(row, "item_code"), "warehouse": warehouse, "posting_date": at("posting_date", today),
            "posting_time": at("posting_time", time), "voucher_type": text(doc, "doctype"), "voucher_no": text(doc, "name"),
            "voucher_detail_no": text(row, "name"), "actual_qty": moved, "qty_after_transaction": left,
            "stock_uom": text(row, "stock_uom"), "company": text(doc, "company"), "is_cancelled": u8::from(cancelled),
        });
        own::add(self, "Stock Ledger Entry", entry).map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;

    use super::MOVES;

    #[test]
    fn every_move_names_fields_that_exist() {
        for version in Version::ALL {
            for moves in MOVES {
                let def = erpnext_doctypes::get(*version, moves.of).unwrap();
                assert!(moves.only_if.is_none_or(|field| def.field(field).is_some()), "{}", moves.of);
                let rows = erpnext_doctypes::get(*version, def.field("items").unwrap().target().unwrap()).unwrap();
                for field in moves.qty.iter().chain([&moves.warehouse]) {
                    assert!(rows.field(field).is_some(), "{} has no {field}", rows.name);
                }
            }
        }
    }
}
