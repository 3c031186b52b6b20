//! Making the draft that comes of another document: checked with what the caller says of it, shown, or created.

use std::ops::ControlFlow;

use erpnext_schema::{Verb, doctype_flag, rows, rows_mut};
use serde_json::{Map, Value, json};

use super::{draft, part, worked_out};
use crate::answer::{Made, ToolAnswer};
use crate::document::draft::{Draft, with_kind};
use crate::documents::{DocTypeCall, file_fields, suggest};
use crate::error::ToolError;
use crate::policy::WriteState;
use crate::shape;
use crate::site::Answer;
use crate::tool::arguments::KEY;
use crate::writes::creates::Key;
use crate::writes::form_defaults::FilledIn;
use crate::writes::gate::{Go, Step};
use crate::writes::out_of_form::OutOfForm;
use crate::writes::report::note_titles;
use crate::writes::{doubts, form_defaults, links};

/// What is done with a draft.
pub(super) enum Then {
    /// It is shown.
    Show,
    /// It is created, by the key with which its caller repeats the call.
    Create(Option<Box<Key>>),
}

impl Then {
    /// What a call asks for; or its answer, if an earlier call with its key made the document. That is so whatever became
    /// meanwhile of the one that it was made from.
    ///
    /// # Errors
    /// As [`DocTypeCall::hold_key`] and [`DocTypeCall::made_before`].
    pub(super) async fn of(
        source_on: &DocTypeCall<'_>,
        on: &DocTypeCall<'_>,
        name: &str,
        save: bool,
        key: Option<&str>,
    ) -> Result<ControlFlow<ToolAnswer, Self>, ToolError> {
        if !save {
            return Ok(ControlFlow::Continue(Self::Show));
        }
        let mut key = on.hold_key(key).await?;
        let Some(made) = on.made_before(key.as_mut()).await? else {
            return Ok(ControlFlow::Continue(Self::Create(key.map(Box::new))));
        };
        let (again, _) = on.answer_again(made).await;
        let mut data = from_what(source_on, on, name);
        data.extend(again.data);
        Ok(ControlFlow::Break(ToolAnswer { data, ..again }))
    }
}

/// What a call wants of a draft.
pub(super) struct Wanted {
    /// Fields that it has otherwise.
    pub(super) data: Map<String, Value>,
    /// What is done with it.
    pub(super) then: Then,
    /// Whether what a form would fill in is.
    pub(super) fills: bool,
    /// Whether it has other rows than the site gave it.
    pub(super) is_part: bool,
}

/// From what it is made, and what it is.
fn from_what(source_on: &DocTypeCall<'_>, on: &DocTypeCall<'_>, name: &str) -> Map<String, Value> {
    Map::from_iter([
        ("from".to_owned(), json!({"doctype": source_on.def.name, "name": name})),
        ("doctype".to_owned(), json!(on.def.name)),
    ])
}

/// Lays the data onto the draft that is made of the source `name`, then shows or creates it.
///
/// # Errors
/// Data and links that are wrong, what the policy does not let be made, and the site's refusal.
pub(super) async fn make(
    source_on: &DocTypeCall<'_>,
    on: &DocTypeCall<'_>,
    name: &str,
    Draft { mut doc, left_out }: Draft,
    Wanted { data, then, fills, is_part }: Wanted,
) -> Result<ToolAnswer, ToolError> {
    // It is the key of another document.
    doc.shift_remove(KEY);
    let hidden = source_on.hidden().await?;
    let shown = draft::seen(source_on, on, &hidden, doc.clone());
    // The draft stands for the stored document: a template in data takes the place of what came from the source.
    let (mut data, titled) = links::resolved(on, data, &shown).await?;
    let mut filled = match fills {
        true => form_defaults::of_change(on, &doc, &shown, &mut data).await?,
        false => FilledIn::default(),
    };
    // Rows have no names yet by which they could be meant. Those that are left of more keep the numbers that they had.
    for table in data.keys().filter(|table| !is_part || *table != part::ITEMS) {
        number_rows(&mut doc, table);
    }
    let mut told = draft::of_source(source_on, on, &hidden, doc.clone());
    data.keys().for_each(|table| number_like(&doc, table, &mut told));
    let Laid { mut doc, given, is_other } = laid(on, doc, &told, &data).await?;
    let is_other = is_part || is_other;
    // What the source withholds is told by nothing that is said of the draft, nor to who is asked.
    let mut shown = draft::seen(source_on, on, &hidden, doc.clone());
    if is_part {
        number_rows(&mut doc, part::ITEMS);
    }
    let children = |child: &str| on.session.catalog.known(child);
    let is_hidden = is_other && worked_out::hide(on.def, &children, &given, &mut shown);
    let out_of_form = OutOfForm::of_shown(on, &given, &shown);
    filled.warn(out_of_form.told());
    let mut answer = from_what(source_on, on, name);
    let mut messages = Vec::new();
    note_titles(&mut answer, titled);
    filled.note(&mut answer, &mut messages);
    if !left_out.is_empty() {
        let left_out = left_out.iter().map(|name| with_kind(on.def, &children, name)).collect();
        answer.insert("left_out".to_owned(), shape::names(left_out));
    }
    let mut warnings = doubts::of(on, &shown);
    if matches!(then, Then::Show) || on.is_shown_first() {
        warnings.extend(doubts::by_the_stock(on, &shown).await);
    }
    let note = without(draft::trim(on, &mut shown), is_hidden);
    if !warnings.is_empty() {
        answer.insert("warnings".to_owned(), json!(warnings));
    }
    let Then::Create(key) = then else {
        answer.insert("draft".to_owned(), Value::Object(shown));
        answer.extend(note.map(|note| ("note".to_owned(), json!(note))));
        answer.insert("next".to_owned(), json!("nothing is stored yet; the same call with save: true creates it"));
        return Ok(ToolAnswer { messages, ..answer.into() });
    };
    // Who is asked, or tries it, sees what was not filled in before it is made.
    let told: Vec<&String> = warnings.iter().chain(&messages).collect();
    let mut beside = Map::from_iter([("would_create".to_owned(), Value::Object(shown))]);
    if !told.is_empty() {
        beside.insert("warnings".to_owned(), json!(told));
    }
    beside.extend(note.map(|note| ("note".to_owned(), json!(note))));
    let cleared = match on.gate(Step { name: None, state: WriteState::New(&doc), preview: &beside }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(mut would) => {
            out_of_form.note_unchecked(&mut would);
            return Ok(would);
        }
    };
    let from = format!("{} {name:?}", source_on.def.name);
    let inserted = match on.send_create(cleared, &doc, key.map(|key| *key), Some(&from)).await {
        Ok(inserted) => inserted,
        Err(error) => return Err(suggest::named(on, error, &[&doc]).await),
    };
    let mut answer = ToolAnswer { messages, ..answer.into() };
    note_created(on, &given, inserted, &mut answer).await;
    Ok(answer)
}

