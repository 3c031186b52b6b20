//! The rules for the values of a document or row: mandatory, form, choice, sign, length, markup.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Shape, doctype_flag, flag};
use serde_json::{Value, json};

use crate::doc::{Doc, cint, display, flt, int, is_empty, text};
use crate::error::{Message, SiteError, exc};
use crate::site::Site;

/// Tags that the site leaves in a text; every other one is escaped (H12).
const TAGS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// The mandatory fields that are empty, with what the person at the desk is told.
pub fn missing(def: &'static DocTypeDef, doc: &Doc) -> Vec<(&'static str, Message)> {
    // What nobody can edit is computed or fetched by code of the site that is not here; an item's name is fetched.
    const FILLED: u32 = flag::FILLED | flag::VIRTUAL | flag::READ_ONLY;
    let asked = |field: &&FieldDef| field.flags & FILLED == 0 || field.fieldname == "item_name";
    let mut found = Vec::new();
    for field in def.fields.iter().filter(|field| field.is(flag::REQD)).filter(asked) {
        if field.kind != FieldKind::Check && lacks(field, doc.get(field.fieldname)) {
            let place = if def.is(doctype_flag::CHILD) {
                format!("<strong>{}</strong> Row #{}: Value missing for: {}", def.name, int(doc, "idx"), field.label)
            } else {
                format!("Value missing for {}: {}", def.name, field.label)
            };
            found.push((field.fieldname, Message::new(format!("Error: {place}"))));
        }
    }
    found
}

fn lacks(field: &FieldDef, value: Option<&Value>) -> bool {
    match value {
        // Numbers are never missing: their columns hold 0.
        None | Some(Value::Null) => !matches!(field.kind.shape(), Shape::Int | Shape::Float),
        value => is_empty(value) || value.and_then(Value::as_str).is_some_and(|text| text.trim().is_empty()),
    }
}

