//! Count, sum, average, least and greatest over documents, by up to three fields; dates by day, week, month, quarter
//! or year. Only fields of the table reach the query.

use std::collections::BTreeMap;

use erpnext_schema::{FieldDef, FieldKind, Options, Rule, Shape, Violation, nearest, time};
use jiff::civil::Date;
use serde_json::{Map, Number, Value, json};

use super::query::Reader;
use super::{Arguments, On, ToolError};
use crate::site::ListQuery;

/// The most fields that documents are grouped by.
const MOST_FIELDS: usize = 3;
/// The most groups that are read to put dates together: 20 pages of 500.
const MOST_GROUPS: usize = 10_000;

/// What is computed of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Function {
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

const FUNCTIONS: [(&str, Function); 5] = [
    ("count", Function::Count),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("min", Function::Min),
    ("max", Function::Max),
];

/// One thing to compute.
#[derive(Clone, Debug)]
struct Measure {
    /// As it was asked for, which is how it is answered.
    label: String,
    function: Function,
    /// None for a count.
    field: Option<&'static FieldDef>,
}

/// A span of time that dates are put together by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Span {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

const SPANS: [(&str, Span); 5] = [
    ("day", Span::Day),
    ("week", Span::Week),
    ("month", Span::Month),
    ("quarter", Span::Quarter),
    ("year", Span::Year),
];

/// A field to group by.
#[derive(Clone, Debug)]
struct Group {
    field: &'static FieldDef,
    span: Option<Span>,
}

/// Everything that was asked for.
#[derive(Clone, Debug)]
struct Asked {
    measures: Vec<Measure>,
    groups: Vec<Group>,
    /// Which column decides the order, and whether the largest comes first.
    order: (String, bool),
    query: ListQuery,
}

/// The groups, in order.
pub async fn aggregate(on: &On<'_>, given: &Arguments) -> Result<Value, ToolError> {
    let (on, asked) = on.checked(|on| read(on, given)).await?;
    let limit = usize::try_from(given.limit()).unwrap_or(usize::MAX);
    let bucketed = asked.groups.iter().any(|group| group.span.is_some());
    let rows = if bucketed { all_rows(&on, &asked).await? } else { some_rows(&on, &asked, limit).await? };
    let mut groups =
        if bucketed { put_together(&asked, &rows) } else { rows.iter().map(|row| named(&asked, row)).collect() };
    let more = groups.len() > limit;
    groups.truncate(limit);
    let mut result = Map::from_iter([("count".to_owned(), json!(groups.len()))]);
    if more {
        result.insert("note".to_owned(), json!("there are more groups: raise limit, or narrow with filters"));
    }
    result.insert("groups".to_owned(), groups.into_iter().map(Value::Object).collect());
    Ok(Value::Object(result))
}

