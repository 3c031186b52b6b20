//! What a work order takes, by its parts list, and what its stock entries tell it: what was taken to the workshop, and what
//! was made.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use super::status;
use crate::doc::{Doc, factor, flt, int, is_empty, number, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

const ORDER: &str = "Work Order";
/// Its rows of materials.
const TAKES: &str = "required_items";
/// The field of the order that an entry of a purpose adds to.
const TELLS: [(&str, &str); 2] =
    [("Manufacture", "produced_qty"), ("Material Transfer for Manufacture", "material_transferred_for_manufacturing")];

impl Site<'_> {
    /// Fills in what a work order takes; of rows that it has, how much.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn require_materials(&self, def: &DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let bom = text(doc, "bom_no");
        if def.name != ORDER || int(doc, "docstatus") > 1 || self.db.row(self.controller("BOM")?, bom)?.is_none() {
            return Ok(());
        }
        let bom = self.load("BOM", bom)?;
        let batch = factor(&bom, "quantity");
        let wanted = doc.get("qty").filter(|qty| !qty.is_null()).map_or(1.0, flt);
        let required = |part: &Doc| number(part, "stock_qty") * wanted / batch;
        if is_empty(doc.get(TAKES)) {
            let mut taken = Vec::new();
            for part in rows(&bom, "items") {
                let source = self.home_of(text(part, "item_code"), text(doc, "company"))?;
                taken.push(json!({
                    "item_code": text(part, "item_code"), "item_name": text(part, "item_name"),
                    "source_warehouse": source, "required_qty": required(part), "stock_uom": text(part, "stock_uom"),
                    "rate": number(part, "rate"), "amount": number(part, "rate") * required(part),
                }));
            }
            doc.insert(TAKES.to_owned(), Value::Array(taken));
            return Ok(());
        }
        let taken = doc.get_mut(TAKES).and_then(Value::as_array_mut).into_iter().flatten();
        for row in taken.filter_map(Value::as_object_mut) {
            let part = rows(&bom, "items").find(|part| text(part, "item_code") == text(row, "item_code"));
            row.extend(part.map(|part| ("required_qty".to_owned(), json!(required(part)))));
        }
        Ok(())
    }

    /// Where an item lies unless somebody says otherwise; empty where nobody did.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn home_of(&self, item: &str, company: &str) -> Result<String, SiteError> {
        let params = [item, company].map(|text| Sql::Text(text.to_owned()));
        let defaults = self.db.rows_where(self.controller("Item Default")?, "parent = ?1 AND company = ?2", &params)?;
        Ok(defaults.first().map(|defaults| text(defaults, "default_warehouse").to_owned()).unwrap_or_default())
    }

    /// Counts an entry that was submitted, or no longer counts one that was cancelled.
    ///
    /// # Errors
    /// 417 where more would be made than was ordered.
    pub(super) fn tell_production(&self, def: &DocTypeDef, doc: &Doc, submitted: bool) -> Result<(), SiteError> {
        let told = TELLS.iter().find(|(purpose, _)| def.name == "Stock Entry" && text(doc, "purpose") == *purpose);
        let Some((_, field)) = told.filter(|_| !text(doc, "work_order").is_empty()) else { return Ok(()) };
        let order_def = self.controller(ORDER)?;
        let Some(mut order) = self.db.row(order_def, text(doc, "work_order"))? else { return Ok(()) };
        let moved = number(doc, "fg_completed_qty") * if submitted { 1.0 } else { -1.0 };
        let (done, wanted) = (number(&order, field) + moved, number(&order, "qty"));
        if *field == "produced_qty" && done > wanted {
            let text = format!("{done} would be made, of the {wanted} of Work Order {}", text(&order, "name"));
            return Err(SiteError::throw(exc::OVER_PRODUCTION, text));
        }
        order.insert((*field).to_owned(), json!(done));
        if !status::KEPT.contains(&text(&order, "status")) {
            status::set(self, order_def, &mut order)?;
        }
        let changes = [*field, "status"].map(|key| (key.to_owned(), order.get(key).cloned().unwrap_or_default()));
        self.set(ORDER, text(&order, "name"), &Doc::from_iter(changes))?;
        self.recount_bins(&self.load(ORDER, text(&order, "name"))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::doc::{Doc, text};
    use crate::{Sandbox, Version};

    #[tokio::test]
    async fn a_work_order_is_told_what_was_made_of_it_and_no_more_can_be() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let open = "status = 'Not Started' AND docstatus = 1 LIMIT 1";
                    let order = site.db.rows_where(site.controller("Work Order")?, open, &[])?.remove(0);
                    let name = text(&order, "name").to_owned();
                    let entry = |qty: f64| {
                        let row = json!({"item_code": order["production_item"], "qty": qty, "transfer_qty": qty,
                            "uom": "Nos", "stock_uom": "Nos", "conversion_factor": 1, "t_warehouse": order["fg_warehouse"]});
                        let entry = json!({"doctype": "Stock Entry", "stock_entry_type": "Manufacture",
                            "purpose": "Manufacture", "work_order": name, "company": order["company"],
                            "fg_completed_qty": qty, "items": [row]});
                        let made = site.insert(entry.as_object().unwrap().clone())?;
                        site.submit(site.load("Stock Entry", text(&made, "name"))?)
                    };
                    let wanted = order["qty"].as_f64().unwrap();
                    entry(1.0)?;
                    let told = |order: Doc| (text(&order, "status").to_owned(), order["produced_qty"].as_f64());
                    assert_eq!(told(site.load("Work Order", &name)?), ("In Process".to_owned(), Some(1.0)));
                    assert_eq!(entry(wanted).unwrap_err().exc.name, "StockOverProductionError");
                    entry(wanted - 1.0)?;
                    assert_eq!(told(site.load("Work Order", &name)?), ("Completed".to_owned(), Some(wanted)));
                    Ok(())
                })
                .unwrap();
        }
    }
}
