//! What is kept back of the site's list of Links that lead nowhere (`Could not find Row #1: User: X, Territory: Y`): it
//! goes through all of a document, also what the site or the policy does not show.

use std::collections::BTreeMap;

use erpnext_schema::{DocTypeDef, FieldKind};

use crate::audit::Attempt;
use crate::context::Session;
use crate::policy::Operation;

/// A shorter text is not looked for by itself.
const SHORT: usize = 3;

/// The values in `list` that must not be told: those of fields that may not be seen, or that no table knows by this label,
/// unless the caller `sent` them.
pub(crate) fn redacted(
    session: &Session<'_>,
    attempt: &Attempt,
    list: &str,
    sent: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let labels = labels(session, attempt.doctype.as_deref().unwrap_or_default());
    let mut told = true;
    let mut redacted = Vec::new();
    for part in list.split(", ") {
        let value = match found(part, &labels) {
            Some((seen, value)) => {
                told = seen;
                value
            }
            // A value with a comma goes on.
            None => part,
        };
        if !told && !sent(value) {
            redacted.push(if value.len() < SHORT { part.to_owned() } else { value.to_owned() });
        }
    }
    redacted
}

/// The labels of the Links of a DocType and its tables, and whether all fields of that label may be seen.
fn labels(session: &Session<'_>, doctype: &str) -> BTreeMap<&'static str, bool> {
    let permit = session.policy.permit(Operation::Read, doctype).ok();
    let mut labels = BTreeMap::new();
    let mut note = |label: &'static str, seen: bool| *labels.entry(label).or_insert(true) &= seen && !label.is_empty();
    let links = |def: &'static DocTypeDef| def.fields.iter().filter(|field| is_link(field.kind));
    let Some(def) = session.catalog.known(doctype) else { return labels };
    links(def)
        .for_each(|field| note(field.label, permit.as_ref().is_some_and(|permit| permit.fields().may_read(field))));
    for table in def.fields.iter().filter(|field| field.kind.is_table()) {
        for column in table.target().and_then(|child| session.catalog.known(child)).into_iter().flat_map(links) {
            note(column.label, permit.as_ref().is_some_and(|permit| permit.fields().may_read_child(table, column)));
        }
    }
    labels
}

fn is_link(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Link | FieldKind::DynamicLink)
}

/// The value of `… Label: value`, and whether it may be seen; of a label that is not known, all that stands behind it.
fn found<'a>(part: &'a str, labels: &BTreeMap<&'static str, bool>) -> Option<(bool, &'a str)> {
    let mut ends = part.match_indices(": ").map(|(at, colon)| (&part[..at], &part[at + colon.len()..]));
    let known = |head: &str| {
        let of = labels.iter().filter(|(label, _)| {
            head.strip_suffix(**label).is_some_and(|before| before.is_empty() || before.ends_with(' '))
        });
        of.max_by_key(|(label, _)| label.len()).map(|(_, seen)| *seen)
    };
    ends.clone().find_map(|(head, value)| Some((known(head)?, value))).or_else(|| Some((false, ends.next()?.1)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::found;

    #[test]
    fn a_value_is_judged_by_the_longest_label_before_it() {
        let labels = BTreeMap::from([("Warehouse", true), ("Source Warehouse", false), ("User", true)]);
        for (part, value) in [
            ("Could not find Warehouse: Main", Some((true, "Main"))),
            ("Could not find Source Warehouse: Main", Some((false, "Main"))),
            ("Row #1: User: a: b", Some((true, "a: b"))),
            ("Zeile #1: Benutzer: x", Some((false, "Benutzer: x"))),
            ("Superuser: x", Some((false, "x"))),
            ("the rest of a name", None),
        ] {
            assert_eq!(found(part, &labels), value, "{part}");
        }
    }
}
