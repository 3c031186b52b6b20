//! The command line: its subcommands, and the options that they share.

mod audit;
mod check;
mod config;
#[cfg(feature = "sandbox")]
mod demo;
#[cfg(not(feature = "sandbox"))]
#[path = "no_demo.rs"]
mod demo;
mod doctor;
mod doctor_http;
mod doctor_keys;
mod global;
mod health;
mod init;
mod installed;
mod newer;
mod opened;
mod print;
mod publish;
mod serve;
mod simulate;
mod texts;
mod token;
mod tools;
#[cfg(feature = "sandbox")]
mod tour;
mod tried;
mod unreached;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use global::{Flag, Global};

const EXAMPLES: &str = "\
Examples:
  erpnext-mcp init                           set up: ask for site and key, write the configuration
  erpnext-mcp                                serve MCP over stdio
  erpnext-mcp --config sales.json            the same with another configuration
  erpnext-mcp serve --http 127.0.0.1:8080    serve MCP over HTTP
  erpnext-mcp --toolsets selling --read-only list only the tools of a module; permit no writes
  erpnext-mcp tools                          list the tools and their cost in tokens
  ERPNEXT_URL=https://erp.example.com ERPNEXT_API_KEY=… ERPNEXT_API_SECRET=… erpnext-mcp --config config/full-access.json
  erpnext-mcp demo                           try it without a site: sample data, and a tour in a terminal
  erpnext-mcp demo --site-only --port 8000   run only the sample site, for other programs
  erpnext-mcp check                          find names that do not exist; --live asks the site
  erpnext-mcp doctor                         test the set-up: site, key, rights, fields, audit log
  erpnext-mcp publish                        propose tools of your own from the reports, saved filters and methods that there are
  erpnext-mcp config example > config.json   write a configuration to start from
  erpnext-mcp config migrate                 tell what changes in a configuration of an older version
  source <(erpnext-mcp completions bash)     complete arguments in this shell
  erpnext-mcp audit verify                   verify the audit log; exit code 1 if a line is missing or changed

Environment (wins over the file):
  ERPNEXT_URL, ERPNEXT_API_KEY, ERPNEXT_API_SECRET   the site and its key
  MCP_LOG_LEVEL                                      off, error, warn, info, debug, trace; to stderr
  MCP_AUDIT_ENABLED                                  true or false
  MCP_AUDIT_REPLICA                                  the name of this server among several
  MCP_REDIS_URL, MCP_REDIS_KEY                       what several servers share (serve --http)
  MCP_OAUTH_CLIENT_SECRET, MCP_OAUTH_KEY             for people who sign in by OAuth (serve --http)";

/// Safe, typed access to ERPNext for language models, over the Model Context Protocol.
#[derive(Debug, Parser)]
#[command(name = "erpnext-mcp", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP over standard input and output (the default), or over HTTP
    Serve(serve::Serve),
    /// List the tools that a client sees under this configuration, with their cost in tokens
    Tools(tools::Tools),
    /// Serve MCP over a sample site inside this program; in a terminal, take a tour of it
    Demo(demo::Demo),
    /// Set up: test the site and key, propose permissions, write the configuration, connect a client
    Init(init::Init),
    /// Check the configuration: unknown names, operations without effect, withheld fields that can be read elsewhere
    Check(check::Check),
    /// Test the whole set-up: connection, rights, fields, reports, tools, audit log
    Doctor(doctor::Doctor),
    /// Ask the server that runs over HTTP with this configuration whether it lives; exit code 1 if it does not
    Health,
    /// Propose tools of your own from the reports, saved filters and methods that there are
    Publish(publish::Publish),
    /// Print an example of the configuration file, its JSON Schema or its reference; migrate an older file
    #[command(subcommand)]
    Config(config::Question),
    /// Read and verify the audit log
    #[command(subcommand)]
    Audit(audit::Question),
    /// Make a token by which somebody signs in over HTTP
    #[command(subcommand)]
    Token(token::Wanted),
    /// Generate shell completions: source <(erpnext-mcp completions bash)
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Generate the man page: erpnext-mcp man | man -l -
    Man {
        /// The subcommand
        subcommand: Vec<String>,
    },
}

impl Command {
    /// Its name, and the flags that it would not hold to: each command either does or refuses them.
    fn refused(&self) -> (&'static str, &'static [Flag]) {
        use Flag::{Config, ReadOnly, Site, Toolsets};
        match self {
            Self::Serve(_) => ("serve", &[]),
            Self::Tools(_) => ("tools", &[]),
            Self::Check(_) => ("check", &[]),
            Self::Doctor(_) => ("doctor", &[]),
            Self::Init(_) => ("init", &[Site]),
            Self::Health => ("health", &[Site, Toolsets, ReadOnly]),
            Self::Publish(_) => ("publish", &[Toolsets, ReadOnly]),
            Self::Demo(demo) if demo.is_site_only() => ("demo --site-only", &[Config, Site, Toolsets, ReadOnly]),
            Self::Demo(_) => ("demo", &[Config, Site]),
            Self::Audit(_) => ("audit", &[Toolsets, ReadOnly]),
            Self::Config(question) if question.is_of_a_file() => ("config migrate", &[Site, Toolsets, ReadOnly]),
            Self::Config(_) => ("config", &[Config, Site, Toolsets, ReadOnly]),
            Self::Token(_) => ("token", &[Config, Site, Toolsets, ReadOnly]),
            Self::Completions { .. } => ("completions", &[Config, Site, Toolsets, ReadOnly]),
            Self::Man { .. } => ("man", &[Config, Site, Toolsets, ReadOnly]),
        }
    }
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// What a person has to know, as one text.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let global = self.global;
        let command = self.command.unwrap_or_else(|| Command::Serve(serve::Serve::default()));
        let (name, refused) = command.refused();
        global.refuse(name, refused)?;
        match command {
            Command::Doctor(doctor) => return doctor.run(&global),
            Command::Check(check) => return check.run(&global),
            Command::Serve(serve) => serve.run(&global),
            Command::Tools(tools) => tools.run(&global),
            Command::Demo(demo) => demo.run(&global),
            Command::Init(init) => init.run(&global),
            Command::Health => health::run(&global),
            Command::Publish(publish) => publish.run(&global),
            Command::Completions { shell } => texts::completions(shell),
            Command::Man { subcommand } => texts::man(&subcommand),
            Command::Token(wanted) => token::run(&wanted),
            Command::Config(question) => config::run(&question, &global),
            Command::Audit(question) => audit::run(&question, &global),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}
