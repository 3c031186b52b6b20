//! Tables that are laid over the generated ones.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::sites::{keep, one_line};
use super::{Asker, Catalog, DocType, Masks, SiteVersion, Snapshots, Version};
use crate::site::{Caller, Client, ClientOptions, Credentials, SiteUrl};

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

#[tokio::test]
async fn what_a_change_overtook_is_believed_by_the_call_that_asked_and_by_none_after_it() {
    let catalog = Arc::new(Catalog::new(SiteVersion::new(Some(Version::V15)), None, true));
    let (changing, turns) = (Arc::clone(&catalog), AtomicUsize::new(0));
    let answer = move |_: &Request| {
        if turns.fetch_add(1, Ordering::Relaxed) == 0 {
            changing.outdate();
        }
        let meta = json!({"name": "UOM", "module": "Setup", "fields": []});
        ResponseTemplate::new(200).set_body_json(json!({"docs": [meta]}))
    };
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let credentials = Credentials::new("key".into(), "secret".into()).unwrap();
    let caller = Caller::new(SiteUrl::parse(&server.uri(), false).unwrap(), credentials);
    let (client, masks) = (Client::new(ClientOptions::default()).unwrap(), Masks::default());
    let asker = Asker { site: client.as_caller(&caller), masks: &masks };
    for requests in [1, 2, 2] {
        assert_eq!(catalog.live(asker, "UOM").await.unwrap().name, "UOM");
        assert_eq!(server.received_requests().await.unwrap().len(), requests);
    }
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
