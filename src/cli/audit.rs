//! `erpnext-mcp audit …`: reading the audit log, and settling what it leaves open.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use erpnext_mcp::audit::{Attempt, Audit, Head, Outcome, review, verify};
use erpnext_mcp::shape::text_of;
use serde_json::{Map, Value};

use super::global::Global;
use super::serve;

/// What can be asked of the log.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Verify the chain of hashes up to its head; name the line that was changed, or those that are missing
    Verify {
        /// A head that `audit head` printed earlier: its line must be in the log, unchanged
        #[arg(long, value_name = "NUMBER:HASH", value_parser = kept_head)]
        head: Option<(u64, String)>,
        #[command(flatten)]
        log: Log,
    },
    /// Print the number and the hash of the last line, to be kept elsewhere
    Head(Log),
    /// Print the last lines as a table
    Tail {
        /// The number of lines
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
        #[command(flatten)]
        only: Only,
        /// Print the lines as they stand in the log
        #[arg(long)]
        json: bool,
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
    /// The log file, or a folder with those of several servers [default: the one of the configuration]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

/// Which of its lines.
#[derive(Debug, Default, clap::Args)]
pub struct Only {
    /// From this time on, in UTC: 2026-11-28, 2026-11-28T14:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<String>,
    /// Up to this time; a day counts whole
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<String>,
    /// Of this ERPNext user
    #[arg(long)]
    user: Option<String>,
    /// About this DocType
    #[arg(long)]
    doctype: Option<String>,
    /// About this document
    #[arg(long)]
    document: Option<String>,
    /// With this result: INTENT, ALLOWED, PREVIEW, DENIED, FAILED, UNKNOWN, REPEATED, RESOLVED
    #[arg(long, ignore_case = true, value_parser = Outcome::ALL.map(Outcome::as_str))]
    result: Option<String>,
}

fn time(text: &str) -> Result<String, String> {
    let is_day = text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10;
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()),
        Err(_) if is_day => Ok(text.to_owned()),
        Err(_) => Err("expected a day such as 2026-11-28, or a time such as 2026-11-28T14:00:00Z".to_owned()),
    }
}

fn kept_head(text: &str) -> Result<(u64, String), String> {
    let kept = text.trim().split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())));
    kept.filter(|(_, hash)| hash.len() == 64).ok_or_else(|| "expected what `audit head` prints".to_owned())
}

impl Only {
    fn takes(&self, entry: &Map<String, Value>) -> bool {
        let is = |wanted: &Option<String>, key: &str| {
            wanted.as_ref().is_none_or(|wanted| text_of(entry, key).eq_ignore_ascii_case(wanted))
        };
        let time = text_of(entry, "time");
        // Times in the log are texts of one form, in the order of time.
        self.since.as_deref().is_none_or(|since| time >= since)
            && self.until.as_deref().is_none_or(|until| time <= until || time.starts_with(until))
            && is(&self.user, "user")
            && is(&self.doctype, "doctype")
            && is(&self.document, "document")
            && is(&self.result, "result")
    }
}

/// Answers on standard output.
pub fn run(question: &Question, global: &Global) -> anyhow::Result<()> {
    let (Question::Verify { log, .. }
    | Question::Head(log)
    | Question::Tail { log, .. }
    | Question::Stats(log)
    | Question::Open(log)
    | Question::Resolve { log, .. }) = question;
    let path = match &log.file {
        Some(file) => file.clone(),
        None => {
            let config = global.load_offline()?;
            serve::is_of_one_site(&config)?;
            let audit = config.audit;
            ensure!(
                audit.enabled || audit.log_file.exists(),
                "nothing is recorded: audit.enabled is not true, and there is no audit log at {}; --file names another",
                audit.log_file.display()
            );
            audit.log_file
        }
    };
    let logs = Logs::at(path)?;
    // Of lines that cannot be read nothing may be told, least of all that no write is open. Verifying names the line.
    let text = logs.logs.iter().find(|log| is_text(log)).filter(|_| !matches!(question, Question::Verify { .. }));
    if let Some(log) = text {
        bail!(
            "{} is kept as text (audit.format), without users and ids: only a log in json is read here",
            log.display()
        );
    }
    let out = &mut std::io::stdout().lock();
    match question {
        Question::Verify { head, .. } => logs.verify(out, head.as_ref()),
        Question::Head(_) => logs.head(out),
        Question::Tail { lines, only, json, .. } => logs.tail(out, *lines, only, *json),
        Question::Stats(_) => logs.stats(out),
        Question::Open(_) => logs.open(out),
        Question::Resolve { id, outcome, .. } => logs.resolve(out, id, outcome),
    }
}

