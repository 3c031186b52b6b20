//! DocTypes that are no child tables, through the generic and through the typed tools: those of the tables on the sample
//! site of each version, and those of the recorded sites ([`recorded`]). What does not pass stands in `exceptions_15.txt`
//! and `exceptions_16.txt` with its reason: the lists only get shorter.
//!
//! A run takes forty DocTypes from all over the list; `ERPNEXT_MCP_DOCTYPES=1000` so many, and so all of them.
//! `TABLE_EXCEPTIONS=write cargo test … --test it every_doctype` writes the exceptions anew.

mod account;
mod dry_run;
pub mod fill;
mod front;
mod recorded;

use erpnext_mcp::app::Connection;
use erpnext_mcp::policy::FieldRule;
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, ToolDef, Verb, doctype_flag, flag};
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::sandbox::SampleSite;
use crate::support::{call, every_doctype, stated, table, tables, version};
use account::{Account, writes_exceptions};
use fill::Filling;

/// How many DocTypes are under way at once.
const AT_ONCE: usize = 6;

/// Where the exceptions of this version stand.
fn exceptions() -> String {
    format!("tests/it/every_doctype/exceptions_{}.txt", version())
}

/// The typed tools of a DocType; none of one that is the site's own.
fn typed(def: &DocTypeDef) -> &'static [ToolDef] {
    table(def.name).map_or(&[], |table| table.tools)
}

/// One flavour of the tools.
struct Hand<'a> {
    app: &'a Connection,
    def: &'static DocTypeDef,
    typed: bool,
}

impl Hand<'_> {
    async fn call(&self, verb: Verb, mut arguments: Value) -> Result<Value, String> {
        let mut generic = || {
            arguments["doctype"] = json!(self.def.name);
            match verb {
                Verb::Get => "get_generic_document",
                Verb::List => "list_generic_documents",
                Verb::Search => "search_generic_documents",
                Verb::Create => "create_generic_document",
                Verb::Update => "update_generic_document",
                _ => "delete_generic_document",
            }
        };
        let tool = match self.typed {
            true => typed(self.def).iter().find(|tool| tool.verb == verb).ok_or("no such tool")?.name,
            false => generic(),
        };
        call(self.app, tool, arguments).await.map_err(|error| error.for_model())
    }

    fn name(&self, step: &str) -> String {
        format!("{} {step}", if self.typed { "typed" } else { "generic" })
    }

    fn named(&self, name: &str) -> Value {
        match self.typed && self.def.is(doctype_flag::SINGLE) {
            true => json!({}),
            false => json!({"name": name}),
        }
    }

    /// What a list finds first.
    async fn list(&self) -> Result<Option<String>, String> {
        let list = self.call(Verb::List, json!({"limit": 1, "fields": ["name", "modified"]})).await?;
        Ok(fill::name(&list["documents"][0]["name"]))
    }

    async fn count(&self) -> Result<(), String> {
        let list = self.call(Verb::List, json!({"limit": 1, "count": true})).await?;
        let (total, listed) = (list["total"].as_u64(), list["count"].as_u64());
        if total >= listed && total.is_some() { Ok(()) } else { Err(format!("{listed:?} of {total:?}")) }
    }

    async fn get(&self, name: &str) -> Result<Value, String> {
        let got = self.call(Verb::Get, self.named(name)).await?;
        match fill::name(&got["document"]["name"]).as_deref() == Some(name) {
            true => Ok(got["document"].clone()),
            false => Err(format!("another name: {}", got["document"]["name"])),
        }
    }

    /// Changes a field and reads it back: no other is changed by it.
    async fn update(&self, name: &str, filling: &Mutex<Filling<'_>>) -> Result<(), String> {
        let (field, value) = plain(self.def).ok_or("nothing in it but names, links, rows and what the site keeps")?;
        let single = self.def.is(doctype_flag::SINGLE);
        let mut arguments = self.named(name);
        arguments["data"] = json!({});
        if single && !self.typed {
            // It may never have been filled in.
            arguments["data"] = filling.lock().await.document(self.def, "Single").await?;
        }
        arguments["data"][field.fieldname] = value.clone();
        let before = self.get(name).await?;
        self.call(Verb::Update, arguments).await?;
        let stored = self.get(name).await?;
        if stored[field.fieldname] != value {
            return Err(format!("{} is {} afterwards", field.fieldname, stored[field.fieldname]));
        }
        let keys = |document: &Value| document.as_object().into_iter().flat_map(Map::keys).cloned().collect::<Vec<_>>();
        // Each save posts again what does not say that its time is set.
        let posts = posts(self.def);
        let changes = |key: &&String| {
            let saved = [field.fieldname, "modified", "modified_by"].contains(&key.as_str());
            !(saved || posts && key.starts_with("posting_"))
        };
        let other = [keys(&before), keys(&stored)].concat();
        match other.iter().filter(changes).find(|key| before[key.as_str()] != stored[key.as_str()]) {
            // What a Single needs is filled in beside the field.
            Some(key) if !single => Err(format!("{key} is another afterwards")),
            _ => Ok(()),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), String> {
        self.call(Verb::Delete, json!({"name": name, "confirm": true})).await?;
        match self.get(name).await {
            Err(_) => Ok(()),
            Ok(_) => Err("it is still there".to_owned()),
        }
    }
}

