//! One condition of `WHERE`, as the site compares.

use erpnext_schema::{FieldDef, FieldKind, Operator, Shape, Version};
use serde_json::Value;

use super::filter::Condition;
use super::names::Found;
use super::select::Select;
use super::timespan;
use crate::doc::display;
use crate::error::{SiteError, exc};
use crate::store::{Sql, to_sql};

impl Select<'_> {
    /// One condition of `WHERE`. Where version 15 compares fields that the user may not see all the same, 16 refuses (H5).
    pub fn condition(&mut self, condition: &Condition) -> Result<String, SiteError> {
        let found = self.compared(condition)?;
        let (sql, field) = (found.sql, found.field);
        let text = field.is_none_or(|field| !matches!(field.kind.shape(), Shape::Bool | Shape::Int | Shape::Float));
        let value = &condition.value;
        // NULL counts as the empty value (H22).
        let filled =
            if text { format!("ifnull({sql}, '') COLLATE utf8mb4_unicode_ci") } else { format!("ifnull({sql}, 0)") };
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
                let mut values = listed(value);
                if self.version() >= Version::V16 {
                    values.retain(|value| !value.is_null());
                }
                let nulls = values.iter().any(|value| value.is_null() || value == "");
                let not = condition.operator == Operator::NotIn;
                let marks: Vec<String> = values.iter().map(|value| self.bound(field, value)).collect();
                let column = if nulls || not { &filled } else { &sql };
                format!("{column} {}IN ({})", if not { "NOT " } else { "" }, marks.join(", "))
            }
            Operator::Between => match listed(value).as_slice() {
                [from, to] => {
                    let mut to = to.clone();
                    if field.is_some_and(|field| field.kind == FieldKind::Datetime) && display(&to).len() == 10 {
                        to = Value::from(format!("{} 23:59:59.999999", display(&to)));
                    }
                    format!("{sql} BETWEEN {} AND {}", self.bound(field, from), self.bound(field, &to))
                }
                _ => self.not_understood(),
            },
            Operator::Timespan => match timespan::days(self.site().now.date(), &display(value)) {
                Some((from, to)) => {
                    let from = self.param(Sql::Text(from.to_string()));
                    let to = self.param(Sql::Text(format!("{to} 23:59:59.999999")));
                    format!("{sql} BETWEEN {from} AND {to}")
                }
                None => self.not_understood(),
            },
            operator => self.tree(operator, &sql, field, &display(value))?,
        })
    }

    /// H58: what is no span compares with nothing on 16, and with no end on 15.
    fn not_understood(&self) -> String {
        (if self.version() >= Version::V16 { "1 = 0" } else { "1 = 1" }).to_owned()
    }

    /// The field of a condition.
    fn compared(&mut self, condition: &Condition) -> Result<Found, SiteError> {
        let (name, new) = (condition.field.as_str(), self.version() >= Version::V16);
        if let Some(doctype) = condition.doctype.as_deref() {
            if self.site().meta.get(doctype).is_none() {
                return Err(SiteError::missing("DocType", doctype));
            }
            if name.contains('.') {
                return Err(SiteError::throw(exc::DATA, format!("Field not permitted in query: {name}")));
            }
        } else if name.starts_with("`tab")
            || name.split_once('.').is_some_and(|(of, _)| of.contains(' ') && !of.starts_with("tab"))
        {
            return Err(SiteError::new(exc::ATTRIBUTE, "'NoneType' object has no attribute 'options'"));
        } else if name.contains('`') {
            return Err(match new {
                true => SiteError::invalid(format!("Filter fields have invalid backtick notation: {name}")),
                false => SiteError::syntax(name),
            });
        } else if name.starts_with("tab") && name.contains('.') && new {
            let text =
                format!("Invalid filter field format: {name}. Use 'fieldname' or 'link_fieldname.target_fieldname'.");
            return Err(SiteError::invalid(text));
        } else if new && !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
            // H40.
            let text =
                format!("Invalid characters in fieldname: {name}. Only letters, numbers, and underscores are allowed.");
            return Err(SiteError::invalid(text));
        }
        let found = self.find(condition.doctype.as_deref(), name)?;
        // H19.
        let dotted = condition.doctype.is_none() && name.contains('.');
        if found.is_column() && (found.visible || !new) && (new || !dotted) {
            return Ok(found);
        }
        Err(match new {
            true => self.forbidden(condition.doctype.as_deref(), name),
            false => {
                let table = condition.doctype.as_deref().unwrap_or(self.def().name);
                SiteError::database(format!("(1054, \"Unknown column 'tab{table}.{name}' in 'WHERE'\")"))
            }
        })
    }

    fn tree(
        &mut self,
        operator: Operator,
        sql: &str,
        field: Option<&'static FieldDef>,
        name: &str,
    ) -> Result<String, SiteError> {
        let doctype = field.and_then(FieldDef::target).unwrap_or(self.def().name);
        let mut names = match operator {
            Operator::AncestorsOf | Operator::NotAncestorsOf => self.site().ancestors(doctype, name)?,
            _ => self.site().with_descendants(doctype, name)?,
        };
        if operator != Operator::DescendantsOfInclusive {
            names.retain(|below| below != name);
        }
        let not = matches!(operator, Operator::NotDescendantsOf | Operator::NotAncestorsOf);
        // H57: of none, 15 makes the empty text, which what is not set equals.
        if names.is_empty() && (not || self.version() < Version::V16) {
            names.push(String::new());
        }
        let marks: Vec<String> = names.into_iter().map(|name| self.param(Sql::Text(name))).collect();
        Ok(format!(
            "ifnull({sql}, '') COLLATE utf8mb4_unicode_ci {}IN ({})",
            if not { "NOT " } else { "" },
            marks.join(", ")
        ))
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
