//! How a comment, an assignment, a tag, a share or a follower is sent, and recognised on its document.

use std::time::Instant;

use erpnext_schema::collation;
use serde_json::{Map, Value, json};

use crate::cleared::Cleared;
use crate::context::recent_creates::UnderWay;
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::shape::html::to_text;
use crate::shape::text_of;
use crate::site::{Answer, Mark, SiteError, WriteError};
use crate::writes::creates::{A_TWIN, Since};
use crate::writes::lost::{made_by_now, note_lost};
use crate::writes::send::{Next, Write, send};

/// The DocType of comments.
const COMMENT: &str = "Comment";
/// As what marks are known while they are made.
const MARK: &str = "a mark";

/// Something hung on a document, or taken off it. It gives those that the document is assigned to, where it assigns.
pub(crate) struct MarkWrite<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    mark: &'a Mark<'a>,
    /// By what another call of the same is known.
    holds: Map<String, Value>,
    under_way: UnderWay<'a>,
}

impl<'a> MarkWrite<'a> {
    pub(crate) fn new(on: &'a DocTypeCall<'a>, name: &'a str, mark: &'a Mark<'a>) -> Self {
        let holds = Map::from_iter([("is".to_owned(), json!(format!("{} {name:?} {mark:?}", on.def.name)))]);
        let under_way = on.session.user.recent_creates.begin(MARK, holds.clone());
        Self { on, name, mark, holds, under_way }
    }

    /// Sends it. A comment that an earlier call of unknown outcome has made by now is not made again; all else done twice is
    /// the same as done once.
    pub(crate) async fn run(&self, cleared: Cleared<'a>) -> Result<Answer<Vec<Value>>, ToolError> {
        let session = self.on.session;
        let Mark::Comment { content, by } = *self.mark else { return send(session, self, cleared).await };
        self.not_said_by_now(content, by).await?;
        let since = Instant::now();
        let sent = send(session, self, cleared).await;
        note_lost(session, (MARK, &self.holds), since, &sent);
        sent
    }

    /// Refuses to say what an earlier call of unknown outcome may have said by now.
    async fn not_said_by_now(&self, content: &str, by: &str) -> Result<(), ToolError> {
        let (on, session) = (self.on, self.on.session);
        let Some(since) = session.user.recent_creates.lost(MARK, &self.holds) else { return Ok(()) };
        // What cannot be read keeps nobody from it: whoever was told to look has looked.
        let Ok(info) = session.site.docinfo(on.permit, self.name).await else { return Ok(()) };
        let said = Self::said(&info, content, by, &Since::of(session, since).await);
        match said.into_iter().any(|name| session.user.recent_creates.claim(COMMENT, name)) {
            true => Err(made_by_now(
                &format!("A comment on {} {:?}", on.def.name, self.name),
                "get_document_history shows it.",
            )),
            false => Ok(()),
        }
    }

    /// Whether the document shows it now.
    ///
    /// # Errors
    /// The site's.
    pub(crate) async fn is_there(&self) -> Result<bool, SiteError> {
        Ok(self.shows(&self.on.session.site.docinfo(self.on.permit, self.name).await?))
    }

    /// Whether it is there, by what stands beside the document.
    fn shows(&self, info: &Map<String, Value>) -> bool {
        let entries = |key: &str| info.get(key).and_then(Value::as_array).into_iter().flatten();
        let of = |key: &str, field: &str, user: &str| entries(key).find(|entry| entry[field] == *user);
        let tagged = |tag: &str| {
            let tags = text_of(info, "tags");
            tags.split(',').any(|known| collation::same(known.trim(), tag.trim()))
        };
        match *self.mark {
            Mark::Comment { .. } => false,
            Mark::Assign { user, .. } => of("assignments", "owner", user).is_some(),
            Mark::Unassign(user) => of("assignments", "owner", user).is_none(),
            Mark::Tag(tag) => tagged(tag),
            Mark::Untag(tag) => !tagged(tag),
            Mark::Share { user, write, share } => of("shared", "user", user).is_some_and(|shared| {
                [("read", true), ("write", write), ("share", share)]
                    .iter()
                    .all(|(right, is)| shared[*right] == u8::from(*is))
            }),
            Mark::Follow(_) => info.get("is_document_followed").is_some_and(|followed| match followed {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                followed => followed.as_f64() != Some(0.0),
            }),
        }
    }

    /// The comments of this user since then that say this.
    fn said<'i>(info: &'i Map<String, Value>, content: &str, by: &str, since: &Since) -> Vec<&'i str> {
        let comments = info.get("comments").and_then(Value::as_array).into_iter().flatten();
        let said = comments.filter_map(|comment| {
            let text = |key: &str| comment[key].as_str();
            let ours = text("owner") == Some(by) && since.has(comment.get("creation"));
            text("name").filter(|_| ours && to_text(text("content").unwrap_or_default()) == to_text(content))
        });
        said.collect()
    }

    /// The one among them that no other call made.
    fn comment(&self, mut said: Vec<&str>) -> Verdict<Vec<Value>> {
        let known = &self.on.session.user.recent_creates;
        if !self.under_way.is_alone() {
            return Verdict::Open(A_TWIN.to_owned());
        }
        said.retain(|name| !known.has(COMMENT, name));
        match said.as_slice() {
            [] => Verdict::NotYet("no such comment was found".to_owned()),
            [name] if known.claim(COMMENT, name) => Verdict::Made(Vec::new()),
            _ => Verdict::Open("several comments say this".to_owned()),
        }
    }
}

fn owners<'t>(tasks: impl Iterator<Item = &'t Value>) -> Vec<Value> {
    tasks.filter_map(|task| task.get("owner").cloned()).collect()
}

impl<'a> Write for MarkWrite<'a> {
    type Leave = Cleared<'a>;
    type Made = Vec<Value>;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<Vec<Value>>, WriteError> {
        let session = self.on.session;
        let answer = session.site.mark(cleared, self.mark).await?;
        if let (Mark::Comment { .. }, Some(name)) = (self.mark, answer.data["name"].as_str()) {
            session.user.recent_creates.claim(COMMENT, name);
        }
        let data = owners(answer.data.as_array().into_iter().flatten());
        Ok(Answer { data, messages: answer.messages })
    }

    async fn read_back(&self, since: Instant) -> Result<Verdict<Vec<Value>>, SiteError> {
        let session = self.on.session;
        let info = session.site.docinfo(self.on.permit, self.name).await?;
        if let Mark::Comment { content, by } = self.mark {
            let since = Since::of(self.on.session, since).await;
            return Ok(self.comment(Self::said(&info, content, by, &since)));
        }
        let assigned = || owners(info.get("assignments").and_then(Value::as_array).into_iter().flatten());
        Ok(Verdict::seen(self.shows(&info).then(assigned), UNCHANGED))
    }

    fn what(&self) -> String {
        let what = match self.mark {
            Mark::Comment { .. } => "comment",
            Mark::Assign { .. } => "assignment",
            Mark::Unassign(_) => "end of an assignment",
            Mark::Tag(_) => "tag",
            Mark::Untag(_) => "removal of a tag",
            Mark::Share { .. } => "share",
            Mark::Follow(_) => "following",
        };
        format!("{what} of {} {}", self.on.def.name, json!(self.name))
    }

    /// All but a comment are so, or are not so.
    fn next(&self) -> Next {
        match self.mark {
            Mark::Comment { .. } => Next::Look(format!(
                "get_document_history of {} {:?} shows its comments; look there",
                self.on.def.name, self.name
            )),
            _ => Next::Repeat,
        }
    }
}
