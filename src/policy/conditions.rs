//! Conditions on documents: whether a document satisfies one, and what a list has to be filtered by so that it holds
//! only those that do.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use erpnext_schema::Operator;
use erpnext_schema::collation::like;
use serde_json::{Map, Value, json};

use super::compare::{compare, day, equal, text};
use super::{Filter, Within};
use crate::config::{Condition, Operand, Test};

/// What the variables of conditions stand for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// `$user`: the ERPNext user on whose behalf the call is made.
    pub user: Arc<str>,
    /// `$today`: the date on the site, `YYYY-MM-DD`.
    pub today: Arc<str>,
}

/// What a field without a value means to a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absent {
    /// The field is empty: so it is in a document that is stored.
    IsEmpty,
    /// The test fails: of a new document nobody knows what the site will put there. Only `is_set: false` is satisfied.
    Fails,
}

/// The part of a condition that a document does not satisfy. `Display` says what is asked for, never what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet(String);

#[cfg(test)]
impl Unmet {
    pub(crate) fn for_test(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the condition names a variable, so that it cannot be judged without [`Facts`].
pub fn has_variables(condition: &Condition) -> bool {
    let variable = |operand: &Operand| !matches!(operand, Operand::Value(_));
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(has_variables),
        Condition::Field(_, test) => match test {
            Test::In(list) | Test::NotIn(list) => list.iter().any(variable),
            Test::Eq(one) | Test::Ne(one) | Test::Gt(one) | Test::Gte(one) | Test::Lt(one) | Test::Lte(one) => {
                variable(one)
            }
            Test::Between(low, high) => variable(low) || variable(high),
            Test::Like(_) | Test::Regex(_) | Test::IsSet(_) => false,
        },
    }
}

/// A condition with what its variables stand for.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// Where they are not known, a test with a variable fails.
    pub facts: Option<&'a Facts>,
    /// What a field without a value means.
    pub absent: Absent,
    /// Fields whose values are not known: a test of one fails.
    pub unknown: &'a [&'a str],
}

