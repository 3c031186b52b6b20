//! `attach_file`: a text, bytes or a file of this machine becomes an attachment of a document.

use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use erpnext_schema::Verb;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{files_of, local, place};
use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::context::Session;
use crate::context::recent_creates::UnderWay;
use crate::document::outcome::Verdict;
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::shape::text_of;
use crate::site::{Answer, Attachment, SiteError, WriteError};
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::{handler, updates};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::creates::{A_TWIN, Since};
use crate::writes::gate::{Go, Step};
use crate::writes::lost::{made_by_now, note_lost};
use crate::writes::send::{Next, Write, send};

/// The largest file that is attached, in bytes.
pub(crate) const MOST: u64 = 10 << 20;
/// The longest name of a file, in characters: what the site keeps.
const LONGEST: usize = 140;

/// Attaches a file.
pub static ATTACH: ToolSpec = ToolSpec {
    name: "attach_file",
    title: "Attach a file to a document",
    description: "Attaches a file to a document, for those who may read it: from text, from base64, or from a path on the \
                  server's machine that the configuration allows. Give one of the three.",
    toolset: Toolset::More,
    operation: Operation::Update,
    effect: Effect::Adds,
    offered: updates,
    special: Special::NONE,
    handler: handler!(AttachArgs, attach),
};

#[derive(Deserialize, JsonSchema)]
struct AttachArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// such as note.txt; required without path
    file_name: Option<String>,
    text: Option<String>,
    base64: Option<String>,
    path: Option<String>,
}

async fn attach(call: Call<'_>, args: AttachArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Update)?;
    let (file_name, bytes) = file(call.session, &args).await?;
    let name = on.name(&args.name);
    let stored = call.session.site.get(&permit, name).await?.data;
    named_exactly(&on, name, &stored)?;
    let preview = Map::from_iter([("attached".to_owned(), json!({"file_name": file_name, "bytes": bytes.len()}))]);
    let state = WriteState::Changed { stored: &stored, result: &stored };
    let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let (session, recent) = (call.session, &call.session.user.recent_creates);
    let holds = Map::from_iter([("is".to_owned(), json!(format!("{} {name:?} {file_name:?}", on.def.name)))]);
    let (under_way, began) = (recent.begin(ATTACHED, holds.clone()), Instant::now());
    let attach = Attach { on: &on, name, file_name: &file_name, bytes: &bytes, under_way };
    if let Some(since) = recent.lost(ATTACHED, &holds) {
        attach.not_there_by_now(since).await?;
    }
    let sent = send(session, &attach, cleared).await;
    note_lost(session, (ATTACHED, &holds), began, &sent);
    let answer = sent?;
    let text = |key: &str| text_of(&answer.data, key);
    let (key, address) = place(&on, text("file_url"));
    let result = Map::from_iter([
        ("attached".to_owned(), json!(text("name"))),
        ("file_name".to_owned(), json!(text("file_name"))),
        ("bytes".to_owned(), json!(bytes.len())),
        (key.to_owned(), json!(address)),
    ]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// The DocType of files.
const FILE: &str = "File";
/// As what files are known while they are attached.
const ATTACHED: &str = "a file";

/// A new file of a document. It gives `name`, `file_name` and `file_url`.
struct Attach<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    file_name: &'a str,
    bytes: &'a [u8],
    under_way: UnderWay<'a>,
}

impl Attach<'_> {
    /// The files of this user's since then with this name and size that no other call made. The site gives a file another
    /// name where one has it already (`note1a2b3c.txt`), and tells not everybody who made which: then there is no answer.
    async fn found(&self, since: Instant) -> Result<Option<Vec<Attachment>>, SiteError> {
        let session = self.on.session;
        let user = session.user_name().await?;
        let since = Since::of(session, since).await;
        let files = session.site.attachments(self.on.permit, self.name).await?;
        if files.iter().any(|file| file.text("creation").is_empty()) {
            return Ok(None);
        }
        let (stem, ending) = self.file_name.rsplit_once('.').unwrap_or((self.file_name, ""));
        let ours = |file: &Attachment| {
            let called = file.text("file_name");
            file.text("owner") == user
                && file.size() == Some(self.bytes.len() as u64)
                && called.starts_with(stem)
                && called.ends_with(ending)
                && since.has(Some(&json!(file.text("creation"))))
                && !session.user.recent_creates.has(FILE, file.file())
        };
        Ok(Some(files.into_iter().filter(ours).collect()))
    }

    /// Refuses to attach what an earlier call of unknown outcome may have attached by now.
    async fn not_there_by_now(&self, since: Instant) -> Result<(), ToolError> {
        // What cannot be read keeps nobody from it: whoever was told to look has looked.
        let found = self.found(since).await.ok().flatten().unwrap_or_default();
        match found.iter().find(|file| self.on.session.user.recent_creates.claim(FILE, file.file())) {
            Some(file) => Err(made_by_now(
                &format!("{:?} of {} {:?}", file.text("file_name"), self.on.def.name, self.name),
                "list_attachments shows it.",
            )),
            None => Ok(()),
        }
    }
}

