//! Copies of restricted fields: ERPNext puts values of a linked document into fields of its own (`Customer.tax_id` onto
//! every Sales Order). Where a field is restricted, so are its copies.
//!
//! A copy is what the table says is fetched from it, and a field of the same name and kind that people cannot edit, on a
//! document that links there: ERPNext's code fills those too.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, flag};

/// The fields, and columns of tables (`items.tax_id`), that hold copies of restricted fields, by DocType.
///
/// `restricted` tells whether a field of a DocType is restricted by name.
pub fn of(restricted: &dyn Fn(&str, &str) -> bool) -> BTreeMap<&'static str, BTreeSet<String>> {
    let own = |def: &'static DocTypeDef| {
        let fetched = |field: &FieldDef| {
            let (by, from) = field.fetch_from?.split_once('.')?;
            Some(restricted(def.field(by)?.target()?, from))
        };
        let filled = move |field: &FieldDef| {
            let alike = |target: &str| {
                let there = erpnext_doctypes::get(target).and_then(|target| target.field(field.fieldname));
                restricted(target, field.fieldname) && there.is_some_and(|there| there.kind == field.kind)
            };
            let mut targets =
                def.fields.iter().filter(|link| link.kind == FieldKind::Link).filter_map(|link| link.target());
            field.is(flag::READ_ONLY) && field.fieldname != "status" && targets.any(alike)
        };
        let fields = def.fields.iter().filter(move |field| fetched(field) == Some(true) || filled(field));
        fields.map(|field| field.fieldname)
    };
    let mut copies = BTreeMap::new();
    for def in erpnext_doctypes::ALL {
        let mut names: BTreeSet<String> = own(def).map(str::to_owned).collect();
        for table in def.fields.iter().filter(|field| field.kind.is_table()) {
            let Some(child) = table.target().and_then(erpnext_doctypes::get) else { continue };
            names.extend(own(child).map(|column| format!("{}.{column}", table.fieldname)));
        }
        if !names.is_empty() {
            copies.insert(def.name, names);
        }
    }
    copies
}
