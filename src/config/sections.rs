//! The sections of the file, key by key, and the environment over them.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::error::ConfigError;
use super::reader::{Errors, Reader, unknown};
use super::{
    Audit, AuditFormat, Cache, Condition, Config, DoctypePermissions, Erpnext, LogLevel, Mode, OnFailure, Operation,
    Operations, Pattern, Permissions, RateLimiting, Results, Tools, condition, json, url,
};

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

const SECTIONS: &[&str] = &["erpnext", "permissions", "tools", "audit", "rate_limiting", "cache", "log_level"];

/// The operations that conditions can be put on.
const CONDITIONAL: &[Operation] =
    &[Operation::Read, Operation::Create, Operation::Update, Operation::Delete, Operation::Submit, Operation::Cancel];

/// The configuration of a file's text and the environment.
pub(super) fn read(text: Option<&str>, env: Env<'_>) -> Result<Config, Vec<ConfigError>> {
    let env = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let errors = Errors::default();
    let mut file = Value::Object(Map::new());
    if let Some(text) = text {
        let (value, twice) = json::parse(text).map_err(|error| vec![error])?;
        errors.extend(twice);
        file = value;
    }
    let empty = Map::new();
    let file = match &file {
        Value::Object(_) => &file,
        _ => {
            errors.note("", "expected an object with the sections of the configuration");
            &Value::Object(empty)
        }
    };
    let config = Reader::new(String::new(), file, &errors).map(|file| {
        file.only(SECTIONS);
        let permissions = file.object("permissions").map(|section| permissions(&section)).unwrap_or_default();
        let tools = file.object("tools").map(|section| tools(&section)).unwrap_or_default();
        let log_level = file.parsed("log_level", log_level);
        Config {
            permissions,
            tools,
            audit: audit(&file, &env),
            rate_limiting: rate_limiting(&file),
            cache: cache(&file),
            log_level: from_env(&env, "MCP_LOG_LEVEL", self::log_level, &errors).or(log_level).unwrap_or_default(),
            erpnext: erpnext(&file, &env),
        }
    });
    match (config, errors.into_vec()) {
        (Some(config), errors) if errors.is_empty() => Ok(config),
        (_, errors) => Err(errors),
    }
}

/// What a parser makes of a variable of the environment.
fn from_env<T>(env: Env<'_>, name: &str, parse: impl Fn(&str) -> Result<T, String>, errors: &Errors) -> Option<T> {
    parse(&env(name)?).map_err(|message| errors.note(name, message)).ok()
}

fn erpnext(file: &Reader<'_>, env: Env<'_>) -> Erpnext {
    let section = file.object("erpnext");
    let section = section.as_ref();
    if let Some(section) = section {
        section.only(&["url", "api_key", "api_secret", "timeout", "allow_insecure_http", "concurrent_requests"]);
    }
    let credential = |key: &str, variable: &str, what: &str| -> SecretString {
        let stated = section.and_then(|section| section.text(key)).filter(|text| !text.is_empty()).map(str::to_owned);
        let value = SecretString::from(env(variable).or(stated).unwrap_or_default());
        let at = format!("erpnext.{key}");
        let text = value.expose_secret();
        // A secret of the wrong type is noted already.
        if text.is_empty() && section.and_then(|section| section.get(key)).is_none_or(Value::is_string) {
            file.errors.note(at, format!("missing; set it here or in {variable}{what}"));
        } else if text.contains(|c: char| c == ':' || !c.is_ascii_graphic()) {
            file.errors.note(at, "expected letters and digits as the site shows them, without spaces");
        }
        value
    };
    let keys = " (on the site: your user's Settings, API Access, Generate Keys)";
    let allow_insecure_http = section.is_some_and(|section| section.bool("allow_insecure_http", false));
    let url = match (env("ERPNEXT_URL"), section.and_then(|section| section.text("url"))) {
        (Some(address), _) => Some(("ERPNEXT_URL", address)),
        (None, Some(address)) if !address.is_empty() => Some(("erpnext.url", address.to_owned())),
        _ => None,
    };
    let url = match url {
        Some((place, address)) => {
            url::check(&address, allow_insecure_http).map_err(|message| file.errors.note(place, message)).ok()
        }
        None => {
            if section.and_then(|section| section.get("url")).is_none_or(Value::is_string) {
                let message = "missing; set it here or in ERPNEXT_URL, such as https://erp.example.com";
                file.errors.note("erpnext.url", message);
            }
            None
        }
    };
    Erpnext {
        url: url.unwrap_or_default(),
        api_key: credential("api_key", "ERPNEXT_API_KEY", keys),
        api_secret: credential("api_secret", "ERPNEXT_API_SECRET", keys),
        timeout: Duration::from_secs(section.map_or(60, |section| section.count("timeout", "seconds", 60))),
        allow_insecure_http,
        concurrent_requests: section.map_or(8, |section| section.count("concurrent_requests", "requests", 8)),
    }
}

