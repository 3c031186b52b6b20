//! `refresh`: brings the snapshot up to date with a live site. The only part of the generator that uses the network.
//!
//! Everything is read before anything is written, so that a run that is interrupted leaves the snapshot as it was.

mod address;
mod fetch;
mod http;
mod pick;
mod progress;
pub mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use erpnext_schema::Version;
use erpnext_schema::snapshot::DocType;

pub use fetch::{Fetched, How};
pub use pick::{Listed, Wanted};

use crate::choices::Stock;
use crate::manifest::Manifest;
use crate::{load, stock};

/// The site, and the right to ask it.
pub struct Access {
    pub url: String,
    pub key: String,
    pub secret: String,
    pub allow_insecure_http: bool,
}

/// A site that has answered with its list of DocTypes and its version.
pub struct Connection {
    site: http::Site,
    pub listed: Vec<Listed>,
    /// The major version, which says where its snapshot stands.
    pub version: Version,
    /// App → version.
    versions: BTreeMap<String, String>,
}

impl Connection {
    /// Asks the site for its DocTypes, which tells a wrong address, key or role apart before anything else is done.
    ///
    /// # Errors
    /// One message with what to do.
    pub async fn open(access: &Access) -> anyhow::Result<Self> {
        let url = address::parse(&access.url, access.allow_insecure_http)?;
        let origin = url.origin().ascii_serialization();
        let site = http::Site::new(url, &access.key, &access.secret)?;
        let listed = site.list().await.map_err(|error| anyhow!("{origin}: {error}; {}", error.advice()))?;
        if listed.is_empty() {
            bail!("{origin}: the list of DocTypes is empty; use the key of a user with the role System Manager");
        }
        let versions = site.versions().await.map_err(|error| anyhow!("versions: {error}; {}", error.advice()))?;
        let version = versions.get("erpnext").or_else(|| versions.get("frappe")).map_or("", String::as_str);
        let version = version.parse().map_err(|unknown| anyhow!("{origin}: {unknown}"))?;
        Ok(Self { site, listed, version, versions })
    }

    /// Reads these DocTypes and their child tables.
    ///
    /// # Errors
    /// What makes going on pointless.
    pub async fn fetch(&self, wanted: BTreeSet<String>, how: How) -> anyhow::Result<Fetched> {
        fetch::fetch(&self.site, &self.listed, wanted, how).await
    }

    /// The names of all DocTypes of the site.
    pub fn names(&self) -> BTreeSet<&str> {
        self.listed.iter().map(|row| row.name.as_str()).collect()
    }
}

/// What was done, for people.
pub struct Outcome {
    /// Where the files stand, relative to the repository's root.
    pub folder: String,
    /// DocTypes read.
    pub doctypes: BTreeMap<String, DocType>,
    /// DocTypes not read in this run → why.
    pub failures: BTreeMap<String, String>,
    written: usize,
    removed: usize,
    vanished: Vec<String>,
}

/// What becomes of the files.
#[derive(Clone, Copy, Default)]
pub struct Keep<'a> {
    /// Leave out what sites add: see [`stock::strip`].
    pub stock: Option<&'a Stock>,
    /// Remove the files of DocTypes that the site no longer lists.
    pub prune: bool,
}

/// Brings the snapshot of the site's version up to date. DocTypes that are not wanted stay as they are.
///
/// # Errors
/// One message with what to do; the snapshot is then untouched, except where a file could not be written.
pub async fn run(root: &Path, access: &Access, wanted: &Wanted, how: How, keep: Keep<'_>) -> anyhow::Result<Outcome> {
    let connection = Connection::open(access).await?;
    let folder = load::folder(connection.version);
    let base = root.join(&folder);
    let names = wanted.names(&connection.listed)?;
    let Fetched { mut doctypes, mut failures } = connection.fetch(names, how).await?;
    let mut listed = connection.names();
    if let Some(stock) = keep.stock {
        for made in stock::strip(&mut doctypes, stock) {
            listed.remove(made.as_str());
        }
    }
    if doctypes.is_empty() {
        bail!("no DocType could be read\n{}", lines(&failures));
    }

    let mut plan =
        store::plan(store::read(&base)?, doctypes.clone(), &listed, keep.prune).with_context(|| folder.clone())?;
    failures.append(&mut plan.failures);
    // What failed before and was not tried now still fails, as far as anybody knows.
    let mut known = Manifest::read(&base).failures;
    known.retain(|name, _| listed.contains(name.as_str()) && !doctypes.contains_key(name));
    known.extend(failures.clone());
    let manifest = Manifest::of(&plan.after, connection.versions.clone(), known).to_text()?;
    store::apply(&base, &plan, &manifest)?;

    let (written, removed, vanished) = (plan.write.len(), plan.remove.len(), plan.vanished);
    Ok(Outcome { folder, doctypes, failures, written, removed, vanished })
}

impl Outcome {
    /// Tells on stderr what was done and what was not.
    pub fn report(&self, pruned: bool) {
        let read = self.doctypes.len();
        let unchanged = read.saturating_sub(self.written);
        let what = if read == 1 { "DocType" } else { "DocTypes" };
        eprintln!(
            "{}: {read} {what} read: {} written, {unchanged} unchanged; {} files removed",
            self.folder, self.written, self.removed
        );
        if !self.vanished.is_empty() && !pruned {
            eprintln!("no longer on the site (--prune removes them): {}", self.vanished.join(", "));
        }
        if !self.failures.is_empty() {
            eprintln!("{} not read:\n{}", self.failures.len(), lines(&self.failures));
        }
    }
}

/// Whether the DocType was read with `--descriptions`.
pub fn is_described(doctype: &DocType) -> bool {
    doctype.fields.iter().any(|field| field.description.is_some())
}

fn lines(failures: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = failures.iter().map(|(name, reason)| format!("  {name}: {reason}")).collect();
    lines.join("\n")
}
