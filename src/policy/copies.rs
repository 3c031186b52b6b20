//! Copies of restricted fields: ERPNext puts values of a linked document into fields of its own (`Customer.tax_id` onto
//! every Sales Order). Where a field is restricted, so are its copies.
//!
//! A copy is what the table says is fetched from it; a field of the same name and kind that people cannot edit, on a document
//! that links there; the same amount in the company's currency (`base_rate` of `rate`); and what [`KNOWN`] names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Version, flag};

use super::known_copies::{KNOWN, Known, PARTIES};

/// A field, or a column of a table, that holds what a field of another DocType holds, or another field of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copy {
    /// The DocType of the documents that hold it.
    pub doctype: &'static str,
    /// `tax_id`, or `items.tax_id`.
    pub path: String,
    /// Of which DocType it is.
    pub of: &'static str,
    /// Of which field, or column of a table.
    pub source: String,
    /// Whether `KNOWN` tells of it by the name of the DocType that holds it.
    pub filled: bool,
    /// Whether `KNOWN` tells of it at all, and what holds it links to such a document.
    pub known: bool,
}

/// The fields, and columns of tables (`items.tax_id`), that hold copies of restricted fields, by DocType; copies of copies too.
///
/// `restricted` tells whether a field of a DocType is restricted by name.
pub fn of(restricted: &dyn Fn(&str, &str) -> bool) -> BTreeMap<&'static str, BTreeSet<String>> {
    static ALL: OnceLock<Vec<Copy>> = OnceLock::new();
    let all = ALL.get_or_init(all);
    let mut copies: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    loop {
        let is_withheld = |copy: &&Copy| {
            restricted(copy.of, &copy.source) || copies.get(copy.of).is_some_and(|fields| fields.contains(&copy.source))
        };
        let is_new = |copy: &&Copy| !copies.get(copy.doctype).is_some_and(|fields| fields.contains(&copy.path));
        let found: Vec<&Copy> = all.iter().filter(is_new).filter(is_withheld).collect();
        if found.is_empty() {
            return copies;
        }
        for copy in found {
            copies.entry(copy.doctype).or_default().insert(copy.path.clone());
        }
    }
}

/// Every copy that the tables of any version tell of: which one the site has is not known here.
fn all() -> Vec<Copy> {
    let of = |version: Version| {
        let get = move |name: &str| erpnext_doctypes::get(version, name);
        erpnext_doctypes::all(version).flat_map(move |def| on(def, &get))
    };
    Version::ALL.iter().copied().flat_map(of).collect()
}

/// The copies that documents of the DocType hold, by these tables.
pub fn on(def: &'static DocTypeDef, get: &dyn Fn(&str) -> Option<&'static DocTypeDef>) -> Vec<Copy> {
    let mut copies = Vec::new();
    add(&mut copies, def, def, "", get);
    for table in def.fields.iter().filter(|field| field.kind.is_table()) {
        if let Some(child) = table.target().and_then(get) {
            add(&mut copies, def, child, &format!("{}.", table.fieldname), get);
        }
    }
    copies
}

