//! The section `methods`: methods of the site that may be called, with the arguments that each takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::Reader;

/// Where the framework's own methods lie that reach any document: they would get around every rule.
const AROUND_THE_RULES: &[&str] =
    &["frappe.client.", "frappe.desk.", "frappe.model.", "frappe.www.", "frappe.utils.print_format."];

/// A method of the site that may be called.
#[derive(Clone, PartialEq, Debug)]
pub struct Method {
    /// For the model: what it does and when to use it.
    pub description: String,
    /// What it takes, by name.
    pub arguments: BTreeMap<String, MethodArgument>,
    /// Whether it changes something; true unless stated.
    pub writes: bool,
}

/// An argument of a method, as JSON Schema has it.
#[derive(Clone, PartialEq, Debug)]
pub struct MethodArgument {
    /// What it holds.
    pub kind: ArgumentKind,
    /// For the model; empty where nothing is said.
    pub description: String,
    /// Whether a call must have it.
    pub required: bool,
    /// The only texts that it may be; any where empty.
    pub choices: Vec<String>,
}

/// What an argument holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names of JSON Schema")]
pub enum ArgumentKind {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
}

impl ArgumentKind {
    const ALL: [Self; 6] = [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::Array, Self::Object];

    /// Its name in JSON Schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// Whether a value is one.
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

pub(super) fn read(section: &Reader<'_>) -> BTreeMap<String, Method> {
    let mut methods = BTreeMap::new();
    for (path, value) in section.entries() {
        let Some(stated) = Reader::new(section.at(path), value, section.errors) else { continue };
        let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !path.split('.').all(plain) {
            section.errors.note(&stated.path, "expected the dotted path of a method, such as my_app.api.credit_check");
        } else if AROUND_THE_RULES.iter().any(|place| path.starts_with(place)) {
            let message = "it reaches any document, past every rule of this file; use the tools instead";
            section.errors.note(&stated.path, message);
        }
        methods.insert(path.to_owned(), method(&stated));
    }
    methods
}

fn method(stated: &Reader<'_>) -> Method {
    stated.only(&["description", "arguments", "write"]);
    if stated.get("description").is_none() {
        stated.errors.note(stated.at("description"), "missing; say what the method does and when to use it");
    }
    let mut arguments = BTreeMap::new();
    if let Some(section) = stated.object("arguments") {
        for (name, value) in section.entries() {
            let Some(about) = Reader::new(section.at(name), value, section.errors) else { continue };
            arguments.insert(name.to_owned(), argument(&about));
        }
    }
    Method {
        description: stated.text("description").unwrap_or_default().to_owned(),
        arguments,
        writes: stated.bool("write", true),
    }
}

fn argument(about: &Reader<'_>) -> MethodArgument {
    about.only(&["type", "description", "required", "enum"]);
    let kinds = ArgumentKind::ALL.map(|kind| (kind.as_str(), kind));
    MethodArgument {
        kind: about.choice("type", &kinds, ArgumentKind::String),
        description: about.text("description").unwrap_or_default().to_owned(),
        required: about.bool("required", false),
        choices: about
            .list("enum", "choice")
            .unwrap_or_default()
            .into_iter()
            .map(|(_, text)| text.to_owned())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::config::ArgumentKind;
    use crate::config::tests::with_sections as read;

    #[test]
    fn a_method_writes_unless_it_says_otherwise() {
        let stated = json!({"description": "d", "arguments": {"a": {"type": "integer", "required": true}, "b": {}}});
        let config = read(json!({"methods": {"app.api.x": stated}})).unwrap();
        let method = &config.methods["app.api.x"];
        assert!(method.writes && method.arguments["a"].required && !method.arguments["b"].required);
        assert_eq!(
            (method.arguments["a"].kind, method.arguments["b"].kind),
            (ArgumentKind::Integer, ArgumentKind::String)
        );
    }

    #[test]
    fn what_is_wrong_with_a_method_is_told_at_its_place() {
        let errors = read(json!({"methods": {
            "frappe.client.get_list": {"description": "d"},
            "../ping": {"description": "d"},
            "app.api.x": {"arguments": {"a": {"type": "text"}, "b": {"requird": true}}, "writes": true},
        }}));
        let errors = errors.unwrap_err();
        for line in [
            "methods.frappe.client.get_list: it reaches any document",
            "methods.../ping: expected the dotted path of a method",
            "methods.app.api.x.description: missing",
            "methods.app.api.x.arguments.a.type: unknown value",
            "methods.app.api.x.arguments.b.requird: unknown key; did you mean required?",
            "methods.app.api.x.writes: unknown key; did you mean write?",
        ] {
            assert!(errors.contains(line), "{line}: {errors}");
        }
    }

    #[test]
    fn a_directory_for_files_is_an_absolute_path() {
        let errors = read(json!({"attachments": {"directories": ["out", "/srv/out"]}})).unwrap_err();
        assert!(errors.contains("attachments.directories[0]: expected an absolute path"), "{errors}");
        assert!(!errors.contains("directories[1]"), "{errors}");
        assert!(read(json!({})).unwrap().attachments.directories.is_empty());
    }
}
