//! Deleting a document.

use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::WriteState;
use crate::site::{Answer, SiteError, WriteError};
use crate::tool::document_args::NameArgs;
use crate::tools::linked;
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

/// Deletes a document, once that was confirmed by somebody who saw what links to it.
pub async fn delete(on: &DocTypeCall<'_>, args: &NameArgs) -> Result<ToolAnswer, ToolError> {
    gone(on, args, true).await
}

/// Deletes a document of a batch: what links to each of many is not looked for.
pub async fn delete_one_of_many(on: &DocTypeCall<'_>, args: &NameArgs) -> Result<ToolAnswer, ToolError> {
    gone(on, args, false).await
}

async fn gone(on: &DocTypeCall<'_>, args: &NameArgs, shows_links: bool) -> Result<ToolAnswer, ToolError> {
    let name = on.name(&args.name);
    let stored = on.existing(name).await?;
    named_exactly(on, name, &stored)?;
    on.as_last_shown(name, &stored, args.overwrite).await?;
    if stored.get("docstatus").and_then(Value::as_u64) == Some(1) {
        return Err(ToolError::refused(
            format!(
                "{} {name:?} is submitted, and the site deletes no submitted document; nothing was sent.",
                on.def.name
            ),
            "Cancel it first, if that is meant.",
        ));
    }
    let is_shown = shows_links && (on.must_ask() || on.attempt.dry_run);
    let preview = match is_shown {
        true => linked::preview(on, name).await?,
        false => Map::new(),
    };
    let step = Step { name: Some(name), state: WriteState::Gone(&stored), preview: &preview };
    let cleared = match on.gate(step).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = send(on.session, &Delete { on, name, before: &stored }, cleared).await?;
    let result = Map::from_iter([("deleted".to_owned(), json!(name))]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// The end of a document that was read as `before`.
struct Delete<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
}

impl<'a> Write for Delete<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.delete(cleared).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        Ok(outcome::of_delete(self.before, self.on.now(self.name).await?.as_ref()))
    }

    fn what(&self) -> String {
        self.on.doing(self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}
