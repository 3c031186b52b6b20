//! Findings as a person or a script reads them. Colour only in a terminal, and not where `NO_COLOR` is set.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use erpnext_mcp::check::{Finding, Level};
use serde_json::{Value, json};

/// Prints the findings on standard output; whether none of them is as bad as `bad`.
pub fn findings(findings: &[Finding], as_json: bool, bad: Level) -> anyhow::Result<bool> {
    let good = findings.iter().all(|finding| finding.level < bad);
    let mut out = std::io::stdout().lock();
    if as_json {
        let lines: Vec<Value> =
            findings.iter().map(|f| json!({"level": name(f.level), "what": f.what, "fix": f.fix})).collect();
        writeln!(out, "{:#}", json!({"ok": good, "findings": lines}))?;
        return Ok(good);
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for finding in findings {
        let (on, off) = if colour { (paint(finding.level), "\u{1b}[0m") } else { ("", "") };
        writeln!(out, "{on}{:<7}{off}  {}", name(finding.level), finding.what)?;
        if let Some(fix) = &finding.fix {
            writeln!(out, "         → {fix}")?;
        }
    }
    Ok(good)
}

/// The areas that findings begin with. What stands before another colon can be a name of the site's.
const AREAS: [&str; 14] = [
    "configuration",
    "audit",
    "connection",
    "encryption",
    "clock",
    "versions",
    "rights",
    "fields",
    "reports",
    "publish",
    "tools",
    "http",
    "oauth",
    "idp",
];

/// Prints what an issue may show to everybody: versions, and how many checks of which area passed; no address, name or data.
pub fn report(findings: &[Finding]) -> anyhow::Result<()> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in findings {
        let area = finding.what.split(':').next().filter(|area| AREAS.contains(area));
        // If it is well, it says nothing but versions.
        let versions = area == Some("versions") && finding.level == Level::Ok;
        let shown = if versions { finding.what.as_str() } else { area.unwrap_or("check") };
        *counts.entry((name(finding.level), shown)).or_default() += 1;
    }
    let mut out = std::io::stdout().lock();
    let (version, system, processor) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    writeln!(out, "erpnext-mcp {version}, {system} {processor}")?;
    for ((level, shown), count) in counts {
        writeln!(out, "{level:<7}  {count:>3}  {shown}")?;
    }
    Ok(())
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

fn paint(level: Level) -> &'static str {
    match level {
        Level::Ok => "\u{1b}[32m",
        Level::Warning => "\u{1b}[33m",
        Level::Error => "\u{1b}[31m",
    }
}
