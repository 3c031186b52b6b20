//! `erpnext-mcp publish`: proposes tools of one's own, for the section `publish`, from the site and the configuration.

use std::io::Write;

use anyhow::Context;
use erpnext_mcp::config::Config;
use erpnext_mcp::error::ToolError;
use erpnext_mcp::files;
use erpnext_mcp::tools::is_known;
use erpnext_mcp::tools::published::{Proposal, propose};
use serde_json::{Map, Value, json};

use super::global::Global;
use super::{serve, unreached};

/// What is proposed, and whether it is kept.
#[derive(Debug, clap::Args)]
pub struct Publish {
    /// Reports, saved filters and methods, by their names [default: the first 20 of each]
    names: Vec<String>,
    /// Add what is proposed to the configuration file, of which a copy is kept
    #[arg(long)]
    write: bool,
}

impl Publish {
    /// Prints the entries; what is left out stands on stderr.
    pub fn run(&self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?;
        let connection = serve::connection_without_log(&config)?;
        let asked = async {
            let session = connection.session();
            session.ask_version(session.site).await?;
            propose(&session, &config, &self.names, is_known).await
        };
        let proposal = serve::runtime()?.block_on(asked).map_err(|error| match error {
            ToolError::Site(error) => {
                anyhow::anyhow!("{}\n{}", unreached::told(&connection, &error), unreached::mends(&connection, &error))
            }
            error => anyhow::anyhow!("{}", error.for_model()),
        })?;
        let Proposal { publish, left_out } = proposal;
        for line in left_out {
            let _ = writeln!(std::io::stderr(), "left out: {line}");
        }
        if publish.is_empty() {
            let _ = writeln!(
                std::io::stderr(),
                "There is nothing to publish that the configuration permits and does not publish yet."
            );
            return Ok(());
        }
        writeln!(std::io::stdout(), "{:#}", json!({"publish": publish}))?;
        if self.write { add(global, publish) } else { Ok(()) }
    }
}

/// Adds the entries to the configuration file, or to the site of it that is meant.
fn add(global: &Global, publish: Map<String, Value>) -> anyhow::Result<()> {
    let file = Config::file(global.config.as_deref(), &|name| std::env::var(name).ok());
    let file = file.context("--write: there is no configuration file; put what is printed into one")?;
    let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    // As it is read at the start: editors on Windows put a byte order mark first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut whole: Value = serde_json::from_str(text).with_context(|| format!("{}", file.display()))?;
    let place = match global.site() {
        Some(site) => &mut whole["sites"][site]["publish"],
        None => &mut whole["publish"],
    };
    match place {
        Value::Object(there) => there.extend(publish),
        place => *place = Value::Object(publish),
    }
    let copy = files::back_up(&file)?;
    files::write_whole(&file, format!("{whole:#}\n").as_bytes())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    if let Some(copy) = copy {
        let _ = writeln!(std::io::stderr(), "kept the old one as {}", copy.display());
    }
    let _ = writeln!(
        std::io::stderr(),
        "added to {}; change names, descriptions and filters there, and choose columns",
        file.display()
    );
    Ok(())
}
