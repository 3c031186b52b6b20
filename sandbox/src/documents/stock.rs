//! What deliveries, receipts, stock entries and counts do to the stock: the bins hold more or less of so much worth, and the stock
//! ledger says why. What comes is worth what it cost, what goes the mean of what is there.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::own;
use crate::doc::{Doc, cents, factor, flt, int, is_empty, number, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;

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
    /// The row's field with what one of the row's unit cost, in the company's currency.
    cost: Option<&'static str>,
}

const fn moves(
    of: &'static str,
    only_if: Option<&'static str>,
    warehouse: &'static str,
    qty: &'static [&'static str],
    sign: f64,
) -> Moves {
    Moves { of, only_if, warehouse, qty, sign, cost: None }
}

const fn costs(cost: &'static str, moves: Moves) -> Moves {
    Moves { cost: Some(cost), ..moves }
}

/// What a warehouse holds of an item.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Held {
    qty: f64,
    value: f64,
    /// What one of it is worth.
    rate: f64,
}

impl Held {
    /// What is held once so many are there or gone, each for what it cost or, where that is not known, is worth.
    fn after(self, moved: f64, cost: Option<f64>) -> Self {
        let (qty, value) = (self.qty + moved, cents(self.value + moved * cost.unwrap_or(self.rate)));
        match qty > 0.0 && value > 0.0 {
            true => Self { qty, value, rate: value / qty },
            false => Self { qty, value: 0.0, rate: cost.unwrap_or(self.rate) },
        }
    }
}

const MOVES: &[Moves] = &[
    moves("Delivery Note", None, "warehouse", &["stock_qty", "qty"], -1.0),
    moves("Sales Invoice", Some("update_stock"), "warehouse", &["stock_qty", "qty"], -1.0),
    costs("base_net_rate", moves("Purchase Receipt", None, "warehouse", &["stock_qty", "qty"], 1.0)),
    moves("Purchase Receipt", None, "rejected_warehouse", &["rejected_qty"], 1.0),
    costs("base_net_rate", moves("Purchase Invoice", Some("update_stock"), "warehouse", &["stock_qty", "qty"], 1.0)),
    moves("Stock Entry", None, "s_warehouse", &["transfer_qty", "qty"], -1.0),
    costs("basic_rate", moves("Stock Entry", None, "t_warehouse", &["transfer_qty", "qty"], 1.0)),
];

