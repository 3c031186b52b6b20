//! Puts documents in as they are, past all rules and rights but with their child rows: sample data, fixtures of tests.

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, display, text};
use crate::error::SiteError;
use crate::sample;
use crate::site::Site;
use crate::store::Sql;

/// What a child row has from its document where it says nothing itself.
const INHERITED: &[&str] = &["owner", "creation", "modified", "modified_by", "docstatus"];

impl Site<'_> {
    /// Adds a document that is named and complete; of a Single it sets the values. Nothing is checked, filled in or
    /// noted in the journal, but child rows get what a row needs. A document that is there already stays as it is.
    ///
    /// # Errors
    /// A value that its column refuses.
    pub fn put(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.is(doctype_flag::SINGLE) {
            let values = doc.iter().filter(|(_, value)| !value.is_array() && !value.is_null());
            return values
                .into_iter()
                .try_for_each(|(key, value)| self.db.set_single(def.name, key, Sql::Text(display(value))));
        }
        let name = text(doc, "name");
        if self.db.exists(def, name)?.is_some() {
            return Ok(());
        }
        self.db.add_row(def, doc)?;
        for field in def.tables() {
            let Some(Value::Array(rows)) = doc.get(field.fieldname) else { continue };
            let Some(child) = field.target().and_then(|target| self.meta.get(target)) else { continue };
            for (number, row) in rows.iter().filter_map(Value::as_object).enumerate() {
                let mut row = row.clone();
                for key in INHERITED {
                    if let Some(value) = doc.get(*key).filter(|_| !row.contains_key(*key)) {
                        row.insert((*key).to_owned(), value.clone());
                    }
                }
                row.insert("idx".to_owned(), json!(number + 1));
                for (key, value) in [("parent", name), ("parenttype", def.name), ("parentfield", field.fieldname)] {
                    row.insert(key.to_owned(), json!(value));
                }
                row.entry("name").or_insert_with(|| json!(row_name(name, field.fieldname, number)));
                self.db.add_row(child, &row)?;
            }
        }
        Ok(())
    }

    /// Lets a naming series go on after this number, where it is not further already.
    ///
    /// # Errors
    /// The database's.
    pub fn continue_series(&self, prefix: &str, after: i64) -> Result<(), SiteError> {
        let sql = "INSERT INTO series (prefix, current) VALUES (?1, ?2)
            ON CONFLICT (prefix) DO UPDATE SET current = max(current, excluded.current)";
        self.db.execute(sql, &[Sql::Text(prefix.to_owned()), Sql::Integer(after)])?;
        Ok(())
    }

    /// Puts the sample company in, its papers `scale` times over; once: what was deleted of it stays deleted.
    ///
    /// # Errors
    /// As [`Site::put`].
    pub fn put_sample(&self, scale: u32) -> Result<(), SiteError> {
        if self.has("Company", sample::COMPANY) {
            return Ok(());
        }
        let mut failed = None;
        let series = sample::write(scale, &mut |doctype, doc| {
            // A DocType of another version is left out, like a field that this site has not.
            if let Some(def) = self.meta.get(doctype).filter(|_| failed.is_none()) {
                failed = self.put(def, &doc).err();
            }
        });
        match failed {
            Some(error) => Err(error),
            None => {
                series.into_iter().try_for_each(|(prefix, number)| self.continue_series(prefix, i64::from(number)))?;
                self.recount_all_bins()
            }
        }
    }
}

/// The name of a child row, from the document, the table and the row's place in it: ten letters and digits, the same on every run.
pub fn row_name(parent: &str, field: &str, number: usize) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let seed = 0xCBF2_9CE4_8422_2325_u64;
    let bytes = parent.bytes().chain([0]).chain(field.bytes()).chain(number.to_le_bytes());
    let hash = bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    (0..10).map(|place| char::from(LETTERS[usize::try_from(hash >> (5 * place + 8) & 31).unwrap_or(0)])).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::{Sandbox, Version};

    #[tokio::test]
    async fn the_sample_is_there_with_its_rows_and_its_series_go_on() {
        let sandbox = Sandbox::sample(Version::V15).await;
        sandbox
            .with(|site| {
                let order = site.load("Sales Order", "SAL-ORD-2026-00001")?;
                let rows = order["items"].as_array().unwrap();
                assert!(!rows.is_empty());
                assert_eq!(rows[0]["parent"], "SAL-ORD-2026-00001");
                assert_eq!(rows[0]["idx"], 1);
                let number = site.db.next_in_series("SAL-ORD-2026-")?;
                assert!(site.db.exists(site.doctype("Sales Order")?, &format!("SAL-ORD-2026-{number:05}"))?.is_none());
                Ok(())
            })
            .unwrap();
    }
}
