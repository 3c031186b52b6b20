//! Puts the snapshots' files beside the code, compressed: the sandbox tells the metadata as the site told it, layout included.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> io::Result<()> {
    let directory = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let snapshot = directory.join("../schema/snapshot");
    println!("cargo::rerun-if-changed={}", snapshot.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    // A table for each version: the folders are named after their numbers.
    let mut code = String::from("&[\n");
    let mut versions = fs::read_dir(&snapshot)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    versions.sort();
    for folder in versions.iter().filter(|folder| folder.is_dir()) {
        let number = folder.file_name().unwrap_or_default().to_string_lossy();
        let _ = writeln!(code, "({number}, {}),", table(folder, &out, &number)?);
    }
    code.push(']');
    fs::write(out.join("snapshot.rs"), code)
}

/// `&[("Customer", include_bytes!("…/15.customer.json")), …]`, sorted by name.
fn table(folder: &Path, out: &Path, number: &str) -> io::Result<String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let mut entries = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        // The writer of the snapshot puts the name on the second line of every DocType's file.
        let name = text.lines().nth(1).and_then(|line| line.trim().strip_prefix("\"name\": "));
        if let Some(name) = name.map(|name| name.trim_matches([',', '"']).to_owned()) {
            let packed = out.join(format!("{number}.{}", file.file_name().unwrap_or_default().display()));
            let mut encoder = DeflateEncoder::new(fs::File::create(&packed)?, Compression::best());
            encoder.write_all(text.as_bytes())?;
            encoder.finish()?;
            entries.push((name, packed));
        }
    }
    entries.sort();
    let mut code = String::from("&[\n");
    for (name, file) in entries {
        let _ = writeln!(code, "({name:?}, include_bytes!({:?})),", file.display().to_string());
    }
    code.push(']');
    Ok(code)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.file_name().is_some_and(|name| name != "manifest.json") {
            files.push(path);
        }
    }
    Ok(())
}
