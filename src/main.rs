//! The `erpnext-mcp` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("erpnext-mcp: {error:#}");
            ExitCode::FAILURE
        }
    }
}