fn read(on: &On<'_>, given: &Arguments) -> Result<Asked, Vec<Violation>> {
    let mut reader = Reader::new(on.def, on.permit.fields());
    let filters = reader.filters("filters", given.value("filters"));
    let or_filters = reader.filters("or_filters", given.value("or_filters"));
    let texts = |name: &str| -> Vec<&str> {
        given.value(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut groups: Vec<Group> = Vec::new();
    for (i, text) in texts("group_by").into_iter().enumerate() {
        groups.extend(group(&mut reader, &format!("group_by[{i}]"), text));
    }
    if groups.len() > MOST_FIELDS {
        reader.wrong("group_by", Rule::Value, format!("at most {MOST_FIELDS} fields, found {}", groups.len()), None);
    }
    let asked = texts("measures");
    let mut measures: Vec<Measure> = Vec::new();
    for (i, text) in (if asked.is_empty() { vec!["count"] } else { asked }).into_iter().enumerate() {
        measures.extend(measure(&mut reader, &format!("measures[{i}]"), text));
    }
    // Money of several currencies must never be added up in silence.
    for currency in measures.iter().filter_map(|measure| currency_of(on, measure.field?)) {
        if !groups.iter().any(|group| group.field.fieldname == currency.fieldname) {
            groups.push(Group { field: currency, span: None });
        }
    }
    let order = order(&mut reader, given.text("order_by"), &measures, &groups);
    let mut fields: Vec<String> = groups.iter().map(|group| group.field.fieldname.to_owned()).collect();
    fields.extend(measures.iter().enumerate().flat_map(|(i, measure)| columns(i, measure)));
    let query = ListQuery {
        fields,
        filters,
        or_filters,
        order_by: String::new(),
        limit: 500,
        start: 0,
        parent: None,
        group_by: groups.iter().map(|group| group.field.fieldname.to_owned()).collect(),
    };
    reader.done(Asked { measures, groups, order, query })
}

fn group(reader: &mut Reader<'_>, path: &str, text: &str) -> Option<Group> {
    let (name, span) = text.split_once(':').map_or((text, None), |(name, span)| (name.trim(), Some(span.trim())));
    let field = reader.field(path, name)?;
    let Some(span) = span else { return Some(Group { field, span: None }) };
    let Some((_, known)) = SPANS.iter().find(|(name, _)| name.eq_ignore_ascii_case(span)) else {
        let near = nearest(span, SPANS.iter().map(|(name, _)| *name)).map(|span| format!("{name}:{span}"));
        reader.wrong(path, Rule::Value, format!("{text}: dates go by day, week, month, quarter or year"), near);
        return None;
    };
    if !matches!(field.kind.shape(), Shape::Date | Shape::Datetime) {
        reader.wrong(path, Rule::Value, format!("{text}: {name} is {}, not a date", field.kind), Some(name.to_owned()));
        return None;
    }
    Some(Group { field, span: Some(*known) })
}

fn measure(reader: &mut Reader<'_>, path: &str, text: &str) -> Option<Measure> {
    let (function, name) = match text.split_once('(') {
        Some((function, rest)) => (function.trim(), Some(rest.trim_end().trim_end_matches(')').trim())),
        None => (text.trim(), None),
    };
    let Some((_, known)) = FUNCTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(function)) else {
        let message = format!("{text}: expected count, sum(field), avg(field), min(field) or max(field)");
        let near = nearest(function, FUNCTIONS.iter().map(|(name, _)| *name)).map(str::to_owned);
        reader.wrong(path, Rule::Value, message, near);
        return None;
    };
    if *known == Function::Count {
        return Some(Measure { label: "count".to_owned(), function: *known, field: None });
    }
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        reader.wrong(path, Rule::Value, format!("{text}: of which field? such as {function}(grand_total)"), None);
        return None;
    };
    let field = reader.field(path, name)?;
    let number = matches!(field.kind.shape(), Shape::Int | Shape::Float | Shape::Bool);
    let date = matches!(field.kind.shape(), Shape::Date | Shape::Datetime);
    let fits = number || date && matches!(known, Function::Min | Function::Max);
    if !fits {
        reader.wrong(path, Rule::Value, format!("{text}: {name} is {}, not a number", field.kind), None);
        return None;
    }
    Some(Measure { label: format!("{}({name})", function.to_lowercase()), function: *known, field: Some(field) })
}

