//! `erpnext-mcp completions` and `man`: what packages ship beside the program, made from its own arguments.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

/// Generates shell completions.
pub fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "erpnext-mcp", &mut text);
    Ok(std::io::stdout().lock().write_all(&text)?)
}

/// Prints the man page of the program, or of one subcommand (`init`, `audit verify`).
pub fn man(path: &[String]) -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    for name in path {
        let below = command.find_subcommand(name).cloned();
        command =
            below.ok_or_else(|| anyhow::anyhow!("there is no subcommand {name}; `erpnext-mcp --help` lists them"))?;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(std::io::stdout().lock().write_all(&text)?)
}