/// Whether each save sets the time of posting.
fn posts(def: &DocTypeDef) -> bool {
    def.field("set_posting_time").is_some()
}

/// A field whose value means nothing, and another value for it.
fn plain(def: &DocTypeDef) -> Option<(&'static FieldDef, Value)> {
    const GUARDED: [u32; 4] = [flag::READ_ONLY, flag::UNIQUE, flag::SET_ONLY_ONCE, flag::VIRTUAL];
    let free = |field: &&FieldDef| {
        !GUARDED.iter().any(|bit| field.is(*bit))
            && !field.is(flag::STANDARD)
            && (!posts(def) || !field.fieldname.starts_with("posting_"))
            && FieldRule::default().may_read(*field)
            && field.fetch_from.is_none()
    };
    let value = |kind: FieldKind| match kind {
        FieldKind::SmallText | FieldKind::Text | FieldKind::LongText => Some(json!("changed by the table test")),
        FieldKind::Data => Some(json!("changed")),
        FieldKind::Int => Some(json!(7)),
        FieldKind::Float => Some(json!(7.5)),
        FieldKind::Date => Some(json!("2026-11-30")),
        FieldKind::Check => Some(json!(true)),
        FieldKind::TextEditor => Some(json!("changed")),
        FieldKind::Currency | FieldKind::Percent => Some(json!(7.5)),
        FieldKind::Datetime => Some(json!("2026-11-30 10:00:00")),
        _ => None,
    };
    let kinds = [
        FieldKind::SmallText,
        FieldKind::Text,
        FieldKind::LongText,
        FieldKind::Data,
        FieldKind::Int,
        FieldKind::Float,
        FieldKind::Date,
        FieldKind::Check,
        FieldKind::TextEditor,
        FieldKind::Currency,
        FieldKind::Percent,
        FieldKind::Datetime,
    ];
    let no_format = |field: &&FieldDef| field.kind != FieldKind::Data || field.options == erpnext_schema::Options::None;
    let fields = || def.all_fields().filter(|field| free(field) && no_format(field));
    kinds.iter().find_map(|kind| Some((fields().find(|field| field.kind == *kind)?, value(*kind)?)))
}

/// Whether the schema tells each field that may be read or written, in their order; where it ends early it says so.
async fn schema(app: &Connection, def: &DocTypeDef) -> Result<(), String> {
    let schema = call(app, "get_doctype_schema", json!({"doctype": def.name})).await;
    let schema = schema.map_err(|error| error.for_model())?;
    let told = schema["fields"].as_array().into_iter().flatten().filter_map(|field| field["field"].as_str());
    // What the site added, such as the state of a workflow, stands in no table.
    let told: Vec<&str> = told.filter(|name| def.field(name).is_some()).collect();
    let rule = FieldRule::default();
    let open = def.fields.iter().filter(|field| rule.may_read(*field) || rule.may_write(*field));
    let fields: Vec<&str> = open.map(|field| field.fieldname).collect();
    let is_whole = told.len() == fields.len() || schema.get("left_out").is_some();
    match fields.starts_with(&told) && is_whole {
        true => Ok(()),
        false => Err(format!("{told:?} of {fields:?}")),
    }
}

