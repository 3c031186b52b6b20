//! Lists: a page of the documents that fit, and where the next begins.

mod assigned;
pub(super) mod beyond;

use erpnext_schema::{Operator, Order, Shape, Violation};
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::read::has_times;
use crate::answer::{ToolAnswer, note_of};
use crate::documents::beyond::neighbours;
use crate::documents::{DocTypeCall, ResolvedFilters, suggest};
use crate::error::ToolError;
use crate::policy::Filter;
use crate::query::beyond::{At, FieldOrigin, Neighbours};
use crate::query::compare::notes_on_filters;
use crate::query::cursor;
use crate::query::keyset::{self, Position};
use crate::query::marks::ASSIGNED;
use crate::query::reader::Reader;
use crate::shape::{self, Masked, page};
use crate::site::{ListQuery, PageRow, SiteError};
use crate::tool::document_args::ListArgs;

/// A page of a list.
pub async fn list(on: &DocTypeCall<'_>, args: ListArgs) -> Result<ToolAnswer, ToolError> {
    let session = on.session;
    let masked = on.hidden().await?;
    let given = on.resolved_filters(args.filters.as_deref(), args.or_filters.as_deref()).await?;
    let neighbours = neighbours(on, args.fields.as_deref().unwrap_or_default()).await?;
    let check = |on: &DocTypeCall<'_>| checked(on, &args, &given, &masked, &neighbours);
    let (on, asked) = on.checked(check).await?;
    let identity = identity(&on, &asked.0, &args, &given);
    let begin = begin(args.cursor.as_deref(), &identity)?;
    let Found { on, mut query, beyond, mut rows, total, mut notes } = found(on, asked, check, &begin, &args).await?;
    assigned::is_told(&query, &rows)?;
    if query.own_columns && !rows.is_empty() {
        // Empty, a column that was left out would say that no document has a value there.
        query.fields.retain(|field| rows.iter().any(|row| row.get(field).is_some()));
    }
    let more = cut_to_limit(&mut rows, &query, args.limit.get());
    let unseen = if begin.before == 0 && !more { unseen_names(&query, &rows) } else { Vec::new() };
    if let (0, Some(field)) = (begin.before, empty_ones_first(&on, &query.order_by, &rows)) {
        notes.push(format!("documents without {field} come first"));
    }
    let sorted_by: Vec<_> =
        rows.iter().map(|row| keyset::values(on.def, &query.order_by, |column| row.get(column))).collect();
    let beyond::Beyond { columns, cells, notes: of_columns, mut cut } =
        beyond::read(&on, &neighbours, &beyond, &query, &rows).await?;
    let whole = rows.len();
    let columns: Vec<String> = assigned::labels(&query).chain(columns).collect();
    let mut rows = laid_out(&on, &query, rows, cells, columns.len(), &mut cut);
    let columns = json!(columns);
    page::cut_rows(&columns, &mut rows, session.tools.bytes_for_rows());
    let more = more || rows.len() < whole;
    let here = rows.len();
    let shown = page::shown(begin.before, here as u64, total, more);
    let mut result = Map::from_iter([("shown".to_owned(), json!(shown))]);
    if let Some(total) = total {
        result.insert("total".to_owned(), json!(total));
    }
    result.insert("columns".to_owned(), columns);
    result.insert("rows".to_owned(), Value::Array(rows));
    let times = has_times(on.def, query.fields.iter());
    result.extend(session.known_zone().filter(|_| times).map(|zone| ("time_zone".to_owned(), json!(zone))));
    if more {
        let last = sorted_by.into_iter().nth(here.saturating_sub(1)).flatten();
        let after = last.filter(|_| can_go_on(&on, &query));
        if after.is_none() {
            notes.push(
                "the next page goes on by position: what changes meanwhile can come twice or be missed".to_owned(),
            );
        }
        let next = Position { before: begin.before + here as u64, total, after };
        result.insert("next_cursor".to_owned(), json!(cursor::write(next, &identity)));
    }
    let every = args.fields.as_ref().is_none_or(|fields| fields.iter().any(|name| name == "*"));
    let withheld = if every { on.not_shown(&masked) } else { Vec::new() };
    if !withheld.is_empty() {
        result.insert("withheld".to_owned(), json!(withheld));
    }
    if here < whole {
        notes.push(
            "more rows would make the answer too large: next_cursor fetches them, fewer fields make room".to_owned(),
        );
    }
    if cut {
        notes.push("long texts are cut; get one document with the field in fields gives it whole".to_owned());
    }
    notes.extend(given.notes);
    notes.extend(of_columns);
    notes.extend(notes_on_filters(on.def, query.filters.iter().chain(&query.or_filters)));
    if begin.before == 0 && whole == 0 {
        notes.extend(suggest::of_filters(&on, query.filters.iter().chain(&query.or_filters)).await);
    } else {
        notes.extend(suggest::of_filters(&on, unseen.iter()).await);
    }
    result.extend(note_of(&notes));
    Ok(result.into())
}

