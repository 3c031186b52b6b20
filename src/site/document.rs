//! One document: get, insert, update, delete.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Map, Value};

use super::reply::{Sent, Weighed};
use super::{
    Answer, Body, Call, CallerClient, SiteError, SiteErrorKind, WriteError, check, deleted, name_of, named,
    resource_path, unexpected,
};
use crate::cache::Answered;
use crate::cleared::Cleared;
use crate::policy::{Operation, Permit};

/// A document as the site sent it.
#[derive(Debug)]
pub enum Document {
    /// As values.
    Parsed(Map<String, Value>),
    /// As bytes.
    Unparsed(Unparsed),
}

/// The site's answer with a document in it.
#[derive(Clone, Debug)]
pub struct Unparsed {
    line: String,
    bytes: Arc<Weighed>,
}

impl Unparsed {
    /// The answer as it came: JSON, with the document under `data`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes.bytes
    }

    /// Whether what is made of it may be kept beside it.
    pub fn is_kept(&self) -> bool {
        self.bytes.beside.is_some()
    }

    /// What was made of it by all this.
    pub fn answered(&self, by: &str) -> Option<Arc<Answered>> {
        self.bytes.beside.as_ref()?.answered(by)
    }

    /// Keeps what was made of it.
    pub fn keep(&self, answered: Answered) {
        if let Some(beside) = &self.bytes.beside {
            beside.keep(answered);
        }
    }
}

impl CallerClient<'_> {
    /// The document `name`, child rows inline; keys without a value are absent (H25).
    ///
    /// Takes a permit for any write too: what was stored is known only by reading it back (H13), and which document a
    /// name reaches only by reading it first (H26). Then it is never one that was kept.
    ///
    /// # Errors
    /// [`SiteErrorKind::Missing`] or [`SiteErrorKind::OutOfSight`] where the caller may not see it, a name that cannot be sent, or the site's refusal.
    pub async fn get(&self, permit: &Permit, name: &str) -> Result<Answer<Map<String, Value>>, SiteError> {
        use Operation::{Amend, Cancel, Create, Delete, Print, Read, Submit, Update};
        check(permit, &[Read, Create, Update, Delete, Submit, Cancel, Amend, Print])?;
        let path = resource_path(permit, Some(name))?;
        let line = format!("GET {path}");
        let call = Call { method: Method::GET, path, query: Vec::new(), body: Body::None, writes: false };
        let answer = match self.recalled(permit, call, "data").await {
            // That it is hidden by a User Permission would tell that it is there.
            Err(error)
                if matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::Denied)
                    && permit.is_row_filtered() =>
            {
                return Err(SiteError::out_of_sight(SiteErrorKind::Missing, permit.doctype(), name));
            }
            answer => answer?.try_map(|data| document(&line, false, data))?,
        };
        let in_sight = match permit.sees(&answer.data) {
            in_sight if !permit.may_be_misled(&answer.data) => in_sight,
            // Of what is above level 0 the document may hold a 0 or nothing for what the user may not see (H4).
            _ => self.is_within(permit, answer.data.get("name").unwrap_or(&Value::Null)).await?,
        };
        match in_sight {
            true => Ok(answer),
            false => Err(SiteError::out_of_sight(SiteErrorKind::OutOfSight, permit.doctype(), name)),
        }
    }

    /// As [`CallerClient::get`] where its answer need not be parsed to know that the document is there and may be seen.
    ///
    /// # Errors
    /// As [`CallerClient::get`].
    pub async fn get_unparsed(&self, permit: &Permit, name: &str) -> Result<Document, SiteError> {
        if permit.is_row_filtered() {
            return self.get(permit, name).await.map(|answer| Document::Parsed(answer.data));
        }
        check(permit, &[Operation::Read])?;
        let path = resource_path(permit, Some(name))?;
        let call = Call { method: Method::GET, path, query: Vec::new(), body: Body::None, writes: false };
        let line = call.line();
        match self.recall_unparsed(permit, call).await? {
            Sent::Parsed(answer) => in_answer(&line, answer).map(Document::Parsed),
            Sent::Bytes(bytes) => Ok(Document::Unparsed(Unparsed { line, bytes })),
        }
    }

    /// Parses the document.
    ///
    /// # Errors
    /// An answer that holds none.
    pub async fn parse(&self, unparsed: Unparsed) -> Result<Map<String, Value>, SiteError> {
        let Unparsed { line, bytes } = unparsed;
        in_answer(&line, self.parsed(&line, bytes).await?)
    }

    /// That the caller may see the document, where not all of them may be seen.
    ///
    /// # Errors
    /// As [`CallerClient::get`].
    pub(super) async fn in_sight(&self, permit: &Permit, name: &str) -> Result<(), SiteError> {
        if permit.is_row_filtered() { self.get(permit, name).await.map(drop) } else { Ok(()) }
    }

    /// Makes a document; the name it got. The rest of the site's answer echoes what was sent (H13), and is not to be
    /// trusted (H11).
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn insert(&self, cleared: Cleared<'_>, doc: &Map<String, Value>) -> Result<Answer<String>, WriteError> {
        check(cleared.permit(), &[Operation::Create])?;
        let path = resource_path(cleared.permit(), None)?;
        let line = format!("POST {path}");
        let made = self.written(Method::POST, path, Body::Json(Value::Object(doc.clone()))).await?;
        Ok(made.try_map(|made| name_of(&line, made.get("name")))?)
    }

    /// Changes the fields in `doc`. With `modified` exactly as read, a write in between is refused as
    /// [`SiteErrorKind::Stale`]; without it the last write wins (H9). A child table is replaced whole (H1).
    ///
    /// The site's answer is not given: it echoes what was sent (H13) and may hold fields the user may not read (H6).
    ///
    /// # Errors
    /// A name that cannot be sent, the site's refusal, or that no answer came.
    pub async fn update(&self, cleared: Cleared<'_>, doc: &Map<String, Value>) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Update])?;
        let path = resource_path(cleared.permit(), Some(named(&cleared)?))?;
        let updated = self.written(Method::PUT, path, Body::Json(Value::Object(doc.clone()))).await?;
        Ok(updated.try_map(|_| Ok(()))?)
    }

    /// Deletes a document.
    ///
    /// # Errors
    /// A name that cannot be sent, the site's refusal, or that no answer came.
    pub async fn delete(&self, cleared: Cleared<'_>) -> Result<Answer<()>, WriteError> {
        check(cleared.permit(), &[Operation::Delete])?;
        let path = resource_path(cleared.permit(), Some(named(&cleared)?))?;
        let call = Call { method: Method::DELETE, path, query: Vec::new(), body: Body::None, writes: true };
        let line = call.line();
        Ok(self.value(call, "data").await?.try_map(|data| deleted(&line, &data))?)
    }

    async fn written(&self, method: Method, path: String, body: Body) -> Result<Answer<Map<String, Value>>, SiteError> {
        let line = format!("{method} {path}");
        let call = Call { method, path, query: Vec::new(), body, writes: true };
        self.value(call, "data").await?.try_map(|data| document(&line, true, data))
    }
}

fn in_answer(line: &str, answer: Answer<Map<String, Value>>) -> Result<Map<String, Value>, SiteError> {
    let mut answer = answer.data;
    document(line, false, answer.remove("data").unwrap_or(Value::Null))
}

fn document(line: &str, writes: bool, data: Value) -> Result<Map<String, Value>, SiteError> {
    match data {
        Value::Object(document) => Ok(document),
        _ => Err(unexpected(line, writes, "no document in it")),
    }
}
