//! `attach_file`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use erpnext_schema::Verb;
use serde_json::{Map, Value, json};

use super::{link, local};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::arguments::{DOCTYPE, Kind, NAME, optional};
use crate::tool::spec::updates;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::gate::{Go, Step};
use crate::writes::report::note_messages;

/// The largest file that is attached, in bytes.
pub(crate) const MOST: u64 = 10 << 20;
/// The longest name of a file, in characters: what the site keeps.
const LONGEST: usize = 140;

/// Attaches a file.
pub const ATTACH: ToolSpec = ToolSpec {
    name: "attach_file",
    title: "Attach a file to a document",
    description: "Attaches a file to a document, for those who may read it: from text, from base64, or from a path on the \
                  server's machine that the configuration allows. Give one of the three.",
    args: &[
        DOCTYPE,
        NAME,
        optional("file_name", Kind::Text).about("such as note.txt; required without path"),
        optional("text", Kind::Text),
        optional("base64", Kind::Text),
        optional("path", Kind::Text),
    ],
    toolset: Toolset::More,
    operation: Operation::Update,
    effect: Effect::Adds,
    offered: updates,
    special: Special::NONE,
    run: |call| Box::pin(attach(call)),
};

async fn attach(call: Call<'_>) -> Result<Value, ToolError> {
    let permit = call.permit(Operation::Update).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Update)?;
    let (file_name, bytes) = file(call).await?;
    let name = on.name(call.given);
    let stored = call.session.site.get(&permit, name).await?.data;
    named_exactly(&on, name, &stored)?;
    let preview = Map::from_iter([("attached".to_owned(), json!({"file_name": file_name, "bytes": bytes.len()}))]);
    let step = Step { name: Some(name), stored: Some(&stored), result: Some(&stored), preview: &preview };
    if let Go::Answer(answer) = on.gate(call.given, step).await? {
        return Ok(answer);
    }
    let answer = call.session.site.attach(&permit, name, &file_name, &bytes).await?;
    let text = |key: &str| answer.data.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut result = Map::from_iter([
        ("attached".to_owned(), json!(text("name"))),
        ("file_name".to_owned(), json!(text("file_name"))),
        ("bytes".to_owned(), json!(bytes.len())),
        ("link".to_owned(), json!(link(&on, text("file_url")))),
    ]);
    note_messages(&mut result, answer.messages);
    Ok(Value::Object(result))
}

/// Name and bytes of the file that the call gives.
async fn file(call: Call<'_>) -> Result<(String, Vec<u8>), ToolError> {
    let given = call.given;
    let named = given.text("file_name").map(str::to_owned);
    let (named, bytes) = match (given.text("text"), given.text("base64"), given.text("path")) {
        (Some(text), None, None) => (named, text.as_bytes().to_vec()),
        (None, Some(text), None) => {
            let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let bytes = BASE64_STANDARD.decode(packed);
            (named, bytes.map_err(|why| ToolError::refused(format!("base64: nothing was sent: {why}.")))?)
        }
        (None, None, Some(path)) => {
            let (own, bytes) = local::read(&call.session.attachments.directories, path).await?;
            (named.or(Some(own)), bytes)
        }
        _ => return Err(ToolError::refused("Nothing was sent.\nnext: give exactly one of text, base64 and path.")),
    };
    let Some(named) = named else {
        return Err(ToolError::refused(
            "file_name: is mandatory with text and base64, such as note.txt; nothing was sent.\nnext: call again with it.",
        ));
    };
    let plain = !named.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')) && !named.starts_with('.');
    if !plain || named.chars().count() > LONGEST {
        return Err(ToolError::refused(format!(
            "file_name: {named:?} is no name of a file: no folders, no dot at its beginning, at most {LONGEST} characters; \
             nothing was sent.\nnext: call again with another."
        )));
    }
    if bytes.len() as u64 > MOST {
        return Err(ToolError::refused(format!(
            "The file has more than {MOST} bytes; nothing was sent.\nnext: Tell the user: it has to be attached on the site."
        )));
    }
    Ok((named, bytes))
}
