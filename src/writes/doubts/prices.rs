//! Whether a rate is far from the usual one of its item: the last to the same party in a document of the same DocType and
//! currency; else the last to any party, or the last at which the item was bought; else that of the row's price list.

use std::collections::BTreeMap;

use erpnext_schema::{Operator, Order, rows};
use serde_json::{Map, Value, json};

use super::{few, if_allowed, sees};
use crate::document::amounts::{money, number};
use crate::documents::DocTypeCall;
use crate::policy::{Filter, Rows};
use crate::shape::{is_set, text_of};
use crate::site::{ListQuery, RowQuery, SiteError};

/// A rate is far from another where it differs by more than this share of it.
const FAR: f64 = 0.5;
/// The most rows that are looked at, and the most documents whose rows they are held against: the newest.
const MOST_ROWS: usize = 50;
const MOST_DOCUMENTS: u32 = 50;
/// The most rows that the site gives at once.
const PAGE: usize = 500;

/// Documents whose rows have rates.
struct Priced {
    of: &'static str,
    /// The field with the party.
    party: &'static str,
    /// The field with its day.
    day: &'static str,
    buys: bool,
}

const fn priced(of: &'static str, party: &'static str, day: &'static str, buys: bool) -> Priced {
    Priced { of, party, day, buys }
}

const PRICED: &[Priced] = &[
    priced("Quotation", "party_name", "transaction_date", false),
    priced("Sales Order", "customer", "transaction_date", false),
    priced("Delivery Note", "customer", "posting_date", false),
    priced("Sales Invoice", "customer", "posting_date", false),
    priced("Supplier Quotation", "supplier", "transaction_date", true),
    priced("Purchase Order", "supplier", "transaction_date", true),
    priced("Purchase Receipt", "supplier", "posting_date", true),
    priced("Purchase Invoice", "supplier", "posting_date", true),
];

/// The columns that make a rate.
const COLUMNS: [&str; 3] = ["item_code", "rate", "conversion_factor"];

/// A row, its rates those of one in the item's own unit.
struct Line<'d> {
    number: usize,
    item: &'d str,
    /// In the currency of the document.
    rate: f64,
    /// In that of the company.
    base_rate: f64,
    /// What the price list has, in the currency of the document.
    listed: Option<f64>,
}

/// Adds the rows whose rate is far from the last, at most four requests.
///
/// # Errors
/// The site's, with what was found before it added.
pub(super) async fn of(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    doubts: &mut Vec<String>,
) -> Result<(), SiteError> {
    let Some(priced) = PRICED.iter().find(|priced| priced.of == on.def.name) else { return Ok(()) };
    // What goes back has the price that it had.
    let lines = if is_set(doc, "is_return") { Vec::new() } else { lines(doc) };
    if lines.is_empty() || on.session.policy.is_row_filtered("Item") {
        return Ok(());
    }
    let party = text_of(doc, priced.party);
    let items: Vec<&str> = lines.iter().map(|line| line.item).collect();
    let before = match party {
        "" => BTreeMap::new(),
        party => if_allowed(last_rates(on, priced, doc, Some(party), &items).await)?,
    };
    let new: Vec<&str> = items.into_iter().filter(|item| !before.contains_key(*item)).collect();
    let others = match priced.buys {
        true => last_purchases(on, &new).await,
        false => last_rates(on, priced, doc, None, &new).await,
    };
    let (others, end) = match if_allowed(others) {
        Ok(others) => (others, Ok(())),
        Err(error) => (BTreeMap::new(), Err(error)),
    };
    let told = lines.iter().filter_map(|line| {
        let of_others = others.get(line.item).copied().filter(|last| *last > 0.0);
        let (rate, last, whose) = match (before.get(line.item), of_others) {
            (Some(last), _) => (line.rate, *last, format!("in the last {} of {party}", priced.of)),
            (None, Some(last)) if priced.buys => (line.base_rate, last, "at which it was bought last".to_owned()),
            (None, Some(last)) => (line.rate, last, format!("in the last {} that has it", priced.of)),
            (None, None) => (line.rate, line.listed?, "of the price list".to_owned()),
        };
        is_far(rate, last).then(|| {
            format!(
                "row {}: the rate of {}, {}, is far from the {} {whose} (each for one in the item's own unit)",
                line.number,
                line.item,
                money(rate),
                money(last)
            )
        })
    });
    doubts.extend(few(told.collect()));
    end
}

fn is_far(rate: f64, last: f64) -> bool {
    last > 0.0 && (rate - last).abs() > FAR * last
}

fn lines(doc: &Map<String, Value>) -> Vec<Line<'_>> {
    let conversion = number(doc, "conversion_rate").filter(|rate| *rate > 0.0).unwrap_or(1.0);
    let all = doc.get("items").into_iter().flat_map(rows).enumerate();
    let lines = all.filter_map(|(at, row)| {
        let item = text_of(row, "item_code");
        let rate = number(row, "rate").filter(|_| !item.is_empty() && !is_set(row, "is_free_item"))?;
        let base_rate = number(row, "base_rate").filter(|base| *base > 0.0).unwrap_or(rate * conversion);
        let factor = own_units(row);
        let listed = number(row, "price_list_rate").map(|listed| listed / factor);
        Some(Line { number: at + 1, item, rate: rate / factor, base_rate: base_rate / factor, listed })
    });
    lines.take(MOST_ROWS).collect()
}

