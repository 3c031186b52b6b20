//! Reading one document, and finding documents by words: what the tools that get and search answer, by their own names and
//! by the generic ones.

use std::sync::Arc;

use erpnext_schema::collation::fold;
use erpnext_schema::{DocTypeDef, Operator, Order, Shape};
use serde_json::{Map, Value, json};

use crate::answer::{Place, Text, ToolAnswer, note_of};
use crate::cache::Answered;
use crate::documents::shown_part::Part;
use crate::documents::{DocTypeCall, suggest};
use crate::error::ToolError;
use crate::query::reader::Reader;
use crate::shape::present::LeftOut;
use crate::shape::{self, Masked, RowTexts, page};
use crate::site::{Document, Filter, ListQuery};
use crate::tool::document_args::{GetArgs, SearchArgs};
use crate::tool::kinds::FieldNames;

/// How many documents with one of the words are looked through for the others.
const MOST_WITH_A_WORD: u32 = 500;

/// One document.
pub async fn get(on: &DocTypeCall<'_>, args: GetArgs) -> Result<ToolAnswer, ToolError> {
    let session = on.session;
    let asked = on.checked(|on| {
        let read = |fields: &FieldNames| {
            shape::Wanted::read(on.def, on.permit.fields(), fields, &|child| session.catalog.known(child))
        };
        args.fields.as_ref().map(read).transpose()
    });
    let (on, wanted) = asked.await?;
    let raw = args.format.is_some();
    let name = on.name(&args.name);
    let stored = match session.site.get_unparsed(on.permit, name).await {
        Ok(stored) => stored,
        Err(error) => return Err(suggest::of_name(&on, error, name).await),
    };
    let by = kept_under(&on, &stored, args.fields.as_deref(), raw);
    if let Some(text) = by.as_deref().and_then(|by| kept_answer(&on, name, &stored, by)) {
        return Ok(ToolAnswer { text: Text::Known(text), ..ToolAnswer::default() });
    }
    let Seen { on, mut shaped, rows, unshown, text } = seen(&on, name, (stored, by), wanted.as_ref(), raw).await?;
    if let Some(wanted) = &wanted {
        // Which version it is, for the write that may follow.
        let modified = shaped.document.get("modified").cloned();
        wanted.keep(&mut shaped.document);
        shaped.document.extend(modified.map(|modified| ("modified".to_owned(), modified)));
    }
    let children = |child: &str| session.catalog.known(child);
    let left_out =
        shape::present::document(on.def, &children, &mut shaped.document, wanted.is_some(), raw).and(unshown);
    for field in wanted.iter().flat_map(shape::Wanted::fields) {
        // Whoever asks for a field is told that it is empty; of what the site may hide that is not known.
        if on.def.field(field).is_some_and(|field| field.permlevel == 0)
            && !shaped.withheld.iter().any(|name| name == field)
        {
            shaped.document.entry(field).or_insert(Value::Null);
        }
    }
    let begins = wanted.as_ref().map(|wanted| wanted.go_on(&mut shaped.document)).unwrap_or_default();
    let times = has_times(on.def, shaped.document.keys());
    let mut result = Map::from_iter([("document".to_owned(), Value::Object(shaped.document))]);
    if !begins.is_empty() {
        result.insert("begins_at".to_owned(), Value::Object(begins));
    }
    result.extend(session.known_zone().filter(|_| times).map(|zone| ("time_zone".to_owned(), json!(zone))));
    if !shaped.withheld.is_empty() && args.fields.is_none() {
        result.insert("withheld".to_owned(), shape::names(shaped.withheld));
    }
    let notes = [
        (left_out.text, "long texts are cut; naming the field in fields gives it whole"),
        (left_out.columns, "rows show their main columns; naming the table in fields gives all, items.qty one of them"),
        (left_out.zeros, "fields that hold 0 or false are left out; naming one in fields shows it"),
    ];
    let notes: Vec<&str> = notes.into_iter().filter(|(said, _)| *said).map(|(_, note)| note).collect();
    result.extend(note_of(&notes));
    Ok(ToolAnswer { rows, text, ..result.into() })
}

/// What the answer depends on beside the document, as the key under which it is kept; none where it may not be kept. The
/// document's fields are those of the tables, and masks are asked for apart.
fn kept_under(on: &DocTypeCall<'_>, stored: &Document, fields: Option<&[String]>, raw: bool) -> Option<String> {
    let Document::Unparsed(unparsed) = stored else { return None };
    let (session, rule) = (on.session, on.permit.fields());
    // Of what is above level 0 the site decides at each call.
    let is_plain = || on.def.fields.iter().all(|field| field.permlevel == 0 || !rule.may_read(field));
    let by = || {
        let (tables, zone) = (session.catalog.edition(), session.known_zone());
        format!("{:p} {tables:?} {fields:?} {raw} {zone:?} {}", on.def, session.tools.bytes_for_result())
    };
    (unparsed.is_kept() && is_plain()).then(by)
}

