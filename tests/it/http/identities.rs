//! Many people of several sites in one server: nothing of one reaches another, on the same site or on another one.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use super::sites::section;
use super::{Served, message};
use crate::sandbox::SampleSite;
use crate::support::{all, stated};

/// How many calls are made, in all; a fifth of `ERPNEXT_MCP_IDENTITIES`, where that is stated: each takes longer than one of
/// two people in one process, and after 1,800 each of the fifty made each call on each site.
const CALLS: usize = 600;
/// How many of them are under way at once.
const AT_ONCE: usize = 24;
const PEOPLE: usize = 50;
const SITES: [&str; 3] = ["north", "south", "west"];

/// A server for three sites, of which each has the same fifty users, who see their own tasks alone.
struct Company {
    sites: Vec<SampleSite>,
    served: Served,
    log: tempfile::TempDir,
    /// The task of each user on each site.
    tasks: HashMap<(usize, usize), String>,
}

fn key(who: usize) -> String {
    format!("person{who:02}")
}

/// What stands in every document of this user on this site, and nowhere else.
fn mark(site: usize, who: usize) -> String {
    format!("mark-{}-{}.", SITES[site], key(who))
}

impl Company {
    async fn start() -> Self {
        let (mut sites, log) = (Vec::new(), tempfile::tempdir().unwrap());
        let mut stated = serde_json::Map::new();
        for name in SITES {
            let site = SampleSite::start().await;
            (0..PEOPLE).for_each(|who| site.sandbox.add_user(&key(who), &[]).unwrap());
            let rules = json!({"doctypes": {"ToDo": all()}, "confirm_argument": false});
            let mut section = section(&site, name, log.path(), rules);
            section["cache"] = json!({"enabled": true});
            stated.insert(name.to_owned(), section);
            sites.push(site);
        }
        let served = Served::start(&json!({"sites": stated})).await;
        let mut company = Self { sites, served, log, tasks: HashMap::new() };
        for site in 0..SITES.len() {
            for who in 0..PEOPLE {
                let made = company.call(site, who, "create_todo_document", task(site, who)).await.unwrap();
                company.tasks.insert((site, who), made["created"].as_str().unwrap().to_owned());
            }
        }
        company
    }

    /// The data of a call, or the text of its error; in both is no mark but the caller's own.
    async fn call(&self, site: usize, who: usize, tool: &str, arguments: Value) -> Result<Value, String> {
        let call = message("tools/call", json!({"name": tool, "arguments": arguments}));
        let request = self.served.post(&format!("/mcp/{}", SITES[site]), &call);
        let request = request.header("authorization", format!("token {}:secret", key(who)));
        let text = request.send().await.unwrap().text().await.unwrap();
        let own = mark(site, who);
        assert!(text.split("mark-").skip(1).all(|rest| format!("mark-{rest}").starts_with(&own)), "{own}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        let result = &answer["result"];
        let said = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{text}"));
        if result["isError"] == true { Err(said.to_owned()) } else { Ok(serde_json::from_str(said).unwrap()) }
    }
}

fn task(site: usize, who: usize) -> Value {
    json!({"data": {"description": mark(site, who), "allocated_to": format!("{}@example.com", key(who))}})
}

/// One call of the mix, and what must hold of its answer.
async fn one(company: &Company, at: usize) {
    let (site, who) = (at % SITES.len(), at / SITES.len() % PEOPLE);
    let (elsewhere, another) = ((site + 1) % SITES.len(), (who + 1 + at % 7) % PEOPLE);
    let own = &company.tasks[&(site, who)];
    match at / (SITES.len() * 4) % 6 {
        0 => {
            let fields = json!({"fields": ["description"], "limit": 200});
            let listed = company.call(site, who, "list_todo_documents", fields).await.unwrap();
            assert!(listed.to_string().contains(&mark(site, who)), "{listed}");
        }
        1 => {
            let read =
                async |site, name: &str| company.call(site, who, "get_todo_document", json!({"name": name})).await;
            assert!(read(site, own).await.unwrap().to_string().contains(&mark(site, who)));
            read(site, &company.tasks[&(site, another)]).await.unwrap_err();
            read(elsewhere, own).await.unwrap_err();
        }
        2 => {
            let told = company.call(site, who, "test_connection", json!({})).await.unwrap();
            assert_eq!(told["user"], format!("{}@example.com", key(who)));
        }
        3 => {
            // The same key, of all people on all sites, is as many documents.
            let mut create = task(site, who);
            create["idempotency_key"] = json!("the one that all use");
            let made = company.call(site, who, "create_todo_document", create).await.unwrap();
            let stored = company.sites[site].stored("ToDo", made["created"].as_str().unwrap()).unwrap();
            assert_eq!(stored["description"], mark(site, who));
        }
        4 => {
            // What one was shown nobody else can confirm, nor the same one elsewhere.
            let preview = company.call(site, who, "delete_todo_document", json!({"name": own})).await.unwrap();
            assert!(preview["confirm_token"].is_string(), "{preview}");
            let delete = json!({"name": own, "confirm_token": preview["confirm_token"]});
            for (site, who) in [(site, another), (elsewhere, who)] {
                company.call(site, who, "delete_todo_document", delete.clone()).await.unwrap_err();
            }
            assert!(company.sites[site].stored("ToDo", own).is_some());
        }
        _ => {
            let counted = json!({"count": true, "limit": 1});
            let total = company.call(site, who, "list_todo_documents", counted).await.unwrap()["total"].clone();
            // The first, and perhaps the one of the key.
            assert!(total == json!(1) || total == json!(2), "{total}");
        }
    }
}

/// The users in a site's log, each with the names of the documents that its lines tell of.
fn logged(file: &Path) -> Vec<(String, Option<String>)> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| (line["user"].as_str().unwrap().to_owned(), line["document"].as_str().map(str::to_owned)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_of_fifty_reaches_another_on_three_sites() {
    let company = Company::start().await;
    let calls = stated("ERPNEXT_MCP_IDENTITIES").map_or(CALLS, |calls: usize| calls / 5);
    for first in (0..calls).step_by(AT_ONCE) {
        futures_util::future::join_all((first..first + AT_ONCE).map(|at| one(&company, at))).await;
    }
    for (site, name) in SITES.into_iter().enumerate() {
        let lines = logged(&company.log.path().join(format!("{name}.log")));
        assert!(lines.len() >= calls / SITES.len());
        for (user, document) in lines {
            assert!(user.starts_with("person") && user.ends_with("@example.com"), "{user}");
            // What was written is the user's own; what was refused may be another's, by the name that was asked for.
            let stored = document.and_then(|name| company.sites[site].stored("ToDo", &name));
            assert!(stored.is_none_or(|stored| stored["description"].as_str().unwrap().contains(name)));
        }
    }
}
