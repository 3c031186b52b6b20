//! The configuration: one JSON file and the environment → [`Config`], or everything that is wrong with them.

mod audit;
mod condition;
mod erpnext;
mod error;
mod export;
mod http;
mod idp;
mod import;
mod json;
mod locate;
mod log_level;
mod methods;
mod names;
mod narrowing;
mod oauth;
mod operation;
mod pattern;
mod public_url;
mod publish;
pub mod quota;
mod reader;
mod redis;
mod schema;
#[cfg(test)]
mod schema_tests;
mod secret;
mod sections;
mod sign_in;
mod site_oauth;
mod sites;
#[cfg(test)]
mod tests;
mod tools;
mod url;
mod version;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use erpnext_schema::Version;
use secrecy::SecretString;

use crate::files;
use sections::For;

pub use audit::Ship;
pub use condition::{Condition, Operand, Regex, Test};
pub use error::{ConfigError, ConfigErrors};
pub use export::Export;
pub use http::{Http, Tls};
pub use idp::{Algorithm, Idp, Person};
pub use import::Import;
pub use json::names_twice;
pub use log_level::{LogFormat, LogLevel};
pub use methods::{ArgumentKind, Method, MethodArgument};
pub use names::{ATTACHMENTS, COMMENTS, ConfigLocation, UnknownName};
pub use narrowing::{CORE, MORE, Narrowing, toolset};
pub use oauth::OAuth;
pub use operation::{Operation, Operations};
pub use pattern::Pattern;
pub use public_url::{PublicUrl, origin_of};
pub use publish::{
    BESIDE_FILTERS, FILTER_TYPES, Gives, LIST_FILTER, Publication, PublishedFilter, is_no_filter, is_of_a_call,
};
pub use quota::Quota;
pub use redis::Redis;
pub use schema::schema;
pub use sign_in::{SignIn, Token};
pub use site_oauth::SiteOAuth;
pub use sites::Site;
pub use tools::{Mode, Results, Tools};
pub use url::before_page;
pub use version::{Migrated, VERSION};

/// The file that is read where none is named, if it exists.
pub const DEFAULT_FILE: &str = "config/config.json";

/// What the user wants of this server. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// The site and who asks it.
    pub erpnext: Erpnext,
    /// Who may do what.
    pub permissions: Permissions,
    /// The site's methods that may be called, by their dotted path.
    pub methods: BTreeMap<String, Method>,
    /// Reports and saved filters that are tools of their own, by the tools' names.
    pub publish: BTreeMap<String, Publication>,
    /// Where files to be attached may lie.
    pub attachments: Attachments,
    /// Where files of exported documents go.
    pub export: Export,
    /// Where files to be imported lie.
    pub import: Import,
    /// Where the facts about DocTypes come from.
    pub schema: Schema,
    /// How tools answer.
    pub tools: Tools,
    /// The record of every attempt.
    pub audit: Audit,
    /// How people reach the server over HTTP.
    pub http: Http,
    /// How they prove who they are.
    pub sign_in: SignIn,
    /// Other sites, by name.
    pub sites: BTreeMap<String, Site>,
    /// How often the site may be asked.
    pub rate_limiting: RateLimiting,
    /// How long answers are kept.
    pub cache: Cache,
    /// What is logged to stderr.
    pub log_level: LogLevel,
    /// How a line of that looks.
    pub log_format: LogFormat,
    /// Where this program keeps what must outlive it, for all its processes of one user; none where the system has no place.
    pub state_folder: Option<PathBuf>,
    /// What could be better about the file itself, a line each: who may read the secret.
    pub warnings: Vec<String>,
}

/// The site and who asks it.
#[derive(Clone, Debug)]
pub struct Erpnext {
    /// `https://host[:port][/path]`, without a slash at the end; `http` only to loopback or with [`Self::allow_insecure_http`].
    pub url: String,
    /// The user's API key.
    pub api_key: SecretString,
    /// The user's API secret.
    pub api_secret: SecretString,
    /// How long one call to the site may take; in the file whole seconds, 60 unless stated.
    pub timeout: Duration,
    /// Whether the secret may travel unencrypted.
    pub allow_insecure_http: bool,
    /// How many requests may be under way at once; 16 unless stated.
    pub concurrent_requests: u64,
    /// The version that the site runs; where none is stated, the site is asked.
    pub version: Option<Version>,
}

