//! The `erpnext-mcp` command.

mod cli;

use std::io::{ErrorKind, Write};
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
        // Whoever read has gone, as `head` does: there is nobody to tell. The code is that of programs that a pipe ends.
        Err(error) if is_unread(&error) => ExitCode::from(141),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "erpnext-mcp: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether it is about standard output: an error that stands alone, and none of a request's.
fn is_unread(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