/// How many of the item's own unit one of the row's is.
pub(super) fn own_units(row: &Map<String, Value>) -> f64 {
    number(row, "conversion_factor").filter(|factor| *factor > 0.0).unwrap_or(1.0)
}

/// The rates of the items in the newest submitted documents that have them: those of the party, or of all.
async fn last_rates(
    on: &DocTypeCall<'_>,
    priced: &Priced,
    doc: &Map<String, Value>,
    party: Option<&str>,
    items: &[&str],
) -> Result<BTreeMap<String, f64>, SiteError> {
    let currency = text_of(doc, "currency");
    if currency.is_empty() || items.is_empty() {
        return Ok(BTreeMap::new());
    }
    let columns = COLUMNS.map(|column| format!("items.{column}"));
    let fields = [priced.party, priced.day, "currency"].into_iter().chain(columns.iter().map(String::as_str));
    let permit = sees(on, on.def.name, &fields.collect::<Vec<_>>()).await;
    let rows = on.def.field("items").and_then(|table| Rows::of(on.def, table));
    let (Some(permit), Some(rows)) = (permit, rows) else { return Ok(BTreeMap::new()) };
    let of_items = Filter::new("item_code", Operator::In, json!(items));
    let mut filters = vec![
        Filter::eq("currency", currency),
        Filter::eq("docstatus", 1),
        Filter { rows: Some(rows), ..of_items.clone() },
    ];
    filters.extend(party.map(|party| Filter::eq(priced.party, party)));
    let query = ListQuery {
        filters,
        order_by: vec![Order::desc(priced.day), Order::desc("name")],
        limit: MOST_DOCUMENTS,
        ..ListQuery::default()
    };
    let site = on.session.site;
    let documents = site.list(&permit, &query).await?.data;
    let documents: Vec<Value> = documents.into_iter().filter_map(|mut row| row.remove("name")).collect();
    if documents.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filters = [of_items];
    let query = RowQuery { rows, parents: &documents, columns: COLUMNS.to_vec(), filters: &filters, after: None };
    let found = site.rows(&permit, &query).await?.data;
    let mut last = BTreeMap::new();
    // Where there are more rows than these, which is the last of an item is not known.
    if found.len() >= PAGE {
        return Ok(last);
    }
    for document in &documents {
        for row in found.iter().filter(|row| row.get("parent") == Some(document)) {
            if let Some(rate) = number(row, "rate") {
                last.entry(text_of(row, "item_code").to_owned()).or_insert(rate / own_units(row));
            }
        }
    }
    Ok(last)
}

/// The rates at which items were bought last, in the company's currency and the items' own units.
async fn last_purchases(on: &DocTypeCall<'_>, items: &[&str]) -> Result<BTreeMap<String, f64>, SiteError> {
    const LAST: &str = "last_purchase_rate";
    let Some(permit) = sees(on, "Item", &[LAST]).await.filter(|_| !items.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let query = ListQuery {
        fields: ["name", LAST].map(str::to_owned).to_vec(),
        filters: vec![Filter::new("name", Operator::In, json!(items))],
        order_by: vec![Order::asc("name")],
        limit: 500,
        ..ListQuery::default()
    };
    let found = on.session.site.list(&permit, &query).await?.data;
    let rate = |item: &Map<String, Value>| Some((text_of(item, "name").to_owned(), number(item, LAST)?));
    Ok(found.iter().filter_map(rate).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Version;
    use serde_json::json;

    use super::{COLUMNS, PRICED, is_far, lines};

    #[test]
    fn every_priced_document_names_fields_that_exist() {
        for version in Version::ALL {
            for priced in PRICED {
                let def = erpnext_doctypes::get(*version, priced.of).unwrap();
                for field in [priced.party, priced.day, "currency"] {
                    assert!(def.field(field).is_some(), "{} has no {field}", priced.of);
                }
                let rows = erpnext_doctypes::get(*version, def.field("items").unwrap().target().unwrap()).unwrap();
                let mut columns = COLUMNS.iter().chain(&["price_list_rate"]);
                assert!(columns.all(|column| rows.field(column).is_some()), "{}", rows.name);
            }
        }
    }

    #[test]
    fn rates_are_those_of_one_in_the_items_own_unit() {
        let doc = json!({"conversion_rate": 2.0, "items": [
            {"item_code": "A", "rate": 50, "conversion_factor": 10.0, "price_list_rate": 60},
            {"item_code": "B", "rate": 8, "base_rate": 24.0},
            {"item_code": "C", "rate": 0, "is_free_item": 1},
            {"rate": 3},
        ]});
        let lines: Vec<_> = lines(doc.as_object().unwrap())
            .iter()
            .map(|line| format!("{} {} {} {} {:?}", line.number, line.item, line.rate, line.base_rate, line.listed))
            .collect();
        assert_eq!(lines, ["1 A 5 10 Some(6.0)", "2 B 8 24 None"]);
    }

    #[test]
    fn a_rate_is_far_where_it_differs_by_more_than_half_of_the_last() {
        assert!(!is_far(50.0, 100.0) && !is_far(150.0, 100.0) && !is_far(7.0, 0.0));
        assert!(is_far(49.0, 100.0) && is_far(151.0, 100.0) && is_far(0.0, 100.0));
    }
}
