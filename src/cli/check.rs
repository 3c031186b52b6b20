//! `erpnext-mcp check`: the configuration against the snapshot, or with `--live` against the site.

use std::io::Write;
use std::process::ExitCode;

use erpnext_mcp::app::Connection;
use erpnext_mcp::catalog::unknown_version;
use erpnext_mcp::check::{Finding, Level, check, meant_reports};
use erpnext_mcp::config::{Config, Pattern};
use erpnext_mcp::shape::text_of;
use erpnext_mcp::site::{Filter, SiteError, SiteErrorKind};
use erpnext_schema::counted;

use super::global::Global;
use super::opened::{self, Tables};
use super::simulate::SimulatedOperation;
use super::{print, serve, unreached};

/// What to do about a site of a version that has no tables.
pub const OTHER_VERSION: &str = "expect refusals; a site of a known version has none";

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
    pub fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        if let Some(operation) = &self.operation {
            let config = global.load_offline()?;
            serve::is_of_one_site(&config)?;
            let named = |name: &str| config.permissions.doctypes.contains_key(name);
            let asked =
                SimulatedOperation::read(operation, &|name| named(name) || erpnext_doctypes::any(name).is_some())?;
            let (permitted, lines) = asked.decide(&config, self.explain);
            let mut out = std::io::stdout().lock();
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            return Ok(if permitted { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let config = if self.live { global.load()? } else { global.load_offline()? };
        let about = about_file(&config);
        let mut findings = Vec::new();
        for (name, site) in sites(&config) {
            let mut found = match self.found(site) {
                Ok(found) => found,
                // The others are looked at all the same.
                Err(error) if !name.is_empty() => vec![Finding::error("it cannot be asked", format!("{error:#}"))],
                Err(error) => return Err(error),
            };
            if found.is_empty() && about.is_empty() {
                found = self.well(site);
            }
            if !name.is_empty() {
                found.iter_mut().for_each(|finding| finding.what = format!("sites.{name}: {}", finding.what));
            }
            findings.extend(found);
        }
        findings.extend(about);
        let bad = if self.strict { Level::Warning } else { Level::Error };
        Ok(if print::findings(&findings, self.json, bad)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// What is found of one site's configuration.
    fn found(&self, config: &Config) -> anyhow::Result<Vec<Finding>> {
        if self.live {
            let connection = serve::connection_without_log(config)?;
            return Ok(serve::runtime()?.block_on(live(&connection, config)));
        }
        let lookup = |name: &str| match config.erpnext.version {
            Some(version) => erpnext_doctypes::get(version, name),
            None => erpnext_doctypes::any(name),
        };
        Ok(check(config, &erpnext_mcp::check::Tables { lookup: &lookup, live: false }))
    }

    /// That nothing is found.
    fn well(&self, config: &Config) -> Vec<Finding> {
        let count = config.permissions.doctypes.len();
        let against = if self.live { "the site" } else { "the snapshot" };
        let are = if count == 1 { "is" } else { "are" };
        let doctypes = counted(count, "DocType");
        let mut found = vec![Finding::ok(format!("{doctypes} {are} configured; every name is known to {against}"))];
        if !config.permissions.default.is_empty() {
            let what = format!("the other DocTypes are open by permissions.default: {}", config.permissions.default);
            let beside =
                if count == 0 { "; as none is named, Frappe's own too, such as User and Server Script" } else { "" };
            found.push(Finding::ok(format!("{what}{beside}")));
        }
        found
    }
}

/// The sites that a configuration serves, by name; of one that states no address yet, it is itself looked at.
fn sites(config: &Config) -> Vec<(&str, &Config)> {
    let served: Vec<_> = config.served().map(|(name, _, site)| (name, site)).collect();
    if served.is_empty() { vec![("", config)] } else { served }
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
pub fn against(connection: &Connection, config: &Config, tables: Tables) -> Vec<Finding> {
    let session = connection.session();
    let (known, failed) = (tables.read, tables.failed);
    // Where the site gave no table, that there is none is no finding of its own.
    let lookup = |name: &str| match known.get(name) {
        Some(def) => Some(*def),
        None if failed.iter().any(|(unread, _)| unread == name) => session.catalog.generated(name),
        None => session.catalog.known(name),
    };
    // The site's word for one that is not there (H31); the check of names says it with the nearest.
    let is_told = |(name, error): &&(String, SiteError)| is_missing(error) && session.catalog.generated(name).is_none();
    let unread = failed.iter().filter(|failed| !is_told(failed));
    let mut findings: Vec<Finding> = unread.map(|(name, error)| unreadable(config, name, error)).collect();
    findings.extend(check(config, &erpnext_mcp::check::Tables { lookup: &lookup, live: true }));
    findings
}

async fn live(connection: &Connection, config: &Config) -> Vec<Finding> {
    let session = connection.session();
    if let Err(error) = session.ask_version(session.site).await {
        let told = unreached::told(connection, &error);
        return vec![Finding::error(format!("connection: {told}"), unreached::mends(connection, &error))];
    }
    // What cannot be said of the version is no reason to look at nothing else.
    let number = session.site.erpnext_version().await.ok().flatten();
    let differs = number.as_deref().and_then(unknown_version);
    let differs = differs.map(|differs| Finding::warning(format!("versions: {differs}"), OTHER_VERSION));
    let mut findings: Vec<Finding> = differs.into_iter().collect();
    let rights = opened::rights(connection).await;
    findings.extend(against(connection, config, opened::tables(connection, &rights).await));
    findings.extend(reports(connection, config).await);
    findings
}

/// What the patterns of `permissions.reports` mean on this site; nothing is asked where there are none.
async fn reports(connection: &Connection, config: &Config) -> Vec<Finding> {
    if config.permissions.reports.iter().all(Pattern::is_name) {
        return Vec::new();
    }
    let session = connection.session();
    let listed = match session.site.reports(&[Filter::eq("disabled", 0)]).await {
        Ok(listed) => listed,
        Err(error) => return vec![Finding::warning(format!("permissions.reports: {}", error.what()), error.next())],
    };
    let known = listed.iter().map(|row| (text_of(row, "name").to_owned(), text_of(row, "ref_doctype").to_owned()));
    let known: Vec<(String, String)> = known.collect();
    meant_reports(config, &known)
}

fn is_missing(error: &SiteError) -> bool {
    matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::Denied)
}

fn unreadable(config: &Config, doctype: &str, error: &SiteError) -> Finding {
    let what = format!("{doctype}: the site does not give its metadata: {}", error.what());
    if !config.permissions.doctypes.contains_key(doctype) {
        return Finding::warning(
            format!("permissions.default: {what}"),
            format!("expect calls on it to fail; to close it, name it without operations: {doctype:?}: {{}}"),
        );
    }
    let what = format!("permissions.doctypes.{what}");
    if is_missing(error) {
        return Finding::error(what, "take it out: the site has no such DocType, or hides it from its user");
    }
    Finding::error(what, error.next())
}
