//! Lists: what is asked for, as the site reads it, and the SQL that answers it.

mod condition;
mod filter;
mod names;
mod order;
mod select;
mod timespan;

use erpnext_schema::{DocTypeDef, Version, doctype_flag};
use serde_json::{Map, Value, json};

use crate::error::{SiteError, exc};
use crate::perms::{Restriction, Right};
use crate::site::Site;
use crate::store::{Sql, from_sql, quote, table_name};
use select::Select;

/// What a list is asked for; every part as it was sent, JSON text already read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct List {
    /// Field names, functions, `*`; `name` where null.
    pub fields: Value,
    /// A list of conditions, or an object of equalities.
    pub filters: Value,
    /// Conditions of which one has to hold.
    pub or_filters: Value,
    /// A function of a field beside the fields, under the key `_aggregate_column`.
    pub aggregate: Option<(String, String)>,
    /// Fields to group by.
    pub group_by: Option<String>,
    /// `field direction, …`; no order at all where `None` (H15).
    pub order_by: Option<String>,
    /// How many rows to skip.
    pub start: u64,
    /// How many rows to give; `None` gives all and skips none (H16).
    pub length: Option<u64>,
    /// The DocType that lets a child table be listed (H20).
    pub parent: Option<String>,
    /// Whether rights are left aside (H23).
    pub ignore_permissions: bool,
}

impl Site<'_> {
    /// The rows of a list, as objects with the keys that were asked for.
    ///
    /// # Errors
    /// What the site answers to fields, filters and orders that it does not take (H17); 403, 404.
    pub fn list(&self, doctype: &str, list: &List) -> Result<Vec<Map<String, Value>>, SiteError> {
        let def = self.listable(doctype, list)?;
        let mut select = Select::new(self, def, list.ignore_permissions);
        let bare = def.is(doctype_flag::CHILD) && list.parent.is_none() && !list.ignore_permissions;
        select.bare = bare && self.version() >= Version::V16;
        select.fields(&list.fields)?;
        select.bare = false;
        if let Some((function, field)) = &list.aggregate {
            if self.version() >= Version::V16 && !select.find(None, field)?.visible {
                return Err(select.forbidden(None, field.rsplit('.').next().unwrap_or(field)));
            }
            select.computed(function, false, field, "_aggregate_column".to_owned())?;
        }
        let mut wheres = self.conditions(&mut select, def, list)?;
        let group = match &list.group_by {
            Some(group) => format!(" GROUP BY {}", select.keys(group)?),
            None => String::new(),
        };
        let mut keys: Vec<String> = Vec::new();
        if let Some(order) = &list.order_by {
            keys.extend(Some(select.order(order)?).filter(|order| !order.is_empty()));
        }
        let from = from(&mut select, def, &mut wheres);
        // H15: what no order decides is decided anew for each page, so that pages read one after another overlap.
        if list.start > 0 && group.is_empty() {
            keys.push(format!("{}.rowid DESC", table_name(def.name)));
        }
        let order = if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        let limit = list.length.map_or(String::new(), |length| format!(" LIMIT {length} OFFSET {}", list.start));
        let columns: Vec<&str> = select.columns.iter().map(|column| column.sql.as_str()).collect();
        let distinct = if select.distinct { "DISTINCT " } else { "" };
        let named = if select.tables.is_empty() { String::new() } else { format!(", {}.name", table_name(def.name)) };
        let sql = format!("SELECT {distinct}{}{named} {from}{group}{order}{limit}", columns.join(", "));
        let params = std::mem::take(&mut select.params);
        let rows = self.db.query(&sql, &params)?;
        let object = |mut row: Vec<Sql>| {
            let name = if select.tables.is_empty() { None } else { row.pop() };
            let cells = select.columns.iter().zip(row);
            let cells = cells.map(|(column, cell)| (column.key.clone(), from_sql(column.field, cell)));
            let mut row: Map<String, Value> = cells.collect();
            self.put_masks(def, &mut row);
            if let Some(Sql::Text(name)) = name {
                for (table, fields) in &select.tables {
                    row.insert(table.clone(), self.rows_of(def, &name, table, fields)?);
                }
            }
            Ok(row)
        };
        rows.into_iter().map(object).collect()
    }

    /// The rows of one table of a document (H67).
    fn rows_of(&self, def: &DocTypeDef, name: &str, table: &str, fields: &Value) -> Result<Value, SiteError> {
        let child = def.field(table).and_then(|field| field.target()).unwrap_or_default();
        let list = List {
            fields: fields.clone(),
            filters: json!({ "parent": name, "parenttype": def.name, "parentfield": table }),
            order_by: Some("idx asc".to_owned()),
            parent: Some(def.name.to_owned()),
            ..List::default()
        };
        Ok(self.list(child, &list)?.into_iter().map(Value::Object).collect())
    }

    /// How many documents a list would give without a limit.
    ///
    /// # Errors
    /// As [`Site::list`].
    pub fn count(&self, doctype: &str, list: &List) -> Result<i64, SiteError> {
        let def = self.listable(doctype, list)?;
        let mut select = Select::new(self, def, list.ignore_permissions);
        let mut wheres = self.conditions(&mut select, def, list)?;
        let from = from(&mut select, def, &mut wheres);
        let counted = match select.joins.is_empty() {
            true => "*".to_owned(),
            false => format!("DISTINCT {}.name", table_name(def.name)),
        };
        let sql = format!("SELECT count({counted}) {from}");
        Ok(match self.db.scalar(&sql, &select.params)? {
            Some(Sql::Integer(count)) => {
                list.length.map_or(count, |most| count.min(i64::try_from(most).unwrap_or(count)))
            }
            _ => 0,
        })
    }

    fn listable(&self, doctype: &str, list: &List) -> Result<&'static DocTypeDef, SiteError> {
        // H26: the wrong case finds the DocType and then no table.
        let other_case = || self.meta.all().into_iter().any(|def| def.name.eq_ignore_ascii_case(doctype));
        if self.meta.get(doctype).is_none() && other_case() {
            return Err(SiteError::new(exc::PROGRAMMING, format!("('DocType', '{doctype}')")));
        }
        let def = self.doctype(doctype)?;
        // H26.
        let single = || SiteError::new(exc::PROGRAMMING, format!("('DocType', '{doctype}')"));
        if def.is(doctype_flag::SINGLE) && self.version() >= Version::V16 {
            return Err(single());
        }
        if !list.ignore_permissions {
            if def.is(doctype_flag::CHILD) {
                // H20.
                match &list.parent {
                    Some(parent) => self.list_right(parent)?,
                    None if self.user.is_administrator() && self.version() >= Version::V16 => {}
                    None if self.version() >= Version::V16 => return Err(insufficient(doctype)),
                    None => return Err(SiteError::new(exc::PERMISSION, "")),
                }
            } else {
                self.list_right(doctype)?;
            }
        }
        if def.is(doctype_flag::SINGLE) {
            return Err(single());
        }
        if def.is(doctype_flag::VIRTUAL) {
            return Err(SiteError::new(exc::TYPE, "argument of type 'NoneType' is not iterable"));
        }
        self.db.prepare(def)?;
        Ok(def)
    }

    fn list_right(&self, doctype: &str) -> Result<(), SiteError> {
        let allowed = [Right::Read, Right::Select].iter().any(|right| self.check(doctype, None, *right).is_ok());
        match (allowed, self.version() >= Version::V16) {
            (true, _) => Ok(()),
            (false, true) => Err(insufficient(doctype)),
            (false, false) => Err(SiteError::no_role(&self.user.name, doctype)),
        }
    }

    /// The conditions of filters.
    fn compared(&self, select: &mut Select<'_>, filters: &Value) -> Result<Vec<String>, SiteError> {
        let filters = filter::read(self, filters)?;
        let conditions = filters.conditions.iter().map(|filter| select.condition(filter)).collect::<Result<_, _>>();
        conditions.map_err(|error| filters.refused(error))
    }

    /// The parts of `WHERE`, the values among the select's parameters.
    fn conditions(
        &self,
        select: &mut Select<'_>,
        def: &'static DocTypeDef,
        list: &List,
    ) -> Result<Vec<String>, SiteError> {
        let mut parts = self.compared(select, &list.filters)?;
        let any = self.compared(select, &list.or_filters)?;
        if !any.is_empty() {
            parts.push(format!("({})", any.join(" OR ")));
        }
        if !list.ignore_permissions {
            if def.name == "User" && !self.user.is_administrator() {
                parts.push(format!("{}.name NOT IN ('Administrator', 'Guest')", table_name(def.name)));
            }
            if def.name == "ToDo" && self.reaches_own_tasks_only(Right::Read) {
                let user = select.param(Sql::Text(self.user.name.clone()));
                let table = table_name(def.name);
                parts.push(format!("({table}.allocated_to = {user} OR {table}.assigned_by = {user})"));
            }
            for restriction in self.restrictions()?.iter().filter(|restriction| restriction.concerns(def.name)) {
                parts.extend(restricted(select, def, &table_name(def.name), restriction));
            }
        }
        Ok(parts)
    }
}

