//! What people hang on a document: comments, assignments, tags, shares, followers; and giving it another name.

use std::time::Instant;

use erpnext_schema::{collation, doctype_flag};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::erp::is_a_date;
use super::hung::Hung;
use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::site::{Answer, Kind as Failure, Mark, SiteError, WriteError, unreachable};
use crate::tool::document_args::DocumentArgs;
use crate::tool::kinds::{DocTypeName, DocumentName};
use crate::tool::spec::{Handler, handler, updates};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::gate::{Go, Step};
use crate::writes::send::{Next, Write, send};

/// A tool that hangs something on a document.
const fn tool(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    effect: Effect,
    handler: Handler,
) -> ToolSpec {
    ToolSpec {
        name,
        title,
        description,
        toolset: Toolset::Collaboration,
        operation: Operation::Update,
        effect,
        offered: updates,
        special: Special::NONE,
        handler,
    }
}

/// Comments on a document.
pub static COMMENT: ToolSpec = tool(
    "add_comment",
    "Comment on a document",
    "Adds a comment to a document's timeline, in the user's name. It cannot be removed from here.",
    Effect::Adds,
    handler!(CommentArgs, comment),
);

#[derive(Deserialize, JsonSchema)]
struct CommentArgs {
    doctype: DocTypeName,
    name: DocumentName,
    content: String,
}

async fn comment(call: Call<'_>, args: CommentArgs) -> Result<ToolAnswer, ToolError> {
    let content = html(&args.content);
    let by = call.session.user_name().await?;
    mark(call, &args.doctype, &args.name, &Mark::Comment { content: &content, by }).await
}

/// Assigns a document.
pub static ASSIGN: ToolSpec = tool(
    "assign_document",
    "Assign a document",
    "Assigns a document to a user as a task and notifies the user. Other assignments stay.",
    Effect::Sets,
    handler!(AssignArgs, assign),
);

#[derive(Deserialize, JsonSchema)]
struct AssignArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// the user's name, an e-mail address
    user: String,
    /// what to do
    description: Option<String>,
    /// until when, YYYY-MM-DD
    date: Option<String>,
}

async fn assign(call: Call<'_>, args: AssignArgs) -> Result<ToolAnswer, ToolError> {
    let (description, date) = (args.description.as_deref().map(html), args.date.as_deref());
    is_a_date(date)?;
    let assign = Mark::Assign { user: &args.user, description: description.as_deref(), date };
    mark(call, &args.doctype, &args.name, &assign).await
}

/// Takes an assignment back.
pub static UNASSIGN: ToolSpec = tool(
    "unassign_document",
    "Remove an assignment",
    "Removes a document's assignment to a user.",
    Effect::Destroys,
    handler!(UserArgs, unassign),
);

#[derive(Deserialize, JsonSchema)]
struct UserArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// the user's name, an e-mail address
    user: String,
}

async fn unassign(call: Call<'_>, args: UserArgs) -> Result<ToolAnswer, ToolError> {
    mark(call, &args.doctype, &args.name, &Mark::Unassign(&args.user)).await
}

/// Tags a document.
pub static TAG: ToolSpec = tool(
    "tag_document",
    "Tag a document",
    "Adds a tag to a document; all users see it.",
    Effect::Sets,
    handler!(TagArgs, tag),
);

#[derive(Deserialize, JsonSchema)]
struct TagArgs {
    doctype: DocTypeName,
    name: DocumentName,
    tag: String,
}

async fn tag(call: Call<'_>, args: TagArgs) -> Result<ToolAnswer, ToolError> {
    mark(call, &args.doctype, &args.name, &Mark::Tag(&args.tag)).await
}

/// Takes a tag off.
pub static UNTAG: ToolSpec = tool(
    "untag_document",
    "Remove a tag from a document",
    "Removes a tag from a document.",
    Effect::Destroys,
    handler!(TagArgs, untag),
);

