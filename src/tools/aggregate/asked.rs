//! What is to be computed of which documents, read from the arguments. Only fields of the table get into it.

use erpnext_schema::{FieldDef, FieldKind, Options, Rule, Shape, Violation, nearest};

use super::AggregateArgs;
use crate::documents::DocTypeCall;
use crate::policy::{Filter, Rows};
use crate::query::beyond::{At, FieldOrigin, Neighbours};
use crate::query::reader::Reader;
use crate::shape::Masked;
use crate::site::{self, GroupQuery, Measure as Computed};
use crate::tool::kinds::FieldNames;

/// The most fields that documents are grouped by.
pub(crate) const MOST_FIELDS: usize = 3;
/// What is computed of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Function {
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

pub(crate) const FUNCTIONS: [(&str, Function); 5] = [
    ("count", Function::Count),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("min", Function::Min),
    ("max", Function::Max),
];

/// One thing to compute.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    /// As it was asked for, which is how it is answered.
    pub(crate) label: String,
    pub(crate) function: Function,
    /// Where it stands; of a count, what is counted.
    pub(crate) place: FieldOrigin,
    /// None for a count.
    pub(crate) field: Option<&'static FieldDef>,
}

/// A span of time that dates are put together by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Span {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

pub(crate) const SPANS: [(&str, Span); 5] = [
    ("day", Span::Day),
    ("week", Span::Week),
    ("month", Span::Month),
    ("quarter", Span::Quarter),
    ("year", Span::Year),
];

/// A field to group by.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// As it is answered: `customer`, `items.item_code`.
    pub(crate) label: String,
    pub(crate) place: FieldOrigin,
    pub(crate) field: &'static FieldDef,
    pub(crate) span: Option<Span>,
}

/// Everything that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct AggregateRequest {
    pub(crate) measures: Vec<Measure>,
    pub(crate) groups: Vec<Group>,
    /// Which column decides the order, and whether the largest comes first.
    pub(crate) order: (String, bool),
    pub(crate) query: GroupQuery,
}

impl AggregateRequest {
    /// Whether dates are put together by spans, which is done here.
    pub(crate) fn is_bucketed(&self) -> bool {
        self.groups.iter().any(|group| group.span.is_some())
    }

    /// Whether anything stands beyond the documents themselves, or selects them by their rows: then all is put together here.
    pub(crate) fn is_across(&self) -> bool {
        let mut filters = self.query.filters.iter().chain(&self.query.or_filters);
        self.places().any(|place| place != FieldOrigin::Own) || filters.any(|filter| filter.rows.is_some())
    }

    /// Whether rows are what is grouped by.
    pub(crate) fn is_by_rows(&self) -> bool {
        self.groups.iter().any(|group| rows(group.place).is_some())
    }

    /// The table whose rows are grouped or measured.
    pub(crate) fn table(&self) -> Option<Rows> {
        self.places().find_map(rows)
    }

    fn places(&self) -> impl Iterator<Item = FieldOrigin> {
        self.groups.iter().map(|group| group.place).chain(self.measures.iter().map(|measure| measure.place))
    }
}

fn rows(place: FieldOrigin) -> Option<Rows> {
    match place {
        FieldOrigin::Rows(rows) => Some(rows),
        _ => None,
    }
}