/// A page as the site has it, and what it was asked for.
struct Found<'a> {
    on: DocTypeCall<'a>,
    query: ListQuery,
    beyond: Vec<At>,
    rows: Vec<PageRow>,
    total: Option<u64>,
    notes: Vec<String>,
}

/// Asks for a page: once more by the live metadata if the site refuses a column, and by the names that titles stand for if none
/// is found.
async fn found<'a>(
    mut on: DocTypeCall<'a>,
    (mut query, mut beyond): (ListQuery, Vec<At>),
    check: impl Fn(&DocTypeCall<'a>) -> Result<(ListQuery, Vec<At>), Vec<Violation>>,
    begin: &Position,
    args: &ListArgs,
) -> Result<Found<'a>, ToolError> {
    let (mut rows, mut total) = match page_of(&on, &query, &beyond, begin, args.count).await {
        Ok(page) => page,
        Err(error) if assigned::place(&query).is_some() && error.column() == Some(ASSIGNED.0) => {
            return Err(assigned::untold());
        }
        Err(error) => {
            on = on.mended(error).await?;
            (query, beyond) = check(&on).map_err(|found| ToolError::arguments(on.tool.name(), found))?;
            // The metadata may have a column that the database has not, as half-way through a migration.
            query.own_columns = args.fields.is_none();
            page_of(&on, &query, &beyond, begin, args.count).await?
        }
    };
    let notes = if rows.is_empty() { suggest::by_title(&on, &mut query.filters).await } else { Vec::new() };
    if !notes.is_empty() {
        (rows, total) = page_of(&on, &query, &beyond, begin, args.count).await?;
    }
    Ok(Found { on, query, beyond, rows, total, notes })
}

/// The names in lists of filters of which a whole list shows no document: one that is not there would be missed in silence.
fn unseen_names(query: &ListQuery, rows: &[PageRow]) -> Vec<Filter> {
    let lists = query.filters.iter().filter(|filter| filter.operator == Operator::In && filter.rows.is_none());
    let without_seen = lists.filter_map(|filter| {
        let is_seen = |name: &Value| rows.iter().any(|row| row.get(&filter.field) == Some(name));
        let unseen: Vec<&Value> = filter.value.as_array()?.iter().filter(|name| !is_seen(name)).collect();
        (!unseen.is_empty()).then(|| Filter { value: json!(unseen), ..filter.clone() })
    });
    without_seen.collect()
}

/// What the site is asked for, and the columns that lie beyond its documents.
fn checked(
    on: &DocTypeCall<'_>,
    args: &ListArgs,
    given: &ResolvedFilters,
    masked: &Masked,
    neighbours: &Neighbours,
) -> Result<(ListQuery, Vec<At>), Vec<Violation>> {
    let session = on.session;
    let children = |child: &str| session.catalog.known(child);
    let mut reader = Reader::new(on.def, on.permit.fields()).with_rows(&children).with_trees(session.policy);
    reader = reader.with_masked(masked).with_neighbours(neighbours);
    let filters = reader.filters("filters", given.filters.as_ref());
    let or_filters = reader.choices("or_filters", given.or_filters.as_ref());
    let (shows_assigned, asked) = reader.assigned(args.fields.as_deref());
    let mut fields = reader.fields(asked.as_deref());
    let beyond = reader.beyond(asked.as_deref(), &mut fields);
    fields.extend(shows_assigned.then(|| ASSIGNED.0.to_owned()));
    let order_by = reader.order_by(args.order_by.as_deref());
    if args.fields.is_none() && args.order_by.is_some() {
        // What a list is sorted by is what is asked about.
        fields.extend(order_by.iter().map(|key| key.fieldname.to_owned()));
        fields = reader.fields(Some(fields.as_slice()));
    }
    // One more than asked for tells whether there is another page; the site's own cap is no concern below 501.
    let limit = args.limit.rows().saturating_add(1).min(500);
    let query = ListQuery { fields, filters, or_filters, order_by, limit, ..ListQuery::default() };
    reader.done((query, beyond))
}

