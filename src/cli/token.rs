//! `erpnext-mcp token`: tokens by which people and programs sign in over HTTP.

use std::io::Write;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use erpnext_mcp::hex::sha256;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

/// What is wanted.
#[derive(Debug, clap::Subcommand)]
pub enum Wanted {
    /// Make a token for somebody, to be given to them, and what to write into the configuration
    New {
        /// Who is to have it, as the audit log names them: a person, a program
        name: String,
    },
}

/// Does it.
pub fn run(wanted: &Wanted) -> anyhow::Result<()> {
    let Wanted::New { name } = wanted;
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok().context("the system has no random numbers")?;
    // The beginning lets scanners for leaked secrets, and people, know it.
    let token = format!("emcp_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let entry = json!({"sign_in": {"tokens": {name: {"sha256": sha256(token.as_bytes())}}}});
    let _ = writeln!(
        std::io::stderr(),
        "The configuration keeps only its hash, and so it cannot be shown again. Give {name} this token:"
    );
    writeln!(std::io::stdout().lock(), "{token}")?;
    let _ = writeln!(
        std::io::stderr(),
        "and write into the configuration, with api_key and api_secret if it is not to stand for erpnext.api_key:"
    );
    let _ = writeln!(std::io::stderr(), "{}", serde_json::to_string_pretty(&entry)?);
    Ok(())
}
