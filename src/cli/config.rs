//! `erpnext-mcp config …`: what can stand in the configuration file, and an older file in its present form.

use std::io::Write;

use anyhow::Context;
use clap::Subcommand;
use erpnext_mcp::config::{Config, VERSION};
use erpnext_mcp::files;

use super::global::Global;

/// What can be asked about the file.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Print a file to start from
    Example,
    /// Print the JSON Schema of the file, for editors and checkers
    Schema,
    /// Print the reference: every key with its type, default and meaning
    Reference,
    /// Tell what changes in a file of an older version
    Migrate {
        /// Change the file, of which a copy is kept
        #[arg(long)]
        write: bool,
    },
}

impl Question {
    /// Whether it is about a file that there is.
    pub fn is_of_a_file(&self) -> bool {
        matches!(self, Self::Migrate { .. })
    }
}

/// Answers on standard output.
pub fn run(question: &Question, global: &Global) -> anyhow::Result<()> {
    let text = match question {
        Question::Example => include_str!("../../config/config.example.json").to_owned(),
        Question::Schema => format!("{:#}\n", erpnext_mcp::config::schema()),
        Question::Reference => include_str!("../../docs/configuration.md").to_owned(),
        Question::Migrate { write } => migrated(global, *write)?,
    };
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// What changes, a line each.
fn migrated(global: &Global, write: bool) -> anyhow::Result<String> {
    let file = Config::file(global.config.as_deref(), &|name| std::env::var(name).ok());
    let file = file.context("there is no configuration file; --config names one")?;
    let place = file.display();
    let Some(migrated) = Config::migrated(&file)? else {
        return Ok(format!("{place} is of version {VERSION}, which this program reads; there is nothing to change\n"));
    };
    let mut lines = migrated.changes;
    if write {
        let copy = files::back_up(&file)?;
        files::write_whole(&file, migrated.text.as_bytes()).with_context(|| format!("{place} cannot be written"))?;
        lines.extend(copy.map(|copy| format!("kept the old one as {}", copy.display())));
        lines.push(format!("{place} is of version {VERSION}"));
    } else {
        lines.push(format!("{place} then is of version {VERSION}; --write changes it"));
    }
    Ok(lines.join("\n") + "\n")
}
