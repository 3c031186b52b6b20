//! The pipeline that every call passes: arguments → policy → audit → site → redaction → shape → result.

use std::time::{Duration, Instant};

use erpnext_schema::doctype_flag::SINGLE;
use erpnext_schema::{Rule, Violation};
use futures_util::future::join;
use serde_json::{Map, Value};

use super::begun::CallRecorder;
use super::spelling::spell_doctypes;
use crate::answer::{Given, Place, Text, ToolAnswer};
use crate::audit::{Attempt, Outcome, new_id};
use crate::cache::Answered;
use crate::config::Tools;
use crate::context::{Redactor, Session, record_result};
use crate::documents::moments;
use crate::error::ToolError;
use crate::limit::{LARGE, aside, written};
use crate::shape::{self, RowTexts};
use crate::site::CallState;
use crate::tool::kinds::ArgumentType;
use crate::tool::progress::CallObserver;
use crate::tool::{Arguments, Call, Registry, Tool, arguments};
use crate::tools::{self, find};
use crate::writes::quota;

/// How long a call waits to learn on whose behalf it is recorded, and which version the site runs.
const WAIT: Duration = Duration::from_secs(2);
/// Why a tool that there is was not run.
const NOT_PERMITTED: &str = "the tool is not permitted";
/// What a model can do about an answer that was too large.
const TO_SEE_IT: &str = "ask for less at a time: name fields (items.qty for a column of a table; items[120:] or \
                         terms[8000:] of one document skips that many rows or characters), add filters, lower the \
                         limit; tools.max_result_tokens limits the size of an answer";

/// Runs a call from the client's words to the answer's text, and records it.
pub async fn run(
    session: &Session<'_>,
    registry: &Registry,
    tool: Tool,
    given: Map<String, Value>,
    client: Option<String>,
    observer: &CallObserver,
) -> Result<Given, ToolError> {
    let started = Instant::now();
    let known = session.known_user().map(str::to_owned);
    let about = is_recorded(session).then(|| super::attempt::of_call(registry, tool, &given));
    let first = signed(about.unwrap_or_default(), session, client, known);
    let mut begun = CallRecorder::new(session.audit, observer, first.clone()).counted(session.counts());
    observer.record();
    let ((), user) = join(settle_version(session), recorded_user(session)).await;
    let refused = tools::find::refused(registry, tool, &given);
    let (tool, mut given) = tools::find::corrected(registry, tool, given);
    // What was shown is taken back as it was.
    given.values_mut().for_each(shape::make_stored);
    spell_doctypes(session, tool, &mut given).await;
    let misnamed = name_single(session, tool, &mut given);
    let checked =
        arguments::check(&arguments::of(&tool), &mut given).and(misnamed.map_or(Ok(()), |found| Err(vec![found])));
    let attempt = match &refused {
        Some((refused, given)) => super::attempt::of(*refused, given),
        None => super::attempt::of_call(registry, tool, &given),
    };
    // Signed once: each signature has another id.
    let Attempt { id, client, session: of, address, via, .. } = first;
    let attempt = Attempt { id, client, user, session: of, address, via, ..attempt };
    begun.learn(&attempt);
    let names = super::attempt::names(refused.as_ref().map_or(&given, |(_, given)| given));
    let mut result = match checked.map_err(|found| ToolError::arguments(tool.name(), found)) {
        Ok(()) => answer(session, registry, tool, given, &attempt, observer).await,
        Err(error) => Err(error),
    };
    if let Ok(answer) = &mut result {
        quota::note(session, &attempt, &mut answer.data).await;
    }
    let result = match result {
        Ok(mut answer) => {
            let kept = (answer.made.take(), answer.exported.take());
            Ok((kept, given_as(session.tools, answer).await))
        }
        Err(error) => Err(error),
    };
    let is_denied = refused.is_some() || result.as_ref().is_err_and(|error| error.outcome() == Outcome::Denied);
    let attempt = Attempt { document: attempt.document.or(names.filter(|_| is_denied)), ..attempt };
    let bytes = result.as_ref().map_or(0, |(_, given)| given.text.len());
    begun.over();
    match refused {
        Some(_) => session.audit.settle(&attempt, Outcome::Denied, Some(NOT_PERMITTED), 0, 0),
        None => {
            let kept = result.as_ref().map(|((made, exported), _)| (made.as_ref(), exported.as_deref()));
            record_result(session, attempt, started, kept, bytes);
        }
    }
    let micros = started.elapsed().as_micros();
    match &result {
        Ok(_) => tracing::debug!(tool = tool.name(), micros, "done"),
        Err(why) => tracing::info!(tool = tool.name(), micros, "{}", why.for_log()),
    }
    result.map(|(_, given)| given)
}

/// Whether anything looks at what a call was about once it is over.
fn is_recorded(session: &Session<'_>) -> bool {
    session.audit.is_on() || session.counts().is_some()
}