/// A draft with the data laid onto it.
struct Laid {
    doc: Map<String, Value>,
    /// What of it the data gives.
    given: Map<String, Value>,
    /// Whether the data changes what totals were worked out of.
    is_other: bool,
}

/// Lays the data onto the draft, and refuses what must not come of it; `told` is the part of the draft that its source tells.
async fn laid(
    on: &DocTypeCall<'_>,
    mut doc: Map<String, Value>,
    told: &Map<String, Value>,
    data: &Map<String, Value>,
) -> Result<Laid, ToolError> {
    // No row is found by what is withheld of it.
    on.merged(told, data)?;
    let merged = on.merged(&doc, data)?;
    links::check_merged(on, &merged, &doc).await?;
    file_fields::check(on, &merged.body, None).await?;
    let children = |child: &str| on.session.catalog.known(child);
    // Beside what may not be told any value is another: else one that is guessed would be told to be right.
    let is_other = worked_out::are_stale(on.def, &children, told, &merged.body);
    doc.extend(merged.body);
    // The site copies from whatever the source links to.
    links::check_sight(on, &doc).await?;
    on.permit.keeps_in_sight("filled by the site", &doc)?;
    Ok(Laid { doc, given: merged.given, is_other })
}

/// Tells what was created, as the site stored it.
async fn note_created(
    on: &DocTypeCall<'_>,
    given: &Map<String, Value>,
    inserted: Answer<String>,
    answer: &mut ToolAnswer,
) {
    let created = inserted.data;
    let ToolAnswer { data, messages, made, .. } = answer;
    data.insert("created".to_owned(), json!(created));
    match on.stored(&created).await {
        Ok(mut stored) => {
            on.note_violation(data, &stored);
            messages.extend(form_defaults::untaxed(on, &stored));
            messages.extend(form_defaults::unfilled(on, given, &stored));
            let on = on.with_live_metadata(&mut stored).await;
            on.was_shown(&created, Some(&stored));
            data.extend(on.outcome(&stored, &Map::new()));
            on.note_currency(data, &stored).await;
            on.note_differences(data, &Map::new(), given, &stored);
            messages.extend(on.stored_by_hand(&Map::new(), given, &stored));
        }
        Err(note) => messages.push(note),
    }
    messages.extend(inserted.messages);
    if on.def.is(doctype_flag::SUBMITTABLE) {
        let next = format!("a draft: {} makes it final", on.registry.tool_for(on.def, Verb::Submit));
        data.insert("next".to_owned(), json!(next));
    }
    *made = Some(Made { name: created, before: false });
}

/// What a draft is shown without.
fn without(zeros: bool, totals: bool) -> Option<String> {
    const TOTALS: &str = "totals are left out: the site works them out of what was changed as it stores the document";
    let left_out = [(zeros, "fields that hold 0 are left out"), (totals, TOTALS)];
    let left_out: Vec<&str> = left_out.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
    (!left_out.is_empty()).then(|| left_out.join("; "))
}

/// Numbers the rows of a table of the draft.
pub(super) fn number_rows(doc: &mut Map<String, Value>, table: &str) {
    for (at, row) in doc.get_mut(table).into_iter().flat_map(rows_mut).enumerate() {
        row.insert("idx".to_owned(), json!(at + 1));
    }
}

/// Numbers the rows of what is told of a draft like its own: that is their place, and no more.
fn number_like(doc: &Map<String, Value>, table: &str, told: &mut Map<String, Value>) {
    let numbered = doc.get(table).into_iter().flat_map(rows);
    for (row, told) in numbered.zip(told.get_mut(table).into_iter().flat_map(rows_mut)) {
        told.extend(row.get("idx").map(|idx| ("idx".to_owned(), idx.clone())));
    }
}
