//! ERPNext's helpers for forms: what to fill in for a party or an item, and how much of it lies where. Little is
//! computed: the answers repeat what the documents say.

use erpnext_schema::Version;
use serde_json::{Value, json};

use crate::doc::{Doc, cint, display, flt, is_empty, number, rows, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::Sql;

/// `erpnext.accounts.party.get_party_details`.
pub fn get_party_details(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let site = &request.site;
    let Some(name) = request.opt("party") else { return Ok(Reply::message(json!({}))) };
    let party_type = request.opt("party_type").unwrap_or_else(|| "Customer".to_owned());
    let Some(stored) = site.db.exists(site.controller(&party_type)?, &name)? else {
        return Err(SiteError::invalid(format!("{party_type}: {name} does not exists")));
    };
    let party = site.load(&party_type, &stored)?;
    site.check(&party_type, Some(&party), Right::Read)?;
    let own = |field: &str| party.get(field).cloned().unwrap_or_default();
    let company = request.opt("company").unwrap_or_default();
    let currency = match own("default_currency") {
        Value::Null => value(site, "Company", &company, "default_currency")?,
        currency => currency,
    };
    let key = party_type.to_lowercase();
    let mut details = Doc::from_iter([(key.clone(), json!(stored))]);
    let mut set = |field: &str, value: Value| {
        details.insert(field.to_owned(), value);
    };
    set(&format!("{key}_address"), own(&format!("{key}_primary_address")));
    for field in
        ["address_display", "shipping_address_name", "shipping_address", "company_address", "company_address_display"]
    {
        set(field, Value::Null);
    }
    set("tax_category", json!(text(&party, "tax_category")));
    set("contact_person", own(&format!("{key}_primary_contact")));
    for field in [
        "contact_display",
        "contact_email",
        "contact_mobile",
        "contact_phone",
        "contact_designation",
        "contact_department",
    ] {
        set(field, Value::Null);
    }
    for field in [format!("{key}_name"), format!("{key}_group"), "territory".to_owned(), "language".to_owned()] {
        if party.contains_key(&field) {
            set(&field, own(&field));
        }
    }
    if party_type == "Supplier" {
        set("buying_price_list", own("default_price_list"));
    } else {
        set("selling_price_list", own("default_price_list"));
    }
    if site.version() >= Version::V16 {
        for field in ["tax_withholding_category", "tax_withholding_group"] {
            set(field, own(field));
        }
    }
    set("payment_terms_template", own("payment_terms"));
    if let Some(template) = super::taxes::by_rule(site, &party_type, &party, &company)? {
        set("taxes_and_charges", json!(template));
    }
    set("currency", currency);
    if party_type == "Customer" {
        set("sales_team", party.get("sales_team").cloned().unwrap_or_else(|| json!([])));
    }
    Ok(Reply::message(details))
}

/// `erpnext.stock.get_item_details.get_item_details`.
pub fn get_item_details(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    // H61.
    let args = request.doc(if request.site.version() < Version::V16 { "args" } else { "ctx" })?;
    let site = &request.site;
    let item = site.load("Item", text(&args, "item_code"))?;
    let own = |field: &str| item.get(field).cloned().unwrap_or_default();
    let company = text(&args, "company");
    let buying = matches!(
        text(&args, "doctype"),
        "Purchase Order" | "Purchase Receipt" | "Purchase Invoice" | "Supplier Quotation"
    );
    let defaults = rows(&item, "item_defaults").find(|row| text(row, "company") == company).cloned();
    let defaults = defaults.unwrap_or_default();
    let default = |field: &str, fallback: &str| match defaults.get(field).filter(|value| !is_empty(Some(value))) {
        Some(value) => Ok(value.clone()),
        None => value(site, "Company", company, fallback),
    };
    let qty = args.get("qty").map_or(1.0, flt);
    let price_list = match text(&args, "price_list") {
        "" if buying => "Standard Buying",
        "" => "Standard Selling",
        list => list,
    };
    let warehouse = match args.get("warehouse").filter(|value| !is_empty(Some(value))) {
        Some(warehouse) => warehouse.clone(),
        None => defaults.get("default_warehouse").cloned().unwrap_or_default(),
    };
    let stock = site.bin(text(&item, "name"), &display(&warehouse))?.unwrap_or_default();
    let uom = match text(&args, "uom") {
        "" => text(&item, "stock_uom"),
        uom => uom,
    };
    // A unit that the item does not state is taken for one.
    let conversion = rows(&item, "uoms").find(|row| text(row, "uom") == uom);
    let factor = conversion.and_then(|row| row.get("conversion_factor")).map_or(1.0, flt);
    let mut details = json!({
        "item_code": own("name"), "item_name": own("item_name"), "description": own("description"), "image": own("image"),
        "warehouse": warehouse, "income_account": default("income_account", "default_income_account")?,
        "expense_account": default("expense_account", "default_expense_account")?, "discount_account": null,
        "provisional_expense_account": null,
        "cost_center": default(if buying { "buying_cost_center" } else { "selling_cost_center" }, "cost_center")?,
        "has_serial_no": own("has_serial_no"), "has_batch_no": own("has_batch_no"), "batch_no": null,
        "uom": uom, "stock_uom": own("stock_uom"), "min_order_qty": if buying { own("min_order_qty") } else { json!("") },
        "qty": qty, "stock_qty": qty * factor,
        "price_list_rate": site.list_price(text(&item, "name"), price_list, text(&args, "transaction_date"))? * factor,
    });
    for field in [
        "base_price_list_rate",
        "rate",
        "base_rate",
        "amount",
        "base_amount",
        "net_rate",
        "net_amount",
        "discount_percentage",
        "discount_amount",
    ] {
        details[field] = json!(0.0);
    }
    let rest = json!({
        "update_stock": args.get("update_stock").map_or(0, cint), "delivered_by_supplier": own("delivered_by_supplier"),
        "is_fixed_asset": own("is_fixed_asset"), "last_purchase_rate": if buying { own("last_purchase_rate") } else { json!(0) },
        "transaction_date": args.get("transaction_date"), "against_blanket_order": null, "bom_no": null,
        "weight_per_unit": own("weight_per_unit"), "weight_uom": own("weight_uom"),
        "grant_commission": own("grant_commission"), "conversion_factor": factor, "item_group": own("item_group"),
        "brand": own("brand"), "manufacturer": null, "manufacturer_part_no": null, "item_tax_rate": "{}",
        "customer_item_code": null, "valuation_rate": own("valuation_rate"),
    });
    for (key, value) in rest.as_object().into_iter().flatten() {
        details[key] = value.clone();
    }
    if !display(&warehouse).is_empty() {
        for field in ["projected_qty", "actual_qty", "reserved_qty"] {
            details[field] = json!(number(&stock, field));
        }
    }
    details["has_margin"] = json!(false);
    details["free_item_data"] = json!([]);
    for (key, value) in site.by_rules(text(&item, "name"), &args, buying, qty)? {
        details[key.as_str()] = value;
    }
    details["child_docname"] = args.get("child_docname").cloned().unwrap_or_default();
    Ok(Reply::message(details))
}

/// `erpnext.stock.utils.get_stock_balance`: the quantity at the end of a day, or quantity and rate where that was asked for.
pub fn get_stock_balance(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (item, warehouse) = (request.text("item_code")?, request.text("warehouse")?);
    let (site, day) = (&request.site, request.opt("posting_date"));
    let stock = site.bin(&item, &warehouse)?.unwrap_or_default();
    let moved_later: f64 = match day {
        None => 0.0,
        Some(day) => {
            let params = [item, warehouse, day].map(Sql::Text);
            let later = "item_code = ?1 AND warehouse = ?2 AND posting_date > ?3";
            let entries = site.db.rows_where(site.controller("Stock Ledger Entry")?, later, &params)?;
            entries.iter().map(|entry| number(entry, "actual_qty")).sum()
        }
    };
    let qty = number(&stock, "actual_qty") - moved_later;
    Ok(match request.int("with_valuation_rate") {
        0 => Reply::message(qty),
        _ => Reply::message(json!([qty, number(&stock, "valuation_rate")])),
    })
}

fn value(site: &Site<'_>, doctype: &str, name: &str, field: &str) -> Result<Value, SiteError> {
    let row = site.db.row(site.controller(doctype)?, name)?.unwrap_or_default();
    Ok(row.get(field).cloned().unwrap_or_default())
}
