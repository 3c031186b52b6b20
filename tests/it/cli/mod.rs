//! The commands of the compiled program, as a person or a script runs them.

#[cfg(unix)]
mod broken;
mod check;
mod developer;
mod doctor;
mod init;
mod overlay;
mod publish;
#[cfg(unix)]
mod terminal;
mod texts;

use std::path::Path;
use std::process::Stdio;

use erpnext_schema::snapshot::Field;
use erpnext_schema::{FieldKind, flag};
use serde_json::Value;
use tokio::process::Command;

use crate::sandbox::SampleSite;

/// What a command left behind.
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {}{}", self.stdout, self.stderr))
    }
}

/// Runs the program in a folder that is its home too, with these variables and none of this process's own for it, and
/// nobody to ask.
pub async fn run(folder: &Path, env: &[(&str, &str)], arguments: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["ERPNEXT_", "MCP_", "XDG_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.env("HOME", folder).envs(env.iter().copied()).args(arguments).current_dir(folder);
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Adds a field to a DocType of the site, as its people would.
pub fn add_custom_field(site: &SampleSite, doctype: &str, fieldname: &str, choices: &str) {
    let field = custom(fieldname, FieldKind::Select);
    add(site, doctype, Field { options: Some(choices.to_owned()), ..field });
}

/// Adds a field that is filled from a document which is linked to.
pub fn add_copy(site: &SampleSite, doctype: &str, fieldname: &str, from: &str) {
    let field = custom(fieldname, FieldKind::Data);
    add(site, doctype, Field { fetch_from: Some(from.to_owned()), ..field });
}

fn custom(fieldname: &str, kind: FieldKind) -> Field {
    Field {
        fieldname: fieldname.to_owned(),
        kind,
        label: Some("Segment".to_owned()),
        options: None,
        default: None,
        fetch_from: None,
        length: 0,
        precision: None,
        permlevel: 0,
        flags: flag::CUSTOM,
        description: None,
    }
}

fn add(site: &SampleSite, doctype: &str, field: Field) {
    let added = site.sandbox.with(|site| {
        let mut form = site.meta.form(doctype).unwrap().clone();
        form.fields.retain(|known| known.fieldname != field.fieldname);
        form.fields.push(field);
        site.meta.set(form);
        Ok(())
    });
    added.unwrap();
}