/// The logs that are asked about.
struct Logs {
    /// The log, or the folder with those of several servers.
    path: PathBuf,
    logs: Vec<PathBuf>,
}

impl Logs {
    fn at(path: PathBuf) -> anyhow::Result<Self> {
        let logs = review::logs(&path).with_context(|| unreadable(&path))?;
        ensure!(!logs.is_empty(), "{}: no log is in this folder: beside each stands its NAME.head", path.display());
        Ok(Self { path, logs })
    }

    fn verify(&self, out: &mut impl Write, kept: Option<&(u64, String)>) -> anyhow::Result<()> {
        ensure!(kept.is_none() || !self.path.is_dir(), "--head is of one log: name its file");
        // All are looked at, whatever one of them says.
        let found: Vec<_> = self.logs.iter().map(|log| verified(log, kept)).collect();
        let whole: Vec<_> = found.iter().filter_map(|found| found.as_ref().ok()).collect();
        whole.iter().try_for_each(|whole| writeln!(out, "{whole}"))?;
        let broken: Vec<_> =
            found.iter().filter_map(|found| found.as_ref().err()).map(|why| format!("{why:#}")).collect();
        ensure!(broken.is_empty(), "{}", broken.join("\n"));
        Ok(())
    }

    fn head(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let path = &self.path;
        ensure!(!path.is_dir(), "a head is of one log: name its file");
        if is_new(path) {
            writeln!(out, "{} has no lines yet", path.display())?;
            return Ok(());
        }
        let head = Head::of(path)?;
        ensure!(head.is_some() || path.exists(), "{}", unreadable(path));
        let head = head.with_context(|| format!("{}.head is missing or broken", path.display()))?;
        writeln!(out, "{}:{}", head.count, head.last)?;
        Ok(())
    }

    fn tail(&self, out: &mut impl Write, count: usize, only: &Only, json: bool) -> anyhow::Result<()> {
        let path = &self.path;
        let mut last = Vec::new();
        for log in &self.logs {
            last.extend(review::last(log, count, |entry| only.takes(entry)).with_context(|| unreadable(path))?);
        }
        last.sort_by(|one, other| text_of(&one.entry, "time").cmp(text_of(&other.entry, "time")));
        last.drain(..last.len().saturating_sub(count));
        if last.is_empty() && !path.exists() {
            bail!("{}", unreadable(path));
        }
        if json {
            last.iter().try_for_each(|line| writeln!(out, "{}", String::from_utf8_lossy(&line.bytes)))?;
        } else if last.is_empty() {
            match std::fs::metadata(path) {
                Ok(log) if log.len() == 0 => writeln!(out, "{} has no lines yet", path.display())?,
                _ => writeln!(out, "no line of {} fits", path.display())?,
            }
        } else {
            let entries: Vec<_> = last.iter().map(|line| &line.entry).collect();
            write!(out, "{}", table(&entries))?;
        }
        Ok(())
    }

    fn stats(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        for log in &self.logs {
            lines.push(review::lines(log).with_context(|| unreadable(&self.path))?);
        }
        let stats = review::stats(lines.into_iter().flatten())?;
        if stats.results.is_empty() {
            writeln!(out, "{} has no line about anything that has ended", self.path.display())?;
        }
        for ((user, operation, result), count) in &stats.results {
            writeln!(out, "{count:>8}  {operation:<8} {result:<9} {user}")?;
        }
        for ((doctype, reason), count) in &stats.denied {
            writeln!(out, "{count:>8}  denied   {doctype}: {reason}")?;
        }
        Ok(())
    }

    fn open(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let open = self.open_writes()?;
        if open.is_empty() {
            writeln!(out, "no write is open: what was sent has an outcome")?;
        }
        for (_, entry) in open {
            writeln!(out, "{}", about(&entry))?;
        }
        Ok(())
    }

    fn resolve(&self, out: &mut impl Write, id: &str, outcome: &str) -> anyhow::Result<()> {
        let open = self.open_writes()?;
        let Some((log, entry)) = open.iter().find(|(_, entry)| text_of(entry, "id") == id) else {
            bail!("{id} is not open; `erpnext-mcp audit open` lists what is");
        };
        let attempt = Attempt {
            id: id.to_owned(),
            tool: text_of(entry, "tool").to_owned(),
            operation: text_of(entry, "operation").to_owned(),
            doctype: Some(text_of(entry, "doctype").to_owned()),
            document: entry.get("document").and_then(Value::as_str).map(str::to_owned),
            ..Attempt::default()
        };
        let settings = erpnext_mcp::config::Audit {
            enabled: true,
            log_file: (*log).clone(),
            ..erpnext_mcp::config::Audit::default()
        };
        Audit::open(&settings)?.settle(&attempt, Outcome::Resolved, Some(outcome), 0, 0);
        writeln!(out, "settled: {}", about(entry))?;
        Ok(())
    }

