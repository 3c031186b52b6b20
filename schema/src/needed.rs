//! When a field has to be given, where other fields of the document decide: a site says so by an expression in
//! JavaScript, which its forms run. Kept are facts: the common forms, read, and never the text of one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::snapshot::DocType;
use crate::{Version, flag};

/// Any of these has to hold, with all of its terms.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Condition(Vec<Vec<Term>>);

/// What is asked of one field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Term {
    /// The field.
    pub field: String,
    is: Is,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
enum Is {
    Set,
    NotSet,
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
}

/// A fact: a field of a DocType, in one version or in all.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Needed {
    /// The DocType.
    pub doctype: String,
    /// The field that has to be given.
    pub field: String,
    /// The version that has it so; all where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<u8>,
    /// When.
    pub when: Condition,
}

/// The facts, one a line.
pub const FACTS: &str = include_str!("needed.jsonl");

static NEEDED: LazyLock<BTreeMap<(String, String), Vec<Needed>>> = LazyLock::new(|| {
    let mut all: BTreeMap<_, Vec<Needed>> = BTreeMap::new();
    // A test reads every line.
    for needed in FACTS.lines().filter_map(|line| serde_json::from_str::<Needed>(line).ok()) {
        all.entry((needed.doctype.clone(), needed.field.clone())).or_default().push(needed);
    }
    all
});

/// When this field of a plain site of the version has to be given, where that is known.
pub fn when(version: Version, doctype: &str, field: &str) -> Option<&'static Condition> {
    let known = NEEDED.get(&(doctype.to_owned(), field.to_owned()))?;
    known.iter().find(|needed| needed.only.is_none_or(|only| only == version.major())).map(|needed| &needed.when)
}

/// Marks the fields of which this site says otherwise than [`when`] when they have to be given: somebody customised them, or its
/// app is another than the one that is known. `meta` is what the DocType was read from.
pub fn mark(version: Version, meta: &Value, doctype: &mut DocType) {
    for entry in meta.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(known) = when(version, &doctype.name, text("fieldname")) else { continue };
        if Condition::parse(text("mandatory_depends_on")).as_ref() != Some(known) {
            let of_it = doctype.fields.iter_mut().filter(|field| field.fieldname == text("fieldname"));
            of_it.for_each(|field| field.flags |= flag::NEEDED_OTHERWISE);
        }
    }
}

impl Condition {
    /// Reads an expression of one of the common forms: `doc.x`, `!doc.x`, `doc.x == "y"`, `!=`,
    /// `["y", "z"].includes(doc.x)`, `in_list(["y"], doc.x)`, and those with `&&` and `||` between them; or the bare name
    /// of a field.
    pub fn parse(expression: &str) -> Option<Self> {
        let expression = expression.trim();
        let Some(script) = expression.strip_prefix("eval:") else {
            let is_name = expression.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            return (is_name && !expression.is_empty()).then(|| Self(vec![vec![term(expression, Is::Set)]]));
        };
        let script = bare(script.trim().trim_end_matches(';'));
        let all = |terms: &str| split(terms, "&&")?.into_iter().map(Term::parse).collect::<Option<Vec<Term>>>();
        split(script, "||")?.into_iter().map(all).collect::<Option<Vec<_>>>().map(Self)
    }

    /// An expression that is read as this condition.
    pub fn expression(&self) -> String {
        let all = |terms: &Vec<Term>| terms.iter().map(Term::expression).collect::<Vec<_>>().join(" && ");
        format!("eval:{}", self.0.iter().map(all).collect::<Vec<_>>().join(" || "))
    }

