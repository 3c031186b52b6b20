//! `codegen`: pulls DocType metadata from a site into `schema/snapshot` and writes `generated/` from it.

mod add;
mod choices;
mod cli;
mod diff;
mod emit;
mod fixups;
mod generate;
mod ir;
mod load;
mod lower;
mod manifest;
mod merge;
mod migration;
mod naming;
mod refresh;
mod stock;
mod tool_names;
mod write;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
