//! The prices that a list has for an item, from which the site chose one, each with why it does not hold.

use erpnext_schema::Order;
use serde_json::{Value, json};

use super::seen::{Row, filled, number, sees, text};
use crate::documents::DocTypeCall;
use crate::documents::beyond::neighbour;
use crate::error::ToolError;
use crate::policy::Filter;
use crate::shape;
use crate::site::ListQuery;

/// What is told of a price.
const PRICE: [&str; 9] = [
    "price_list_rate",
    "currency",
    "uom",
    "customer",
    "supplier",
    "valid_from",
    "valid_upto",
    "packing_unit",
    "batch_no",
];
/// Those of them by which a price holds or does not.
const JUDGED_BY: [&str; 7] = ["uom", "customer", "supplier", "valid_from", "valid_upto", "packing_unit", "batch_no"];
/// How many prices are told; one more is asked for.
const MOST_TOLD: usize = 50;
const ASKED: u32 = 51;
const OTHER_UNIT: &str = "for another unit";

/// Of what the prices are candidates.
pub struct Question<'q> {
    pub item: &'q str,
    pub list: &'q str,
    pub kind: &'static str,
    pub party: Option<&'q str>,
    pub date: &'q str,
    /// How much, in that unit: of this the site asks whether packs divide it.
    pub qty: f64,
    /// The unit that is asked about, and the item's own; empty where they may not be known.
    pub uom: &'q str,
    pub stock_uom: &'q str,
}

/// The prices that the list has for the item, the newest first, each with why it does not hold; nothing where they may not be
/// read.
///
/// # Errors
/// The site's.
pub async fn candidates(
    on: &DocTypeCall<'_>,
    question: &Question<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<Value>>, ToolError> {
    let Ok(there) = neighbour(on, "Item Price").await? else { return Ok(None) };
    if !["item_code", "price_list"].iter().all(|field| sees(&there, field)) {
        return Ok(None);
    }
    let columns = ["name"].into_iter().chain(PRICE.into_iter().filter(|name| sees(&there, name)));
    let columns: Vec<String> = columns.map(str::to_owned).collect();
    let newest = sees(&there, "valid_from").then(|| Order::desc("valid_from"));
    let query = ListQuery {
        fields: columns.clone(),
        filters: vec![Filter::eq("item_code", question.item), Filter::eq("price_list", question.list)],
        order_by: newest.into_iter().chain([Order::asc("name")]).collect(),
        limit: ASKED,
        own_columns: true,
        ..ListQuery::default()
    };
    let mut found = on.session.site.list(&there.permit, &query).await?.data;
    if found.len() > MOST_TOLD {
        notes.push(format!("candidates: there are more than these {MOST_TOLD}"));
        found.truncate(MOST_TOLD);
    }
    let judged = JUDGED_BY.iter().all(|name| sees(&there, name)) && !question.uom.is_empty();
    if !judged {
        notes.push("candidates: which of them hold is not told, as what decides it may not all be read".to_owned());
    }
    let whys: Vec<_> = found.iter().map(|price| why_not(price, question).filter(|_| judged)).collect();
    let in_its_unit = |(price, why): (&Row, &Option<_>)| why.is_none() && text(price, "uom") == question.uom;
    let has_own = judged && found.iter().zip(&whys).any(in_its_unit);
    let told = |(price, why): (Row, Option<&'static str>)| {
        // The price of the item's own unit is taken only where the unit that is asked about has none.
        let stands_back = has_own && ![question.uom, ""].contains(&text(&price, "uom"));
        let why = why.or_else(|| stands_back.then_some(OTHER_UNIT));
        let mut told = filled(shape::row(there.def, &there.permit, &columns, price));
        if let Some(why) = why {
            told["left_out"] = json!(why);
        }
        told
    };
    Ok(Some(found.into_iter().zip(whys).map(told).collect()))
}

/// Why a price does not hold, as far as it tells.
fn why_not(price: &Row, question: &Question<'_>) -> Option<&'static str> {
    let is_of_another = |kind: &str| {
        let party = text(price, &kind.to_lowercase());
        !party.is_empty() && (kind != question.kind || question.party != Some(party))
    };
    let (until, pack) = (text(price, "valid_upto"), number(price, "packing_unit"));
    if text(price, "valid_from") > question.date {
        Some("not valid yet")
    } else if !until.is_empty() && until < question.date {
        Some("no longer valid")
    } else if is_of_another("Customer") || is_of_another("Supplier") {
        Some("for another party")
    } else if !["", question.uom, question.stock_uom].contains(&text(price, "uom")) {
        Some(OTHER_UNIT)
    } else if !text(price, "batch_no").is_empty() {
        Some("for one batch")
    } else {
        (pack > 0.0 && question.qty % pack != 0.0).then_some("for whole packs")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Question, Row, why_not};

    fn row(value: Value) -> Row {
        match value {
            Value::Object(row) => row,
            _ => Row::new(),
        }
    }

    #[test]
    fn a_price_says_why_it_does_not_hold() {
        let question = Question {
            item: "A",
            list: "L",
            kind: "Customer",
            party: Some("C-1"),
            date: "2026-11-20",
            qty: 24.0,
            uom: "Box",
            stock_uom: "Nos",
        };
        let of = |value: Value| why_not(&row(value), &question);
        assert_eq!(of(json!({"valid_from": "2026-11-20", "valid_upto": "2026-11-20", "customer": "C-1"})), None);
        assert_eq!(of(json!({"valid_from": "2026-11-21"})), Some("not valid yet"));
        assert_eq!(of(json!({"valid_from": "2026-01-01", "valid_upto": "2026-11-19"})), Some("no longer valid"));
        assert_eq!(of(json!({"customer": "C-2"})), Some("for another party"));
        assert_eq!(of(json!({"supplier": "C-1"})), Some("for another party"));
        assert_eq!(
            (of(json!({"uom": "Box"})), of(json!({"uom": "Nos"})), of(json!({"uom": null}))),
            (None, None, None)
        );
        assert_eq!(of(json!({"uom": "Crate"})), Some("for another unit"));
        assert_eq!(of(json!({"batch_no": "B-1"})), Some("for one batch"));
        assert_eq!(of(json!({"packing_unit": 12})), None);
        assert_eq!(of(json!({"packing_unit": 10})), Some("for whole packs"));
    }
}
