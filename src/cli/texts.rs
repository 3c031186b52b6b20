//! `erpnext-mcp completions` and `man`: what packages ship beside the program, made from its own arguments.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

/// Generates shell completions.
pub fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut text = Vec::new();
    if shell == Shell::Bash {
        // For a name with a hyphen the generator writes two names that do not meet: only subcommands would be completed.
        clap_complete::generate(shell, &mut Cli::command().name(PLAIN), PLAIN, &mut text);
        let plain = String::from_utf8(text)?;
        let registered = |line: &str| match line.trim_start().starts_with("complete ") {
            true => line.replace(&format!(" {PLAIN}"), " erpnext-mcp"),
            false => line.to_owned(),
        };
        text = plain.split_inclusive('\n').map(registered).collect::<String>().into();
    } else {
        clap_complete::generate(shell, &mut Cli::command(), "erpnext-mcp", &mut text);
    }
    Ok(std::io::stdout().lock().write_all(&text)?)
}

/// The program's name without its hyphen.
const PLAIN: &str = "erpnext_mcp";

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
