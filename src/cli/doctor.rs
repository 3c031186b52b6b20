//! `erpnext-mcp doctor`: everything between this program and a working site, looked at in turn, each with what mends it.

use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::catalog;
use erpnext_mcp::check::{Finding, Level, why_void};
use erpnext_mcp::config::{Config, Mode, OnFailure, Tools};
use erpnext_mcp::site::SiteUrl;
use erpnext_mcp::tool::Tool;
use erpnext_mcp::tool::listing::{listing, tokens};
use erpnext_schema::{DocTypeDef, FieldDef, Version, flag};
use jiff::fmt::rfc2822;

use super::global::{Global, told_place};
use super::opened::{self, Rights, Tables};
use super::{check, doctor_http, newer, print, serve, tried, unreached};

/// Above this, times in answers and logs of both sides no longer fit together.
const MOST_SKEW: i64 = 60;

/// How many DocTypes of the site's own are named.
const MOST_NAMED: usize = 8;

/// How it is said.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Print what an issue may show: versions and which checks passed, no address, no name, no data
    #[arg(long, conflicts_with = "json")]
    report: bool,
    /// Look at what people reach over HTTP instead: public address, certificate, metadata, and where they sign in
    #[arg(long)]
    http: bool,
    /// Ask the repository of this program, too, whether there is a newer release
    #[arg(long)]
    newer: bool,
    /// Exit with 1 on warnings too
    #[arg(long)]
    strict: bool,
}