/// The attempt with its id, and with who makes it, through what.
pub(super) fn signed(attempt: Attempt, session: &Session<'_>, client: Option<String>, user: Option<String>) -> Attempt {
    let caller = session.caller;
    let id = caller.request.as_ref().map_or_else(new_id, |request| request.attempt());
    if !session.audit.is_on() {
        return Attempt { id, ..attempt };
    }
    let (session, address) = (caller.session.clone(), caller.address.map(|address| address.to_string()));
    Attempt { id, client, user, session, address, via: caller.via.clone(), ..attempt }
}

/// Gives a Single its name, which is that of its DocType: nobody has to say it, and another is wrong.
fn name_single(session: &Session<'_>, tool: Tool, given: &mut Map<String, Value>) -> Option<Violation> {
    let doctype = match tool {
        Tool::Typed(_, def) => Some(def.name),
        _ => given.get("doctype").and_then(Value::as_str),
    };
    let single = doctype.and_then(|doctype| session.catalog.known(doctype)).filter(|def| def.is(SINGLE));
    let def = single.filter(|_| arguments::of(&tool).iter().any(|arg| arg.name == "name"))?;
    let name = given.entry("name").or_insert_with(|| def.name.into());
    if name.is_null() || name == "" {
        *name = def.name.into();
    }
    (name != def.name).then(|| Violation {
        path: "name".to_owned(),
        rule: Rule::Value,
        message: format!("there is exactly one {}, named like its DocType", def.name),
        nearest: Some(def.name.to_owned()),
    })
}

/// Records the call of a tool that there is and that this configuration does not permit.
pub async fn refuse(session: &Session<'_>, tool: Tool, given: &Map<String, Value>, client: Option<String>) {
    record(session, tool, given, client, Outcome::Denied, Some(NOT_PERMITTED)).await;
}

/// Records the call of a tool whose arguments are none.
pub async fn misread(session: &Session<'_>, tool: Tool, client: Option<String>) {
    record(session, tool, &Map::new(), client, Outcome::Failed, Some("the arguments cannot be read")).await;
}

/// Records a call that asks for a write again, and is answered as the first was.
pub async fn repeat(
    session: &Session<'_>,
    registry: &Registry,
    tool: Tool,
    given: Map<String, Value>,
    client: Option<String>,
) {
    let (tool, given) = find::corrected(registry, tool, given);
    record(session, tool, &given, client, Outcome::Repeated, None).await;
}

/// Records a call that runs no tool.
async fn record(
    session: &Session<'_>,
    tool: Tool,
    given: &Map<String, Value>,
    client: Option<String>,
    outcome: Outcome,
    why: Option<&str>,
) {
    if session.audit.is_on() {
        let user = recorded_user(session).await;
        let attempt = signed(super::attempt::with_names(tool, given), session, client, user);
        session.audit.settle(&attempt, outcome, why, 0, 0);
    }
}

/// Asks the site for its version before the first call, so that it is no guess, unless the site takes too long.
async fn settle_version(session: &Session<'_>) {
    if session.version.is_known() {
        return;
    }
    match tokio::time::timeout(WAIT, session.ask_version(session.site)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("the site's version was not read: {}", error.for_log()),
        Err(_) => tracing::debug!("the site's version was not read in time"),
    }
}

/// On whose behalf a call is recorded, if it is.
pub(super) async fn recorded_user(session: &Session<'_>) -> Option<String> {
    if !session.audit.is_on() {
        return None;
    }
    // A site that is down must not hold up what needs no site.
    let user = tokio::time::timeout(WAIT, session.user_name()).await;
    user.ok().and_then(Result::ok).map(str::to_owned)
}

/// Runs the tool, with what the site says on the way.
async fn answer(
    session: &Session<'_>,
    registry: &Registry,
    tool: Tool,
    given: Map<String, Value>,
    attempt: &Attempt,
    observer: &CallObserver,
) -> Result<ToolAnswer, ToolError> {
    let given = Arguments::new(given)?;
    let sent = observer.sent();
    let fresh = given.fresh || !arguments::may_take_kept(&tool);
    let state = CallState::watched(&attempt.id, fresh, Some(Redactor::of(session, attempt)), sent);
    let given = state.clone().run(Box::pin(with_local_days(session, tool, given))).await?;
    // On the heap: what a tool keeps while it waits is large, and a stack is small.
    let work =
        Box::pin(tools::run(Call { session, registry, tool, given: &given, attempt, observer, confirmed: None }));
    let result = state.clone().run(work).await;
    result.map(|mut answer| {
        answer.messages.extend(state.notes());
        ToolAnswer { age_s: state.age(), ..answer }
    })
}

/// The arguments with their days as the site writes them.
async fn with_local_days(session: &Session<'_>, tool: Tool, given: Arguments) -> Result<Arguments, ToolError> {
    let doctype = match tool {
        Tool::Typed(_, def) => Some(def.name),
        _ => given.all().get("doctype").and_then(Value::as_str),
    };
    let known = |doctype: &str| session.catalog.known(doctype);
    moments::learn_orders(given.all().values(), doctype.and_then(known), &known);
    let args = arguments::of(&tool).into_iter();
    let days: Vec<&str> = args.filter(|arg| arg.kind == ArgumentType::Day).map(|arg| arg.name.as_str()).collect();
    if days.is_empty() {
        return Ok(given);
    }
    Arguments::new(moments::local_days(session, given.into_all(), |name| days.contains(&name)).await?)
}