async fn untag(call: Call<'_>, args: TagArgs) -> Result<ToolAnswer, ToolError> {
    mark(call, &args.doctype, &args.name, &Mark::Untag(&args.tag)).await
}

/// Shares a document.
pub static SHARE: ToolSpec = tool(
    "share_document",
    "Share a document",
    "Lets another user read a document regardless of roles; write lets that user change it, share lets that user \
     share it.",
    Effect::Sets,
    handler!(ShareArgs, share),
);

#[derive(Deserialize, JsonSchema)]
struct ShareArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// the user's name, an e-mail address
    user: String,
    #[serde(default)]
    write: bool,
    #[serde(default)]
    share: bool,
}

async fn share(call: Call<'_>, args: ShareArgs) -> Result<ToolAnswer, ToolError> {
    let share = Mark::Share { user: &args.user, write: args.write, share: args.share };
    mark(call, &args.doctype, &args.name, &share).await
}

/// Follows a document.
pub static FOLLOW: ToolSpec = tool(
    "follow_document",
    "Follow a document",
    "Sends this user the document's changes by e-mail from now on.",
    Effect::Sets,
    handler!(DocumentArgs, follow),
);

async fn follow(call: Call<'_>, args: DocumentArgs) -> Result<ToolAnswer, ToolError> {
    mark(call, &args.doctype, &args.name, &Mark::Follow(call.session.user_name().await?)).await
}

/// Renames a document.
pub static RENAME: ToolSpec = tool(
    "rename_document",
    "Rename a document",
    "Gives a document another name (ID) and updates the links to it. Never merges two documents.",
    Effect::Destroys,
    handler!(RenameArgs, rename),
);

#[derive(Deserialize, JsonSchema)]
struct RenameArgs {
    doctype: DocTypeName,
    name: DocumentName,
    new_name: String,
}

