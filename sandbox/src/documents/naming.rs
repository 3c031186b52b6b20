//! Names of new documents: series, fields, formats, what was asked for, or a random one.

use std::hash::{BuildHasher, RandomState};

use erpnext_schema::{DocTypeDef, Version, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, display, int, text};
use crate::error::{Message, SiteError, exc};
use crate::site::Site;
use crate::store::Sql;

/// DocTypes that their own code names after fields, the values held together by ` - ` (or `-` for an Address).
const NAMED_AFTER: &[(&str, &[&str])] = &[
    ("Customer", &["customer_name"]),
    ("Supplier", &["supplier_name"]),
    ("Item", &["item_code"]),
    ("User", &["email"]),
    ("Role", &["role_name"]),
    ("Account", &["account_number", "account_name", "company^"]),
    ("Cost Center", &["cost_center_number", "cost_center_name", "company^"]),
    ("Warehouse", &["warehouse_name", "company^"]),
    ("Department", &["department_name", "company^"]),
    ("Contact", &["first_name"]),
    ("Address", &["address_title", "address_type"]),
    ("Custom Field", &["dt", "fieldname"]),
    ("Bank Account", &["account_name", "bank"]),
];

impl Site<'_> {
    /// The name of a new document. One that was sent counts where the creator chooses, and on DocTypes with random
    /// names; everywhere else it is dropped.
    ///
    /// # Errors
    /// 417 where a field that makes the name is empty; 409 NameError for bad characters.
    pub fn new_name(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<Value, SiteError> {
        if def.is(doctype_flag::SINGLE) {
            return Ok(json!(def.name));
        }
        let rule = def.autoname.unwrap_or_default();
        if rule.eq_ignore_ascii_case("autoincrement") {
            return Ok(json!(self.db.next_in_series(&format!("#{}", def.name))?));
        }
        let name = match self.amended_name(def, doc)? {
            Some(name) => name,
            None => self.ruled_name(def, rule, doc)?,
        };
        let name = name.trim().to_owned();
        if name.contains(['<', '>']) {
            return Err(SiteError::throw(exc::NAME, "Name cannot contain special characters like '<', '>'"));
        }
        Ok(json!(name))
    }

    fn ruled_name(&self, def: &'static DocTypeDef, rule: &str, doc: &mut Doc) -> Result<String, SiteError> {
        let sent = text(doc, "name").to_owned();
        if def.is(doctype_flag::CHILD) {
            return Ok(if sent.is_empty() { random() } else { sent });
        }
        if let Some((_, fields)) = NAMED_AFTER.iter().find(|(doctype, _)| *doctype == def.name)
            && let Some(name) = self.named_after(def, fields, doc)?
        {
            return Ok(name);
        }
        if def.name == "Item" {
            return Err(SiteError::invalid("Item Code is required"));
        }
        let lower = rule.to_lowercase();
        if let Some(field) = rule.strip_prefix("field:") {
            let name = doc.get(field).map(display).unwrap_or_default();
            return match name.trim() {
                "" => {
                    let label = def.field(field).map_or(field, |field| field.label);
                    Err(SiteError::invalid(format!("{label} is required")))
                }
                name => {
                    // The field follows the name.
                    doc.insert(field.to_owned(), json!(name));
                    Ok(name.to_owned())
                }
            };
        }
        match lower.as_str() {
            "naming_series:" => self.next_of(&self.series_of(def, doc)?, doc),
            "prompt" if sent.is_empty() => Err(SiteError::invalid("Please set the document name")),
            "prompt" => Ok(sent),
            "" | "hash" | "uuid" if def.field("naming_series").is_none() => {
                // H11: a random name takes the place of one that is in use, on 16 of every one.
                let free = self.version() < Version::V16 && !sent.is_empty() && self.db.exists(def, &sent)?.is_none();
                Ok(if free { sent } else { random() })
            }
            "" | "hash" | "uuid" => self.next_of(&self.series_of(def, doc)?, doc),
            _ => match rule.strip_prefix("format:") {
                Some(format) => self.formatted(format, doc),
                None => self.next_of(rule, doc),
            },
        }
    }

    /// The series that was asked for, whether the DocType offers it or not (H12), or the first one offered.
    fn series_of(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<String, SiteError> {
        if text(doc, "naming_series").is_empty() {
            let choices = def.field("naming_series").and_then(|field| field.choices());
            let Some(first) = choices.and_then(|choices| choices.first()) else {
                return Err(SiteError::invalid("Naming Series mandatory"));
            };
            doc.insert("naming_series".to_owned(), json!(first));
        }
        Ok(text(doc, "naming_series").to_owned())
    }

    /// The next name of a series such as `SAL-ORD-.YYYY.-.#####`; without a place for the number it gets five digits.
    ///
    /// # Errors
    /// The database's.
    pub fn next_of(&self, series: &str, doc: &Doc) -> Result<String, SiteError> {
        let series = if series.contains('#') { series.to_owned() } else { format!("{series}.#####") };
        let day = self.now.date();
        let mut name = String::new();
        for part in series.split('.') {
            match part {
                "" => {}
                "YYYY" => name.push_str(&format!("{:04}", day.year())),
                "YY" => name.push_str(&format!("{:02}", day.year() % 100)),
                "MM" => name.push_str(&format!("{:02}", day.month())),
                "DD" => name.push_str(&format!("{:02}", day.day())),
                "FY" => name.push_str(&format!("{:04}", day.year())),
                part if part.bytes().all(|byte| byte == b'#') => {
                    let number = self.db.next_in_series(&name)?;
                    name.push_str(&format!("{number:0width$}", width = part.len()));
                }
                part => {
                    let field = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')).unwrap_or(part);
                    name.push_str(doc.get(field).map(display).as_deref().unwrap_or(part));
                }
            }
        }
        Ok(name)
    }

    /// `format:AB-{field}-{####}`.
    fn formatted(&self, format: &str, doc: &Doc) -> Result<String, SiteError> {
        let mut name = String::new();
        let mut rest = format;
        while let Some((before, tail)) = rest.split_once('{') {
            let (inside, after) = tail.split_once('}').unwrap_or((tail, ""));
            name.push_str(before);
            name = match inside.bytes().all(|byte| byte == b'#') {
                true => format!("{name}{:0width$}", self.db.next_in_series(&name)?, width = inside.len()),
                false => name + &self.next_of_part(inside, doc),
            };
            rest = after;
        }
        Ok(name + rest)
    }

    fn next_of_part(&self, part: &str, doc: &Doc) -> String {
        match part {
            "YYYY" => format!("{:04}", self.now.date().year()),
            "MM" => format!("{:02}", self.now.date().month()),
            "DD" => format!("{:02}", self.now.date().day()),
            field => doc.get(field).map(display).unwrap_or_default(),
        }
    }

    fn named_after(&self, def: &'static DocTypeDef, fields: &[&str], doc: &Doc) -> Result<Option<String>, SiteError> {
        let mut parts = Vec::new();
        for field in fields {
            let part = match field.strip_suffix('^') {
                Some(link) => self.value("Company", text(doc, link), "abbr")?.as_ref().map(display).unwrap_or_default(),
                None => doc.get(*field).map(display).unwrap_or_default(),
            };
            if !part.trim().is_empty() {
                parts.push(part.trim().to_owned());
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let separator = if matches!(def.name, "Address" | "Custom Field") { "-" } else { " - " };
        let name = parts.join(separator);
        // H11: a second customer of a name gets a number.
        if def.name == "Customer" && self.db.exists(def, &name)?.is_some() {
            let taken = (1..).map(|number| format!("{name} - {number}"));
            for numbered in taken.take(10_000) {
                if self.db.exists(def, &numbered)?.is_none() {
                    let text = format!("{name} is taken: the customer is called {numbered}");
                    let alert = self.version() >= Version::V16;
                    self.say(Message { title: "Note", indicator: Some("yellow"), alert, ..Message::new(text) });
                    return Ok(Some(numbered));
                }
            }
        }
        Ok(Some(name))
    }

    /// `X-1` for the first amendment of `X`, `X-2` for the next one.
    fn amended_name(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<Option<String>, SiteError> {
        let from = text(doc, "amended_from");
        if from.is_empty() || def.field("amended_from").is_none() {
            return Ok(None);
        }
        let amended = self.value(def.name, from, "amended_from")?.is_some_and(|value| !value.is_null() && value != "");
        let (stem, number) = match from.rsplit_once('-') {
            Some((stem, number)) if amended => (stem, number.parse().unwrap_or(0) + 1),
            _ => (from, 1_u32),
        };
        Ok(Some(format!("{stem}-{number}")))
    }

    /// One stored value of a document; `None` where there is no such document or field.
    ///
    /// # Errors
    /// The database's.
    pub fn value(&self, doctype: &str, name: &str, field: &str) -> Result<Option<Value>, SiteError> {
        let Some(def) = self.meta.get(doctype) else { return Ok(None) };
        if def.is(doctype_flag::SINGLE) {
            return Ok(self.load(doctype, doctype)?.remove(field));
        }
        let Some(field) = crate::store::columns(def).find(|known| known.fieldname == field) else { return Ok(None) };
        self.db.prepare(def)?;
        let (column, table) = (crate::store::quote(field.fieldname), crate::store::table_name(def.name));
        let sql = format!("SELECT {column} FROM {table} WHERE name = ?1");
        let cell = self.db.scalar(&sql, &[Sql::Text(name.trim_end().to_owned())])?;
        Ok(cell.map(|cell| crate::store::from_sql(Some(field), cell)))
    }

    /// Whether the stored document is submitted.
    ///
    /// # Errors
    /// The database's.
    pub fn docstatus(&self, doctype: &str, name: &str) -> Result<i64, SiteError> {
        let value = self.value(doctype, name, "docstatus")?.unwrap_or_default();
        Ok(int(&Doc::from_iter([("docstatus".to_owned(), value)]), "docstatus"))
    }
}

/// Ten letters and digits that nobody has used.
pub fn random() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut bits = RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
    (0..10)
        .map(|_| {
            let digit = u32::try_from(bits % 32).unwrap_or(0);
            bits /= 32;
            char::from_digit(digit, 32).unwrap_or('0')
        })
        .collect()
}
