//! Making documents: the key by which a repeated create is known again, and how a document is recognised whose create got
//! no answer.

use std::io;
use std::time::{Duration, Instant};

use erpnext_schema::time::parse_datetime;
use erpnext_schema::{flag, with_article};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::confirm;
use super::lost::note_lost;
use super::send::{Next, Write, send};
use crate::answer::{Made, ToolAnswer};
use crate::cleared::Cleared;
use crate::context::Session;
use crate::context::create_keys::{HeldKey, KeyState, RequestHash};
use crate::context::recent_creates::{MADE_BEFORE, UnderWay};
use crate::document::outcome::{self, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::hex::hex;
use crate::policy::Filter;
use crate::shape::text_of;
use crate::site::{Answer, SiteError, SiteErrorKind, WriteError};
use crate::tool::arguments::KEY;

/// How long a call waits for another one with the same key.
const PATIENCE: Duration = Duration::from_secs(60);
/// After this, a site has ended a request, done or not.
const ENDED: SignedDuration = SignedDuration::from_mins(2);
/// How many of the user's newest documents are looked through.
const LOOKED_THROUGH: u32 = 50;

/// The key of a create, held by this call.
pub(crate) struct Key {
    text: String,
    /// Whether the site keeps it with the document.
    is_kept: bool,
    held: HeldKey,
    asked: RequestHash,
}

impl Key {
    async fn note(&mut self, state: KeyState) -> Result<(), ToolError> {
        self.held.note(state, &self.asked).await.map_err(|error| {
            tracing::error!("{KEY}: {error}");
            ToolError::refused(
                format!("{KEY}: this server cannot keep keys now: nothing may be made with this one."),
                "Tell the administrator.",
            )
        })
    }
}

/// Told where another call made the same at the same time.
pub(crate) const A_TWIN: &str = "another call made the same at the same time, and nobody can tell whose is whose";

impl DocTypeCall<'_> {
    /// Holds the key of a create, so that no other call on this machine makes anything with it meanwhile.
    ///
    /// # Errors
    /// Where it cannot be held: a key that is not kept makes two of one. Where it was used for something else.
    pub(crate) async fn hold_key(&self, key: Option<&str>) -> Result<Option<Key>, ToolError> {
        let Some(key) = key else { return Ok(None) };
        let session = self.session;
        let of = hex(session.caller.identity().as_bytes());
        let is_kept = self.keeps_keys().await?;
        let held = session.create_keys.hold(&[&of, self.def.name, key], PATIENCE).await.map_err(|error| {
            tracing::error!("{KEY}: {error}");
            match error.kind() {
                io::ErrorKind::WouldBlock => ToolError::refused(
                    format!("{KEY}: another call with this key is under way; nothing was sent."),
                    "Call again in a minute.",
                ),
                _ => ToolError::refused(
                    format!("{KEY}: this server cannot keep keys now; nothing was sent."),
                    "Tell the administrator. Without a key the create works, but a repeat of it would not be recognised.",
                ),
            }
        })?;
        let asked = confirm::asked(self.given);
        if held.is_for_another(&asked) {
            return Err(ToolError::refused(
                format!(
                    "{KEY}: an earlier call used it for {} with other values; nothing was sent.",
                    with_article(self.def.name)
                ),
                "To repeat that call, send what it sent; to make another document, call with another key.",
            ));
        }
        Ok(Some(Key { text: key.to_owned(), is_kept, held, asked }))
    }

    /// The document that an earlier call made with the same key, if one did.
    ///
    /// # Errors
    /// Where that document may not be read: then it is not named. Where it is not known whether one was made.
    pub(crate) async fn made_before(&self, key: Option<&mut Key>) -> Result<Option<String>, ToolError> {
        let Some(key) = key else { return Ok(None) };
        let found = if key.is_kept { self.made_with(KEY, &key.text).await? } else { None };
        let is_found = found.is_some();
        let name = match (found, key.held.state()) {
            (Some(name), _) => name,
            (None, KeyState::Made(name)) => name.clone(),
            (None, KeyState::New) => return Ok(None),
            // The site keeps the key; should it still be at the earlier one, it refuses this one as its twin.
            (None, KeyState::Sent(at)) if key.is_kept && Timestamp::now().duration_since(*at) > ENDED => {
                return Ok(None);
            }
            (None, KeyState::Sent(_)) => {
                let what = format!(
                    "{KEY}: an earlier call with it got no answer, and whether it made {} is not known; nothing was sent now.",
                    with_article(self.def.name)
                );
                return Err(if key.is_kept {
                    ToolError::refused(what, "Call again in two minutes, when the site has finished what it was doing.")
                } else {
                    let list = format!("List {} with order_by \"creation desc\"", self.def.name);
                    ToolError::refused(what, format!("{list}; only if it is not there, call with another key."))
                });
            }
        };
        if self.permit.is_row_filtered() || !is_found {
            match self.session.site.get(self.permit, &name).await {
                Err(error) if matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::OutOfSight) => {
                    return Err(ToolError::refused(
                        format!(
                            "{KEY}: the {} that was made with it was deleted, or is not among those that may be read; nothing was sent.",
                            self.def.name
                        ),
                        "To make another one, call with another key.",
                    ));
                }
                seen => drop(seen?),
            }
        }
        Ok(Some(name))
    }

    /// The answer to a call whose key made this document before, and the document, if it can be read.
    pub(crate) async fn answer_again(&self, name: String) -> (ToolAnswer, Option<Map<String, Value>>) {
        let mut data = Map::from_iter([("created".to_owned(), json!(name))]);
        let mut messages = vec![MADE_BEFORE.to_owned()];
        let stored = match self.stored(&name).await {
            Ok(stored) => {
                data.extend(self.outcome(&stored, &Map::new()));
                Some(stored)
            }
            Err(note) => {
                messages.push(note);
                None
            }
        };
        (ToolAnswer { made: Some(Made { name, before: true }), messages, ..data.into() }, stored)
    }

    /// Makes a document, `from` another where it is converted; the name it got.
    pub(crate) async fn send_create(
        &self,
        cleared: Cleared<'_>,
        doc: &Map<String, Value>,
        mut key: Option<Key>,
        from: Option<&str>,
    ) -> Result<Answer<String>, ToolError> {
        // What cannot be told apart by what lists show of it is a twin, whatever its key and its rows.
        let (session, holds, since) = (self.session, self.listed(doc), Instant::now());
        self.not_made_by_now(&holds, doc).await?;
        let under_way = self.session.user.recent_creates.begin(self.def.name, holds.clone());
        let mut doc = doc.clone();
        let kept = key.as_ref().filter(|key| key.is_kept).map(|key| key.text.clone());
        doc.extend(kept.iter().map(|key| (KEY.to_owned(), json!(key))));
        if let Some(key) = &mut key {
            key.note(KeyState::Sent(Timestamp::now())).await?;
        }
        let create = Create { on: self, doc: &doc, kept: kept.as_deref(), from, under_way };
        let sent = send(self.session, &create, cleared).await;
        let Some(key) = &mut key else {
            note_lost(session, (self.def.name, &holds), since, &sent);
            return sent;
        };
        match sent {
            Ok(mut answer) => {
                // Else it stays noted as sent, which makes no second one either.
                let _ = key.note(KeyState::Made(answer.data.clone())).await;
                if !key.is_kept && !self.session.create_keys.last {
                    let known = "it is known until this server ends";
                    answer
                        .messages
                        .push(format!("the site keeps no {KEY} of {}: {known}", with_article(self.def.name)));
                }
                Ok(answer)
            }
            // A server on another machine was first, where the site lets each key be used once.
            Err(ToolError::Site(error)) if error.kind() == SiteErrorKind::Duplicate && key.is_kept => {
                let _ = key.note(KeyState::New).await;
                let name = self.made_before(Some(key)).await?.ok_or(ToolError::Site(error))?;
                Ok(Answer { data: name, messages: vec![MADE_BEFORE.to_owned()] })
            }
            // It stays noted as sent.
            Err(error @ ToolError::Unsettled { .. }) => Err(error),
            Err(error) => {
                let _ = key.note(KeyState::New).await;
                Err(error)
            }
        }
    }

    /// Whether documents have a field for a key in which the site takes each once, which it may have added of its own. In
    /// another field a create that is still under way would not be found, and not keep the next one from being made. Without
    /// the site's answer nothing is made: a key that is not kept makes two of one.
    async fn keeps_keys(&self) -> Result<bool, SiteError> {
        let field = match self.def.field(KEY) {
            None => self.session.catalog.live(self.session.asker(), self.def.name).await?.field(KEY),
            known => known,
        };
        Ok(field.is_some_and(|field| field.is(flag::UNIQUE) && self.permit.fields().may_write(field)))
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
        let since = Since::of(session, since).await;
        rows.retain(|row| {
            let name = row.get("name").and_then(document_name);
            since.has(row.get("creation"))
                && name.is_some_and(|name| !session.user.recent_creates.has(self.def.name, &name))
        });
        Ok(rows)
    }

    /// Whether a document that looks like the sent one in a list is that one, by its rows, which a list does not show.
    pub(crate) async fn holds(&self, name: &str, sent: &Map<String, Value>) -> Result<Verdict<String>, SiteError> {
        let found = self.session.site.get(self.permit, name).await?.data;
        if !text_of(&found, KEY).is_empty() && !sent.contains_key(KEY) {
            return Ok(Verdict::NotYet(format!("{name} is like it, and was made by another call, with an {KEY}")));
        }
        Ok(outcome::of_create(self.def, &|child| self.session.catalog.known(child), sent, &[found]))
    }

    /// What of a document shows in lists.
    pub(crate) fn listed(&self, doc: &Map<String, Value>) -> Map<String, Value> {
        let shows = |key: &str| self.def.field(key).is_some_and(|field| field.in_lists());
        doc.iter().filter(|(key, _)| shows(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// A moment by the site's clock and in its zone, to tell what was made since then from what was there before.
pub(crate) struct Since {
    begun: Timestamp,
    /// None if the site does not tell it: then nothing is known to be new.
    zone: Option<TimeZone>,
}

impl Since {
    pub(crate) async fn of(session: &Session<'_>, moment: Instant) -> Self {
        let zone = session.zone().await.and_then(|zone| TimeZone::get(zone).ok());
        // How far the site's clock is ahead of this machine's.
        let ahead = session.site.date().and_then(|(told, here)| {
            let told = jiff::fmt::rfc2822::parse(&told).ok()?.timestamp();
            Some(told.duration_since(Timestamp::try_from(here).ok()?))
        });
        let elapsed = SignedDuration::try_from(moment.elapsed()).unwrap_or_default();
        Self { begun: Timestamp::now() + ahead.unwrap_or_default() - elapsed, zone }
    }

    /// Whether something was made since, by its `creation` in the site's time.
    pub(crate) fn has(&self, creation: Option<&Value>) -> bool {
        let creation = creation.and_then(Value::as_str).and_then(|text| parse_datetime(text).ok());
        let is_new = |zone, creation| outcome::is_since(self.begun, zone, creation);
        self.zone.as_ref().zip(creation).is_some_and(|(zone, creation)| is_new(zone, creation))
    }
}

/// A new document.
struct Create<'a> {
    on: &'a DocTypeCall<'a>,
    doc: &'a Map<String, Value>,
    /// The key, where the site keeps it with the document.
    kept: Option<&'a str>,
    /// What it is made from: `Quotation "x"`.
    from: Option<&'a str>,
    under_way: UnderWay<'a>,
}

impl<'a> Write for Create<'a> {
    type Leave = Cleared<'a>;
    type Made = String;

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<String>, WriteError> {
        let answer = self.on.session.site.insert(cleared, self.doc).await?;
        self.on.session.user.recent_creates.claim(self.on.def.name, &answer.data);
        Ok(answer)
    }

    /// By its key, which no other has; else as the one of this user's since then that holds what was sent.
    async fn read_back(&self, since: Instant) -> Result<Verdict<String>, SiteError> {
        let (on, session) = (self.on, self.on.session);
        if let Some(key) = self.kept {
            let made = on.made_with(KEY, key).await?;
            made.iter().for_each(|name| _ = session.user.recent_creates.claim(on.def.name, name));
            return Ok(Verdict::seen(made, "no document with this idempotency_key was found"));
        }
        let sent = on.listed(self.doc);
        let rows = on.made_since(since, sent.keys().map(String::as_str), 0).await?;
        // Asked after reading: whose document was read had begun by then.
        if !self.under_way.is_alone() {
            return Ok(Verdict::Open(A_TWIN.to_owned()));
        }
        let found = outcome::of_create(on.def, &|child| session.catalog.known(child), &sent, &rows);
        match found {
            Verdict::Made(name) => match on.holds(&name, self.doc).await? {
                Verdict::Made(name) if !session.user.recent_creates.claim(on.def.name, &name) => {
                    Ok(Verdict::Open(A_TWIN.to_owned()))
                }
                verdict => Ok(verdict),
            },
            verdict => Ok(verdict),
        }
    }

    fn what(&self) -> String {
        let from = self.from.map_or_else(String::new, |from| format!(" from {from}"));
        format!("create of {}{from}", with_article(self.on.def.name))
    }

    fn next(&self) -> Next {
        newest(self.on)
    }
}

/// Where a new document shows.
pub(crate) fn newest(on: &DocTypeCall<'_>) -> Next {
    Next::Look(format!("list {} with order_by \"creation desc\"", on.def.name))
}
