//! Rust names for what Frappe names: one stated rule each, and nothing that a rule cannot name.

use heck::{ToShoutySnakeCase, ToUpperCamelCase};

/// A type for a DocType: `Sales Order` → `SalesOrder`; a leading digit gets an underscore.
pub fn type_name(doctype: &str) -> Option<String> {
    camel(doctype)
}

/// A variant for a field: `customer_name` → `CustomerName`, `_user_tags` → `UserTags`, `2nd_line` → `_2ndLine`,
/// `self` → `Self_`.
pub fn variant(fieldname: &str) -> Option<String> {
    camel(fieldname).map(|name| if name == "Self" { "Self_".to_owned() } else { name })
}

/// A variant for a choice of a Select: `Half-yearly` → `HalfYearly`; none for one that begins with a digit or
/// holds no letters.
pub fn choice(text: &str) -> Option<String> {
    camel(text).filter(|name| !name.starts_with('_') && name != "Self")
}

/// A struct's field: the fieldname itself, raw where it is a keyword; `self`, `super`, `crate`, which cannot be
/// raw, get an underscore behind, and a leading digit one before.
pub fn field(fieldname: &str) -> Option<String> {
    let name = match fieldname {
        "self" | "super" | "crate" | "Self" => format!("{fieldname}_"),
        _ if fieldname.starts_with(|c: char| c.is_ascii_digit()) => format!("_{fieldname}"),
        _ if is_identifier(fieldname) => fieldname.to_owned(),
        _ => format!("r#{fieldname}"),
    };
    Some(name).filter(|name| is_identifier(name))
}

/// A module for a file name: raw where it is a keyword.
pub fn module(slug: &str) -> String {
    field(slug).unwrap_or_default()
}

/// A table's static for a DocType's file name or type: `sales_order` and `SalesOrder` → `SALES_ORDER`.
pub fn table(name: &str) -> String {
    let name = name.to_shouty_snake_case();
    if is_identifier(&name) { name } else { format!("_{name}") }
}

fn camel(text: &str) -> Option<String> {
    let name = text.to_upper_camel_case();
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
    Some(name).filter(|name| name == "Self" || is_identifier(name))
}

/// Whether it can stand in Rust text as an identifier, keywords excluded.
pub fn is_identifier(text: &str) -> bool {
    syn::parse_str::<syn::Ident>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h39_keywords_digits_underscores_and_other_scripts_have_names() {
        let named = |name: &str| (field(name).unwrap_or_default(), variant(name).unwrap_or_default());
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(named("type"), pair("r#type", "Type"));
        assert_eq!(named("self"), pair("self_", "Self_"));
        assert_eq!(named("crate"), pair("crate_", "Crate"));
        assert_eq!(named("2_add_edit_gl_entries"), pair("_2_add_edit_gl_entries", "_2AddEditGlEntries"));
        assert_eq!(named("_user_tags"), pair("_user_tags", "UserTags"));
        assert_eq!(named("__proto__"), pair("__proto__", "Proto"));
        assert_eq!(named("ünï"), pair("ünï", "Ünï"));
        assert_eq!(named("then"), pair("then", "Then"));
        assert_eq!(field("a-b"), None);
    }

    #[test]
    fn choices_without_a_rust_name_have_none() {
        assert_eq!(choice("Half-yearly").as_deref(), Some("HalfYearly"));
        assert_eq!(choice("To Bill & Receive").as_deref(), Some("ToBillReceive"));
        assert_eq!(choice("2 Yearly"), None);
        assert_eq!(choice("#,###.##"), None);
        assert_eq!(choice("Self"), None);
    }
}