/// What tells the list from others, for its cursors.
fn identity(on: &DocTypeCall<'_>, query: &ListQuery, args: &ListArgs, given: &ResolvedFilters) -> String {
    if given.notes.is_empty() {
        return format!("{} {:?} {:?} {:?}", on.def.name, query.filters, query.or_filters, query.order_by);
    }
    // What a filter by other documents finds may change from page to page.
    let given = json!([args.filters.as_deref(), args.or_filters.as_deref()]);
    format!("{} {given} {:?}", on.def.name, query.order_by)
}

/// Where the page begins.
fn begin(cursor: Option<&str>, identity: &str) -> Result<Position, ToolError> {
    let Some(cursor) = cursor else { return Ok(Position::default()) };
    cursor::read(cursor, identity).ok_or_else(|| {
        ToolError::refused(
            "cursor: not one of this list: next_cursor is valid only with the same filters and order_by.",
            "Call again without cursor for the first page.",
        )
    })
}

/// Leaves as many rows as were asked for; whether there are more.
fn cut_to_limit(rows: &mut Vec<PageRow>, query: &ListQuery, limit: u64) -> bool {
    let asked = u64::from(query.limit);
    let found = rows.len() as u64;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // At the largest limit there is no room for one more: a full page may be the last.
    if limit < asked { found > limit } else { found >= asked }
}

/// The rows as the answer shows them: their own columns, then those that lie beyond.
fn laid_out(
    on: &DocTypeCall<'_>,
    query: &ListQuery,
    rows: Vec<PageRow>,
    beyond: Vec<Vec<Value>>,
    width: usize,
    cut: &mut bool,
) -> Vec<Value> {
    let own = shape::columns(on.def, on.permit, &query.fields);
    let assigned = assigned::place(query);
    let rows = rows.into_iter().zip(beyond).map(|(row, beyond)| {
        let users = assigned.map(|_| assigned::users(&row));
        let (columns, cells) = row.into_parts();
        let mut cells = shape::cells(&own, columns.iter().zip(cells), cut);
        if let Some((cell, users)) = assigned.and_then(|at| cells.get_mut(at)).zip(users) {
            *cell = users;
        }
        cells.extend(beyond);
        cells.resize(width, Value::Null);
        Value::Array(cells)
    });
    rows.collect()
}

/// The rows of a page, and how many there are on all of them where that was asked for.
async fn page_of(
    on: &DocTypeCall<'_>,
    query: &ListQuery,
    beyond: &[At],
    begin: &Position,
    count: bool,
) -> Result<(Vec<PageRow>, Option<u64>), SiteError> {
    let site = on.session.site;
    let mut query = query.clone();
    let by = beyond.iter().filter_map(|at| match at.place {
        FieldOrigin::Linked(by) => Some(by.fieldname),
        _ => None,
    });
    for needed in keyset::keys(&query.order_by).iter().map(|key| key.fieldname).chain(by) {
        if !query.fields.iter().any(|field| field == needed) {
            query.fields.push(needed.to_owned());
        }
    }
    let total = async {
        match (begin.total, count) {
            (None, true) => site.count(on.permit, &query.filters, &query.or_filters, None).await.map(Some),
            (known, _) => Ok(known),
        }
    };
    let questions = match &begin.after {
        None => vec![ListQuery { start: begin.before, ..query.clone() }],
        Some(values) => {
            let after = keyset::after(&query.order_by, values).into_iter();
            let asked = |filters| ListQuery { filters: [query.filters.clone(), filters].concat(), ..query.clone() };
            after.map(asked).collect()
        }
    };
    let rows = try_join_all(questions.iter().map(|question| site.page_rows(on.permit, question)));
    let (answers, total) = futures_util::try_join!(rows, total)?;
    let rows = answers.into_iter().flatten();
    Ok((rows.take(usize::try_from(query.limit).unwrap_or(usize::MAX)).collect(), total))
}

/// Whether the next page can go on after the last row: not where a choice of the caller's scope is joined to one of the
/// call's, which the site cannot do but on a first page.
fn can_go_on(on: &DocTypeCall<'_>, query: &ListQuery) -> bool {
    query.or_filters.is_empty() || on.permit.within().is_none_or(|within| within.any.is_empty())
}

/// The key by which documents without a value come first, where the first row has none (H73).
fn empty_ones_first(on: &DocTypeCall<'_>, order: &[Order], rows: &[PageRow]) -> Option<&'static str> {
    let key = order.first().filter(|key| !key.descending)?;
    let field = on.def.field(key.fieldname)?;
    let is_empty = rows.first()?.get(key.fieldname).is_some_and(|value| value.is_null() || *value == "");
    let counts = !matches!(field.kind.shape(), Shape::Bool | Shape::Int | Shape::Float);
    (is_empty && counts).then_some(field.fieldname)
}
