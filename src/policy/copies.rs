//! Copies of restricted fields: ERPNext puts values of a linked document into fields of its own (`Customer.tax_id` onto
//! every Sales Order). Where a field is restricted, so are its copies.
//!
//! A copy is what the table says is fetched from it, and a field of the same name and kind that people cannot edit, on a
//! document that links there: ERPNext's code fills those too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Version, flag};

/// A field, or a column of a table, that holds what a field of another DocType holds.
struct Copy {
    doctype: &'static str,
    /// `tax_id`, or `items.tax_id`.
    path: String,
    /// DocType and field.
    of: (&'static str, &'static str),
}

/// The fields, and columns of tables (`items.tax_id`), that hold copies of restricted fields, by DocType.
///
/// `restricted` tells whether a field of a DocType is restricted by name.
pub fn of(restricted: &dyn Fn(&str, &str) -> bool) -> BTreeMap<&'static str, BTreeSet<String>> {
    static ALL: OnceLock<Vec<Copy>> = OnceLock::new();
    let mut copies: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for copy in ALL.get_or_init(all).iter().filter(|copy| restricted(copy.of.0, copy.of.1)) {
        copies.entry(copy.doctype).or_default().insert(copy.path.clone());
    }
    copies
}

/// Every copy that the tables of any version tell of: which one the site has is not known here.
fn all() -> Vec<Copy> {
    let mut copies = Vec::new();
    for (version, def) in Version::ALL.iter().flat_map(|v| erpnext_doctypes::all(*v).map(move |def| (*v, def))) {
        let get = |name: &str| erpnext_doctypes::get(version, name);
        let copy = |path: String| move |of| Copy { doctype: def.name, path: path.clone(), of };
        for field in def.fields {
            copies.extend(sources(def, field, &get).into_iter().map(copy(field.fieldname.to_owned())));
            let child = field.target().filter(|_| field.kind.is_table()).and_then(get);
            for (child, column) in
                child.into_iter().flat_map(|child| child.fields.iter().map(move |column| (child, column)))
            {
                let path = format!("{}.{}", field.fieldname, column.fieldname);
                copies.extend(sources(child, column, &get).into_iter().map(copy(path)));
            }
        }
    }
    copies
}

/// The fields of other DocTypes that this one may be filled from.
fn sources(
    def: &'static DocTypeDef,
    field: &FieldDef,
    get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
) -> Vec<(&'static str, &'static str)> {
    let fetched = || {
        let (by, from) = field.fetch_from?.split_once('.')?;
        Some((def.field(by)?.target()?, from))
    };
    let mut sources: Vec<_> = fetched().into_iter().collect();
    if field.is(flag::READ_ONLY) && field.fieldname != "status" {
        let links = def.fields.iter().filter(|link| link.kind == FieldKind::Link);
        let alike = |target: &'static str| {
            let there = get(target)?.field(field.fieldname)?;
            (there.kind == field.kind).then_some((target, there.fieldname))
        };
        sources.extend(links.filter_map(|link| alike(link.target()?)));
    }
    sources
}
