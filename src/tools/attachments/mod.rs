//! Files attached to a document. They belong to it: who may read it gets them, who may update it adds and takes away.

mod attach;
mod get;
pub(super) mod local;

use std::time::Instant;

use erpnext_schema::Verb;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::names::{document_name, named_exactly};
use crate::documents::{DocTypeCall, file_fields};
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::site::{Answer, Attachment, SiteError, WriteError};
use crate::tool::document_args::DocumentArgs;
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::{handler, reads, updates};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

pub use attach::ATTACH;
pub use get::GET;

/// The files attached to a document.
pub static LIST: ToolSpec = ToolSpec {
    name: "list_attachments",
    title: "Files of a document",
    description: "Lists the files attached to a document, with size and address. get_attachment reads one.",
    toolset: Toolset::More,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(DocumentArgs, list),
};

/// Takes a file off a document.
pub static DELETE: ToolSpec = ToolSpec {
    name: "delete_attachment",
    title: "Delete an attached file",
    description: "Permanently deletes a file attached to a document; the first call only shows it and gives a \
                  confirm_token.",
    toolset: Toolset::More,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered: updates,
    special: Special { confirm_as: &[Operation::Delete], ..Special::NONE },
    handler: handler!(FileArgs, delete),
};

#[derive(Deserialize, JsonSchema)]
struct FileArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// its file or file_name from list_attachments
    file: String,
}

async fn list(call: Call<'_>, args: DocumentArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let held = DocumentFiles::read(&on, on.name(&args.name)).await?;
    let files: Vec<Value> = held.files.iter().map(|file| facts(&on, file)).collect();
    let mut answer = json!({"doctype": on.def.name, "name": held.name, "count": files.len(), "attachments": files});
    if !permit.fields().may_read_attachments() {
        answer["withheld"] = json!(["attachments"]);
    }
    Ok(answer.into())
}

async fn delete(call: Call<'_>, args: FileArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Update)?;
    let held = DocumentFiles::read(&on, on.name(&args.name)).await?;
    named_exactly(&on, on.name(&args.name), &held.stored)?;
    let file = held.find(&args.file)?;
    let preview = Map::from_iter([("deleted".to_owned(), facts(&on, file))]);
    // The document stays as it is.
    let state = WriteState::Changed { stored: &held.stored, result: &held.stored };
    let step = Step { name: Some(&held.name), state, preview: &preview };
    let cleared = match on.gate_as(Operation::Delete, step).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = send(call.session, &Detach { on: &on, name: &held.name, file }, cleared).await?;
    let result = Map::from_iter([
        ("deleted".to_owned(), json!(file.file())),
        ("file_name".to_owned(), json!(file.text("file_name"))),
    ]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// The end of an attached file.
struct Detach<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    file: &'a Attachment,
}

impl<'a> Write for Detach<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.detach(cleared, self.file).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        let files = self.on.session.site.attachments(self.on.permit, self.name).await?;
        let gone = files.iter().all(|file| file.file() != self.file.file());
        Ok(Verdict::seen(gone.then_some(()), UNCHANGED))
    }

    fn what(&self) -> String {
        format!("removal of {:?} from {} {:?}", self.file.text("file_name"), self.on.def.name, self.name)
    }

    fn next(&self) -> Next {
        files_of(self.on, self.name)
    }
}

/// Where a file shows.
fn files_of(on: &DocTypeCall<'_>, name: &str) -> Next {
    Next::Look(format!("list_attachments of {} {name:?} shows its files; look there", on.def.name))
}

/// A document, as it is stored, with its files that may be seen.
struct DocumentFiles {
    name: String,
    stored: Map<String, Value>,
    files: Vec<Attachment>,
}

impl DocumentFiles {
    async fn read(on: &DocTypeCall<'_>, name: &str) -> Result<Self, ToolError> {
        let session = on.session;
        // The document first: who may not read it must not learn of its files.
        let mut stored = session.site.get(on.permit, name).await?.data;
        let on = on.with_live_metadata(&mut stored).await;
        let name = stored.get("name").and_then(document_name).unwrap_or_else(|| name.to_owned());
        let mut files = session.site.attachments(on.permit, &name).await?;
        files.retain(|file| !file_fields::is_withheld(&on, &stored, file));
        Ok(Self { name, stored, files })
    }

    /// The file of that ID, else the only one of that name.
    fn find(&self, wanted: &str) -> Result<&Attachment, ToolError> {
        if let Some(file) = self.files.iter().find(|file| file.file() == wanted) {
            return Ok(file);
        }
        let mut called = self.files.iter().filter(|file| file.text("file_name") == wanted);
        match (called.next(), called.next()) {
            (Some(file), None) => Ok(file),
            (Some(_), Some(_)) => Err(ToolError::refused(
                format!("file: several files of {:?} are called {wanted:?}.", self.name),
                "Give the file that list_attachments names.",
            )),
            _ => Err(ToolError::refused(
                format!("file: {:?} has no file {wanted:?}.", self.name),
                "list_attachments shows those it has.",
            )),
        }
    }
}

/// The addresses of a document's files that may be seen, for what tells of files; none where no field withholds any.
pub async fn seen(on: &DocTypeCall<'_>, name: &str) -> Result<Option<Vec<String>>, ToolError> {
    if !file_fields::any_withheld(on) {
        return Ok(None);
    }
    let held = DocumentFiles::read(on, name).await?;
    Ok(Some(held.files.iter().map(|file| file.text("file_url").to_owned()).collect()))
}

/// The bytes of an attached file, for a tool that reads it: what its document needs to be read is needed.
///
/// # Errors
/// As of any call that reads the file.
pub(super) async fn fetched(
    call: &Call<'_>,
    doctype: &str,
    name: &DocumentName,
    file: &str,
) -> Result<Vec<u8>, ToolError> {
    let permit = call.session.permit(Operation::Read, doctype).await?;
    let on = DocTypeCall::of(call, &permit).await?;
    let held = DocumentFiles::read(&on, on.name(name)).await?;
    Ok(call.session.site.download(&permit, held.find(file)?).await?.bytes)
}

/// What is told of a file.
fn facts(on: &DocTypeCall<'_>, file: &Attachment) -> Value {
    let mut facts = json!({"file": file.file(), "file_name": file.text("file_name")});
    if let Some(size) = file.size() {
        facts["bytes"] = json!(size);
    }
    for (key, value) in [("added", file.text("creation")), ("by", file.text("owner"))] {
        if !value.is_empty() {
            facts[key] = json!(value);
        }
    }
    if !file.is_private() {
        facts["public"] = json!(true);
    }
    let (key, address) = place(on, file.text("file_url"));
    facts[key] = json!(address);
    facts
}

/// Where a person with a browser finds a file: `link` on the site, `foreign` elsewhere, such as on a host that only looks
/// like the site's.
fn place(on: &DocTypeCall<'_>, address: &str) -> (&'static str, String) {
    let site = on.session.caller.site.as_str();
    let is_path = |rest: &str| rest.starts_with('/') && !rest[1..].starts_with(['/', '\\']);
    match address.strip_prefix(site).unwrap_or(address) {
        path if is_path(path) => ("link", format!("{site}{path}")),
        _ => ("foreign", address.to_owned()),
    }
}
