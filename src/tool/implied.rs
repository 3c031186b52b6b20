//! What the arguments of a call say of others that were not given.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::input_schema::Arg;
use super::kinds::ArgumentType;

/// A word, its values that count where not all do, and the argument with the value that it says.
type Says = (&'static str, Option<&'static [&'static str]>, (&'static str, &'static str));

/// Words that say what another argument asks for: who gives a customer has told the kind of party.
const SAYS: &[Says] = &[
    ("customer", None, ("party_type", "Customer")),
    ("supplier", None, ("party_type", "Supplier")),
    ("for", Some(&["Quotation", "Sales Order", "Delivery Note", "Sales Invoice"]), ("party_type", "Customer")),
    (
        "for",
        Some(&["Supplier Quotation", "Purchase Order", "Purchase Receipt", "Purchase Invoice"]),
        ("party_type", "Supplier"),
    ),
];

/// Gives an argument that the tool needs what others say of it, where they say one thing.
pub fn take_said(args: &[&Arg], given: &mut Map<String, Value>) {
    let is_asked = |name: &str, value: &str| {
        let takes = |kind: &ArgumentType| match kind {
            ArgumentType::Choice(choices) => choices.iter().any(|choice| choice == value),
            _ => false,
        };
        given.get(name).is_none_or(Value::is_null)
            && args.iter().any(|arg| arg.required && arg.name == name && takes(&arg.kind))
    };
    let is_given = |text: &&str| !text.trim().is_empty();
    let said = given.iter().filter_map(|(word, value)| said(word, value.as_str().filter(is_given)?));
    let said: BTreeSet<_> = said.filter(|(name, value)| is_asked(name, value)).collect();
    let mut said = said.into_iter();
    if let (Some((name, value)), None) = (said.next(), said.next()) {
        given.insert(name.to_owned(), json!(value));
    }
}

/// The argument, with its value, that a word with this text says.
fn said(word: &str, text: &str) -> Option<(&'static str, &'static str)> {
    let is_one = |values: &[&str]| values.iter().any(|value| value.eq_ignore_ascii_case(text.trim()));
    let found = SAYS.iter().find(|(by, values, _)| *by == word && values.is_none_or(is_one));
    found.map(|(.., said)| *said)
}

/// Takes the DocType that was not given from the documents, where all of them state the same.
pub fn take_doctype(args: &[&Arg], given: &mut Map<String, Value>) {
    const NAME: &str = "doctype";
    if given.get(NAME).is_some_and(|given| !given.is_null()) || !args.iter().any(|arg| arg.name == NAME) {
        return;
    }
    let holds = |arg: &&&Arg| matches!(arg.kind, ArgumentType::Data | ArgumentType::Documents);
    let values = args.iter().filter(holds).filter_map(|arg| given.get(&arg.name));
    let documents = values.flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
    let stated: Option<BTreeSet<&str>> = documents.map(|document| document.get(NAME)?.as_str()).collect();
    let doctype = stated.filter(|stated| stated.len() == 1).and_then(|stated| stated.first().map(|name| json!(name)));
    given.extend(doctype.map(|doctype| (NAME.to_owned(), doctype)));
}