/// The answer as a model may see it. Its text is the kept one of the same document, or is kept for the next call.
async fn given_as(tools: &Tools, mut answer: ToolAnswer) -> Given {
    let (age, messages) = (answer.age_s, answer.messages.len());
    let place = match std::mem::take(&mut answer.text) {
        Text::Made => None,
        Text::Kept(place) => Some(place).filter(|_| messages == 0),
        Text::Known(known) => {
            let text = known.text(age);
            if messages == 0 && answer.data.is_empty() && text.len() <= tools.bytes_for_result() {
                return Given::written(text);
            }
            // More is to be said beside it.
            if let (Value::Object(data), _) = Given::written(known.text(None)).into_parts() {
                answer.data = data.into_iter().chain(answer.data).collect();
            }
            None
        }
    };
    let rows = std::mem::take(&mut answer.rows);
    let given = match rows.is_empty() {
        true => presented(tools, answer.into_value()).await,
        false => with_rows(tools, answer.into_value(), rows).await,
    };
    if let Some(Place { of, by, version }) = place.map(|place| *place)
        && let Some(answered) = Answered::new(by, version, &given.text, age)
    {
        of.keep(answered);
    }
    given
}

/// The result as a model may see it, where rows of its document are written already.
async fn with_rows(tools: &Tools, mut data: Value, rows: RowTexts) -> Given {
    let (most, length) = (tools.bytes_for_result(), rows.length());
    rows.stand_in(&mut data);
    let gives_values = tools.gives_values();
    if !gives_values && let Some(text) = rows.written(&data, most).filter(|json| shape::is_visible(json)) {
        return Given::written(text);
    }
    if !gives_values && rows.are_visible() {
        return aside(length, move || Given::written(fitted(&mut data, &rows, most))).await;
    }
    let put = move || {
        rows.put_into(&mut data);
        data
    };
    presented(tools, aside(length, put).await).await
}

/// The result as a model may see it: every character visible, and no larger than it may be.
async fn presented(tools: &Tools, mut data: Value) -> Given {
    let most = tools.bytes_for_result();
    let as_it_is = |data: &Value, most| written(data, most).filter(|json| shape::is_visible(json));
    // Most answers are small.
    if let Some(text) = as_it_is(&data, most.min(LARGE)) {
        return Given::new(data, text);
    }
    aside(usize::MAX, move || {
        // Where no more may be written than was tried, it would end the same.
        if let Some(text) = (most > LARGE).then(|| as_it_is(&data, most)).flatten() {
            return Given::new(data, text);
        }
        let text = fitted(&mut data, &RowTexts::default(), most);
        Given::new(data, text)
    })
    .await
}

/// The JSON of a result, every character visible, and made to fit where it is too large.
fn fitted(data: &mut Value, rows: &RowTexts, most: usize) -> String {
    shape::make_visible(data);
    shape::fit_with_rows(data, rows, most).unwrap_or_else(|left_out| {
        if let (false, Value::Object(data)) = (left_out.is_empty(), &mut *data) {
            data.insert("left_out".to_owned(), Value::Object(left_out));
            data.insert("to_see_it".to_owned(), TO_SEE_IT.into());
        }
        rows.write(data)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Results;
    use crate::shape::TableText;

    #[tokio::test]
    async fn an_answer_whose_rows_are_written_is_given_as_one_of_values_alone() {
        for (text, tokens, results, rest) in [
            ("short", 8_000, Results::Text, json!({"note": "x"})),
            ("short", 8_000, Results::Both, json!({})),
            ("hid\u{202e}den", 8_000, Results::Text, json!({"note": "x"})),
            ("hid\u{202e}den", 1_000, Results::Text, json!({"note": "x"})),
            ("long ", 1_000, Results::Text, json!({"withheld": ["rate"]})),
            ("long ", 1_000, Results::Both, json!({"withheld": ["rate"]})),
            ("long ", 100_000, Results::Both, json!({"note": "x"})),
        ] {
            let count = 0..if tokens == 8_000 { 2 } else { 2_000 };
            let rows: Vec<Value> = count.map(|n| json!({"idx": n, "text": text, "rate": 1.5})).collect();
            let mut table = TableText::default();
            for row in &rows {
                table.json().push_str(&row.to_string());
                table.end();
            }
            let tools = Tools { max_result_tokens: tokens, results, ..Tools::default() };
            let rest = rest.as_object().unwrap().clone();
            let answer = |rows: Value| {
                let mut answer = Map::from_iter([("document".to_owned(), json!({"name": "A", "items": rows}))]);
                answer.extend(rest.clone());
                ToolAnswer { age_s: Some(7), ..answer.into() }
            };
            let of_text = ToolAnswer { rows: RowTexts::new(vec![("items", table)]), ..answer(json!([{}])) };
            let (of_text, of_values) = (given_as(&tools, of_text).await, given_as(&tools, answer(json!(rows))).await);
            assert_eq!(of_text.into_parts(), of_values.into_parts(), "{text} {tokens}");
        }
    }
}
