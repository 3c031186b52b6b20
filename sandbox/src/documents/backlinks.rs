//! Who links to a document: what stands in the way of cancelling and deleting it.

use std::collections::HashSet;

use erpnext_schema::{DocTypeDef, Options, doctype_flag, flag};

use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::{Sql, quote, table_name};

/// What may point to a document that is gone.
const IGNORED: &[&str] = &[
    "Activity Log",
    "Comment",
    "Communication",
    "Communication Link",
    "DocShare",
    "Document Follow",
    "Document Share Key",
    "Dynamic Link",
    "Email Queue",
    "Email Unsubscribe",
    "File",
    "Integration Request",
    "Notification Log",
    "Tag Link",
    "ToDo",
    "Unhandled Email",
    "User Permission",
    "Version",
    "View Log",
    "Webhook Request Log",
    "Workflow Action",
    "GL Entry",
    "Stock Ledger Entry",
    "Payment Ledger Entry",
    "Bin",
    "Event Participants",
];

/// What a voucher's own code cancels along with it: named among what is linked, but no obstacle to its cancellation.
const CANCELLED_ALONG: &[&str] = &["Serial and Batch Bundle"];

/// A document that links to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackLink {
    /// Its DocType; that of the document where the link stands in a row.
    pub doctype: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub docstatus: i64,
}

impl Site<'_> {
    /// The documents that link to this one and are not cancelled, each once; with `submitted` only those that are.
    ///
    /// # Errors
    /// The database's.
    pub fn back_links(&self, doctype: &str, name: &str, submitted: bool) -> Result<Vec<BackLink>, SiteError> {
        let tables = self.db.query("SELECT name FROM sqlite_master WHERE type = 'table'", &[])?;
        let tables: HashSet<String> = tables
            .into_iter()
            .flatten()
            .filter_map(|cell| match cell {
                Sql::Text(name) => Some(name),
                _ => None,
            })
            .collect();
        let mut found: Vec<BackLink> = Vec::new();
        for reference in self.meta.references(doctype).iter().chain(self.meta.references("")) {
            let def = reference.def;
            let there = tables.contains(&format!("tab{}", def.name)) && !def.is(doctype_flag::SINGLE);
            if !there || IGNORED.contains(&def.name) || reference.field.is(flag::VIRTUAL) {
                continue;
            }
            for (doctype, name, docstatus) in
                self.linking(def, reference.field.fieldname, reference.field.options, doctype, name)?
            {
                let link = BackLink { doctype, name, docstatus };
                let wanted = if submitted { link.docstatus == 1 } else { link.docstatus != 2 };
                if wanted && !found.contains(&link) {
                    found.push(link);
                }
            }
        }
        Ok(found)
    }

    fn linking(
        &self,
        def: &'static DocTypeDef,
        field: &str,
        options: Options,
        doctype: &str,
        name: &str,
    ) -> Result<Vec<(String, String, i64)>, SiteError> {
        let child = def.is(doctype_flag::CHILD);
        let (own, own_type) = if child { ("parent", "parenttype") } else { ("name", "?3") };
        let mut sql =
            format!("SELECT {own}, {own_type}, docstatus FROM {} WHERE {} = ?1", table_name(def.name), quote(field));
        let mut params =
            vec![Sql::Text(name.to_owned()), Sql::Text(doctype.to_owned()), Sql::Text(def.name.to_owned())];
        match options {
            Options::TargetField(by) if def.field(by).is_some() => {
                sql.push_str(&format!(" AND {} = ?2", quote(by)));
            }
            Options::TargetField(_) => return Ok(Vec::new()),
            // Its own amendments and rows are no obstacle.
            _ => sql.push_str(&format!(" AND NOT ({own} = ?1 AND {own_type} = ?2)")),
        }
        sql.push_str(" AND ?2 = ?2 AND ?3 = ?3 LIMIT 200");
        self.db.prepare(def)?;
        params.truncate(3);
        let rows = self.db.query(&sql, &params)?;
        Ok(rows
            .into_iter()
            .filter_map(|row| match <[Sql; 3]>::try_from(row) {
                Ok([Sql::Text(name), Sql::Text(doctype), Sql::Integer(docstatus)]) => Some((doctype, name, docstatus)),
                _ => None,
            })
            .collect())
    }

    /// # Errors
    /// 417 LinkExistsError for the first document in the way.
    pub(super) fn check_back_links(&self, def: &DocTypeDef, name: &str, cancel: bool) -> Result<(), SiteError> {
        let links = self.back_links(def.name, name, cancel)?;
        let blocks = |link: &&BackLink| match cancel {
            true => !CANCELLED_ALONG.contains(&link.doctype.as_str()),
            false => link.doctype != def.name || link.name != name,
        };
        let Some(link) = links.iter().find(blocks) else {
            return Ok(());
        };
        let place = |doctype: &str, name: &str| format!("{doctype} <a href=\"/app/Form/{doctype}/{name}\">{name}</a>");
        let text = format!(
            "Cannot delete or cancel because {} is linked with {} ",
            place(def.name, name),
            place(&link.doctype, &link.name)
        );
        Err(SiteError::throw(exc::LINK_EXISTS, text))
    }
}
