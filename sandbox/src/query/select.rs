//! One SELECT in the making: its columns, joins and parameters, from names that the site takes.

use erpnext_schema::{DocTypeDef, FieldDef, Version};
use serde_json::{Map, Value};

use super::order::spelled;
use crate::doc::display;
use crate::error::{SiteError, exc};
use crate::site::Site;
use crate::store::{Sql, columns, quote, table_name};

/// A column of the answer.
pub struct Column {
    pub sql: String,
    pub key: String,
    pub field: Option<&'static FieldDef>,
}

/// A statement in the making.
pub struct Select<'a> {
    site: &'a Site<'a>,
    def: &'static DocTypeDef,
    /// Whether rights are left aside.
    pub free: bool,
    /// Whether nothing but names may be seen: rows that are listed without their parent (H20).
    pub bare: bool,
    pub columns: Vec<Column>,
    /// Tables of rows that each row of the answer brings along: the field and the fields of its rows (H67).
    pub tables: Vec<(String, Value)>,
    /// Whether equal rows are told once.
    pub distinct: bool,
    pub joins: String,
    /// Conditions that joined documents bring along (H85).
    pub wheres: Vec<String>,
    pub params: Vec<Sql>,
}

const FUNCTIONS: [&str; 5] = ["count", "sum", "avg", "min", "max"];

impl<'a> Select<'a> {
    pub fn new(site: &'a Site<'a>, def: &'static DocTypeDef, free: bool) -> Self {
        let (columns, tables) = (Vec::new(), Vec::new());
        Self {
            site,
            def,
            free,
            bare: false,
            columns,
            tables,
            distinct: false,
            joins: String::new(),
            wheres: Vec::new(),
            params: Vec::new(),
        }
    }

    pub fn site(&self) -> &'a Site<'a> {
        self.site
    }