/// What was answered of a document before, where the caller was shown that version last and the site masks nothing of it.
fn kept_answer(on: &DocTypeCall<'_>, name: &str, stored: &Document, by: &str) -> Option<Arc<Answered>> {
    let Document::Unparsed(unparsed) = stored else { return None };
    on.session.masked_as_known(on.def.name).filter(|masked| masked.is_empty())?;
    unparsed.answered(by).filter(|answered| on.is_shown_again(name, answered.version()))
}

/// A document as the caller may see it, with the table that explains it.
pub async fn document<'a>(on: &DocTypeCall<'a>, name: &str) -> Result<(DocTypeCall<'a>, shape::Shaped), ToolError> {
    shaped(on, name, on.existing(name).await?).await
}

/// A document as the caller may see it, with no more of its rows than an answer has room for.
struct Seen<'a> {
    /// With the table that explains it.
    on: DocTypeCall<'a>,
    shaped: shape::Shaped,
    /// Those of its rows that are written already.
    rows: RowTexts,
    /// What is to be said of the rest.
    unshown: LeftOut,
    /// Whether what is answered of it is kept.
    text: Text,
}

/// Reads the document out of the site's answer: its rows as bytes where they can be shown so, else all of it as values.
async fn seen<'a>(
    on: &DocTypeCall<'a>,
    name: &str,
    (stored, by): (Document, Option<String>),
    wanted: Option<&shape::Wanted>,
    raw: bool,
) -> Result<Seen<'a>, ToolError> {
    let stored = match stored {
        Document::Parsed(stored) => stored,
        Document::Unparsed(unparsed) => match on.shown_part(&unparsed, wanted, raw).await {
            Some(Part { mut document, rows, unshown, version }) if on.masked().await?.is_empty() => {
                on.without_lies(&mut document).await;
                let modified = version.as_ref().map(|version| version.modified().to_owned());
                on.was_shown_as(name, version);
                let place = by.map(|by| Place { of: unparsed, by, version: modified });
                let shaped = permitted(on, document).await?;
                return Ok(Seen {
                    on: DocTypeCall { ..*on },
                    shaped,
                    rows,
                    unshown,
                    text: place.map(|place| Text::Kept(Box::new(place))).unwrap_or_default(),
                });
            }
            _ => on.session.site.parse(unparsed).await?,
        },
    };
    let (on, shaped) = shaped(on, name, stored).await?;
    Ok(Seen { on, shaped, rows: RowTexts::default(), unshown: LeftOut::default(), text: Text::Made })
}

/// Notes that the caller is shown the document, and gives what they may see of it.
async fn shaped<'a>(
    on: &DocTypeCall<'a>,
    name: &str,
    mut stored: Map<String, Value>,
) -> Result<(DocTypeCall<'a>, shape::Shaped), ToolError> {
    let on = on.with_live_metadata(&mut stored).await;
    on.was_shown(name, Some(&stored));
    let shaped = permitted(&on, stored).await?;
    Ok((on, shaped))
}

/// What of a stored document the policy and the site let the caller see.
async fn permitted(on: &DocTypeCall<'_>, stored: Map<String, Value>) -> Result<shape::Shaped, ToolError> {
    let mut shaped = shape::document(on.def, on.permit, &|child| on.session.catalog.known(child), stored);
    // What the site hides is told by no rule.
    let mut withheld = on.not_shown(&*on.masked().await?);
    withheld.append(&mut shaped.withheld);
    shaped.withheld = withheld;
    Ok(shaped)
}

/// Whether any of the fields holds a time, which says nothing without its zone.
pub(super) fn has_times<'a>(def: &DocTypeDef, mut names: impl Iterator<Item = &'a String>) -> bool {
    let mut fields = def.walk();
    names.any(|name| fields.field(name).is_some_and(|field| field.kind.shape() == Shape::Datetime))
}

