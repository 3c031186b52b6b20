//! Next documents that the site maps from none, or stores at once where it does: they are created like any other, and name
//! the one before.

use erpnext_schema::{Verb, with_article};
use serde_json::{Value, json};

use crate::context::Session;
use crate::policy::Operation;
use crate::tool::Registry;

/// A document that is made by hand.
#[derive(Clone, Copy, Debug)]
struct ByHand {
    /// The DocType of the document there is.
    from: &'static str,
    /// The DocType of what is made.
    to: &'static str,
    /// The field of it, or the column of its rows, that names the one before.
    names_it_in: &'static str,
}

const fn by_hand(from: &'static str, to: &'static str, names_it_in: &'static str) -> ByHand {
    ByHand { from, to, names_it_in }
}

const BY_HAND: &[ByHand] = &[
    by_hand("BOM", "Work Order", "bom_no"),
    by_hand("Material Request", "Work Order", "material_request"),
    by_hand("Pick List", "Delivery Note", "items.against_pick_list"),
    by_hand("Pick List", "Stock Entry", "pick_list"),
    by_hand("Purchase Invoice", "Landed Cost Voucher", "purchase_receipts.receipt_document"),
    by_hand("Purchase Receipt", "Landed Cost Voucher", "purchase_receipts.receipt_document"),
    by_hand("Sales Invoice", "Payment Request", "reference_name"),
    by_hand("Sales Order", "Payment Request", "reference_name"),
    by_hand("Sales Order", "Purchase Order", "items.sales_order"),
    by_hand("Sales Order", "Work Order", "sales_order"),
    by_hand("Timesheet", "Sales Invoice", "timesheets.time_sheet"),
];

/// What this caller may make so of a document of the DocType.
fn open_to<'s>(session: &'s Session<'_>, from: &'s str) -> impl Iterator<Item = &'static ByHand> + 's {
    let may = move |one: &&ByHand| session.policy.permits(Operation::Create, one.to);
    BY_HAND.iter().filter(move |one| one.from == from).filter(may)
}

/// The tool that creates it; none of a DocType that the site does not have.
fn tool(session: &Session<'_>, registry: &Registry, to: &str) -> Option<&'static str> {
    session.catalog.known(to).map(|def| registry.tool_for(def, Verb::Create))
}

/// Each with the tool that creates it, and with the field that is to name the document.
pub fn listed(session: &Session<'_>, registry: &Registry, from: &str) -> Vec<Value> {
    let told = |one: &ByHand| {
        let tool = tool(session, registry, one.to)?;
        Some(json!({"doctype": one.to, "tool": tool, "names_it_in": one.names_it_in}))
    };
    open_to(session, from).filter_map(told).collect()
}

/// How the one of that DocType is made, where it is made by hand.
pub fn instead(session: &Session<'_>, registry: &Registry, from: &str, to: &str) -> Option<String> {
    let one = open_to(session, from).find(|one| one.to == to)?;
    let tool = tool(session, registry, to)?;
    let to = with_article(to);
    Some(format!("{tool} makes {to}, which names the {from} in {}; this tool does not", one.names_it_in))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::{FieldKind, Version};

    use super::super::table::CONVERSIONS;
    use super::BY_HAND;

    #[test]
    fn every_field_names_the_document_before_in_each_version_and_no_mapper_makes_it() {
        for one in BY_HAND {
            for version in Version::ALL {
                let def = |name: &str| erpnext_doctypes::get(*version, name).unwrap();
                let to = def(one.to);
                let field = match one.names_it_in.split_once('.') {
                    Some((table, column)) => def(to.table(table).unwrap().rows_of().unwrap()).field(column),
                    None => to.field(one.names_it_in),
                };
                let field = field.unwrap();
                assert!(field.target() == Some(one.from) || field.kind == FieldKind::DynamicLink, "{one:?}");
            }
            assert!(!CONVERSIONS.iter().any(|way| (way.from, way.to) == (one.from, one.to)), "{one:?}");
        }
    }
}