/// The field that says in which currency an amount is: of the document, or its company's.
fn currency_of(on: &On<'_>, field: &FieldDef) -> Option<&'static FieldDef> {
    let by = match (field.kind, field.options) {
        (FieldKind::Currency, Options::Format(by)) => by.split(':').nth(1).unwrap_or(by),
        _ => return None,
    };
    on.def.field(by).filter(|field| field.in_lists() && on.permit.fields().may_read(*field))
}

fn order(reader: &mut Reader<'_>, asked: Option<&str>, measures: &[Measure], groups: &[Group]) -> (String, bool) {
    let first = measures.first().map_or_else(String::new, |measure| measure.label.clone());
    let Some(asked) = asked else {
        // Spans of time in their order; else the largest first.
        let dated = groups.iter().find(|group| group.span.is_some());
        return dated.map_or((first, true), |group| (group.field.fieldname.to_owned(), false));
    };
    let (name, descending) = match asked.trim().rsplit_once(char::is_whitespace) {
        Some((name, direction)) if direction.eq_ignore_ascii_case("desc") => (name.trim(), true),
        Some((name, direction)) if direction.eq_ignore_ascii_case("asc") => (name.trim(), false),
        _ => (asked.trim(), false),
    };
    let known: Vec<&str> = measures
        .iter()
        .map(|measure| measure.label.as_str())
        .chain(groups.iter().map(|group| group.field.fieldname))
        .collect();
    if !known.contains(&name) {
        let near = nearest(name, known.iter().copied()).map(str::to_owned);
        reader.wrong(
            "order_by",
            Rule::Value,
            format!("{name}: groups are sorted by one of: {}", known.join(", ")),
            near,
        );
    }
    (name.to_owned(), descending)
}

/// The columns that a measure needs, under names of our own.
fn columns(i: usize, measure: &Measure) -> Vec<String> {
    let field = measure.field.map_or("name", |field| field.fieldname);
    match measure.function {
        Function::Count => vec![format!("count(name) as m{i}")],
        Function::Sum => vec![format!("sum({field}) as m{i}")],
        // Averages of parts are put together from sums and counts.
        Function::Avg => vec![format!("sum({field}) as m{i}"), format!("count({field}) as n{i}")],
        Function::Min => vec![format!("min({field}) as m{i}")],
        Function::Max => vec![format!("max({field}) as m{i}")],
    }
}

async fn some_rows(on: &On<'_>, asked: &Asked, limit: usize) -> Result<Vec<Map<String, Value>>, ToolError> {
    // The site cannot sort by an average put together here: then the first 500 groups are sorted here.
    let by_average =
        asked.measures.iter().any(|measure| measure.function == Function::Avg && measure.label == asked.order.0);
    let mut rows = on
        .app
        .site
        .list(
            &on.app.caller,
            on.permit,
            &ListQuery {
                order_by: order_by(asked),
                limit: if by_average { 500 } else { u32::try_from(limit + 1).unwrap_or(500).min(500) },
                ..asked.query.clone()
            },
        )
        .await?
        .data;
    if by_average {
        let (label, descending) = &asked.order;
        sort(&mut rows, |row| named(asked, row).remove(label).unwrap_or_default(), *descending);
    }
    Ok(rows)
}

async fn all_rows(on: &On<'_>, asked: &Asked) -> Result<Vec<Map<String, Value>>, ToolError> {
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    let keys: Vec<String> = asked.query.group_by.iter().map(|field| format!("{field} asc")).collect();
    loop {
        let query = ListQuery { order_by: keys.join(", "), start: rows.len() as u64, ..asked.query.clone() };
        let page = on.app.site.list(&on.app.caller, on.permit, &query).await?.data;
        let last = page.len() < 500;
        rows.extend(page);
        if last {
            return Ok(rows);
        }
        if rows.len() >= MOST_GROUPS {
            return Err(ToolError::refused(format!(
                "More than {MOST_GROUPS} different dates to put together: narrow with filters on the date, then call again."
            )));
        }
    }
}

/// The order for the site: the column that decides, then the groups, so that ties always come the same way.
fn order_by(asked: &Asked) -> String {
    let (name, descending) = &asked.order;
    let measure = asked.measures.iter().position(|measure| measure.label == *name);
    let first = measure.map_or_else(|| name.clone(), |i| format!("m{i}"));
    let mut keys = vec![format!("{first} {}", if *descending { "desc" } else { "asc" })];
    keys.extend(asked.query.group_by.iter().filter(|field| *field != name).map(|field| format!("{field} asc")));
    keys.join(", ")
}

/// A row of the site under the names that were asked for.
fn named(asked: &Asked, row: &Map<String, Value>) -> Map<String, Value> {
    let of = |key: &str| row.get(key).cloned().unwrap_or_default();
    let mut named = Map::new();
    for group in &asked.groups {
        named.insert(group.field.fieldname.to_owned(), of(group.field.fieldname));
    }
    for (i, measure) in asked.measures.iter().enumerate() {
        let value = match measure.function {
            Function::Avg => average(of(&format!("m{i}")).as_f64(), of(&format!("n{i}")).as_f64()),
            _ => of(&format!("m{i}")),
        };
        named.insert(measure.label.clone(), value);
    }
    named
}

/// Rows by exact date, put together by span.
fn put_together(asked: &Asked, rows: &[Map<String, Value>]) -> Vec<Map<String, Value>> {
    let mut merged: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for row in rows {
        let mut row = row.clone();
        for group in asked.groups.iter().filter(|group| group.span.is_some()) {
            let value = row.get(group.field.fieldname).and_then(Value::as_str).map(|text| span_of(text, group.span));
            row.insert(group.field.fieldname.to_owned(), value.map_or(Value::Null, Value::from));
        }
        let key: Vec<&Value> = asked.groups.iter().filter_map(|group| row.get(group.field.fieldname)).collect();
        let key = json!(key).to_string();
        match merged.get_mut(&key) {
            None => {
                merged.insert(key, row);
            }
            Some(known) => {
                asked.measures.iter().enumerate().for_each(|(i, measure)| add(known, &row, i, measure.function))
            }
        }
    }
    let mut groups: Vec<_> = merged.values().map(|row| named(asked, row)).collect();
    let (label, descending) = &asked.order;
    sort(&mut groups, |group| group.get(label).cloned().unwrap_or_default(), *descending);
    groups
}

fn add(known: &mut Map<String, Value>, row: &Map<String, Value>, i: usize, function: Function) {
    for key in [format!("m{i}"), format!("n{i}")] {
        let (Some(a), Some(b)) = (known.get(&key), row.get(&key)) else { continue };
        let better = |wanted: std::cmp::Ordering| {
            if a.is_null() || !b.is_null() && compare(b, a) == wanted { b.clone() } else { a.clone() }
        };
        let sum = match function {
            Function::Min => better(std::cmp::Ordering::Less),
            Function::Max => better(std::cmp::Ordering::Greater),
            _ => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => json!(a.saturating_add(b)),
                _ => json!(a.as_f64().unwrap_or_default() + b.as_f64().unwrap_or_default()),
            },
        };
        known.insert(key, sum);
    }
}

