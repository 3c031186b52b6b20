//! Completions on the wire.

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};

use crate::app::Connection;
use crate::completion::{self, Found, Values};
use crate::{prompts, resources};

/// What the request asks to complete.
pub(super) fn asked(connection: &Connection, request: &CompleteRequestParams) -> Result<Values, ErrorData> {
    let name = request.argument.name.as_str();
    let refused = |why: String| ErrorData::invalid_params(why, None);
    let known: Vec<(&str, Values)> = match &request.r#ref {
        Reference::Resource(reference) => match resources::template(connection, &reference.uri) {
            Some(template) => template.variables.to_vec(),
            None => {
                return Err(refused(format!(
                    "there is no resource template {:?}; resources/templates/list shows those there are",
                    reference.uri
                )));
            }
        },
        Reference::Prompt(reference) => {
            let prompt = prompts::find(connection, &reference.name).map_err(refused)?;
            prompt.arguments.iter().map(|argument| (argument.name, argument.values())).collect()
        }
        _ => return Err(refused("only prompts and resource templates have completions".to_owned())),
    };
    known.iter().find(|(known, _)| *known == name).map(|(_, values)| *values).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(known, _)| *known).collect();
        refused(format!("no such argument {name:?}; there are: {}", names.join(", ")))
    })
}

pub(super) async fn complete(
    connection: &Connection,
    values: Values,
    request: &CompleteRequestParams,
    client: Option<String>,
) -> CompleteResult {
    let before = request.context.as_ref().and_then(|context| context.arguments.as_ref());
    let doctype = before.and_then(|before| before.get("doctype")).map(String::as_str);
    let Found { values, more } =
        completion::complete(connection, values, &request.argument.value, doctype, client).await;
    let mut completion = CompletionInfo::default();
    completion.total = if more { None } else { u32::try_from(values.len()).ok() };
    completion.has_more = Some(more);
    completion.values = values;
    CompleteResult::new(completion)
}
