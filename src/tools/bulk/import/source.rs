//! Where a file comes from: the call itself, or the one directory of the configuration, which no name leads out of.

use std::path::{Path, PathBuf};

use crate::error::ToolError;
use crate::tool::Call;
use crate::tools::attachments::local;
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
    /// None or both were given; files that are not there, lie elsewhere, or are too large; any file over HTTP.
    pub async fn of(call: &Call<'_>, content: Option<String>, file: Option<&str>) -> Result<Self, ToolError> {
        let is_here = call.session.caller.request.is_none();
        let directory = call.session.import.directory.as_deref();
        match (content, file) {
            (Some(content), None) => {
                let beside = directory.filter(|_| is_here).map(|directory| (directory.to_owned(), "import".to_owned()));
                Ok(Self { argument: "content", bytes: content.into_bytes(), beside })
            }
            (None, Some(_)) if !is_here => Err(ToolError::refused(
                "file: it would lie on the machine of this server, which its users over HTTP do not have; nothing was sent.",
                "Give what is in the file as content, in several calls if it is long.",
            )),
            (None, Some(file)) => match directory {
                Some(directory) => read(directory, file).await,
                None => Err(ToolError::refused(
                    "file: the configuration names no directory for imports (import.directory); nothing was sent.",
                    "Give what is in the file as content.",
                )),
            },
            _ => Err(wrong(call, "content", "give either content, the text of the file, or file".to_owned())),
        }
    }
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
