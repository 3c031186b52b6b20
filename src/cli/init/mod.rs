//! `erpnext-mcp init`: from a URL and a key to a configuration and a client that uses it. Asks in a terminal for what no
//! flag and no variable gives; elsewhere it says what is missing.

mod address;
mod ask;
mod client;
mod jsonc;
mod propose;
mod sign_in;
mod toml;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use erpnext_mcp::check::{Finding, Level};
use erpnext_mcp::config::{Config, VERSION};
use erpnext_mcp::files;
use serde_json::{Value, json};

use super::doctor;
use super::global::Global;
use super::installed::Installed;
use super::opened;
use client::Client;

/// What init is told.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// The site's address [env: ERPNEXT_URL]
    #[arg(long)]
    url: Option<String>,
    /// The user's API key [env: ERPNEXT_API_KEY]. The secret comes from a prompt or from ERPNEXT_API_SECRET
    #[arg(long)]
    api_key: Option<String>,
    /// A file that holds the API secret; the configuration refers to it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The preset to open, reduced to the rights of the site's user [default: chosen by these rights]
    #[arg(long, value_name = "NAME", value_parser = propose::PRESETS.map(|(name, _)| name))]
    preset: Option<String>,
    /// Open these DocTypes instead, for everything that the site's user may do except deleting
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "preset")]
    doctypes: Vec<String>,
    /// Allow the secret to travel unencrypted to another machine
    #[arg(long)]
    allow_insecure_http: bool,
    /// Add the server to this client's configuration; its other entries stay, and a copy is kept
    #[arg(long, value_enum)]
    client: Option<Client>,
    /// The client's configuration file [default: the client's own]
    #[arg(long, value_name = "FILE", requires = "client")]
    client_file: Option<PathBuf>,
    /// The server's name in the client
    #[arg(long, default_value = "erpnext")]
    name: String,
    /// Replace existing files and entries without asking; copies are kept. With --client alone the configuration stays
    #[arg(long)]
    force: bool,
    /// Ask nothing, use the defaults, and permit only reading unless a preset or DocTypes are named
    #[arg(long, short)]
    yes: bool,
}

const EXAMPLES: &str = "\
Examples:
  erpnext-mcp init                                        ask for everything
  erpnext-mcp init --client claude-desktop                and add the server to Claude Desktop
  ERPNEXT_API_SECRET=… erpnext-mcp init --yes --url https://erp.example.com --api-key … --preset sales-user
  erpnext-mcp init --yes --url … --api-key … --secret-file /run/secrets/erpnext --doctypes 'Customer,Sales Order'

To try it: `erpnext-mcp demo --site-only --port 8000` in one terminal, `erpnext-mcp init` in another.";

impl Init {
    /// Asks, tests, proposes, writes; where something fails, nothing is written.
    pub fn run(self, global: &Global) -> anyhow::Result<()> {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let asks = !self.yes && ask::can();
        let contained = Installed::found()?.is_contained();
        if contained && self.client.is_some() && self.client_file.is_none() {
            bail!("--client: the clients' files are outside of this container; without it the entry is printed");
        }
        let default = || files::config_file(&env).context("--config FILE is needed: this system has no place for it");
        let file = global.config.as_deref().map_or_else(default, |file| Ok(std::path::absolute(file)?))?;
        if self.only_adds_a_client() && file.exists() {
            Config::load_offline(Some(&file), &env)?;
            self.install(&file, self.client)?;
            say_left_out(&file, &self.name)?;
            return Ok(());
        }
        if file.exists()
            && !self.force
            && !(asks && ask::yes(&format!("{} is there. Replace it (a copy is kept)?", file.display()))?)
        {
            bail!(
                "{} is there; --force replaces it and keeps a copy, --config names another, --client alone adds a client to it",
                file.display()
            );
        }
        self.check_first(&file, asks)?;
        let (erpnext, rights) = self.sign_in(&env, asks)?;
        let permissions = self.permissions(&rights, asks)?;
        let client = match self.client {
            None if asks && !contained => self.ask_client(&file)?,
            chosen => chosen,
        };
        let audit = file.with_file_name("logs").join("audit.log");
        let mut whole = json!({
            "version": VERSION,
            "erpnext": erpnext,
            "permissions": permissions,
            "audit": {"enabled": true, "log_file": audit},
        });
        if let Some(tools) = global.section() {
            whole["tools"] = tools;
        }
        // What is written can be read: by the one reader that there is.
        let config = global.onto(Config::from_text(&whole.to_string())?)?;
        write_whole(&file, &whole)?;
        self.install(&file, client)?;
        say_doubts(&doctor::examined(&config)?);
        Ok(())
    }

