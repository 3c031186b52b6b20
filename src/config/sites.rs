//! `sites`: several sites by name, each with a configuration of its own.

use std::collections::BTreeMap;

use serde_json::json;

use super::reader::{Errors, Reader};
use super::sections::{self, Env, For};
use super::{Config, erpnext};

/// What a site states beside where it is: the sections that a file has for its one site.
const SECTIONS: [&str; 12] = [
    "permissions",
    "methods",
    "publish",
    "attachments",
    "export",
    "import",
    "schema",
    "tools",
    "audit",
    "rate_limiting",
    "cache",
    "sign_in",
];
/// Names that an address has other uses for.
const TAKEN: [&str; 2] = ["readonly", "x"];

/// A site beside others.
#[derive(Clone, Debug)]
pub struct Site {
    /// The names by which clients ask for it.
    pub hosts: Vec<String>,
    /// All else.
    pub config: Config,
}

/// Reads the section.
pub(super) fn read(purpose: For, file: &Reader<'_>, env: Env<'_>) -> BTreeMap<String, Site> {
    let Some(section) = file.object("sites") else { return BTreeMap::new() };
    let mut sites = BTreeMap::new();
    for (name, value) in section.entries() {
        let Some(stated) = Reader::new(section.at(name), value, section.errors) else { continue };
        let mut known = vec!["hosts"];
        known.extend(erpnext::KEYS.iter().chain(&SECTIONS));
        stated.only(&known);
        let hosts = super::http::hosts(&stated);
        let section_of = |key: &&str| stated.asks(key, || json!({"$ref": format!("#/properties/{key}")}));
        let key_of =
            |key: &&str| stated.asks(key, || json!({"$ref": format!("#/properties/erpnext/properties/{key}")}));
        // A file's schema tells of each section once.
        if SECTIONS.iter().filter(|key| section_of(key)).count()
            + erpnext::KEYS.iter().filter(|key| key_of(key)).count()
            > 0
        {
            continue;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || TAKEN.contains(&name) || !name.chars().all(plain) {
            let message =
                "expected a name for addresses, of letters, digits, - and _; readonly and x mean something else there";
            section.errors.note(&stated.path, message);
        }
        // The variables are for the one site of `erpnext`.
        let env = |variable: &str| {
            let own =
                variable.starts_with("ERPNEXT_") || variable.starts_with("MCP_") && variable != "MCP_AUDIT_REPLICA";
            if own { None } else { env(variable) }
        };
        let mut config = sections::of_site(purpose, &stated, &stated.path, Some(&stated), &env);
        if stated.object("audit").is_none_or(|audit| audit.get("log_file").is_none()) {
            config.audit.log_file = format!("logs/audit-{name}.log").into();
        }
        if let Some((of, url)) = config.sign_in.public_url()
            && url.site().map_or(hosts.is_empty(), |asked| asked != name)
        {
            let message = format!("expected the address of this site: …/mcp/{name}, or …/mcp at a host of its own");
            section.errors.note(stated.at(&format!("sign_in.{of}.url")), message);
        }
        sites.insert(name.to_owned(), Site { hosts, config });
    }
    apart(&sites, &section);
    sites
}

/// Notes each state file of two sites, of which one is the file's own where there is one: each would be written over by the
/// other, with its key.
pub(super) fn keep_apart(own: Option<&Config>, sites: &BTreeMap<String, Site>, errors: &Errors) {
    let own = own.map(|config| (erpnext::SECTION, "sign_in".to_owned(), config));
    let others = sites.iter().map(|(name, site)| (name.as_str(), format!("sites.{name}.sign_in"), &site.config));
    let mut files = BTreeMap::new();
    for (name, at, config) in own.into_iter().chain(others) {
        let Some(file) = config.sign_in.oauth.as_ref().and_then(|oauth| oauth.state_file.as_ref()) else { continue };
        // `x` and `./x` are one.
        let place = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        if let Some(other) = files.insert(place, name) {
            let message = format!("it is the state file of {other} too; {other} and {name} each need one of their own");
            errors.note(format!("{at}.oauth.state_file"), message);
        }
    }
}

/// Notes what two sites have, and only one can.
fn apart(sites: &BTreeMap<String, Site>, section: &Reader<'_>) {
    let mut logs = BTreeMap::new();
    let mut hosts = BTreeMap::new();
    for (name, site) in sites {
        let audit = &site.config.audit;
        if audit.enabled
            && let Some(other) = logs.insert(&audit.log_file, name)
        {
            let message = format!("it is the log of {other} too; each site has a log of its own");
            section.errors.note(format!("{}.{name}.audit.log_file", section.path), message);
        }
        for host in &site.hosts {
            if let Some(other) = hosts.insert(host.to_ascii_lowercase(), name) {
                let message = format!("{host} is a host of {other} too");
                section.errors.note(format!("{}.{name}.hosts", section.path), message);
            }
        }
    }
}