/// The fields that those of `holder`, the DocType itself or the rows that `at` names, may be filled from.
fn add(
    copies: &mut Vec<Copy>,
    def: &'static DocTypeDef,
    holder: &'static DocTypeDef,
    at: &str,
    get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
) {
    let mut push = |field: &str, of: &'static str, source: String, filled: bool, known: bool| {
        let copy = Copy { doctype: def.name, path: format!("{at}{field}"), of, source, filled, known };
        if (copy.of, &copy.source) != (def.name, &copy.path) && !copies.contains(&copy) {
            copies.push(copy);
        }
    };
    let linked: BTreeSet<&'static str> = holder.fields.iter().flat_map(targets).copied().collect();
    for field in holder.fields {
        let name = field.fieldname;
        if let Some((by, from)) = field.fetch_from.and_then(|from| from.split_once('.')) {
            // A Dynamic Link leads to parties among others.
            let has = |target: &&&'static str| {
                holder.field(by).is_some_and(|link| link.kind == FieldKind::Link)
                    || get(target).is_some_and(|there| there.field(from).is_some())
            };
            for target in holder.field(by).into_iter().flat_map(targets).filter(has) {
                push(name, target, from.to_owned(), false, false);
            }
        }
        if field.is(flag::READ_ONLY) && name != "status" {
            for target in &linked {
                let there = get(target).and_then(|target| target.field(name));
                if there.is_some_and(|there| there.kind == field.kind) {
                    push(name, target, name.to_owned(), false, false);
                }
            }
        }
        if let Some(plain) = name.strip_prefix("base_")
            && holder.field(plain).is_some_and(|plain| plain.kind == field.kind)
        {
            push(name, def.name, format!("{at}{plain}"), false, false);
            push(plain, def.name, format!("{at}{name}"), false, false);
        }
        let is_this = |known: &&Known| {
            let here = known.on.map_or(field.target().is_none(), |on| on == holder.name);
            here && known.fields.contains(&name)
        };
        for known in KNOWN.iter().filter(is_this) {
            for (of, sources) in known.of {
                let linked = linked.contains(of);
                // A contact's number is a party's only on what is about such a party.
                if linked || !PARTIES.contains(of) {
                    sources.iter().for_each(|source| push(name, of, (*source).to_owned(), known.on.is_some(), linked));
                }
            }
        }
    }
}

/// The DocTypes that a link may lead to.
fn targets(link: &'static FieldDef) -> &'static [&'static str] {
    match (link.kind, &link.options) {
        (FieldKind::Link, Options::Target(target)) => std::slice::from_ref(target),
        (FieldKind::DynamicLink, _) => PARTIES,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use erpnext_schema::Version;

    use super::{KNOWN, of};

    fn copies(of: &[(&str, &str)]) -> impl Fn(&str, &str) -> bool {
        let of: Vec<String> = of.iter().map(|(doctype, field)| format!("{doctype}.{field}")).collect();
        let all = super::of(&|doctype, field| of.contains(&format!("{doctype}.{field}")));
        move |doctype, path| all.get(doctype).is_some_and(|fields| fields.contains(path))
    }

    #[test]
    fn what_the_code_of_erpnext_copies_is_found_without_its_metadata() {
        for (source, doctype, path) in [
            (("Lead", "mobile_no"), "Opportunity", "contact_mobile"),
            (("Lead", "annual_revenue"), "Opportunity", "annual_revenue"),
            (("Contact", "email_id"), "Sales Order", "contact_email"),
            (("Contact", "email_id"), "Customer", "email_id"),
            (("Contact", "mobile_no"), "Purchase Order", "contact_mobile"),
            (("Address", "pincode"), "Sales Invoice", "address_display"),
            (("Address", "pincode"), "Purchase Order", "shipping_address_display"),
            (("Item", "valuation_rate"), "Delivery Note", "items.incoming_rate"),
            (("Item", "valuation_rate"), "Sales Order", "items.gross_profit"),
            (("Item", "valuation_rate"), "Stock Ledger Entry", "stock_value_difference"),
            (("Sales Order", "grand_total"), "Sales Order", "base_grand_total"),
            (("Sales Order", "items.rate"), "Sales Order", "items.base_rate"),
            (("Item Price", "price_list_rate"), "Quotation", "items.base_price_list_rate"),
        ] {
            assert!(copies(&[source])(doctype, path), "{source:?} {doctype}.{path}");
        }
        // Where the field of the name is a link, it holds a name.
        assert!(!copies(&[("Address", "pincode")])("Purchase Order", "shipping_address"));
        assert!(of(&|_, _| false).is_empty());
    }

    #[test]
    fn every_known_copy_names_fields_that_there_are() {
        let has = |doctype: &str, field: &str| {
            Version::ALL
                .iter()
                .any(|version| erpnext_doctypes::get(*version, doctype).is_some_and(|def| def.field(field).is_some()))
        };
        for known in KNOWN {
            for field in known.fields {
                let anywhere = || erpnext_doctypes::ALL.iter().any(|table| has(table.name(), field));
                assert!(known.on.map_or_else(anywhere, |on| has(on, field)), "{:?}.{field}", known.on);
            }
            for (of, field) in known.of.iter().flat_map(|(of, fields)| fields.iter().map(move |field| (of, field))) {
                assert!(has(of, field), "{of}.{field}");
            }
        }
    }
}