    pub fn def(&self) -> &'static DocTypeDef {
        self.def
    }

    pub fn version(&self) -> Version {
        self.site.version()
    }

    /// Adds a parameter and gives its mark.
    pub fn param(&mut self, value: Sql) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }

    /// The columns; what may not be seen is left out without a word (H5, H18), and `name` stands in for nothing.
    pub fn fields(&mut self, asked: &Value) -> Result<(), SiteError> {
        let texts: Vec<Value>;
        let asked = match asked {
            Value::Array(fields) => fields,
            Value::String(field) if !field.is_empty() => {
                texts = field.split(',').map(|field| Value::from(field.trim())).collect();
                &texts
            }
            _ => &Vec::new(),
        };
        for field in asked {
            match (field, display(field).trim()) {
                (Value::Object(_), _) if self.version() < Version::V16 => {
                    return Err(SiteError::new(exc::TYPE, "unhashable type: 'dict'"));
                }
                (Value::Object(function), _) => self.function(function)?,
                (_, "*") => self.all()?,
                (_, field) => self.add(field)?,
            }
        }
        if self.columns.is_empty() {
            self.add("name")?;
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), SiteError> {
        let def = self.def;
        for field in columns(def) {
            if self.version() >= Version::V16 && !field.fieldname.is_ascii() {
                return Err(not_a_field(field.fieldname));
            }
            if self.visible(def, field) {
                let sql = format!("{}.{}", table_name(def.name), quote(field.fieldname));
                self.columns.push(Column { sql, key: field.fieldname.to_owned(), field: Some(field) });
            }
        }
        Ok(())
    }

    fn add(&mut self, asked: &str) -> Result<(), SiteError> {
        let (new, first) = (self.version() >= Version::V16, self.columns.is_empty());
        let at = asked.to_lowercase().rfind(" as ");
        let (expression, alias) = match at {
            Some(at) => (asked[..at].trim(), Some(asked[at + 4..].trim().trim_matches('`').to_owned())),
            None => (asked, None),
        };
        if let Some((function, inside)) = expression.strip_suffix(')').and_then(|text| text.split_once('(')) {
            let function = function.trim().to_lowercase();
            if !FUNCTIONS.contains(&function.as_str()) {
                return Err(SiteError::new(exc::INDEX, "list index out of range"));
            }
            if inside.trim() == "*" {
                return Err(SiteError::throw(exc::DATA, "Field not permitted in query: *"));
            }
            if new && self.find(None, inside.trim()).is_ok_and(|found| !found.visible) {
                return Ok(());
            }
            if new {
                let text = format!(
                    "SQL functions are not allowed as strings in SELECT: {asked}. Use dict syntax like {{'COUNT': '*'}} instead."
                );
                return Err(SiteError::invalid(text));
            }
            let (distinct, name) = match inside.trim().strip_prefix("distinct ") {
                Some(name) => (true, name),
                None => (false, inside.trim()),
            };
            let key = alias.unwrap_or_else(|| expression.to_owned());
            return self.computed(&function, distinct, spelled(Version::V15, name)?, key);
        }
        if expression.contains(['(', ')', ';']) {
            return Err(SiteError::new(exc::INDEX, "list index out of range"));
        }
        let expression = match expression.strip_prefix("distinct ") {
            Some(name) if first && !new => {
                self.distinct = true;
                name.trim()
            }
            _ => expression,
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        if new && !expression.starts_with("`tab") && !expression.trim_matches('`').chars().all(is_name)
            || new && !expression.is_ascii()
        {
            return Err(not_a_field(expression));
        }
        if !self.reaches(expression)? {
            return Ok(());
        }
        let found = self.find(None, expression)?;
        if found.visible {
            let last = expression.rsplit('.').next().unwrap_or(expression).trim_matches('`');
            let key = alias.unwrap_or_else(|| last.to_owned());
            if !self.columns.iter().any(|column| column.key == key) {
                self.columns.push(Column { sql: found.sql, key, field: found.field });
            }
        }
        Ok(())
    }

    /// `{"COUNT": "name", "as": "n"}`, or `{"items": ["item_code"]}` for rows inside the row (H55, H67).
    fn function(&mut self, asked: &Map<String, Value>) -> Result<(), SiteError> {
        let alias = asked.get("as").and_then(Value::as_str);
        let Some((function, argument)) = asked.iter().find(|(key, _)| *key != "as") else {
            return Err(SiteError::invalid("Invalid field format"));
        };
        let lower = function.to_lowercase();
        if *function == lower {
            if !argument.is_array() {
                return Err(SiteError::invalid(format!(
                    "Child query fields for '{function}' must be a list or tuple."
                )));
            }
            if self.def.table(function).is_none() {
                return Err(SiteError::invalid(format!("{function} is no child table of {}", self.def.name)));
            }
            self.tables.push((function.clone(), argument.clone()));
            return Ok(());
        }
        if !FUNCTIONS.contains(&lower.as_str()) {
            return Err(SiteError::invalid(format!("Unsupported function or operator: {function}")));
        }
        let Value::String(name) = argument else {
            return Err(SiteError::invalid(
                "Invalid function argument type. Only strings, numbers, lists, and None are allowed.",
            ));
        };
        if name.starts_with('`') && !name.starts_with("`tab") {
            let text = format!(
                "Invalid argument format: {name}. Only quoted string literals or simple field names are allowed."
            );
            return Err(SiteError::invalid(text));
        }
        let key = alias.map_or_else(|| format!("{function}({name})"), str::to_owned);
        if name == "*" {
            self.columns.push(Column { sql: "count(*)".to_owned(), key, field: None });
            return Ok(());
        }
        let found = self.find(None, name)?;
        if !found.visible {
            return Err(self.forbidden(None, name));
        }
        self.computed(&lower, false, name, key)
    }

    /// Adds a function of a field.
    pub fn computed(&mut self, function: &str, distinct: bool, name: &str, key: String) -> Result<(), SiteError> {
        let found = self.find(None, name)?;
        if found.visible {
            let counted = function == "count";
            let field = found.field.filter(|_| !counted);
            let own_name = format!("{}.\"name\"", table_name(self.def.name));
            let sql = match found.sql {
                // Every document has a name; one that is not asked for can be counted by an index alone.
                name if counted && !distinct && name == own_name => "count(*)".to_owned(),
                sql => format!("{function}({}{sql})", if distinct { "DISTINCT " } else { "" }),
            };
            self.columns.push(Column { sql, key, field });
        }
        Ok(())
    }
}

/// 403, as 16 says it of what cannot be a field.
fn not_a_field(text: &str) -> SiteError {
    let text = format!(
        "Invalid field format for SELECT: {text}. Field names must be simple, backticked, table-qualified, aliased, or '*'."
    );
    SiteError::throw(exc::PERMISSION, text)
}
