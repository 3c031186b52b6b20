//! Tables that are laid over the generated ones.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::sites::{keep, one_line};
use super::{Catalog, DocType, SiteVersion, Snapshots, Version};

fn folder(version: Version) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/snapshot/{version}"))
}

fn snapshot(file: &str) -> DocType {
    let folder = folder(Version::V15);
    DocType::from_snapshot(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}

#[test]
fn what_the_snapshot_says_already_differs_from_no_table() {
    for version in Version::ALL {
        let mut tables = Snapshots::new();
        let modules = std::fs::read_dir(folder(*version)).unwrap().map(|entry| entry.unwrap().path());
        for module in modules.filter(|path| path.is_dir()) {
            for file in std::fs::read_dir(module).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                let source = DocType::from_snapshot(&text).unwrap();
                tables.insert(source.name.clone(), one_line(&source));
            }
        }
        let catalog = Catalog::new(SiteVersion::new(Some(*version)), None, true);
        catalog.lay(&tables);
        assert_eq!(catalog.kept().doctypes, tables);
        tables.keys().for_each(|name| assert!(catalog.known(name).is_some(), "{name}"));
        assert_eq!(catalog.kept().doctypes, Snapshots::new());
    }
}

#[test]
fn a_laid_table_that_cannot_be_read_is_as_none() {
    let catalog = Catalog::new(SiteVersion::new(Some(Version::V15)), None, true);
    catalog.lay(&Snapshots::from([("Customer".to_owned(), "{\"name\": 7".into())]));
    assert!(std::ptr::eq(catalog.known("Customer").unwrap(), catalog.generated("Customer").unwrap()));
    assert_eq!(catalog.kept().doctypes, Snapshots::new());
}

#[test]
fn laying_the_same_again_changes_nothing_and_laying_nothing_takes_it_away() {
    let mut customer = snapshot("selling/customer.json");
    customer.fields.last_mut().unwrap().label = Some("Another".to_owned());
    let laid = Snapshots::from([("Customer".to_owned(), one_line(&customer))]);
    let catalog = Catalog::new(SiteVersion::new(Some(Version::V15)), None, true);
    let mut changes = catalog.overlays();
    assert!(catalog.lay(&laid) && !catalog.lay(&laid));
    assert_eq!(catalog.known("Customer").unwrap().fields.last().unwrap().label, "Another");
    assert_eq!(catalog.kept().doctypes, laid);
    assert!(!catalog.lay(&laid));
    assert!(catalog.lay(&Snapshots::new()) && !catalog.lay(&Snapshots::new()));
    assert!(std::ptr::eq(catalog.known("Customer").unwrap(), catalog.generated("Customer").unwrap()));
    assert_eq!(*changes.borrow_and_update(), 2);
}

#[test]
fn what_was_laid_over_the_tables_of_one_version_is_laid_anew_over_those_of_another() {
    let mut sites = HashMap::new();
    let differs = [Version::V15, Version::V16].map(|version| {
        assert!(keep(version, &mut sites, snapshot("selling/customer.json"), None, None));
        sites["Customer"].differs()
    });
    assert_eq!(differs, [false, true]);
}
