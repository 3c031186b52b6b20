//! Making a document.

use erpnext_schema::Purpose;
use serde_json::{Map, Value, json};

use crate::answer::{Made, ToolAnswer};
use crate::context::recent_creates::MADE_BEFORE;
use crate::documents::{DocTypeCall, file_fields, suggest};
use crate::error::ToolError;
use crate::policy::WriteState;
use crate::site::Answer;
use crate::tool::document_args::CreateArgs;
use crate::writes::form_defaults::{self, FilledIn};
use crate::writes::gate::{Go, Step};
use crate::writes::out_of_form::OutOfForm;
use crate::writes::report::note_titles;
use crate::writes::{asked_for, links};

/// Makes a document.
pub async fn create(on: &DocTypeCall<'_>, args: &CreateArgs) -> Result<ToolAnswer, ToolError> {
    let (on, doc) = on.document_with_links(Purpose::Create, &args.data, None).await?;
    let (doc, titled) = links::resolved(&on, doc, &Map::new()).await?;
    create_checked(&on, args, doc, titled).await
}

/// Makes a document as it was checked, its links by the names that they lead to: what a title means is not asked again.
/// Which of them were given by titles comes beside it, by place.
pub async fn create_checked(
    on: &DocTypeCall<'_>,
    args: &CreateArgs,
    mut doc: Map<String, Value>,
    titled: Map<String, Value>,
) -> Result<ToolAnswer, ToolError> {
    links::check(on, &doc, &Map::new()).await?;
    file_fields::check(on, &doc, None).await?;
    let mut key = on.hold_key(args.idempotency_key.as_deref()).await?;
    let before = on.made_before(key.as_mut()).await?;
    let made_before = before.is_some();
    let mut filled = FilledIn::default();
    let Answer { data: name, messages: said } = match before {
        Some(name) => Answer { data: name, messages: vec![MADE_BEFORE.to_owned()] },
        None => {
            let given = doc.clone();
            if args.form_defaults != Some(false) {
                filled = form_defaults::of_new(on, &mut doc).await?;
            }
            let out_of_form = OutOfForm::of(on, &Map::new(), &given, &doc);
            filled.warn(out_of_form.told());
            let beside = filled.beside();
            let step = Step { name: None, state: WriteState::New(&doc), preview: &beside };
            let cleared = match on.gate(step).await? {
                Go::Send(cleared) => cleared,
                Go::Answer(mut answer) => {
                    out_of_form.note_unchecked(&mut answer);
                    answer.messages.extend(on.no_act(&doc));
                    return Ok(answer);
                }
            };
            match on.send_create(cleared, &doc, key, None).await {
                Ok(answer) => answer,
                Err(error) => return Err(suggest::named(on, error, &[&doc]).await),
            }
        }
    };
    let mut result = Map::from_iter([("created".to_owned(), json!(name))]);
    let mut messages = Vec::new();
    note_titles(&mut result, titled);
    filled.note(&mut result, &mut messages);
    let mut answer = ToolAnswer { messages, ..result.into() };
    note_made(on, args, &name, &doc, &mut answer).await;
    answer.messages.extend(said);
    Ok(ToolAnswer { made: Some(Made { name, before: made_before }), ..answer })
}

/// Tells what the site made of a document that was sent as `doc`.
pub async fn note_made(
    on: &DocTypeCall<'_>,
    args: &CreateArgs,
    name: &str,
    doc: &Map<String, Value>,
    answer: &mut ToolAnswer,
) {
    let ToolAnswer { data: result, messages, .. } = answer;
    match on.stored(name).await {
        Ok(mut stored) => {
            on.note_violation(result, &stored);
            messages.extend(form_defaults::untaxed(on, &stored));
            messages.extend(form_defaults::unfilled(on, doc, &stored));
            messages.extend(asked_for::left_empty(on, &stored));
            messages.extend(on.no_act(&stored));
            let on = on.with_live_metadata(&mut stored).await;
            on.was_shown(name, Some(&stored));
            result.extend(on.outcome(&stored, doc));
            on.note_currency(result, &stored).await;
            messages.extend(on.name_taken(doc, name));
            messages.extend(super::passwords(&on, doc));
            on.note_differences(result, &Map::new(), doc, &stored);
            let given: Map<_, _> = doc.clone().into_iter().filter(|(key, _)| args.data.contains_key(key)).collect();
            messages.extend(on.stored_by_hand(&Map::new(), &given, &stored));
            on.note_document(result, args.return_document, stored);
        }
        Err(note) => messages.push(note),
    }
}
