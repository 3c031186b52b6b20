//! Submitting a draft.

use erpnext_schema::Verb;
use serde_json::{Map, json};

use super::{Docstatus, Move, moved, stale};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::WriteState;
use crate::site::SiteErrorKind;
use crate::tool::document_args::NameArgs;
use crate::writes::gate::{Go, Step};
use crate::writes::send::send;

/// Submits a draft as it is stored, and says what that changed.
pub async fn submit(on: &DocTypeCall<'_>, args: NameArgs) -> Result<ToolAnswer, ToolError> {
    on.keeps_values().await?;
    let (session, name) = (on.session, on.name(&args.name));
    let stored = on.existing(name).await?;
    named_exactly(on, name, &stored)?;
    on.as_last_shown(name, &stored, args.overwrite).await?;
    match Docstatus::of(&stored) {
        Docstatus::Draft => {}
        Docstatus::Submitted => {
            return Err(ToolError::refused(
                format!("{} {name:?} is submitted already; nothing was done.", on.def.name),
                format!(
                    "Nothing is to be done. What goes back or comes in addition is a return or a new document; {}, \
                     then {}, only if nothing was made from it and it is wrong.",
                    on.registry.tool_for(on.def, Verb::Cancel),
                    on.registry.tool_for(on.def, Verb::Amend)
                ),
            ));
        }
        Docstatus::Cancelled => {
            return Err(ToolError::refused(
                format!("{} {name:?} is cancelled and stays so; nothing was done.", on.def.name),
                format!("{} makes a new draft of it.", on.registry.tool_for(on.def, Verb::Amend)),
            ));
        }
    }
    // The site would submit it past its approval (H51).
    if session.site.transitions(on.permit, &stored).await?.is_some() {
        return Err(ToolError::refused(
            format!(
                "{} {name:?} is governed by a workflow, which decides when it is submitted; nothing was done.",
                on.def.name
            ),
            "get_workflow_actions shows what is open to this user, apply_workflow_action takes it.",
        ));
    }
    let mut result = stored.clone();
    result.insert("docstatus".to_owned(), json!(1));
    let mut preview = Map::from_iter([("docstatus".to_owned(), json!({"from": 0, "to": 1}))]);
    if on.is_shown_first() {
        preview.extend(super::preview::preview(on, name, &stored).await);
    }
    let state = WriteState::Changed { stored: &stored, result: &result };
    let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = match send(session, &Move { on, name, before: &stored, to: Docstatus::Submitted }, cleared).await {
        Ok(answer) => answer,
        Err(ToolError::Site(error)) if error.kind() == SiteErrorKind::Stale => return Err(stale(on, name)),
        Err(error) => return Err(error),
    };
    Ok(moved(on, ("submitted", Some(Docstatus::Submitted)), name, stored, answer.messages).await)
}
