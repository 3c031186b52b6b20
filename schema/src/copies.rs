//! Copies: ERPNext puts values of a linked document into fields of its own (`Customer.tax_id` onto every Sales Order).
//!
//! A copy is what the table says is fetched from it; a field of the same name and kind on what links there, if people cannot
//! edit it, if it stands in a row, or if ERPNext's code fills documents from that DocType ([`MASTERS`]); the same amount in
//! the company's currency (`base_rate` of `rate`); a title that is the pattern for a field (`{customer_name}`); the rows
//! that a template brings; and what [`KNOWN`], [`BESIDE`] and [`ABOVE`] name.

use std::collections::BTreeSet;

use crate::known_copies::{ABOVE, BESIDE, KNOWN, Known, MASTERS, OWN, PARTIES, UNFILLED};
use crate::{DocTypeDef, FieldDef, FieldKind, Options, doctype_flag, flag};

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

/// The copies that documents of the DocType hold, by these tables.
pub fn on(def: &'static DocTypeDef, get: &dyn Fn(&str) -> Option<&'static DocTypeDef>) -> Vec<Copy> {
    let mut copies = Vec::new();
    add(&mut copies, def, def, "", get);
    for (table, child) in def.known_tables(get) {
        add(&mut copies, def, child, &format!("{}.", table.fieldname), get);
        add_rows(&mut copies, def, table, child, get);
    }
    copies
}

/// The rows that a template of the document's brings with it, in a table of the same name.
fn add_rows(
    copies: &mut Vec<Copy>,
    def: &'static DocTypeDef,
    table: &'static FieldDef,
    child: &'static DocTypeDef,
    get: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
) {
    let linked: BTreeSet<&'static str> = def.fields.iter().flat_map(targets).copied().collect();
    let brings = |name: &&str| get(name).and_then(|there| there.table(table.fieldname)?.target()) == Some(child.name);
    for of in linked.into_iter().filter(|name| name.ends_with(" Template") && *name != def.name).filter(brings) {
        let columns = child.fields.iter().filter(|column| column.kind.holds_value());
        let paths = columns.map(|column| format!("{}.{}", table.fieldname, column.fieldname));
        for path in paths.chain([table.fieldname.to_owned()]) {
            let copy = Copy { doctype: def.name, path: path.clone(), of, source: path, filled: false, known: false };
            if !copies.contains(&copy) {
                copies.push(copy);
            }
        }
    }
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
    let fills = |link: &&FieldDef| !UNFILLED.contains(&link.fieldname);
    let filling: BTreeSet<&'static str> = holder.fields.iter().filter(fills).flat_map(targets).copied().collect();
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
        // What names a document is there before anything is filled in.
        let names = at.is_empty() && def.autoname.and_then(|rule| rule.strip_prefix("field:")) == Some(name);
        if !OWN.contains(&name) && !names {
            let is_filled = field.is(flag::READ_ONLY) || holder.is(doctype_flag::CHILD);
            for target in filling.iter().filter(|target| is_filled || MASTERS.contains(target)) {
                let there = get(target).and_then(|target| target.field(name));
                if there.is_some_and(|there| there.kind == field.kind && there.target() == field.target()) {
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
        let pattern = field.default.and_then(|pattern| pattern.strip_prefix('{')?.strip_suffix('}'));
        let is_beside =
            |(on, to, _): &&(Option<&str>, &str, &[&str])| *to == name && on.is_none_or(|on| on == holder.name);
        for source in BESIDE.iter().filter(is_beside).flat_map(|(.., sources)| *sources).copied().chain(pattern) {
            if holder.field(source.split_once('.').map_or(source, |(table, _)| table)).is_some() {
                push(name, def.name, format!("{at}{source}"), false, false);
            }
        }
        let is_above = |(rows, to, _): &&(&str, &str, &[&str])| *rows == holder.name && *to == name && !at.is_empty();
        for source in ABOVE.iter().filter(is_above).flat_map(|(.., sources)| *sources) {
            if def.field(source).is_some() {
                push(name, def.name, (*source).to_owned(), false, false);
            }
        }
        let is_this = |known: &&Known| {
            let here = known.on.map_or(field.target().is_none(), |on| on == holder.name);
            here && known.fields.contains(&name)
        };
        for known in KNOWN.iter().filter(is_this) {
            for (of, sources) in known.of {
                let linked = linked.contains(of);
                // A contact's number is a party's only on what is about such a party, or is named as filled from it.
                if linked || known.on.is_some() || !PARTIES.contains(of) {
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
