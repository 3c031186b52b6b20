//! What a list is sorted by.

use erpnext_schema::{FieldDef, Order, Rule};

use super::reader::{Reader, named};

impl Reader<'_> {
    /// A field to sort or group by, which version 15 cannot by every name (H40).
    pub fn key(&mut self, path: &str, name: &str) -> Option<&'static FieldDef> {
        let field = self.field(path, name)?;
        if !field.fieldname.is_ascii() {
            let message = "the site cannot sort or group by a field of such a name";
            self.wrong(&named(path, name), Rule::Value, message, None);
            return None;
        }
        Some(field)
    }

    /// `order_by`, completed with the name so that pages never overlap (H15).
    pub fn order_by(&mut self, asked: Option<&str>) -> Vec<Order> {
        let mut keys: Vec<Order> = Vec::new();
        for part in asked.unwrap_or("modified desc").split(',').map(str::trim) {
            let mut words = part.split_whitespace();
            let name = words.next().unwrap_or_default().trim_matches('`');
            let direction = words.next().unwrap_or("asc").to_lowercase();
            if !matches!(direction.as_str(), "asc" | "desc") || words.next().is_some() || name.starts_with('-') {
                let message = format!("{part}: expected a field and asc or desc");
                let near = self.meant_order(part);
                self.wrong("order_by", Rule::Value, message, near);
                continue;
            }
            if let Some(field) = self.key("order_by", name) {
                keys.push(Order { fieldname: field.fieldname, descending: direction == "desc" });
            }
        }
        if !keys.iter().any(|key| key.fieldname == "name") {
            keys.push(Order::asc("name"));
        }
        keys
    }

    /// `Due Date`, `Due Date descending` and `-due_date` as the field and its direction.
    fn meant_order(&self, part: &str) -> Option<String> {
        let (part, first) = part.strip_prefix('-').map_or((part, "asc"), |rest| (rest, "desc"));
        if let Some(name) = self.near(part) {
            return Some(format!("{name} {first}"));
        }
        let (rest, word) = part.rsplit_once(char::is_whitespace)?;
        let direction = if word.to_lowercase().starts_with("asc") { "asc" } else { "desc" };
        self.near(rest).map(|name| format!("{name} {direction}"))
    }
}
