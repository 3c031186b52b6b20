//! The site's metadata is laid over the table of a DocType when a call is first about it, on both versions: once a day, or
//! when the site says that something changed.

use std::path::Path;
use std::time::{Duration, Instant};

use erpnext_mcp::app::Connection;
use erpnext_mcp::context::overlay::Overlay;
use erpnext_sandbox::{Fault, FaultKind, Options, Sandbox};
use erpnext_schema::snapshot::Field;
use erpnext_schema::{FieldKind, Version, flag};
use serde_json::{Value, json};

use crate::sandbox::{self, config};
use crate::support::{all, app_of, call, change_kept, load, refusal};

/// A site where a UOM has a field of its own that lists show, and none of its stock fields but the name.
async fn site(version: Version) -> Sandbox {
    let site = sandbox::start(Options { version, ..Options::default() }).await;
    let field = Field {
        fieldname: "custom_tier".to_owned(),
        kind: FieldKind::Select,
        label: Some("Tier".to_owned()),
        options: Some("Gold\nTin".to_owned()),
        default: None,
        fetch_from: None,
        length: 0,
        precision: None,
        permlevel: 0,
        flags: flag::CUSTOM | flag::IN_LIST_VIEW,
        description: None,
    };
    let changed = site.with(|site| {
        let mut form = site.meta.form("UOM").unwrap().clone();
        form.fields.retain(|field| field.fieldname == "uom_name");
        form.fields.push(field);
        site.meta.set(form);
        Ok(())
    });
    changed.unwrap();
    site
}

/// How often the catalog asked the site for metadata.
fn asked(app: &Connection) -> u64 {
    *app.session().catalog.reads().borrow()
}

fn laid(site: &Sandbox, key: &str, version: Version, folder: &Path) -> Value {
    let mut config = config(site, key, json!({"default": all()}));
    config["erpnext"]["version"] = json!(version.major());
    config["schema"] = json!({"overlay": "live", "cache_folder": folder});
    config
}

async fn list(app: &Connection) -> Value {
    let tool = app.registry().find("list_generic_documents").unwrap();
    let given = json!({"doctype": "UOM", "limit": 1}).as_object().unwrap().clone();
    app.call(tool, given, None).await.unwrap().0
}

#[tokio::test]
async fn a_doctype_that_is_open_by_default_is_as_the_site_has_it_from_the_first_call() {
    for version in [Version::V15, Version::V16] {
        let folder = tempfile::tempdir().unwrap();
        let site = site(version).await;
        let app = app_of(&laid(&site, "administrator", version, folder.path()));
        let columns = list(&app).await["columns"].to_string();
        assert!(columns.contains("custom_tier") && !columns.contains("must_be_whole_number"), "{version}: {columns}");
        assert_eq!(asked(&app), 1, "{version}");
        let data = json!({"uom_name": "Crate", "must_be_whole_number": 1, "custom_tier": "Tinn"});
        let text = refusal(&app, "create_generic_document", json!({"doctype": "UOM", "data": data})).await;
        assert!(text.contains("must_be_whole_number") && text.contains("Gold"), "{version}: {text}");
        let data = json!({"doctype": "UOM", "data": {"uom_name": "Crate", "custom_tier": "Tin"}});
        call(&app, "create_generic_document", data).await.unwrap();
        list(&app).await;
        assert_eq!(asked(&app), 1, "{version}: once a day");

        // Where nothing is to be laid over the tables, they hold.
        let mut off = laid(&site, "administrator", version, folder.path());
        off["schema"] = json!({"overlay": "off"});
        let app = app_of(&off);
        list(&app).await;
        assert_eq!(asked(&app), 0, "{version}");
    }
}

/// A start: what was kept is laid, then the site is looked at as a whole.
async fn start(config: &Value) -> (Connection, Overlay) {
    let (app, overlay) = (app_of(config), Overlay::new(&load(config)).unwrap().unwrap());
    overlay.recall(&app.session());
    overlay.refresh(&app.session()).await;
    (app, overlay)
}

/// Makes what is kept as old as this many seconds.
fn age(folder: &Path, seconds: u64) {
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let older = |at: &mut Value| *at = json!(at.as_u64().unwrap() - seconds);
    change_kept(&file, |kept| {
        older(&mut kept["looked"]["at"]);
        kept["asked"].as_object_mut().unwrap().values_mut().for_each(older);
    });
}

