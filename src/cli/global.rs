//! The flags that all commands share: the one place that takes them, and that reads a configuration with them.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::Context;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Command};
use erpnext_mcp::config::{Config, Site};
use erpnext_mcp::tool::listing::{known_toolsets, unknown_toolsets};
use erpnext_mcp::tools::is_known;
use erpnext_mcp::tools::published::taken;
use erpnext_schema::intern;
use serde_json::{Map, Value, json};

/// Where to go without a configuration.
const NOT_SET_UP: &str = "There is no configuration file. `erpnext-mcp init` sets up site, key, permissions and client; \
                          `erpnext-mcp demo` shows everything on a sample site.";

/// Where the help has these flags.
const EVERYWHERE: &str = "Options of every command";

/// Which configuration, and what of it, whatever the file says.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Global {
    /// The configuration file [default: config/config.json, else the user's own, else the environment alone]
    #[arg(long, value_name = "FILE", global = true, help_heading = EVERYWHERE)]
    pub config: Option<PathBuf>,
    /// List only the tools of these toolsets: modules such as selling,stock,accounts, or site,history,bulk,collaboration,more
    #[arg(long, value_name = "NAMES", value_delimiter = ',', global = true, help_heading = EVERYWHERE)]
    #[arg(value_parser = ToolsetNames, hide_possible_values = true)]
    toolsets: Vec<String>,
    /// The site of the configuration's `sites` that is meant
    #[arg(long, value_name = "NAME", global = true, help_heading = EVERYWHERE)]
    site: Option<String>,
    /// Permit no writes
    // A value, for clients whose users tick a box.
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, action = ArgAction::Set)]
    #[arg(
        default_value_t = false,
        default_missing_value = "true",
        help_heading = EVERYWHERE,
        hide_default_value = true,
        hide_possible_values = true
    )]
    read_only: bool,
}

/// Takes any name, since what is wrong with one is told with the configuration; shells propose those there are.
#[derive(Clone, Debug)]
struct ToolsetNames;

impl TypedValueParser for ToolsetNames {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(known_toolsets().into_iter().map(|name| PossibleValue::new(intern::text(&name)))))
    }
}

/// A flag that a command can refuse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flag {
    /// `--config`
    Config,
    /// `--site`
    Site,
    /// `--toolsets`
    Toolsets,
    /// `--read-only`
    ReadOnly,
}

impl Global {
    /// The site of the file's `sites` that is meant.
    pub fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// The configuration with which the site is asked.
    pub fn load(&self) -> anyhow::Result<Config> {
        let config = Config::load(self.config.as_deref(), &|name| std::env::var(name).ok());
        let config = config.map_err(|errors| match errors.file {
            // What to do comes first: most of those who read this have not begun yet.
            None => anyhow::anyhow!("{NOT_SET_UP}\n{errors}"),
            Some(_) => anyhow::Error::new(errors),
        });
        self.onto(config?)
    }

    /// Where to go, if there is no configuration file.
    pub fn not_set_up(&self) -> Option<&'static str> {
        let file = Config::file(self.config.as_deref(), &|name| std::env::var(name).ok());
        file.is_none().then_some(NOT_SET_UP)
    }

    /// The configuration for what asks no site, and so needs no key.
    pub fn load_offline(&self) -> anyhow::Result<Config> {
        self.onto(Config::load_offline(self.config.as_deref(), &|name| std::env::var(name).ok())?)
    }

    /// A configuration with what the command line says, once all its toolsets are known ones and what it publishes has names
    /// of its own.
    pub fn onto(&self, mut config: Config) -> anyhow::Result<Config> {
        if let Some(name) = &self.site {
            let names = config.sites.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let site = config.sites.remove(name);
            let site = site.with_context(|| match names.as_str() {
                "" => format!("--site {name}: the configuration has no `sites`; leave --site out"),
                names => format!("--site {name}: the configuration has no such site; it has: {names}"),
            })?;
            config = Config {
                http: config.http,
                log_level: config.log_level,
                log_format: config.log_format,
                warnings: config.warnings,
                ..site.config
            };
        }
        let sites = std::mem::take(&mut config.sites);
        let onto = |(name, site): (String, Site)| {
            let config = self.within(site.config).with_context(|| format!("sites.{name}"))?;
            Ok((name, Site { config, ..site }))
        };
        let sites = sites.into_iter().map(onto).collect::<anyhow::Result<_>>()?;
        Ok(Config { sites, ..self.within(config)? })
    }

    /// The configuration of one site with what the command line says of tools.
    fn within(&self, mut config: Config) -> anyhow::Result<Config> {
        if !self.toolsets.is_empty() {
            config.tools.toolsets.clone_from(&self.toolsets);
        }
        config.tools.read_only |= self.read_only;
        let of_tools =
            unknown_toolsets(&config.tools.toolsets).into_iter().map(|line| format!("tools.toolsets: {line}"));
        let of_tokens = config.sign_in.tokens.iter().map(|(name, token)| ("tokens", name, &token.narrowing));
        let people = config.sign_in.idp.iter().flat_map(|idp| &idp.users);
        let of_people = people.map(|(name, person)| ("idp.users", name, &person.narrowing));
        let of_tokens = of_tokens.chain(of_people).flat_map(|(of, name, narrowing)| {
            let unknown = unknown_toolsets(narrowing.toolsets.iter().flatten());
            unknown.into_iter().map(move |line| format!("sign_in.{of}.{name}.toolsets: {line}"))
        });
        let wrong: Vec<String> = of_tools.chain(of_tokens).chain(taken(&config, is_known)).collect();
        anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(config)
    }

    /// The section `tools` of a configuration that says the same; none where nothing was said.
    pub fn section(&self) -> Option<Value> {
        let mut section = Map::new();
        if !self.toolsets.is_empty() {
            section.insert("toolsets".to_owned(), json!(self.toolsets));
        }
        if self.read_only {
            section.insert("read_only".to_owned(), json!(true));
        }
        (!section.is_empty()).then_some(Value::Object(section))
    }

    /// Refuses flags that this command would not hold to.
    pub fn refuse(&self, command: &str, flags: &[Flag]) -> anyhow::Result<()> {
        for flag in flags {
            let (given, name) = match flag {
                Flag::Config => (self.config.is_some(), "--config"),
                Flag::Site => (self.site.is_some(), "--site"),
                Flag::Toolsets => (!self.toolsets.is_empty(), "--toolsets"),
                Flag::ReadOnly => (self.read_only, "--read-only"),
            };
            anyhow::ensure!(!given, "{command} takes no {name}: it would mean nothing there");
        }
        Ok(())
    }
}
