//! What the configuration opens, held against the site: which of it the site's user may do, and the tables of it. Both look at
//! the DocTypes that rules name and at those that `permissions.default` opens.

use std::collections::BTreeMap;

use erpnext_mcp::app::Connection;
use erpnext_mcp::policy::Operation;
use erpnext_mcp::site::{FoundDocTypes, SiteError, SiteErrorKind};
use erpnext_schema::{DocTypeDef, doctype_flag};
use futures_util::future::join_all;

/// How many questions are under way at once.
const AT_ONCE: usize = 16;

/// What the site's user may do of what is permitted here.
#[derive(Default, Debug)]
pub struct Rights {
    /// How many of the rights that rules permit the user has.
    pub held: usize,
    /// Those that the user has not, by DocType.
    pub lacking: BTreeMap<String, Vec<Operation>>,
    /// Of the DocTypes that `permissions.default` opens, those where the user has the first right that it permits.
    pub open: Vec<String>,
    /// How many it opens.
    pub opened: usize,
    /// Where the site did not say.
    pub unsaid: Vec<(String, SiteError)>,
    /// How many questions it answered.
    pub told: usize,
    /// Why it said nothing of a DocType of the tables.
    pub untold: Option<SiteError>,
    /// Why it did not tell which DocTypes of its own it has.
    pub own_untold: Option<SiteError>,
    /// Whether it has more of its own than were looked at.
    pub own_cut: bool,
}

impl Rights {
    /// Whether the user may do anything of what is permitted here.
    pub fn any(&self) -> bool {
        self.held > 0 || !self.open.is_empty()
    }
}

/// Asks for every right that a rule permits, and for one on each DocType that the default opens: it says what of those the
/// user has at all.
pub async fn rights(connection: &Connection) -> Rights {
    let session = connection.session();
    let mut rights = Rights::default();
    let own = own(connection).await.unwrap_or_else(|error| {
        rights.own_untold = Some(error);
        FoundDocTypes::default()
    });
    rights.own_cut = own.is_cut;
    let ruled = session.policy.doctypes();
    let mut questions: Vec<(&str, Operation, bool)> =
        ruled.flat_map(|(name, operations)| operations.iter().map(move |operation| (name, operation, true))).collect();
    let mut open: Vec<&str> = connection.registry().open_by_default().map(|def| def.name).collect();
    open.extend(own.doctypes.iter().map(|(name, _)| name.as_str()));
    let first = |name| Some((name, session.policy.operations(name).iter().next()?, false));
    questions.extend(open.into_iter().filter_map(first));
    for some in questions.chunks(AT_ONCE) {
        let answers = some.iter().map(async |(doctype, operation, ruled)| {
            (*doctype, *operation, *ruled, session.site.may(*operation, doctype).await)
        });
        for (doctype, operation, ruled, answer) in join_all(answers).await {
            rights.opened += usize::from(!ruled);
            rights.told += usize::from(answer.is_ok());
            match answer {
                Ok(true) if ruled => rights.held += 1,
                Ok(true) => rights.open.push(doctype.to_owned()),
                Ok(false) if ruled => rights.lacking.entry(doctype.to_owned()).or_default().push(operation),
                Ok(false) => {}
                // A DocType that is not there is a finding of the check.
                Err(error)
                    if matches!(
                        error.kind(),
                        SiteErrorKind::Missing | SiteErrorKind::Denied | SiteErrorKind::Server
                    ) =>
                {
                    let is_known = session.catalog.generated(doctype).is_some();
                    rights.untold = rights.untold.or(Some(error).filter(|_| is_known));
                }
                // One of the site's own that it cannot load (H35).
                Err(error) if !ruled && error.kind() == SiteErrorKind::Rejected => {}
                Err(error) => rights.unsaid.push((doctype.to_owned(), error)),
            }
        }
    }
    rights
}

/// The DocTypes that the site has beside those of the tables and that `permissions.default` opens.
async fn own(connection: &Connection) -> Result<FoundDocTypes, SiteError> {
    let session = connection.session();
    if session.policy.default_operations().is_empty() {
        return Ok(FoundDocTypes::default());
    }
    let documents = session.catalog.all_generated().filter(|def| !def.is(doctype_flag::CHILD));
    let known: Vec<&str> = documents.map(|def| def.name).collect();
    let mut own = session.site.doctypes_beside(&known).await?;
    own.doctypes.retain(|(name, _)| session.catalog.generated(name).is_none() && !session.policy.names(name));
    Ok(own)
}

/// Whoever may make or change one of these can give themselves every other right, or run code on the site.
const OPENS_ALL: [&str; 4] = ["User", "Role", "Custom Field", "Server Script"];

/// What to do about a key that may.
pub const LESS_POWER: &str = "create a user with the roles that are needed, and use its key";

/// Which of those the site's user may make or change. Nobody needs that for a day's work.
///
/// # Errors
/// The site's, where it says neither yes nor no.
pub async fn powers(connection: &Connection) -> Result<Vec<&'static str>, SiteError> {
    let asked = OPENS_ALL.iter().flat_map(|doctype| [Operation::Create, Operation::Update].map(|op| (*doctype, op)));
    let asked = asked.map(async |(doctype, operation)| (doctype, may(connection, operation, doctype).await));
    let mut held = Vec::new();
    for (doctype, is_held) in join_all(asked).await {
        if is_held? && !held.contains(&doctype) {
            held.push(doctype);
        }
    }
    Ok(held)
}

/// Whether the site's user may do this. With a DocType that is not there, or not told to this user, nobody may.
///
/// # Errors
/// The site's, where it says neither yes nor no.
pub async fn may(connection: &Connection, operation: Operation, doctype: &str) -> Result<bool, SiteError> {
    use SiteErrorKind::{Denied, Missing, Rejected, Server};
    match connection.session().site.may(operation, doctype).await {
        Err(error) if matches!(error.kind(), Missing | Denied | Server | Rejected) => Ok(false),
        told => told,
    }
}

/// The tables as the site has them.
#[derive(Default, Debug)]
pub struct Tables {
    /// By DocType.
    pub read: BTreeMap<String, &'static DocTypeDef>,
    /// Those that the site does not give, and why.
    pub failed: Vec<(String, SiteError)>,
}

/// Reads the tables of the DocTypes that rules name, and of those that are open to the user by default.
pub async fn tables(connection: &Connection, rights: &Rights) -> Tables {
    let session = connection.session();
    let ruled: Vec<String> = session.policy.doctypes().map(|(name, _)| name.to_owned()).collect();
    let mut tables = Tables::default();
    for some in [ruled, rights.open.clone()].concat().chunks(AT_ONCE) {
        let read = some.iter().map(async |name| (name.clone(), session.catalog.live(session.asker(), name).await));
        for (name, table) in join_all(read).await {
            match table {
                Ok(def) => drop(tables.read.insert(name, def)),
                Err(error) => tables.failed.push((name, error)),
            }
        }
    }
    tables
}