impl<'a> Write for Attach<'a> {
    type Leave = Cleared<'a>;
    type Made = Map<String, Value>;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<Self::Made>, WriteError> {
        let session = self.on.session;
        let answer = session.site.attach(cleared, self.file_name, self.bytes).await?;
        let name = text_of(&answer.data, "name");
        session.user.recent_creates.claim(FILE, name);
        Ok(answer)
    }

    /// As the file that is found, if there is just one.
    async fn read_back(&self, since: Instant) -> Result<Verdict<Self::Made>, SiteError> {
        let found = self.found(since).await?;
        if !self.under_way.is_alone() {
            return Ok(Verdict::Open(A_TWIN.to_owned()));
        }
        let Some(found) = found else {
            return Ok(Verdict::Open("the site does not tell this user who attached which file".to_owned()));
        };
        Ok(match found.as_slice() {
            [] => Verdict::NotYet("no such file was found".to_owned()),
            [file] if self.on.session.user.recent_creates.claim(FILE, file.file()) => {
                let texts = ["file_name", "file_url"].map(|key| (key.to_owned(), json!(file.text(key))));
                Verdict::Made([("name".to_owned(), json!(file.file()))].into_iter().chain(texts).collect())
            }
            _ => Verdict::Open("several files are like it".to_owned()),
        })
    }

    fn what(&self) -> String {
        format!("attachment of {:?} to {} {:?}", self.file_name, self.on.def.name, self.name)
    }

    fn next(&self) -> Next {
        files_of(self.on, self.name)
    }
}

/// Name and bytes of the file that the call gives.
async fn file(session: &Session<'_>, args: &AttachArgs) -> Result<(String, Vec<u8>), ToolError> {
    let named = args.file_name.clone();
    let (named, bytes) = match (args.text.as_deref(), args.base64.as_deref(), args.path.as_deref()) {
        (Some(text), None, None) => (named, text.as_bytes().to_vec()),
        (None, Some(text), None) => {
            let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let bytes = BASE64_STANDARD.decode(packed);
            (
                named,
                bytes.map_err(|why| {
                    ToolError::refused(
                        format!("base64: nothing was sent: {why}."),
                        "Give the bytes of the file in base64, or its text.",
                    )
                })?,
            )
        }
        (None, None, Some(path)) => {
            let (own, bytes) = local::read(&session.attachments.directories, path).await?;
            (named.or(Some(own)), bytes)
        }
        _ => return Err(ToolError::refused("Nothing was sent.", "give exactly one of text, base64 and path.")),
    };
    let Some(named) = named else {
        return Err(ToolError::refused(
            "file_name: is mandatory with text and base64, such as note.txt; nothing was sent.",
            "call again with it.",
        ));
    };
    let plain = !named.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')) && !named.starts_with('.');
    if !plain || named.chars().count() > LONGEST {
        return Err(ToolError::refused(
            format!(
                "file_name: {named:?} is no name of a file: no folders, no dot at its beginning, at most {LONGEST} characters; nothing was sent."
            ),
            "call again with another.",
        ));
    }
    if bytes.len() as u64 > MOST {
        return Err(ToolError::refused(
            format!("The file has more than {MOST} bytes; nothing was sent."),
            "Tell the user: it has to be attached on the site.",
        ));
    }
    Ok((named, bytes))
}
