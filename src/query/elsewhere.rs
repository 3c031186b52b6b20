//! Where to go with a name in a list's arguments that is no field of its documents.

use erpnext_schema::{FieldDef, nearest_field, said_field};

use super::marks::ASSIGNED;
use super::reader::Reader;
use crate::shape::no_table;

impl Reader<'_> {
    /// Where to go with a name that is more than a field of the document.
    pub(super) fn elsewhere(&self, path: &str, name: &str) -> Option<String> {
        if path.starts_with("fields") && name.contains('(') {
            let message = "a list computes nothing: aggregate_documents takes measures such as sum(grand_total), and \
                           group_by such as posting_date:month";
            return Some(message.to_owned());
        }
        if !path.contains("filters") && [ASSIGNED.0, ASSIGNED.1].contains(&name) {
            let message = "lists have assigned_to in their filters and fields, and nothing is ordered, grouped or exported by \
                           it: who has a document is allocated_to of the open ToDo whose reference_name it is; list the \
                           names, then group ToDo by allocated_to, with them in reference_name";
            return Some(message.to_owned());
        }
        let links = self.def.party_link(name).map(|(links, _)| links).filter(|links| self.rule.may_read(*links));
        if let Some(links) = links {
            let column = format!("{}.link_name", links.fieldname);
            return Some(format!("no such field in {}; filter by {column}, which names it", self.def.name));
        }
        let party = self.def.party_field(name).filter(|(kind, party, _)| {
            path.contains("filters") && self.rule.may_read(*kind) && self.rule.may_read(*party)
        });
        if let Some((kind, party, doctype)) = party {
            let (kind, party) = (kind.fieldname, party.fieldname);
            return Some(format!(
                "no such field in {}; filter by {{{kind:?}: {doctype:?}, {party:?}: …}}",
                self.def.name
            ));
        }
        let by = self.def.field(name.split_once('.')?.0).filter(|field| self.rule.may_read(*field))?;
        Some(match (by.kind.is_table(), self.children) {
            (false, _) => no_table(self.def, by),
            (true, Some(_)) => {
                format!("{} has this only in its rows: filter by it, or name it in fields", self.def.name)
            }
            (true, None) => "is a column of rows, and nothing is searched, grouped or summed over rows here: list the \
                             documents with a filter by it instead"
                .to_owned(),
        })
    }

    /// The column of rows that a name means which is no field of the document: one of that name, else one of a similar name,
    /// unless a field of the document is similar. `amount` and `outstanding` mean the document's own, where it states one.
    pub(super) fn in_rows(&self, name: &str) -> Option<String> {
        let is_rows = || !name.contains('.') && said_field(name, self.listed()).is_none();
        let children = self.children.filter(|_| is_rows())?;
        let visible = |table: &'static FieldDef, column: &'static FieldDef| {
            column.in_lists() && self.rule.may_read_child(table, column)
        };
        let tables = || self.def.tables().filter_map(move |table| Some((table, children(table.rows_of()?)?)));
        let named = tables().find_map(|(table, child)| {
            let column = child.field(name).filter(|column| visible(table, column))?;
            Some((table, column.fieldname))
        });
        let near = || {
            tables().find_map(|(table, child)| {
                let columns = child.fields.iter().filter(|column| visible(table, column));
                Some((table, nearest_field(name, columns)?))
            })
        };
        let found = named.or_else(|| if self.near(name).is_none() { near() } else { None });
        found.map(|(table, column)| format!("{}.{column}", table.fieldname))
    }
}
