//! A tripwire: `generated/` must come from the snapshot and the choices that stand beside it. Writes no files.

#[path = "schema/src/fingerprint.rs"]
mod fingerprint;

use std::error::Error;
use std::fs;
use std::path::Path;

const INDEX: &str = "generated/src/index.rs";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A published crate carries neither: there is nothing to compare.
    if !root.join("schema/snapshot").is_dir() || !root.join(INDEX).is_file() {
        return Ok(());
    }
    for input in ["schema/snapshot", "codegen/codegen.toml", INDEX] {
        println!("cargo::rerun-if-changed={input}");
    }
    let index = fs::read_to_string(root.join(INDEX))?;
    let written = index.split_once("FINGERPRINT: &str = \"").and_then(|(_, rest)| rest.split('"').next());
    let found = fingerprint::Fingerprint::of_inputs(root)?.hex();
    if written != Some(found.as_str()) {
        return Err("generated/ does not come from this snapshot; run `cargo run -p codegen -- generate`".into());
    }
    Ok(())
}