/// Documents by words, as the desk's link fields find them.
pub async fn search(on: &DocTypeCall<'_>, args: SearchArgs) -> Result<ToolAnswer, ToolError> {
    let masked = on.hidden().await?;
    let filters = on.meant_filters(args.filters.as_deref()).await?;
    let asked = on.checked(|on| {
        let mut reader = Reader::new(on.def, on.permit.fields()).with_trees(on.session.policy).with_masked(&masked);
        let filters = reader.filters("filters", filters.as_ref());
        reader.done(filters)
    });
    let (on, filters) = asked.await?;
    let term = args.search_term.as_str();
    let limit = args.limit.rows();
    // The desk's search looks into its fields and shows them whatever the policy says, and a site may have made it look
    // into others than the table names: with any field withheld, the search is a list over the permitted ones.
    let rule = on.permit.fields();
    let mut looked_into = on.def.title_field.iter().chain(on.def.search_fields).filter_map(|name| on.def.field(name));
    let open = rule.is_open() && masked.of(on.def.name).is_empty() && looked_into.all(|field| rule.may_read(field));
    let mut found = if open {
        by_link(&on, term, limit, &filters).await?
    } else {
        by_list(&on, term, limit, &filters, &masked).await?
    };
    let mut is_cut = false;
    if found.is_empty() && term.split_whitespace().nth(1).is_some() {
        (found, is_cut) = by_words(&on, term, limit, &filters, &masked).await?;
    }
    let full = is_cut || found.len() as u64 >= u64::from(limit);
    let columns: Vec<String> = found.iter().flat_map(|row| row.keys()).fold(Vec::new(), |mut columns, key| {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
        columns
    });
    let (columns, mut rows) = page::table(&columns, found);
    let whole = rows.len();
    page::cut_rows(&columns, &mut rows, on.session.tools.bytes_for_rows());
    let (here, more) = (rows.len() as u64, full || rows.len() < whole);
    let mut result = Map::from_iter([
        (
            "shown".to_owned(),
            json!(if more { format!("{here}, there may be more") } else { page::shown(0, here, None, false) }),
        ),
        ("columns".to_owned(), columns),
        ("rows".to_owned(), Value::Array(rows)),
    ]);
    let mut notes = Vec::new();
    if more {
        notes.push("more words or filters show the others");
    }
    if !open {
        notes.push("searched in the permitted fields only");
    }
    result.extend(note_of(&notes));
    Ok(result.into())
}

/// As the desk's own search finds them.
async fn by_link(
    on: &DocTypeCall<'_>,
    term: &str,
    limit: u32,
    filters: &[Filter],
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let session = on.session;
    let rows = session.site.search_link(on.permit, term, limit, filters, None).await?;
    let text = |row: &Map<String, Value>, key: &str| row.get(key).and_then(Value::as_str).map(shape::html::to_text);
    let entry = |row: Map<String, Value>| {
        let mut entry = Map::from_iter([("name".to_owned(), row.get("value").cloned().unwrap_or_default())]);
        for (from, to) in [("label", "title"), ("description", "description")] {
            if let Some(text) = text(&row, from).filter(|text| !text.is_empty()) {
                entry.insert(to.to_owned(), json!(text));
            }
        }
        entry
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// As a list finds them, by the text fields that the caller may see.
async fn by_list(
    on: &DocTypeCall<'_>,
    term: &str,
    limit: u32,
    filters: &[Filter],
    masked: &Masked,
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let session = on.session;
    let permitted = on.def.title_field.iter().chain(on.def.search_fields).filter_map(|name| on.def.field(name));
    let permitted = permitted
        .filter(|field| field.in_lists() && field.kind.shape() == Shape::Text && on.permit.fields().may_read(*field))
        .filter(|field| !masked.hides(on.def.name, field.fieldname));
    let mut fields = vec!["name".to_owned()];
    for field in permitted {
        if !fields.iter().any(|known| known == field.fieldname) {
            fields.push(field.fieldname.to_owned());
        }
    }
    // What the words contain stands for itself, not for a pattern.
    let pattern = format!("%{}%", term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let like = |field: &String| Filter::new(field.clone(), Operator::Like, pattern.as_str());
    let or_filters = fields.iter().map(like).collect();
    let (filters, order_by) = (filters.to_vec(), vec![Order::desc("modified"), Order::asc("name")]);
    let (own_columns, own_choices) = (true, true);
    let query =
        ListQuery { fields, filters, or_filters, order_by, limit, own_columns, own_choices, ..ListQuery::default() };
    let rows = session.site.list(on.permit, &query).await?.data;
    let shown = |row| {
        let mut row = shape::row(on.def, on.permit, &query.fields, row);
        shape::present::row(on.def, &mut row);
        row
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// The same for words in any order, where the site looks for a text as it is: by the longest of them. And whether more
/// documents than were looked through have that.
async fn by_words(
    on: &DocTypeCall<'_>,
    term: &str,
    limit: u32,
    filters: &[Filter],
    masked: &Masked,
) -> Result<(Vec<Map<String, Value>>, bool), ToolError> {
    let longest = term.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default();
    let words: Vec<String> = term.split_whitespace().map(fold).collect();
    let holds_all = |row: &Map<String, Value>| {
        let texts: Vec<String> = row.values().filter_map(Value::as_str).map(fold).collect();
        words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
    };
    let found = by_list(on, longest, MOST_WITH_A_WORD, filters, masked).await?;
    let is_cut = found.len() as u64 >= u64::from(MOST_WITH_A_WORD);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok((found.into_iter().filter(holds_all).take(most).collect(), is_cut))
}
