//! Rows of Journal Entries that an order has already: where nobody named them, they are left out and the others are matched.

use std::collections::BTreeSet;

use erpnext_schema::counted;

use super::entries::{Entries, Sight};
use super::kinds::{ENTRY, booked_for};
use super::matches::{Match, Side, oldest};
use super::{MOST, MOST_LEFT};
use crate::error::ToolError;
use crate::shape::text_of;

/// The matches that nobody asked for one by one, without payments that an order has: these are taken out, and told.
///
/// # Errors
/// The site's refusal.
pub async fn oldest_free(sight: &Sight<'_>, entries: &mut Entries) -> Result<Vec<Match>, ToolError> {
    let (mut free, mut booked) = (BTreeSet::new(), Vec::new());
    let matches = loop {
        let matches = oldest(&entries.payments, &entries.invoices);
        let mut found = None;
        for place in matches.iter().take(MOST).map(|one| one.payment) {
            let side = &entries.payments[place];
            let key = (side.name.clone(), side.own_row().unwrap_or_default().to_owned());
            if side.doctype != ENTRY || free.contains(&key) {
                continue;
            }
            if is_booked(sight, side).await? {
                found = Some(place);
                break;
            }
            free.insert(key);
        }
        match found {
            Some(place) => booked.push(entries.payments.remove(place).name),
            None => break matches,
        }
    };
    if !booked.is_empty() {
        let count = counted(booked.len(), "payment");
        booked.truncate(MOST_LEFT);
        let named = booked.join(", ");
        let message =
            format!("{count} booked for an order already ({named}): the desk's Payment Reconciliation takes it");
        entries.left_out.push(message);
    }
    Ok(matches)
}

async fn is_booked(sight: &Sight<'_>, side: &Side) -> Result<bool, ToolError> {
    let Some(source) = sight.sources.iter().find(|source| source.seen.def.name == side.doctype) else {
        return Ok(false);
    };
    let on = &source.changed;
    let doc = on.session.site.get(on.permit, &side.name).await?.data;
    Ok(booked_for(&doc, text_of(&side.row, "reference_row")).is_some())
}
