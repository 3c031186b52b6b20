//! What a list is asked for, read from a call's arguments and checked against the table and the policy before anything
//! is sent: a filter or an order by a field that may not be seen would tell its value (H5).

use erpnext_schema::{
    Children, DocTypeDef, FieldDef, Operator, Rule, Violation, flag, labelled_field, nearest, nearest_field,
    not_permitted,
};
use serde_json::{Value, json};

use super::beyond::Neighbours;
use super::compare::{alias, compared, is_operator, no_choice, of_day, or_empty};
use super::foreign_syntax::{self, Meant};
use super::packed::unpacked;
use crate::policy::{FieldRule, Filter, Policy, Rows};
use crate::shape::{Masked, no_table};
use crate::site::is_compound;

const MASKED: &str = "the site hides it from this user, who needs the right to see it in ERPNext";

/// So many problems are told: for what is wrong beyond them nothing is looked for that may be meant.
const TOLD: usize = 30;

/// Reads queries on one DocType for one caller, and collects what is wrong with them.
pub struct Reader<'a> {
    pub(super) def: &'static DocTypeDef,
    pub(super) rule: &'a FieldRule,
    /// Finds the tables of child rows, where filters may be on their columns.
    pub(super) children: Option<Children<'a>>,
    /// What may be seen of the documents that are linked to; without it nothing.
    pub(super) neighbours: Option<&'a Neighbours>,
    /// Says which trees may be walked; without it none.
    policy: Option<&'a Policy>,
    /// What the site masks for the user, or hides.
    pub(super) masked: Option<&'a Masked>,
    violations: Vec<Violation>,
}

impl<'a> Reader<'a> {
    /// A reader without violations.
    pub fn new(def: &'static DocTypeDef, rule: &'a FieldRule) -> Self {
        Self { def, rule, children: None, neighbours: None, policy: None, masked: None, violations: Vec::new() }
    }

    /// The same for filters that may be on columns of child rows too: `items.item_code`, which any row may satisfy.
    pub fn with_rows(self, children: Children<'a>) -> Self {
        Self { children: Some(children), ..self }
    }

    /// The same for columns, groups and measures beyond the documents' own fields too.
    pub fn with_neighbours(self, neighbours: &'a Neighbours) -> Self {
        Self { neighbours: Some(neighbours), ..self }
    }

    /// The same for filters that may walk the trees which the policy shows.
    pub fn with_trees(self, policy: &'a Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// The same without the fields that are masked for the user (H84) or hidden (H5): a filter by one would tell its value.
    pub fn with_masked(self, masked: &'a Masked) -> Self {
        Self { masked: Some(masked), ..self }
    }

    /// What may be meant by something wrong, where that is told.
    fn meant<T>(&self, look: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.violations.len() < TOLD { look() } else { None }
    }

    fn is_masked(&self, doctype: &str, field: &str) -> bool {
        self.masked.is_some_and(|masked| masked.hides(doctype, field))
    }

    /// What was read, if nothing was wrong with it.
    ///
    /// # Errors
    /// Everything that was.
    pub fn done<T>(self, read: T) -> Result<T, Vec<Violation>> {
        if self.violations.is_empty() { Ok(read) } else { Err(self.violations) }
    }

    /// Whether nothing was wrong so far.
    pub fn is_right(&self) -> bool {
        self.violations.is_empty()
    }

    /// Notes something that is wrong.
    pub fn wrong(&mut self, path: &str, rule: Rule, message: impl Into<String>, nearest: Option<String>) {
        self.violations.push(Violation { path: path.to_owned(), rule, message: message.into(), nearest });
    }

    /// A field that a list can return, filter and sort by, and that the caller may see.
    pub fn field(&mut self, path: &str, name: &str) -> Option<&'static FieldDef> {
        let (def, rule) = (self.def, self.rule);
        let Some(field) = def.field(name).or_else(|| self.meant(|| self.labelled(name))) else {
            let near = self.meant(|| self.near(name)).map(str::to_owned);
            let none = format!("no such field in {}", def.name);
            let beside = (self.meant(|| self.elsewhere(path, name)), self.meant(|| self.in_rows(name)));
            let (message, near) = match beside {
                (Some(message), _) => (message, near),
                (None, Some(column)) if path == "order_by" => {
                    (format!("{none}; only its rows have {column}, and documents are not ordered by rows"), None)
                }
                (None, Some(column)) => (none, Some(column)),
                (None, None) => (none, near),
            };
            self.wrong(&named(path, name), Rule::UnknownField, message, near);
            return None;
        };
        if !rule.may_read(field) {
            self.wrong(&named(path, name), Rule::NotPermitted, not_permitted(field, "reading"), None);
            return None;
        }
        if self.is_masked(def.name, field.fieldname) {
            self.wrong(&named(path, name), Rule::NotPermitted, MASKED, None);
            return None;
        }
        if !field.in_lists() {
            let why = match field {
                field if field.is(flag::VIRTUAL) => "is computed on reading",
                field if field.is(flag::UNLISTED) => "has a name that no list of the site can ask for",
                _ => "is not a column",
            };
            let message = format!("{why} ({}), so a list cannot use it; get one document to see it", field.kind);
            self.wrong(&named(path, name), Rule::Value, message, None);
            return None;
        }
        Some(field)
    }