    /// The writes without an outcome, the oldest first, each with its log.
    fn open_writes(&self) -> anyhow::Result<Vec<(&PathBuf, Map<String, Value>)>> {
        let mut open = Vec::new();
        for log in &self.logs {
            let lines = review::lines(log).with_context(|| unreadable(&self.path))?;
            open.extend(review::open_writes(lines)?.into_iter().map(|entry| (log, entry)));
        }
        open.sort_by(|(_, one), (_, other)| text_of(one, "time").cmp(text_of(other, "time")));
        Ok(open)
    }
}

/// Whether the log begins with what is no object of JSON.
fn is_text(log: &Path) -> bool {
    let mut first = [0];
    let read = std::fs::File::open(log).and_then(|mut log| log.read_exact(&mut first));
    read.is_ok() && first != *b"{"
}

fn unreadable(path: &Path) -> String {
    match path.exists() {
        true => format!("{} cannot be read", path.display()),
        false => format!("there is no audit log at {} yet; audit.log_file or --file names another", path.display()),
    }
}

/// Whether nothing was ever written to a log: it is made, and its head too, before the first line.
fn is_new(log: &Path) -> bool {
    let mut head = log.as_os_str().to_owned();
    head.push(".head");
    let has_no_head = std::fs::metadata(head).is_ok_and(|head| head.len() == 0);
    // Those of rotated files count.
    has_no_head && log.exists() && review::lines(log).is_ok_and(|mut lines| lines.next().is_none())
}

/// That the chain of a log is whole.
fn verified(log: &Path, kept: Option<&(u64, String)>) -> anyhow::Result<String> {
    if kept.is_none() && is_new(log) {
        return Ok(format!("{} has no lines yet", log.display()));
    }
    let head = Head::of(log)?;
    ensure!(head.is_some() || log.exists(), "{}", unreadable(log));
    ensure!(
        head.is_some() || kept.is_some(),
        "{}.head is missing or broken: without it nobody sees what was cut off at the end; --head takes one that was kept",
        log.display()
    );
    let unreadable = || format!("{} cannot be read", log.display());
    match verify::verify(review::lines(log).with_context(unreadable)?, head.as_ref(), kept)? {
        Ok(1) => Ok(format!("{}: 1 line, the chain is whole", log.display())),
        Ok(count) => Ok(format!("{}: {count} lines, the chain is whole", log.display())),
        Err(verify::Broken { at: Some((file, number)), why }) => bail!("{}:{number}: this line {why}", file.display()),
        Err(verify::Broken { at: None, why }) => bail!("{}: {why}", log.display()),
    }
}

/// The columns of the table, but for the last, which is as long as it is.
const COLUMNS: [&str; 6] = ["time", "result", "operation", "doctype", "document", "user"];

fn table(entries: &[&Map<String, Value>]) -> String {
    let rows: Vec<[String; COLUMNS.len()]> = entries
        .iter()
        .map(|entry| {
            COLUMNS.map(|column| shown(text_of(entry, column)).replace('T', if column == "time" { " " } else { "T" }))
        })
        .collect();
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.max().unwrap_or_default().max(COLUMNS[at].len())
    };
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
    let line = |cells: &[String], rest: &str| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  "));
        format!("{}\n", format!("{}{rest}", cells.collect::<String>()).trim_end())
    };
    let mut lines = line(&COLUMNS.map(str::to_owned), "tool, reason");
    for (entry, row) in entries.iter().zip(&rows) {
        let reason =
            entry.get("reason").and_then(Value::as_str).map_or_else(String::new, |reason| format!(": {reason}"));
        lines.push_str(&line(row, &shown(&format!("{}{reason}", text_of(entry, "tool")))));
    }
    lines
}

/// A text that moves nothing in a terminal.
fn shown(text: &str) -> String {
    let visible = erpnext_mcp::shape::visible(text).unwrap_or_else(|| text.to_owned());
    visible.replace(|c: char| c.is_control(), "␣")
}

fn about(entry: &Map<String, Value>) -> String {
    let of = |key: &str| shown(text_of(entry, key));
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
