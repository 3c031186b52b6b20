//! Two sites that differ only in what a configuration withholds answer every question alike, to the byte: what is told by
//! order, counts, notes and refusals holds no canary, and is found so.

use std::sync::Arc;

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::site::Site;
use erpnext_schema::doctype_flag::SINGLE;
use erpnext_schema::{FieldDef, FieldKind, Options, Shape};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use super::calls::{Call, Caller};
use super::chance::Chance;
use super::rules::Rules;
use super::session::Session;
use super::world::{Document, LEFT_ALONE, World, child};
use crate::sandbox::SampleSite;
use crate::support::{app_from, load, stated};

/// Of so many cases of the search for canaries, one is asked of twins.
const SHARE: u64 = 5;
const CALLS: usize = 5;
/// Parts of the names of tools and resources. The first tell of the moment; reports also tell what no rule speaks of, and drafts
/// what follows from an amount by arithmetic.
const NOT_ALIKE: &[&str] =
    &["test_connection", "get_system_info", "report", "convert_document", "duplicate_document", "amend"];

#[test]
fn two_sites_that_differ_in_what_is_withheld_alone_answer_alike() {
    let (first, last) = match stated("ERPNEXT_MCP_CANARY_CASE") {
        Some(case) => (case, case + 1),
        None => (0, stated("ERPNEXT_MCP_CANARY").unwrap_or(200) / SHARE),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sites = [SampleSite::bench().await, SampleSite::bench().await];
        let (mut answers, mut changed) = (0, 0);
        for case in first..last {
            let run = run(&sites, case).await;
            answers += run.0;
            changed += run.1;
        }
        eprintln!("{} cases, {answers} answers, {changed} withheld values were others", last - first);
        assert!(last - first < 20 || answers > 50 && changed > 100);
    });
}

/// The same questions to both sites; how many were asked, and how many values were others.
async fn run(sites: &[SampleSite; 2], case: u64) -> (usize, usize) {
    let (mut asked, mut heard, mut changed) = (Vec::new(), Vec::new(), 0);
    for (at, site) in sites.iter().enumerate() {
        let mut chance = Chance::of(case);
        let world = site.sandbox.with(|site| World::plant(site, &mut chance)).unwrap();
        let rules = Rules::throw(&mut chance, &world);
        if at == 1 {
            changed = site.sandbox.with(|site| change(site, &world, &rules)).unwrap();
        }
        let read = load(&site.config(rules.0.clone()));
        let app = Arc::new(app_from(&read, Audit::open(&read.audit).unwrap()));
        let mut session = Session::begin(Arc::clone(&app), true, false, false).await;
        let caller = Caller { app: &app, world: &world, rules: &rules };
        for _ in 0..CALLS {
            let Call { method, mut params, .. } = caller.throw(&mut chance);
            let named = [&params["name"], &params["arguments"]["tool"], &params["uri"]];
            let has = |part: &&str| named.iter().any(|name| name.as_str().is_some_and(|name| name.contains(*part)));
            if !NOT_ALIKE.iter().any(has) {
                send_nothing(&app, &mut params);
                session.request(method, params).await;
            }
        }
        site.sandbox.with(|site| world.uproot(site)).unwrap();
        asked.push(session.sent.clone());
        heard.push(alike(&session.heard, &site.sandbox.url()));
    }
    assert_eq!(asked[0], asked[1], "case {case}");
    for ((question, one), other) in asked[0].lines().zip(heard[0].lines()).zip(heard[1].lines()) {
        assert_eq!(one, other, "case {case}: {question}");
    }
    assert_eq!(heard[0], heard[1], "case {case}");
    (asked[0].lines().count(), changed)
}

/// What would write is a dry run: names that a site makes up are alike on no two.
fn send_nothing(app: &Connection, params: &mut Value) {
    let inner = params["name"] == "call_tool";
    let name = if inner { &params["arguments"]["tool"] } else { &params["name"] };
    let tool = name.as_str().and_then(|name| app.registry().find(name));
    if tool.is_none_or(|tool| !tool.operation().writes()) {
        return;
    }
    let given = if inner { &mut params["arguments"]["arguments"] } else { &mut params["arguments"] };
    given["dry_run"] = json!(true);
}

/// Gives other values to what may not be seen.
fn change(site: &Site<'_>, world: &World, rules: &Rules) -> Result<usize, SiteError> {
    let (mut chance, mut changed) = (Chance::of(u64::MAX), 0);
    for document in world.documents.iter().filter(|document| !document.def.is(SINGLE)) {
        let def = document.def;
        let others = other_values(&mut chance, document, rules, def.fields, "", &document.stored);
        changed += others.len();
        site.set(def.name, &document.name, &others)?;
        for table in def.fields.iter().filter(|table| table.kind.is_table()) {
            let Some(child) = child(site, table) else { continue };
            let at = format!("{}.", table.fieldname);
            for row in document.stored.get(table.fieldname).and_then(Value::as_array).into_iter().flatten() {
                let (Some(row), Some(name)) = (row.as_object(), row["name"].as_str()) else { continue };
                let others = other_values(&mut chance, document, rules, child.fields, &at, row);
                changed += others.len();
                site.set(child.name, name, &others)?;
            }
        }
    }
    Ok(changed)
}

fn other_values(
    chance: &mut Chance,
    document: &Document,
    rules: &Rules,
    fields: &[FieldDef],
    at: &str,
    stored: &Map<String, Value>,
) -> Map<String, Value> {
    let def = document.def;
    let is_hidden = !rules.reads(def.name) || !rules.in_scope(document);
    let mut others = Map::new();
    for field in fields.iter().filter(|field| !LEFT_ALONE.contains(&field.fieldname)) {
        let path = format!("{at}{}", field.fieldname);
        if (is_hidden || !rules.shows(def, &path)) && !rules.scopes(def.name, &path) {
            let other = stored.get(field.fieldname).and_then(|value| another(chance, field, value));
            others.extend(other.map(|other| (field.fieldname.to_owned(), other)));
        }
    }
    others
}

/// Another value for the field that is as good as the one it has; none where there are few, or other documents hang on it.
fn another(chance: &mut Chance, field: &FieldDef, value: &Value) -> Option<Value> {
    let is_free = !matches!(field.kind, FieldKind::Link | FieldKind::DynamicLink | FieldKind::Select)
        && !matches!(field.options, Options::Choices(_));
    match field.kind.shape() {
        Shape::Text if is_free => value.as_str().filter(|text| !text.is_empty()).map(|_| json!(chance.word())),
        Shape::Int => value.as_i64().map(|number| json!(number + 7)),
        Shape::Float => value.as_f64().map(|number| json!(number + 7.5)),
        Shape::Date => value.as_str().map(|_| json!("2999-01-01")),
        Shape::Datetime => value.as_str().map(|_| json!("2999-01-01 10:11:12.000000")),
        _ => None,
    }
}

/// What a site says without where it is and when it was asked.
fn alike(heard: &str, url: &str) -> String {
    let heard = heard.replace(url, "SITE").replace(url.trim_start_matches("http://"), "SITE");
    let moments = Regex::new(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?").unwrap();
    let tokens = Regex::new(r#"(cursor|confirm_token)(\\*":\\*")[^"\\]*"#).unwrap();
    tokens.replace_all(&moments.replace_all(&heard, "MOMENT"), "${1}${2}X").into_owned()
}