    /// Looks for what would only fail once all is answered: the places of files, the secret's file, the names of DocTypes.
    fn check_first(&self, file: &Path, asks: bool) -> anyhow::Result<()> {
        files::can_be_written(file).with_context(|| format!("{} cannot be written", file.display()))?;
        if let Some(secret) = &self.secret_file {
            let read = std::fs::read_to_string(secret);
            let read = read.with_context(|| format!("--secret-file: {} cannot be read", secret.display()))?;
            sign_in::is_credential(read.trim()).map_err(|why| anyhow!("--secret-file: {}: {why}", secret.display()))?;
        }
        if asks {
            self.doubt_doctypes()?;
        }
        if let Some(client) = self.client {
            self.edit(client, file)?;
        }
        Ok(())
    }

    /// Whether nothing is said but which client to add. With --force an entry of its name gives way, and the
    /// configuration stays all the same.
    fn only_adds_a_client(&self) -> bool {
        let nothing_else = self.url.is_none()
            && self.api_key.is_none()
            && self.secret_file.is_none()
            && self.preset.is_none()
            && self.doctypes.is_empty();
        self.client.is_some() && nothing_else
    }

    /// Has names that are none of ERPNext's, and nearly one, looked at again. A site can have DocTypes of its own.
    fn doubt_doctypes(&self) -> anyhow::Result<()> {
        for doctype in &self.doctypes {
            let Some(near) = propose::nearly(doctype) else { continue };
            let question = format!("ERPNext has no DocType {doctype}; did you mean {near}? Go on with {doctype}");
            if !ask::yes(&question)? {
                bail!("--doctypes: start again with {near} for {doctype}; nothing was written");
            }
        }
        Ok(())
    }

    fn permissions(&self, rights: &propose::Rights, asks: bool) -> anyhow::Result<Value> {
        if !rights.powers.is_empty() {
            let held = rights.powers.join(", ");
            say(&format!(
                "this key may make or change {held}: whoever gets hold of it can give themselves every right. \
                 Better {}",
                opened::LESS_POWER
            ));
        }
        if !self.doctypes.is_empty() {
            let permissions = propose::of_doctypes(rights, &self.doctypes)?;
            say(&propose::summary(rights, "these DocTypes", &permissions));
            return Ok(permissions);
        }
        let suggested = propose::suggestion(rights);
        let (preset, permissions) = match &self.preset {
            Some(preset) => (preset.clone(), propose::of_preset(rights, preset)?),
            None if asks => {
                say(&propose::summary(rights, suggested, &propose::of_preset(rights, suggested)?));
                let names = propose::PRESETS.map(|(name, _)| name);
                let question = format!("Which one ({})", names.join(", "));
                loop {
                    let preset = ask::one_of(&question, suggested, &names)?;
                    match propose::of_preset(rights, &preset) {
                        Ok(permissions) if preset == suggested => return Ok(permissions),
                        Ok(permissions) => break (preset, permissions),
                        Err(why) => say(&why.to_string()),
                    }
                }
            }
            None => {
                let reads = propose::reads(propose::of_preset(rights, suggested)?);
                say(&format!("only reading is permitted, as nobody was asked; --preset {suggested} permits more"));
                (suggested.to_owned(), reads)
            }
        };
        say(&propose::summary(rights, &preset, &permissions));
        Ok(permissions)
    }

    /// The client to add the server to, whose file can be edited.
    fn ask_client(&self, config: &Path) -> anyhow::Result<Option<Client>> {
        loop {
            let Some(client) = client::ask()? else { return Ok(None) };
            match self.edit(client, config) {
                Ok(_) => return Ok(Some(client)),
                Err(why) => say(&format!("{why:#}")),
            }
        }
    }

    /// The client's file with this server in it.
    fn edit(&self, client: Client, config: &Path) -> anyhow::Result<client::Edit> {
        let file = match &self.client_file {
            Some(file) => file.clone(),
            None => client.file(&|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))?,
        };
        let edit = client.edit(file, &self.name, &server(config)?)?;
        let asks = !self.yes && ask::can();
        if edit.replaces && !self.force && !asks {
            let file = edit.file.display();
            bail!("{file} has another server {:?}; --force replaces it, --name gives this one another name", self.name);
        }
        Ok(edit)
    }

    /// Puts the server into a client's configuration, or prints what belongs there.
    fn install(&self, config: &Path, client: Option<Client>) -> anyhow::Result<()> {
        let Some(client) = client else {
            let by_itself = if Installed::found()?.is_contained() { "" } else { " (--client does it for you)" };
            say(&format!("to connect a client, add this to its configuration{by_itself}:"));
            let snippet = json!({"mcpServers": {&self.name: server(config)?}});
            return Ok(writeln!(std::io::stdout(), "{snippet:#}")?);
        };
        let edit = self.edit(client, config)?;
        let file = edit.file.display();
        let question =
            || format!("{file} has another server {:?}. Replace it (a copy of the file is kept)?", self.name);
        if edit.replaces && !self.force && !ask::yes(&question())? {
            say(&format!("{file} is left as it is; --name gives this server another name"));
            return Ok(());
        }
        if let Some(copy) = edit.write()? {
            say(&format!("kept the old one as {}", copy.display()));
        }
        say(&format!("put {:?} into {file}; {}", self.name, client.then()));
        Ok(())
    }
}

