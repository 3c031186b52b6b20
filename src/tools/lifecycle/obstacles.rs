//! Documents that stand in the way of a cancellation: those that may, as the site lists them, and those that surely do.

use std::collections::BTreeMap;

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, rows};
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Operation, Permit};
use crate::shape::text_of;
use crate::site::DocRef;

/// The most documents that one call cancels along with the one it names.
pub const MOST: usize = 100;

/// How many of the linked documents are looked at for one that surely stands in the way.
const MOST_READ: usize = 5;

/// What a document is followed by, each naming it in a link: the site cancels none of these along and lets go of no link
/// of theirs, as it may those of payments.
const FOLLOWED_BY: [(&str, &[&str]); 9] = [
    ("Delivery Note", &["Delivery Note", "Sales Invoice"]),
    ("Material Request", &["Purchase Order", "Stock Entry"]),
    ("Purchase Invoice", &["Purchase Invoice", "Purchase Receipt"]),
    ("Purchase Order", &["Purchase Invoice", "Purchase Receipt"]),
    ("Purchase Receipt", &["Purchase Invoice", "Purchase Receipt"]),
    ("Quotation", &["Sales Order"]),
    ("Sales Invoice", &["Delivery Note", "Sales Invoice"]),
    ("Sales Order", &["Delivery Note", "Sales Invoice"]),
    ("Supplier Quotation", &["Purchase Order"]),
];

/// DocTypes whose documents the site cancels along with what they belong to, or leaves as they are.
const CANCELLED_ALONG: [&str; 7] = [
    "Asset Depreciation Schedule",
    "Leave Ledger Entry",
    "Repost Accounting Ledger",
    "Repost Item Valuation",
    "Repost Payment Ledger",
    "Serial and Batch Bundle",
    "Unreconcile Payment",
];

/// What may stand in the way of a cancellation: the submitted documents linked to this one that this caller may see, and
/// whether there are others.
pub async fn in_the_way(on: &DocTypeCall<'_>, name: &str) -> Result<(Vec<DocRef>, bool), ToolError> {
    let mut linked = on.session.site.submitted_links(on.permit, name).await?;
    linked.retain(|document| {
        let is_itself = document.doctype == on.def.name && document.name == name;
        !is_itself && !CANCELLED_ALONG.contains(&document.doctype.as_str())
    });
    Ok(in_sight(on, linked).await)
}

/// The documents that this caller may see, and whether there are others: neither told nor counted nor cancelled along.
async fn in_sight(on: &DocTypeCall<'_>, documents: Vec<DocRef>) -> (Vec<DocRef>, bool) {
    let (session, all) = (on.session, documents.len());
    let mut permits: BTreeMap<String, Option<Permit>> = BTreeMap::new();
    for document in &documents {
        if !permits.contains_key(&document.doctype) {
            let permit = session.permit(Operation::Read, &document.doctype).await.ok();
            permits.insert(document.doctype.clone(), permit);
        }
    }
    let chained: Vec<&str> = permits.keys().map(String::as_str).chain([on.def.name]).collect();
    // Whoever knows the rest of a chain knows the link that is withheld.
    if !permits.values().flatten().all(|permit| shows_links(on, permit, &chained)) {
        return (Vec::new(), true);
    }
    let mut seen = Vec::new();
    for document in documents {
        let Some(Some(permit)) = permits.get(&document.doctype) else { continue };
        // More than one call cancels are not looked at one by one.
        let looked_at = || seen.len() <= MOST;
        if !permit.is_row_filtered() || looked_at() && session.site.get(permit, &document.name).await.is_ok() {
            seen.push(document);
        }
    }
    let others = all > seen.len();
    (seen, others)
}

/// Whether every field by which documents of the permit's DocType may link to one of these may be read.
fn shows_links(on: &DocTypeCall<'_>, permit: &Permit, chained: &[&str]) -> bool {
    let (children, rule) = (|child: &str| on.session.catalog.known(child), permit.fields());
    let Some(def) = children(permit.doctype()) else { return rule.is_open() };
    let leads_there = |field: &FieldDef| match field.kind {
        FieldKind::Link => field.target().is_some_and(|target| chained.contains(&target)),
        FieldKind::DynamicLink => true,
        _ => false,
    };
    let mut links = def.fields_and_columns(&children).filter(|&(_, field)| leads_there(field));
    links.all(|(table, field)| table.map_or_else(|| rule.may_read(field), |table| rule.may_read_child(table, field)))
}

