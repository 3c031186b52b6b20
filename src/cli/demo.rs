//! `erpnext-mcp demo`: a sample site inside this program, and MCP over it, without any configuration.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use erpnext_mcp::config::{Config, LogFormat, LogLevel};
use erpnext_mcp::server::Server;
use erpnext_mcp::transport::{asked_to_end, hung_up, serve_stdio};
use erpnext_sandbox::{Loading, Options, Sandbox, Version};
use erpnext_schema::intern;
use serde_json::{Map, Value, json};

use super::global::Global;
use super::installed::Installed;
use super::{serve, tour};

/// What the demo opens, read and write; one field is withheld to show how that looks.
const OPEN: [&str; 13] = [
    "Customer",
    "Supplier",
    "Item",
    "Lead",
    "Opportunity",
    "Quotation",
    "Sales Order",
    "Delivery Note",
    "Sales Invoice",
    "Purchase Order",
    "Payment Entry",
    "Project",
    "Task",
];

/// What the name of a demo's folder begins with; the process's number and a hyphen follow.
const FOLDER: &str = "erpnext-mcp-demo-";

/// The demo's options.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Run only the sample site, for other programs, and print its keys
    #[arg(long)]
    site_only: bool,
    /// The site's port on 127.0.0.1 [default: a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The version of ERPNext that the site answers as: 15 or 16
    #[arg(long, value_name = "VERSION", default_value_t = Version::NEWEST, value_parser = versions())]
    version: Version,
    /// Keep the site's data in this directory [default: in memory, lost at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Multiply the sample orders, invoices and so on by this number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    scale: u32,
}

impl Demo {
    /// Runs until the client leaves, the tour ends, or a signal ends it: Ctrl-C, SIGTERM, SIGQUIT, SIGHUP.
    pub fn run(self, global: &Global) -> anyhow::Result<()> {
        let runtime = serve::runtime()?;
        let done = runtime.block_on(self.serve(global));
        // Where the site fails, somebody may still be waiting for the client's next line.
        runtime.shutdown_background();
        done
    }

    /// Whether no MCP is served.
    pub fn is_site_only(&self) -> bool {
        self.site_only
    }

    async fn serve(self, global: &Global) -> anyhow::Result<()> {
        let sample = Some(self.scale);
        let kept = match &self.data {
            Some(directory) => format!("kept in {}", directory.display()),
            None => "nothing is kept".to_owned(),
        };
        let (version, port) = (self.version, self.port);
        let options = Options { version, data: self.data.into(), port, sample, ..Options::default() };
        let site = Loading::begin(options).await.context("the sample site could not start")?;
        let url = site.url();
        let site = async { site.ready().await.context("the sample site could not start") };
        if self.site_only {
            // It ends where it is dropped.
            let site = site.await?;
            say_keys(&site);
            return tokio::signal::ctrl_c().await.context("waiting for Ctrl-C");
        }
        // The log of a demo is of no use to anybody afterwards: the folder goes with this value, whatever ends the demo.
        sweep(&std::env::temp_dir());
        let logs = tempfile::Builder::new().prefix(&format!("{FOLDER}{}-", std::process::id())).tempdir();
        let logs = logs.context("there is no folder for the demo's audit log")?;
        let config = configuration(&url, self.version, &logs.path().join("audit.log"));
        let config = global.onto(Config::from_text(&config.to_string())?)?;
        let log = &config.audit.log_file;
        // The client is answered while the site still puts its data in; what is asked of the site waits for that. Signals are
        // listened for first.
        if std::io::stdin().is_terminal() {
            let connection = serve::connection(&config)?;
            tokio::select! {
                biased;
                () = asked_to_end() => Ok(()),
                () = hung_up() => Ok(()),
                toured = async { tokio::try_join!(site, tour::run(&connection, log)).map(drop) } => toured,
            }
        } else {
            serve::log_to_stderr(LogLevel::Warn, LogFormat::Text);
            say_how_to_connect(&url, version, &kept, log);
            let server = Server::new(Arc::new(serve::connection(&config)?));
            // It is kept until the client leaves, who does not wait for it.
            let site = async {
                let _site = site.await?;
                std::future::pending::<anyhow::Result<()>>().await
            };
            // The other signals are seen to by what serves.
            tokio::select! {
                biased;
                () = hung_up() => Ok(()),
                failed = site => failed,
                served = serve_stdio(server) => served,
            }
        }
    }
}

