//! The reports that the configuration opens, run on the site with the filters of their examples, and the tools that it
//! publishes, held against what the site has: few at once, and not for long.

use std::time::Duration;

use erpnext_mcp::app::Connection;
use erpnext_mcp::check::Finding;
use erpnext_mcp::config::{Config, Pattern};
use erpnext_mcp::error::ToolError;
use erpnext_mcp::shape::text_of;
use erpnext_mcp::site::{Filter, SiteErrorKind};
use erpnext_mcp::tools::published::doubts;
use erpnext_mcp::tools::{Trial, try_report};
use erpnext_schema::counted;
use futures_util::future::join_all;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

/// How many are tried; those that the configuration names in full come first.
const MOST: usize = 20;

/// How many are under way at once: reports are the hardest work that a site is asked for.
const AT_ONCE: usize = 4;

/// How long all of them may take.
const TIME: Duration = Duration::from_secs(30);

/// What became of them; nothing where none is open.
pub async fn reports(connection: &Connection, config: &Config) -> Vec<Finding> {
    let session = connection.session();
    let (patterns, exact): (Vec<&Pattern>, Vec<&Pattern>) =
        config.permissions.reports.iter().partition(|pattern| !pattern.is_name());
    let mut names: Vec<String> = exact.iter().map(ToString::to_string).collect();
    let mut findings = Vec::new();
    if !patterns.is_empty() {
        match session.site.reports(&[Filter::eq("disabled", 0)]).await {
            Ok(listed) => findings.extend(meant(connection, &patterns, &listed, &mut names)),
            Err(error) => {
                findings.push(Finding::warning(format!("reports: none are listed: {}", error.what()), error.next()));
            }
        }
    }
    let end = Instant::now() + TIME;
    let (mut ran, mut late, mut denied, mut tried) = (0, Vec::new(), Vec::new(), 0);
    for some in names[..names.len().min(MOST)].chunks(AT_ONCE) {
        if Instant::now() >= end {
            break;
        }
        let trials = some.iter().map(async |name| (name, timeout_at(end, try_report(&session, name)).await));
        for (name, trial) in join_all(trials).await {
            tried += 1;
            match trial {
                Ok(Ok(Trial::Ran)) => ran += 1,
                Ok(Ok(Trial::Untold(why))) => findings.push(Finding::ok(format!("reports: {name}: not tried: {why}"))),
                // That is no matter of filters.
                Ok(Err(ToolError::Site(error))) if error.kind() == SiteErrorKind::Denied => denied.push(name.as_str()),
                Ok(Err(error)) => findings.push(failed(name, &error)),
                Err(_) => late.push(name.as_str()),
            }
        }
    }
    if !denied.is_empty() {
        let what = format!("reports: the site's user may not run: {}", denied.join(", "));
        findings.push(Finding::warning(what, NO_ROLE));
    }
    if !late.is_empty() {
        let what = format!("reports: not done within {} s: {}", TIME.as_secs(), late.join(", "));
        findings
            .push(Finding::warning(what, "expect them to be slow; narrow their filters, or let the site prepare them"));
    }
    if ran > 0 {
        findings.push(Finding::ok(format!("reports: {ran} run, with the filters of their examples")));
    }
    if let more @ 1.. = names.len() - tried {
        findings.push(Finding::ok(format!("reports: {more} more are open and were not tried")));
    }
    findings
}

/// What the site has not of the published tools; nothing where none is published.
pub async fn published(connection: &Connection, config: &Config) -> Vec<Finding> {
    let session = connection.session();
    let end = Instant::now() + TIME;
    let (mut fit, mut late, mut findings) = (0, Vec::new(), Vec::new());
    for (name, stated) in &config.publish {
        let wrong = |what: &str| Finding::error(format!("publish: {name}: {what}"), format!("correct publish.{name}"));
        match timeout_at(end, doubts(&session, stated)).await {
            Ok(Ok(doubts)) if doubts.is_empty() => fit += 1,
            Ok(Ok(doubts)) => findings.extend(doubts.iter().map(|doubt| wrong(doubt))),
            Ok(Err(ToolError::Site(error))) => {
                let what = format!("publish: {name}: {}", error.what());
                findings.push(Finding::warning(what, "call the tool with other arguments; its example fails"));
            }
            Ok(Err(error)) => findings.push(wrong(&error.what().replace('\n', "; "))),
            Err(_) => late.push(name.as_str()),
        }
    }
    if !late.is_empty() {
        let what = format!("publish: not looked at within {} s: {}", TIME.as_secs(), late.join(", "));
        findings.push(Finding::warning(what, "run the doctor again when the site has less to do"));
    }
    if fit > 0 {
        let (tools, ending) = (counted(fit, "published tool"), if fit == 1 { "s" } else { "" });
        findings.push(Finding::ok(format!("publish: {tools} fit{ending} the site")));
    }
    findings
}

/// Adds the names that the patterns stand for and that the policy lets be run.
fn meant(
    connection: &Connection,
    patterns: &[&Pattern],
    listed: &[Map<String, Value>],
    names: &mut Vec<String>,
) -> Vec<Finding> {
    let session = connection.session();
    for entry in listed {
        let name = text_of(entry, "name").to_owned();
        if session.may_run(entry) && !names.contains(&name) {
            names.push(name);
        }
    }
    let none = patterns.iter().filter(|pattern| !listed.iter().any(|entry| pattern.matches(text_of(entry, "name"))));
    let none = none.map(|pattern| {
        Finding::warning(format!("reports: the site shows its user none that {pattern} stands for"), WRONG_NAME)
    });
    none.collect()
}

const NO_ROLE: &str = "give the user a role of the report on the site, and the right to read what it shows, or take it \
                       out of permissions.reports";
const WRONG_NAME: &str = "correct permissions.reports, or take it out there; names are those of the desk, in English";

fn failed(name: &str, error: &ToolError) -> Finding {
    let what = format!("reports: {name}: {}", error.what().replace('\n', "; "));
    match error {
        ToolError::Site(_) => Finding::warning(
            format!("{what} (with the filters of its example)"),
            "run it in the desk as this user; it can still run with other filters, which describe_report names",
        ),
        _ => Finding::warning(what, WRONG_NAME),
    }
}
