//! `manifest.json`: what the snapshot was taken from and what it holds; never the site's address or a user.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{Fingerprint, doctype_flag};
use serde::{Deserialize, Serialize};

/// The file, relative to the version's folder.
pub const FILE: &str = "manifest.json";

/// The manifest of one version; every map is sorted, so that the same snapshot gives the same bytes.
#[derive(Serialize, Deserialize, Default, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// App → version, `frappe` among them.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// What the files hold.
    #[serde(default)]
    pub counts: Counts,
    /// DocTypes that the site lists and does not give → why, as status and exception type.
    #[serde(default)]
    pub failures: BTreeMap<String, String>,
    /// [`Fingerprint`] of the files, sorted by path.
    #[serde(default)]
    pub fingerprint: String,
}

/// What the files hold.
#[derive(Serialize, Deserialize, Default, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Counts {
    pub doctypes: usize,
    pub child_tables: usize,
    pub singles: usize,
    pub submittable: usize,
    pub trees: usize,
    pub r#virtual: usize,
    pub custom: usize,
    /// Every field of every form.
    pub fields: usize,
    /// Those that a document carries a value for.
    pub fields_with_values: usize,
}

/// One file of the snapshot: its text and what the text says.
#[derive(Clone)]
pub struct File {
    pub text: String,
    pub doctype: DocType,
}

impl Manifest {
    /// Describes the files, which are keyed by their path relative to the version's folder, with `/`.
    pub fn of(
        files: &BTreeMap<String, File>,
        versions: BTreeMap<String, String>,
        failures: BTreeMap<String, String>,
    ) -> Self {
        let fingerprint = files.iter().fold(Fingerprint::default(), |sum, (path, file)| sum.file(path, &file.text));
        Self { versions, counts: Counts::of(files.values()), failures, fingerprint: fingerprint.hex() }
    }

    /// ERPNext's version as the site told it, else Frappe's; empty where there is neither.
    pub fn number(&self) -> String {
        self.versions.get("erpnext").or_else(|| self.versions.get("frappe")).cloned().unwrap_or_default()
    }

    /// The manifest on disk. One that is missing or not understood counts as empty: the next refresh writes it anew.
    pub fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice: names and numbers only.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl Counts {
    fn of<'a>(files: impl Iterator<Item = &'a File>) -> Self {
        let mut counts = Self::default();
        for doctype in files.map(|file| &file.doctype) {
            let one = |flag: u32| usize::from(doctype.flags & flag != 0);
            counts.doctypes += 1;
            counts.child_tables += one(doctype_flag::CHILD);
            counts.singles += one(doctype_flag::SINGLE);
            counts.submittable += one(doctype_flag::SUBMITTABLE);
            counts.trees += one(doctype_flag::TREE);
            counts.r#virtual += one(doctype_flag::VIRTUAL);
            counts.custom += one(doctype_flag::CUSTOM);
            counts.fields += doctype.fields.len();
            counts.fields_with_values += doctype.fields.iter().filter(|field| field.kind.holds_value()).count();
        }
        counts
    }
}