/// Reads and checks the arguments.
pub(crate) fn read(
    on: &DocTypeCall<'_>,
    args: &AggregateArgs,
    masked: &Masked,
    neighbours: &Neighbours,
) -> Result<AggregateRequest, Vec<Violation>> {
    let children = |child: &str| on.session.catalog.known(child);
    let mut reader = Reader::new(on.def, on.permit.fields()).with_trees(on.session.policy).with_masked(masked);
    reader = reader.with_rows(&children).with_neighbours(neighbours);
    let filters = reader.filters("filters", args.filters.as_deref());
    let or_filters = reader.choices("or_filters", args.or_filters.as_deref());
    let texts = |names: &Option<FieldNames>| names.as_deref().unwrap_or_default().to_vec();
    let mut groups: Vec<Group> = Vec::new();
    for (i, text) in texts(&args.group_by).iter().enumerate() {
        groups.extend(group(&mut reader, &format!("group_by[{i}]"), text));
    }
    if groups.len() > MOST_FIELDS {
        reader.wrong("group_by", Rule::Value, format!("at most {MOST_FIELDS} fields, found {}", groups.len()), None);
    }
    let mut asked = texts(&args.measures);
    if asked.is_empty() {
        asked.push("count".to_owned());
    }
    let mut measures: Vec<Measure> = Vec::new();
    for (i, text) in asked.iter().enumerate() {
        measures.extend(measure(&mut reader, &format!("measures[{i}]"), text));
    }
    across(&mut reader, &measures, &groups, &or_filters);
    // Money of several currencies must never be added up in silence.
    for (i, measure) in measures.iter().enumerate() {
        let Some((currency, is_seen)) = currency_of(on, masked, measure) else { continue };
        if !is_seen {
            // Whose company an amount is may be withheld where there is but one.
            if !is_of_company(measure) {
                let message = format!(
                    "{}: its currency, {}, may not be read, and several would be put together: name the base_ field, \
                     which is in the company's",
                    measure.label,
                    currency.label()
                );
                reader.wrong(&format!("measures[{i}]"), Rule::NotPermitted, message, None);
            }
            continue;
        }
        if !groups.iter().any(|group| group.label == currency.label()) {
            groups.push(Group { label: currency.label(), place: currency.place, field: currency.field, span: None });
        }
    }
    let order = order(&mut reader, args.order_by.as_deref(), &measures, &groups);
    let query = GroupQuery {
        group_by: groups.iter().map(|group| group.field.fieldname).collect(),
        measures: measures.iter().enumerate().flat_map(|(i, measure)| columns(i, measure)).collect(),
        filters,
        or_filters,
        order_by: Vec::new(),
        limit: 500,
        start: 0,
    };
    reader.done(AggregateRequest { measures, groups, order, query })
}

/// Refuses what would be counted once for each row.
fn across(reader: &mut Reader<'_>, measures: &[Measure], groups: &[Group], or_filters: &[Filter]) {
    let places = || measures.iter().map(|measure| measure.place).chain(groups.iter().map(|group| group.place));
    for (i, measure) in
        measures.iter().enumerate().filter(|(_, measure)| matches!(measure.place, FieldOrigin::Linked(_)))
    {
        let message = format!("{}: a linked document would count once for each that links to it", measure.label);
        reader.wrong(&format!("measures[{i}]"), Rule::Value, message, None);
    }
    let Some(table) = places().find_map(rows) else { return };
    if let Some(other) = places().filter_map(rows).find(|other| *other != table) {
        let message = format!("rows of one table at a time: {} or {}", table.table, other.table);
        reader.wrong("measures and group_by", Rule::Value, message, None);
    }
    for (i, measure) in measures.iter().enumerate() {
        if measure.place == FieldOrigin::Own && measure.field.is_some() {
            let message = format!(
                "{}: an amount of the document would count once for each of its rows: sum a column of {}, or call \
                 without what is of rows",
                measure.label, table.table
            );
            reader.wrong(&format!("measures[{i}]"), Rule::Value, message, None);
        }
    }
    if or_filters.iter().any(|filter| filter.rows == Some(table)) {
        let message = format!("which rows in {} count is said by filters only", table.table);
        reader.wrong("or_filters", Rule::Value, message, None);
    }
}

