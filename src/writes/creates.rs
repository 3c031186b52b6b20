//! Making documents: the key by which a repeated create is known again, and how a document is recognised whose create got
//! no answer.

use std::time::Instant;

use erpnext_schema::time::parse_datetime;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::send::{Next, Write, send};
use crate::cleared::Cleared;
use crate::context::recent_creates::UnderWay;
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::Filter;
use crate::site::{Answer, Kind, SiteError, WriteError};

/// Where a DocType keeps the key by which a repeated create is known again.
const KEY: &str = "idempotency_key";
/// How many of the user's newest documents are looked through.
const LOOKED_THROUGH: u32 = 50;

/// Told where another call made the same at the same time.
pub(crate) const A_TWIN: &str = "another call made the same at the same time, and nobody can tell whose is whose";

impl DocTypeCall<'_> {
    /// The document that an earlier call made with the same key, if one did.
    ///
    /// # Errors
    /// Where that document may not be read: then it is not named.
    pub(crate) async fn made_before(&self, key: Option<&str>) -> Result<Option<String>, ToolError> {
        let Some(key) = key else { return Ok(None) };
        let kept = self.keeps_keys().await?;
        let name = if kept {
            self.made_with(KEY, key).await?
        } else {
            self.session.user.recent_creates.with_key(self.def.name, key)
        };
        let Some(name) = name else { return Ok(None) };
        if self.permit.is_row_filtered() || !kept {
            match self.session.site.get(self.permit, &name).await {
                Err(error) if error.kind() == Kind::Missing && !kept => return Ok(None),
                Err(error) if matches!(error.kind(), Kind::Missing | Kind::OutOfSight) => {
                    return Err(ToolError::refused(
                        format!(
                            "{KEY}: it was used for a {} that is not among those that may be read; nothing was sent.",
                            self.def.name
                        ),
                        "call again with another key.",
                    ));
                }
                seen => drop(seen?),
            }
        }
        Ok(Some(name))
    }

    /// Makes a document, `from` another where it is converted; the name it got.
    pub(crate) async fn send_create(
        &self,
        cleared: Cleared<'_>,
        doc: &Map<String, Value>,
        key: Option<&str>,
        from: Option<&str>,
    ) -> Result<Answer<String>, ToolError> {
        let kept = key.is_some() && self.keeps_keys().await?;
        let mut doc = doc.clone();
        doc.extend(key.filter(|_| kept).map(|key| (KEY.to_owned(), json!(key))));
        let under_way = self.session.user.recent_creates.begin(self.def.name, &doc);
        let create = Create { on: self, doc: &doc, key, kept, from, under_way };
        let mut answer = send(self.session, &create, cleared).await?;
        if key.is_some() && !kept {
            answer
                .messages
                .push(format!("the site keeps no {KEY} of a {}: it is known until this server ends", self.def.name));
        }
        Ok(answer)
    }

    /// Whether documents have a field for a key, which the site may have added of its own. Without its answer nothing is
    /// made: a key that is not kept makes two of one.
    async fn keeps_keys(&self) -> Result<bool, SiteError> {
        let field = match self.def.field(KEY) {
            None => self.session.catalog.live(self.session.asker(), self.def.name).await?.field(KEY),
            known => known,
        };
        Ok(field.is_some_and(|field| self.permit.fields().may_write(field)))
    }

    pub(crate) async fn made_with(&self, field: &str, value: &str) -> Result<Option<String>, SiteError> {
        let filters = vec![Filter::eq(field, value)];
        let rows = self.session.site.made(self.permit, filters, vec!["name".to_owned()], 1).await?;
        Ok(rows.first().and_then(|row| document_name(row.get("name")?)))
    }

    /// The documents that this user made since then, with these fields of them, but for those that a call took for its own.
    pub(crate) async fn made_since(
        &self,
        since: Instant,
        fields: impl Iterator<Item = &str>,
        at_least: usize,
    ) -> Result<Vec<Map<String, Value>>, SiteError> {
        let session = self.session;
        let filters = vec![Filter::eq("owner", session.user_name().await?)];
        let fields = ["name", "creation"].into_iter().chain(fields).map(str::to_owned).collect();
        let most = LOOKED_THROUGH.saturating_add(u32::try_from(at_least).unwrap_or(u32::MAX));
        let mut rows = session.site.made(self.permit, filters, fields, most).await?;
        rows.retain(|row| {
            let name = row.get("name").and_then(document_name);
            is_since(since, row.get("creation"))
                && name.is_some_and(|name| !session.user.recent_creates.has(self.def.name, &name))
        });
        Ok(rows)
    }

    /// What of a document shows in lists.
    pub(crate) fn listed(&self, doc: &Map<String, Value>) -> Map<String, Value> {
        let shows = |key: &str| self.def.field(key).is_some_and(|field| field.in_lists());
        doc.iter().filter(|(key, _)| shows(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// Whether something was made since then, by its `creation` in the site's time.
pub(crate) fn is_since(since: Instant, creation: Option<&Value>) -> bool {
    let creation = creation.and_then(Value::as_str).and_then(|text| parse_datetime(text).ok());
    let span = SignedDuration::try_from(since.elapsed()).unwrap_or_default();
    creation.is_some_and(|creation| outcome::is_within(span, creation, Timestamp::now()))
}

/// A new document.
struct Create<'a> {
    on: &'a DocTypeCall<'a>,
    doc: &'a Map<String, Value>,
    key: Option<&'a str>,
    /// Whether the site keeps the key with the document.
    kept: bool,
    /// What it is made from: `Quotation "x"`.
    from: Option<&'a str>,
    under_way: UnderWay<'a>,
}

impl<'a> Write for Create<'a> {
    type Leave = Cleared<'a>;
    type Made = String;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<String>, WriteError> {
        let answer = self.on.session.site.insert(cleared, self.doc).await?;
        self.on.session.user.recent_creates.claim(self.on.def.name, &answer.data, self.key);
        Ok(answer)
    }

    /// By its key, which no other has; else as the one of this user's since then that holds what was sent.
    async fn read_back(&self, since: Instant) -> Result<Verdict<String>, SiteError> {
        let (on, session) = (self.on, self.on.session);
        if let Some(key) = self.key.filter(|_| self.kept) {
            let made = on.made_with(KEY, key).await?;
            return Ok(Verdict::seen(made, "no document with this idempotency_key was found"));
        }
        if !self.under_way.is_alone() {
            return Ok(Verdict::Open(A_TWIN.to_owned()));
        }
        let sent = on.listed(self.doc);
        let rows = on.made_since(since, sent.keys().map(String::as_str), 0).await?;
        Ok(match outcome::of_create(on.def, &|child| session.catalog.known(child), &sent, &rows) {
            Verdict::Made(name) if !session.user.recent_creates.claim(on.def.name, &name, self.key) => {
                Verdict::Open(A_TWIN.to_owned())
            }
            verdict => verdict,
        })
    }

    fn what(&self) -> String {
        let from = self.from.map_or_else(String::new, |from| format!(" from {from}"));
        format!("create of a {}{from}", self.on.def.name)
    }

    fn next(&self) -> Next {
        newest(self.on)
    }
}

/// Where a new document shows.
pub(crate) fn newest(on: &DocTypeCall<'_>) -> Next {
    Next::Look(format!("list {} with order_by \"creation desc\"", on.def.name))
}
