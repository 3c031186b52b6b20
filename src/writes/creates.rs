//! Writes, and what became of them where no answer came: read back until it is decided, and never sent twice.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use erpnext_schema::time::parse_datetime;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::document::merge::Merged;
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::site::{Answer, Filter, Kind, SiteError};

/// Where a DocType keeps the key by which a repeated create is known again.
const KEY: &str = "idempotency_key";
/// How many names of new documents are remembered.
const REMEMBERED: usize = 1_000;
/// How many of the user's newest documents are looked through.
const LOOKED_THROUGH: u32 = 50;

/// The documents made through this server of late: what one create made is not taken for what another did, and a key that
/// the site has no field for is known again.
#[derive(Debug, Default)]
pub struct Made(Mutex<VecDeque<Document>>);

#[derive(Debug)]
struct Document {
    doctype: String,
    name: String,
    key: Option<String>,
}

impl Made {
    fn add(&self, doctype: &str, name: &str, key: Option<&str>) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= REMEMBERED {
            made.pop_front();
        }
        let key = key.map(str::to_owned);
        made.push_back(Document { doctype: doctype.to_owned(), name: name.to_owned(), key });
    }

    fn has(&self, doctype: &str, name: &str) -> bool {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().any(|known| known.doctype == doctype && known.name == name)
    }

    fn with_key(&self, doctype: &str, key: &str) -> Option<String> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = made.iter().rfind(|known| known.doctype == doctype && known.key.as_deref() == Some(key));
        found.map(|known| known.name.clone())
    }
}