    /// The fields that it looks at.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().map(|term| term.field.as_str())
    }

    /// The terms by which it holds of the document, if it does.
    pub fn holds(&self, doc: &Map<String, Value>) -> Option<&[Term]> {
        self.0.iter().find(|terms| terms.iter().all(|term| term.holds(doc))).map(Vec::as_slice)
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let text = bare(text);
        if let Some(inside) = text.strip_prefix("in_list(").and_then(|rest| rest.strip_suffix(')')) {
            let (list, field) = inside.rsplit_once(',')?;
            return Some(term(name(field)?, Is::OneOf(list_of(list)?)));
        }
        if let Some((list, field)) = text.split_once(".includes(") {
            return Some(term(name(field.strip_suffix(')')?)?, Is::OneOf(list_of(list)?)));
        }
        type Made = fn(Vec<String>) -> Is;
        let signs: [(&str, Made); 2] = [("!=", Is::NoneOf), ("==", Is::OneOf)];
        for (sign, is) in signs {
            if let Some((field, value)) = text.split_once(sign) {
                // `===` asks for no more than `==` of what a form holds.
                let value = literal(value.strip_prefix('=').unwrap_or(value))?;
                let found = is(vec![value]);
                return Some(term(
                    name(field)?,
                    match found {
                        Is::OneOf(values) if values == [""] => Is::NotSet,
                        Is::NoneOf(values) if values == [""] => Is::Set,
                        found => found,
                    },
                ));
            }
        }
        match text.strip_prefix('!') {
            Some(field) => Some(term(name(bare(field))?, Is::NotSet)),
            None => Some(term(name(text)?, Is::Set)),
        }
    }

    fn expression(&self) -> String {
        let field = format!("doc.{}", self.field);
        match &self.is {
            Is::Set => field,
            Is::NotSet => format!("!{field}"),
            Is::OneOf(values) => match values.as_slice() {
                [value] => format!("{field} == \"{value}\""),
                values => format!("[\"{}\"].includes({field})", values.join("\", \"")),
            },
            Is::NoneOf(values) => {
                values.iter().map(|value| format!("{field} != \"{value}\"")).collect::<Vec<_>>().join(" && ")
            }
        }
    }

    fn holds(&self, doc: &Map<String, Value>) -> bool {
        let said = said(doc.get(&self.field));
        match &self.is {
            Is::Set => !matches!(said.as_str(), "" | "0"),
            Is::NotSet => matches!(said.as_str(), "" | "0"),
            Is::OneOf(values) => values.contains(&said),
            Is::NoneOf(values) => !values.contains(&said),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match &self.is {
            Is::Set => write!(f, "{field} is set"),
            Is::NotSet => write!(f, "{field} is not set"),
            Is::OneOf(values) => write!(f, "{field} is {}", values.join(" or ")),
            Is::NoneOf(values) => write!(f, "{field} is not {}", values.join(" or ")),
        }
    }
}

fn term(field: &str, is: Is) -> Term {
    Term { field: field.to_owned(), is }
}

/// Without the brackets around all of it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) if !inside.contains(['(', ')']) => inside.trim(),
        _ => text,
    }
}

/// The parts between these signs; none where brackets hold some of them together.
fn split<'t>(text: &'t str, sign: &str) -> Option<Vec<&'t str>> {
    let parts: Vec<&str> = text.split(sign).map(str::trim).collect();
    let even = |part: &&str| part.matches('(').count() == part.matches(')').count();
    parts.iter().all(even).then_some(parts)
}

/// The field in `doc.x`.
fn name(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("doc.")?.trim();
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// A text in quotation marks, or a whole number.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = ['"', '\''].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    match quoted {
        Some(inside) => (!inside.contains(['"', '\'', '\\'])).then(|| inside.to_owned()),
        None => text.parse::<i64>().ok().map(|number| number.to_string()),
    }
}

fn list_of(text: &str) -> Option<Vec<String>> {
    text.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(literal).collect()
}

