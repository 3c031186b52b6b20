//! A policy for a user: a preset or a list of DocTypes, cut to what the user's roles give on the site.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use erpnext_mcp::app::Connection;
use erpnext_mcp::config::{Operation, Operations};
use erpnext_mcp::error::ToolError;
use erpnext_mcp::site::SiteErrorKind;
use erpnext_mcp::tools::may_run;
use erpnext_schema::{doctype_flag, nearest};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use crate::cli::opened;

/// The presets by name, narrowest first.
pub const PRESETS: [(&str, &str); 4] = [
    ("read-only-analyst", include_str!("../../../config/read-only-analyst.json")),
    ("sales-user", include_str!("../../../config/sales-user.json")),
    ("accounts-user", include_str!("../../../config/accounts-user.json")),
    ("full-access", include_str!("../../../config/full-access.json")),
];

/// What is asked about: whatever a preset or this command gives. Deleting and exporting are given by hand only.
const ASKED: &[Operation] = &[
    Operation::Read,
    Operation::Create,
    Operation::Update,
    Operation::Submit,
    Operation::Cancel,
    Operation::Amend,
    Operation::Report,
    Operation::Print,
];

/// What the user may do on the site.
pub struct Rights {
    by_doctype: BTreeMap<String, Operations>,
    /// The reports of presets that the user may not run.
    closed_reports: BTreeSet<String>,
    /// What the user may make or change and nobody needs to for a day's work.
    pub powers: Vec<&'static str>,
}

impl Rights {
    fn on(&self, doctype: &str) -> Operations {
        self.by_doctype.get(doctype).copied().unwrap_or_default()
    }
}

/// Asks the site for the user's rights: on these DocTypes, or on those of all presets.
pub async fn rights(connection: &Connection, doctypes: &[String]) -> anyhow::Result<Rights> {
    let mut names: BTreeSet<String> = doctypes.iter().cloned().collect();
    if names.is_empty() {
        for (preset, _) in PRESETS {
            names.extend(rules(&permissions(preset)?).keys().cloned());
        }
    }
    let asked = names.iter().flat_map(|name| ASKED.iter().map(move |operation| (name, *operation)));
    let asked = asked.map(async |(name, operation)| (name, operation, opened::may(connection, operation, name).await));
    let mut rights: BTreeMap<String, Operations> = names.iter().map(|name| (name.clone(), Operations::NONE)).collect();
    for (name, operation, may) in join_all(asked).await {
        match may {
            Ok(true) => {
                let held = rights.entry(name.clone()).or_default();
                *held = held.iter().chain([operation]).collect();
            }
            Ok(false) => {}
            Err(error) => bail!("the rights on {name} cannot be read: {}", error.what()),
        }
    }
    let powers = match opened::powers(connection).await {
        Ok(powers) => powers,
        Err(error) => bail!("whether the key is a powerful one cannot be read: {}", error.what()),
    };
    let closed_reports = if doctypes.is_empty() { closed_reports(connection).await? } else { BTreeSet::new() };
    Ok(Rights { by_doctype: rights, closed_reports, powers })
}

/// Asks which of the reports that presets name the user may not run.
async fn closed_reports(connection: &Connection) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (preset, _) in PRESETS {
        names.extend(reports(&permissions(preset)?).map(str::to_owned));
    }
    let session = connection.session();
    let asked = names.iter().map(async |name| (name, may_run(&session, name).await));
    let mut closed = BTreeSet::new();
    for (name, may) in join_all(asked).await {
        match may {
            Ok(true) => {}
            Ok(false) => _ = closed.insert(name.clone()),
            // One that fails for another reason than a right is told by the doctor.
            Err(ToolError::Site(error)) if matches!(error.kind(), SiteErrorKind::Server | SiteErrorKind::Rejected) => {}
            Err(error) => bail!("whether the user may run the report {name} cannot be read: {}", error.what()),
        }
    }
    Ok(closed)
}

/// The preset that fits what the user may make.
pub fn suggestion(rights: &Rights) -> &'static str {
    let may = |operation, doctype: &str| rights.on(doctype).contains(operation);
    if !rights.powers.is_empty() {
        // Whoever may give themselves everything should give away little.
        "read-only-analyst"
    } else if may(Operation::Create, "Payment Entry") {
        "accounts-user"
    } else if may(Operation::Create, "Quotation") || may(Operation::Create, "Lead") {
        "sales-user"
    } else {
        "read-only-analyst"
    }
}

/// A policy without what changes anything.
pub fn reads(mut permissions: Value) -> Value {
    let writes = |name: &str| Operation::ALL.iter().any(|operation| operation.as_str() == name && operation.writes());
    let rules = permissions.get_mut("doctypes").and_then(Value::as_object_mut);
    for rule in rules.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        rule.retain(|operation, _| !writes(operation));
    }
    permissions
}