/// Serves a list until what it found out is kept.
async fn list_until_kept(app: &Connection, overlay: &Overlay, folder: &Path) {
    let session = app.session();
    let kept = || std::fs::read_dir(folder).unwrap().filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
    let served = async {
        list(app).await;
        while !kept().any(|text| text.contains("\"UOM\"")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = overlay.run(&session) => unreachable!("it goes on while the server serves"),
        () = served => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nothing was kept"),
    }
}

#[tokio::test]
async fn what_a_call_read_is_kept_for_the_next_start_until_the_site_says_that_it_changed_or_a_day_has_passed() {
    for (version, key) in [(Version::V15, "administrator"), (Version::V16, "administrator"), (Version::V16, "sales")] {
        let folder = tempfile::tempdir().unwrap();
        let site = site(version).await;
        let config = laid(&site, key, version, folder.path());
        let has = |app: &Connection, field: &str| app.session().catalog.known("UOM").unwrap().field(field).is_some();
        let (app, overlay) = start(&config).await;
        assert_eq!(asked(&app), 0, "{version} {key}: no DocType is named");
        list_until_kept(&app, &overlay, folder.path()).await;
        assert_eq!(asked(&app), 1, "{version} {key}");

        // Two hours later nothing has changed, as far as the user may know.
        age(folder.path(), 7_200);
        let (app, _) = start(&config).await;
        list(&app).await;
        assert_eq!((asked(&app), has(&app, "custom_tier")), (0, true), "{version} {key}");

        // An administrator may know that something has changed since; for everybody else a day must pass.
        let field = json!({"doctype": "Custom Field", "dt": "UOM", "fieldname": "custom_weight", "label": "Weight",
            "fieldtype": "Float", "insert_after": "custom_tier"});
        site.with(|site| site.insert(field.as_object().unwrap().clone())).unwrap();
        age(folder.path(), 7_200);
        let (app, _) = start(&config).await;
        let told = key == "administrator";
        assert_eq!((asked(&app), has(&app, "custom_weight")), (u64::from(told), told), "{version} {key}");
        age(folder.path(), 86_400);
        let (app, _) = start(&config).await;
        assert_eq!((asked(&app), has(&app, "custom_weight")), (u64::from(!told), true), "{version} {key}");
    }
}

#[tokio::test]
async fn a_site_that_does_not_tell_its_metadata_holds_up_one_call_a_little_and_fails_none() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(Version::V15).await;
    site.faults().add(Fault::new(FaultKind::Latency(30_000)).path("getdoctype"));
    let app = app_of(&laid(&site, "administrator", Version::V15, folder.path()));
    let started = Instant::now();
    list(&app).await;
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    let started = Instant::now();
    let listed = call(&app, "list_generic_documents", json!({"doctype": "Territory"})).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?} {listed}", started.elapsed());
}

#[tokio::test]
async fn an_answer_that_a_change_overtook_is_good_for_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(Version::V15).await;
    site.faults().add(Fault::new(FaultKind::Latency(1_000)).path("getdoctype"));
    let app = app_of(&laid(&site, "administrator", Version::V15, folder.path()));
    let session = app.session();
    let catalog = session.catalog;
    let read = || catalog.live(session.asker(), "UOM");
    let change = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        catalog.outdate();
    };
    let (overtaken, ()) = tokio::join!(read(), change);
    assert!(overtaken.unwrap().field("custom_tier").is_some() && !catalog.is_current("UOM"));
    for _ in 0..2 {
        read().await.unwrap();
        assert_eq!((asked(&app), catalog.is_current("UOM")), (2, true));
    }
}

#[tokio::test]
async fn a_doctype_that_was_deleted_on_the_site_is_forgotten_and_one_that_fails_is_not() {
    // To one user a DocType that is not there is missing, to the other it is denied.
    for key in ["administrator", "sales"] {
        let folder = tempfile::tempdir().unwrap();
        let site = site(Version::V16).await;
        let app = app_of(&laid(&site, key, Version::V16, folder.path()));
        let session = app.session();
        let catalog = session.catalog;
        let own = || catalog.def(session.asker(), "House Tier");
        let added = site.with(|site| {
            let mut form = site.meta.form("UOM").unwrap().clone();
            form.name = "House Tier".to_owned();
            site.meta.set(form);
            Ok(())
        });
        added.unwrap();
        assert!(own().await.is_ok() && catalog.known("House Tier").is_some(), "{key}");
        catalog.outdate();
        site.faults().add(Fault::new(FaultKind::Refusal).path("getdoctype"));
        assert!(own().await.is_ok(), "{key}: what it told last is good");
        site.faults().clear();
        let deleted = site.with(|site| {
            site.meta.remove("House Tier");
            Ok(())
        });
        deleted.unwrap();
        catalog.outdate();
        assert!(own().await.is_err() && catalog.known("House Tier").is_none(), "{key}");
    }
}
