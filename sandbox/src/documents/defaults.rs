//! What a new document or row has before anything was sent.

use erpnext_schema::snapshot::Field;
use erpnext_schema::{DocTypeDef, FieldKind, Version, flag, time};
use serde_json::{Value, json};

use crate::doc::Doc;
use crate::site::Site;

/// Links that have the site's own default wherever a form has a field of that name: the field, the Single, the field
/// over there.
const OF_THE_SITE: &[(&str, &str, &str)] = &[
    ("company", "Global Defaults", "default_company"),
    ("country", "System Settings", "country"),
    ("language", "System Settings", "language"),
];

impl Site<'_> {
    /// Fills what was not sent. An empty text was sent; null was not.
    pub fn fill_defaults(&self, def: &'static DocTypeDef, doc: &mut Doc) {
        let Some(form) = self.meta.form(def.name) else { return };
        let title = def.title_field.filter(|title| *title == "title");
        for field in form.fields.iter().filter(|field| field.kind.holds_value() && !field.kind.is_table()) {
            if field.flags & flag::VIRTUAL == 0
                && field.fieldname != "amended_from"
                // A pattern, which is filled once there is something to fill it with.
                && Some(field.fieldname.as_str()) != title
                && doc.get(&field.fieldname).is_none_or(Value::is_null)
                && let Some(value) = self.of_the_site(field).or_else(|| self.default(field))
            {
                doc.insert(field.fieldname.clone(), value);
            }
        }
    }

    fn of_the_site(&self, field: &Field) -> Option<Value> {
        let (_, single, there) = OF_THE_SITE.iter().find(|(name, ..)| *name == field.fieldname)?;
        if field.kind != FieldKind::Link {
            return None;
        }
        let value = self.db.single_value(single, there).ok()??;
        self.has(field.options.as_deref()?, &value).then(|| json!(value))
    }

    fn default(&self, field: &Field) -> Option<Value> {
        let default = field.default.as_deref().unwrap_or_default();
        Some(match (field.kind, default) {
            // H27: on 15 every new document states the time at which it was begun, asked for or not.
            (FieldKind::Time, "") if self.version() >= Version::V16 => return None,
            (FieldKind::Time, _) => json!(self.now_text().split_once(' ').map_or("", |(_, time)| time)),
            (FieldKind::Datetime, "Now" | "now" | "now_datetime") => json!(self.now_text()),
            (FieldKind::Date | FieldKind::Datetime, "Today" | "today" | "now" | "Now") => json!(self.today()),
            (_, "__user") => json!(self.user.name),
            // The value of another document or of the user's defaults: the site's own code.
            (_, "user" | "User") => return None,
            (_, default) if default.starts_with(':') => return None,
            (FieldKind::Select, "") => {
                let first = field.options.as_deref()?.split('\n').next()?;
                json!(first)
            }
            (FieldKind::Check | FieldKind::Int, default) => json!(default.trim().parse::<i64>().unwrap_or(0)),
            (FieldKind::Float | FieldKind::Currency | FieldKind::Percent, default) => {
                json!(default.trim().parse::<f64>().unwrap_or(0.0))
            }
            (FieldKind::Rating, "") => json!(0),
            (_, "") => return None,
            (FieldKind::Date, text) => json!(time::parse_date(text).map(time::format_date).ok()?),
            (FieldKind::Link, text) if !self.has(field.options.as_deref()?, text) => return None,
            (_, text) => json!(text),
        })
    }

    /// Whether there is a document of this name; also for DocTypes that are not there.
    pub fn has(&self, doctype: &str, name: &str) -> bool {
        doctype == "DocType" && self.meta.get(name).is_some()
            || self.meta.get(doctype).is_some_and(|def| matches!(self.db.exists(def, name), Ok(Some(_))))
    }
}
