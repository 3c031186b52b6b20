//! The sections of the file, key by key, and the environment over them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::ConfigError;
use super::reader::{Errors, Reader, RecordedSchema, unknown};
use super::{
    Attachments, AuditFormat, Cache, Condition, Config, DoctypePermissions, LogFormat, LogLevel, Operation, Operations,
    Pattern, Permissions, RateLimiting, Schema, audit, condition, erpnext, export, http, json, methods, publish, quota,
    redis, sign_in, sites, tools, version,
};
use crate::files;

pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Whether the site will be asked: without its address and a key nothing could be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// It will.
    Site,
    /// It will not, and no secret is fetched.
    Reading,
}

const SECTIONS: &[&str] = &[
    "$schema",
    version::KEY,
    "erpnext",
    "permissions",
    "methods",
    "publish",
    "attachments",
    "export",
    "schema",
    "import",
    "tools",
    "audit",
    "rate_limiting",
    "cache",
    "http",
    "sign_in",
    "sites",
    "log_level",
    "log_format",
];

/// The operations that conditions can be put on.
const CONDITIONAL: &[Operation] =
    &[Operation::Read, Operation::Create, Operation::Update, Operation::Delete, Operation::Submit, Operation::Cancel];

/// The configuration of a file's text and the environment, good for asking the site.
#[cfg(test)]
pub(super) fn read(text: Option<&str>, env: Env<'_>) -> Result<Config, Vec<ConfigError>> {
    read_for(For::Site, text, env)
}

