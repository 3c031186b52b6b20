//! The prices that a list has for an item, from which the site chose one, each with why it does not hold.

use serde_json::{Value, json};

use super::seen::{Row, all_of, call_on, filled, sees, text};
use crate::documents::DocTypeCall;
use crate::documents::beyond::neighbour;
use crate::error::ToolError;
use crate::policy::Filter;
use crate::shape;
use crate::site::ListQuery;
use crate::tool::Call;

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
/// The most prices of an item in one list.
const MOST_PRICES: usize = 500;
/// How many of them are told.
const MOST_TOLD: usize = 50;

/// Of what the prices are candidates.
pub struct Question<'q> {
    pub item: &'q str,
    pub list: &'q str,
    pub kind: &'static str,
    pub party: Option<&'q str>,
    pub date: &'q str,
}

/// The prices that the list has for the item, each with why it does not hold; nothing where they may not be read.
///
/// # Errors
/// The site's.
pub async fn candidates(
    call: &Call<'_>,
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
    let filters = vec![Filter::eq("item_code", question.item), Filter::eq("price_list", question.list)];
    let query = ListQuery { fields: columns.clone(), filters, own_columns: true, ..ListQuery::default() };
    let found = all_of(call, &call_on(on, &there), &query, MOST_PRICES).await?;
    if found.len() > MOST_TOLD {
        notes.push(format!("the first {MOST_TOLD} of {} candidates", found.len()));
    }
    let told = |price: Row| {
        let why = why_not(&price, question);
        let mut told = filled(shape::row(there.def, &there.permit, &columns, price));
        if let Some(why) = why {
            told["left_out"] = json!(why);
        }
        told
    };
    Ok(Some(found.into_iter().take(MOST_TOLD).map(told).collect()))
}

/// Why a price does not hold, as far as it tells.
fn why_not(price: &Row, question: &Question<'_>) -> Option<&'static str> {
    let is_of_another = |kind: &str| {
        let party = text(price, &kind.to_lowercase());
        !party.is_empty() && (kind != question.kind || question.party != Some(party))
    };
    let until = text(price, "valid_upto");
    if text(price, "valid_from") > question.date {
        Some("not valid yet")
    } else if !until.is_empty() && until < question.date {
        Some("no longer valid")
    } else {
        (is_of_another("Customer") || is_of_another("Supplier")).then_some("for another party")
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
        let question = Question { item: "A", list: "L", kind: "Customer", party: Some("C-1"), date: "2026-11-20" };
        let of = |value: Value| why_not(&row(value), &question);
        assert_eq!(of(json!({"valid_from": "2026-11-20", "valid_upto": "2026-11-20", "customer": "C-1"})), None);
        assert_eq!(of(json!({"valid_from": "2026-11-21"})), Some("not valid yet"));
        assert_eq!(of(json!({"valid_from": "2026-01-01", "valid_upto": "2026-11-19"})), Some("no longer valid"));
        assert_eq!(of(json!({"customer": "C-2"})), Some("for another party"));
        assert_eq!(of(json!({"supplier": "C-1"})), Some("for another party"));
    }
}