fn average(sum: Option<f64>, count: Option<f64>) -> Value {
    let average = sum.zip(count.filter(|count| *count > 0.0)).map(|(sum, count)| sum / count);
    average.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// The span that a date or a date with time is in: `2026-11-23`, `2026-W48`, `2026-11`, `2026-Q4`, `2026`.
fn span_of(text: &str, span: Option<Span>) -> String {
    let day = text.split(' ').next().unwrap_or(text);
    let Ok(date) = time::parse_date(day) else { return text.to_owned() };
    let (year, month) = (date.year(), date.month());
    match span {
        None | Some(Span::Day) => date.to_string(),
        Some(Span::Week) => week(date),
        Some(Span::Month) => format!("{year:04}-{month:02}"),
        Some(Span::Quarter) => format!("{year:04}-Q{}", (month + 2) / 3),
        Some(Span::Year) => format!("{year:04}"),
    }
}

fn week(date: Date) -> String {
    let iso = date.iso_week_date();
    format!("{:04}-W{:02}", iso.year(), iso.week())
}

fn sort<T>(rows: &mut [T], key: impl Fn(&T) -> Value, descending: bool) {
    rows.sort_by(|a, b| {
        let order = compare(&key(a), &key(b));
        if descending { order.reverse() } else { order }
    });
}

/// Numbers by size, texts by letters, nothing first.
fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}