fn group(reader: &mut Reader<'_>, path: &str, text: &str) -> Option<Group> {
    if let Some((function, name)) = text.split_once('(') {
        let span = SPANS.iter().find(|(name, _)| name.eq_ignore_ascii_case(function.trim())).map(|(name, _)| *name);
        let Some(span) = span else {
            let message = format!("{text}: expected a field, or a date as field:month; computing goes into measures");
            reader.wrong(path, Rule::Value, message, None);
            return None;
        };
        let field = reader.field(path, name.trim_end().trim_end_matches(')').trim())?;
        let near = Some(format!("{}:{span}", field.fieldname));
        reader.wrong(path, Rule::Value, format!("{text}: a date is grouped as field:{span}"), near);
        return None;
    }
    let (name, span) = text.split_once(':').map_or((text, None), |(name, span)| (name.trim(), Some(span.trim())));
    let is_field = reader.known(name).is_some() || reader.labelled(name).is_some();
    let alone = SPANS.iter().find(|(span, _)| span.eq_ignore_ascii_case(name)).filter(|_| !is_field);
    if let Some((span, _)) = alone {
        let dates = ["posting_date", "transaction_date", "creation"];
        let near = dates.iter().find_map(|date| reader.known(date)).map(|date| format!("{}:{span}", date.fieldname));
        reader.wrong(path, Rule::Value, format!("{text}: a date is grouped as field:{span}"), near);
        return None;
    }
    let At { place, field } = if name.contains('.') {
        reader.at(path, name)?
    } else {
        At { place: FieldOrigin::Own, field: reader.key(path, name)? }
    };
    let label = At { place, field }.label();
    let Some(span) = span else { return Some(Group { label, place, field, span: None }) };
    let Some((_, known)) = SPANS.iter().find(|(name, _)| name.eq_ignore_ascii_case(span)) else {
        let near = nearest(span, SPANS.iter().map(|(name, _)| *name)).map(|span| format!("{name}:{span}"));
        reader.wrong(
            path,
            Rule::Value,
            format!("{text}: dates are grouped by day, week, month, quarter or year"),
            near,
        );
        return None;
    };
    if !matches!(field.kind.shape(), Shape::Date | Shape::Datetime) {
        reader.wrong(path, Rule::Value, format!("{text}: {name} is {}, not a date", field.kind), Some(name.to_owned()));
        return None;
    }
    Some(Group { label, place, field, span: Some(*known) })
}

fn measure(reader: &mut Reader<'_>, path: &str, text: &str) -> Option<Measure> {
    let (function, name) = match text.split_once('(') {
        Some((function, rest)) => (function.trim(), Some(rest.trim_end().trim_end_matches(')').trim())),
        None => (text.trim(), None),
    };
    let Some((_, known)) = FUNCTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(function)) else {
        let message = format!("{text}: expected count, sum(field), avg(field), min(field) or max(field)");
        let near = match name {
            Some(name) => {
                let function = meant(function);
                reader.known(name).zip(function).map(|(field, function)| format!("{function}({})", field.fieldname))
            }
            None => match reader.known(function) {
                Some(field) if is_number(field) => Some(format!("sum({function})")),
                _ => meant(function).map(str::to_owned),
            },
        };
        reader.wrong(path, Rule::Value, message, near);
        return None;
    };
    if *known == Function::Count {
        if let Some(rows) = name.and_then(|name| reader.rows(name)) {
            let label = format!("count({})", rows.table);
            return Some(Measure { label, function: *known, place: FieldOrigin::Rows(rows), field: None });
        }
        if let Some(of) = name.filter(|name| !matches!(*name, "" | "*" | "name")) {
            let message = format!(
                "count counts documents, not values of {of}: filter by [\"is\", \"set\"] for those that have one, group_by for each value"
            );
            reader.wrong(path, Rule::Value, message, Some("count".to_owned()));
            return None;
        }
        return Some(Measure { label: "count".to_owned(), function: *known, place: FieldOrigin::Own, field: None });
    }
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        reader.wrong(path, Rule::Value, format!("{text}: name a field, such as {function}(grand_total)"), None);
        return None;
    };
    if let Some((inner, _)) = name.split_once(')') {
        let near = reader.known(inner.trim()).map(|field| format!("{}({})", function.to_lowercase(), field.fieldname));
        reader.wrong(path, Rule::Value, format!("{text}: remove what follows {function}(field)"), near);
        return None;
    }
    let At { place, field } = reader.at(path, name)?;
    let number = is_number(field);
    let date = matches!(field.kind.shape(), Shape::Date | Shape::Datetime);
    let fits = number || date && matches!(known, Function::Min | Function::Max);
    if !fits {
        reader.wrong(path, Rule::Value, format!("{text}: {name} is {}, not a number", field.kind), None);
        return None;
    }
    let label = format!("{}({name})", function.to_lowercase());
    Some(Measure { label, function: *known, place, field: Some(field) })
}