impl Site<'_> {
    /// Moves the goods of a document that was submitted, or moves them back where it was cancelled.
    ///
    /// # Errors
    /// 417 NegativeStockError where a warehouse has too few.
    pub(super) fn move_stock(&self, def: &DocTypeDef, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        if def.name == "Stock Reconciliation" {
            return self.count_stock(doc, submitted);
        }
        for moves in MOVES.iter().filter(|moves| moves.of == def.name) {
            if moves.only_if.is_some_and(|field| int(doc, field) == 0) {
                continue;
            }
            for row in rows(doc, "items") {
                let (item, warehouse) = (text(row, "item_code"), text(row, moves.warehouse));
                let mut stated = moves.qty.iter().filter_map(|field| row.get(*field)).map(flt);
                let qty = stated.find(|qty| *qty != 0.0).unwrap_or(0.0);
                if !warehouse.is_empty() && qty != 0.0 && self.is_stocked(item)? {
                    let moved = qty * moves.sign * if submitted { 1.0 } else { -1.0 };
                    let cost = self.cost(moves, row)?;
                    let (before, left) = self.move_item(item, warehouse, moved, cost)?;
                    self.write_stock_ledger(doc, row, warehouse, moved, [before, left], !submitted)?;
                    self.move_serials(doc, row, (moved > 0.0).then_some(warehouse))?;
                }
            }
        }
        Ok(())
    }

    /// Has warehouses hold what was counted in them, or again what they held before where the count was cancelled.
    fn count_stock(&self, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        let moved_before = match submitted {
            true => Vec::new(),
            false => self.db.rows_where_in("Stock Ledger Entry", self.meta, "voucher_no", text(doc, "name"))?,
        };
        for row in rows(doc, "items") {
            let (item, warehouse) = (text(row, "item_code"), text(row, "warehouse"));
            let of_row = moved_before.iter().filter(|entry| text(entry, "voucher_detail_no") == text(row, "name"));
            let moved = match submitted {
                true => number(row, "qty") - self.held(item, warehouse)?.1.qty,
                false => -of_row.map(|entry| number(entry, "actual_qty")).sum::<f64>(),
            };
            if moved != 0.0 {
                let cost = Some(number(row, "valuation_rate")).filter(|rate| *rate != 0.0);
                let (before, left) = self.move_item(item, warehouse, moved, cost)?;
                self.write_stock_ledger(doc, row, warehouse, moved, [before, left], !submitted)?;
            }
        }
        Ok(())
    }

    /// What one of what comes cost, in the item's own unit: as the row says, else what it was worth where it comes from.
    fn cost(&self, moves: &Moves, row: &Doc) -> Result<Option<f64>, SiteError> {
        let Some(field) = moves.cost else { return Ok(None) };
        let stated = number(row, field);
        if stated != 0.0 {
            // What is entered of stock costs by the item's own unit.
            return Ok(Some(if field == "basic_rate" { stated } else { stated / factor(row, "conversion_factor") }));
        }
        match text(row, "s_warehouse") {
            "" => Ok(None),
            from => Ok(Some(self.held(text(row, "item_code"), from)?.1.rate).filter(|rate| *rate != 0.0)),
        }
    }

    /// The bin of an item in a warehouse, if there is one, and what is in it.
    fn held(&self, item: &str, warehouse: &str) -> Result<(Option<Doc>, Held), SiteError> {
        let bin = self.bin(item, warehouse)?;
        let known = |field: &str| bin.as_ref().map_or(0.0, |bin| number(bin, field));
        let mut rate = known("valuation_rate");
        if rate == 0.0 {
            rate = self.value("Item", item, "valuation_rate")?.as_ref().map_or(0.0, flt);
        }
        let qty = known("actual_qty");
        Ok((bin, Held { qty, value: qty * rate, rate }))
    }

    /// What a warehouse has of an item before and after these are there or gone.
    fn move_item(&self, item: &str, warehouse: &str, moved: f64, cost: Option<f64>) -> Result<(Held, Held), SiteError> {
        let (bin, before) = self.held(item, warehouse)?;
        let left = before.after(moved, cost);
        if moved < 0.0 && left.qty < 0.0 {
            let text = format!(
                "{} units of Item {item} needed in Warehouse {warehouse} to complete this transaction.",
                -left.qty
            );
            return Err(SiteError::titled(exc::NEGATIVE_STOCK, "Insufficient Stock", text));
        }
        let projected = bin.as_ref().map_or(0.0, |bin| number(bin, "projected_qty")) + moved;
        let held = json!({
            "actual_qty": left.qty, "projected_qty": projected, "valuation_rate": left.rate, "stock_value": left.value,
        });
        self.keep_bin(bin.as_ref(), item, warehouse, held.as_object().cloned().unwrap_or_default())?;
        Ok((before, left))
    }

    /// Has the serial numbers of a row lie in a warehouse, or in none.
    fn move_serials(&self, doc: &Doc, row: &Doc, warehouse: Option<&str>) -> Result<(), SiteError> {
        let def = self.controller("Serial No")?;
        let (item, status) = (text(row, "item_code"), if warehouse.is_some() { "Active" } else { "Delivered" });
        let place = json!({"warehouse": warehouse, "status": status});
        for serial in text(row, "serial_no").lines().map(str::trim).filter(|serial| !serial.is_empty()) {
            if self.db.exists(def, serial)?.is_none() {
                let made = json!({
                    "doctype": "Serial No", "serial_no": serial, "item_code": item, "company": text(doc, "company"),
                });
                let user = crate::perms::User::administrator();
                self.as_user(&user).insert(made.as_object().cloned().unwrap_or_default())?;
            }
            self.set("Serial No", serial, &place.as_object().cloned().unwrap_or_default())?;
        }
        Ok(())
    }

    fn write_stock_ledger(
        &self,
        doc: &Doc,
        row: &Doc,
        warehouse: &str,
        moved: f64,
        [before, left]: [Held; 2],
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
            "voucher_detail_no": text(row, "name"), "actual_qty": moved,
            "qty_after_transaction": left.qty, "valuation_rate": left.rate, "stock_value": left.value,
            "stock_value_difference": cents(left.value - before.value),
            "stock_uom": text(row, "stock_uom"), "company": text(doc, "company"), "is_cancelled": u8::from(cancelled),
        });
        own::add(self, "Stock Ledger Entry", entry).map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::json;

    use super::{Held, MOVES};
    use crate::Sandbox;

    #[test]
    fn what_comes_is_worth_what_it_cost_and_what_goes_the_mean() {
        let none = Held { qty: 0.0, value: 0.0, rate: 0.0 };
        let some = none.after(2.0, Some(10.0)).after(2.0, Some(20.0));
        assert_eq!(some, Held { qty: 4.0, value: 60.0, rate: 15.0 });
        assert_eq!(some.after(-1.0, None), Held { qty: 3.0, value: 45.0, rate: 15.0 });
        assert_eq!(some.after(-4.0, None), Held { qty: 0.0, value: 0.0, rate: 15.0 });
    }

    #[tokio::test]
    async fn serial_numbers_that_come_are_there_and_what_comes_is_valued() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let bare = json!({"is_stock_item": 1, "has_serial_no": 1, "valuation_rate": 0});
                    site.set("Item", "SRV-PLAN", bare.as_object().unwrap())?;
                    let row = json!({"item_code": "SRV-PLAN", "qty": 2, "basic_rate": 10, "serial_no": "S-1\nS-2",
                        "use_serial_batch_fields": 1, "t_warehouse": "Goods In - AWF"});
                    let entry = json!({"doctype": "Stock Entry", "stock_entry_type": "Material Receipt",
                        "company": "Alderway Furniture", "items": [row]});
                    let made = site.insert(entry.as_object().unwrap().clone())?;
                    site.submit(site.load("Stock Entry", made["name"].as_str().unwrap())?)?;
                    for serial in ["S-1", "S-2"] {
                        let stored = site.load("Serial No", serial)?;
                        assert_eq!(
                            (&stored["warehouse"], &stored["status"]),
                            (&json!("Goods In - AWF"), &json!("Active"))
                        );
                    }
                    let (bin, held) = site.held("SRV-PLAN", "Goods In - AWF")?;
                    assert_eq!(held, Held { qty: 2.0, value: 20.0, rate: 10.0 });
                    assert_eq!(bin.unwrap()["stock_value"], 20.0);
                    site.cancel("Stock Entry", made["name"].as_str().unwrap())?;
                    assert_eq!(site.load("Serial No", "S-1")?["warehouse"], json!(null));
                    Ok(())
                })
                .unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_counted_is_there_until_the_count_is_cancelled() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let store = "Main Store - AWF";
                    let before = site.held("LIT-DESK", store)?.1;
                    let row = json!({"item_code": "LIT-DESK", "warehouse": store, "qty": before.qty + 3.0,
                        "valuation_rate": before.rate});
                    let counted = json!({"doctype": "Stock Reconciliation", "naming_series": "MAT-RECO-.YYYY.-",
                        "purpose": "Stock Reconciliation", "company": "Alderway Furniture", "items": [row]});
                    let made = site.insert(counted.as_object().unwrap().clone())?;
                    let name = made["name"].as_str().unwrap();
                    site.submit(site.load("Stock Reconciliation", name)?)?;
                    assert_eq!(site.held("LIT-DESK", store)?.1.qty, before.qty + 3.0, "{version}");
                    let entries = site.db.rows_where_in("Stock Ledger Entry", site.meta, "voucher_no", name)?;
                    assert_eq!((entries.len(), &entries[0]["actual_qty"]), (1, &json!(3.0)), "{version}");
                    site.cancel("Stock Reconciliation", name)?;
                    assert_eq!(site.held("LIT-DESK", store)?.1.qty, before.qty, "{version}");
                    Ok(())
                })
                .unwrap();
        }
    }

    #[test]
    fn every_move_names_fields_that_exist() {
        for version in Version::ALL {
            for moves in MOVES {
                let def = erpnext_doctypes::get(*version, moves.of).unwrap();
                assert!(moves.only_if.is_none_or(|field| def.field(field).is_some()), "{}", moves.of);
                let rows = erpnext_doctypes::get(*version, def.field("items").unwrap().target().unwrap()).unwrap();
                for field in moves.qty.iter().chain([&moves.warehouse]).chain(&moves.cost) {
                    assert!(rows.field(field).is_some(), "{} has no {field}", rows.name);
                }
            }
        }
    }
}