/// `FROM … WHERE …`.
fn from(select: &mut Select<'_>, def: &DocTypeDef, wheres: &mut Vec<String>) -> String {
    wheres.append(&mut select.wheres);
    let wheres = if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
    format!("FROM {}{}{wheres}", table_name(def.name), select.joins)
}

/// 403, as 16 says it of a list.
fn insufficient(doctype: &str) -> SiteError {
    SiteError::throw(exc::PERMISSION, format!("Insufficient Permission for <strong>{doctype}</strong>"))
}

fn restricted(
    select: &mut Select<'_>,
    def: &'static DocTypeDef,
    table: &str,
    restriction: &Restriction,
) -> Vec<String> {
    let mut columns: Vec<(String, bool)> =
        restriction.fields(def).map(|field| (quote(field.fieldname), true)).collect();
    if restriction.allow == def.name {
        columns.push(("\"name\"".to_owned(), false));
    }
    let mut parts = Vec::new();
    for (column, or_empty) in columns {
        let column = format!("{table}.{column}");
        let marks: Vec<String> = restriction.names.iter().map(|name| select.param(Sql::Text(name.clone()))).collect();
        let empty = if or_empty { format!("ifnull({column}, '') = '' OR ") } else { String::new() };
        parts.push(format!("({empty}{column} IN ({}))", marks.join(", ")));
    }
    parts
}
