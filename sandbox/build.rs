//! Puts the snapshots' files beside the code, compressed: the sandbox tells the metadata as the site told it, layout included.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// How many DocTypes are compressed together: what one says, its neighbours and the other versions say as well.
const TOGETHER: usize = 8;

fn main() -> io::Result<()> {
    let directory = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let snapshot = directory.join("../schema/snapshot");
    println!("cargo::rerun-if-changed={}", snapshot.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    // The folders are named after the versions' numbers.
    let mut texts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut versions = fs::read_dir(&snapshot)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    versions.sort();
    for folder in versions.iter().filter(|folder| folder.is_dir()) {
        let number = folder.file_name().unwrap_or_default().to_string_lossy();
        for (name, text) in doctypes(folder)? {
            texts.entry(name).or_default().push((number.to_string(), text));
        }
    }
    let mut code = String::from("&[\n");
    for (group, texts) in texts.into_iter().collect::<Vec<_>>().chunks(TOGETHER).enumerate() {
        let packed = out.join(format!("{group}.deflated"));
        let mut encoder = DeflateEncoder::new(fs::File::create(&packed)?, Compression::best());
        let (mut parts, mut start) = (String::new(), 0);
        for (name, versions) in texts {
            for (number, text) in versions {
                encoder.write_all(text.as_bytes())?;
                let end = start + text.len();
                let _ = write!(parts, "({name:?}, {number}, {start}, {end}), ");
                start = end;
            }
        }
        encoder.finish()?;
        let _ = writeln!(code, "(&[{parts}], include_bytes!({:?})),", packed.display().to_string());
    }
    code.push(']');
    fs::write(out.join("snapshot.rs"), code)
}

/// The DocTypes of a snapshot: the name of each, and its file.
fn doctypes(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let mut doctypes = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        // The writer of the snapshot puts the name on the second line of every DocType's file.
        let name = text.lines().nth(1).and_then(|line| line.trim().strip_prefix("\"name\": "));
        if let Some(name) = name.map(|name| name.trim_matches([',', '"']).to_owned()) {
            doctypes.push((name, text));
        }
    }
    Ok(doctypes)
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
