//! Amending: a new draft of a cancelled document.

use std::time::Instant;

use erpnext_schema::Verb;
use serde_json::{Map, Value, json};

use super::Docstatus;
use crate::answer::{Made, ToolAnswer};
use crate::cleared::Cleared;
use crate::document::amendment::draft_of;
use crate::document::differences::posted_otherwise;
use crate::document::outcome::Verdict;
use crate::documents::DocTypeCall;
use crate::documents::names::{document_name, named_exactly};
use crate::error::ToolError;
use crate::policy::{Filter, WriteState};
use crate::site::{Answer, SiteError, WriteError};
use crate::tool::document_args::NameArgs;
use crate::writes::creates::newest;
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};
use crate::writes::{links, protected_fields};

/// The day that a document is posted on.
const DAY: &str = "posting_date";

/// Makes a draft of a cancelled document, and says what it is called.
pub async fn amend(on: &DocTypeCall<'_>, args: NameArgs) -> Result<ToolAnswer, ToolError> {
    on.keeps_values().await?;
    let (session, name) = (on.session, on.name(&args.name));
    let stored = on.existing(name).await?;
    named_exactly(on, name, &stored)?;
    can_be_amended(on, name, &stored).await?;
    let mut draft = draft_of(on.def, &|child| session.catalog.known(child), name, &stored);
    // A workflow begins anew with a draft: the state of the cancelled one is none that it may begin in.
    if let Some(state) = protected_fields::state_in(on, &draft).await? {
        draft.remove(&state);
    }
    links::check_sight(on, &draft).await?;
    let mut preview = Map::new();
    if draft.contains_key(DAY) {
        // The day is the site's.
        _ = session.zone().await;
        let today = session.today().to_string();
        let is_past = |of: &str| of == DAY && on.may_read(of) && draft.get(of).is_some_and(|day| *day != today);
        let posted = posted_otherwise(on.def, &is_past, &draft);
        preview.extend(posted.map(|told| ("warnings".to_owned(), json!([told]))));
    }
    let state = WriteState::Changed { stored: &stored, result: &draft };
    let cleared = match on.gate(Step { name: None, state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = send(session, &Amend { on, of: name, draft: &draft }, cleared).await?;
    let created = answer.data;
    let mut result = Map::from_iter([("created".to_owned(), json!(created)), ("amended_from".to_owned(), json!(name))]);
    let mut messages = Vec::new();
    match on.stored(&created).await {
        Ok(mut after) => {
            on.note_violation(&mut result, &after);
            let on = on.with_live_metadata(&mut after).await;
            on.was_shown(&created, Some(&after));
            result.extend(on.outcome(&after, &Map::new()));
            on.note_currency(&mut result, &after).await;
            let day: Map<_, _> = draft.into_iter().filter(|(key, _)| key == DAY).collect();
            on.note_differences(&mut result, &Map::new(), &day, &after);
        }
        Err(note) => messages.push(note),
    }
    messages.extend(answer.messages);
    result.insert(
        "next".to_owned(),
        json!(format!(
            "{}, then {}",
            on.registry.tool_for(on.def, Verb::Update),
            on.registry.tool_for(on.def, Verb::Submit)
        )),
    );
    Ok(ToolAnswer { made: Some(Made { name: created, before: false }), messages, ..result.into() })
}

/// That it is cancelled, and has no amendment yet.
async fn can_be_amended(on: &DocTypeCall<'_>, name: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
    let refused = |is: &str, next: String| Err(ToolError::refused(format!("{} {name:?} {is}", on.def.name), next));
    match Docstatus::of(stored) {
        Docstatus::Cancelled => {}
        Docstatus::Draft => {
            return refused(
                "is a draft, which needs no amendment.",
                format!("{} changes it.", on.registry.tool_for(on.def, Verb::Update)),
            );
        }
        Docstatus::Submitted => {
            return refused(
                "is submitted.",
                format!("{} first, then amend it.", on.registry.tool_for(on.def, Verb::Cancel)),
            );
        }
    }
    if on.session.site.is_amended(on.permit, name).await? {
        return refused(
            "is amended already; nothing was made.",
            format!(
                "{} with {{\"amended_from\": {name:?}}} finds the amendment.",
                on.registry.tool_for(on.def, Verb::List)
            ),
        );
    }
    Ok(())
}

/// The one amendment that a cancelled document can have.
struct Amend<'a> {
    on: &'a DocTypeCall<'a>,
    of: &'a str,
    draft: &'a Map<String, Value>,
}

impl<'a> Write for Amend<'a> {
    type Leave = Cleared<'a>;
    type Made = String;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<String>, WriteError> {
        let session = self.on.session;
        let answer = session.site.amend(cleared, self.draft).await?;
        session.user.recent_creates.claim(self.on.def.name, &answer.data);
        Ok(answer)
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict<String>, SiteError> {
        let (on, session) = (self.on, self.on.session);
        // Another user may have been first.
        let own = vec![Filter::eq("amended_from", self.of), Filter::eq("owner", session.user_name().await?)];
        let rows = session.site.made(on.permit, own, vec!["name".to_owned()], 1).await?;
        let made = rows.first().and_then(|row| document_name(row.get("name")?));
        made.iter().for_each(|name| _ = session.user.recent_creates.claim(on.def.name, name));
        Ok(Verdict::seen(made, "no amendment of it by this user was found"))
    }

    fn what(&self) -> String {
        self.on.doing(self.of)
    }

    fn next(&self) -> Next {
        newest(self.on)
    }
}
