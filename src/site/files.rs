//! Files attached to a document: which there are, their bytes, one more, one less. A file is reached through the document
//! that it is attached to, whose permit it needs.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::list::rows;
use super::{
    Answer, Body, Call, CallerClient, SiteError, WriteError, check, deleted, endpoints, misuse, named, reply,
    unexpected, url,
};
use crate::cleared::Cleared;
use crate::policy::{Operation, Permit};
use crate::shape::{is_set, text_of};

/// A file attached to a document, or one that is public. Only what the site says of its files makes one, so that no other file
/// can be asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Attachment {
    doctype: String,
    file: String,
    facts: Map<String, Value>,
}

impl Attachment {
    /// A public file that is attached to nothing, from its File document: whoever has the address gets it. None of a
    /// private or attached one, which its document decides about.
    pub(crate) fn public(permit: &Permit, stored: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| text_of(stored, key);
        let is_public =
            stored.get("is_private").and_then(Value::as_u64) == Some(0) && text("file_url").starts_with("/files/");
        let is_attached = !text("attached_to_doctype").is_empty() || !text("attached_to_name").is_empty();
        if permit.doctype() != "File" || !is_public || is_attached {
            return None;
        }
        Some(Self { doctype: "File".to_owned(), file: text("name").to_owned(), facts: stored.clone() })
    }

    /// The name of its File document.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// A text that the site keeps of it: `file_name`, `file_url`, `attached_to_field`, `owner`, `creation`.
    pub fn text(&self, key: &str) -> &str {
        text_of(&self.facts, key)
    }

    /// Whether the site tells which field it is of, or that it is of none.
    pub fn tells_its_field(&self) -> bool {
        self.facts.contains_key("attached_to_field")
    }

    /// Its size in bytes, where the site says.
    pub fn size(&self) -> Option<u64> {
        self.facts.get("file_size").and_then(Value::as_u64)
    }

    /// Whether only who may read the document gets it; else everyone does who has its address.
    pub fn is_private(&self) -> bool {
        is_set(&self.facts, "is_private")
    }
}

/// The bytes of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Download {
    /// As the site names it.
    pub content_type: String,
    /// All of them.
    pub bytes: Vec<u8>,
}

impl CallerClient<'_> {
    /// The files attached to a document. The site tells them to whoever may read it; what it says of them beyond name,
    /// address and privacy, only to whoever may also list files.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn attachments(&self, permit: &Permit, name: &str) -> Result<Vec<Attachment>, SiteError> {
        check(permit, &[Operation::Read, Operation::Update])?;
        let mut info = self.info(permit, name).await?;
        let listed = rows(info.remove("attachments").unwrap_or_default()).unwrap_or_default();
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "doctype": "File", "fields": ["name", "file_size", "attached_to_field", "owner", "creation"],
            "filters": [["attached_to_doctype", "=", permit.doctype()], ["attached_to_name", "=", name]],
            "order_by": "creation asc", "limit_page_length": 500,
        });
        let more = self.method_post(endpoints::LIST, Body::Json(body)).await;
        let mut more = more.ok().and_then(|answer| rows(answer.data)).unwrap_or_default();
        let attachment = |mut facts: Map<String, Value>| {
            let file = facts.get("name")?.as_str()?.to_owned();
            let same = more.iter().position(|row| row.get("name").is_some_and(|name| *name == file));
            facts.extend(same.map(|at| more.swap_remove(at)).into_iter().flatten());
            Some(Attachment { doctype: permit.doctype().to_owned(), file, facts })
        };
        Ok(listed.into_iter().filter_map(attachment).collect())
    }

    /// The bytes of an attached file.
    ///
    /// # Errors
    /// [`Kind::BadName`](super::Kind::BadName) where it lies elsewhere than on the site; the site's refusal.
    pub async fn download(&self, permit: &Permit, attachment: &Attachment) -> Result<Download, SiteError> {
        check(permit, &[Operation::Read])?;
        of(permit, attachment)?;
        let path = url::file_path(attachment.text("file_url"));
        let path = path.map_err(|url::BadName(words)| {
            SiteError::new(super::SiteErrorKind::BadName, attachment.text("file_name"), false, words)
        })?;
        let call = Call { method: Method::GET, path, query: Vec::new(), body: Body::None, writes: false };
        self.send_for(call, reply::download).await
    }

    /// Attaches a file to a document, privately; the File document that it got. The site may give it another name, and
    /// keeps bytes that it has already only once.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn attach(
        &self,
        cleared: Cleared<'_>,
        file_name: &str,
        bytes: &[u8],
    ) -> Result<Answer<Map<String, Value>>, WriteError> {
        check(cleared.permit(), &[Operation::Update])?;
        let path = endpoints::method(endpoints::UPLOAD);
        let line = format!("POST {path}");
        let fields = [("is_private", "1"), ("doctype", cleared.permit().doctype()), ("docname", named(&cleared)?)];
        let call = Call {
            method: Method::POST,
            path,
            query: Vec::new(),
            body: parts(&fields, file_name, bytes),
            writes: true,
        };
        Ok(self.value(call, "message").await?.try_map(|file| match file {
            Value::Object(file) => Ok(file),
            _ => Err(unexpected(&line, true, "no file in it")),
        })?)
    }

    /// Deletes an attached file.
    ///
    /// # Errors
    /// The site's refusal, or that no answer came.
    pub async fn detach(&self, cleared: Cleared<'_>, attachment: &Attachment) -> Result<Answer<()>, WriteError> {
        let permit = cleared.permit();
        check(permit, &[Operation::Update])?;
        of(permit, attachment)?;
        let path =
            url::resource_path("File", Some(&attachment.file)).map_err(|url::BadName(words)| misuse(permit, words))?;
        let call = Call { method: Method::DELETE, path, query: Vec::new(), body: Body::None, writes: true };
        let line = call.line();
        Ok(self.value(call, "data").await?.try_map(|data| deleted(&line, &data))?)
    }
}

