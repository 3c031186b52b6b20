//! What the stock entries of a work order tell it: what was taken to the workshop, and what was made.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use super::status;
use crate::doc::{Doc, number, text};
use crate::error::{SiteError, exc};
use crate::site::Site;

const ORDER: &str = "Work Order";
/// The field of the order that an entry of a purpose adds to.
const TELLS: [(&str, &str); 2] =
    [("Manufacture", "produced_qty"), ("Material Transfer for Manufacture", "material_transferred_for_manufacturing")];

impl Site<'_> {
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
