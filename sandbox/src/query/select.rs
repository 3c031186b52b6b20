//! One SELECT in the making: its columns, joins and parameters, from names that the site takes.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Operator, Shape, doctype_flag};
use serde_json::Value;

use super::filter::Condition;
use crate::doc::display;
use crate::error::{SiteError, exc};
use crate::perms::{Right, roles};
use crate::site::Site;
use crate::store::{HIDDEN_COLUMNS, Sql, columns, quote, table_name, to_sql};

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
    free: bool,
    pub columns: Vec<Column>,
    pub joins: String,
    pub params: Vec<Sql>,
}

/// A field that was found, and how SQL names it.
struct Found {
    sql: String,
    field: Option<&'static FieldDef>,
    visible: bool,
}

const FUNCTIONS: [&str; 5] = ["count", "sum", "avg", "min", "max"];

/// Words of SQL that stock fields and those of a site are named like. The site quotes plain columns and filters, and
/// nothing else (H17).
const RESERVED: [&str; 11] =
    ["order", "group", "from", "key", "keys", "index", "select", "default", "delete", "match", "use"];

/// What the database says of a word of SQL where a name was meant.
fn spelled(name: &str) -> Result<&str, SiteError> {
    if RESERVED.contains(&name) {
        let text = format!("(1064, \"You have an error in your SQL syntax near '{name}'\")");
        return Err(SiteError::new(exc::PROGRAMMING, text));
    }
    Ok(name)
}

impl<'a> Select<'a> {
    pub fn new(site: &'a Site<'a>, def: &'static DocTypeDef, free: bool) -> Self {
        Self { site, def, free, columns: Vec::new(), joins: String::new(), params: Vec::new() }
    }

