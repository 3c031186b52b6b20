//! The flags that all commands share: the one place that takes them, and that reads a configuration with them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Command};
use erpnext_mcp::config::{Config, Pattern, Site};
use erpnext_mcp::tool::listing::{known_toolsets, unknown_toolsets};
use erpnext_mcp::tools::published::taken;
use erpnext_mcp::tools::{is_known, names};
use erpnext_schema::{intern, nearest};
use serde_json::{Map, Value, json};

/// Where to go without a configuration.
const NOT_SET_UP: &str = "There is no configuration file. `erpnext-mcp init` sets up site, key, permissions and client; \
                          `erpnext-mcp demo` shows everything on a sample site.";

/// What of the environment wins over the file.
const VARIABLES: [&str; 10] = [
    "ERPNEXT_URL",
    "ERPNEXT_API_KEY",
    "ERPNEXT_API_SECRET",
    "MCP_LOG_LEVEL",
    "MCP_AUDIT_ENABLED",
    "MCP_AUDIT_REPLICA",
    "MCP_REDIS_URL",
    "MCP_REDIS_KEY",
    "MCP_OAUTH_CLIENT_SECRET",
    "MCP_OAUTH_KEY",
];

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
        let sites: BTreeMap<String, Site> = sites.into_iter().map(onto).collect::<anyhow::Result<_>>()?;
        let mut config = self.within(config)?;
        let of_sites = sites
            .iter()
            .flat_map(|(name, site)| site.config.warnings.iter().map(move |warning| format!("sites.{name}.{warning}")));
        config.warnings.extend(of_sites);
        Ok(Config { sites, ..config })
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
        let unmeant = unmeant(&config);
        config.warnings.extend(unmeant);
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

/// What `tools.include` and `tools.exclude` name and no tool is called, a line each.
fn unmeant(config: &Config) -> Vec<String> {
    let lists = [("include", &config.tools.include), ("exclude", &config.tools.exclude)];
    let named = lists.into_iter().flat_map(|(key, patterns)| patterns.iter().map(move |pattern| (key, pattern)));
    let named: Vec<(&str, &Pattern)> = named.collect();
    if named.is_empty() {
        return Vec::new();
    }
    let mut there: Vec<&str> = names().collect();
    there.extend(config.publish.keys().map(String::as_str));
    let unmeant = named.into_iter().filter(|(_, pattern)| !there.iter().any(|name| pattern.matches(name)));
    let told = unmeant.map(|(key, pattern)| {
        let pattern = pattern.to_string();
        let near = nearest(&pattern, there.iter().copied()).map(|near| format!(", the nearest is {near}"));
        format!("tools.{key}: {pattern}: no tool is called so{}; correct it, or take it out", near.unwrap_or_default())
    });
    told.collect()
}

/// Where the configuration stands; beside a file, the variables that win over it.
pub fn told_place(file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> String {
    let Some(file) = file else { return "the environment".to_owned() };
    let is_set = |name: &&str| env(name).is_some_and(|value| !value.trim().is_empty());
    match &*VARIABLES.into_iter().filter(is_set).collect::<Vec<_>>() {
        [] => file.display().to_string(),
        [one] => format!("{}; {one} of the environment wins over it", file.display()),
        set => format!("{}; {} of the environment win over it", file.display(), set.join(", ")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use erpnext_mcp::config::Config;
    use serde_json::json;

    use super::{Global, VARIABLES, told_place};

    #[test]
    fn the_variables_that_win_over_the_file_are_named() {
        let file = Some(Path::new("c.json"));
        let told = |set: &[&str]| told_place(file, &|name| set.contains(&name).then(|| "x".to_owned()));
        assert_eq!(told(&[]), "c.json");
        assert_eq!(told(&["ERPNEXT_URL"]), "c.json; ERPNEXT_URL of the environment wins over it");
        assert!(
            told(&["ERPNEXT_URL", "MCP_LOG_LEVEL"])
                .ends_with("ERPNEXT_URL, MCP_LOG_LEVEL of the environment win over it")
        );
        assert_eq!(told_place(file, &|_| Some(" ".to_owned())), "c.json");
        assert_eq!(told_place(None, &|_| Some("x".to_owned())), "the environment");
        let reference = include_str!("../../docs/configuration.md");
        assert!(VARIABLES.iter().all(|name| reference.contains(&format!("`{name}`"))));
    }

    #[test]
    fn a_name_among_the_tools_that_no_tool_has_is_told_with_the_nearest() {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "key", "api_secret": "secret"});
        let tools = json!({"include": ["list_custmer_documents", "run_report"], "exclude": ["delete_*", "drop_*"]});
        let mut site = erpnext.clone();
        site["tools"] = json!({"exclude": ["cal_method"]});
        let file = json!({"erpnext": erpnext, "tools": tools, "sites": {"north": site}});
        let config = Global::default().onto(Config::from_text(&file.to_string()).unwrap()).unwrap();
        assert_eq!(
            config.warnings,
            [
                "tools.include: list_custmer_documents: no tool is called so, the nearest is list_customer_documents; \
                 correct it, or take it out",
                "tools.exclude: drop_*: no tool is called so; correct it, or take it out",
                "sites.north.tools.exclude: cal_method: no tool is called so, the nearest is call_method; correct it, \
                 or take it out",
            ]
        );
    }
}