impl Judge<'_> {
    /// Whether the document satisfies the condition.
    ///
    /// A test of a table's column (`items.rate`) has to hold in every row. Texts compare as the site's database compares
    /// them: by its collation.
    ///
    /// # Errors
    /// The first part that it does not satisfy.
    pub fn judge(self, condition: &Condition, doc: &Map<String, Value>) -> Result<(), Unmet> {
        match condition {
            Condition::All(parts) => parts.iter().try_for_each(|part| self.judge(part, doc)),
            Condition::Any(parts) => {
                let mut unmet = Vec::new();
                for part in parts {
                    match self.judge(part, doc) {
                        Ok(()) => return Ok(()),
                        Err(Unmet(words)) => unmet.push(words),
                    }
                }
                Err(Unmet(unmet.join(", or ")))
            }
            Condition::Field(name, test) => {
                let held = match name.split_once('.') {
                    None => self.holds(test, doc.get(name)),
                    Some((table, column)) => match doc.get(table).and_then(Value::as_array).map(Vec::as_slice) {
                        None | Some([]) => self.holds(test, None),
                        Some(rows) => rows.iter().all(|row| self.of(row).holds(test, row.get(column))),
                    },
                };
                let decided = self.unknown.contains(&name.as_str());
                let unknown = self.facts.is_none() && has_variables(condition);
                let why = match (decided, unknown) {
                    (true, _) => {
                        " (which the site decides when it stores the document, so that it is not known before)"
                    }
                    (_, true) => " (which is not known here)",
                    _ => "",
                };
                if held && !decided { Ok(()) } else { Err(Unmet(format!("{}{why}", self.words(condition)))) }
            }
        }
    }

    /// For a row: of a new one nobody knows what the site will put there.
    fn of(self, row: &Value) -> Self {
        if row.get("name").is_some() { self } else { Self { absent: Absent::Fails, ..self } }
    }

    fn holds(self, test: &Test, value: Option<&Value>) -> bool {
        let value = value.filter(|value| !value.is_null() && *value != "").unwrap_or(&Value::Null);
        if value.is_null() && self.absent == Absent::Fails {
            return *test == Test::IsSet(false);
        }
        let is = |operand: &Operand| self.value(operand).map(|operand| equal(value, &operand));
        let order = |operand: &Operand| self.value(operand).and_then(|operand| compare(value, &operand));
        match test {
            Test::In(list) => list.iter().any(|operand| is(operand) == Some(true)),
            Test::NotIn(list) => list.iter().all(|operand| is(operand) == Some(false)),
            Test::Eq(operand) => is(operand) == Some(true),
            Test::Ne(operand) => is(operand) == Some(false),
            Test::Gt(operand) => order(operand) == Some(Ordering::Greater),
            Test::Gte(operand) => matches!(order(operand), Some(Ordering::Greater | Ordering::Equal)),
            Test::Lt(operand) => order(operand) == Some(Ordering::Less),
            Test::Lte(operand) => matches!(order(operand), Some(Ordering::Less | Ordering::Equal)),
            Test::Between(low, high) => match (self.value(low), self.value(high)) {
                (Some(low), Some(high)) => {
                    matches!(compare(&day(value, &low), &low), Some(Ordering::Greater | Ordering::Equal))
                        && matches!(compare(&day(value, &high), &high), Some(Ordering::Less | Ordering::Equal))
                }
                _ => false,
            },
            Test::Like(pattern) => text(value).is_some_and(|text| like(pattern, &text)),
            Test::Regex(pattern) => text(value).is_some_and(|text| pattern.is_in(&text)),
            // As the site's own `is set` has it, a number of 0 is not set.
            Test::IsSet(wanted) => *wanted != (value.is_null() || value.as_f64() == Some(0.0)),
        }
    }

    /// What an operand stands for; nothing where that is not known.
    fn value(self, operand: &Operand) -> Option<Value> {
        match operand {
            Operand::Value(value) => Some(value.clone()),
            Operand::User => self.facts.map(|facts| json!(&*facts.user)),
            Operand::Today => self.facts.map(|facts| json!(&*facts.today)),
        }
    }

    /// What the condition asks for.
    pub fn words(self, condition: &Condition) -> String {
        let each =
            |parts: &[Condition], with: &str| parts.iter().map(|part| self.words(part)).collect::<Vec<_>>().join(with);
        match condition {
            Condition::All(parts) => each(parts, " and "),
            Condition::Any(parts) => format!("({})", each(parts, " or ")),
            Condition::Field(name, test) => format!("{name} must be {}", self.test_words(test)),
        }
    }

    fn test_words(self, test: &Test) -> String {
        let one = |operand: &Operand| match (self.value(operand), operand) {
            (Some(value), _) => value.to_string(),
            (None, Operand::User) => "$user".to_owned(),
            (None, _) => "$today".to_owned(),
        };
        let list = |operands: &[Operand]| operands.iter().map(one).collect::<Vec<_>>().join(", ");
        match test {
            Test::In(operands) => format!("one of {}", list(operands)),
            Test::NotIn(operands) => format!("none of {}", list(operands)),
            Test::Eq(operand) => one(operand),
            Test::Ne(operand) => format!("other than {}", one(operand)),
            Test::Gt(operand) => format!("above {}", one(operand)),
            Test::Gte(operand) => format!("at least {}", one(operand)),
            Test::Lt(operand) => format!("below {}", one(operand)),
            Test::Lte(operand) => format!("at most {}", one(operand)),
            Test::Between(low, high) => format!("from {} to {}", one(low), one(high)),
            Test::Like(pattern) => format!("like {pattern:?}"),
            Test::Regex(pattern) => format!("a text that matches {:?}", pattern.as_str()),
            Test::IsSet(true) => "set".to_owned(),
            Test::IsSet(false) => "empty".to_owned(),
        }
    }

    /// The filters of a list that say the condition of a read: the configuration took it as one that filters can say. None
    /// where a variable is not known, or the condition cannot be said by filters.
    pub fn within(self, condition: &Condition) -> Option<Within> {
        let mut within = Within::default();
        match condition {
            Condition::All(parts) => {
                for part in parts {
                    let more = self.within(part)?;
                    if !within.any.is_empty() && !more.any.is_empty() {
                        return None;
                    }
                    within.all.extend(more.all);
                    within.any.extend(more.any);
                }
            }
            Condition::Any(parts) => {
                for part in parts {
                    let Condition::Field(name, test) = part else { return None };
                    let mut filters = self.filters(name, test)?;
                    within.any.extend(filters.pop().filter(|_| filters.is_empty()).map(Some)?);
                }
            }
            Condition::Field(name, test) => within.all = self.filters(name, test)?,
        }
        Some(within)
    }

    fn filters(self, name: &str, test: &Test) -> Option<Vec<Filter>> {
        let filter = |operator, value: Value| Some(vec![Filter::new(name, operator, value)]);
        // To a condition an empty field is another value than any.
        let or_empty = |operator, value: Value| Some(vec![Filter::new(name, operator, value).or_empty()]);
        let list = |operands: &[Operand]| operands.iter().map(|operand| self.value(operand)).collect::<Option<Value>>();
        let is = |set: bool| filter(Operator::Is, json!(if set { "set" } else { "not set" }));
        match test {
            Test::In(operands) => filter(Operator::In, list(operands)?),
            Test::NotIn(operands) => or_empty(Operator::NotIn, list(operands)?),
            Test::Eq(operand) => filter(Operator::Eq, self.value(operand)?),
            Test::Ne(operand) => or_empty(Operator::Ne, self.value(operand)?),
            Test::Gt(operand) => filter(Operator::Gt, self.value(operand)?),
            Test::Gte(operand) => filter(Operator::Gte, self.value(operand)?),
            Test::Lt(operand) => filter(Operator::Lt, self.value(operand)?),
            Test::Lte(operand) => filter(Operator::Lte, self.value(operand)?),
            Test::Between(low, high) => filter(Operator::Between, json!([self.value(low)?, self.value(high)?])),
            // The site finds any text in an empty one too (H22).
            Test::Like(pattern) if pattern.bytes().all(|byte| byte == b'%') => is(true),
            Test::Like(pattern) => filter(Operator::Like, json!(pattern)),
            Test::Regex(_) => None,
            Test::IsSet(set) => is(*set),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Absent, Facts, Filter, Judge, Operator, Within};
    use crate::config::{Condition, Config, Operation};

    fn condition(operation: Operation, stated: &Value) -> Condition {
        let config = json!({
            "erpnext": {"url": "http://localhost", "api_key": "k", "api_secret": "s"},
            "permissions": {"doctypes": {"Customer": {"conditions": {operation.as_str(): stated}}}},
        });
        let config = Config::from_text(&config.to_string()).unwrap_or_else(|error| panic!("{stated}: {error}"));
        config.permissions.doctypes["Customer"].conditions[&operation].clone()
    }

    fn facts() -> Facts {
        Facts { user: "ann@example.com".into(), today: "2026-11-25".into() }
    }

    fn holds(absent: Absent, stated: Value, doc: Value) -> bool {
        let facts = facts();
        let judge = Judge { facts: Some(&facts), absent, unknown: &[] };
        judge.judge(&condition(Operation::Update, &stated), doc.as_object().unwrap()).is_ok()
    }

    fn within(stated: Value) -> Within {
        let facts = facts();
        Judge { facts: Some(&facts), absent: Absent::IsEmpty, unknown: &[] }
            .within(&condition(Operation::Read, &stated))
            .unwrap()
    }

    #[test]
    fn every_test_holds_for_what_it_says_and_for_nothing_else() {
        for (stated, holding, failing) in [
            (json!({"territory": ["UAE", "Oman"]}), json!("uae "), json!("India")),
            (json!({"territory": "UAE"}), json!("UAE"), json!("")),
            (json!({"disabled": 0}), json!(0), json!(1)),
            (json!({"disabled": {"ne": 1}}), json!(false), json!(true)),
            (json!({"status": {"not_in": ["Closed"]}}), Value::Null, json!("closed")),
            (json!({"total": {"gt": 10}}), json!(10.5), json!(10)),
            (json!({"total": {"gte": "10"}}), json!(10), json!(9.99)),
            (json!({"total": {"lt": 10}}), json!(-1), Value::Null),
            (json!({"total": {"lte": 10}}), json!(10), json!("x")),
            (json!({"due_date": {"lt": "$today"}}), json!("2026-11-24"), json!("2026-11-25")),
            (json!({"due_date": {"lte": "$today"}}), json!("2026-11-25"), Value::Null),
            (json!({"owner": "$user"}), json!("Ann@example.com"), json!("bob@example.com")),
            (
                json!({"at": {"between": ["2026-01-01", "2026-01-31"]}}),
                json!("2026-01-31 23:59:59"),
                json!("2026-02-01"),
            ),
            (json!({"name1": {"like": "ac%_e"}}), json!("ACME"), json!("ACM")),
            (json!({"name1": {"regex": "^A[0-9]+$"}}), json!("A12"), json!("xA12")),
            (json!({"name1": {"is_set": true}}), json!("x"), json!("")),
            (json!({"total": {"is_set": false}}), json!(0), json!(0.5)),
            (json!({"a": {"gte": 1, "lte": 3}}), json!(2), json!(4)),
        ] {
            let field = stated.as_object().unwrap().keys().next().unwrap().clone();
            let doc = |value: &Value| Value::Object(Map::from_iter([(field.clone(), value.clone())]));
            assert!(holds(Absent::IsEmpty, stated.clone(), doc(&holding)), "{stated} {holding}");
            assert!(!holds(Absent::IsEmpty, stated.clone(), doc(&failing)), "{stated} {failing}");
        }
    }

    #[test]
    fn an_absent_field_fails_a_new_document_unless_it_is_to_be_empty() {
        for stated in
            [json!({"a": {"ne": 1}}), json!({"a": ["x"]}), json!({"a": {"not_in": ["x"]}}), json!({"a": {"lt": 5}})]
        {
            assert!(!holds(Absent::Fails, stated.clone(), json!({})), "{stated}");
            assert!(!holds(Absent::Fails, stated.clone(), json!({"a": null})), "{stated}");
        }
        assert!(holds(Absent::Fails, json!({"a": {"is_set": false}}), json!({})));
        assert!(holds(Absent::IsEmpty, json!({"a": {"ne": 1}}), json!({})));
    }

    #[test]
    fn parts_are_anded_and_any_of_is_ored() {
        let stated = json!({"a": 1, "any_of": [{"b": 1}, {"b": 2, "c": 3}]});
        for (doc, expected) in [
            (json!({"a": 1, "b": 1}), true),
            (json!({"a": 1, "b": 2, "c": 3}), true),
            (json!({"a": 1, "b": 2}), false),
            (json!({"b": 1}), false),
        ] {
            assert_eq!(holds(Absent::IsEmpty, stated.clone(), doc.clone()), expected, "{doc}");
        }
    }

    #[test]
    fn a_test_of_a_column_holds_in_every_row() {
        let stated = json!({"items.rate": {"lte": 100}});
        assert!(holds(Absent::Fails, stated.clone(), json!({"items": [{"rate": 1}, {"rate": 100}]})));
        assert!(!holds(Absent::Fails, stated.clone(), json!({"items": [{"rate": 1}, {"rate": 101}]})));
        assert!(!holds(Absent::Fails, stated.clone(), json!({"items": [{"rate": 1}, {}]})));
        assert!(!holds(Absent::Fails, stated, json!({"items": []})));
    }

    #[test]
    fn a_variable_that_is_not_known_fails_closed() {
        let judge = Judge { facts: None, absent: Absent::IsEmpty, unknown: &[] };
        for stated in
            [json!({"owner": "$user"}), json!({"owner": {"ne": "$user"}}), json!({"d": {"not_in": ["$today"]}})]
        {
            let condition = condition(Operation::Read, &stated);
            assert!(super::has_variables(&condition));
            let unmet = judge.judge(&condition, &Map::new()).unwrap_err();
            assert!(unmet.to_string().contains("not known"), "{unmet}");
            assert_eq!(judge.within(&condition), None);
        }
    }

    #[test]
    fn a_scope_becomes_filters() {
        let scope = within(json!({
            "territory": ["UAE"], "disabled": 0, "due": {"lte": "$today"}, "any_of": [{"owner": "$user"}, {"open": {"gt": 3}}],
        }));
        assert_eq!(
            scope.all,
            [
                Filter::new("territory", Operator::In, json!(["UAE"])),
                Filter::eq("disabled", 0),
                Filter::new("due", Operator::Lte, "2026-11-25"),
            ]
        );
        assert_eq!(scope.any, [Filter::eq("owner", "ann@example.com"), Filter::new("open", Operator::Gt, 3)]);
    }
}
