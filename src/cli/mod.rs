//! The command line.

mod audit;
mod demo;
mod serve;
mod tools;
mod tour;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  erpnext-mcp                                serve MCP over stdio; config/config.json or the environment
  erpnext-mcp --config sales.json            the same with another configuration
  erpnext-mcp --toolsets selling --read-only list only the tools of a module; permit nothing that writes
  erpnext-mcp tools                          what the list of tools costs, and what to change
  ERPNEXT_URL=https://erp.example.com ERPNEXT_API_KEY=… ERPNEXT_API_SECRET=… erpnext-mcp --config config/full-access.json
  erpnext-mcp demo                           try it without a site: sample data, a tour in a terminal
  erpnext-mcp demo --site-only --port 8000   only the sample site, for other programs
  erpnext-mcp audit verify                   whether the audit log is whole; exit code 1 where it is not

Environment (wins over the file):
  ERPNEXT_URL, ERPNEXT_API_KEY, ERPNEXT_API_SECRET   the site and its key
  MCP_LOG_LEVEL                                      off, error, warn, info, debug, trace; to stderr
  MCP_AUDIT_ENABLED                                  true or false";

/// Safe, typed access to ERPNext for language models, over the Model Context Protocol.
#[derive(Debug, Parser)]
#[command(name = "erpnext-mcp", version, after_help = EXAMPLES)]
pub struct Cli {
    /// The configuration file [default: config/config.json where it exists, else the environment alone]
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
    /// Read the audit log: who did what, and whether it is whole
    #[command(subcommand)]
    Audit(audit::Question),
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// What a person has to know, as one text.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(self.config.as_deref(), &self.choice),
            Command::Tools(tools) => tools.run(self.config.as_deref(), &self.choice),
            Command::Demo(demo) => demo.run(),
            Command::Audit(question) => audit::run(&question, self.config.as_deref()),
        }
    }
}
