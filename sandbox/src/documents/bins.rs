//! What of an item a warehouse has promised and expects: counted from the orders whenever one of them changes, and kept in the
//! bin beside what is there.

use std::collections::BTreeMap;

use serde_json::json;

use crate::doc::{Doc, cint, factor, int, number, text};
use crate::error::SiteError;
use crate::load::row_name;
use crate::site::Site;
use crate::store::Sql;

/// The columns that are counted, with what they mean for what is there once all is done.
const COUNTED: [(&str, f64); 4] =
    [("reserved_qty", -1.0), ("ordered_qty", 1.0), ("indented_qty", 1.0), ("planned_qty", 1.0)];

/// Orders whose rows count as long as something of them is left.
struct Order {
    of: &'static str,
    /// The place among [`COUNTED`].
    into: usize,
    /// The row's fields with all of it, and with what is done of that.
    all: &'static str,
    done: &'static str,
    /// Whether these are in the unit of the row, not in the item's own.
    in_rows_unit: bool,
    /// In which states nothing of it counts.
    over: &'static [&'static str],
}

const ORDERS: &[Order] = &[
    Order {
        of: "Sales Order",
        into: 0,
        all: "qty",
        done: "delivered_qty",
        in_rows_unit: true,
        over: &["Closed", "On Hold"],
    },
    Order {
        of: "Purchase Order",
        into: 1,
        all: "qty",
        done: "received_qty",
        in_rows_unit: true,
        over: &["Closed", "Delivered"],
    },
    Order {
        of: "Material Request",
        into: 2,
        all: "stock_qty",
        done: "ordered_qty",
        in_rows_unit: false,
        over: &["Stopped"],
    },
];
/// What is to be made: of one item, in no rows.
const PLANNED: usize = 3;
const MADE: &str = "Work Order";
const MADE_OVER: [&str; 3] = ["Stopped", "Completed", "Closed"];

/// An item and a warehouse.
type Place = (String, String);
/// What is counted in each.
type Counts = BTreeMap<Place, [f64; 4]>;

