//! Whether a draft keeps what was agreed: the rates of the offer or order that its rows were made of, and an order the
//! terms of payment of its offer, or else of the party's last order.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{Operator, Order, rows};
use serde_json::{Map, Value, json};

use super::{few, if_allowed, sees};
use crate::document::amounts::{money, number};
use crate::documents::DocTypeCall;
use crate::policy::{Filter, Rows};
use crate::shape::{is_set, text_of};
use crate::site::{ListQuery, RowQuery, SiteError};

/// The most rows that are looked at, and the most documents that they were made of.
const MOST_ROWS: usize = 50;
const MOST_DOCUMENTS: u32 = 20;
/// The share of a rate by which rounding in another unit makes it another.
const ROUNDING: f64 = 0.001;
/// The terms of payment of an offer or an order.
const TERMS: &str = "payment_terms_template";

/// Documents whose rows say which row of another they were made of.
struct Made {
    of: &'static str,
    /// The other's DocType.
    from: &'static str,
    /// The columns that name the other document and its row.
    document: &'static str,
    row: &'static str,
    /// The field of an order with its party.
    party: Option<&'static str>,
}

const fn made(
    of: &'static str,
    from: &'static str,
    [document, row]: [&'static str; 2],
    party: Option<&'static str>,
) -> Made {
    Made { of, from, document, row, party }
}

const MADE: &[Made] = &[
    made("Sales Order", "Quotation", ["prevdoc_docname", "quotation_item"], Some("customer")),
    made("Purchase Order", "Supplier Quotation", ["supplier_quotation", "supplier_quotation_item"], Some("supplier")),
    made("Delivery Note", "Sales Order", ["against_sales_order", "so_detail"], None),
    made("Sales Invoice", "Sales Order", ["sales_order", "so_detail"], None),
    made("Purchase Receipt", "Purchase Order", ["purchase_order", "purchase_order_item"], None),
    made("Purchase Invoice", "Purchase Order", ["purchase_order", "po_detail"], None),
];

/// A document that rows were made of.
struct Origin {
    name: String,
    /// Its terms of payment, where such a document has any.
    terms: Option<String>,
    /// The rates of its rows by their names, each for one in the item's own unit; none where its currency is another, or the
    /// unit is not told.
    rates: BTreeMap<String, f64>,
}

/// Adds where the draft differs from what was agreed, at most three requests.
///
/// # Errors
/// The site's, with what was found before it added.
pub(super) async fn of(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    doubts: &mut Vec<String>,
) -> Result<(), SiteError> {
    let Some(made) = MADE.iter().find(|made| made.of == on.def.name) else { return Ok(()) };
    // What goes back is settled by what it goes back of.
    if is_set(doc, "is_return") {
        return Ok(());
    }
    let lines: Vec<_> = doc.get("items").into_iter().flat_map(rows).take(MOST_ROWS).collect();
    let origins = if_allowed(origins(on, made, text_of(doc, "currency"), &lines).await)?;
    doubts.extend(few(other_rates(made, &lines, &origins)));
    if let Some(party) = made.party {
        doubts.extend(few(if_allowed(other_terms(on, (made, party), doc, &origins).await)?));
    }
    Ok(())
}

/// What the rows were made of, as far as all such documents may be read.
async fn origins(
    on: &DocTypeCall<'_>,
    made: &Made,
    currency: &str,
    lines: &[&Map<String, Value>],
) -> Result<Vec<Origin>, SiteError> {
    let named = |column: &str| -> BTreeSet<&str> {
        lines.iter().map(|line| text_of(line, column)).filter(|name| !name.is_empty()).collect()
    };
    let (documents, of_rows) = (named(made.document), named(made.row));
    let def = on.session.catalog.known(made.from).filter(|_| !documents.is_empty() && !of_rows.is_empty());
    let Some(def) = def else { return Ok(Vec::new()) };
    let has_terms = made.party.is_some() && def.field(TERMS).is_some();
    let terms = has_terms.then_some(TERMS);
    let fields: Vec<&str> = ["currency", "items.rate", "items.conversion_factor"].into_iter().chain(terms).collect();
    let permit = sees(on, made.from, &fields).await;
    let rows = def.field("items").and_then(|table| Rows::of(def, table));
    let (Some(permit), Some(rows)) = (permit, rows) else { return Ok(Vec::new()) };
    let query = ListQuery {
        fields: ["name", "currency"].into_iter().chain(terms).map(str::to_owned).collect(),
        filters: vec![Filter::new("name", Operator::In, json!(documents)), Filter::eq("docstatus", 1)],
        order_by: vec![Order::asc("name")],
        limit: MOST_DOCUMENTS,
        ..ListQuery::default()
    };
    let found = on.session.site.list(&permit, &query).await?.data;
    let parents: Vec<Value> = found.iter().filter_map(|document| document.get("name").cloned()).collect();
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    let filters = [Filter::new("name", Operator::In, json!(of_rows))];
    let columns = vec!["rate", "conversion_factor"];
    let query = RowQuery { rows, parents: &parents, columns, filters: &filters, after: None };
    let rows = on.session.site.rows(&permit, &query).await?.data;
    let origin = |document: &Map<String, Value>| {
        let is_of_it = |row: &&Map<String, Value>| {
            row.get("parent") == document.get("name") && text_of(document, "currency") == currency
        };
        let rate = |row: &Map<String, Value>| Some((text_of(row, "name").to_owned(), own_rate(row)?));
        Origin {
            name: text_of(document, "name").to_owned(),
            terms: terms.map(|terms| text_of(document, terms).to_owned()),
            rates: rows.iter().filter(is_of_it).filter_map(rate).collect(),
        }
    };
    Ok(found.iter().map(origin).collect())
}

/// The rate of a row for one in the item's own unit, if the row tells how many of that its unit is.
fn own_rate(row: &Map<String, Value>) -> Option<f64> {
    let factor = number(row, "conversion_factor").filter(|factor| *factor > 0.0)?;
    Some(number(row, "rate")? / factor)
}

/// The rows whose rate is not that of the row that they were made of.
fn other_rates(made: &Made, lines: &[&Map<String, Value>], origins: &[Origin]) -> Vec<String> {
    let told = lines.iter().zip(1..).filter_map(|(line, at)| {
        let rate = own_rate(line).filter(|_| !is_set(line, "is_free_item"))?;
        let origin = origins.iter().find(|origin| origin.name == text_of(line, made.document))?;
        let agreed = *origin.rates.get(text_of(line, made.row))?;
        differs(rate, agreed).then(|| {
            format!(
                "row {at}: the rate of {}, {}, is not the {} of {} {} (each for one in the item's own unit)",
                text_of(line, "item_code"),
                money(rate),
                money(agreed),
                made.from,
                origin.name
            )
        })
    });
    told.collect()
}

fn differs(rate: f64, agreed: f64) -> bool {
    (rate - agreed).abs() > (agreed.abs() * ROUNDING).max(ROUNDING)
}

/// Where the terms of payment are others than those of the offers, or of the last order where no offer has any.
async fn other_terms(
    on: &DocTypeCall<'_>,
    (made, party): (&Made, &'static str),
    doc: &Map<String, Value>,
    origins: &[Origin],
) -> Result<Vec<String>, SiteError> {
    let fields = [TERMS, party, "company", "transaction_date"];
    let Some(permit) = sees(on, made.of, &fields).await else { return Ok(Vec::new()) };
    let of_offer =
        origins.iter().filter_map(|origin| Some((format!("{} {}", made.from, origin.name), origin.terms.clone()?)));
    let mut agreed: Vec<(String, String)> = of_offer.collect();
    let (of_party, company) = (text_of(doc, party), text_of(doc, "company"));
    if agreed.is_empty() && !of_party.is_empty() {
        let query = ListQuery {
            fields: ["name", TERMS].map(str::to_owned).to_vec(),
            filters: vec![Filter::eq(party, of_party), Filter::eq("company", company), Filter::eq("docstatus", 1)],
            order_by: vec![Order::desc("transaction_date"), Order::desc("name")],
            limit: 1,
            ..ListQuery::default()
        };
        let last = on.session.site.list(&permit, &query).await?.data;
        let told = |last: &Map<String, Value>| {
            (format!("{}, the last of {of_party},", text_of(last, "name")), text_of(last, TERMS).to_owned())
        };
        agreed.extend(last.iter().map(told));
    }
    let own = text_of(doc, TERMS);
    let other = agreed.iter().filter(|(_, terms)| terms != own);
    Ok(other.map(|(whose, terms)| format!("{TERMS} is {}, and {whose} has {}", quoted(own), quoted(terms))).collect())
}

/// Terms as they are told.
fn quoted(terms: &str) -> String {
    if terms.is_empty() { "empty".to_owned() } else { format!("{terms:?}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Version;

    use super::{MADE, TERMS, differs};

    #[test]
    fn every_document_that_is_made_of_another_names_columns_that_exist() {
        for version in Version::ALL {
            for made in MADE {
                let def = erpnext_doctypes::get(*version, made.of).unwrap();
                let rows = erpnext_doctypes::get(*version, def.field("items").unwrap().target().unwrap()).unwrap();
                for column in [made.document, made.row, "rate", "conversion_factor"] {
                    assert!(rows.field(column).is_some(), "{} has no {column}", rows.name);
                }
                let is_there = |field| def.field(field).is_some();
                assert!(made.party.is_none_or(|party| is_there(party) && is_there(TERMS)), "{}", made.of);
                assert!(erpnext_doctypes::get(*version, made.from).unwrap().field("items").is_some());
            }
        }
    }

    #[test]
    fn what_rounding_leaves_is_no_other_rate() {
        assert!(!differs(83.33, 1000.0 / 12.0) && !differs(0.0, 0.0));
        assert!(differs(99.0, 100.0) && differs(0.0, 100.0) && differs(0.02, 0.01));
    }
}
