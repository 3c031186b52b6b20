//! The prices of an item in a list, of which the site chose one, each of the others with the reason why it does not hold.

use std::cmp::Reverse;

use erpnext_schema::Order;
use erpnext_schema::known_choices::PRICE_HOLDS_BY;
use serde_json::{Value, json};

use super::seen::{Row, filled, sees};
use crate::document::amounts::number_or_zero;
use crate::documents::DocTypeCall;
use crate::documents::beyond::neighbour;
use crate::error::ToolError;
use crate::policy::Filter;
use crate::shape::{self, text_of};
use crate::site::ListQuery;

/// What is told of a price, beside that by which it holds.
const PRICE: &[&str] = &["price_list_rate", "currency"];
/// How many prices are told; one more is asked for.
const MOST_TOLD: usize = 50;
const ASKED: u32 = 51;
const OTHER_UNIT: &str = "for another unit";
const WHOLE_PACKS: &str = "for whole packs";

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
    let seen = PRICE.iter().chain(PRICE_HOLDS_BY).filter(|name| sees(&there, name));
    let columns: Vec<String> = ["name"].iter().chain(seen).map(|name| (*name).to_owned()).collect();
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
    let is_cut = found.len() > MOST_TOLD;
    if is_cut {
        notes.push(format!(
            "candidates: there are more than these {MOST_TOLD}, and which of all comes first is not told"
        ));
        found.truncate(MOST_TOLD);
    }
    let judged = PRICE_HOLDS_BY.iter().all(|name| sees(&there, name)) && !question.uom.is_empty();
    if !judged {
        notes.push("candidates: which of them hold is not told, as what decides it may not all be read".to_owned());
    }
    let whys: Vec<_> = found.iter().map(|price| why_not(price, question).filter(|_| judged)).collect();
    let places: Vec<_> = found.iter().zip(&whys).map(|(price, why)| place(price, *why, question)).collect();
    let taken = places.iter().flatten().min().filter(|_| judged && !is_cut).cloned();
    let is_taken = |place: &Option<Place>| taken.is_some() && *place == taken;
    if whys.iter().zip(&places).any(|(why, place)| *why == Some(WHOLE_PACKS) && is_taken(place)) {
        notes.push("candidates: the newest price is for whole packs: the site takes none".to_owned());
    }
    if places.iter().filter(|place| is_taken(place)).count() > 1 {
        notes.push("candidates: some prices differ in nothing that the site goes by: it takes one of them".to_owned());
    }
    let told = |((price, why), at): ((Row, Option<&'static str>), &Option<Place>)| {
        let behind = at.as_ref().zip(taken.as_ref()).filter(|(at, taken)| at > taken);
        let why = why.or_else(|| behind.map(|(at, taken)| behind_of(at, taken)));
        let mut told = filled(shape::row(there.def, &there.permit, &columns, price));
        if let Some(why) = why {
            told["left_out"] = json!(why);
        }
        told
    };
    Ok(Some(found.into_iter().zip(whys).zip(&places).map(told).collect()))
}

/// Where a price stands among those that hold: in which of its questions the site asks for it, then the newest, then the
/// unit. The site takes the first, whether or not packs divide the quantity.
type Place = (u8, Reverse<String>, Reverse<String>);

fn place(price: &Row, why: Option<&str>, question: &Question<'_>) -> Option<Place> {
    let asked = if is_first(price, question) {
        0
    } else if in_its_unit(price, question) {
        1
    } else {
        2
    };
    let key = |field: &str| Reverse(text_of(price, field).to_owned());
    why.is_none_or(|why| why == WHOLE_PACKS).then(|| (asked, key("valid_from"), key("uom")))
}

/// Why a price that holds is not the one that is taken.
fn behind_of(at: &Place, taken: &Place) -> &'static str {
    match (at.0, taken.0) {
        // The price of the item's own unit is taken only where the unit that is asked about has none.
        (2, 0 | 1) => OTHER_UNIT,
        (at, taken) if at == taken => "another one comes first",
        _ => "the party's own comes first",
    }
}

fn in_its_unit(price: &Row, question: &Question<'_>) -> bool {
    ["", question.uom].contains(&text_of(price, "uom"))
}

/// Whose a price is, if it is not for everyone.
fn whose(price: &Row) -> Option<(&'static str, &str)> {
    let party = |(kind, field)| (kind, text_of(price, field));
    [("Customer", "customer"), ("Supplier", "supplier")].into_iter().map(party).find(|(_, party)| !party.is_empty())
}

/// Whether the price is one of those that the site asks for first: of exactly the party, or for everyone where none is
/// asked about, and in the unit. Only then does it look at general prices, and at last at those of the item's own unit.
fn is_first(price: &Row, question: &Question<'_>) -> bool {
    let asked = question.party.map(|party| (question.kind, party));
    whose(price) == asked && in_its_unit(price, question)
}

/// Why a price does not hold, as far as it tells.
fn why_not(price: &Row, question: &Question<'_>) -> Option<&'static str> {
    let is_of_another = |kind: &str| {
        let party = text_of(price, &kind.to_lowercase());
        !party.is_empty() && (kind != question.kind || question.party != Some(party))
    };
    let (until, pack) = (text_of(price, "valid_upto"), number_or_zero(price, "packing_unit"));
    let first = is_first(price, question);
    if text_of(price, "valid_from") > question.date {
        Some("not valid yet")
    } else if !until.is_empty() && until < question.date {
        Some("no longer valid")
    } else if is_of_another("Customer") || is_of_another("Supplier") {
        Some("for another party")
    } else if !["", question.uom, question.stock_uom].contains(&text_of(price, "uom")) {
        Some(OTHER_UNIT)
    } else if !text_of(price, "batch_no").is_empty() {
        Some("for one batch")
    } else if whose(price).is_some() && !first {
        // A party's own price is not asked for in the item's own unit.
        Some(OTHER_UNIT)
    } else {
        // Of the prices that come after the first packs are not asked.
        (first && pack > 0.0 && question.qty % pack != 0.0).then_some(WHOLE_PACKS)
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
        assert_eq!(of(json!({"customer": "C-1", "uom": "Box", "packing_unit": 12})), None);
        assert_eq!(of(json!({"customer": "C-1", "packing_unit": 10})), Some("for whole packs"));
        // The party's own price is asked for in the unit alone, and of a general one not whether packs divide.
        assert_eq!(of(json!({"customer": "C-1", "uom": "Nos"})), Some("for another unit"));
        assert_eq!((of(json!({"packing_unit": 10})), of(json!({"uom": "Nos", "packing_unit": 10}))), (None, None));
        // Where no party is asked about, general prices are the first.
        let of = |value: Value| why_not(&row(value), &Question { party: None, ..question });
        assert_eq!(of(json!({"uom": "Box", "packing_unit": 10})), Some("for whole packs"));
        assert_eq!(of(json!({"uom": "Nos", "packing_unit": 10})), None);
    }
}
