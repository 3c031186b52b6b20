//! Where a file comes from: the call itself, a document that it is attached to, or the one directory of the
//! configuration, which no name leads out of.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::ToolError;
use crate::tool::Call;
use crate::tool::kinds::DocumentName;
use crate::tools::attachments::{fetched, local};
use crate::tools::bulk::wrong;

/// The largest file, in bytes.
const MOST: usize = 10 << 20;

/// A file that was given.
pub(super) struct Source {
    /// The argument that gave it.
    pub argument: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Where its account goes: the directory, and how the name begins. None where nobody could have a file.
    pub beside: Option<(PathBuf, String)>,
}

impl Source {
    /// The file of a call.
    ///
    /// # Errors
    /// Not just one was given; files that are not there, lie elsewhere, or are too large; over HTTP any of this machine.
    pub async fn of(
        call: &Call<'_>,
        content: Option<String>,
        file: Option<&str>,
        attachment: Option<&Map<String, Value>>,
    ) -> Result<Self, ToolError> {
        let is_here = call.session.caller.request.is_none();
        let directory = call.session.import.directory.as_deref();
        let beside = || directory.filter(|_| is_here).map(|directory| (directory.to_owned(), "import".to_owned()));
        match (content, file, attachment) {
            (Some(content), None, None) => {
                Ok(Self { argument: "content", bytes: content.into_bytes(), beside: beside() })
            }
            (None, None, Some(attachment)) => {
                let bytes = attached(call, attachment).await?;
                Ok(Self { argument: "attachment", bytes, beside: beside() })
            }
            (None, Some(_), None) if !is_here => Err(ToolError::refused(
                "file: it would lie on the machine of this server, which its users over HTTP do not have; nothing was sent.",
                "Give what is in the file as content, in several calls if it is long, or attach it to a document.",
            )),
            (None, Some(file), None) => match directory {
                Some(directory) => read(directory, file).await,
                None => Err(ToolError::refused(
                    "file: the configuration names no directory for imports (import.directory); nothing was sent.",
                    "Give what is in the file as content, or attach it to a document.",
                )),
            },
            _ => {
                let message = "give either content, the text of the file, or file, or attachment";
                Err(wrong(call, "content", message.to_owned()))
            }
        }
    }
}

/// A file that is attached to a document.
async fn attached(call: &Call<'_>, attachment: &Map<String, Value>) -> Result<Vec<u8>, ToolError> {
    let text = |key: &str| attachment.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let (Some(doctype), Some(name), Some(file), 3) = (text("doctype"), text("name"), text("file"), attachment.len())
    else {
        let message = "expected the document that has the file, and the file as list_attachments names it: \
                       {\"doctype\", \"name\", \"file\"}";
        return Err(wrong(call, "attachment", message.to_owned()));
    };
    let bytes = fetched(call, doctype, &DocumentName(name.to_owned()), file).await?;
    if bytes.len() > MOST {
        return Err(ToolError::refused(
            format!("attachment: {file:?} has more than {MOST} bytes; nothing was sent."),
            "Tell the user: it has to be divided, each part with the header.",
        ));
    }
    Ok(bytes)
}

/// A file below the directory.
async fn read(directory: &Path, file: &str) -> Result<Source, ToolError> {
    let (directory, wanted) = (directory.to_owned(), PathBuf::from(file));
    let read = tokio::task::spawn_blocking(move || {
        let real = local::real(&directory, &wanted)?;
        Some(local::bytes(&real).map(|(_, bytes)| (real, bytes)))
    });
    let (real, bytes) = match read.await.ok().flatten() {
        Some(Ok(read)) => read,
        Some(Err(why)) => {
            return Err(ToolError::refused(
                format!("file: {file:?} {why}; nothing was sent."),
                "Give another file, or its text as content.",
            ));
        }
        // One and the same for a file that is not there and one that lies elsewhere.
        None => {
            return Err(ToolError::refused(
                format!("file: there is no {file:?} in or below the directory for imports; nothing was sent."),
                "Ask for the name of the file, or give its text as content.",
            ));
        }
    };
    if bytes.len() > MOST {
        return Err(ToolError::refused(
            format!("file: {file:?} has more than {MOST} bytes; nothing was sent."),
            "Divide it, each part with the header.",
        ));
    }
    let stem = real.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = real.parent().map(|folder| (folder.to_owned(), stem));
    Ok(Source { argument: "file", bytes, beside })
}
