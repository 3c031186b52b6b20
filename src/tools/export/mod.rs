//! Exports: documents and reports written to a file, row by row. The model learns what is in it, and sees none of the rows.

mod documents;
mod folder;
mod held;
mod patience;
mod place;
mod report;
mod seen;
mod sheet;

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::answer::{Exported, ToolAnswer, note_of};
use crate::context::Session;
use crate::error::ToolError;
use crate::hex::sha256;
use crate::policy::{Operation, Policy};
use crate::tool::Call;
use crate::tool::kinds::choices;
use crate::tool::progress::Attachment;
use crate::writes::quota;
use held::{HeldFile, Label, UserFiles};
use place::{ExportTarget, Kept};
use seen::Source;
use sheet::Sheet;

pub use documents::DOCUMENTS;
pub use held::withdraw;
pub use report::REPORT;

/// The most rows of one file.
const MOST: u64 = 100_000;

choices! {
    /// What kind of file.
    Format {
        Csv = "csv",
        Xlsx = "xlsx",
    }
}

impl Format {
    /// The MIME type of its files.
    const fn mime(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Where many documents may be taken out at once, and there is a place for them.
fn offered(policy: &Policy) -> bool {
    policy.opens_exports()
}

/// Where the same holds for a report.
fn offered_reports(policy: &Policy) -> bool {
    policy.opens_exports() && policy.opens_reports()
}

/// Refuses to take documents of a DocType out if the configuration does not permit it, has no room for one more file, or the
/// user has no such right on the site: the desk asks for it too.
async fn may_leave(call: &Call<'_>, doctype: &str) -> Result<(), ToolError> {
    let session = call.session;
    session.permit(Operation::Export, doctype).await?;
    quota::has_room_for_a_file(session, call.attempt, doctype).await?;
    granted(session, doctype).await
}

/// Refuses what the site's user may not export.
async fn granted(session: &Session<'_>, doctype: &str) -> Result<(), ToolError> {
    if session.site.may(Operation::Export, doctype).await? {
        return Ok(());
    }
    Err(ToolError::refused(
        format!("The site's user has no right to export {doctype}. No file is given."),
        "Read it with a list, or ask an administrator of the site for the right.",
    ))
}

/// The files that are held for this caller while they see the same: by the rules of the configuration, and by the User
/// Permissions of the site's user.
async fn files_of(session: &Session<'_>, directory: &Path) -> Result<UserFiles, ToolError> {
    let permissions = session.site.user_permissions().await?;
    let rules = format!("{} {permissions:?}", session.policy.rules_of_sight());
    Ok(UserFiles::of(directory, session.caller.identity(), &rules))
}

/// A file that was read back.
#[derive(Debug)]
pub struct File {
    /// Its MIME type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The file that this caller had made, by the `name` and `doctype` of its address, while the policy and the User Permissions
/// show what they did then: a restart or another token may show less. Of the site it is asked whether its user may still
/// export the DocType and sees what is in it.
///
/// # Errors
/// That there is none any more, and that it may not be had.
pub async fn read_back(session: &Session<'_>, given: &Map<String, Value>) -> Result<File, ToolError> {
    let text = |key: &str| given.get(key).and_then(Value::as_str).unwrap_or_default();
    let gone = || {
        ToolError::refused(
            "There is no such file of this user: each can be read back for an hour, and only the last five.",
            "Call the tool that made it again.",
        )
    };
    let doctype = text("doctype");
    let label = Label::read(text("name"), doctype).ok_or_else(gone)?;
    session.permit(Operation::Export, doctype).await?;
    granted(session, doctype).await?;
    let directory = session.export.directory.as_deref().ok_or_else(gone)?;
    let held = files_of(session, directory).await?;
    let kind = label.format.mime();
    let read = tokio::task::spawn_blocking(move || {
        let file = |HeldFile { bytes, source }| (File { kind, sha256: sha256(&bytes), bytes }, source);
        held.read(&label).map(|held| held.map(file))
    });
    let found = read.await.map_err(std::io::Error::other).and_then(|read| read).map_err(|error| {
        tracing::error!("an export could not be read back: {error}");
        ToolError::refused(
            "The file could not be read.",
            "Call the tool that made it again; if that fails too, tell the administrator.",
        )
    })?;
    let (file, source) = found.ok_or_else(gone)?;
    if source.is_seen(session, doctype).await? { Ok(file) } else { Err(gone()) }
}

/// Refuses what would be more rows than a file holds.
fn fits(rows: u64, what: &str) -> Result<(), ToolError> {
    if rows <= MOST {
        return Ok(());
    }
    Err(ToolError::refused(
        format!("{what} would be {rows} rows or more, and one file holds {MOST}. No file was written."),
        "Narrow the filters, such as to a year, and export each part.",
    ))
}

/// Ends the file, gives it its name, and tells what is in it.
async fn keep(
    call: &Call<'_>,
    doctype: &str,
    place: ExportTarget<'_>,
    sheet: Sheet,
    source: Source,
) -> Result<ToolAnswer, ToolError> {
    let columns: Vec<String> = sheet.columns().map(str::to_owned).collect();
    let ended = tokio::task::spawn_blocking(|| sheet.end()).await;
    let written = ended.map_err(std::io::Error::other).and_then(|ended| ended).map_err(place::unwritable)?;
    place.fits(written.bytes)?;
    // What leaves is recorded before it can be had.
    let _recorded = quota::file_leaves(call.session, call.attempt, doctype).await?;
    let Kept { uri, name, told } = place.keep(doctype, written.file, written.bytes, source).await?;
    let facts = Some((place.format.mime(), written.bytes));
    call.observer.give(Attachment::Link { uri, name, facts });
    let mut data: Map<String, Value> = told.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    data.extend([
        ("rows".to_owned(), json!(written.rows)),
        ("columns".to_owned(), json!(columns)),
        ("bytes".to_owned(), json!(written.bytes)),
        ("sha256".to_owned(), json!(written.sha256)),
    ]);
    let mut notes = Vec::new();
    if written.defused > 0 {
        notes.push(format!("{} texts begin like a formula and have ' before them", written.defused));
    }
    if written.cut > 0 {
        notes.push(format!("{} texts are cut to what a cell of XLSX holds; csv holds them whole", written.cut));
    }
    data.extend(note_of(&notes));
    let exported = Exported { doctype: doctype.to_owned(), columns, rows: written.rows, sha256: written.sha256 };
    Ok(ToolAnswer { exported: Some(Box::new(exported)), ..data.into() })
}

/// That the client left while the file was written.
fn stopped() -> ToolError {
    ToolError::refused("The export was called off; what was written is removed.", "Call again for the whole file.")
}