impl Doctor {
    /// Prints a line for each thing that was looked at; exit code 1 where there is an error, or if asked for a warning.
    pub fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let env = |name: &str| std::env::var(name).ok();
        let config = global.load()?;
        let place = told_place(Config::file(global.config.as_deref(), &env).as_deref(), &env);
        let mut findings = vec![Finding::ok(format!("configuration: {place}"))];
        findings.extend(if self.http {
            serve::runtime()?.block_on(doctor_http::examined(&config))?
        } else {
            examined(&config)?
        });
        if self.newer {
            findings.push(serve::runtime()?.block_on(newer::examined()));
        }
        let bad = if self.strict { Level::Warning } else { Level::Error };
        if self.report {
            print::report(&findings)?;
            return Ok(ExitCode::SUCCESS);
        }
        let good = print::findings(&findings, self.json, bad)?;
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Everything that there is to look at under a configuration.
///
/// # Errors
/// Where nothing can be looked at.
pub fn examined(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut findings = check::about_file(config);
    findings.push(audit(config));
    findings.extend(directories(config));
    // A log that cannot be opened is a finding, and no reason to look no further.
    let connection = serve::connection_without_log(config)?;
    findings.extend(serve::runtime()?.block_on(site(&connection, config)));
    findings.push(tools(&connection));
    Ok(findings)
}

/// Directories that the configuration names and this machine has not.
fn directories(config: &Config) -> Vec<Finding> {
    let export = config.export.directory.iter().map(|path| ("export.directory", path));
    let import = config.import.directory.iter().map(|path| ("import.directory", path));
    let attached = config.attachments.directories.iter().map(|path| ("attachments.directories", path));
    let missing = export.chain(import).chain(attached).filter(|(_, path)| !path.is_dir());
    let missing = missing.map(|(key, path)| {
        let what = format!("{key}: {} is no directory of this machine", path.display());
        Finding::warning(
            what,
            "make it, readable for the server's user (of export and import writable too), or correct the path",
        )
    });
    missing.collect()
}

fn audit(config: &Config) -> Finding {
    let log = &config.audit;
    let place = std::path::absolute(&log.log_file).unwrap_or_else(|_| log.log_file.clone());
    let place = place.display();
    if !log.enabled {
        return Finding::ok("audit: off; set audit.enabled to true to record every attempt");
    }
    match (Audit::open(log), log.on_failure) {
        (Ok(_), _) => Finding::ok(format!("audit: {place} can be written")),
        (Err(why), OnFailure::Deny) => Finding::error(
            format!("audit: {place} cannot be written, so the server does not start: {why}"),
            "make its folder writable, or set audit.log_file to another place",
        ),
        (Err(why), OnFailure::Allow) => Finding::warning(
            format!("audit: {place} cannot be written: {why}"),
            "make its folder writable, or set audit.log_file to another place",
        ),
    }
}

/// What the site has to say.
async fn site(connection: &Connection, config: &Config) -> Vec<Finding> {
    let started = std::time::Instant::now();
    let user = match connection.session().user_name().await {
        Ok(user) => user,
        Err(error) => {
            let told = unreached::told(connection, &error);
            return vec![Finding::error(format!("connection: {told}"), unreached::mends(connection, &error))];
        }
    };
    let (site, ms) = (connection.session().caller.site.as_str(), started.elapsed().as_millis());
    let mut findings = vec![Finding::ok(format!("connection: {site} answers in {ms} ms, the key is {user}'s"))];
    // As the answer of just now says.
    let clock = clock(connection);
    if user == "Administrator" {
        let what = "connection: the key is Administrator's, whom no rights on the site restrict";
        findings.push(Finding::warning(what, opened::LESS_POWER));
    } else {
        findings.extend(powers(connection, user).await);
    }
    findings.push(tls(connection));
    findings.extend(clock);
    findings.push(versions(connection).await);
    let rights = opened::rights(connection).await;
    let tables = opened::tables(connection, &rights).await;
    findings.extend(rights_found(connection, &rights, &tables, user));
    findings.extend(drift(connection, config, &tables));
    findings.extend(check::against(connection, config, tables));
    findings.extend(tried::reports(connection, config).await);
    findings.extend(tried::published(connection, config).await);
    findings
}

/// A key that opens more than anybody needs; nothing where it does not.
async fn powers(connection: &Connection, user: &str) -> Option<Finding> {
    match opened::powers(connection).await {
        Ok(held) if held.is_empty() => None,
        Ok(held) => {
            let held = held.join(", ");
            let what = format!("connection: {user} may make or change {held}, and so give themselves every right");
            Some(Finding::warning(what, opened::LESS_POWER))
        }
        Err(error) => {
            let what = format!("connection: whether the key is a powerful one is not known: {}", error.what());
            Some(Finding::warning(what, error.next()))
        }
    }
}

fn tls(connection: &Connection) -> Finding {
    // Without leave for it, plain http is for this machine alone.
    let within = SiteUrl::parse(connection.session().caller.site.as_str(), false).is_ok();
    match (connection.session().caller.site.is_encrypted(), within) {
        (true, _) => Finding::ok("encryption: TLS, the certificate is trusted"),
        (false, true) => Finding::ok("encryption: none, which is safe within this machine"),
        (false, false) => Finding::warning("encryption: none, so the secret can be read in transit", "use https"),
    }
}

/// How far the clocks are apart; nothing where the site tells no time.
fn clock(connection: &Connection) -> Option<Finding> {
    let (date, here) = connection.session().site.date()?;
    let there = rfc2822::parse(&date).ok()?.timestamp().as_second();
    let here = i64::try_from(here.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    let skew = (there - here).abs();
    Some(if skew <= MOST_SKEW {
        Finding::ok(format!("clock: {skew} s apart"))
    } else {
        let what = format!("clock: the site's and this machine's are {skew} s apart");
        Finding::warning(what, "correct the wrong clock; otherwise the two logs are hard to compare")
    })
}

/// Which version the site runs; what is looked at afterwards is held against its tables.
async fn versions(connection: &Connection) -> Finding {
    let asked = async {
        connection.session().ask_version(connection.session().site).await?;
        connection.session().site.versions().await
    };
    let apps = match asked.await {
        Ok(apps) => apps,
        Err(error) => return Finding::warning(format!("versions: {}", error.what()), error.next()),
    };
    let Some(there) = apps.get("erpnext").and_then(|app| app["version"].as_str()) else {
        return Finding::warning("versions: the site has no erpnext", "use the address of the ERPNext site");
    };
    let version = connection.session().version.get();
    if connection.session().version.is_stated() && Version::nearest(there) != Some(version) {
        let what = format!("versions: the site has erpnext {there}, and erpnext.version says {version}");
        return Finding::warning(what, "correct erpnext.version, or take it out: the site is asked for it");
    }
    if let Some(differs) = catalog::unknown_version(there) {
        return Finding::warning(format!("versions: {differs}"), check::OTHER_VERSION);
    }
    let made_from = erpnext_doctypes::SITES.iter().find(|(known, _)| *known == version).map_or("", |(_, site)| site);
    Finding::ok(format!("versions: erpnext {there}; the tables of {version} are made from {made_from}"))
}

/// What the policy permits and the site's user may not do.
fn rights_found(connection: &Connection, rights: &Rights, tables: &Tables, user: &str) -> Vec<Finding> {
    let unsaid = rights.unsaid.iter();
    let mut findings: Vec<Finding> = unsaid
        .map(|(doctype, error)| Finding::warning(format!("rights: {doctype}: {}", error.what()), error.next()))
        .collect();
    if findings.is_empty() && !rights.any() {
        if let (0, Some(error)) = (rights.told, &rights.untold) {
            let what = format!("rights: the site does not say what {user} may do: {}", error.what());
            findings.push(Finding::warning(what, error.next()));
        } else if connection.registry().tools().iter().any(|tool| matches!(tool, Tool::Generic(_))) {
            let what = format!("rights: {user} has none of the rights that are permitted here");
            findings.push(Finding::error(what, "give the user roles on the site, or use the key of another user"));
        }
        return findings;
    }
    // Of one that the site does not give, and of what documents do not have, the check says so.
    let given = |doctype: &str| !tables.failed.iter().any(|(unread, _)| unread == doctype);
    let has = |doctype: &str, operation| tables.read.get(doctype).is_none_or(|def| why_void(def, operation).is_none());
    let lacking = rights.lacking.iter().filter(|(doctype, _)| given(doctype));
    let lacking = lacking.filter_map(|(doctype, operations)| {
        let operations = operations.iter().filter(|operation| has(doctype, **operation));
        let operations: Vec<&str> = operations.map(|operation| operation.as_str()).collect();
        if operations.is_empty() {
            return None;
        }
        let what = format!("rights: {doctype}: permitted here, but not to the site's user: {}", operations.join(", "));
        Some(Finding::warning(what, "remove it from the configuration, or give the user a role that permits it"))
    });
    findings.extend(lacking);
    if findings.is_empty() && rights.held > 0 {
        let held = match rights.held {
            1 => "the one right that is".to_owned(),
            held => format!("all {held} rights that are"),
        };
        findings.push(Finding::ok(format!("rights: the site's user has {held} permitted by name")));
    }
    if rights.opened > 0 {
        let (opened, open) = (rights.opened, rights.open.len());
        let more = if rights.own_cut { "; the site has more of its own, which were not looked at" } else { "" };
        let what =
            format!("rights: permissions.default opens {opened} DocTypes, {open} of them to the site's user too{more}");
        findings.push(Finding::ok(what));
    }
    if let Some(error) = &rights.own_untold {
        let what = format!("rights: DocTypes of the site's own: {}", error.what());
        findings.push(Finding::warning(what, error.next()));
    }
    findings
}

/// Where the site's DocTypes differ from those that this program is made from.
fn drift(connection: &Connection, config: &Config, tables: &Tables) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_own = |doctype: &&str| connection.session().catalog.generated(doctype).is_none();
    findings.extend(own(&tables.read.keys().map(String::as_str).filter(is_own).collect::<Vec<_>>()));
    for (doctype, def) in &tables.read {
        let Some(made) = connection.session().catalog.generated(doctype) else { continue };
        let added = def.fields.iter().filter(|field| made.field(field.fieldname).is_none() && field.kind.holds_value());
        let (custom, newer): (Vec<&FieldDef>, Vec<&FieldDef>) = added.partition(|field| field.is(flag::CUSTOM));
        let gone = made.fields.iter().filter(|field| def.field(field.fieldname).is_none() && field.kind.holds_value());
        let differs = [
            ("custom", custom.iter().map(|field| field.fieldname).collect::<Vec<_>>()),
            ("not in the snapshot", newer.iter().map(|field| field.fieldname).collect()),
            ("not on the site", gone.map(|field| field.fieldname).collect()),
            ("changed", changed(made, def)),
        ];
        let differs = differs.iter().filter(|(_, names)| !names.is_empty());
        let differs: Vec<String> = differs.map(|(what, names)| format!("{what}: {}", names.join(", "))).collect();
        if !differs.is_empty() {
            findings.push(differing(config, doctype, &differs.join("; ")));
        }
    }
    if findings.is_empty() {
        let have = match tables.read.len() {
            1 => "1 DocType has".to_owned(),
            count => format!("{count} DocTypes have"),
        };
        findings.push(Finding::ok(format!("fields: {have} those that this program is generated from")));
    }
    findings
}

/// The fields that are others on the site: of another type, with other choices, at another level, or mandatory on one side alone.
fn changed(made: &DocTypeDef, def: &DocTypeDef) -> Vec<&'static str> {
    let facts = |field: &FieldDef| (field.kind, field.options, field.permlevel, field.is(flag::REQD));
    let is_other = |field: &&FieldDef| def.field(field.fieldname).is_some_and(|live| facts(live) != facts(field));
    let held = made.fields.iter().filter(|field| field.kind.holds_value());
    held.filter(is_other).map(|field| field.fieldname).collect()
}