/// What a field says, as it is compared: nothing, a tick and a number as text.
fn said(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Bool(tick)) => u8::from(*tick).to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(rows)) if rows.is_empty() => String::new(),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{Condition, FACTS, Needed, mark};
    use crate::snapshot::DocType;
    use crate::{Version, flag};

    fn told(expression: &str, doc: Value) -> Option<String> {
        let condition = Condition::parse(expression).unwrap();
        let terms = condition.holds(doc.as_object().unwrap())?;
        Some(terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "))
    }

    #[test]
    fn the_common_forms_are_read() {
        for (expression, doc, expected) in [
            ("is_fixed_asset", json!({"is_fixed_asset": 1}), Some("is_fixed_asset is set")),
            ("is_fixed_asset", json!({"is_fixed_asset": 0}), None),
            ("eval: !doc.multiple", json!({}), Some("multiple is not set")),
            ("eval: !(doc.first_name)", json!({"first_name": "A"}), None),
            (
                "eval:doc.voucher_type == \"Bank Entry\"",
                json!({"voucher_type": "Bank Entry"}),
                Some("voucher_type is Bank Entry"),
            ),
            ("eval:doc.type=='Link';", json!({"type": "URL"}), None),
            ("eval:doc.frequency == '';", json!({}), Some("frequency is not set")),
            ("eval:doc.limited == 1;", json!({"limited": true}), Some("limited is 1")),
            ("eval:doc.limited === 1", json!({"limited": 1.0}), Some("limited is 1")),
            ("eval:doc.function !== 'Count'", json!({"function": "Sum"}), Some("function is not Count")),
            ("eval: [\"A B\", \"C\"].includes(doc.task)", json!({"task": "C"}), Some("task is A B or C")),
            ("eval: in_list(['A', 'B'], doc.channel)", json!({"channel": "C"}), None),
            ("eval:(doc.a && doc.b == \"x\")", json!({"a": "1", "b": "x"}), Some("a is set and b is x")),
            ("eval:doc.a == 'x' || doc.b", json!({"a": "y", "b": 1}), Some("b is set")),
        ] {
            assert_eq!(told(expression, doc).as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn what_has_another_form_is_not_guessed_at() {
        for expression in [
            "",
            "doc.party_type",
            "eval:parent.is_subcontracted",
            "eval:doc.qty > 0",
            "eval:(doc.a || doc.b) && doc.c=='x'",
            "eval:cint(frappe.boot.x)",
            "eval:doc.a == doc.b",
            "eval:doc.items.length",
        ] {
            assert_eq!(Condition::parse(expression), None, "{expression}");
        }
    }

    #[test]
    fn a_site_that_says_otherwise_than_the_facts_is_marked() {
        let marked = |expression: Value| {
            let completed =
                json!({"fieldname": "completed_on", "fieldtype": "Date", "mandatory_depends_on": expression});
            let plain = json!({"fieldname": "subject", "fieldtype": "Data", "mandatory_depends_on": "eval:doc.status"});
            let meta = json!({"name": "Task", "module": "Projects", "fields": [completed, plain]});
            let mut task = DocType::from_site(&meta, false).unwrap();
            mark(Version::V15, &meta, &mut task);
            // And it is kept.
            assert_eq!(DocType::from_snapshot(&task.to_snapshot()).unwrap(), task);
            task.fields.iter().map(|field| field.flags & flag::NEEDED_OTHERWISE != 0).collect::<Vec<_>>()
        };
        assert_eq!(marked(json!("eval: doc.status=='Completed'")), [false, false]);
        for other in [json!("eval:doc.status == 'Cancelled'"), json!("eval:doc.is_milestone > 0"), Value::Null] {
            assert_eq!(marked(other.clone()), [true, false], "{other}: of the subject nothing is known");
        }
    }

    #[test]
    fn every_line_of_the_facts_is_read() {
        for line in FACTS.lines() {
            let needed: Needed = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&needed).unwrap(), line);
            assert_eq!(Condition::parse(&needed.when.expression()), Some(needed.when), "{line}");
        }
        assert!(FACTS.lines().count() > 80);
    }
}
