//! DocTypes of the snapshot that are no child tables, through the generic and through the typed tools, on the sample site of
//! each version. What does not pass stands in `exceptions_15.txt` and `exceptions_16.txt` with its reason: the lists only
//! get shorter.
//!
//! A run takes forty DocTypes from all over the list; `ERPNEXT_MCP_DOCTYPES=1000` so many, and so all of them.
//! `TABLE_EXCEPTIONS=write cargo test … --test it every_doctype` writes the exceptions anew.

mod dry_run;
pub mod fill;

use std::collections::BTreeMap;
use std::path::Path;

use erpnext_mcp::app::Connection;
use erpnext_mcp::policy::FieldRule;
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Verb, doctype_flag, flag};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::sandbox::SampleSite;
use crate::support::{call, every_doctype, version};
use fill::Filling;

/// How many DocTypes are under way at once.
const AT_ONCE: usize = 6;

/// Where the exceptions of this version stand.
fn exceptions() -> String {
    format!("tests/it/every_doctype/exceptions_{}.txt", version())
}

/// What came of the steps.
#[derive(Default)]
struct Account {
    passed: usize,
    /// By DocType and step, the reason; a step that could not be tried because of another one counts with it.
    failed: BTreeMap<String, String>,
    untried: usize,
}

impl Account {
    fn with(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.untried += other.untried;
        self.failed.extend(other.failed);
        self
    }

    fn note<T>(&mut self, def: &DocTypeDef, step: &str, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => {
                self.passed += 1;
                Some(value)
            }
            Err(why) => {
                self.failed.insert(format!("{} / {step}", def.name), short(&why));
                None
            }
        }
    }
}

