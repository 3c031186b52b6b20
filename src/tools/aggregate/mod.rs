//! Count, sum, average, least and greatest over documents, by up to three fields; dates by day, week, month, quarter
//! or year. Only fields of the table reach the query.

mod across;
mod asked;
mod groups;
mod tree;

use erpnext_schema::Verb;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{ToolAnswer, note_of};
use crate::documents::states::also_count;
use crate::documents::{DocTypeCall, beyond, suggest};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::query::beyond::Neighbours;
use crate::query::compare::notes_on_filters;
use crate::shape::{Masked, page};
use crate::site::{GroupKey, GroupQuery};
use crate::tool::kinds::{DocTypeName, FieldNames, Filters, Limit, MAX_LIMIT, OrderBy};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use asked::{AggregateRequest, Function, Measure, currency_of, is_of_company};
use groups::{empty_twice, named, put_together, sort};

pub use tree::TREE;

/// Counts, sums and averages over the documents of any DocType.
pub static AGGREGATE: ToolSpec = ToolSpec {
    name: "aggregate_documents",
    title: "Aggregate documents",
    description: "Counts, sums and averages documents, grouped by up to three fields. Money is kept apart by \
                  currency.",
    toolset: Toolset::Core,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(AggregateArgs, run),
};

#[derive(Deserialize, JsonSchema)]
struct AggregateArgs {
    doctype: DocTypeName,
    /// count, sum(field), avg(field), min(field), max(field); default count; sum(items.qty) over rows
    measures: Option<FieldNames>,
    /// up to three fields, items.item_code and customer.territory too; a date as field:day, week, month, quarter or year
    group_by: Option<FieldNames>,
    filters: Option<Filters>,
    /// like filters, joined by OR
    or_filters: Option<Filters>,
    /// a measure or group, asc or desc
    order_by: Option<OrderBy>,
    #[serde(default)]
    limit: Limit,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

async fn run(call: Call<'_>, mut args: AggregateArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::List)?;
    let resolved = on.resolved_filters(args.filters.as_deref(), args.or_filters.as_deref()).await?;
    (args.filters, args.or_filters) = (resolved.filters.map(Filters), resolved.or_filters.map(Filters));
    aggregate(&call, &on, &args, resolved.notes).await
}

impl AggregateArgs {
    /// The names of fields in measures and groups: `items.qty` of `sum(items.qty)`.
    fn names(&self) -> impl Iterator<Item = &str> {
        let texts = self.measures.iter().chain(&self.group_by).flat_map(|texts| texts.iter());
        texts.map(|text| text.split_once('(').map_or(text.as_str(), |(_, name)| name.trim_end_matches([')', ' '])))
    }
}

/// The most groups that are read to be put together or sorted here.
const MOST_GROUPS: usize = 10_000;

/// The groups, in order.
async fn aggregate(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    args: &AggregateArgs,
    mut notes: Vec<String>,
) -> Result<ToolAnswer, ToolError> {
    let masked = on.hidden().await?;
    let names: Vec<String> = args.names().map(str::to_owned).collect();
    let neighbours = beyond::neighbours(on, &names).await?;
    let (mut on, mut asked) = on.checked(|on| asked::read(on, args, &masked, &neighbours)).await?;
    let limit = args.limit.count();
    let (mut groups, mut over) = match read(call, &on, &neighbours, &asked, limit).await {
        Err(ToolError::Site(error)) if !asked.is_across() => {
            on = on.mended(*error).await?;
            asked = asked::read(&on, args, &masked, &neighbours)
                .map_err(|found| ToolError::arguments(on.tool.name(), found))?;
            read(call, &on, &neighbours, &asked, limit).await?
        }
        groups => groups?,
    };
    if is_of_nothing(&asked, &groups) {
        let said = suggest::by_title(&on, &mut asked.query.filters).await;
        if !said.is_empty() {
            notes.extend(said);
            (groups, over) = read(call, &on, &neighbours, &asked, limit).await?;
        }
    }
    notes.extend(over);
    let more = groups.len() > limit;
    groups.truncate(limit);
    let found = groups.iter().any(|group| asked.measures.iter().any(|measure| is_something(group.get(&measure.label))));
    let is_empty = is_of_nothing(&asked, &groups);
    let whole = groups.len();
    let mut groups: Vec<Value> = groups.into_iter().map(Value::Object).collect();
    groups.truncate(page::how_many(&groups, on.session.tools.bytes_for_rows()));
    let (here, is_cut) = (groups.len(), groups.len() < whole);
    let shown = page::shown(0, here as u64, (!more).then_some(whole as u64), more || is_cut);
    if is_cut {
        notes.push("more groups would make the answer too large: add filters, or ask for fewer measures".to_owned());
    } else if more {
        let raise = if args.limit.get() < MAX_LIMIT { "raise limit, or " } else { "" };
        notes.push(format!("there are more groups: {raise}add filters"));
    }
    notes.extend(any_state(&on, &asked).filter(|_| found));
    notes.extend(any_company(&on, &masked, &asked));
    let filters = || asked.query.filters.iter().chain(&asked.query.or_filters);
    notes.extend(notes_on_filters(on.def, filters()));
    if is_empty {
        notes.extend(suggest::of_filters(&on, filters()).await);
    }
    let mut result = Map::from_iter([("shown".to_owned(), json!(shown))]);
    result.extend(note_of(&notes));
    result.insert("groups".to_owned(), Value::Array(groups));
    Ok(result.into())
}

/// The groups, and what there is to say of how they were put together.
async fn read(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    neighbours: &Neighbours,
    asked: &AggregateRequest,
    limit: usize,
) -> Result<(Vec<Map<String, Value>>, Option<String>), ToolError> {
    if asked.is_across() {
        let (groups, over) = across::groups(call, on, neighbours, asked).await?;
        return Ok((groups, Some(over)));
    }
    let rows = site_rows(on, asked, limit).await?;
    let twice = empty_twice(asked, &rows);
    let is_whole = rows.len() <= limit;
    if asked.is_bucketed() || is_whole && twice.is_some() {
        return Ok((put_together(asked, &rows), None));
    }
    let note =
        twice.map(|label| format!("documents without {label} are in two groups: the site keeps that in two ways"));
    Ok((rows.iter().map(|row| named(asked, row)).collect(), note))
}

/// What is to be said where documents count whatever their state.
fn any_state(on: &DocTypeCall<'_>, asked: &AggregateRequest) -> Option<String> {
    let filters = asked.query.filters.iter().chain(&asked.query.or_filters).map(|filter| filter.field.as_str());
    let fields = asked.groups.iter().map(|group| group.label.as_str()).chain(filters);
    let (who, filter) = also_count(on.def, fields)?;
    Some(format!("{who} count too: filter by {filter} for what holds"))
}

/// What is to be said of amounts that are in the currencies of companies which may not be read.
fn any_company(on: &DocTypeCall<'_>, masked: &Masked, asked: &AggregateRequest) -> Option<String> {
    let is_hidden = |measure: &&Measure| {
        is_of_company(measure) && currency_of(on, masked, measure).is_some_and(|(_, is_seen)| !is_seen)
    };
    let amounts: Vec<&str> = asked.measures.iter().filter(is_hidden).map(|measure| measure.label.as_str()).collect();
    (!amounts.is_empty()).then(|| {
        format!(
            "{}: of all companies together, whose currencies may differ: company may not be read",
            amounts.join(", ")
        )
    })
}

/// Whether no document was counted or summed: sums of none have no value.
fn is_of_nothing(asked: &AggregateRequest, groups: &[Map<String, Value>]) -> bool {
    let counts_none = |value: &Value, function: Function| function == Function::Count && value.as_f64() == Some(0.0);
    groups.iter().all(|group| {
        let mut values = asked.measures.iter().filter_map(|of| Some((group.get(&of.label)?, of.function)));
        values.all(|(value, function)| value.is_null() || counts_none(value, function))
    })
}

fn is_something(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_null() && value.as_f64() != Some(0.0))
}