async fn of(app: &Connection, def: &'static DocTypeDef, filling: &Mutex<Filling<'_>>) -> Account {
    let mut account = Account::of(def);
    let single = def.is(doctype_flag::SINGLE);
    account.note(def, "schema", schema(app, def).await);
    if !single && !def.is(doctype_flag::VIRTUAL) {
        let counted = call(app, "aggregate_documents", json!({"doctype": def.name})).await;
        account.note(def, "aggregate", counted.map_err(|error| error.for_model()));
    }
    let flavours: &[bool] = if typed(def).is_empty() { &[false] } else { &[false, true] };
    for typed in flavours {
        let hand = Hand { app, def, typed: *typed };
        let mut found = single.then(|| def.name.to_owned());
        if !single && !def.is(doctype_flag::VIRTUAL) {
            found = account.note(def, &hand.name("list"), hand.list().await).flatten();
            account.note(def, &hand.name("count"), hand.count().await);
            let word = json!({"search_term": found.as_deref().unwrap_or("a")});
            account.note(def, &hand.name("search"), hand.call(Verb::Search, word).await);
        }
        let mut made = None;
        if !single {
            let created = match filling.lock().await.document(def, "Row").await {
                Ok(data) => hand.call(Verb::Create, json!({"data": data})).await,
                Err(why) => Err(why),
            };
            made = account.note(def, &hand.name("create"), created).and_then(|made| fill::name(&made["created"]));
        }
        let (Some(name), deletes) = (made.clone().or(found), made.is_some()) else {
            // Nothing to read, change or delete: that follows from why nothing could be made.
            ["get", "update", "delete"].iter().for_each(|step| account.untried(&hand.name(step)));
            continue;
        };
        account.note(def, &hand.name("get"), hand.get(&name).await);
        if single || made.is_some() {
            account.note(def, &hand.name("update"), hand.update(&name, filling).await);
        } else {
            account.untried(&hand.name("update"));
        }
        match deletes {
            true => _ = account.note(def, &hand.name("delete"), hand.delete(&name).await),
            false if !single => account.untried(&hand.name("delete")),
            false => {}
        }
    }
    account
}

/// Tries these DocTypes on a site that has all of those.
async fn tried(app: &Connection, all: &[&'static DocTypeDef], defs: &[&'static DocTypeDef]) -> Account {
    let mut filling = Filling::new(app, all);
    for def in defs {
        // What can be linked to is settled before any of it is tried, and so may be deleted. What is wrong shows later.
        let _ = filling.document(def, "Row").await;
    }
    let filling = Mutex::new(filling);
    let accounts = stream::iter(defs).map(|def| of(app, def, &filling)).buffer_unordered(AT_ONCE);
    accounts.fold(Account::default(), async |all, one| all.with(one)).await
}

/// The DocTypes of this run.
fn chosen() -> Vec<&'static DocTypeDef> {
    let wanted = stated("ERPNEXT_MCP_DOCTYPES");
    let wanted = if writes_exceptions() { usize::MAX } else { wanted.unwrap_or(40).max(1) };
    let all: Vec<_> = tables().filter(|def| !def.is(doctype_flag::CHILD)).collect();
    all.iter().step_by((all.len() / wanted).max(1)).copied().collect()
}

#[allow(clippy::print_stdout, reason = "how many pass is what a reader of this test wants to know")]
#[on_every_version]
async fn every_doctype_is_listed_read_made_changed_and_deleted_through_both_kinds_of_tools() {
    let site = SampleSite::start().await;
    let account = tried(&site.app(every_doctype()), &tables().collect::<Vec<_>>(), &chosen()).await;
    println!("{}", account.table(&format!("the sample site of ERPNext {}", version())));
    account.judge(&exceptions(), None);
}
