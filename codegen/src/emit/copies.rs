//! The list of copies: for each field the fields of other documents that ERPNext fills from it. Text, as it is read only where
//! a configuration restricts a field.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{Stated, Version, Versioned, copies, intern};

use crate::ir::{Ir, Item};

/// A line for each source, `DocType TAB field`; below it one for each copy, `TAB DocType TAB path`. Sorted.
pub fn emit(ir: &Ir) -> String {
    let tables: BTreeMap<&str, &'static Versioned> =
        ir.items.iter().map(|item| (item.def.name, versioned(item))).collect();
    let mut found: BTreeMap<(&str, String), BTreeSet<(&str, String)>> = BTreeMap::new();
    for version in Version::ALL {
        let get = |name: &str| tables.get(name).and_then(|table| table.of(*version));
        for copy in tables.values().filter_map(|table| table.of(*version)).flat_map(|def| copies::on(def, &get)) {
            found.entry((copy.of, copy.source)).or_default().insert((copy.doctype, copy.path));
        }
    }
    let mut text = String::new();
    for ((of, source), copies) in found {
        text.push_str(&format!("{of}\t{source}\n"));
        copies.iter().for_each(|(doctype, path)| text.push_str(&format!("\t{doctype}\t{path}\n")));
    }
    text
}

/// The table as it will be generated.
fn versioned(item: &Item) -> &'static Versioned {
    Versioned::interned(&Stated::new(item.def).only(item.only).but(intern::list(item.but.clone())))
}
