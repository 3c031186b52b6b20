//! Questions in a terminal. They go to stderr, so that standard output stays free for results.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use erpnext_schema::nearest;
use secrecy::SecretString;

/// Whether there is somebody to ask.
pub fn can() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn line(question: &str) -> anyhow::Result<String> {
    let _ = write!(std::io::stderr(), "{question}: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    if std::io::stdin().lock().read_line(&mut answer)? == 0 {
        bail!("nothing was written");
    }
    Ok(answer.trim().to_owned())
}

/// Text that `take` takes, asked for again with what is wrong with it until there is one; the default where nothing is said.
pub fn text<T>(question: &str, default: Option<&str>, take: impl Fn(&str) -> Result<T, String>) -> anyhow::Result<T> {
    let question = default.map_or_else(|| question.to_owned(), |default| format!("{question} [{default}]"));
    loop {
        let answer = line(&question)?;
        let answer = if answer.is_empty() { default.unwrap_or_default() } else { &answer };
        if answer.is_empty() {
            continue;
        }
        match take(answer) {
            Ok(taken) => return Ok(taken),
            Err(why) => {
                let _ = writeln!(std::io::stderr(), "{why}");
            }
        }
    }
}

/// Text that is not shown and that `fits`, asked for again with what is wrong with it.
pub fn secret(question: &str, fits: impl Fn(&str) -> Result<(), String>) -> anyhow::Result<SecretString> {
    loop {
        let answer = rpassword::prompt_password(format!("{question}: ")).context("the secret cannot be read")?;
        match answer.trim() {
            "" => {}
            answer => match fits(answer) {
                Ok(()) => return Ok(answer.into()),
                Err(why) => eprintln!("the secret that was typed: {why}"),
            },
        }
    }
}

/// Yes or no; no where nothing is said.
pub fn yes(question: &str) -> anyhow::Result<bool> {
    Ok(matches!(line(&format!("{question} [y/N]"))?.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// One of these; the default where nothing is said.
pub fn one_of(question: &str, default: &str, choices: &[&str]) -> anyhow::Result<String> {
    loop {
        let answer = line(&format!("{question} [{default}]"))?;
        match answer.as_str() {
            "" => return Ok(default.to_owned()),
            answer if choices.contains(&answer) => return Ok(answer.to_owned()),
            wrong => match nearest(wrong, choices.iter().copied()) {
                Some(near) => {
                    let _ = writeln!(std::io::stderr(), "there is no {wrong}; did you mean {near}?");
                }
                None => {
                    let _ = writeln!(std::io::stderr(), "there is no {wrong}");
                }
            },
        }
    }
}
