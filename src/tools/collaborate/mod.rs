//! What people hang on a document: comments, assignments, tags, shares, followers; and giving it another name.

mod mark;
mod rename;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::documents::names::named_exactly;
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::policy::{Operation, WriteState};
use crate::shape::{markdown, rich_text};
use crate::site::Mark;
use crate::tool::document_args::DocumentArgs;
use crate::tool::kinds::{Day, DocTypeName, DocumentName};
use crate::tool::spec::{Handler, handler, updates};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::erp::is_a_date;
use crate::writes::gate::{Go, Step};
use crate::writes::named;
use mark::MarkWrite;

pub use rename::RENAME;

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
    // With some tags a comment calls on others.
    let content = rich_text::without_tags(&args.content);
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
    date: Option<Day>,
}

async fn assign(call: Call<'_>, args: AssignArgs) -> Result<ToolAnswer, ToolError> {
    let (description, date) = (args.description.as_deref().map(rich_text::without_tags), args.date.as_deref());
    is_a_date(date)?;
    let user = user_meant(&call, &args.user).await;
    let assign = Mark::Assign { user: &user, description: description.as_deref(), date };
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
    let user = user_meant(&call, &args.user).await;
    mark(call, &args.doctype, &args.name, &Mark::Unassign(&user)).await
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
    let user = user_meant(&call, &args.user).await;
    let share = Mark::Share { user: &user, write: args.write, share: args.share };
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

/// The name of the user who is meant: an e-mail address is one, and people say the full name.
async fn user_meant(call: &Call<'_>, user: &str) -> String {
    let named = if user.contains('@') { None } else { titles::name_of(call.session, "User", user, None).await };
    named.unwrap_or_else(|| user.to_owned())
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
    // An address that nobody has the site tells of itself; of a name it does not say whose it may be.
    if let Mark::Assign { user, .. } | Mark::Unassign(user) | Mark::Share { user, .. } = mark
        && !user.contains('@')
    {
        named::check(&on, "user", "User", user).await?;
    }
    let (key, what) = report(mark);
    let preview = Map::from_iter([(key.to_owned(), what.clone())]);
    let state = WriteState::Changed { stored: &stored, result: &stored };
    let cleared = match on.gate(Step { name: Some(&name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let write = MarkWrite::new(&on, &name, mark);
    let answer = write.run(cleared).await?;
    // The site answers 200, too, where it lets nobody follow (H68).
    if let Mark::Follow(user) = mark
        && !write.is_there().await?
    {
        return Err(ToolError::refused(
            format!("{user} does not follow {} {name:?}: the site took the request and did nothing.", on.def.name),
            "Do not repeat it. Sites let nobody follow as Administrator, nor documents whose changes are not tracked.",
        ));
    }
    let mut result = Map::from_iter([("name".to_owned(), json!(name)), (key.to_owned(), what)]);
    // Who else is assigned is told like comments are.
    if matches!(mark, Mark::Assign { .. } | Mark::Unassign(_)) && permit.fields().may_read_comments() {
        result.insert("assigned_to".to_owned(), json!(answer.data));
    }
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// The document that the call names, as it is stored: nothing is to be hung on one that does not exist.
async fn stored(on: &DocTypeCall<'_>, name: &DocumentName) -> Result<(String, Map<String, Value>), ToolError> {
    on.fits(erpnext_schema::Verb::Update)?;
    let name = on.name(name);
    let stored = on.existing(name).await?;
    named_exactly(on, name, &stored)?;
    Ok((name.to_owned(), stored))
}

fn report(mark: &Mark<'_>) -> (&'static str, Value) {
    match mark {
        Mark::Comment { content, .. } => ("commented", json!(markdown::from_html(content))),
        Mark::Assign { user, .. } => ("assigned", json!(user)),
        Mark::Unassign(user) => ("unassigned", json!(user)),
        Mark::Tag(tag) => ("tagged", json!(tag)),
        Mark::Untag(tag) => ("untagged", json!(tag)),
        Mark::Share { user, write, share } => ("shared", json!({"user": user, "write": write, "share": share})),
        Mark::Follow(user) => ("followed_by", json!(user)),
    }
}
