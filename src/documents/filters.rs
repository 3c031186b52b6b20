//! Filters as they are meant: times with an offset, and accounts, warehouses and the like without their company's suffix.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Operator};
use serde_json::{Value, json};

use super::moments::listed;
use super::{DocTypeCall, nested, titles};
use crate::error::ToolError;
use crate::site;

/// The most names of one call that are looked up.
const MOST: usize = 20;

/// The filters of a call as the site takes them, and what was looked up for them, in words.
pub struct ResolvedFilters {
    /// All of these hold.
    pub filters: Option<Value>,
    /// One of these holds.
    pub or_filters: Option<Value>,
    /// Empty where nothing was looked up.
    pub notes: Vec<String>,
}

impl DocTypeCall<'_> {
    /// The filters of a call as they are meant, with what they ask about other documents looked up.
    ///
    /// # Errors
    /// As [`nested::resolve`], and that the zone is not known.
    pub(crate) async fn resolved_filters(
        &self,
        filters: Option<&Value>,
        or_filters: Option<&Value>,
    ) -> Result<ResolvedFilters, ToolError> {
        let all = nested::resolve(self, "filters", self.meant_filters(filters).await?).await?;
        let any = nested::resolve(self, "or_filters", self.meant_alternatives(or_filters, filters).await?).await?;
        let notes = [all.notes, any.notes].concat();
        Ok(ResolvedFilters { filters: all.filters, or_filters: any.filters, notes })
    }

    /// Filters whose times are those of the site's zone, and whose names are whole.
    ///
    /// # Errors
    /// That the zone is not known.
    pub(crate) async fn meant_filters(&self, given: Option<&Value>) -> Result<Option<Value>, ToolError> {
        let given = self.local_filters(given).await?;
        let company = company_of(given.as_ref());
        Ok(self.completed(given, company, false).await)
    }

    /// The same for alternatives. The company of one says nothing of another; that of the filters beside them holds for all.
    async fn meant_alternatives(
        &self,
        given: Option<&Value>,
        filters: Option<&Value>,
    ) -> Result<Option<Value>, ToolError> {
        let given = self.local_filters(given).await?;
        Ok(self.completed(given, company_of(filters), true).await)
    }

    /// Filters whose names are whole: of several documents that are called alike, those of the company are meant.
    async fn completed(&self, given: Option<Value>, company: Option<String>, either: bool) -> Option<Value> {
        let Some(mut items) = given.as_ref().and_then(nested::entries) else { return given };
        let catalog = self.session.catalog;
        let children = |child: &str| catalog.known(child);
        let (mut asked, mut said, mut unclear) = (0, Vec::new(), Vec::new());
        for item in &mut items {
            let is_one = is_one(item) && !either;
            let Some((field, target, values)) = named(self.def, item, &children) else { continue };
            for value in values {
                let Value::String(text) = value else { continue };
                if !target.may_be_first_part(text) {
                    continue;
                }
                asked += 1;
                if asked > MOST {
                    unclear.push(format!("{field}: {text} and what follows is taken as given; give the whole names"));
                    break;
                }
                let whole = titles::whole(self.session, target.name, text, company.as_deref()).await;
                match whole {
                    Ok(name) if name != *text => {
                        said.push(format!("{field}: {text} is {name}"));
                        *text = name;
                    }
                    // Where nothing fits, that is told.
                    Err(why) if !is_one => unclear.push(format!("{field}: {why}")),
                    _ => {}
                }
            }
        }
        let given = if said.is_empty() { given } else { Some(json!(items)) };
        said.into_iter().chain(unclear).for_each(site::note);
        given
    }
}

/// Whether a comparison asks for one value: of several, or of others than one, an answer does not show that one is missing.
fn is_one(item: &[Value]) -> bool {
    match item {
        [_, Value::String(_)] => true,
        [_, Value::String(operator), Value::String(_)] => operator == "=",
        _ => false,
    }
}

/// The company that filters ask for.
fn company_of(filters: Option<&Value>) -> Option<String> {
    nested::entries(filters?)?.iter().find_map(|item| company(item)).map(str::to_owned)
}

/// The company that a comparison asks for.
fn company(item: &[Value]) -> Option<&str> {
    let (name, rest) = item.split_first()?;
    match rest {
        [Value::String(company)] if name == "company" => Some(company.as_str()),
        [Value::String(equals), Value::String(company)] if name == "company" && equals == "=" => Some(company.as_str()),
        _ => None,
    }
}

/// The names that a comparison by a link holds, with the field and the DocType that it leads to.
fn named<'v>(
    def: &'static DocTypeDef,
    item: &'v mut [Value],
    children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
) -> Option<(String, &'static DocTypeDef, &'v mut [Value])> {
    let (name, rest) = item.split_first_mut()?;
    let name = name.as_str()?;
    let field = match name.split_once('.') {
        None => listed(def, name),
        Some((table, column)) => listed(children(def.table(table)?.rows_of()?)?, column),
    };
    let target = |field: &'static FieldDef| field.target().filter(|_| field.kind == FieldKind::Link);
    let target = children(field.and_then(target)?)?;
    let values = match rest {
        [value] => value,
        [Value::String(operator), value] if compares_names(operator) => value,
        _ => return None,
    };
    let values = match values {
        Value::Array(values) => values.as_mut_slice(),
        value => std::slice::from_mut(value),
    };
    Some((name.to_owned(), target, values))
}

fn compares_names(operator: &str) -> bool {
    let compares = |operator: Operator| {
        operator.walks_a_tree() || matches!(operator, Operator::Eq | Operator::Ne | Operator::In | Operator::NotIn)
    };
    operator.parse().is_ok_and(compares)
}
