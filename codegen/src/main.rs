//! `codegen`: pulls DocType metadata from a site into `schema/snapshot` and writes `generated/` from it.

mod add;
mod choices;
mod cli;
mod diff;
mod generate;
mod load;
mod manifest;
mod refresh;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
