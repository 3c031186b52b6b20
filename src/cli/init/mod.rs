//! `erpnext-mcp init`: from a URL and a key to a configuration and a client that uses it. Asks in a terminal for what no
//! flag and no variable gives; elsewhere it says what is missing.

mod ask;
mod client;
mod propose;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use erpnext_mcp::app::Connection;
use erpnext_mcp::config::{Config, Operation};
use erpnext_mcp::files;
use erpnext_mcp::site::Kind;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::global::Global;
use super::serve;
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
    /// Replace existing files and entries without asking; copies are kept
    #[arg(long)]
    force: bool,
    /// Ask nothing and use the defaults
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
        let default = || files::config_file(&env).context("--config FILE is needed: this system has no place for it");
        let file = global.config.as_deref().map_or_else(default, |file| Ok(std::path::absolute(file)?))?;
        if file.exists()
            && !self.force
            && !(asks && ask::yes(&format!("{} is there. Replace it (a copy is kept)?", file.display()))?)
        {
            bail!("{} is there; --force replaces it and keeps a copy, --config names another", file.display());
        }
        let given =
            |flag: Option<String>, variable: &str, question: &str, name: &str| match flag.or_else(|| env(variable)) {
                Some(value) => Ok(value.trim().to_owned()),
                None if asks => ask::text(question),
                None => bail!("{name} is needed, or {variable}"),
            };
        let url = given(self.url.clone(), "ERPNEXT_URL", "Address of the site (https://erp.example.com)", "--url")?;
        let key = given(
            self.api_key.clone(),
            "ERPNEXT_API_KEY",
            "API key (on the site: your user's Settings, API Access)",
            "--api-key",
        )?;
        let mut erpnext = json!({"url": url, "api_key": key});
        if self.allow_insecure_http {
            erpnext["allow_insecure_http"] = json!(true);
        }
        match &self.secret_file {
            Some(file) => erpnext["api_secret_file"] = json!(std::path::absolute(file)?),
            None => erpnext["api_secret"] = json!(self.secret(&env, asks)?.expose_secret()),
        }
        let connection = app(&erpnext)?;
        let runtime = serve::runtime()?;
        let rights = runtime.block_on(async {
            greet(&connection).await?;
            propose::rights(&connection, &self.doctypes).await
        })?;
        let permissions = self.permissions(&rights, asks)?;
        let audit = file.with_file_name("logs").join("audit.log");
        let mut whole = json!({
            "erpnext": erpnext,
            "permissions": permissions,
            "audit": {"enabled": true, "log_file": audit},
        });
        if let Some(tools) = global.section() {
            whole["tools"] = tools;
        }
        // What is written can be read: by the one reader that there is.
        global.onto(Config::from_text(&whole.to_string())?)?;
        if let Some(copy) = files::back_up(&file)? {
            say(&format!("kept the old one as {}", copy.display()));
            // A copy that others could read must not make the new one so.
            std::fs::remove_file(&file)?;
        }
        files::write_whole(&file, text(&whole).as_bytes())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        say(&format!("wrote {}, readable for you alone", file.display()));
        self.install(&file, asks)
    }

    fn secret(&self, env: &dyn Fn(&str) -> Option<String>, asks: bool) -> anyhow::Result<SecretString> {
        match env("ERPNEXT_API_SECRET") {
            Some(secret) => Ok(secret.trim().into()),
            None if asks => ask::secret("API secret (is not shown)"),
            None => bail!(
                "the secret is missing: set ERPNEXT_API_SECRET, or name a file with --secret-file. There is no flag \
                 for it, because every user of this machine could read it"
            ),
        }
    }

    fn permissions(&self, rights: &propose::Rights, asks: bool) -> anyhow::Result<Value> {
        if !self.doctypes.is_empty() {
            let permissions = propose::of_doctypes(rights, &self.doctypes)?;
            say(&propose::summary("these DocTypes", &permissions));
            return Ok(permissions);
        }
        let suggested = propose::suggestion(rights);
        let preset = match &self.preset {
            Some(preset) => preset.clone(),
            None if asks => {
                say(&propose::summary(suggested, &propose::of_preset(rights, suggested)?));
                let names = propose::PRESETS.map(|(name, _)| name).join(", ");
                ask::one_of(&format!("Which one ({names})"), suggested, &propose::PRESETS.map(|(name, _)| name))?
            }
            None => suggested.to_owned(),
        };
        let permissions = propose::of_preset(rights, &preset)?;
        // It was said before somebody was asked.
        if !asks || preset != suggested || self.preset.is_some() {
            say(&propose::summary(&preset, &permissions));
        }
        Ok(permissions)
    }

    /// Puts the server into a client's configuration, or prints what belongs there.
    fn install(&self, config: &Path, asks: bool) -> anyhow::Result<()> {
        let server = json!({"command": std::env::current_exe()?, "args": ["--config", config]});
        let chosen = match self.client {
            None if asks => client::ask()?,
            chosen => chosen,
        };
        let Some(client) = chosen else {
            say("to connect a client, add this to its configuration (--client does it for you):");
            let snippet = json!({"mcpServers": {&self.name: server}});
            return Ok(writeln!(std::io::stdout(), "{snippet:#}")?);
        };
        let file = match &self.client_file {
            Some(file) => file.clone(),
            None => client.file(&|name| std::env::var(name).ok())?,
        };
        let replace = |there: &str| Ok(self.force || asks && ask::yes(there)?);
        let copy = client.install(&file, &self.name, &server, &replace)?;
        if let Some(copy) = copy {
            say(&format!("kept the old one as {}", copy.display()));
        }
        say(&format!("put {:?} into {}; {}", self.name, file.display(), client.then()));
        Ok(())
    }
}