/// Says what the configuration leaves to the environment, of which few clients hand theirs on, so that it belongs into the entry;
/// and which of its paths begin where the program is started, which clients choose.
fn say_left_out(config: &Path, name: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(config)?;
    let whole: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text))?;
    let (file, left, relative) = (config.display(), left_out(&whole), relative(&whole));
    if !relative.is_empty() {
        let relative = relative.join(", ");
        say(&format!("{file} has paths that begin in the folder in which a client starts the program: {relative}"));
        say("  → write absolute paths");
    }
    if !left.is_empty() {
        let left = left.join(", ");
        say(&format!("{file} leaves {left} to the environment, and most clients hand nothing of theirs on"));
        say(&format!(
            "  → give {name:?} an \"env\" with them in the client's file, or put them into the configuration"
        ));
    }
    Ok(())
}

/// The keys of files that must be found, and whose paths are relative.
fn relative(whole: &Value) -> Vec<&'static str> {
    let stated = |pointer| whole.pointer(pointer).and_then(Value::as_str).filter(|path| !path.is_empty());
    let is_recorded = whole["audit"]["enabled"] == true;
    // Unless it is stated, the log is relative.
    let log = is_recorded.then(|| stated("/audit/log_file").unwrap_or("logs/audit.log"));
    let files = [("audit.log_file", log), ("erpnext.api_secret_file", stated("/erpnext/api_secret_file"))];
    let relative = files.into_iter().filter(|(_, path)| path.is_some_and(|path| Path::new(path).is_relative()));
    relative.map(|(key, _)| key).collect()
}

/// The variables without which nothing starts under this configuration.
fn left_out(whole: &Value) -> Vec<&'static str> {
    let erpnext = &whole["erpnext"];
    if erpnext.is_null() && whole["sites"].as_object().is_some_and(|sites| !sites.is_empty()) {
        return Vec::new();
    }
    let is_stated = |key: &str| match &erpnext[key] {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    let wanted: [(&'static str, &[&str]); 3] = [
        ("ERPNEXT_URL", &["url"]),
        ("ERPNEXT_API_KEY", &["api_key"]),
        ("ERPNEXT_API_SECRET", &["api_secret", "api_secret_file", "api_secret_command"]),
    ];
    let left = wanted.into_iter().filter(|(_, keys)| !keys.iter().any(|key| is_stated(key)));
    left.map(|(variable, _)| variable).collect()
}

/// How a client starts this server.
fn server(config: &Path) -> anyhow::Result<Value> {
    Ok(Installed::found()?.entry(&["--config".to_owned(), config.display().to_string()]))
}

/// What `doctor` would say, but for what is as it should be.
fn say_doubts(findings: &[Finding]) {
    let doubts: Vec<&Finding> = findings.iter().filter(|finding| finding.level != Level::Ok).collect();
    for finding in &doubts {
        say(&finding.what);
        if let Some(fix) = &finding.fix {
            say(&format!("  → {fix}"));
        }
    }
    say(&match doubts.len() {
        0 => format!("doctor: {} checks, all well", findings.len()),
        count => format!("doctor: {} checks, {count} of them to look at", findings.len()),
    });
}

/// Writes the configuration; one that was there is kept under another name.
fn write_whole(file: &Path, whole: &Value) -> anyhow::Result<()> {
    if let Some(copy) = files::back_up(file)? {
        say(&format!("kept the old one as {}", copy.display()));
        // A copy that others could read must not make the new one so.
        std::fs::remove_file(file)?;
    }
    files::write_whole(file, text(whole).as_bytes())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    say(&format!("wrote {}, readable for you alone", file.display()));
    Ok(())
}

/// The configuration as text, each rule on a line of its own.
fn text(whole: &Value) -> String {
    let (mut text, mut in_rule) = (String::new(), false);
    for line in format!("{whole:#}").lines() {
        let begins = line.starts_with("      \"") && line.ends_with('{');
        let ends = in_rule && line.trim_start().starts_with('}');
        if in_rule {
            text.push(' ');
        }
        text.push_str(if in_rule { line.trim_start() } else { line });
        in_rule = (in_rule || begins) && !ends;
        if !in_rule {
            text.push('\n');
        }
    }
    text
}

/// On stderr: standard output is for what a script may want.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