impl DocTypeCall<'_> {
    /// The document that an earlier call made with the same key, if one did.
    ///
    /// # Errors
    /// Where that document may not be read: then it is not named.
    pub(crate) async fn made_before(&self, key: Option<&str>) -> Result<Option<Answer<Map<String, Value>>>, ToolError> {
        let Some(key) = key else { return Ok(None) };
        let kept = self.keeps_keys().await?;
        let name = if kept {
            self.made_with(KEY, key).await?
        } else {
            self.session.user.recent_creates.with_key(self.def.name, key)
        };
        let Some(name) = name else { return Ok(None) };
        if self.permit.is_scoped() || !kept {
            match self.session.site.get(self.permit, &name).await {
                Err(error) if error.kind() == Kind::Missing && !kept => return Ok(None),
                Err(error) if matches!(error.kind(), Kind::Missing | Kind::OutOfSight) => {
                    return Err(ToolError::refused(format!(
                        "{KEY}: it was used for a {} that is not among those that may be read; nothing was sent.\n\
                         next: call again with another key.",
                        self.def.name
                    )));
                }
                seen => drop(seen?),
            }
        }
        Ok(Some(found(name, MADE_BEFORE)))
    }

    /// Makes a document; the answer holds its name.
    pub(crate) async fn send_create(
        &self,
        doc: &Map<String, Value>,
        key: Option<&str>,
    ) -> Result<Answer<Map<String, Value>>, ToolError> {
        let kept = key.is_some() && self.keeps_keys().await?;
        let keyed = key.filter(|_| kept).map(|key| (KEY, key));
        let mut doc = doc.clone();
        doc.extend(keyed.map(|(field, key)| (field.to_owned(), json!(key))));
        let started = Instant::now();
        let mut answer = match self.session.site.insert(self.permit, &doc).await {
            Err(error) if error.maybe_done() => self.look_for(&doc, keyed, started, error).await?,
            sent => sent?,
        };
        if let Some(name) = answer.data.get("name").and_then(document_name) {
            self.session.user.recent_creates.add(self.def.name, &name, key);
        }
        if key.is_some() && !kept {
            answer
                .messages
                .push(format!("the site keeps no {KEY} of a {}: it is known until this server ends", self.def.name));
        }
        Ok(answer)
    }

    /// Changes a document that was read as `before`.
    pub(crate) async fn send_update(
        &self,
        name: &str,
        before: &Map<String, Value>,
        merged: &Merged,
    ) -> Result<Answer<Map<String, Value>>, ToolError> {
        let sent = self.session.site.update(self.permit, name, &merged.body).await;
        let child = |name: &str| self.session.catalog.known(name);
        self.settled(name, sent, |now| outcome::of_update(self.def, &child, before, &merged.given, now)).await
    }

    /// Submits a draft that was read as `before`.
    pub(crate) async fn send_submit(&self, name: &str, before: &Map<String, Value>) -> Result<Answer<()>, ToolError> {
        let sent = self.session.site.submit(self.permit, before).await;
        self.settled(name, sent, |now| outcome::of_docstatus(1, before, now)).await
    }

    /// Cancels a submitted document that was read as `before`.
    pub(crate) async fn send_cancel(&self, name: &str, before: &Map<String, Value>) -> Result<Answer<()>, ToolError> {
        let sent = self.session.site.cancel(self.permit, name).await;
        self.settled(name, sent, |now| outcome::of_docstatus(2, before, now)).await
    }

    /// Makes the one amendment that a cancelled document can have; the answer is its name.
    pub(crate) async fn send_amend(&self, of: &str, draft: &Map<String, Value>) -> Result<Answer<Value>, ToolError> {
        match self.session.site.amend(self.permit, draft).await {
            Err(error) if error.maybe_done() => {
                let mut found = self.look_for(draft, Some(("amended_from", of)), Instant::now(), error).await?;
                Ok(Answer { data: found.data.remove("name").unwrap_or_default(), messages: found.messages })
            }
            sent => Ok(sent?),
        }
    }

    /// Deletes a document that was read as `before`.
    pub(crate) async fn send_delete(&self, name: &str, before: &Map<String, Value>) -> Result<Answer<()>, ToolError> {
        let sent = self.session.site.delete(self.permit, name).await;
        self.settled(name, sent, |now| outcome::of_delete(before, now)).await
    }

    /// Whether documents have a field for a key, which the site may have added of its own. Without its answer nothing is
    /// made: a key that is not kept makes two of one.
    async fn keeps_keys(&self) -> Result<bool, SiteError> {
        let field = match self.def.field(KEY) {
            None => self.session.catalog.live(self.session.site, self.def.name).await?.field(KEY),
            known => known,
        };
        Ok(field.is_some_and(|field| self.permit.fields().may_write(field)))
    }

    /// What came of a write to one document: the site's answer, or what reading the document says where none came.
    async fn settled<T: Default>(
        &self,
        name: &str,
        sent: Result<Answer<T>, SiteError>,
        judge: impl Fn(Option<&Map<String, Value>>) -> Verdict,
    ) -> Result<Answer<T>, ToolError> {
        let error = match sent {
            Err(error) if error.maybe_done() => error,
            sent => return Ok(sent?),
        };
        let site = self.session.site;
        let mut verdict = Verdict::Open("the document could not be read".to_owned());
        let mut waits = site.waits();
        loop {
            let now = site.get(&self.session.caller, self.permit, name).await;
            verdict = match now {
                Ok(now) => judge(Some(&now.data)),
                Err(error) if error.kind() == Kind::Missing => judge(None),
                Err(_) => verdict,
            };
            // What is not there yet may still come.
            match waits.next().filter(|_| verdict == Verdict::NotMade) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break,
            }
        }
        match verdict {
            Verdict::Made => Ok(Answer { data: T::default(), messages: vec![READ_BACK.to_owned()] }),
            Verdict::NotMade if is_given_up(&error) => {
                let why = "so far nothing was changed; the site may still be at it".to_owned();
                Err(self.unsettled(Some(name), error, Verdict::Open(why)))
            }
            verdict => Err(self.unsettled(Some(name), error, verdict)),
        }
    }

    /// The document that a create made whose answer never came: the one with this value in this field, which no other
    /// has; else the one of this user's since its start that holds what was sent.
    async fn look_for(
        &self,
        doc: &Map<String, Value>,
        by: Option<(&str, &str)>,
        started: Instant,
        error: SiteError,
    ) -> Result<Answer<Map<String, Value>>, ToolError> {
        let mut waits = self.session.site.waits();
        let why = loop {
            let looked = match by {
                Some((field, value)) => {
                    let missing = || format!("no document with this {field} was found; it may still come");
                    self.made_with(field, value).await.map(|name| name.ok_or_else(missing))
                }
                None => self.made_since(doc, started).await,
            };
            match looked {
                Ok(Ok(name)) => return Ok(found(name, READ_BACK)),
                Ok(Err(why)) => match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => break why,
                },
                Err(_) => break "the site could not be asked".to_owned(),
            }
        };
        Err(self.unsettled(None, error, Verdict::Open(why)))
    }

    async fn made_with(&self, field: &str, value: &str) -> Result<Option<String>, SiteError> {
        let filters = vec![Filter::eq(field, value)];
        let rows = self.session.site.made(self.permit, filters, vec!["name".to_owned()], 1).await?;
        Ok(rows.first().and_then(|row| document_name(row.get("name")?)))
    }

    async fn made_since(
        &self,
        doc: &Map<String, Value>,
        started: Instant,
    ) -> Result<Result<String, String>, SiteError> {
        let session = self.session;
        let filters = vec![Filter::eq("owner", session.user_name().await?)];
        let mut sent = doc.clone();
        sent.retain(|key, _| self.def.field(key).is_some_and(|field| field.in_lists()));
        let fields = ["name", "creation"].into_iter().chain(sent.keys().map(String::as_str));
        let fields = fields.map(str::to_owned).collect();
        let mut rows = session.site.made(self.permit, filters, fields, LOOKED_THROUGH).await?;
        let span = SignedDuration::try_from(started.elapsed()).unwrap_or_default();
        rows.retain(|row| {
            let creation = row.get("creation").and_then(Value::as_str).and_then(|text| parse_datetime(text).ok());
            let name = row.get("name").and_then(document_name);
            creation.is_some_and(|creation| outcome::is_within(span, creation, Timestamp::now()))
                && name.is_some_and(|name| !session.user.recent_creates.has(self.def.name, &name))
        });
        Ok(outcome::of_create(self.def, &|child| session.catalog.known(child), &sent, &rows))
    }

    fn unsettled(&self, name: Option<&str>, error: SiteError, verdict: Verdict) -> ToolError {
        let what = match name {
            Some(name) => format!("{} of {} {name:?}", self.permit.operation(), self.def.name),
            None => format!("{} of a {}", self.permit.operation(), self.def.name),
        };
        ToolError::Unsettled { what, error: Box::new(error), verdict }
    }
}

const READ_BACK: &str = "no answer came from the site; reading shows that it was done";

/// That nothing was sent, which the audit log tells too.
pub const MADE_BEFORE: &str = "made by an earlier call with this idempotency_key; nothing was sent now";

fn found(name: String, note: &str) -> Answer<Map<String, Value>> {
    Answer { data: Map::from_iter([("name".to_owned(), json!(name))]), messages: vec![note.to_owned()] }
}

/// Whether it was this side, or a proxy, that lost patience: the site goes on all the same.
fn is_given_up(error: &SiteError) -> bool {
    error.kind() == Kind::TimedOut || error.status() == Some(504)
}