const UNSEEN: &str = "not shown by the site; the user's rights are asked for instead";

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
    eprintln!("{line}");
}

/// An inside that can ask the site who its user is, and no more.
fn app(erpnext: &Value) -> anyhow::Result<Connection> {
    let user = json!({"read": true, "allowed_fields": ["full_name", "roles"]});
    let whole = json!({"erpnext": erpnext, "permissions": {"doctypes": {"User": user}}});
    serve::connection_without_log(&Config::from_text(&whole.to_string())?)
}

/// Says who the key belongs to, and in which roles.
async fn greet(connection: &Connection) -> anyhow::Result<()> {
    let user = match connection.session().user_name().await {
        Ok(user) => user,
        Err(error) => {
            let words = error.messages().join("; ");
            bail!(
                "{}: {}{}{words}\nnothing was written; `erpnext-mcp init --help` shows what can be given",
                connection.session().caller.site.as_str(),
                error.what(),
                if words.is_empty() { "" } else { ": " }
            );
        }
    };
    say(&format!("{} takes the key; it is {user}'s", connection.session().caller.site.as_str()));
    let permit = connection
        .session()
        .permit(Operation::Read, "User")
        .await
        .map_err(|error| anyhow::anyhow!(error.for_model()))?;
    match connection.session().site.get(&permit, user).await {
        Ok(answer) => {
            let roles = roles(&answer.data);
            say(&format!("roles: {}", if roles.is_empty() { UNSEEN.to_owned() } else { roles.join(", ") }));
        }
        // Most users may not read what roles they have.
        Err(error) if matches!(error.kind(), Kind::Denied | Kind::Missing) => say(&format!("roles: {UNSEEN}")),
        Err(error) => bail!("the user {user} cannot be read: {}", error.what()),
    }
    if user == "Administrator" {
        say("Administrator may do everything; create a user with the roles that are needed, and use its key");
    }
    Ok(())
}

fn roles(user: &Map<String, Value>) -> Vec<&str> {
    let rows = user.get("roles").and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(|row| row["role"].as_str()).collect()
}
