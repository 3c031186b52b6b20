//! What the form fills in by the terms that were chosen: their text, and in a draft the payment terms of another
//! template in the place of those of before. Where there are none yet, the site makes these itself.

use serde_json::{Map, Value, json};

use super::{FilledIn, SCHEDULE, TERMS, may_see, name_in, no_such, told};
use crate::document::amounts::number;
use crate::document::draft::writable;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::site::Kind;
use crate::writes::doubts::sees;

const CONDITIONS: &str = "Terms and Conditions";
const TEMPLATES: &str = "Payment Terms Template";
const CHOSEN: &str = "tc_name";
const TEXT: &str = "terms";

/// The columns of a payment term that a form sets; the site works out the others from them.
const OF_A_TERM: [&str; 9] = [
    "payment_term",
    "description",
    "due_date",
    "invoice_portion",
    "payment_amount",
    "mode_of_payment",
    "discount_type",
    "discount",
    "discount_date",
];

/// Adds what the form would, to a change of the draft that is stored; to a new document, where nothing is.
///
/// # Errors
/// Terms that were chosen and that there are not.
pub(super) async fn fill(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) -> Result<(), ToolError> {
    fill_text(on, stored, changes, filled).await?;
    fill_schedule(on, stored, changes, filled).await
}

async fn fill_text(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) -> Result<(), ToolError> {
    let Some(name) = name_in(changes, CHOSEN).map(str::to_owned) else { return Ok(()) };
    let is_chosen_anew = name_in(stored, CHOSEN) != Some(&*name) || name_in(stored, TEXT).is_none();
    let is_of_these = on.def.field(CHOSEN).is_some_and(|field| field.target() == Some(CONDITIONS));
    let may_write = on.def.field(TEXT).is_some_and(|field| on.permit.fields().may_write(field));
    if !is_chosen_anew || !is_of_these || !may_write || changes.contains_key(TEXT) {
        return Ok(());
    }
    let stays = |why: String| {
        let is_there = name_in(stored, TEXT).is_some() && may_see(on, TEXT);
        is_there.then(|| format!("{TEXT} stays as it is: {why}"))
    };
    // What may not be read there is not copied to where it may be.
    if sees(on, CONDITIONS, &[TEXT]).await.is_none() {
        filled.messages.extend(stays(format!("those of {name:?} may not be read here")));
        return Ok(());
    }
    let mut doc = stored.clone();
    let values = changes.iter().filter(|(_, value)| !value.is_object());
    doc.extend(values.map(|(key, value)| (key.clone(), value.clone())));
    // The text tells what it is worked out from.
    on.permit.fields().cut(Some(on.def), |child| on.session.catalog.known(child), &mut doc);
    doc.insert("doctype".to_owned(), json!(on.def.name));
    match on.session.site.terms_text(on.permit, &name, &doc).await {
        Ok(None) => filled.messages.extend(stays(format!("{name:?} has none"))),
        Ok(Some(text)) => {
            filled.fields.extend(on.visible(Map::from_iter([(TEXT.to_owned(), json!(text))])));
            changes.insert(TEXT.to_owned(), json!(text));
        }
        Err(error) if error.kind() == Kind::Missing => return Err(no_such(on, CHOSEN, CONDITIONS, &name)),
        Err(error) => {
            tracing::warn!("terms of {}: {}", on.def.name, error.for_log());
            filled.messages.extend(stays(format!("the site did not tell those of {name:?}")));
        }
    }
    Ok(())
}

async fn fill_schedule(
    on: &DocTypeCall<'_>,
    stored: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) -> Result<(), ToolError> {
    let chosen = name_in(changes, TERMS).filter(|name| name_in(stored, TERMS) != Some(*name));
    let Some(name) = chosen.map(str::to_owned) else { return Ok(()) };
    let before = stored.get(SCHEDULE).and_then(Value::as_array).map_or(0, Vec::len);
    if before == 0 || changes.contains_key(SCHEDULE) {
        return Ok(());
    }
    let rows = match sees(on, TEMPLATES, &["terms"]).await {
        Some(_) => on.session.site.payment_terms(on.permit, &name, &asked(stored, changes)).await,
        None => Ok(Vec::new()),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) if error.kind() == Kind::Missing => return Err(no_such(on, TERMS, TEMPLATES, &name)),
        Err(error) => {
            tracing::warn!("payment terms of {}: {}", on.def.name, error.for_log());
            Vec::new()
        }
    };
    let rows = rows.into_iter().filter_map(|row| match row {
        Value::Object(mut row) => {
            row.retain(|column, _| OF_A_TERM.contains(&column.as_str()));
            Some(Value::Object(row))
        }
        _ => None,
    });
    let made = Map::from_iter([(SCHEDULE.to_owned(), Value::Array(rows.collect()))]);
    let made = writable(on.def, on.permit.fields(), &|child| on.session.catalog.known(child), made).doc;
    match made.get(SCHEDULE) {
        Some(rows) => {
            filled.fields.extend(told(on, &made));
            changes.insert(SCHEDULE.to_owned(), json!({"rows": rows, "replace": true}));
        }
        None if may_see(on, SCHEDULE) => filled.messages.push(format!(
            "{SCHEDULE} still has its rows from before ({before}); {{\"{SCHEDULE}\": []}} lets the site make those of \
             {name:?}"
        )),
        None => {}
    }
    Ok(())
}

/// What the terms of a template are worked out from: days, and the amounts of before, which the site corrects.
fn asked(stored: &Map<String, Value>, changes: &Map<String, Value>) -> Map<String, Value> {
    let day = |field: &str| name_in(changes, field).or_else(|| name_in(stored, field));
    let amount = |rounded: &str, whole: &str| {
        number(stored, rounded).filter(|amount| *amount != 0.0).or_else(|| number(stored, whole))
    };
    let days =
        [("posting_date", day("posting_date").or_else(|| day("transaction_date"))), ("bill_date", day("bill_date"))];
    let amounts = [
        ("grand_total", amount("rounded_total", "grand_total")),
        ("base_grand_total", amount("base_rounded_total", "base_grand_total")),
    ];
    let days = days.into_iter().filter_map(|(key, day)| Some((key.to_owned(), json!(day?))));
    let amounts = amounts.into_iter().filter_map(|(key, amount)| Some((key.to_owned(), json!(amount?))));
    days.chain(amounts).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::asked;

    #[test]
    fn payment_terms_are_asked_for_with_the_days_of_the_change_and_the_amounts_of_before() {
        let stored = json!({"transaction_date": "2026-11-01", "rounded_total": 0.0, "grand_total": 99.5,
            "base_rounded_total": 200.0, "base_grand_total": 199.9});
        let changes = json!({"transaction_date": "2026-11-05"});
        assert_eq!(
            json!(asked(stored.as_object().unwrap(), changes.as_object().unwrap())),
            json!({"posting_date": "2026-11-05", "grand_total": 99.5, "base_grand_total": 200.0})
        );
    }
}
