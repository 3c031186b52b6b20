//! The day or time of posting that was given: the site keeps it only where a flag says so, and the desk's form takes none
//! without it.

use serde_json::{Map, Value, json};

use super::{FilledIn, name_in};
use crate::documents::DocTypeCall;

const FLAG: &str = "set_posting_time";
const GIVEN: [&str; 2] = ["posting_date", "posting_time"];

/// Sets the flag where another day than today, or a time, is given and nothing says whether it counts.
pub(super) async fn keep(
    on: &DocTypeCall<'_>,
    shown: &Map<String, Value>,
    changes: &mut Map<String, Value>,
    filled: &mut FilledIn,
) {
    if !GIVEN.iter().any(|field| changes.contains_key(*field)) {
        return;
    }
    // Without it the day is not known to be that of the site.
    _ = on.session.zone().await;
    let today = on.session.today().to_string();
    let is_given = GIVEN.iter().any(|field| name_in(changes, field).is_some_and(|at| at != today));
    let is_set = shown.get(FLAG).is_some_and(|flag| *flag == true || flag.as_u64() == Some(1));
    let may_write = on.def.field(FLAG).is_some_and(|field| on.permit.fields().may_write(field));
    if is_given && may_write && !is_set && !changes.contains_key(FLAG) {
        changes.insert(FLAG.to_owned(), json!(1));
        filled.fields.insert(FLAG.to_owned(), json!(true));
    }
}