async fn mark(
    call: Call<'_>,
    doctype: &DocTypeName,
    name: &DocumentName,
    mark: &Mark<'_>,
) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let (name, stored) = stored(&on, name).await?;
    let (key, what) = told(mark);
    let preview = Map::from_iter([(key.to_owned(), what.clone())]);
    let state = WriteState::Changed { stored: &stored, result: &stored };
    let cleared = match on.gate(Step { name: Some(&name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let hung = Hung::new(&on, &name, mark);
    let answer = send(call.session, &hung, cleared).await?;
    // The site answers 200, too, where it lets nobody follow (H68).
    if let Mark::Follow(user) = mark
        && !hung.is_there().await?
    {
        return Err(ToolError::refused(
            format!("{user} does not follow {} {name:?}: the site took the request and did nothing.", on.def.name),
            "Do not repeat it. Sites let nobody follow as Administrator, nor documents whose changes are not tracked.",
        ));
    }
    let mut result = Map::from_iter([("name".to_owned(), json!(name)), (key.to_owned(), what)]);
    if let Mark::Assign { .. } | Mark::Unassign(_) = mark {
        result.insert("assigned_to".to_owned(), json!(answer.data));
    }
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

async fn rename(call: Call<'_>, args: RenameArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Update, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let new_name = args.new_name.trim();
    if !on.def.is(doctype_flag::ALLOW_RENAME) {
        return Err(ToolError::refused(
            format!("{}: the site does not let its documents be renamed.", on.def.name),
            "Update the field that holds the title instead, if there is one.",
        ));
    }
    if let Some(rule) = unreachable(new_name) {
        return Err(ToolError::refused(format!("new_name: {new_name:?} {rule}."), "Choose another name."));
    }
    let (name, stored) = stored(&on, &args.name).await?;
    // Some are named by a field, which is set along with the name.
    let field = on.def.autoname.and_then(|rule| on.def.field(rule.strip_prefix("field:")?));
    if let Some(field) = field.filter(|field| !permit.fields().may_write(*field)) {
        return Err(ToolError::refused(
            format!(
                "{} is named by its {}, which this server's configuration does not permit setting; nothing was sent.",
                on.def.name, field.fieldname
            ),
            "get_doctype_permissions tells what may be set.",
        ));
    }
    let mut result = stored.clone();
    for key in field.map(|field| field.fieldname).into_iter().chain(["name"]) {
        result.insert(key.to_owned(), json!(new_name));
    }
    // The same in another case is the same to the site, and would be found. Whether there is a document out of sight is
    // not told: there the site decides.
    let tells = !permit.is_row_filtered();
    if tells
        && call.session.site.link_exists(&permit, on.def.name, new_name).await?
        && !collation::same(&name, new_name)
    {
        return Err(ToolError::refused(
            format!(
                "new_name: there is a {} {new_name:?} already, and documents are never merged from here.",
                on.def.name
            ),
            "Choose another name.",
        ));
    }
    let preview = Map::from_iter([("name".to_owned(), json!({"from": name, "to": new_name}))]);
    let state = WriteState::Changed { stored: &stored, result: &result };
    let cleared = match on.gate(Step { name: Some(&name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = send(call.session, &Renamed { on: &on, name: &name, stored: &stored, new_name }, cleared).await?;
    let result = Map::from_iter([("renamed".to_owned(), json!({"from": name, "to": answer.data}))]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// Another name for a document.
struct Renamed<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    stored: &'a Map<String, Value>,
    new_name: &'a str,
}

impl<'a> Write for Renamed<'a> {
    type Leave = Cleared<'a>;
    type Made = String;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<String>, WriteError> {
        self.on.session.site.rename(cleared, self.new_name).await
    }

    /// A renamed document keeps its creation; another of that name was made at another time.
    async fn read_back(&self, _: Instant) -> Result<Verdict<String>, SiteError> {
        let session = self.on.session;
        match session.site.get(self.on.permit, self.new_name).await {
            Ok(now) => {
                let same = |key: &str, value: &Value| now.data.get(key) == Some(value);
                let creation = self.stored.get("creation").is_some_and(|creation| same("creation", creation));
                let renamed = creation && same("name", &json!(self.new_name));
                Ok(Verdict::seen(renamed.then(|| self.new_name.to_owned()), UNCHANGED))
            }
            Err(error) if error.kind() == Failure::Missing => Ok(Verdict::NotYet(UNCHANGED.to_owned())),
            Err(error) => Err(error),
        }
    }

    fn what(&self) -> String {
        format!("renaming of {} {:?} to {:?}", self.on.def.name, self.name, self.new_name)
    }

    fn next(&self) -> Next {
        Next::Look(format!("read {} {:?}, then {:?},", self.on.def.name, self.new_name, self.name))
    }
}

/// The document that the call names, as it is stored: what is hung on a document must not reach one that is not there.
async fn stored(on: &DocTypeCall<'_>, name: &DocumentName) -> Result<(String, Map<String, Value>), ToolError> {
    on.fits(erpnext_schema::Verb::Update)?;
    let name = on.name(name);
    let stored = on.session.site.get(on.permit, name).await?.data;
    named_exactly(on, name, &stored)?;
    Ok((name.to_owned(), stored))
}

fn told(mark: &Mark<'_>) -> (&'static str, Value) {
    match mark {
        Mark::Comment { content, .. } => ("commented", json!(content)),
        Mark::Assign { user, .. } => ("assigned", json!(user)),
        Mark::Unassign(user) => ("unassigned", json!(user)),
        Mark::Tag(tag) => ("tagged", json!(tag)),
        Mark::Untag(tag) => ("untagged", json!(tag)),
        Mark::Share { user, write, share } => ("shared", json!({"user": user, "write": write, "share": share})),
        Mark::Follow(user) => ("followed_by", json!(user)),
    }
}

/// Plain text as the site keeps it in fields that hold HTML.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}
