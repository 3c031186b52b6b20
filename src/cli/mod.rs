//! The command line.

mod audit;
mod check;
mod config;
mod demo;
mod doctor;
mod init;
mod print;
mod serve;
mod simulate;
mod texts;
mod tools;
mod tour;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  erpnext-mcp init                           set up: asks for site and key, writes the configuration
  erpnext-mcp                                serve MCP over stdio
  erpnext-mcp --config sales.json            the same with another configuration
  erpnext-mcp --toolsets selling --read-only list only the tools of a module; permit nothing that writes
  erpnext-mcp tools                          what the list of tools costs, and what to change
  ERPNEXT_URL=https://erp.example.com ERPNEXT_API_KEY=… ERPNEXT_API_SECRET=… erpnext-mcp --config config/full-access.json
  erpnext-mcp demo                           try it without a site: sample data, a tour in a terminal
  erpnext-mcp demo --site-only --port 8000   only the sample site, for other programs
  erpnext-mcp check                          whether the configuration names what there is; --live asks the site
  erpnext-mcp doctor                         whether it all works: site, key, rights, fields, audit log
  erpnext-mcp config example > config.json   a configuration to start from
  source <(erpnext-mcp completions bash)     complete arguments in this shell
  erpnext-mcp audit verify                   whether the audit log is whole; exit code 1 where it is not

Environment (wins over the file):
  ERPNEXT_URL, ERPNEXT_API_KEY, ERPNEXT_API_SECRET   the site and its key
  MCP_LOG_LEVEL                                      off, error, warn, info, debug, trace; to stderr
  MCP_AUDIT_ENABLED                                  true or false";

/// Safe, typed access to ERPNext for language models, over the Model Context Protocol.
#[derive(Debug, Parser)]
#[command(name = "erpnext-mcp", version, after_help = EXAMPLES)]
pub struct Cli {
    /// The configuration file [default: config/config.json, else the user's own, else the environment alone]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    choice: tools::Choice,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP over standard input and output (the default)
    Serve,
    /// The tools that a client is shown under the configuration, and what each costs in tokens
    Tools(tools::Tools),
    /// Try it: a small site with sample data in this program, and MCP over it; in a terminal, a tour
    Demo(demo::Demo),
    /// Set up: test the site and key, propose what to open, write the configuration, connect a client
    Init(init::Init),
    /// Check the configuration: unknown names, void operations, withheld fields that can be read elsewhere
    Check(check::Check),
    /// Look at everything between here and a working site: connection, rights, fields, tools, audit log
    Doctor(doctor::Doctor),
    /// About the configuration file: an example, its JSON Schema
    #[command(subcommand)]
    Config(config::Question),
    /// Read the audit log: who did what, and whether it is whole
    #[command(subcommand)]
    Audit(audit::Question),
    /// Print what a shell loads to complete the arguments: source <(erpnext-mcp completions bash)
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page: erpnext-mcp man | man -l -
    Man {
        /// Of this subcommand
        subcommand: Vec<String>,
    },
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// What a person has to know, as one text.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Doctor(doctor) => return doctor.run(self.config.as_deref()),
            Command::Check(check) => return check.run(self.config.as_deref()),
            Command::Serve => serve::run(self.config.as_deref(), &self.choice),
            Command::Tools(tools) => tools.run(self.config.as_deref(), &self.choice),
            Command::Demo(demo) => demo.run(),
            Command::Init(init) => init.run(self.config.as_deref()),
            Command::Completions { shell } => texts::completions(shell),
            Command::Man { subcommand } => texts::man(&subcommand),
            Command::Config(question) => config::run(&question),
            Command::Audit(question) => audit::run(&question, self.config.as_deref()),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}