/// 417 MandatoryError over a document and its rows.
pub fn mandatory(def: &DocTypeDef, name: &str, missing: Vec<(&'static str, Message)>) -> Result<(), SiteError> {
    if missing.is_empty() {
        return Ok(());
    }
    let fields: Vec<&str> = missing.iter().map(|(field, _)| *field).collect();
    let mut error = SiteError::new(exc::MANDATORY, format!("[{}, {name}]: {}", def.name, fields.join(", ")));
    error.messages = missing.into_iter().map(|(_, message)| message).collect();
    Err(error)
}

impl Site<'_> {
    /// Checks the values of one document or row, and mends those that the site mends.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_values(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let at = if def.is(doctype_flag::CHILD) { format!("Row #{}: ", int(doc, "idx")) } else { String::new() };
        let fields = || def.fields.iter().filter(|field| !field.is(flag::VIRTUAL) && !field.kind.is_table());
        for field in fields() {
            match doc.get(field.fieldname) {
                Some(Value::Array(_)) => {
                    return Err(SiteError::invalid(format!("Value for {} cannot be a list", field.label)));
                }
                Some(Value::Object(_)) if field.kind.shape() != Shape::Json => {
                    return Err(SiteError::new(exc::TYPE, "dict can not be used as parameter"));
                }
                _ => {}
            }
        }
        for field in fields() {
            check_form(field, text(doc, field.fieldname))?;
        }
        for field in fields().filter(|field| field.kind == FieldKind::Select && field.fieldname != "naming_series") {
            self.check_choice(def, field, doc, &at)?;
        }
        for field in fields().filter(|field| field.is(flag::NON_NEGATIVE)) {
            if doc.get(field.fieldname).is_some_and(|value| flt(value) < 0.0) {
                let text = format!("Value cannot be negative for {}: <strong>{}</strong>", def.name, field.label);
                return Err(SiteError::titled(exc::NON_NEGATIVE, "Negative Value", format!("{at}{text}")));
            }
        }
        for field in fields() {
            check_length(def, field, doc)?;
        }
        for field in fields() {
            let Some(value) = doc.get_mut(field.fieldname) else { continue };
            match field.kind {
                FieldKind::Rating if !value.is_null() && !(0.0..=1.0).contains(&flt(value)) => {
                    *value = json!(i64::from(flt(value) > 1.0));
                }
                FieldKind::Password => {
                    if let Some(secret) = value.as_str() {
                        *value = json!("*".repeat(secret.chars().count()));
                    }
                }
                kind if is_sanitized(kind, field) => {
                    if let Some(clean) = value.as_str().and_then(sanitized) {
                        *value = json!(clean);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_choice(&self, def: &DocTypeDef, field: &FieldDef, doc: &Doc, at: &str) -> Result<(), SiteError> {
        let value = doc.get(field.fieldname).map(display).unwrap_or_default();
        let form =
            self.meta.form(def.name).and_then(|form| form.fields.iter().find(|f| f.fieldname == field.fieldname));
        let Some(options) = form.and_then(|form| form.options.as_deref()).filter(|_| !value.is_empty()) else {
            return Ok(());
        };
        let options: Vec<&str> = options.split('\n').map(str::trim).collect();
        if options.contains(&value.trim()) || options.iter().all(|option| option.is_empty()) {
            return Ok(());
        }
        let listed: Vec<String> = options.iter().map(|option| format!("\"{option}\"")).collect();
        let text = format!("{at} {} cannot be \"{value}\". It should be one of {}", field.label, listed.join(", "));
        Err(SiteError::invalid(text))
    }
}

fn check_form(field: &FieldDef, value: &str) -> Result<(), SiteError> {
    if value.is_empty() {
        return Ok(());
    }
    match (field.kind, field.options) {
        (FieldKind::Data, Options::Format("Email")) => {
            for address in value.split(',').map(str::trim) {
                // `A <a@example.com>`
                let address = address.split_once('<').map_or(address, |(_, address)| address.trim_end_matches('>'));
                let good = address.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
                if !good || address.contains(char::is_whitespace) {
                    return Err(SiteError::throw(exc::EMAIL, format!("{address} is not a valid Email Address")));
                }
            }
            Ok(())
        }
        (FieldKind::Data, Options::Format("URL")) if !value.contains("://") && !value.starts_with('/') => {
            Err(SiteError::invalid(format!("'<strong>{value}</strong>' is not a valid URL")))
        }
        (FieldKind::Phone, _) | (FieldKind::Data, Options::Format("Phone")) => {
            // With its country's code a number has a length that some country knows.
            let digits = value.chars().filter(char::is_ascii_digit).count();
            let whole = !value.starts_with('+') || field.kind != FieldKind::Phone || digits > 8;
            let good =
                whole && value.chars().all(|c| c.is_ascii_digit() || " +-()#,*.".contains(c)) && value.len() <= 40;
            let text = format!(
                "Phone Number <strong>{value}</strong> in field <strong>{}</strong> is not valid.",
                field.label
            );
            if good { Ok(()) } else { Err(SiteError::titled(exc::PHONE, "Invalid Phone Number", text)) }
        }
        (FieldKind::Json, _) if serde_json::from_str::<Value>(value).is_err() => {
            Err(SiteError::database(format!("(4025, 'CONSTRAINT `{}` failed')", field.fieldname)))
        }
        _ => Ok(()),
    }
}

fn check_length(def: &DocTypeDef, field: &FieldDef, doc: &Doc) -> Result<(), SiteError> {
    let Some(value) = doc.get(field.fieldname).filter(|value| !value.is_null()) else { return Ok(()) };
    let most = match field.kind {
        FieldKind::Int if field.length <= 11 => {
            let whole = cint(value);
            if whole.unsigned_abs() <= 2_147_483_647 {
                return Ok(());
            }
            2_147_483_647
        }
        FieldKind::Int | FieldKind::Check => return Ok(()),
        _ => match field.max_length() {
            Some(most) if display(value).chars().count() > most as usize => most,
            _ => return Ok(()),
        },
    };
    let text = format!(
        "{} {}: '<strong>{}</strong>' ({}) will get truncated, as max characters allowed is {most}",
        def.name,
        text(doc, "name"),
        field.label,
        display(value)
    );
    Err(SiteError::titled(exc::CHARACTER_LENGTH, "Value too big", text))
}

fn is_sanitized(kind: FieldKind, field: &FieldDef) -> bool {
    let text = matches!(kind.shape(), Shape::Text);
    text && !matches!(kind, FieldKind::Attach | FieldKind::AttachImage | FieldKind::Barcode | FieldKind::Code)
        && field.options != Options::Format("Email")
}

/// The text without tags that could do something; `None` where it stays as it is.
fn sanitized(text: &str) -> Option<String> {
    let tag_at = |rest: &str| rest.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic());
    if !text.match_indices('<').any(|(at, _)| text.get(at + 1..).is_some_and(tag_at)) {
        return None;
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('<') {
        clean.push_str(before);
        let name: String = tail.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match tail.split_once('>').filter(|_| TAGS.contains(&name.to_lowercase().as_str())) {
            Some((inside, after)) => {
                clean.push_str(&format!("<{inside}>"));
                rest = after;
            }
            None => {
                clean.push_str("&lt;");
                match tail.split_once('>').filter(|_| !name.is_empty()) {
                    Some((inside, after)) if !inside.contains('<') => {
                        clean.push_str(&format!("{inside}&gt;"));
                        rest = after;
                    }
                    _ => rest = tail,
                }
            }
        }
    }
    clean.push_str(rest);
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::sanitized;

    #[test]
    fn only_harmless_tags_stay_tags() {
        assert_eq!(sanitized("<script>x</script>a<b").as_deref(), Some("&lt;script&gt;x&lt;/script&gt;a&lt;b"));
        assert_eq!(sanitized("<b>x</b>").as_deref(), Some("<b>x</b>"));
        assert_eq!(sanitized("1 < 2"), None);
    }
}
