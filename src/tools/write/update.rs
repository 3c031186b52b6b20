//! Changing a document.

use std::time::Instant;

use erpnext_schema::Purpose;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::changes::{self, Change};
use crate::document::fingerprint::Fingerprint;
use crate::document::outcome::{self, Verdict};
use crate::document::{merge, overlaid};
use crate::documents::names::named_exactly;
use crate::documents::{DocTypeCall, file_fields, rich_text, suggest};
use crate::error::ToolError;
use crate::policy::{WriteState, unpredictable};
use crate::shape::text_of;
use crate::site::{Answer, SiteError, SiteErrorKind, WriteError};
use crate::tool::document_args::UpdateArgs;
use crate::writes::conflict::Stale;
use crate::writes::form_defaults::{self, FilledIn};
use crate::writes::gate::{Go, Step};
use crate::writes::out_of_form::OutOfForm;
use crate::writes::report::note_titles;
use crate::writes::send::{Next, Write, send};
use crate::writes::{fixed_fields, links};

/// Changes some fields of a document, starting from what is stored, so that nobody's change is overwritten (H9) and no
/// row loses a column (H1).
pub async fn update(on: &DocTypeCall<'_>, args: &UpdateArgs) -> Result<ToolAnswer, ToolError> {
    on.keeps_values().await?;
    let name = on.name(&args.name);
    if args.data.is_empty() {
        return Err(ToolError::refused("data: no field to change.", "Name at least one."));
    }
    let (mut on, changes) = on.document_with_links(Purpose::Update, &args.data, Some(name)).await?;
    let mut before = on.existing(name).await?;
    named_exactly(&on, name, &before)?;
    let mut messages = Vec::from_iter(as_read(&on, args, &before, &changes).await?);
    let (mut changes, titled) = links::resolved(&on, changes, &before).await?;
    rich_text::to_stored(&on, &mut changes, Some(&before))?;
    let mut filled = FilledIn::default();
    if args.form_defaults != Some(false) {
        filled = form_defaults::of_change(&on, &before, &before, &mut changes).await?;
    }
    let mut tried_before = false;
    let (merged, answer) = loop {
        let merged = merged(&on, name, &before, &changes).await?;
        let result = overlaid(&before, &merged.body);
        let out_of_form = OutOfForm::of(&on, &before, &merged.given, &result);
        if !tried_before {
            filled.warn(out_of_form.told());
        }
        let mut preview = on.preview(&before, &result, &changes);
        preview.extend(filled.beside());
        stays_in_sight(&on, &before, &result).await?;
        let state = WriteState::Changed { stored: &before, result: &result };
        let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
            Go::Send(cleared) => cleared,
            Go::Answer(mut answer) => {
                out_of_form.note_unchecked(&mut answer);
                answer.messages.extend(messages);
                answer.messages.extend(on.no_act(&result));
                return Ok(answer);
            }
        };
        let confirmed = cleared.confirmed();
        match send(on.session, &Update { on: &on, name, before: &before, merged: &merged }, cleared).await {
            Ok(answer) => break (merged, answer),
            Err(ToolError::Site(error)) if error.kind() == SiteErrorKind::Stale => {
                let now = overtaken(&on, name, &before, &changes, tried_before).await?;
                messages.push(beside(&now));
                (tried_before, before, on.confirmed) = (true, now, Some(confirmed));
            }
            Err(error) => {
                on.note_unsettled(name, &before, &error);
                return Err(suggest::named(&on, error, &[&merged.given]).await);
            }
        }
    };
    let mut result = Map::from_iter([("updated".to_owned(), json!(name))]);
    filled.note(&mut result, &mut messages);
    let mut told = ToolAnswer { messages, ..result.into() };
    match on.stored(name).await {
        Ok(after) => note_changes(&on, args, &merged.given, (before, after), titled, &mut told).await,
        Err(note) => {
            on.was_shown(name, None);
            note_titles(&mut told.data, titled);
            told.messages.push(note);
        }
    }
    told.messages.extend(answer.messages);
    Ok(told)
}

/// That the document is as its caller read it last, or was changed since where this change does not reach; what there is
/// to say of that.
///
/// # Errors
/// A document that was changed where this change reaches.
async fn as_read(
    on: &DocTypeCall<'_>,
    args: &UpdateArgs,
    before: &Map<String, Value>,
    changes: &Map<String, Value>,
) -> Result<Option<String>, ToolError> {
    let name = on.name(&args.name);
    // Who names the version that there is has seen it. Nobody means to overwrite what a call of their own did.
    if args.modified.as_deref() != Some(text_of(before, "modified")) {
        on.not_done_by_now(name, before)?;
    }
    let shown = on.last_shown(name);
    let read = args.modified.as_deref().or(shown.as_ref().map(|shown| shown.modified()));
    let Some(read) = read.filter(|read| !args.overwrite && text_of(before, "modified") != *read) else {
        return Ok(None);
    };
    let has_room = |shown: &Fingerprint| shown.modified() == read && shown.leaves_room(before, changes);
    if !shown.as_deref().is_some_and(has_room) {
        return Err(Stale { name, read, before: None, changes }.told(on, before.clone()).await);
    }
    Ok(Some(beside(before)))
}

