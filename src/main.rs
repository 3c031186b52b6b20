//! The `erpnext-mcp` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;
#[cfg(feature = "file-texts")]
use erpnext_mcp::extract;

fn main() -> ExitCode {
    #[cfg(feature = "file-texts")]
    {
        if std::env::args_os().nth(1).is_some_and(|first| first == extract::ARGUMENT) {
            return extract::child();
        }
        // The program that runs, also where a newer one lies in its place by now.
        let running = std::path::PathBuf::from("/proc/self/exe");
        if running.exists() {
            extract::by(running);
        } else if let Ok(program) = std::env::current_exe() {
            extract::by(program);
        }
    }
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("erpnext-mcp: {error:#}");
            ExitCode::FAILURE
        }
    }
}