impl Site<'_> {
    /// Counts anew what the rows of an order are about.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn recount_bins(&self, order: &Doc) -> Result<(), SiteError> {
        let mut places: Vec<[&str; 2]> = match text(order, "doctype") {
            MADE => vec![[text(order, "production_item"), text(order, "fg_warehouse")]],
            of if ORDERS.iter().any(|known| known.of == of) => {
                crate::doc::rows(order, "items").map(|row| [text(row, "item_code"), text(row, "warehouse")]).collect()
            }
            _ => return Ok(()),
        };
        places.retain(|[item, warehouse]| !item.is_empty() && !warehouse.is_empty());
        places.sort_unstable();
        places.dedup();
        for place in places {
            let mut counts = Counts::from([((place[0].to_owned(), place[1].to_owned()), [0.0; 4])]);
            self.count_orders(Some(place), &mut counts)?;
            self.keep_counts(counts)?;
        }
        Ok(())
    }

    /// Counts all orders, for every bin.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn recount_all_bins(&self) -> Result<(), SiteError> {
        let Some(bins) = self.meta.get("Bin") else { return Ok(()) };
        let bins = self.db.rows_where(bins, "1", &[])?;
        let place = |bin: &Doc| (text(bin, "item_code").to_owned(), text(bin, "warehouse").to_owned());
        let mut counts: Counts = bins.iter().map(|bin| (place(bin), [0.0; 4])).collect();
        self.count_orders(None, &mut counts)?;
        self.keep_counts(counts)
    }

    /// Adds what is left of the orders, of one place or all.
    fn count_orders(&self, place: Option<[&str; 2]>, counts: &mut Counts) -> Result<(), SiteError> {
        let params: Vec<Sql> = place.into_iter().flatten().map(|text| Sql::Text(text.to_owned())).collect();
        let mut add = |item: &str, warehouse: &str, into: usize, left: f64| {
            if left > 0.0 && !item.is_empty() && !warehouse.is_empty() {
                counts.entry((item.to_owned(), warehouse.to_owned())).or_insert([0.0; 4])[into] += left;
            }
        };
        let here = |item: &str, warehouse: &str| match place {
            Some(_) => format!("docstatus = 1 AND {item} = ?1 AND {warehouse} = ?2"),
            None => "docstatus = 1".to_owned(),
        };
        for order in ORDERS {
            let (parent, child) = (self.meta.get(order.of), self.meta.get(&format!("{} Item", order.of)));
            let Some((parent, child)) = parent.zip(child) else { continue };
            let mut counts_for: BTreeMap<String, bool> = BTreeMap::new();
            for row in self.db.rows_where(child, &here("item_code", "warehouse"), &params)? {
                let name = text(&row, "parent").to_owned();
                let does_count = match counts_for.get(&name) {
                    Some(known) => *known,
                    None => {
                        let paper = self.db.row(parent, &name)?.unwrap_or_default();
                        let is_over = order.over.contains(&text(&paper, "status"));
                        let counts = !is_over && text(&paper, "material_request_type") != "Material Issue";
                        counts_for.insert(name, counts);
                        counts
                    }
                };
                if does_count && int(&row, "delivered_by_supplier") == 0 {
                    let factor = if order.in_rows_unit { factor(&row, "conversion_factor") } else { 1.0 };
                    let left = (number(&row, order.all) - number(&row, order.done)) * factor;
                    add(text(&row, "item_code"), text(&row, "warehouse"), order.into, left);
                }
            }
        }
        let Some(made) = self.meta.get(MADE) else { return Ok(()) };
        for order in self.db.rows_where(made, &here("production_item", "fg_warehouse"), &params)? {
            if !MADE_OVER.contains(&text(&order, "status")) {
                let left = number(&order, "qty") - number(&order, "produced_qty");
                add(text(&order, "production_item"), text(&order, "fg_warehouse"), PLANNED, left);
            }
        }
        Ok(())
    }

    /// Keeps what was counted in the bins of items that are kept in stock; one that is not there is made where it holds something.
    fn keep_counts(&self, counts: Counts) -> Result<(), SiteError> {
        for ((item, warehouse), counted) in counts {
            if !self.is_stocked(&item)? {
                continue;
            }
            let bin = self.bin(&item, &warehouse)?;
            let there = bin.as_ref().map_or(0.0, |bin| number(bin, "actual_qty"));
            let comes: f64 = COUNTED.iter().zip(counted).map(|((_, sign), qty)| sign * qty).sum();
            let mut held: Doc =
                COUNTED.iter().zip(counted).map(|((field, _), qty)| ((*field).to_owned(), json!(qty))).collect();
            held.insert("projected_qty".to_owned(), json!(there + comes));
            if bin.is_some() || counted.iter().any(|qty| *qty != 0.0) {
                self.keep_bin(bin.as_ref(), &item, &warehouse, held)?;
            }
        }
        Ok(())
    }

    /// Whether an item is kept in stock.
    pub(super) fn is_stocked(&self, item: &str) -> Result<bool, SiteError> {
        Ok(self.value("Item", item, "is_stock_item")?.is_some_and(|stocked| cint(&stocked) == 1))
    }

    /// The bin of an item in a warehouse, if there is one.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn bin(&self, item: &str, warehouse: &str) -> Result<Option<Doc>, SiteError> {
        let params = [item, warehouse].map(|text| Sql::Text(text.to_owned()));
        let bins = self.db.rows_where(self.controller("Bin")?, "item_code = ?1 AND warehouse = ?2 LIMIT 1", &params)?;
        Ok(bins.into_iter().next())
    }

    /// Has a bin hold this; one that is not there is made, under a name that is the same on every run.
    pub(super) fn keep_bin(
        &self,
        bin: Option<&Doc>,
        item: &str,
        warehouse: &str,
        mut held: Doc,
    ) -> Result<(), SiteError> {
        if let Some(bin) = bin {
            return self.set("Bin", text(bin, "name"), &held);
        }
        let now = self.now_text();
        let made = json!({
            "name": row_name(item, warehouse, 0), "item_code": item, "warehouse": warehouse,
            "stock_uom": self.value("Item", item, "stock_uom")?, "owner": "Administrator",
            "modified_by": "Administrator", "creation": now, "modified": now,
        });
        held.extend(made.as_object().cloned().unwrap_or_default());
        self.db.add_row(self.controller("Bin")?, &held)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use erpnext_schema::Version;
    use serde_json::json;

    use super::{COUNTED, ORDERS};
    use crate::Sandbox;
    use crate::doc::{number, text};

    #[tokio::test]
    async fn bins_of_the_sample_agree_with_its_orders_and_follow_them() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let bins = site.db.rows_where(site.controller("Bin")?, "1", &[])?;
                    for (of, done, over, kept) in [
                        ("Sales Order", "delivered_qty", ["Closed", "On Hold"], "reserved_qty"),
                        ("Purchase Order", "received_qty", ["Closed", "Delivered"], "ordered_qty"),
                        ("Material Request", "ordered_qty", ["Stopped", ""], "indented_qty"),
                    ] {
                        let there: f64 = bins.iter().map(|bin| number(bin, kept)).sum();
                        let mut left = 0.0;
                        let rows = site.controller(&format!("{of} Item"))?;
                        for row in site.db.rows_where(rows, "docstatus = 1", &[])? {
                            let order = site.load(of, text(&row, "parent"))?;
                            let stocked = site.is_stocked(text(&row, "item_code"))?;
                            let goes_out = text(&order, "material_request_type") == "Material Issue";
                            if !over.contains(&text(&order, "status")) && !goes_out && stocked {
                                left += (number(&row, "qty") - number(&row, done)).max(0.0);
                            }
                        }
                        assert!(left > 0.0 && (there - left).abs() < 0.001, "{version} {of}: {there} {left}");
                    }
                    for bin in &bins {
                        let comes: f64 = COUNTED.iter().map(|(field, sign)| sign * number(bin, field)).sum();
                        let projected = number(bin, "actual_qty") + comes;
                        assert!((number(bin, "projected_qty") - projected).abs() < 0.001, "{version}: {bin:?}");
                    }

                    let stocked = bins.iter().find(|bin| {
                        number(bin, "actual_qty") > 4.0 && text(bin, "warehouse").starts_with("Main Store")
                    });
                    let stocked = stocked.unwrap();
                    let (item, store) = (text(stocked, "item_code"), text(stocked, "warehouse"));
                    let customer = site.load("Sales Invoice", "ACC-SINV-2026-00001")?["customer"].clone();
                    let order = json!({"doctype": "Sales Order", "customer": customer, "delivery_date": "2026-12-24",
                        "items": [{"item_code": item, "qty": 3, "rate": 10, "warehouse": store}]});
                    let name = text(&site.insert(order.as_object().unwrap().clone())?, "name").to_owned();
                    site.submit(site.load("Sales Order", &name)?)?;
                    let more =
                        |field: &str| number(&site.bin(item, store).unwrap().unwrap(), field) - number(stocked, field);
                    assert_eq!((more("reserved_qty"), more("projected_qty")), (3.0, -3.0), "{version}");

                    let row = site.load("Sales Order", &name)?["items"][0]["name"].clone();
                    let note = json!({"doctype": "Delivery Note", "customer": customer, "items": [{"item_code": item,
                        "qty": 2, "rate": 10, "warehouse": store, "against_sales_order": name, "so_detail": row}]});
                    let note = text(&site.insert(note.as_object().unwrap().clone())?, "name").to_owned();
                    site.submit(site.load("Delivery Note", &note)?)?;
                    assert_eq!((more("reserved_qty"), more("actual_qty"), more("projected_qty")), (1.0, -2.0, -3.0));
                    site.set_status("Sales Order", &name, "Closed")?;
                    assert_eq!((more("reserved_qty"), more("projected_qty")), (0.0, -2.0), "{version}");
                    Ok(())
                })
                .unwrap();
        }
    }

    #[test]
    fn what_is_counted_are_fields_that_exist() {
        for &version in Version::ALL {
            let bin = erpnext_doctypes::get(version, "Bin").unwrap();
            assert!(COUNTED.iter().all(|(field, _)| bin.field(field).is_some()));
            for order in ORDERS {
                let def = erpnext_doctypes::get(version, order.of).unwrap();
                let rows = erpnext_doctypes::get(version, &format!("{} Item", order.of)).unwrap();
                assert!([order.all, order.done].iter().all(|field| rows.field(field).is_some()), "{}", order.of);
                let choices = def.field("status").unwrap().choices().unwrap();
                assert!(order.over.iter().all(|state| choices.contains(state)), "{}", order.of);
            }
        }
    }
}
