//! `erpnext-mcp audit …`: reading the audit log, and settling what it leaves open.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use erpnext_mcp::audit::{Attempt, Audit, Outcome, review};
use erpnext_mcp::config::Config;
use serde_json::{Map, Value};

/// What can be asked of the log.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Verify the chain of hashes; report the first line that breaks it
    Verify(Log),
    /// Print the last lines
    Tail {
        /// The number of lines
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
        #[command(flatten)]
        log: Log,
    },
    /// Count operations by user and result, and denials by reason
    Stats(Log),
    /// List writes that were sent and have no recorded outcome
    Open(Log),
    /// Close an open write after looking at the site
    Resolve {
        /// Its id, as `audit open` shows it
        id: String,
        /// Its outcome, in your words
        outcome: String,
        #[command(flatten)]
        log: Log,
    },
}

/// Which log.
#[derive(Debug, clap::Args)]
pub struct Log {
    /// The log file [default: the one of the configuration]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Answers on standard output.
pub fn run(question: &Question, config: Option<&Path>) -> anyhow::Result<()> {
    let (Question::Verify(log)
    | Question::Tail { log, .. }
    | Question::Stats(log)
    | Question::Open(log)
    | Question::Resolve { log, .. }) = question;
    let path = match &log.file {
        Some(file) => file.clone(),
        None => settings(config)?.log_file,
    };
    let lines = || review::lines(&path).with_context(|| format!("{} cannot be read", path.display()));
    let mut out = std::io::stdout().lock();
    match question {
        Question::Verify(_) => match review::verify(lines()?)? {
            Ok(count) => writeln!(out, "{}: {count} lines, the chain is whole", path.display())?,
            Err(broken) => bail!("{}:{}: this line {}", broken.line.file.display(), broken.line.number, broken.why),
        },
        Question::Tail { lines: count, .. } => {
            let all = lines()?.map(|line| line.map(|line| line.text)).collect::<Result<Vec<_>, _>>()?;
            for line in all.iter().skip(all.len().saturating_sub(*count)) {
                writeln!(out, "{line}")?;
            }
        }
        Question::Stats(_) => {
            let stats = review::stats(lines()?)?;
            for ((user, operation, result), count) in &stats.results {
                writeln!(out, "{count:>8}  {operation:<8} {result:<9} {user}")?;
            }
            for ((doctype, reason), count) in &stats.denied {
                writeln!(out, "{count:>8}  denied   {doctype}: {reason}")?;
            }
        }
        Question::Open(_) => {
            for entry in review::open_writes(lines()?)? {
                writeln!(out, "{}", about(&entry))?;
            }
        }
        Question::Resolve { id, outcome, .. } => {
            let open = review::open_writes(lines()?)?;
            let Some(entry) = open.iter().find(|entry| text(entry, "id") == id) else {
                bail!("{id} is not open; `erpnext-mcp audit open` lists what is");
            };
            let attempt = Attempt {
                id: id.clone(),
                tool: text(entry, "tool").to_owned(),
                operation: text(entry, "operation").to_owned(),
                doctype: Some(text(entry, "doctype").to_owned()),
                document: entry.get("document").and_then(Value::as_str).map(str::to_owned),
                ..Attempt::default()
            };
            let settings = erpnext_mcp::config::Audit {
                enabled: true,
                log_file: path.clone(),
                ..erpnext_mcp::config::Audit::default()
            };
            Audit::open(&settings)?.settle(&attempt, Outcome::Resolved, Some(outcome), 0, 0);
            writeln!(out, "settled: {}", about(entry))?;
        }
    }
    Ok(())
}

fn settings(config: Option<&Path>) -> anyhow::Result<erpnext_mcp::config::Audit> {
    Ok(Config::load_offline(config, &|name| std::env::var(name).ok())?.audit)
}

fn text<'a>(entry: &'a Map<String, Value>, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn about(entry: &Map<String, Value>) -> String {
    let of = |key: &str| text(entry, key);
    format!(
        "{}  {}  {} {} {} by {}: {}",
        of("id"),
        of("time"),
        of("operation"),
        of("doctype"),
        of("document"),
        of("user"),
        of("result")
    )
}
