//! The sample site in this process, for tests that need a site which answers as a real one does.

use erpnext_mcp::app::Connection;
use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::site::Site;
use erpnext_sandbox::{Data, Image, Options, Sandbox, Version};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::requests;
use crate::support::{app_of, call, config_json, version};

/// The company of the sample data.
pub const COMPANY: &str = "Alderway Furniture";

/// A site with the sample data, of its own for each test: writes and faults of one are not seen by another. The sample
/// data is made once and copied.
pub struct SampleSite {
    pub sandbox: Sandbox,
}

/// A site that fails its test if it is asked in a form that no site of its version is known to take.
pub async fn start(options: Options) -> Sandbox {
    Sandbox::start(Options { takes: Some(requests::takes), ..options }).await.unwrap()
}

/// The data of a site by its version, plain and with the DocTypes of its own.
static MADE: [[OnceCell<Image>; 2]; Version::COUNT] = [const { [const { OnceCell::const_new() }; 2] }; Version::COUNT];

/// Makes the tables that documents of the sample use and leave empty, and those of what stands beside any document: else each
/// test would make them, and the database prepare again what it has prepared.
fn make_tables(site: &Site<'_>) -> Result<(), SiteError> {
    const BESIDE: [&str; 7] = ["Comment", "Communication", "DocShare", "Document Follow", "File", "ToDo", "Version"];
    for def in site.meta.all() {
        if !BESIDE.contains(&def.name) && !site.db.has_table(def.name)? {
            continue;
        }
        site.db.prepare(def)?;
        for rows in def.tables().filter_map(|table| site.meta.get(table.rows_of()?)) {
            site.db.prepare(rows)?;
        }
    }
    Ok(())
}

impl SampleSite {
    /// A plain site: its DocTypes are those of the tables.
    pub async fn start() -> Self {
        Self::copy_of(version(), false).await
    }

    /// A site with fields and DocTypes of its own, odd ones among them, which no table knows.
    pub async fn bench() -> Self {
        Self::copy_of(version(), true).await
    }

    async fn copy_of(version: Version, bench: bool) -> Self {
        let plain = || Options { version, bench, ..Options::default() };
        let make = async {
            let site = start(Options { sample: Some(1), ..plain() }).await;
            site.with(make_tables).unwrap();
            site.image().unwrap()
        };
        let image = MADE[version as usize][usize::from(bench)].get_or_init(|| make).await.clone();
        let options = Options { data: Data::Image(image), ..plain() };
        Self { sandbox: start(options).await }
    }

    /// The configuration of a server that uses this site as Administrator.
    pub fn config(&self, permissions: Value) -> Value {
        self.config_of("administrator", permissions)
    }

    /// The same with another of the site's keys: `sales`, `reader`, `nobody`.
    pub fn config_of(&self, key: &str, permissions: Value) -> Value {
        config(&self.sandbox, key, permissions)
    }

    /// A server's inside that uses this site, with these DocTypes permitted.
    pub fn app(&self, doctypes: Value) -> Connection {
        app_of(&self.config(json!({"doctypes": doctypes})))
    }

    /// What the site has stored, past the server.
    pub fn stored(&self, doctype: &str, name: &str) -> Option<Value> {
        self.sandbox.with(|site| site.load(doctype, name)).ok().map(Value::Object)
    }

    /// The writes that took effect: `insert ToDo a1b2`.
    pub fn writes(&self) -> Vec<String> {
        let line = |write: &erpnext_sandbox::Write| format!("{} {} {}", write.verb, write.doctype, write.name);
        self.sandbox.journal().iter().map(line).collect()
    }
}

/// A sample site, and a server on it under these permissions for its Administrator.
pub async fn site(permissions: Value) -> (Sandbox, Connection) {
    site_as("administrator", permissions).await
}

/// The same for another of the site's keys.
pub async fn site_as(key: &str, permissions: Value) -> (Sandbox, Connection) {
    let site = SampleSite::start().await.sandbox;
    let app = app_of(&config(&site, key, permissions));
    (site, app)
}

/// The configuration of a server on the site for the user of that key.
pub fn config(site: &Sandbox, key: &str, permissions: Value) -> Value {
    let mut config = config_json(&site.url(), permissions);
    config["erpnext"]["api_key"] = json!(key);
    config["erpnext"]["api_secret"] = json!("secret");
    config
}

/// The name of the first document that fits.
pub async fn first(app: &Connection, doctype: &str, filters: Value) -> String {
    let tool = format!("list_{}_documents", doctype.to_lowercase().replace(' ', "_"));
    let listed = call(app, &tool, json!({"filters": filters, "fields": ["name"], "limit": 1})).await.unwrap();
    listed["documents"][0]["name"].as_str().unwrap_or_else(|| panic!("no such {doctype}: {listed}")).to_owned()
}