/// Who may do what; what is not named is refused.
#[derive(Clone, Default, Debug)]
pub struct Permissions {
    /// By the DocType's exact name.
    pub doctypes: BTreeMap<String, DoctypePermissions>,
    /// What is permitted on DocTypes that are not named.
    pub default: Operations,
    /// The reports that may be run, by name.
    pub reports: Vec<Pattern>,
    /// What is done only once it was confirmed, beside delete and cancel, which always are.
    pub confirm: Operations,
    /// Whether `confirm: true` among the arguments is a confirmation; not unless stated.
    pub confirm_argument: bool,
    /// How many writes a user may send, and what a submit may be worth.
    pub quota: Quota,
}

/// What is permitted on one DocType.
#[derive(Clone, Default, Debug)]
pub struct DoctypePermissions {
    /// What may be done.
    pub operations: Operations,
    /// The fields that may be seen and set, `items.rate` for a column of a child table; every field where there is no list.
    pub allowed_fields: Option<Vec<String>>,
    /// The fields that may be seen and set beside those, though they are such as must be named: above permission level 0.
    pub extra_fields: Vec<String>,
    /// The fields that may not, in the same form; they win.
    pub restricted_fields: Vec<String>,
    /// What documents must satisfy, by operation.
    pub conditions: BTreeMap<Operation, Condition>,
}

/// Where the facts about DocTypes come from.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Whether the site's metadata is laid over the generated tables; it is unless stated.
    pub overlay: bool,
    /// Where what was laid last is kept; the user's cache folder unless stated, nowhere where the system has none.
    pub cache_folder: Option<PathBuf>,
}

/// Where files to be attached may lie.
#[derive(Clone, Default, Debug)]
pub struct Attachments {
    /// Absolute paths of directories; files in and below them may be attached, no others.
    pub directories: Vec<PathBuf>,
}

/// The record of every attempt.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Whether it is kept; not unless stated.
    pub enabled: bool,
    /// Where, relative to the working directory; `logs/audit.log` unless stated, and of a named server
    /// `logs/audit-NAME.log`.
    pub log_file: PathBuf,
    /// The name of this server among several, which its lines have; none where it is one.
    pub replica: Option<String>,
    /// The least that is recorded; INFO unless stated.
    pub log_level: LogLevel,
    /// Days; 30 unless stated.
    pub retention_days: u64,
    /// How a line looks; JSON unless stated.
    pub format: AuditFormat,
    /// What becomes of writes that cannot be recorded; denied unless stated.
    pub on_failure: OnFailure,
    /// Whether a line about a write is on the disk before the write is sent; not unless stated.
    pub fsync: bool,
    /// Where the lines go beside the file; nowhere unless stated.
    pub ship: Option<Ship>,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            enabled: false,
            log_file: "logs/audit.log".into(),
            replica: None,
            log_level: LogLevel::Info,
            retention_days: 30,
            format: AuditFormat::Json,
            on_failure: OnFailure::Deny,
            fsync: false,
            ship: None,
        }
    }
}

impl Audit {
    /// Gives a named server a file of its own.
    fn set_apart(&mut self) {
        if let Some(name) = &self.replica {
            let part = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
            let stem = part(self.log_file.file_stem()).unwrap_or_default();
            let end = part(self.log_file.extension()).map_or_else(String::new, |end| format!(".{end}"));
            self.log_file.set_file_name(format!("{stem}-{name}{end}"));
        }
    }
}

/// How a line of the audit log looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuditFormat {
    /// A JSON object, chained to the line before.
    Json,
    /// Text for people, without a chain.
    Text,
}

/// What becomes of writes that cannot be recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnFailure {
    /// They are refused.
    Deny,
    /// They are let through, with an error in the server's log.
    Allow,
}

