//! Reads the wanted DocTypes and their child tables, several at once, and goes on where one fails (H35).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use erpnext_schema::FieldKind;
use erpnext_schema::snapshot::DocType;
use serde_json::Value;
use tokio::task::JoinSet;

use super::http::{Error, Site};
use super::pick::Listed;
use super::progress::Progress;

/// So many DocTypes may fail for a passing reason; more, and the site is down rather than one DocType broken.
const PATIENCE: usize = 10;

/// What the site gave, by DocType.
#[derive(Default)]
pub struct Fetched {
    pub doctypes: BTreeMap<String, DocType>,
    /// DocType → why not.
    pub failures: BTreeMap<String, String>,
}

/// How to read.
#[derive(Clone, Copy)]
pub struct How {
    /// Requests at once.
    pub jobs: usize,
    /// Whether the fields' descriptions are kept.
    pub descriptions: bool,
}

enum Failure {
    Site(Error),
    Facts(String),
}

/// Reads the wanted DocTypes and, as their fields name them, their child tables.
///
/// A bundle carries the metadata of the child tables too. So the others go first, and a child table is asked for
/// only where no bundle brought it: 447 requests instead of 764 for a whole site.
///
/// # Errors
/// What makes going on pointless: the site is gone, the key no longer holds, failures without end.
pub async fn fetch(site: &Site, listed: &[Listed], mut wanted: BTreeSet<String>, how: How) -> anyhow::Result<Fetched> {
    let children: BTreeSet<&str> = listed.iter().filter(|row| row.child).map(|row| row.name.as_str()).collect();
    let mut fetched = Fetched::default();
    let mut progress = Progress::new();
    loop {
        let settled = |name: &String| fetched.doctypes.contains_key(name) || fetched.failures.contains_key(name);
        let open: Vec<String> = wanted.iter().filter(|name| !settled(name)).cloned().collect();
        if open.is_empty() {
            return Ok(fetched);
        }
        let (later, first): (Vec<_>, Vec<_>) = open.into_iter().partition(|name| children.contains(name.as_str()));
        let wave = if first.is_empty() { later } else { first };
        read_all(site, wave, &mut wanted, &mut fetched, &mut progress, how).await?;
    }
}

async fn read_all(
    site: &Site,
    wave: Vec<String>,
    wanted: &mut BTreeSet<String>,
    fetched: &mut Fetched,
    progress: &mut Progress,
    how: How,
) -> anyhow::Result<()> {
    let mut queue = wave.into_iter();
    let mut running = JoinSet::new();
    let mut passing = 0;
    loop {
        while running.len() < how.jobs.max(1)
            && let Some(name) = queue.next()
        {
            running.spawn(read_one(site.clone(), name, how.descriptions));
        }
        let Some(done) = running.join_next().await else { return Ok(()) };
        let (name, read) = done.context("a reader stopped")?;
        match read {
            Ok(doctypes) => {
                for doctype in doctypes {
                    wanted.insert(doctype.name.clone());
                    wanted.extend(tables(&doctype).map(str::to_owned));
                    fetched.doctypes.entry(doctype.name.clone()).or_insert(doctype);
                }
            }
            Err(Failure::Site(error)) if error.ends_the_run() => bail!("{name}: {error}; {}", error.advice()),
            Err(Failure::Site(error)) => {
                passing += usize::from(error.is_passing());
                if passing > PATIENCE {
                    bail!("{passing} DocTypes failed, {name} with {error}; {}", error.advice());
                }
                fetched.failures.insert(name.clone(), error.to_string());
            }
            Err(Failure::Facts(reason)) => {
                fetched.failures.insert(name.clone(), reason);
            }
        }
        progress.at(fetched.doctypes.len() + fetched.failures.len(), wanted.len(), &name);
    }
}

async fn read_one(site: Site, name: String, descriptions: bool) -> (String, Result<Vec<DocType>, Failure>) {
    let read = match site.bundle(&name).await {
        Ok(docs) => facts(&name, &docs, descriptions).map_err(Failure::Facts),
        Err(error) => Err(Failure::Site(error)),
    };
    (name, read)
}

/// The DocType that was asked for, which need not come first (H34), and after it the child tables that its fields
/// name. A child table that is not understood here is left out: it is asked for by itself and fails under its name.
fn facts(asked: &str, docs: &[Value], descriptions: bool) -> Result<Vec<DocType>, String> {
    let entry = |name: &str| docs.iter().find(|doc| doc.get("name").and_then(Value::as_str) == Some(name));
    let own = entry(asked).ok_or("the answer is about another DocType")?;
    let own = DocType::from_site(own, descriptions)?;
    let bundled = tables(&own).filter(|table| *table != asked).collect::<BTreeSet<_>>();
    let bundled = bundled.into_iter().filter_map(entry);
    let bundled: Vec<DocType> = bundled.filter_map(|meta| DocType::from_site(meta, descriptions).ok()).collect();
    Ok(std::iter::once(own).chain(bundled).collect())
}

/// The child tables that the fields name.
fn tables(doctype: &DocType) -> impl Iterator<Item = &str> {
    let tables =
        doctype.fields.iter().filter(|field| matches!(field.kind, FieldKind::Table | FieldKind::TableMultiSelect));
    tables.filter_map(|field| field.options.as_deref().map(str::trim)).filter(|table| !table.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::facts;
    use serde_json::json;

    #[test]
    fn the_doctype_asked_for_is_found_wherever_it_stands() {
        let rows = json!({"fieldname": "rows", "fieldtype": "Table", "options": "Row"});
        let docs = [
            json!({"name": "Other", "module": "Desk", "fields": []}),
            json!({"name": "Row", "module": "Desk", "istable": 1, "fields": []}),
            json!({"name": "Asked", "module": "Desk", "fields": [rows]}),
        ];
        let names = |asked| facts(asked, &docs, false).map(|got| got.into_iter().map(|d| d.name).collect::<Vec<_>>());
        assert_eq!(names("Asked").unwrap(), ["Asked", "Row"]);
        assert_eq!(names("Row").unwrap(), ["Row"]);
        assert!(names("Missing").unwrap_err().contains("another DocType"));
    }

    #[test]
    fn a_field_type_that_is_not_known_fails_its_doctype_by_name() {
        let docs = [json!({"name": "A", "module": "M", "fields": [{"fieldname": "x", "fieldtype": "Hologram"}]})];
        let error = facts("A", &docs, false).unwrap_err();
        assert!(error.contains("A.x") && error.contains("Hologram"), "{error}");
    }
}
