//! Findings as a person or a script reads them. Colour only in a terminal, and not where `NO_COLOR` is set.

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