/// How often the site may be asked.
#[derive(Clone, Debug)]
pub struct RateLimiting {
    /// Whether there is a limit; not unless stated.
    pub enabled: bool,
    /// Calls to the site; 60 unless stated.
    pub requests_per_minute: u64,
    /// Calls to the site; 1000 unless stated.
    pub requests_per_hour: u64,
    /// Calls of all users together; as many as there are unless stated.
    pub total_per_minute: Option<u64>,
    /// Calls of all users together; as many as there are unless stated.
    pub total_per_hour: Option<u64>,
}

/// How long answers are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Whether they are; not unless stated.
    pub enabled: bool,
    /// In the file whole seconds, 300 unless stated.
    pub ttl: Duration,
    /// Answers; 1000 unless stated.
    pub max_size: u64,
    /// For what the site says of its DocTypes; in the file whole seconds, 3600 unless stated.
    pub metadata_ttl: Duration,
}

impl Config {
    /// The sites that are served: by name, which is empty for the one of [`Self::erpnext`], with their hosts. A file with
    /// [`Self::sites`] need not have that one.
    pub fn served(&self) -> impl Iterator<Item = (&str, &[String], &Self)> {
        let own = (!self.erpnext.url.is_empty()).then_some(("", &[][..], self));
        own.into_iter().chain(self.sites.iter().map(|(name, site)| (name.as_str(), &*site.hosts, &site.config)))
    }

    /// Reads the file at `path`, else a default one where it exists ([`Self::file`]), else the environment alone.
    ///
    /// `env` looks a variable up; `ERPNEXT_URL`, `ERPNEXT_API_KEY`, `ERPNEXT_API_SECRET`, `MCP_AUDIT_ENABLED` and
    /// `MCP_LOG_LEVEL` win over the file, and an empty one counts as not set.
    ///
    /// # Errors
    /// Everything that is wrong at once: a file that cannot be read, text that is not JSON, unknown keys, wrong types
    /// and values, and what is missing.
    pub fn load(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        Self::read(For::Site, path, env)
    }

    /// As [`Self::load`], for what does not ask the site: address, key and secret may be missing, and no secret is fetched.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_offline(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        Self::read(For::Reading, path, env)
    }

    fn read(purpose: For, path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let path = Self::file(path, env);
        let Some(path) = path.as_deref() else {
            return sections::read_for(purpose, None, env).map_err(|errors| ConfigErrors { file: None, errors });
        };
        let text = text_of(path)?;
        let config = sections::read_for(purpose, Some(&text), env);
        let mut config = config.map_err(|errors| in_file(path, &text, errors))?;
        config.warnings = secret::exposed_by(path, &text);
        Ok(config)
    }

    /// What a file becomes in the form that this program reads; none if it has that form.
    ///
    /// # Errors
    /// A file that cannot be read, is not JSON, or is of a version to come.
    pub fn migrated(path: &Path) -> Result<Option<Migrated>, ConfigErrors> {
        let text = text_of(path)?;
        version::migrated(&text).map_err(|error| in_file(path, &text, vec![error]))
    }

    /// The file that is read: the one that is named, else [`DEFAULT_FILE`], else the user's own
    /// ([`files::config_file`]), whichever exists.
    pub fn file(path: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let defaults = || {
            let own = files::config_file(env);
            std::iter::once(PathBuf::from(DEFAULT_FILE)).chain(own).find(|file| file.exists())
        };
        path.map(Path::to_owned).or_else(defaults)
    }

    /// Reads a configuration from text, without the environment.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_text(text: &str) -> Result<Self, ConfigErrors> {
        sections::read_for(For::Site, Some(text), &|_| None).map_err(|mut errors| {
            locate::locate(&mut errors, text);
            ConfigErrors { file: None, errors }
        })
    }
}

fn text_of(path: &Path) -> Result<String, ConfigErrors> {
    std::fs::read_to_string(path).map_err(|error| {
        let errors = vec![ConfigError::new("", format!("cannot be read: {error}"))];
        ConfigErrors { file: Some(path.to_owned()), errors }
    })
}

/// Errors of a file, with their lines.
fn in_file(path: &Path, text: &str, mut errors: Vec<ConfigError>) -> ConfigErrors {
    locate::locate(&mut errors, text);
    ConfigErrors { file: Some(path.to_owned()), errors }
}