fn permissions(preset: &str) -> anyhow::Result<Value> {
    let (_, text) = PRESETS.iter().find(|(name, _)| *name == preset).context("there is no such preset")?;
    let mut file: Value = serde_json::from_str(text)?;
    Ok(file["permissions"].take())
}

fn rules(permissions: &Value) -> Map<String, Value> {
    permissions["doctypes"].as_object().cloned().unwrap_or_default()
}

/// The reports that a preset opens by their names.
fn reports(permissions: &Value) -> impl Iterator<Item = &str> {
    let opened = permissions["reports"].as_array().into_iter().flatten().filter_map(Value::as_str);
    opened.filter(|name| !name.contains('*'))
}

/// A preset without what the site would refuse. What opens every DocType by default stays as it is.
pub fn of_preset(rights: &Rights, preset: &str) -> anyhow::Result<Value> {
    let mut permissions = permissions(preset)?;
    let mut kept = Map::new();
    for (doctype, rule) in rules(&permissions) {
        let held = rights.on(&doctype);
        let stated = ASKED.iter().copied().filter(|operation| rule[operation.as_str()] == true);
        let granted: Operations = stated.filter(|operation| held.contains(*operation)).collect();
        if granted.contains(Operation::Read) {
            kept.insert(doctype, object(granted));
        }
    }
    if permissions.get("doctypes").is_some() {
        if kept.is_empty() {
            bail!(
                "the site's user may read nothing of {preset}; give it a role on the site, or name DocTypes with --doctypes"
            );
        }
        permissions["doctypes"] = Value::Object(kept);
    }
    if let Some(opened) = permissions.get_mut("reports").and_then(Value::as_array_mut) {
        opened.retain(|name| name.as_str().is_none_or(|name| !rights.closed_reports.contains(name)));
    }
    Ok(permissions)
}

/// Whether the user may do anything of what is wanted: these DocTypes, or a preset, or the one that fits.
///
/// # Errors
/// What the user may not.
pub fn possible(rights: &Rights, preset: Option<&str>, doctypes: &[String]) -> anyhow::Result<()> {
    if doctypes.is_empty() {
        of_preset(rights, preset.unwrap_or_else(|| suggestion(rights)))?;
    } else {
        of_doctypes(rights, doctypes)?;
    }
    Ok(())
}

/// These DocTypes, for all that the user may do on the site.
pub fn of_doctypes(rights: &Rights, doctypes: &[String]) -> anyhow::Result<Value> {
    let mut rules = Map::new();
    for doctype in doctypes {
        let def = erpnext_doctypes::any(doctype);
        let held = rights.on(doctype);
        let fits = |operation: &Operation| match operation {
            Operation::Submit | Operation::Cancel | Operation::Amend => {
                def.is_none_or(|def| def.is(doctype_flag::SUBMITTABLE))
            }
            Operation::Create => def.is_none_or(|def| !def.is(doctype_flag::SINGLE)),
            _ => true,
        };
        let granted: Operations = held.iter().filter(fits).collect();
        if granted.is_empty() {
            let near = nearly(doctype).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            bail!("{doctype}: the site's user has no right on it, or it does not exist{near}");
        }
        rules.insert(doctype.clone(), object(granted));
    }
    Ok(json!({"doctypes": rules}))
}

/// The DocType of ERPNext that a name is nearly; none where it is one.
pub fn nearly(doctype: &str) -> Option<&'static str> {
    if erpnext_doctypes::any(doctype).is_some() {
        return None;
    }
    nearest(doctype, erpnext_doctypes::ALL.iter().map(|table| table.name()))
}

fn object(operations: Operations) -> Value {
    operations.iter().map(|operation| (operation.as_str().to_owned(), json!(true))).collect()
}

/// What a policy opens, in a few lines, and which reports of its preset `name` it leaves closed.
pub fn summary(rights: &Rights, name: &str, permissions: &Value) -> String {
    let mut by_operations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (doctype, rule) in rules(permissions) {
        let operations = rule.as_object().into_iter().flatten().map(|(operation, _)| operation.as_str());
        by_operations.entry(operations.collect::<Vec<_>>().join(", ")).or_default().push(doctype);
    }
    let mut lines = vec![format!("{name}, as far as the site's user may:")];
    lines.extend(by_operations.iter().map(|(operations, doctypes)| format!("  {operations}: {}", doctypes.join(", "))));
    if let Some(default) = permissions["default"].as_object() {
        let operations: Vec<&str> = default.keys().map(String::as_str).collect();
        lines.push(format!("  every DocType: {}", operations.join(", ")));
    }
    let preset = self::permissions(name).unwrap_or_default();
    let closed: Vec<&str> = reports(&preset).filter(|report| rights.closed_reports.contains(*report)).collect();
    if !closed.is_empty() {
        lines.push(format!("  reports left out, as the site does not let its user run them: {}", closed.join(", ")));
    }
    lines.join("\n")
}
