//! `generate`: snapshot and choices → `generated/`.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use erpnext_schema::{FieldKind, Fingerprint, Version};

use crate::choices::Choices;
use crate::ir::Ir;
use crate::manifest::Manifest;
use crate::{emit, fixups, load, lower, merge, write};

/// The command that mends what `--check` finds.
const COMMAND: &str = "cargo run -p codegen -- generate";

/// What was generated, counted.
#[derive(Debug)]
pub struct Summary {
    /// Tables: the DocTypes of all versions.
    pub doctypes: usize,
    /// Data fields of the forms.
    pub fields: usize,
    /// Tools.
    pub tools: usize,
    /// Selects that have an enum.
    pub choice_enums: usize,
    /// Selects that stay text: they name no choices, or some that make no Rust names.
    pub text_selects: usize,
    /// Files written or removed.
    pub changed: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doctypes, fields, tools, choice_enums, text_selects, changed } = self;
        write!(f, "{doctypes} DocTypes, {fields} fields, {tools} tools; {choice_enums} Selects as enums, ")?;
        write!(f, "{text_selects} as text; {changed} files changed")
    }
}

/// Generates everything below `root`; with `check` nothing is written.
///
/// # Errors
/// All at once, as `DocType.field: reason`; with `check` also the files that differ.
pub fn run(root: &Path, check: bool) -> anyhow::Result<Summary> {
    let choices = Choices::load(root)?;
    let mut snapshots = load::load_all(root)?;
    let mut errors = Vec::new();
    fixups::apply(&mut snapshots, &choices.filled, &mut errors);
    let ir = lower::lower(merge::merge(&snapshots), &choices, &mut errors);
    if !errors.is_empty() {
        bail!("{} errors, nothing written:\n{}", errors.len(), errors.join("\n"));
    }
    let site = |version: Version| Manifest::read(&root.join(load::folder(version))).number();
    let sites = snapshots.iter().map(|(version, _)| (*version, site(*version))).collect();
    let source = emit::Source { fingerprint: Fingerprint::of_inputs(root)?.hex(), sites };
    let files = emit::emit(&ir, &source).map_err(anyhow::Error::msg)?;
    let generated = root.join("generated");
    let texts = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let mut changes = write::sync(&generated.join("src"), texts, check)?;
    let manifest = generated.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    if write::put(&manifest, &with_features(&text, &ir), check)? {
        changes.written.push("../Cargo.toml".into());
    }
    if check && !changes.is_empty() {
        let list = |label: &str, paths: &[std::path::PathBuf]| -> String {
            paths.iter().map(|path| format!("\n  {label} generated/src/{}", path.display())).collect()
        };
        let (written, removed) = (list("differs:", &changes.written), list("too many:", &changes.removed));
        bail!("generated/ is stale; run `{COMMAND}`{written}{removed}");
    }
    Ok(summary(&ir, changes.written.len() + changes.removed.len()))
}

fn summary(ir: &Ir, changed: usize) -> Summary {
    let choice_enums = ir.items.iter().map(|item| item.choices.len()).sum();
    let members = ir.items.iter().flat_map(|item| &item.fields);
    let selects = members.filter(|member| member.def.kind == FieldKind::Select).count();
    Summary {
        doctypes: ir.items.len(),
        fields: ir.items.iter().map(|item| item.fields.len() - item.def.standard_fields().len()).sum(),
        tools: ir.items.iter().map(|item| item.def.tools.len()).sum(),
        choice_enums,
        text_selects: selects - choice_enums,
        changed,
    }
}

/// The manifest with one feature for each module's structs; what stands before is left as it is.
fn with_features(manifest: &str, ir: &Ir) -> String {
    const HEAD: &str = "# Written by codegen from here on: the structs of each module.\n[features]\n";
    let own = manifest.find(HEAD).map_or(manifest, |at| &manifest[..at]).trim_end();
    let default = ir.default.iter().map(|module| format!("    \"{module}\",\n")).collect::<String>();
    let features: String = ir.modules().iter().map(|module| format!("{module} = []\n")).collect();
    format!("{own}\n\n{HEAD}default = [\n{default}]\n{features}")
}

#[cfg(test)]
mod tests;
