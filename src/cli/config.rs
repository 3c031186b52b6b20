//! `erpnext-mcp config …`: what can stand in the configuration file.

use std::io::Write;

use clap::Subcommand;

/// What can be asked about the file.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Print a file to start from
    Example,
    /// Print the JSON Schema of the file, for editors and checkers
    Schema,
    /// Print the reference: every key with its type, default and meaning
    Reference,
}

/// Answers on standard output.
pub fn run(question: &Question) -> anyhow::Result<()> {
    let text = match question {
        Question::Example => include_str!("../../config/config.example.json").to_owned(),
        Question::Schema => format!("{:#}\n", erpnext_mcp::config::schema()),
        Question::Reference => include_str!("../../docs/configuration.md").to_owned(),
    };
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
