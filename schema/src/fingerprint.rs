//! One number over many texts, to tell whether the snapshot and what was generated from it still belong together.
//!
//! The build script includes this file as a module of its own: it uses nothing but the standard library.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// FNV-1a over names and texts: stable across machines and releases, not meant against an attacker.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Adds one file; the order of the files counts.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        let bytes = name.bytes().chain([0]).chain(text.bytes()).chain([0]);
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    /// What `generated/` is made from: `schema/snapshot/<version>/<module>/*.json` in the order of their paths, then
    /// `codegen/codegen.toml`, all below the repository's root.
    ///
    /// # Errors
    /// A file or directory that cannot be read.
    pub fn of_inputs(root: &Path) -> io::Result<Self> {
        let mut files: Vec<(String, PathBuf)> = Vec::new();
        let snapshot = root.join("schema/snapshot");
        for version in folders(&snapshot)? {
            for module in folders(&version)? {
                for file in fs::read_dir(module)? {
                    let file = file?.path();
                    let below = file.strip_prefix(&snapshot).unwrap_or(&file).iter().map(|part| part.to_string_lossy());
                    let name = below.collect::<Vec<_>>().join("/");
                    if name.ends_with(".json") {
                        files.push((name, file));
                    }
                }
            }
        }
        files.sort();
        files.push(("codegen.toml".to_owned(), root.join("codegen/codegen.toml")));
        let add = |sum: Self, (name, path): (String, PathBuf)| Ok(sum.file(&name, &fs::read_to_string(path)?));
        files.into_iter().try_fold(Self::default(), add)
    }

    /// Sixteen hexadecimal digits.
    pub fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The folders in a folder.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().map(fs::DirEntry::path).filter(|path| path.is_dir()).collect())
}
