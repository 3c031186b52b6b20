//! `erpnext-mcp check`: the configuration against the snapshot, or with `--live` against the site.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use erpnext_mcp::app::Connection;
use erpnext_mcp::check::{Finding, Level, Tables, check};
use erpnext_mcp::config::Config;
use erpnext_mcp::site::{Kind, SiteError};
use erpnext_schema::DocTypeDef;
use futures_util::future::join_all;

use super::simulate::Asked;
use super::{print, serve};

/// How it is checked.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Decide one operation without the site: 'update Customer CUST-1 {"territory": "UAE"}'
    #[arg(value_name = "OPERATION")]
    operation: Option<String>,
    /// Print the rules that the decision rests on
    #[arg(long, requires = "operation")]
    explain: bool,
    /// Check against the DocTypes and fields of the site, its own included
    #[arg(long)]
    live: bool,
    /// Exit with 1 on warnings too
    #[arg(long)]
    strict: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Prints what is found; exit code 1 where there is an error.
    pub fn run(&self, file: Option<&Path>) -> anyhow::Result<ExitCode> {
        let env = |name: &str| std::env::var(name).ok();
        if let Some(operation) = &self.operation {
            let config = Config::load_offline(file, &env)?;
            let named = |name: &str| config.permissions.doctypes.contains_key(name);
            let asked = Asked::read(operation, &|name| named(name) || erpnext_doctypes::any(name).is_some())?;
            let (permitted, lines) = asked.decide(&config, self.explain);
            let mut out = std::io::stdout().lock();
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            return Ok(if permitted { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let (config, mut findings) = if self.live {
            let config = Config::load(file, &env)?;
            let connection = serve::connection_without_log(&config)?;
            let findings = serve::runtime()?.block_on(against_site(&connection, &config));
            (config, findings)
        } else {
            let config = Config::load_offline(file, &env)?;
            let lookup = |name: &str| match config.erpnext.version {
                Some(version) => erpnext_doctypes::get(version, name),
                None => erpnext_doctypes::any(name),
            };
            let findings = check(&config, &Tables { lookup: &lookup, live: false });
            (config, findings)
        };
        findings.extend(about_file(&config));
        if findings.is_empty() {
            let count = config.permissions.doctypes.len();
            let against = if self.live { "the site" } else { "the snapshot" };
            findings.push(Finding::ok(format!("{count} DocTypes are configured; every name is known to {against}")));
        }
        let bad = if self.strict { Level::Warning } else { Level::Error };
        Ok(if print::findings(&findings, self.json, bad)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What the file itself has that could be better.
pub fn about_file(config: &Config) -> Vec<Finding> {
    let line = |line: String| match line.split_once("; ") {
        Some((what, fix)) => Finding::warning(what, fix),
        None => Finding::warning(line, "leave it out until it is there"),
    };
    config.warnings.iter().cloned().map(line).collect()
}

/// The configuration against the tables that the site gives.
pub async fn against_site(connection: &Connection, config: &Config) -> Vec<Finding> {
    let (tables, failed) = live_tables(connection, config).await;
    let unread: BTreeSet<&str> = failed.iter().map(|(name, _)| *name).collect();
    // Where the site gave no table, that there is none is no finding of its own.
    let lookup = |name: &str| match tables.get(name) {
        Some(def) => Some(*def),
        None if unread.contains(name) => connection.session().catalog.generated(name),
        None => connection.session().catalog.known(name),
    };
    let mut findings: Vec<Finding> = failed.into_iter().map(|(name, error)| unreadable(name, &error)).collect();
    findings.extend(check(config, &Tables { lookup: &lookup, live: true }));
    findings
}

type Live<'a> = (BTreeMap<&'a str, &'static DocTypeDef>, Vec<(&'a str, SiteError)>);

/// The tables of the configured DocTypes as the site has them; where it gives one not, why.
pub async fn live_tables<'a>(connection: &Connection, config: &'a Config) -> Live<'a> {
    let names = config.permissions.doctypes.keys().map(String::as_str);
    let read = join_all(
        names.map(async |name| (name, connection.session().catalog.live(connection.session().site, name).await)),
    )
    .await;
    let mut live = Live::default();
    for (name, table) in read {
        match table {
            Ok(def) => drop(live.0.insert(name, def)),
            // The site's word for one that is not there (H31); the check of names says it with the nearest.
            Err(error) if error.kind() == Kind::Missing && connection.session().catalog.generated(name).is_none() => {}
            Err(error) => live.1.push((name, error)),
        }
    }
    live
}

fn unreadable(doctype: &str, error: &SiteError) -> Finding {
    let what = format!("permissions.doctypes.{doctype}: the site does not give its metadata: {}", error.what());
    match error.kind() {
        Kind::Missing | Kind::Denied => {
            Finding::error(what, "correct the name, or take it out: the site's user has no such DocType")
        }
        _ => Finding::error(what, error.for_model().rsplit("next: ").next().unwrap_or_default()),
    }
}