async fn site_rows(
    on: &DocTypeCall<'_>,
    asked: &AggregateRequest,
    limit: usize,
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let (label, descending) = &asked.order;
    let is_average = |measure: &Measure| measure.function == Function::Avg && measure.label == *label;
    let by_average = !asked.groups.is_empty() && asked.measures.iter().any(is_average);
    if !asked.is_bucketed() && !by_average {
        // One more than asked for tells whether there are more.
        return rows(on, &GroupQuery { order_by: order_by(asked), ..asked.query.clone() }, limit + 1).await;
    }
    let mut rows = all_rows(on, asked).await?;
    if by_average {
        // The site cannot sort by an average, which is put together here.
        sort(&mut rows, |row| named(asked, row).remove(label).unwrap_or_default(), *descending);
    }
    Ok(rows)
}

async fn all_rows(on: &DocTypeCall<'_>, asked: &AggregateRequest) -> Result<Vec<Map<String, Value>>, ToolError> {
    let query = GroupQuery { order_by: keys(asked).collect(), ..asked.query.clone() };
    let found = rows(on, &query, MOST_GROUPS + 1).await?;
    if found.len() > MOST_GROUPS {
        return Err(ToolError::refused(
            format!("There are more than {MOST_GROUPS} groups to put together."),
            "Narrow with filters, such as a shorter time, then call again.",
        ));
    }
    Ok(found)
}

/// The first groups, page by page, and so many at most.
async fn rows(on: &DocTypeCall<'_>, query: &GroupQuery, most: usize) -> Result<Vec<Map<String, Value>>, ToolError> {
    let session = on.session;
    let mut found: Vec<Map<String, Value>> = Vec::new();
    loop {
        let room = (most - found.len()).min(beyond::PAGE);
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let query = GroupQuery { start: found.len() as u64, limit, ..query.clone() };
        let page = session.site.groups(on.permit, &query, session.catalog.version()).await?.data;
        let last = page.len() < room;
        found.extend(page);
        if last || found.len() >= most {
            return Ok(found);
        }
    }
}

/// The order for the site: the column that decides, then the groups, so that ties always come the same way.
fn order_by(asked: &AggregateRequest) -> Vec<(GroupKey, bool)> {
    let (name, descending) = &asked.order;
    let measure = asked.measures.iter().position(|measure| measure.label == *name);
    let group = || asked.query.group_by.iter().find(|group| *group == name).map(|group| GroupKey::Field(group));
    let first = measure.map(|i| GroupKey::Measure(format!("m{i}"))).or_else(group);
    let rest = keys(asked).filter(|(key, _)| Some(key) != first.as_ref());
    first.clone().map(|first| (first, *descending)).into_iter().chain(rest).collect()
}

fn keys(asked: &AggregateRequest) -> impl Iterator<Item = (GroupKey, bool)> {
    asked.query.group_by.iter().map(|group| (GroupKey::Field(group), false))
}