    /// A field that [`Self::field`] gives, with nothing noted where there is none.
    pub fn known(&self, name: &str) -> Option<&'static FieldDef> {
        self.def.field(name).filter(|field| field.in_lists() && self.rule.may_read(*field))
    }

    /// The name of the field that is meant by a wrong one.
    pub(super) fn near(&self, name: &str) -> Option<&'static str> {
        nearest_field(name, self.listed())
    }

    /// The fields that lists can have, and the caller may see.
    pub(super) fn listed(&self) -> impl Iterator<Item = &'static FieldDef> {
        let rule = self.rule;
        self.def.all_fields().filter(move |field| field.in_lists() && rule.may_read(*field))
    }

    /// A column of a child table that rows can be filtered by, and that the caller may see.
    pub(super) fn column(
        &mut self,
        path: &str,
        name: &str,
        children: Children<'_>,
    ) -> Option<(Rows, &'static FieldDef)> {
        let (def, rule) = (self.def, self.rule);
        let (by, column) = name.split_once('.')?;
        let known = def.table(by).and_then(|table| Some((table, children(table.rows_of()?)?)));
        let Some((table, child)) = known else {
            let tables = def.tables().filter(|table| rule.may_read(*table));
            let near = self.meant(|| nearest_field(by, tables)).map(|near| format!("{near}.{column}"));
            let message = match def.field(by).filter(|field| rule.may_read(*field)) {
                Some(field) => no_table(def, field),
                None => format!("{by} is no table of {}", def.name),
            };
            self.wrong(&named(path, name), Rule::UnknownField, message, near);
            return None;
        };
        let visible = |field: &&'static FieldDef| field.in_lists() && rule.may_read_child(table, *field);
        let by_label = || labelled_field(column, child.fields.iter().filter(|field| field.in_lists())).filter(visible);
        let Some(field) = child.field(column).or_else(|| self.meant(by_label)) else {
            let near = self.meant(|| nearest_field(column, child.fields.iter().filter(visible)));
            let near = near.map(|near| format!("{by}.{near}"));
            self.wrong(&named(path, name), Rule::UnknownField, format!("no such field in {}", child.name), near);
            return None;
        };
        if !rule.may_read_child(table, field) {
            self.wrong(&named(path, name), Rule::NotPermitted, not_permitted(field, "reading"), None);
            return None;
        }
        if self.is_masked(child.name, field.fieldname) {
            self.wrong(&named(path, name), Rule::NotPermitted, MASKED, None);
            return None;
        }
        if !field.in_lists() {
            self.wrong(&named(path, name), Rule::Value, format!("is not a column ({})", field.kind), None);
            return None;
        }
        Some((Rows::of(def, table)?, field))
    }

    /// Filters of which any has to hold. The site cannot be told one as a choice that takes it several comparisons.
    pub fn choices(&mut self, argument: &str, given: Option<&Value>) -> Vec<Filter> {
        let items = given.and_then(Value::as_array).filter(|items| items.iter().any(foreign_syntax::joins));
        if items.is_some() {
            let message = "each is one comparison: what has to hold together cannot be one of several choices";
            self.wrong(argument, Rule::Value, message, None);
            return Vec::new();
        }
        let choices = self.filters(argument, given);
        if choices.len() > 1 {
            for choice in choices.iter().filter(|choice| is_compound(choice)) {
                let (message, near) = no_choice(choice);
                self.wrong(argument, Rule::Value, format!("{}: {message}", choice.place()), near);
            }
        }
        choices
    }

    /// Filters as an object or as triples, all of which have to hold.
    pub fn filters(&mut self, argument: &str, given: Option<&Value>) -> Vec<Filter> {
        let mut filters = Vec::new();
        match given {
            Some(Value::Object(entries)) => {
                for (name, value) in entries {
                    let path = format!("{argument}.{name}");
                    filters.extend(self.entry(&path, name, value));
                }
            }
            Some(Value::Array(items)) if items.first().is_some_and(Value::is_string) => {
                filters.extend(self.triple(argument, items))
            }
            Some(Value::Array(items)) if items.first().is_some_and(Value::is_object) => {
                match foreign_syntax::objects(items) {
                    Some(meant) => filters.extend(self.filters(argument, Some(&meant))),
                    None => {
                        let message = r#"expected {"field": value} or [["field", operator, value]]"#;
                        self.wrong(argument, Rule::Value, message, None);
                    }
                }
            }
            Some(Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let path = format!("{argument}[{i}]");
                    match item {
                        Value::Array(triple) => filters.extend(self.triple(&path, triple)),
                        _ => self.wrong(&path, Rule::Value, r#"expected ["field", operator, value]"#, None),
                    }
                }
            }
            _ => {}
        }
        self.of_one_table(argument, &filters);
        filters
    }

    fn triple(&mut self, path: &str, parts: &[Value]) -> Option<Filter> {
        let (name, operator, value) = match parts {
            [Value::String(doctype), Value::String(name), Value::String(operator), value]
                if doctype == self.def.name =>
            {
                (name, operator, value)
            }
            [Value::String(child), Value::String(name), Value::String(operator), value]
                if self.table_of(child).is_some() =>
            {
                let table = self.table_of(child).unwrap_or_default();
                return self.comparison(path, &format!("{table}.{name}"), operator, value);
            }
            [Value::String(name), Value::String(operator), value] => (name, operator, value),
            [Value::String(name), value] => return self.entry(path, name, value),
            [Value::String(name), parts @ ..] => {
                if let Some((operator, value)) = foreign_syntax::operation(parts) {
                    return self.comparison(path, name, operator.as_str(), &value);
                }
                let near = foreign_syntax::list(parts).map(|meant| form(path, name, &meant));
                self.wrong(path, Rule::Value, r#"expected ["field", operator, value]"#, near);
                return None;
            }
            _ => {
                self.wrong(path, Rule::Value, r#"expected ["field", operator, value]"#, None);
                return None;
            }
        };
        self.comparison(path, name, operator, value)
    }

    /// The only table that holds rows of this DocType.
    fn table_of(&self, child: &str) -> Option<&'static str> {
        let tables = self.def.tables().filter(|table| table.rows_of() == Some(child));
        let mut tables = tables.filter(|table| self.rule.may_read(*table));
        tables.next().filter(|_| tables.next().is_none()).map(|field| field.fieldname)
    }

    fn entry(&mut self, path: &str, name: &str, value: &Value) -> Option<Filter> {
        let comparison = value.as_str().and_then(unpacked);
        let comparison = comparison.filter(|parts| parts[0].as_str().is_some_and(is_operator));
        match comparison.as_ref().unwrap_or(value) {
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(operator), value] if is_operator(operator) || !value.is_string() => {
                    self.comparison(path, name, operator, value)
                }
                parts => {
                    if let Some((operator, value)) = foreign_syntax::operation(parts) {
                        return self.comparison(path, name, operator.as_str(), &value);
                    }
                    let near = foreign_syntax::list(parts).map(|meant| form(path, name, &meant));
                    self.wrong(path, Rule::Value, "expected a value or [operator, value]", near);
                    None
                }
            },
            Value::Object(entries) => {
                let meant = foreign_syntax::object(entries);
                if let Some([(operator, value)]) = meant.as_deref() {
                    return self.comparison(path, name, operator.as_str(), value);
                }
                let mut message = "expected a value or [operator, value]".to_owned();
                let near = meant.map(|several| {
                    message.push_str("; several comparisons of one field are a list of [field, operator, value]");
                    let all = several.iter().map(|(operator, value)| json!([name, operator.as_str(), value]));
                    Value::from_iter(all).to_string()
                });
                self.wrong(path, Rule::Value, message, near);
                None
            }
            value => self.comparison(path, name, "=", value),
        }
    }

    fn comparison(&mut self, path: &str, name: &str, operator: &str, value: &Value) -> Option<Filter> {
        let column = match self.children.filter(|_| name.contains('.')) {
            Some(children) => self.column(path, name, children).map(|(rows, column)| (Some(rows), column)),
            None => self.compared_field(path, name).map(|field| (None, field)),
        };
        let (operator, or_empty) = or_empty(operator).map_or((operator, false), |operator| (operator, true));
        let (operator, value) = match alias(operator, value) {
            Some((operator, value)) => (operator, value),
            None => match operator.parse::<Operator>() {
                Ok(operator) => (operator, value.clone()),
                Err(why) => match foreign_syntax::comparison(operator, value) {
                    Some(meant) => meant,
                    None => {
                        let known = Operator::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", ");
                        let spelt = nearest(operator, Operator::ALL.iter().map(|known| known.as_str()));
                        let near = spelt.and_then(|spelt| foreign_syntax::comparison(spelt, value));
                        let near = near.map(|meant| form(path, name, &meant));
                        let why =
                            near.as_ref().map_or_else(|| why.to_string(), |_| format!("{operator:?} is no operator"));
                        self.wrong(path, Rule::Value, format!("{why}; the operators are: {known}"), near);
                        return None;
                    }
                },
            },
        };
        let (rows, field) = column?;
        let value = written(operator, value);
        // What lies below tells which parents the others have.
        let tree = field.target().unwrap_or(self.def.name);
        let names_a_document = field.target().is_some() || field.fieldname == "name";
        if operator.walks_a_tree() && names_a_document && Policy::is_no_tree(tree) {
            self.wrong(path, Rule::Value, format!("{operator} walks a tree, and {tree} is none"), None);
            return None;
        }
        if operator.walks_a_tree() && !self.policy.is_some_and(|policy| policy.shows_tree(tree)) {
            let message = format!("{operator} needs permission to read every {tree}, with its parent");
            self.wrong(path, Rule::NotPermitted, message, None);
            return None;
        }
        match compared(field, path, operator, &value).and_then(|value| of_day(field, path, operator, value)) {
            Ok((operator, value)) => {
                Some(Filter { rows, field: field.fieldname.to_owned(), operator, value, or_empty }.of(field))
            }
            Err(mut violation) => {
                match foreign_syntax::instead(field, operator, &value) {
                    Some(meant) => violation.nearest = Some(form(path, name, &meant)),
                    // The right value of one in a list is none for the whole filter.
                    None if value.is_array() => violation.nearest = None,
                    None => {}
                }
                self.violations.push(violation);
                None
            }
        }
    }
}

/// A list that came as JSON in a text.
fn written(operator: Operator, value: Value) -> Value {
    let takes_a_list = matches!(operator, Operator::In | Operator::NotIn | Operator::Between);
    match value.as_str().filter(|_| takes_a_list).and_then(unpacked) {
        Some(list @ Value::Array(_)) => list,
        _ => value,
    }
}

/// A comparison as it is written in this place: in a list it bears the name of its field.
fn form(path: &str, name: &str, (operator, value): &Meant) -> String {
    match (path.ends_with(&format!(".{name}")), operator) {
        (true, Operator::Eq) => value.to_string(),
        (true, operator) => json!([operator.as_str(), value]).to_string(),
        (false, operator) => json!([name, operator.as_str(), value]).to_string(),
    }
}

/// The place of an error, with the name that is wrong.
pub(super) fn named(path: &str, name: &str) -> String {
    if path.ends_with(&format!(".{name}")) { path.to_owned() } else { format!("{path}: {name}") }
}
