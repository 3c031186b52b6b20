//! Writes `generated/` from the snapshot of a site's metadata.

mod choices;
mod emit;
mod fixups;
mod generate;
mod ir;
mod load;
mod lower;
mod naming;
mod tool_names;
mod write;

use std::path::Path;

use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Snapshot → generated/.
    Generate {
        /// Write nothing; fail where something would be written.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let Command::Generate { check } = Command::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    eprintln!("{}", generate::run(&root, check)?);
    Ok(())
}
