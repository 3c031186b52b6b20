//! Which documents post to the accounts and which move stock: facts of ERPNext that no metadata tells.

use serde_json::{Map, Value};

use crate::shape::is_set;

/// DocTypes whose submission posts to the accounts, and of which the site shows the entries before; then the others.
const POSTS: [&str; 7] = [
    "Delivery Note",
    "Journal Entry",
    "Payment Entry",
    "Purchase Invoice",
    "Purchase Receipt",
    "Sales Invoice",
    "Stock Entry",
];
const POSTS_UNSHOWN: [&str; 8] = [
    "Asset",
    "Asset Capitalization",
    "Asset Repair",
    "Expense Claim",
    "Invoice Discounting",
    "Period Closing Voucher",
    "Stock Reconciliation",
    "Subcontracting Receipt",
];
/// Those that move stock, always or where they say so, in the same way.
const MOVES: [&str; 3] = ["Delivery Note", "Purchase Receipt", "Stock Entry"];
const MOVES_IF_SAID: [&str; 2] = ["Purchase Invoice", "Sales Invoice"];
const MOVES_UNSHOWN: [&str; 3] = ["Asset Capitalization", "Stock Reconciliation", "Subcontracting Receipt"];
/// What moves none itself, and is held against the stock all the same: the invoice that closes the till moves it.
const MOVES_LATER: &str = "POS Invoice";
/// The field by which a document says that it moves stock.
const SAYS_SO: &str = "update_stock";

/// Whether the site shows what submitting a document of this DocType will post.
pub fn posts_are_shown(doctype: &str) -> bool {
    POSTS.contains(&doctype)
}

/// Whether submitted documents of this DocType have entries in the accounts.
pub fn posts(doctype: &str) -> bool {
    posts_are_shown(doctype) || POSTS_UNSHOWN.contains(&doctype)
}

/// Whether documents of this DocType post to the accounts only where the company keeps its stock there too (perpetual
/// inventory), and else move stock alone.
pub fn may_post_nothing(doctype: &str) -> bool {
    MOVES.contains(&doctype) || matches!(doctype, "Stock Reconciliation" | "Subcontracting Receipt")
}

/// Whether the site shows what submitting the document will move.
pub fn moves_are_shown(doctype: &str, doc: &Map<String, Value>) -> bool {
    MOVES.contains(&doctype) || MOVES_IF_SAID.contains(&doctype) && is_set(doc, SAYS_SO)
}

/// Whether the site compares the rows of the document with the stock when it is submitted.
pub fn is_held_against_stock(doctype: &str, doc: &Map<String, Value>) -> bool {
    moves_are_shown(doctype, doc) || doctype == MOVES_LATER && is_set(doc, SAYS_SO)
}

/// Whether the document has entries in the stock once it is submitted.
pub fn moves(doctype: &str, doc: &Map<String, Value>) -> bool {
    moves_are_shown(doctype, doc) || MOVES_UNSHOWN.contains(&doctype)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::{MOVES, MOVES_IF_SAID, MOVES_LATER, POSTS, SAYS_SO, may_post_nothing, moves, moves_are_shown, posts};

    #[test]
    fn what_posts_and_moves_is_submittable_and_says_so_by_a_field_that_it_has() {
        for doctype in POSTS.into_iter().chain(MOVES).chain(MOVES_IF_SAID) {
            let def = erpnext_doctypes::any(doctype);
            assert!(def.is_some_and(|def| def.is(erpnext_schema::doctype_flag::SUBMITTABLE)), "{doctype}");
        }
        for doctype in MOVES_IF_SAID.into_iter().chain([MOVES_LATER]) {
            let def = erpnext_doctypes::any(doctype);
            assert!(def.is_some_and(|def| def.field(SAYS_SO).is_some()), "{doctype}");
        }
    }

    #[test]
    fn an_invoice_moves_stock_only_where_it_says_so() {
        let says = |value| Map::from_iter([(SAYS_SO.to_owned(), value)]);
        assert!(!moves("Sales Invoice", &says(json!(0))) && moves("Sales Invoice", &says(json!(1))));
        assert!(moves("Delivery Note", &Map::new()) && !posts("Sales Order"));
        assert!(moves("Stock Reconciliation", &Map::new()) && !moves_are_shown("Stock Reconciliation", &Map::new()));
    }

    #[test]
    fn what_moves_stock_alone_may_post_nothing_and_an_invoice_always_posts() {
        for doctype in ["Delivery Note", "Purchase Receipt", "Stock Entry", "Stock Reconciliation"] {
            assert!(may_post_nothing(doctype) && posts(doctype) && moves(doctype, &Map::new()), "{doctype}");
        }
        assert!(!may_post_nothing("Sales Invoice") && !may_post_nothing("Payment Entry"));
    }
}
