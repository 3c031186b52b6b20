//! `ORDER BY` and `GROUP BY`, in the forms that each version takes.

use erpnext_schema::Version;

use super::select::Select;
use crate::error::SiteError;
use crate::store::{columns, quote};

/// Words of SQL that stock fields and those of a site are named like. Version 15 quotes plain columns and filters, and
/// nothing else (H17).
const RESERVED: [&str; 11] =
    ["order", "group", "from", "key", "keys", "index", "select", "default", "delete", "match", "use"];

/// What the database says of a word of SQL where a name was meant.
pub fn spelled(version: Version, name: &str) -> Result<&str, SiteError> {
    if version < Version::V16 && RESERVED.contains(&name) {
        return Err(SiteError::syntax(name));
    }
    Ok(name)
}

fn unknown_column(name: &str) -> SiteError {
    SiteError::database(format!("(1054, \"Unknown column '{}' in 'ORDER BY'\")", name.replace('`', "")))
}

impl Select<'_> {
    /// `GROUP BY`: names of columns.
    pub fn keys(&mut self, text: &str) -> Result<String, SiteError> {
        let version = self.version();
        let mut keys = Vec::new();
        for key in text.split(',').map(str::trim) {
            keys.push(match version < Version::V16 {
                true => self.find(None, spelled(version, key)?)?.sql,
                false => self.key("Group By", key)?,
            });
        }
        Ok(keys.join(", "))
    }

    /// `ORDER BY`: names of columns or aliases, each with a direction; empty where nothing is left to order by.
    pub fn order(&mut self, text: &str) -> Result<String, SiteError> {
        let version = self.version();
        if version < Version::V16 {
            if text.contains(';') || !text.is_ascii() {
                return Err(SiteError::invalid("Illegal SQL Query"));
            }
            // Functions are taken, and computed by no rule that is here.
            if text.contains(['(', ')']) {
                return Ok(String::new());
            }
        }
        let mut parts = Vec::new();
        for part in text.split(',').map(str::trim) {
            let lower = part.to_lowercase();
            let (name, direction) = match (lower.strip_suffix(" desc"), lower.strip_suffix(" asc")) {
                (Some(_), _) => (&part[..part.len() - 5], "DESC"),
                (_, Some(_)) => (&part[..part.len() - 4], "ASC"),
                _ => (part, "ASC"),
            };
            let name = name.trim();
            let sql = match version < Version::V16 {
                true => self.ordered(name)?,
                false => self.key("Order By", name)?,
            };
            if !sql.is_empty() {
                parts.push(format!("{sql} {direction}"));
            }
        }
        Ok(parts.join(", "))
    }

    fn aliased(&self, name: &str) -> Option<String> {
        self.columns.iter().find(|column| column.key == name).map(|column| column.sql.clone())
    }

    /// What version 15 orders by: SQL as it was sent.
    fn ordered(&mut self, name: &str) -> Result<String, SiteError> {
        spelled(self.version(), name)?;
        if name.contains(' ') && !name.contains('`') {
            return Err(SiteError::syntax(name));
        }
        // A text is as good as another.
        if name.starts_with('"') {
            return Ok(String::new());
        }
        if let Ok(number) = name.parse::<usize>() {
            let column = number.checked_sub(1).and_then(|at| self.columns.get(at));
            return column.map(|column| column.sql.clone()).ok_or_else(|| unknown_column(name));
        }
        if let Some(sql) = self.aliased(name.trim_matches('`')) {
            return Ok(sql);
        }
        // H19: a link leads somewhere in columns and nowhere else.
        let dotted = name.split_once('.').is_some_and(|(table, _)| !table.trim_matches('`').starts_with("tab"));
        if self.is_in_joined_rows(name) {
            return Err(SiteError::database(format!("(1052, \"Column '{name}' in ORDER BY is ambiguous\")")));
        }
        match self.find(None, name) {
            Ok(found) if !dotted => Ok(found.sql),
            _ => Err(unknown_column(name)),
        }
    }

    /// Whether rows that are joined have a column of this name too.
    fn is_in_joined_rows(&self, name: &str) -> bool {
        let mut children = self.def().tables().filter_map(|table| self.site().meta.get(table.rows_of()?));
        children.any(|child| {
            self.joins.contains(&quote(&format!("rows.{}", child.name)))
                && columns(child).any(|field| field.fieldname == name)
        })
    }

    /// What version 16 orders and groups by: names in the forms that it knows (H54).
    fn key(&mut self, clause: &str, name: &str) -> Result<String, SiteError> {
        if let Some(sql) = self.aliased(name) {
            return Ok(sql);
        }
        if name.parse::<u64>().is_ok() {
            return Err(unknown_column(name));
        }
        let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        let quoted = |text: &str| text.len() > 2 && text.starts_with('`') && text.ends_with('`');
        if quoted(name) && !name.trim_matches('`').contains('`') {
            return Err(SiteError::invalid(format!("{clause} has invalid backtick notation: {name}")));
        }
        let formed = match name.split_once('.') {
            None => word(name),
            Some((table, field)) if table.starts_with("`tab") => quoted(table) && word(field.trim_matches('`')),
            Some((link, field)) => word(link) && word(field) && self.def().field(link).is_some(),
        };
        if !formed {
            let text = format!(
                "Invalid field format in {clause}: {name}. Use 'field', 'link_field.field', or 'child_table.field'."
            );
            return Err(SiteError::invalid(text));
        }
        match self.find(None, name) {
            Ok(found) if found.visible && found.is_column() => Ok(found.sql),
            _ => Err(self.forbidden(None, name)),
        }
    }
}