/// That the permit is for the documents that the file is attached to.
fn of(permit: &Permit, attachment: &Attachment) -> Result<(), SiteError> {
    match permit.doctype() == attachment.doctype {
        true => Ok(()),
        false => Err(misuse(permit, "the file is attached to a document of another DocType")),
    }
}

/// A form with a file in it.
fn parts(fields: &[(&str, &str)], file_name: &str, bytes: &[u8]) -> Body {
    let mut form = Vec::with_capacity(bytes.len() + 1_000);
    let boundary = boundary(fields.iter().map(|(_, value)| value.as_bytes()).chain([bytes]));
    for (name, value) in fields {
        form.extend(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    // As browsers write it.
    let file_name = file_name.replace('"', "%22").replace(['\r', '\n'], " ");
    let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\n");
    form.extend(head.bytes());
    form.extend_from_slice(b"Content-Type: application/octet-stream\r\n\r\n");
    form.extend_from_slice(bytes);
    form.extend(format!("\r\n--{boundary}--\r\n").bytes());
    Body::Parts { boundary, bytes: form }
}

/// A line that stands in none of the parts.
fn boundary<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone) -> String {
    let stands_in =
        |line: &str| parts.clone().any(|part| part.windows(line.len()).any(|window| window == line.as_bytes()));
    let mut lines = (0u32..).map(|n| format!("part-{n:x}-of-erpnext-mcp"));
    lines.find(|line| !stands_in(line)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Body, parts};

    #[test]
    fn a_form_is_cut_by_a_line_that_stands_in_no_part() {
        let bytes = b"a part-0-of-erpnext-mcp b\r\n--part-1-of-erpnext-mcp";
        let Body::Parts { boundary, bytes: form } = parts(&[("doctype", "ToDo")], "a\"b\n.txt", bytes) else {
            unreachable!()
        };
        assert_eq!(boundary, "part-2-of-erpnext-mcp");
        let text = String::from_utf8_lossy(&form);
        assert!(text.contains("filename=\"a%22b .txt\"\r\n"), "{text}");
        assert!(text.contains("name=\"doctype\"\r\n\r\nToDo\r\n"), "{text}");
        assert!(text.ends_with("\r\n--part-2-of-erpnext-mcp--\r\n"), "{text}");
    }
}
