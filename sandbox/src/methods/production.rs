//! The stock entries of a work order: what goes to the workshop for it, and what is made there of it.

use serde_json::{Value, json};

use super::mapping::blank;
use crate::doc::{Doc, factor, flt, int, number, rows, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

const ENTRY: &str = "Stock Entry";
const TRANSFER: &str = "Material Transfer for Manufacture";
const MANUFACTURE: &str = "Manufacture";

/// `erpnext.manufacturing.doctype.work_order.work_order.make_stock_entry`: unsaved, for what is not made yet.
pub fn make_stock_entry(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (name, purpose) = (request.text("work_order_id")?, request.text("purpose")?);
    let site = &request.site;
    let order = site.load("Work Order", &name)?;
    site.check("Work Order", Some(&order), Right::Read)?;
    if int(&order, "docstatus") != 1 {
        return Err(SiteError::invalid(format!("Work Order {name} is not submitted")));
    }
    if !site.role_allows(ENTRY, Right::Create) {
        return Err(SiteError::no_role(&site.user.name, ENTRY));
    }
    let left = number(&order, "qty") - number(&order, "produced_qty");
    let qty = request.args.get("qty").filter(|qty| !qty.is_null()).map_or(left, flt);
    Ok(Reply::message(entry(site, &order, &purpose, qty)?))
}

fn entry(site: &Site<'_>, order: &Doc, purpose: &str, qty: f64) -> Result<Doc, SiteError> {
    let (workshop, store) = (text(order, "wip_warehouse"), text(order, "fg_warehouse"));
    let bom = site.load("BOM", text(order, "bom_no"))?;
    let batch = factor(&bom, "quantity");
    let mut items = Vec::new();
    for part in rows(&bom, "items") {
        let source = site.home_of(text(part, "item_code"), text(order, "company"))?;
        let (from, to) = match purpose {
            TRANSFER => (source.as_str(), workshop),
            _ => (workshop, ""),
        };
        items.push(row(site, part, number(part, "stock_qty") * qty / batch, [from, to])?);
    }
    if purpose == MANUFACTURE {
        let made = Doc::from_iter(
            [("item_code", "production_item"), ("item_name", "item_name"), ("stock_uom", "stock_uom")]
                .map(|(into, from)| (into.to_owned(), order.get(from).cloned().unwrap_or_default())),
        );
        let mut made = row(site, &made, qty, ["", store])?;
        made.insert("is_finished_item".to_owned(), json!(1));
        made.insert("bom_no".to_owned(), json!(text(order, "bom_no")));
        items.push(made);
    }
    for (at, row) in items.iter_mut().enumerate() {
        row.insert("idx".to_owned(), json!(at + 1));
    }
    let mut entry = blank(site, site.controller(ENTRY)?);
    let (from, to) = if purpose == TRANSFER { ("", workshop) } else { (workshop, store) };
    let stated = json!({
        "purpose": purpose, "stock_entry_type": purpose, "work_order": text(order, "name"), "company": text(order, "company"),
        "from_bom": 1, "bom_no": text(order, "bom_no"), "use_multi_level_bom": int(order, "use_multi_level_bom"),
        "fg_completed_qty": qty, "from_warehouse": from, "to_warehouse": to, "__islocal": 1, "__unsaved": 1,
    });
    entry.extend(stated.as_object().cloned().unwrap_or_default());
    entry.insert("items".to_owned(), items.into_iter().map(Value::Object).collect());
    Ok(entry)
}

/// A row of so much of an item, from a warehouse and to one; empty is none.
fn row(site: &Site<'_>, item: &Doc, qty: f64, [from, to]: [&str; 2]) -> Result<Doc, SiteError> {
    let mut row = blank(site, site.controller("Stock Entry Detail")?);
    let unit = text(item, "stock_uom");
    let stated = json!({
        "item_code": text(item, "item_code"), "item_name": text(item, "item_name"), "qty": qty, "transfer_qty": qty,
        "uom": unit, "stock_uom": unit, "conversion_factor": 1.0, "parentfield": "items", "parenttype": ENTRY,
        "__islocal": 1, "__unsaved": 1,
    });
    row.extend(stated.as_object().cloned().unwrap_or_default());
    for (field, warehouse) in [("s_warehouse", from), ("t_warehouse", to)] {
        if !warehouse.is_empty() {
            row.insert(field.to_owned(), json!(warehouse));
        }
    }
    Ok(row)
}