    /// Adds a parameter and gives its mark.
    pub fn param(&mut self, value: Sql) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }

    /// The columns; what may not be seen is left out without a word (H5, H18), and `name` stands in for nothing.
    pub fn fields(&mut self, asked: &Value) -> Result<(), SiteError> {
        let asked: Vec<String> = match asked {
            Value::Array(fields) => fields.iter().map(display).collect(),
            Value::String(field) if !field.is_empty() => {
                field.split(',').map(|field| field.trim().to_owned()).collect()
            }
            _ => Vec::new(),
        };
        for field in &asked {
            match field.trim() {
                "*" => self.all(),
                field => self.add(field)?,
            }
        }
        if self.columns.is_empty() {
            self.add("name")?;
        }
        Ok(())
    }

    fn all(&mut self) {
        let def = self.def;
        for field in columns(def) {
            if self.visible(def, field) {
                let sql = format!("{}.{}", table_name(def.name), quote(field.fieldname));
                self.columns.push(Column { sql, key: field.fieldname.to_owned(), field: Some(field) });
            }
        }
    }

    fn add(&mut self, asked: &str) -> Result<(), SiteError> {
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
            let (distinct, name) = match inside.trim().strip_prefix("distinct ") {
                Some(name) => ("DISTINCT ", name),
                None => ("", inside.trim()),
            };
            let found = self.find(None, spelled(name)?)?;
            if found.visible {
                let key = alias.unwrap_or_else(|| expression.to_owned());
                let counted = matches!(function.as_str(), "count");
                let field = found.field.filter(|_| !counted);
                let own_name = format!("{}.\"name\"", table_name(self.def.name));
                let sql = match found.sql {
                    // Every document has a name; one that is not asked for can be counted by an index alone.
                    name if counted && distinct.is_empty() && name == own_name => "count(*)".to_owned(),
                    sql => format!("{function}({distinct}{sql})"),
                };
                self.columns.push(Column { sql, key, field });
            }
            return Ok(());
        }
        if expression.contains(['(', ')', ';']) {
            return Err(SiteError::new(exc::INDEX, "list index out of range"));
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

    /// H5. A level that no role reaches is closed to Administrator as well, whose single reads show it.
    fn visible(&self, def: &'static DocTypeDef, field: &FieldDef) -> bool {
        let reached = || field.permlevel == 0 || roles::of(def.name).iter().any(|p| p.level == field.permlevel);
        let allowed = || self.site.level_allows(def.name, field.permlevel, Right::Read) && reached();
        !field.fieldname.starts_with("__") && (self.free || def.is(doctype_flag::CHILD) || allowed())
    }

    /// A name in any of the site's forms: `field`, `` `tabX`.`field` ``, `items.item_code`, `customer.territory`.
    fn find(&mut self, doctype: Option<&str>, name: &str) -> Result<Found, SiteError> {
        let unknown = || SiteError::throw(exc::DATA, format!("Field not permitted in query: {name}"));
        let plain = name.replace(['`', '"'], "");
        let (table, fieldname) = match plain.split_once('.') {
            Some((table, field)) => (Some(table.trim().to_owned()), field.trim().to_owned()),
            None => (doctype.map(|doctype| format!("tab{doctype}")), plain),
        };
        let (def, alias) = match table {
            None => (self.def, table_name(self.def.name)),
            Some(table) => match table.strip_prefix("tab").and_then(|name| self.site.meta.get(name)) {
                Some(def) if def.name == self.def.name => (def, table_name(def.name)),
                Some(def) => (def, self.join_rows(def, None).ok_or_else(unknown)?),
                None => self.join(&table).ok_or_else(unknown)?,
            },
        };
        if let Some(field) = columns(def).find(|field| field.fieldname == fieldname) {
            let sql = format!("{alias}.{}", quote(field.fieldname));
            return Ok(Found { sql, field: Some(field), visible: self.visible(def, field) });
        }
        if HIDDEN_COLUMNS.contains(&fieldname.as_str()) && !def.is(doctype_flag::CHILD) {
            return Ok(Found { sql: format!("{alias}.{fieldname}"), field: None, visible: true });
        }
        // H18: what the form has without a column is dropped.
        let form = self.site.meta.form(def.name);
        let on_form = form.is_some_and(|form| form.fields.iter().any(|field| field.fieldname == fieldname));
        if on_form || fieldname == "_seen" {
            return Ok(Found { sql: "NULL".to_owned(), field: None, visible: false });
        }
        if matches!(fieldname.as_str(), "parent" | "parentfield" | "parenttype") {
            return Err(SiteError::database(format!("(1054, \"Unknown column '{fieldname}' in 'SELECT'\")")));
        }
        Err(unknown())
    }

    fn join(&mut self, by: &str) -> Option<(&'static DocTypeDef, String)> {
        let field = self.def.fields.iter().find(|field| field.fieldname == by)?;
        let target = self.site.meta.get(field.target()?)?;
        if field.kind.is_table() {
            return Some((target, self.join_rows(target, Some(by))?));
        }
        if field.kind != FieldKind::Link || target.flags & (doctype_flag::SINGLE | doctype_flag::VIRTUAL) != 0 {
            return None;
        }
        let alias = quote(&format!("{by}.{}", target.name));
        if !self.joins.contains(&alias) {
            self.site.db.prepare(target).ok()?;
            let (own, there) = (table_name(self.def.name), table_name(target.name));
            self.joins.push_str(&format!(" LEFT JOIN {there} AS {alias} ON {alias}.name = {own}.{}", quote(by)));
        }
        Some((target, alias))
    }

    /// H19: joins the rows, which multiplies the documents.
    fn join_rows(&mut self, child: &'static DocTypeDef, table: Option<&str>) -> Option<String> {
        let field = self.def.fields.iter().find(|field| {
            field.kind.is_table() && field.target() == Some(child.name) && table.is_none_or(|by| by == field.fieldname)
        })?;
        let alias = quote(&format!("rows.{}", child.name));
        if !self.joins.contains(&alias) {
            self.site.db.prepare(child).ok()?;
            let (doctype, by) = (Sql::Text(self.def.name.to_owned()), Sql::Text(field.fieldname.to_owned()));
            let (doctype, by) = (self.param(doctype), self.param(by));
            let (own, there) = (table_name(self.def.name), table_name(child.name));
            self.joins.push_str(&format!(
                " LEFT JOIN {there} AS {alias} ON {alias}.parent = {own}.name AND {alias}.parenttype = {doctype} \
                 AND {alias}.parentfield = {by}"
            ));
        }
        Some(alias)
    }

    /// `GROUP BY`: names of columns.
    pub fn keys(&mut self, text: &str) -> Result<String, SiteError> {
        let keys: Result<Vec<String>, SiteError> =
            text.split(',').map(|key| Ok(self.find(None, spelled(key.trim())?)?.sql)).collect();
        Ok(keys?.join(", "))
    }

    /// `ORDER BY`: names of columns or aliases, each with a direction.
    pub fn order(&mut self, text: &str) -> Result<String, SiteError> {
        if text.contains([';', '(', ')']) {
            return Err(SiteError::invalid("Illegal SQL Query"));
        }
        let mut parts = Vec::new();
        for part in text.split(',') {
            let lower = part.trim().to_lowercase();
            let length = part.trim().len();
            let (name, direction) = match (lower.strip_suffix(" desc"), lower.strip_suffix(" asc")) {
                (Some(_), _) => (&part.trim()[..length - 5], "DESC"),
                (_, Some(_)) => (&part.trim()[..length - 4], "ASC"),
                _ => (part.trim(), "ASC"),
            };
            let name = name.trim();
            spelled(name)?;
            let alias = self.columns.iter().find(|column| column.key == name.trim_matches('`'));
            let sql = match alias {
                Some(column) => column.sql.clone(),
                None => {
                    let unknown = || SiteError::database(format!("(1054, \"Unknown column '{name}' in 'ORDER BY'\")"));
                    self.find(None, name).map_err(|_| unknown())?.sql
                }
            };
            parts.push(format!("{sql} {direction}"));
        }
        Ok(parts.join(", "))
    }

    /// One condition of `WHERE`. Fields that the user may not see are compared all the same (H5).
    pub fn condition(&mut self, condition: &Condition) -> Result<String, SiteError> {
        if let Some(doctype) = condition.doctype.as_deref().filter(|name| self.site.meta.get(name).is_none()) {
            return Err(SiteError::missing("DocType", doctype));
        }
        let found = self.find(condition.doctype.as_deref(), &condition.field)?;
        let (sql, field) = (found.sql, found.field);
        let text = field.is_none_or(|field| !matches!(field.kind.shape(), Shape::Bool | Shape::Int | Shape::Float));
        let value = &condition.value;
        // NULL counts as the empty value (H22).
        let filled = if text { format!("ifnull({sql}, '')") } else { format!("ifnull({sql}, 0)") };
        let empty = value.is_null() || value == "";
        Ok(match condition.operator {
            Operator::Eq if empty => format!("{filled} = {}", if text { "''" } else { "0" }),
            Operator::Ne if empty => format!("{filled} != {}", if text { "''" } else { "0" }),
            Operator::Eq => format!("{sql} = {}", self.bound(field, value)),
            Operator::Ne => format!("{filled} != {}", self.bound(field, value)),
            Operator::Gt => format!("{sql} > {}", self.bound(field, value)),
            Operator::Gte => format!("{sql} >= {}", self.bound(field, value)),
            Operator::Lt => format!("{filled} < {}", self.bound(field, value)),
            Operator::Lte => format!("{filled} <= {}", self.bound(field, value)),
            Operator::Like => format!("{sql} LIKE {}", self.param(Sql::Text(display(value)))),
            Operator::NotLike => format!("{filled} NOT LIKE {}", self.param(Sql::Text(display(value)))),
            Operator::Is if display(value).eq_ignore_ascii_case("set") => {
                format!("{filled} != {}", if text { "''" } else { "0" })
            }
            Operator::Is => format!("({sql} IS NULL OR {sql} = '')"),
            Operator::In | Operator::NotIn => {
                let values = listed(value);
                let nulls = values.iter().any(|value| value.is_null() || value == "");
                let not = condition.operator == Operator::NotIn;
                let marks: Vec<String> = values.iter().map(|value| self.bound(field, value)).collect();
                let column = if nulls || not { &filled } else { &sql };
                format!("{column} {}IN ({})", if not { "NOT " } else { "" }, marks.join(", "))
            }
            Operator::Between => {
                let values = listed(value);
                let [from, to] = values.as_slice() else {
                    return Err(SiteError::new(exc::INDEX, "list index out of range"));
                };
                let (from, mut to) = (from.clone(), to.clone());
                if field.is_some_and(|field| field.kind == FieldKind::Datetime) && display(&to).len() == 10 {
                    to = Value::from(format!("{} 23:59:59.999999", display(&to)));
                }
                format!("{sql} BETWEEN {} AND {}", self.bound(field, &from), self.bound(field, &to))
            }
            Operator::Timespan => {
                let (from, to) = timespan(self.site.now.date(), &display(value));
                let (from, to) = (self.param(Sql::Text(from)), self.param(Sql::Text(format!("{to} 23:59:59.999999"))));
                format!("{sql} BETWEEN {from} AND {to}")
            }
            operator => self.tree(operator, &sql, field, &display(value))?,
        })
    }

    fn tree(
        &mut self,
        operator: Operator,
        sql: &str,
        field: Option<&'static FieldDef>,
        name: &str,
    ) -> Result<String, SiteError> {
        let doctype = field.and_then(FieldDef::target).unwrap_or(self.def.name);
        let mut names = match operator {
            Operator::AncestorsOf | Operator::NotAncestorsOf => self.site.ancestors(doctype, name)?,
            _ => self.site.with_descendants(doctype, name)?,
        };
        if operator != Operator::DescendantsOfInclusive {
            names.retain(|below| below != name);
        }
        let marks: Vec<String> = names.into_iter().map(|name| self.param(Sql::Text(name))).collect();
        let not = matches!(operator, Operator::NotDescendantsOf | Operator::NotAncestorsOf);
        Ok(format!("ifnull({sql}, '') {}IN ({})", if not { "NOT " } else { "" }, marks.join(", ")))
    }

    fn bound(&mut self, field: Option<&'static FieldDef>, value: &Value) -> String {
        let sql = match field {
            Some(field) if !value.is_null() => to_sql(field, value).unwrap_or(Sql::Text(display(value))),
            _ => Sql::Text(display(value)),
        };
        self.param(if sql == Sql::Null { Sql::Text(String::new()) } else { sql })
    }
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => vec![Value::from("")],
        value => display(value).split(',').map(|part| Value::from(part.trim())).collect(),
    }
}