/// The configuration of a file's text and the environment.
pub(super) fn read_for(purpose: For, text: Option<&str>, env: Env<'_>) -> Result<Config, Vec<ConfigError>> {
    let env = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let errors = Errors::default();
    let mut file = Value::Object(Map::new());
    if let Some(text) = text {
        let (value, twice) = json::parse(text).map_err(|error| vec![error])?;
        version::check(&value).map_err(|error| vec![error])?;
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
    let config = config(purpose, file, &env, &errors);
    match (config, errors.into_vec()) {
        (Some(config), errors) if errors.is_empty() => Ok(config),
        (_, errors) => Err(errors),
    }
}

/// What a file is read for: every key and what its value may be.
pub(super) fn asked() -> RecordedSchema {
    let errors = Errors::asking();
    config(For::Reading, &Value::Object(Map::new()), &|_| None, &errors);
    errors.into_asked()
}

fn config(purpose: For, file: &Value, env: Env<'_>, errors: &Errors) -> Option<Config> {
    Reader::new(String::new(), file, errors).map(|file| {
        file.only(SECTIONS);
        file.text("$schema");
        file.number(version::KEY, &[(version::VERSION, ())]);
        let section = file.object(erpnext::SECTION);
        section.iter().for_each(|section| section.only(&erpnext::KEYS));
        let mut sites = sites::read(purpose, &file, env);
        // Beside others, there need be no site of the file's own.
        let is_meant = sites.is_empty() || section.is_some() || env("ERPNEXT_URL").is_some();
        let own = if is_meant { purpose } else { For::Reading };
        let mut config = of_site(own, &file, erpnext::SECTION, section.as_ref(), env);
        let others = sites.values_mut().map(|site| &mut site.config);
        others.chain([&mut config]).for_each(|site| site.audit.set_apart());
        sites::keep_apart(is_meant.then_some(&config), &sites, errors);
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let log_format = file.choice("log_format", &formats, LogFormat::default());
        let http = http::read(purpose, &file, env);
        if purpose == For::Site {
            let own = is_meant.then_some(("sign_in".to_owned(), &config));
            let others = sites.iter().map(|(name, site)| (format!("sites.{name}.sign_in"), &site.config));
            own.into_iter().chain(others).for_each(|(at, site)| redis::check(http.redis.as_ref(), &at, site, errors));
        }
        Config { http, sites, log_format, ..config }
    })
}

/// What a file, or a part of one, says of one site: the one that its `section` at this path describes.
pub(super) fn of_site(
    purpose: For,
    file: &Reader<'_>,
    path: &str,
    section: Option<&Reader<'_>>,
    env: Env<'_>,
) -> Config {
    let errors = file.errors;
    let permissions = file.object("permissions").map(|section| permissions(&section)).unwrap_or_default();
    let tools = file.object("tools").map(|section| tools::read(&section)).unwrap_or_default();
    let log_level = level(file, "log_level");
    let audit = audit::read(file, env);
    let is_counted = audit.enabled && audit.format == AuditFormat::Json;
    if permissions.quota.counts() && !is_counted {
        let why = "writes are counted from the audit log: set audit.enabled to true and leave audit.format at json";
        errors.note(file.at("permissions.quota"), why);
    }
    let log_level = from_env(env, "MCP_LOG_LEVEL", self::log_level, errors).or(log_level).unwrap_or_default();
    let sign_in = sign_in::read(purpose, file, env);
    // Whatever is wrong with what brings them.
    let stated = |key: &&str| file.get("sign_in").is_some_and(|sign_in| sign_in.get(*key).is_some());
    let brings_keys = sign_in.brings_keys() || ["oauth", "idp", "site_oauth"].iter().any(stated);
    let erpnext = erpnext::read(purpose, file, path, section, env, !brings_keys);
    if purpose == For::Site {
        sign_in::check(&sign_in, &erpnext, file);
    }
    let of_another = sign_in.public_url().filter(|(_, url)| path == erpnext::SECTION && url.site().is_some());
    if let Some((section, _)) = of_another {
        let message = "expected …/mcp: names in addresses are those of sites";
        errors.note(file.at(&format!("sign_in.{section}.url")), message);
    }
    let methods = file.object("methods").map(|section| methods::read(&section)).unwrap_or_default();
    let publish = file.object("publish").map(|section| publish::read(&section, &permissions, &methods));
    Config {
        permissions,
        methods,
        publish: publish.unwrap_or_default(),
        attachments: file.object("attachments").map(|section| attachments(&section)).unwrap_or_default(),
        export: export::read(file),
        import: super::import::read(file),
        schema: schema(file, env),
        tools,
        audit,
        rate_limiting: rate_limiting(file),
        cache: cache(file),
        http: http::Http::default(),
        log_level,
        log_format: LogFormat::default(),
        erpnext,
        sign_in,
        sites: BTreeMap::new(),
        state_folder: files::state_folder(env),
        warnings: Vec::new(),
    }
}

/// What a parser makes of a variable of the environment.
pub(super) fn from_env<T>(
    env: Env<'_>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    errors: &Errors,
) -> Option<T> {
    parse(&env(name)?).map_err(|message| errors.note(name, message)).ok()
}

fn permissions(section: &Reader<'_>) -> Permissions {
    section.only(&["doctypes", "default", "reports", "confirm", "confirm_argument", "quota"]);
    let mut permissions = Permissions {
        reports: reports(section),
        confirm: confirm(section),
        confirm_argument: section.bool("confirm_argument", false),
        quota: section.object("quota").map(|section| quota::read(&section)).unwrap_or_default(),
        ..Permissions::default()
    };
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

/// Names of operations that write.
fn confirm(section: &Reader<'_>) -> Operations {
    use Operation::{Amend, Cancel, Create, Delete, Submit, Update};
    const WRITES: &[Operation] = &[Create, Update, Delete, Submit, Cancel, Amend];
    let names: Vec<&str> = WRITES.iter().map(|operation| operation.as_str()).collect();
    section.asks(
        "confirm",
        || json!({"type": "array", "items": {"type": "string", "enum": names}, "examples": [["submit"]]}),
    );
    let named = section.list("confirm", "operation").unwrap_or_default();
    let operation = |(place, name): (String, &str)| {
        let found = WRITES.iter().copied().find(|operation| operation.as_str() == name);
        if found.is_none() {
            section.errors.note(place, unknown("operation", name, &names));
        }
        found
    };
    named.into_iter().filter_map(operation).collect()
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
    known.extend(["allowed_fields", "extra_fields", "restricted_fields", "conditions"]);
    rule.only(&known);
    let restricted = rule.texts("restricted_fields").unwrap_or_default();
    for (place, name) in restricted.iter().filter(|(_, name)| is_always_readable(name)) {
        rule.errors.note(place, format!("{name} is always readable and cannot be restricted; take it out"));
    }
    DoctypePermissions {
        operations: operations(rule),
        allowed_fields: rule.texts("allowed_fields").map(|names| fields(names, rule.errors)),
        extra_fields: fields(rule.texts("extra_fields").unwrap_or_default(), rule.errors),
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
    let asked = |operation: &&Operation| !section.asks(operation.as_str(), || json!({"$ref": "#/$defs/condition"}));
    let stated = CONDITIONAL.iter().filter(asked);
    let stated = stated.filter_map(|operation| Some((*operation, section.object(operation.as_str())?)));
    let read = |(operation, object): (Operation, Reader<'_>)| {
        let condition = condition::read(&object)?;
        if operation == Operation::Read {
            condition::must_filter(&condition, &object.path, object.errors);
        }
        Some((operation, condition))
    };
    stated.filter_map(read).collect()
}

fn schema(file: &Reader<'_>, env: Env<'_>) -> Schema {
    let mut schema = Schema { overlay: true, cache_folder: files::cache_folder(env) };
    if let Some(section) = file.object("schema") {
        section.only(&["overlay", "cache_folder"]);
        schema.overlay = section.choice("overlay", &[("live", true), ("off", false)], schema.overlay);
        match section.text("cache_folder") {
            Some("") => section.errors.note(section.at("cache_folder"), "expected the path of a folder, found \"\""),
            Some(path) => schema.cache_folder = Some(path.into()),
            None => {}
        }
    }
    schema
}

fn attachments(section: &Reader<'_>) -> Attachments {
    section.only(&["directories"]);
    let examples = json!([["/srv/files"]]);
    section.asks("directories", || json!({"type": "array", "items": {"type": "string"}, "examples": examples}));
    let directories = section.list("directories", "path").unwrap_or_default();
    for (place, path) in directories.iter().filter(|(_, path)| !Path::new(path).is_absolute()) {
        section.errors.note(place, format!("expected an absolute path, found {path:?}"));
    }
    Attachments { directories: directories.into_iter().map(|(_, path)| path.into()).collect() }
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
        limits.total_per_minute = section.optional_count("total_per_minute", "requests");
        limits.total_per_hour = section.optional_count("total_per_hour", "requests");
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

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

pub(super) fn level(section: &Reader<'_>, key: &str) -> Option<LogLevel> {
    section.asks(key, || json!({"type": "string", "examples": LEVELS, "default": LogLevel::default().as_str()}));
    section.parsed(key, log_level)
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
        other => Err(unknown("level", other, LEVELS)),
    }
}
