//! What of a row is left for the next document of a chain, and what of it came back already.

use erpnext_schema::DocTypeDef;
use serde_json::json;

use crate::doc::{Doc, factor, int, number, rows, text};
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::{Sql, quote};

/// A difference that is none: quantities have three decimals.
const ROUNDING: f64 = 0.0005;

/// How a chain counts what is left of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// All of it, whatever was made of it.
    All,
    /// The quantity less a column.
    Less(&'static str),
    /// The quantity of the amount that is not billed, and before anything is billed that without this column.
    Unbilled(Option<&'static str>),
    /// `stock_qty` less a column, in the row's own unit.
    Stock(&'static str),
    /// The quantity less that of submitted rows of a DocType whose field names the row, and less what came back.
    Made(&'static str, &'static str),
    /// The quantity less that of the submitted orders of an offer.
    Ordered,
    /// What of the quantity did not come back, with its sign turned.
    Returned,
}

/// The field of a row of a return that names the row of which something comes back.
pub fn returns(row: &str) -> Option<&'static str> {
    Some(match row {
        "Delivery Note Item" => "dn_detail",
        "Purchase Invoice Item" => "purchase_invoice_item",
        "Purchase Receipt Item" => "purchase_receipt_item",
        "Sales Invoice Item" => "sales_invoice_item",
        _ => return None,
    })
}

impl Site<'_> {
    /// What the next document's row has of this one: its quantities; `None` where nothing is left for it.
    ///
    /// # Errors
    /// The database's.
    pub fn left(&self, left: Left, def: &'static DocTypeDef, row: &Doc) -> Result<Option<Doc>, SiteError> {
        let (qty, name) = (number(row, "qty"), text(row, "name"));
        let rest = match left {
            Left::All => return Ok(Some(Doc::new())),
            Left::Returned => return Ok(Some(self.turned(def, row)?)),
            Left::Less(_) if int(row, "delivered_by_supplier") == 1 => 0.0,
            Left::Less(done) => qty - number(row, done),
            Left::Unbilled(less) => unbilled(row, less),
            Left::Stock(done) => (number(row, "stock_qty") - number(row, done)) / factor(row, "conversion_factor"),
            Left::Made(by, link) => {
                qty - self.taken(self.controller(by)?, link, name, "qty")? - self.back(def, name)?
            }
            Left::Ordered => qty - self.ordered(row, "qty")?,
        };
        // Of what is below 0 something is left below 0.
        Ok((rest * qty.signum() > ROUNDING).then(|| Doc::from_iter([("qty".to_owned(), json!(rest))])))
    }

    /// How much of a row of an offer the submitted orders have.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn ordered(&self, row: &Doc, column: &str) -> Result<f64, SiteError> {
        let condition = "prevdoc_docname = ?1 AND docstatus = 1
            AND (quotation_item = ?2 OR coalesce(quotation_item, '') = '' AND item_code = ?3)";
        let params = ["parent", "name", "item_code"].map(|key| Sql::Text(text(row, key).to_owned()));
        let orders = self.db.rows_where(self.controller("Sales Order Item")?, condition, &params)?;
        Ok(orders.iter().map(|row| number(row, column)).sum())
    }

    /// The sum of a column of the submitted rows whose `link` is this name.
    fn taken(&self, def: &'static DocTypeDef, link: &str, name: &str, column: &str) -> Result<f64, SiteError> {
        let condition = format!("{} = ?1 AND docstatus = 1", quote(link));
        let rows = self.db.rows_where(def, &condition, &[Sql::Text(name.to_owned())])?;
        Ok(rows.iter().map(|row| number(row, column)).sum())
    }

    fn back(&self, def: &'static DocTypeDef, name: &str) -> Result<f64, SiteError> {
        match returns(def.name) {
            Some(link) => Ok(-self.taken(def, link, name, "qty")?),
            None => Ok(0.0),
        }
    }

    fn turned(&self, def: &'static DocTypeDef, row: &Doc) -> Result<Doc, SiteError> {
        let mut turned = Doc::new();
        let Some(link) = returns(def.name) else { return Ok(turned) };
        let is_received = link.starts_with("purchase");
        for column in ["qty", "received_qty", "rejected_qty"] {
            if column == "qty" || is_received {
                // What came back is below 0 itself.
                let rest = number(row, column) + self.taken(def, link, text(row, "name"), column)?;
                turned.insert(column.to_owned(), json!(0.0 - rest));
            }
        }
        Ok(turned)
    }

    /// That a return takes back what its document has, no more than is left of it, and for no more than it cost.
    ///
    /// # Errors
    /// 417.
    pub(super) fn check_return(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        let against = text(doc, "return_against");
        let row_def = self.meta.get(&format!("{} Item", def.name));
        let Some((row_def, link)) = row_def.and_then(|row_def| Some((row_def, returns(row_def.name)?))) else {
            return Ok(());
        };
        if int(doc, "is_return") == 0 || against.is_empty() {
            return Ok(());
        }
        let moves_stock = def.field("update_stock").is_none() || int(doc, "update_stock") == 1;
        let column = if moves_stock { "stock_qty" } else { "qty" };
        for row in rows(doc, "items").filter(|row| !text(row, link).is_empty()) {
            let (at, item, name) = (int(row, "idx"), text(row, "item_code"), text(row, link));
            let sold = self.db.row(row_def, name)?.filter(|sold| text(sold, "parent") == against);
            let Some(sold) = sold.filter(|sold| text(sold, "item_code") == item) else {
                return Err(SiteError::invalid(format!("Row #{at}: {against} has no such row of item {item}")));
            };
            let whole = number(&sold, column);
            let left = whole + self.taken(row_def, link, name, column)?;
            if whole != 0.0 && number(row, column).abs() > left.max(0.0) + ROUNDING {
                let text = format!("Row #{at}: no more than {left} of item {item} can come back");
                return Err(SiteError::throw(exc::OVER_RETURN, text));
            }
            let is_dearer = number(row, "rate") > number(&sold, "rate") + ROUNDING && number(&sold, "rate") != 0.0;
            if is_dearer && !link.starts_with("purchase") {
                return Err(SiteError::invalid(format!("Row #{at}: the rate is above that of {against}")));
            }
        }
        Ok(())
    }
}