/// The changes laid onto the stored document, with its version, where nothing here speaks against them.
async fn merged(
    on: &DocTypeCall<'_>,
    name: &str,
    before: &Map<String, Value>,
    changes: &Map<String, Value>,
) -> Result<merge::Merged, ToolError> {
    let mut merged = on.merged(before, changes)?;
    fixed_fields::check_change(on, before, &merged).await?;
    links::check_merged(on, &merged, before).await?;
    file_fields::check(on, &merged.body, Some((name, before))).await?;
    let modified = before.get("modified").cloned();
    merged.body.extend(modified.map(|modified| ("modified".to_owned(), modified)));
    Ok(merged)
}

/// The document as it is after somebody was faster, elsewhere in it: the same change of what it is now is tried, once.
///
/// # Errors
/// Both sides, where it was tried before, or the other change reaches into this one.
async fn overtaken(
    on: &DocTypeCall<'_>,
    name: &str,
    before: &Map<String, Value>,
    changes: &Map<String, Value>,
    tried_before: bool,
) -> Result<Map<String, Value>, ToolError> {
    let stale = Stale { name, read: text_of(before, "modified"), before: Some(before), changes };
    let Ok(now) = on.stored(name).await else { return Err(stale.untold(on)) };
    let has_room = |read: Fingerprint| !read.is_of(&now) && read.leaves_room(&now, changes);
    let has_room = Fingerprint::of(before).is_some_and(has_room);
    if tried_before || !has_room {
        return Err(stale.told(on, now).await);
    }
    Ok(now)
}

/// Tells what was changed, as reading it back shows: what was asked for, and what the site changed besides.
async fn note_changes(
    on: &DocTypeCall<'_>,
    args: &UpdateArgs,
    given: &Map<String, Value>,
    (mut before, mut after): (Map<String, Value>, Map<String, Value>),
    titled: Map<String, Value>,
    told: &mut ToolAnswer,
) {
    let ToolAnswer { data: result, messages, .. } = told;
    on.note_violation(result, &after);
    messages.extend(form_defaults::untaxed(on, &after));
    messages.extend(form_defaults::unfilled(on, given, &after));
    messages.extend(on.no_act(&after));
    on.with_live_metadata(&mut before).await;
    let on = on.with_live_metadata(&mut after).await;
    on.was_shown(on.name(&args.name), Some(&after));
    result.extend(on.state(&after));
    let changes = on.readable(on.changes(&before, &after));
    let (asked, besides): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| change.is_given(given));
    messages.extend(super::passwords(&on, given));
    result.insert("changed".to_owned(), Value::Object(changes::shown(&asked)));
    let besides = changes::without_echoes(besides, &asked);
    let alone = besides.is_empty();
    if !alone {
        result.insert("also_changed".to_owned(), Value::Object(changes::shown(&besides)));
    }
    on.note_currency(result, &after).await;
    note_titles(result, titled);
    on.note_differences(result, &before, given, &after);
    messages.extend(on.stored_by_hand(&before, given, &after));
    if asked.is_empty() && messages.is_empty() && !result.contains_key("stored_differently") {
        messages.push("nothing was changed: the document held these values already".to_owned());
    }
    let differ = result.get("stored_differently").and_then(Value::as_object);
    if alone && asked.is_empty() && differ.is_some_and(|differ| given.keys().all(|key| differ.contains_key(key))) {
        messages.push("nothing was changed: the site keeps what it had".to_owned());
    }
    on.note_document(result, args.return_document, after);
}

/// Refuses a change that would move the document out of what its caller may read; what the site works out is seen only
/// after it did.
async fn stays_in_sight(
    on: &DocTypeCall<'_>,
    before: &Map<String, Value>,
    result: &Map<String, Value>,
) -> Result<(), ToolError> {
    if !on.permit.is_row_filtered() {
        return Ok(());
    }
    let mut known = links::as_stored(on, result.clone(), Some(before)).await;
    let child = |name: &str| on.session.catalog.known(name);
    for name in unpredictable(on.permit.scoped_by(), on.def, &child, Some(before), result) {
        known.remove(name);
    }
    Ok(on.permit.keeps_in_sight("changed", &known)?)
}

/// Says that others changed the document meanwhile, and that this change does not touch theirs.
fn beside(now: &Map<String, Value>) -> String {
    format!(
        "the document was changed since it was read (at {}); this change touches nothing of that and was applied to its \
         new state",
        text_of(now, "modified")
    )
}

/// Changed fields of a document that was read as `before`.
struct Update<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
    merged: &'a merge::Merged,
}

impl<'a> Write for Update<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.update(cleared, &self.merged.body).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        let now = self.on.now(self.name).await?;
        let (def, session) = (self.on.def, self.on.session);
        let child = |name: &str| session.catalog.known(name);
        let given = &self.merged.given;
        let user = match outcome::sets_password(def, given) {
            true => Some(session.user_name().await?),
            false => None,
        };
        Ok(outcome::of_update(def, &child, user, self.before, given, now.as_ref()))
    }

    fn what(&self) -> String {
        self.on.doing(self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}