/// The reason on one line; names that are drawn at random left out.
fn short(why: &str) -> String {
    let line = why.lines().find(|line| line.starts_with("- ")).or(why.lines().next()).unwrap_or_default();
    // Rows are numbered in the order in which they happen to be made.
    let line: String = line.trim_start_matches("- ").chars().filter(|c| !c.is_ascii_digit()).collect();
    line.chars().take(140).collect::<String>().trim().to_owned()
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
            true => self.def.tools.iter().find(|tool| tool.verb == verb).ok_or("no such tool")?.name,
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

    /// Changes a field and reads it back.
    async fn update(&self, name: &str, filling: &Mutex<Filling<'_>>) -> Result<(), String> {
        let (field, value) = plain(self.def).ok_or("nothing in it but names, links, rows and what the site keeps")?;
        let mut arguments = self.named(name);
        arguments["data"] = json!({});
        if self.def.is(doctype_flag::SINGLE) && !self.typed {
            // It may never have been filled in.
            arguments["data"] = filling.lock().await.document(self.def, "Single").await?;
        }
        arguments["data"][field.fieldname] = value.clone();
        self.call(Verb::Update, arguments).await?;
        let stored = self.get(name).await?;
        match stored[field.fieldname] == value {
            true => Ok(()),
            false => Err(format!("{} is {} afterwards", field.fieldname, stored[field.fieldname])),
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

/// A field whose value means nothing, and another value for it.
fn plain(def: &DocTypeDef) -> Option<(&'static FieldDef, Value)> {
    const GUARDED: [u32; 4] = [flag::READ_ONLY, flag::UNIQUE, flag::SET_ONLY_ONCE, flag::VIRTUAL];
    let free = |field: &&FieldDef| {
        !GUARDED.iter().any(|bit| field.is(*bit))
            && !field.is(flag::STANDARD)
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

async fn of(app: &Connection, def: &'static DocTypeDef, filling: &Mutex<Filling<'_>>) -> Account {
    let mut account = Account::default();
    let single = def.is(doctype_flag::SINGLE);
    let schema = call(app, "get_doctype_schema", json!({"doctype": def.name})).await;
    account.note(def, "schema", schema.map_err(|error| error.for_model()));
    if !single && !def.is(doctype_flag::VIRTUAL) {
        let counted = call(app, "aggregate_documents", json!({"doctype": def.name})).await;
        account.note(def, "aggregate", counted.map_err(|error| error.for_model()));
    }
    for typed in [false, true] {
        let hand = Hand { app, def, typed };
        let mut found = single.then(|| def.name.to_owned());
        if !single && !def.is(doctype_flag::VIRTUAL) {
            found = account.note(def, &hand.name("list"), hand.list().await).flatten();
            account.note(def, &hand.name("count"), hand.count().await);
            let word = json!({"search_term": found.as_deref().unwrap_or("a")});
            account.note(def, &hand.name("search"), hand.call(Verb::Search, word).await);
        }
        let mut made = None;
        if def.tools.iter().any(|tool| tool.verb == Verb::Create) {
            let created = match filling.lock().await.document(def, "Row").await {
                Ok(data) => hand.call(Verb::Create, json!({"data": data})).await,
                Err(why) => Err(why),
            };
            made = account.note(def, &hand.name("create"), created).and_then(|made| fill::name(&made["created"]));
        }
        let (Some(name), deletes) = (made.clone().or(found), made.is_some()) else {
            // Nothing to read, change or delete: that follows from why nothing could be made.
            account.untried += 3;
            continue;
        };
        account.note(def, &hand.name("get"), hand.get(&name).await);
        if single || made.is_some() {
            account.note(def, &hand.name("update"), hand.update(&name, filling).await);
        } else {
            account.untried += 1;
        }
        match deletes {
            true => _ = account.note(def, &hand.name("delete"), hand.delete(&name).await),
            false if !single => account.untried += 1,
            false => {}
        }
    }
    account
}

/// The exceptions as they stand in the file: a line each, both flavours in one where both fail.
fn written(failed: &BTreeMap<String, String>) -> BTreeMap<String, &str> {
    let both = |key: &str| {
        let (generic, typed) = (key.replace(" / typed ", " / generic "), key.replace(" / generic ", " / typed "));
        let one = key.replace(" / generic ", " / ").replace(" / typed ", " / ");
        if failed.contains_key(&generic) && failed.contains_key(&typed) { one } else { key.to_owned() }
    };
    failed.iter().rev().map(|(key, why)| (both(key), why.as_str())).collect()
}

/// `DocType / step / reason`, a line each.
fn read(text: &str) -> BTreeMap<String, &str> {
    let line = |line| {
        let mut parts = str::splitn(line, 3, " / ");
        let key = format!("{} / {}", parts.next().unwrap(), parts.next().unwrap());
        (key, parts.next().unwrap_or_else(|| panic!("{}: no reason in {line:?}", exceptions())))
    };
    text.lines().map(line).collect()
}

/// Whether the run writes the exceptions anew.
fn writes_exceptions() -> bool {
    std::env::var_os("TABLE_EXCEPTIONS").is_some()
}

/// The DocTypes of this run.
fn chosen() -> Vec<&'static DocTypeDef> {
    let wanted = std::env::var("ERPNEXT_MCP_DOCTYPES").ok().and_then(|wanted| wanted.parse().ok());
    let wanted = if writes_exceptions() { usize::MAX } else { wanted.unwrap_or(40).max(1) };
    let all: Vec<_> = crate::support::tables().filter(|def| !def.is(doctype_flag::CHILD)).collect();
    all.iter().step_by((all.len() / wanted).max(1)).copied().collect()
}

#[allow(clippy::print_stdout, reason = "how many pass is what a reader of this test wants to know")]
#[on_every_version]
async fn every_doctype_is_listed_read_made_changed_and_deleted_through_both_kinds_of_tools() {
    let site = SampleSite::start().await;
    let app = site.app(every_doctype());
    let writes = writes_exceptions();
    let defs = chosen();
    let mut filling = Filling::new(&app);
    for def in &defs {
        // What can be linked to is settled before any of it is tried, and so may be deleted. What is wrong shows later.
        let _ = filling.document(def, "Row").await;
    }
    let filling = Mutex::new(filling);
    let accounts = stream::iter(&defs).map(|def| of(&app, def, &filling)).buffer_unordered(AT_ONCE);
    let account = accounts.fold(Account::default(), async |all, one| all.with(one)).await;
    let all = account.passed + account.failed.len() + account.untried;
    println!(
        "ERPNext {}: {} of {all} steps pass on {} DocTypes; {} fail, {} could not be tried because of those",
        version(),
        account.passed,
        defs.len(),
        account.failed.len(),
        account.untried
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(exceptions());
    let text = std::fs::read_to_string(&file).unwrap();
    let tried = |key: &String| defs.iter().any(|def| key.starts_with(&format!("{} / ", def.name)));
    let (now, mut known) = (written(&account.failed), read(&text));
    known.retain(|key, _| tried(key));
    if writes {
        let lines = now.iter().map(|(key, why)| format!("{key} / {}\n", known.get(key).unwrap_or(why)));
        std::fs::write(&file, lines.collect::<String>()).unwrap();
        return;
    }
    let new: Vec<_> = now.iter().filter(|(key, _)| !known.contains_key(*key)).collect();
    let gone: Vec<_> = known.keys().filter(|key| !now.contains_key(*key)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new: {new:#?}\nno longer, take them out of {}: {gone:#?}",
        exceptions()
    );
}
