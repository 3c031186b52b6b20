//! `audit`: the record of every attempt.

use std::fmt;
use std::path::PathBuf;

use serde_json::json;

use super::reader::Reader;
use super::sections::{Env, from_env, level};
use super::{Audit, AuditFormat, OnFailure};

/// Where the lines of the log go beside its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ship {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A socket of this machine that takes datagrams of syslog.
    Socket(PathBuf),
    /// A `host:port` that takes datagrams of syslog.
    Udp(String),
    /// A collector of OpenTelemetry, which the environment names.
    Otlp,
}

impl fmt::Display for Ship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::Otlp => f.write_str("otlp"),
            Self::Socket(path) => write!(f, "syslog://{}", path.display()),
            Self::Udp(host) => write!(f, "syslog://{host}"),
        }
    }
}

/// Reads the section.
pub(super) fn read(file: &Reader<'_>, env: Env<'_>) -> Audit {
    let mut audit = Audit::default();
    if let Some(section) = file.object("audit") {
        section.only(&[
            "enabled",
            "log_file",
            "log_level",
            "retention_days",
            "format",
            "on_failure",
            "durability",
            "replica",
            "ship",
        ]);
        audit.enabled = section.bool("enabled", audit.enabled);
        audit.log_level = level(&section, "log_level").unwrap_or(audit.log_level);
        audit.retention_days = section.count("retention_days", "days", audit.retention_days);
        let formats = [("json", AuditFormat::Json), ("text", AuditFormat::Text)];
        audit.format = section.choice("format", &formats, audit.format);
        let failures = [("deny", OnFailure::Deny), ("allow", OnFailure::Allow)];
        audit.on_failure = section.choice("on_failure", &failures, audit.on_failure);
        audit.fsync = section.choice("durability", &[("flush", false), ("fsync", true)], audit.fsync);
        section.asks("ship", || {
            let examples = ["stdout", "stderr", "syslog://logs.example.com:514", "syslog:///dev/log"];
            json!({"type": "string", "pattern": "^(stdout|stderr|otlp|syslog://(/.+|[^/]+:[0-9]+))$", "examples": examples})
        });
        audit.ship = section.parsed("ship", ship);
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
    let section = file.object("audit");
    let stated = section.and_then(|section| {
        section.asks("replica", || json!({"type": "string", "pattern": "^[A-Za-z0-9._-]+$", "examples": ["pod-1"]}));
        section.parsed("replica", replica)
    });
    audit.replica = from_env(env, "MCP_AUDIT_REPLICA", replica, file.errors).or(stated);
    audit.enabled = from_env(env, "MCP_AUDIT_ENABLED", truth, file.errors).unwrap_or(audit.enabled);
    if audit.ship.is_some() && !audit.enabled {
        file.errors.note(file.at("audit.ship"), "there are no lines to send: set audit.enabled to true");
    }
    audit
}

/// The name of a server, which is part of the name of a file.
fn replica(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !text.is_empty() && text.len() <= 100 && text.chars().all(plain);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| format!("expected a name of letters, digits, -, _ and ., found {text:?}"))
}

fn ship(text: &str) -> Result<Ship, String> {
    let has_port = |host: &str| {
        host.rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0))
    };
    match (text, text.strip_prefix("syslog://")) {
        ("stdout", _) => Ok(Ship::Stdout),
        ("stderr", _) => Ok(Ship::Stderr),
        ("otlp", _) if cfg!(feature = "otel") => Ok(Ship::Otlp),
        ("otlp", _) => Err("otlp needs a program that is built with --features otel".to_owned()),
        (_, Some(path)) if cfg!(unix) && path.starts_with('/') => Ok(Ship::Socket(path.into())),
        (_, Some(host)) if !host.contains('/') && has_port(host) => Ok(Ship::Udp(host.to_owned())),
        _ => Err(format!(
            "expected stdout, stderr, otlp, syslog://HOST:PORT or syslog:///PATH of a socket, found {text:?}"
        )),
    }
}