/// First and last day of a span such as `last month`; today alone for one that is not known.
fn timespan(today: jiff::civil::Date, span: &str) -> (String, String) {
    use jiff::ToSpan as _;
    let (which, unit) = span.split_once(' ').unwrap_or((span, "day"));
    let step = match which {
        "last" => -1_i64,
        "next" => 1,
        "yesterday" => -1,
        "tomorrow" => 1,
        _ => 0,
    };
    let days = |days: i64| today.saturating_add(days.days());
    let (from, to) = match unit {
        "week" => {
            let first = days(7 * step - i64::from(today.weekday().to_sunday_zero_offset()));
            (first, first.saturating_add(6.days()))
        }
        "month" => {
            let month = today.first_of_month().saturating_add(step.months());
            (month, month.last_of_month())
        }
        "quarter" => {
            let into = i64::from((today.month() - 1) % 3);
            let first = today.first_of_month().saturating_add((3 * step - into).months());
            (first, first.saturating_add(2.months()).last_of_month())
        }
        "year" => {
            let year = today.saturating_add(step.years());
            (year.first_of_year(), year.last_of_year())
        }
        "7 days" => (days(7 * step.min(0)), days(7 * step.max(0))),
        "30 days" => (days(30 * step.min(0)), days(30 * step.max(0))),
        _ => (days(step), days(step)),
    };
    (from.to_string(), to.to_string())
}