/// Takes away the folders of demos that were killed: this user's, of processes that are no more. Those of another
/// container that shares the folder look the same; what they would lose is the log of a demo.
#[cfg(unix)]
fn sweep(folder: &Path) {
    use std::os::unix::fs::MetadataExt;

    use rustix::process::{Pid, getuid, test_kill_process};

    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split_once('-')?.0.parse().ok());
        let Some(process) = id.filter(|id: &i32| *id > 0).and_then(Pid::from_raw) else { continue };
        // Of the entry itself: a link is no folder.
        let is_own = entry.metadata().is_ok_and(|there| there.is_dir() && there.uid() == getuid().as_raw());
        let is_over = || test_kill_process(process) == Err(rustix::io::Errno::SRCH);
        if is_own && is_over() {
            // It goes, or it stays till the next demo.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Elsewhere nobody says whether a process is there.
#[cfg(not(unix))]
fn sweep(_: &Path) {}

/// A version by its number, so that shells can propose those there are.
fn versions() -> impl TypedValueParser<Value = Version> {
    let numbers = Version::ALL.iter().map(|version| intern::text(&version.major().to_string()));
    PossibleValuesParser::new(numbers.collect::<Vec<_>>()).try_map(|number| number.parse::<Version>())
}

fn configuration(url: &str, version: Version, audit_log: &Path) -> Value {
    let rule = |doctype: &&str| {
        let mut rule = json!({"read": true, "create": true, "update": true, "delete": true});
        if erpnext_doctypes::get(version, doctype).is_some_and(|def| def.is(erpnext_schema::doctype_flag::SUBMITTABLE))
        {
            for operation in ["submit", "cancel", "amend", "report"] {
                rule[operation] = json!(true);
            }
        }
        // Orders and invoices carry copies of the customer's.
        if erpnext_doctypes::get(version, doctype).is_some_and(|def| def.field("tax_id").is_some()) {
            rule["restricted_fields"] = json!(["tax_id"]);
        }
        ((*doctype).to_owned(), rule)
    };
    json!({
        "erpnext": {"url": url, "api_key": "administrator", "api_secret": "secret", "version": version.major()},
        // What orders name besides: companies, warehouses, groups, prices.
        "permissions": {
            "doctypes": OPEN.iter().map(rule).collect::<Map<_, _>>(), "default": {"read": true}, "reports": ["*"],
        },
        // Its DocTypes are those of the snapshot.
        "schema": {"overlay": "off"},
        "audit": {"enabled": true, "log_file": audit_log},
    })
}

fn say_keys(site: &Sandbox) {
    let _ = writeln!(std::io::stderr(), "sample site: {}  (Ctrl-C ends it)", site.url());
    for key in site.keys() {
        let _ = writeln!(std::io::stderr(), "  {:<14} secret {:<8} {} — {}", key.key, key.secret, key.user, key.what);
    }
}

fn say_how_to_connect(url: &str, version: Version, kept: &str, audit_log: &Path) {
    let _ =
        writeln!(std::io::stderr(), "sample site at {url}, made-up data, {kept}; audit log {}", audit_log.display());
    let _ = writeln!(
        std::io::stderr(),
        "{} DocTypes are open for reading and writing, ERPNext's others for reading. To connect a client:\n{}",
        OPEN.len(),
        client_configuration(version)
    );
}

/// What a client needs in its configuration to start this demo.
pub fn client_configuration(version: Version) -> String {
    let mut args = vec!["demo".to_owned()];
    if version != Version::NEWEST {
        args.extend(["--version".to_owned(), version.to_string()]);
    }
    let entry =
        Installed::found().map_or_else(|_| json!({"command": "erpnext-mcp", "args": args}), |it| it.entry(&args));
    serde_json::to_string_pretty(&json!({"mcpServers": {"erpnext": entry}})).unwrap_or_default()
}