fn is_number(field: &FieldDef) -> bool {
    matches!(field.kind.shape(), Shape::Int | Shape::Float | Shape::Bool)
}

/// A function under another name.
fn meant(function: &str) -> Option<&'static str> {
    match function.to_lowercase().as_str() {
        "average" | "mean" => Some("avg"),
        "total" => Some("sum"),
        "minimum" => Some("min"),
        "maximum" => Some("max"),
        function => nearest(function, FUNCTIONS.iter().map(|(name, _)| *name)),
    }
}

/// The field that says in which currency an amount is, and whether it may be read: of its row, of the document, or its
/// company's.
pub(super) fn currency_of(on: &DocTypeCall<'_>, masked: &Masked, measure: &Measure) -> Option<(At, bool)> {
    let by = match measure.field.map(|field| (field.kind, field.options)) {
        Some((FieldKind::Currency, Options::Format(by))) => by.split(':').nth(1).unwrap_or(by),
        _ => return None,
    };
    let rule = on.permit.fields();
    let in_row = rows(measure.place).and_then(|rows| {
        let field = on.session.catalog.known(rows.doctype)?.field(by).filter(|field| field.in_lists())?;
        let table = on.def.table(rows.table)?;
        let seen = rule.may_read_child(table, field) && !masked.hides(rows.doctype, by);
        Some((At { place: FieldOrigin::Rows(rows), field }, seen))
    });
    let own = || {
        let field = on.def.field(by).filter(|field| field.in_lists())?;
        let seen = rule.may_read(field) && !masked.hides(on.def.name, by);
        Some((At { place: FieldOrigin::Own, field }, seen))
    };
    in_row.or_else(own)
}

/// Whether an amount is in the currency of its company.
pub(super) fn is_of_company(measure: &Measure) -> bool {
    measure.field.is_some_and(|field| matches!(field.options, Options::Format(by) if by.contains(':')))
}

fn order(reader: &mut Reader<'_>, asked: Option<&str>, measures: &[Measure], groups: &[Group]) -> (String, bool) {
    let first = measures.first().map_or_else(String::new, |measure| measure.label.clone());
    let Some(asked) = asked else {
        // Spans of time in their order; else the largest first.
        let dated = groups.iter().find(|group| group.span.is_some());
        return dated.map_or((first, true), |group| (group.label.clone(), false));
    };
    let (name, descending) = match asked.trim().rsplit_once(char::is_whitespace) {
        Some((name, direction)) if direction.eq_ignore_ascii_case("desc") => (name.trim(), true),
        Some((name, direction)) if direction.eq_ignore_ascii_case("asc") => (name.trim(), false),
        _ => asked.trim().strip_prefix('-').map_or((asked.trim(), false), |name| (name.trim(), true)),
    };
    // A date is sorted by as it is grouped by, with its span or without.
    let spelt = |group: &&Group| name.split_once(':').is_some_and(|(field, _)| field.trim() == group.label);
    let name = groups.iter().find(spelt).map_or(name, |group| group.label.as_str());
    let known: Vec<&str> = measures
        .iter()
        .map(|measure| measure.label.as_str())
        .chain(groups.iter().map(|group| group.label.as_str()))
        .collect();
    // What is sorted by is known only where what was grouped by and measured is right.
    if !known.contains(&name) && reader.is_right() {
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
fn columns(i: usize, measure: &Measure) -> Vec<Computed> {
    use site::Function as F;
    let field = measure.field.map_or("name", |field| field.fieldname);
    let column = |function, alias: String| Computed { function, field, alias };
    match measure.function {
        Function::Count => vec![column(F::Count, format!("m{i}"))],
        Function::Sum => vec![column(F::Sum, format!("m{i}"))],
        // Averages of parts are put together from sums and counts.
        Function::Avg => vec![column(F::Sum, format!("m{i}")), column(F::Count, format!("n{i}"))],
        Function::Min => vec![column(F::Min, format!("m{i}"))],
        Function::Max => vec![column(F::Max, format!("m{i}"))],
    }
}
