//! Lists: what is asked for, as the site reads it, and the SQL that answers it.

mod filter;
mod select;

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Map, Value};

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
        select.fields(&list.fields)?;
        let from = self.conditions(&mut select, def, list)?;
        let group = match &list.group_by {
            Some(group) => format!(" GROUP BY {}", select.keys(group)?),
            None => String::new(),
        };
        let mut keys: Vec<String> = Vec::new();
        if let Some(order) = &list.order_by {
            keys.push(select.order(order)?);
        }
        // H15: what no order decides is decided anew for each page, so that pages read one after another overlap.
        if list.start > 0 && group.is_empty() {
            keys.push(format!("{}.rowid DESC", table_name(def.name)));
        }
        let order = if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        let limit = list.length.map_or(String::new(), |length| format!(" LIMIT {length} OFFSET {}", list.start));
        let columns: Vec<&str> = select.columns.iter().map(|column| column.sql.as_str()).collect();
        let sql = format!("SELECT {} {from}{group}{order}{limit}", columns.join(", "));
        let params = std::mem::take(&mut select.params);
        let rows = self.db.query(&sql, &params)?;
        let object = |row: Vec<Sql>| {
            let cells = select.columns.iter().zip(row);
            cells.map(|(column, cell)| (column.key.clone(), from_sql(column.field, cell))).collect()
        };
        Ok(rows.into_iter().map(object).collect())
    }

    /// How many documents a list would give without a limit.
    ///
    /// # Errors
    /// As [`Site::list`].
    pub fn count(&self, doctype: &str, list: &List) -> Result<i64, SiteError> {
        let def = self.listable(doctype, list)?;
        let mut select = Select::new(self, def, list.ignore_permissions);
        let from = self.conditions(&mut select, def, list)?;
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
        if !list.ignore_permissions {
            if def.is(doctype_flag::CHILD) {
                // H20.
                let parent = list.parent.as_deref().ok_or_else(|| SiteError::new(exc::PERMISSION, ""))?;
                self.list_right(parent)?;
            } else {
                self.list_right(doctype)?;
            }
        }
        if def.is(doctype_flag::SINGLE) {
            return Err(SiteError::new(exc::PROGRAMMING, format!("('DocType', '{doctype}')")));
        }
        if def.is(doctype_flag::VIRTUAL) {
            return Err(SiteError::new(exc::TYPE, "argument of type 'NoneType' is not iterable"));
        }
        self.db.prepare(def)?;
        Ok(def)
    }

    fn list_right(&self, doctype: &str) -> Result<(), SiteError> {
        let allowed = [Right::Read, Right::Select].iter().any(|right| self.check(doctype, None, *right).is_ok());
        if allowed { Ok(()) } else { Err(SiteError::no_role(&self.user.name, doctype)) }
    }

    /// `FROM … WHERE …`, the values among the select's parameters.
    fn conditions(&self, select: &mut Select<'_>, def: &'static DocTypeDef, list: &List) -> Result<String, SiteError> {
        let mut parts = Vec::new();
        for filter in filter::read(&list.filters)? {
            parts.push(select.condition(&filter)?);
        }
        let mut any = Vec::new();
        for filter in filter::read(&list.or_filters)? {
            any.push(select.condition(&filter)?);
        }
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
                parts.extend(restricted(select, def, restriction));
            }
        }
        let wheres = if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) };
        Ok(format!("FROM {}{}{wheres}", table_name(def.name), select.joins))
    }
}

fn restricted(select: &mut Select<'_>, def: &'static DocTypeDef, restriction: &Restriction) -> Vec<String> {
    let mut columns: Vec<(String, bool)> =
        restriction.fields(def).map(|field| (quote(field.fieldname), true)).collect();
    if restriction.allow == def.name {
        columns.push(("\"name\"".to_owned(), false));
    }
    let mut parts = Vec::new();
    for (column, or_empty) in columns {
        let column = format!("{}.{column}", table_name(def.name));
        let marks: Vec<String> = restriction.names.iter().map(|name| select.param(Sql::Text(name.clone()))).collect();
        let empty = if or_empty { format!("ifnull({column}, '') = '' OR ") } else { String::new() };
        parts.push(format!("({empty}{column} IN ({}))", marks.join(", ")));
    }
    parts
}