/// What links to a document, as far as it may be told.
pub fn told(seen: &[DocRef], others: bool) -> String {
    const HIDDEN: &str = "that this server's configuration does not let be read";
    let seen = if seen.is_empty() { None } else { Some(listed(&seen.iter().collect::<Vec<_>>())) };
    match (seen, others) {
        (Some(seen), false) => seen,
        (Some(seen), true) => format!("{seen}; others {HIDDEN} may stand in the way too"),
        (None, _) => format!("documents {HIDDEN}"),
    }
}

/// Whether one of the linked documents surely stands in the way: one that follows on this one and names it itself.
pub async fn are_sure(on: &DocTypeCall<'_>, name: &str, seen: &[DocRef]) -> bool {
    let (session, doctype) = (on.session, on.def.name);
    let Some((_, followers)) = FOLLOWED_BY.iter().find(|(of, _)| *of == doctype) else { return false };
    let following = seen.iter().filter(|document| followers.contains(&document.doctype.as_str()));
    for document in following.take(MOST_READ) {
        let Ok(permit) = session.permit(Operation::Read, &document.doctype).await else { continue };
        let (Some(def), Ok(found)) =
            (session.catalog.known(&document.doctype), session.site.get(&permit, &document.name).await)
        else {
            continue;
        };
        if names(def, &|child| session.catalog.known(child), &found.data, (doctype, name)) {
            return true;
        }
    }
    false
}

/// Whether a link of the document or of its rows names that other one.
fn names(def: &DocTypeDef, children: Children<'_>, doc: &Map<String, Value>, (doctype, name): (&str, &str)) -> bool {
    let links = |def: &DocTypeDef, doc: &Map<String, Value>| {
        let mut links = def.fields.iter().filter(|field| field.kind == FieldKind::Link);
        links.any(|field| field.target() == Some(doctype) && text_of(doc, field.fieldname) == name)
    };
    let mut tables = def.tables_in(children, doc);
    links(def, doc) || tables.any(|(_, child, table)| rows(table).any(|row| links(child, row)))
}

pub fn listed(documents: &[&DocRef]) -> String {
    let shown = documents.iter().take(20).map(|document| format!("{} {:?}", document.doctype, document.name));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if documents.len() > 20 {
        text.push_str(&format!(" and {} more", documents.len() - 20));
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Says that the document cannot be cancelled, and names all that links to it: the site names only the first.
pub fn explained(on: &DocTypeCall<'_>, name: &str, seen: &[DocRef], others: bool) -> ToolError {
    let next = if others {
        "Somebody who may see all of them has to cancel them first.".to_owned()
    } else {
        let again = on.tool.name();
        format!(
            "Cancel those first, or call {again} again with \"cascade\": true, which cancels those of them that the site \
             names, in the right order."
        )
    };
    ToolError::refused(
        format!(
            "{} {name:?} cannot be cancelled while these are submitted: {}. Nothing was done.",
            on.def.name,
            told(seen, others)
        ),
        next,
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::FieldKind;
    use serde_json::{Value, json};

    use super::{FOLLOWED_BY, names};

    #[test]
    fn a_follower_is_one_that_names_the_document_in_a_link_of_its_own() {
        let def = erpnext_doctypes::any("Sales Invoice").unwrap();
        let is = |doc: Value| names(def, &erpnext_doctypes::any, doc.as_object().unwrap(), ("Sales Invoice", "SI-1"));
        assert!(is(json!({"return_against": "SI-1"})));
        assert!(!is(json!({"return_against": "SI-2", "remarks": "SI-1"})));
        // The site may let go of it.
        assert!(!is(json!({"advances": [{"reference_type": "Sales Invoice", "reference_name": "SI-1"}]})));
        let note = erpnext_doctypes::any("Delivery Note").unwrap();
        let of_rows = json!({"items": [{}, {"against_sales_invoice": "SI-1"}]});
        assert!(names(note, &erpnext_doctypes::any, of_rows.as_object().unwrap(), ("Sales Invoice", "SI-1")));
    }

    /// Without such a link nothing of it would ever be found.
    #[test]
    fn every_follower_has_a_link_to_what_it_follows() {
        for (of, followers) in FOLLOWED_BY {
            for follower in followers {
                let def = erpnext_doctypes::any(follower).unwrap();
                let mut links = def.fields_and_columns(&erpnext_doctypes::any).map(|(_, field)| field);
                let is_link = |field: &erpnext_schema::FieldDef| {
                    field.kind == FieldKind::Link && field.target() == Some(of) && field.fieldname != "amended_from"
                };
                assert!(links.any(is_link), "{follower} of {of}");
            }
        }
    }
}
