//! What reaches further than one document, against the sample site: reports, histories, links, files, prompts.

mod around;
mod changes;
mod erp;
mod files;
mod meant;
mod method;
mod print;
mod reports;
mod titles;

use erpnext_mcp::app::Connection;
use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::support::app_of;

/// The sample site, and a server on it under these permissions, as the user of that key.
pub async fn site_as(key: &str, permissions: Value) -> (Sandbox, Connection) {
    let site = Sandbox::start(Options { sample: Some(1), ..Options::default() }).await.unwrap();
    let app = app_of(&config(&site, key, permissions));
    (site, app)
}

/// The same as Administrator.
pub async fn site(permissions: Value) -> (Sandbox, Connection) {
    site_as("administrator", permissions).await
}

/// The configuration of a server on the site.
pub fn config(site: &Sandbox, key: &str, mut permissions: Value) -> Value {
    permissions["confirm_argument"] = json!(true);
    json!({"erpnext": {"url": site.url(), "api_key": key, "api_secret": "secret"}, "permissions": permissions})
}

/// The company of the sample.
pub async fn company(app: &Connection) -> String {
    let found = crate::support::call(app, "list_generic_documents", json!({"doctype": "Company"})).await.unwrap();
    found["documents"][0]["name"].as_str().unwrap().to_owned()
}