fn permissions(section: &Reader<'_>) -> Permissions {
    section.only(&["doctypes", "default", "reports"]);
    let mut permissions = Permissions { reports: reports(section), ..Permissions::default() };
    if let Some(default) = section.object("default") {
        default.only(&Operation::ALL.iter().map(|operation| operation.as_str()).collect::<Vec<_>>());
        permissions.default = operations(&default);
    }
    let Some(doctypes) = section.object("doctypes") else { return permissions };
    for (name, value) in doctypes.entries() {
        let Some(rule) = Reader::new(doctypes.at(name), value, doctypes.errors) else { continue };
        if name.is_empty() || name.trim() != name {
            doctypes
                .errors
                .note(&rule.path, "expected a DocType's name, such as Sales Order, without spaces around it");
        }
        permissions.doctypes.insert(name.to_owned(), doctype(&rule));
    }
    permissions
}

/// Names of reports; `*` stands for any text.
fn reports(section: &Reader<'_>) -> Vec<Pattern> {
    let names = section.list("reports", "report name").unwrap_or_default();
    for (place, _) in names.iter().filter(|(_, name)| name.trim() != *name || name.is_empty()) {
        section.errors.note(place, "expected a report's name or a pattern such as Stock*, without spaces around it");
    }
    names.into_iter().map(|(_, name)| Pattern::new(name)).collect()
}

fn doctype(rule: &Reader<'_>) -> DoctypePermissions {
    let mut known: Vec<&str> = Operation::ALL.iter().map(|operation| operation.as_str()).collect();
    known.extend(["allowed_fields", "restricted_fields", "conditions"]);
    rule.only(&known);
    let restricted = rule.texts("restricted_fields").unwrap_or_default();
    for (place, name) in restricted.iter().filter(|(_, name)| is_always_readable(name)) {
        rule.errors.note(place, format!("{name} is always readable and cannot be restricted; take it out"));
    }
    DoctypePermissions {
        operations: operations(rule),
        allowed_fields: rule.texts("allowed_fields").map(|names| fields(names, rule.errors)),
        restricted_fields: fields(restricted, rule.errors),
        conditions: rule.object("conditions").map(|section| conditions(&section)).into_iter().flatten().collect(),
    }
}

/// Taking these away would be a promise that the policy does not keep.
fn is_always_readable(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("name" | "doctype")) || matches!(name, "docstatus" | "modified")
}

fn operations(rule: &Reader<'_>) -> Operations {
    Operation::ALL.iter().copied().filter(|operation| rule.bool(operation.as_str(), false)).collect()
}

/// Field names, `fieldname` or `table.fieldname`.
fn fields(names: Vec<(String, &str)>, errors: &Errors) -> Vec<String> {
    for (place, name) in &names {
        let mut parts = name.split('.');
        let a_name = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '*');
        if *name == "*" {
            errors.note(place, "unknown field; for every field leave allowed_fields out");
        } else if let Some(table) = name.strip_suffix(".*") {
            errors.note(place, format!("unknown field; for the whole table write {table}"));
        } else if !parts.all(a_name) || name.split('.').count() > 2 {
            errors.note(place, format!("expected a field's name such as status or items.rate, found {name:?}"));
        }
    }
    names.into_iter().map(|(_, name)| name.to_owned()).collect()
}

fn conditions(section: &Reader<'_>) -> Vec<(Operation, Condition)> {
    section.only(&CONDITIONAL.iter().map(|operation| operation.as_str()).collect::<Vec<_>>());
    let stated = CONDITIONAL.iter().filter_map(|operation| Some((*operation, section.object(operation.as_str())?)));
    stated.filter_map(|(operation, object)| Some((operation, condition::read(&object)?))).collect()
}