/// What of a row's quantity the amount that is not billed stands for.
fn unbilled(row: &Doc, less: Option<&str>) -> f64 {
    let (amount, billed, rate) = (number(row, "amount"), number(row, "billed_amt"), number(row, "rate"));
    if number(row, "base_amount") != 0.0 && billed.abs() >= amount.abs() {
        return 0.0;
    }
    match rate != 0.0 && billed != 0.0 {
        true => (amount - billed) / rate,
        false => number(row, "qty") - less.map_or(0.0, |less| number(row, less)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::unbilled;
    use crate::doc::Doc;
    use crate::{Sandbox, Version};

    fn row(of: &Value) -> Doc {
        of.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_billed_is_counted_by_its_amount() {
        let sold = |billed: f64| {
            let sold = json!({"qty": 8, "rate": 10, "amount": 80, "base_amount": 80, "billed_amt": billed,
                "returned_qty": 2});
            unbilled(&row(&sold), Some("returned_qty"))
        };
        assert_eq!([sold(0.0), sold(30.0), sold(80.0)], [6.0, 5.0, 0.0]);
        assert_eq!(unbilled(&row(&json!({"qty": 2, "rate": 0, "amount": 0})), None), 2.0);
    }

    /// Of a delivery of 3: two come back, then one and no more.
    #[tokio::test]
    async fn no_more_comes_back_than_was_delivered() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let customer = site.load("Sales Invoice", "ACC-SINV-2026-00001")?["customer"].clone();
                    let sold = row(&json!({"doctype": "Delivery Note", "customer": customer,
                        "items": [{"item_code": "SRV-REPAIR", "qty": 3, "rate": 10}]}));
                    let name = site.insert(sold.clone())?["name"].as_str().unwrap().to_owned();
                    site.submit(site.load("Delivery Note", &name)?)?;
                    let of = site.load("Delivery Note", &name)?["items"][0]["name"].clone();
                    let back = |qty: f64, rate: f64| {
                        let mut back = sold.clone();
                        back.insert("is_return".to_owned(), json!(1));
                        back.insert("return_against".to_owned(), json!(name));
                        for (key, value) in [("qty", json!(-qty)), ("rate", json!(rate)), ("dn_detail", of.clone())] {
                            back["items"][0][key] = value;
                        }
                        site.insert(back)
                    };
                    let told = back(4.0, 10.0).unwrap_err();
                    assert_eq!(told.exc.name, "StockOverReturnError", "{}", told.text);
                    assert!(back(1.0, 11.0).unwrap_err().text.contains("the rate is above"));
                    let first = back(2.0, 10.0)?["name"].as_str().unwrap().to_owned();
                    site.submit(site.load("Delivery Note", &first)?)?;
                    let told = back(2.0, 10.0).unwrap_err();
                    assert!(told.text.contains("no more than 1 of"), "{}", told.text);
                    let stored = site.load("Delivery Note", &name)?;
                    assert_eq!(stored["items"][0]["returned_qty"], 2.0);
                    assert!((stored["per_returned"].as_f64().unwrap() - 66.67).abs() < 0.01, "{stored:?}");
                    back(1.0, 10.0).map(drop)
                })
                .unwrap();
        }
    }
}