/// The DocTypes of the site's own.
fn own(names: &[&str]) -> Option<Finding> {
    let told = match names {
        [] => return None,
        [one] => format!("{one}: is the site's own; the generic tools serve it"),
        [some @ .., last] if some.len() < MOST_NAMED => {
            format!("{}, {last}: are the site's own; the generic tools serve them", some.join(", "))
        }
        _ => {
            let (some, more) = (names[..MOST_NAMED].join(", "), names.len() - MOST_NAMED);
            format!("{some} and {more} more: are the site's own; the generic tools serve them")
        }
    };
    Some(Finding::ok(format!("fields: {told}")))
}

fn differing(config: &Config, doctype: &str, how: &str) -> Finding {
    if config.schema.overlay {
        return Finding::ok(format!("fields: {doctype}: {how}; in use, through schema.overlay"));
    }
    let fix = format!(
        "set schema.overlay to \"live\"; or, to have them in the Rust API too: cargo run -p codegen -- add {doctype:?}, generate, build"
    );
    Finding::warning(format!("fields: {doctype}: {how}"), fix)
}

/// What a client has to read before its first call.
fn tools(connection: &Connection) -> Finding {
    let (listing, all) = (listing(&connection.session(), connection.registry()), connection.registry().tools().len());
    let (listed, bytes, cost) = (listing.tools.len(), listing.bytes, tokens(listing.bytes));
    let what = format!("tools: {listed} of {all} are listed, about {cost} tokens ({bytes} bytes / 4)");
    let Tools { mode, budget_tokens: budget, .. } = connection.session().tools;
    if *mode == Mode::Full {
        return Finding::ok(format!("{what}; with tools.mode \"full\" no budget limits them"));
    }
    let what = format!("{what}; the budget is {budget}");
    if u64::try_from(cost).is_ok_and(|cost| cost <= *budget) {
        return Finding::ok(what);
    }
    Finding::warning(
        what,
        "raise tools.budget_tokens, or take names out of tools.include: those and the core are always listed",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::{DocTypeDef, FieldDef, Options, Version};

    use super::changed;

    #[test]
    fn what_a_site_made_another_of_a_field_is_named() {
        let made = erpnext_doctypes::get(Version::NEWEST, "Customer").unwrap();
        assert!(changed(made, made).is_empty());
        let customised = |field: &FieldDef| match field.fieldname {
            "customer_type" => FieldDef { options: Options::Choices(&["Company"]), ..*field },
            "tax_id" => FieldDef { permlevel: 1, ..*field },
            _ => *field,
        };
        let fields: Vec<FieldDef> = made.fields.iter().map(customised).collect();
        let site = DocTypeDef { fields: fields.leak(), ..*made };
        assert_eq!(changed(made, &site), ["customer_type", "tax_id"]);
    }
}