fn tools(section: &Reader<'_>) -> Tools {
    section.only(&[
        "mode",
        "budget_tokens",
        "toolsets",
        "read_only",
        "include",
        "exclude",
        "max_result_tokens",
        "results",
        "output_schemas",
    ]);
    let mode = |text: &str| match text {
        "auto" => Ok(Mode::Auto),
        "full" => Ok(Mode::Full),
        "lean" => Ok(Mode::Lean),
        other => Err(unknown("value", other, &["auto", "full", "lean"])),
    };
    let named = |key: &str, what: &str| {
        let names = section.list(key, what).unwrap_or_default();
        names.into_iter().map(|(_, name)| name.to_owned()).collect::<Vec<_>>()
    };
    let patterns = |key: &str| named(key, "tool name").into_iter().map(Pattern::new).collect();
    let Tools { budget_tokens, max_result_tokens, .. } = Tools::default();
    let results = |text: &str| match text {
        "text" => Ok(Results::Text),
        "structured" => Ok(Results::Structured),
        "both" => Ok(Results::Both),
        other => Err(unknown("value", other, &["text", "structured", "both"])),
    };
    Tools {
        mode: section.parsed("mode", mode).unwrap_or_default(),
        budget_tokens: section.count("budget_tokens", "tokens", budget_tokens),
        toolsets: named("toolsets", "toolset"),
        read_only: section.bool("read_only", false),
        include: patterns("include"),
        exclude: patterns("exclude"),
        max_result_tokens: section.count("max_result_tokens", "tokens", max_result_tokens),
        results: section.parsed("results", results).unwrap_or_default(),
        output_schemas: section.bool("output_schemas", false),
    }
}

fn audit(file: &Reader<'_>, env: Env<'_>) -> Audit {
    let mut audit = Audit::default();
    if let Some(section) = file.object("audit") {
        section.only(&["enabled", "log_file", "log_level", "retention_days", "format", "on_failure", "durability"]);
        audit.enabled = section.bool("enabled", audit.enabled);
        audit.log_level = section.parsed("log_level", log_level).unwrap_or(audit.log_level);
        audit.retention_days = section.count("retention_days", "days", audit.retention_days);
        let named = |key: &str, names: [&'static str; 2]| {
            let place = |text: &str| names.iter().position(|name| *name == text);
            section.parsed(key, |text| place(text).ok_or_else(|| unknown("value", text, &names)))
        };
        audit.format = if named("format", ["json", "text"]) == Some(1) { AuditFormat::Text } else { AuditFormat::Json };
        audit.on_failure =
            if named("on_failure", ["deny", "allow"]) == Some(1) { OnFailure::Allow } else { OnFailure::Deny };
        audit.fsync = named("durability", ["flush", "fsync"]) == Some(1);
        match section.text("log_file") {
            Some("") => section.errors.note(section.at("log_file"), "expected the path of a file, found \"\""),
            Some(path) => audit.log_file = path.into(),
            None => {}
        }
    }
    let truth = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("expected true or false, found {text:?}")),
    };
    audit.enabled = from_env(env, "MCP_AUDIT_ENABLED", truth, file.errors).unwrap_or(audit.enabled);
    audit
}

fn rate_limiting(file: &Reader<'_>) -> RateLimiting {
    let mut limits = RateLimiting {
        enabled: false,
        requests_per_minute: 60,
        requests_per_hour: 1000,
        total_per_minute: None,
        total_per_hour: None,
    };
    if let Some(section) = file.object("rate_limiting") {
        section.only(&["enabled", "requests_per_minute", "requests_per_hour", "total_per_minute", "total_per_hour"]);
        limits.enabled = section.bool("enabled", limits.enabled);
        limits.requests_per_minute = section.count("requests_per_minute", "requests", limits.requests_per_minute);
        limits.requests_per_hour = section.count("requests_per_hour", "requests", limits.requests_per_hour);
        let stated = |key| section.get(key).map(|_| section.count(key, "requests", 1));
        limits.total_per_minute = stated("total_per_minute");
        limits.total_per_hour = stated("total_per_hour");
    }
    limits
}

fn cache(file: &Reader<'_>) -> Cache {
    let seconds = Duration::from_secs;
    let mut cache = Cache { enabled: false, ttl: seconds(300), max_size: 1000, metadata_ttl: seconds(3600) };
    if let Some(section) = file.object("cache") {
        section.only(&["enabled", "ttl", "max_size", "metadata_ttl"]);
        cache.enabled = section.bool("enabled", cache.enabled);
        cache.ttl = seconds(section.count("ttl", "seconds", cache.ttl.as_secs()));
        cache.metadata_ttl = seconds(section.count("metadata_ttl", "seconds", cache.metadata_ttl.as_secs()));
        cache.max_size = section.count("max_size", "answers", cache.max_size);
    }
    cache
}

/// A level as `tracing` or as Python's logging names it, in any case.
fn log_level(text: &str) -> Result<LogLevel, String> {
    match text.to_ascii_lowercase().as_str() {
        "off" => Ok(LogLevel::Off),
        "error" | "critical" => Ok(LogLevel::Error),
        "warn" | "warning" => Ok(LogLevel::Warn),
        "info" => Ok(LogLevel::Info),
        "debug" => Ok(LogLevel::Debug),
        "trace" => Ok(LogLevel::Trace),
        other => Err(unknown("level", other, &["off", "error", "warn", "info", "debug", "trace"])),
    }
}
