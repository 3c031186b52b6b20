//! Files: uploaded as multipart, attached to documents, kept in the database, read back by their address.

use serde_json::json;

use super::md5;
use crate::doc::{Doc, int, text};
use crate::documents::{own, without_nulls};
use crate::error::{SiteError, exc};
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::{Sql, quote};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS contents (url TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID";

/// `upload_file`.
pub fn upload(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let site = &request.site;
    let attached = match (request.opt("doctype"), request.opt("docname")) {
        (Some(doctype), Some(name)) => {
            let doc = site.load(&doctype, &name)?;
            site.check(&doctype, Some(&doc), Right::Write)?;
            Some((doctype, text(&doc, "name").to_owned()))
        }
        _ => None,
    };
    let Some(upload) = request.files.iter().find(|file| file.field == "file") else {
        return Err(SiteError::invalid("There is no file attached"));
    };
    let file_name = upload.filename.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    if file_name.is_empty() {
        return Err(SiteError::invalid("Please enter a file name"));
    }
    let private = request.int("is_private") != 0;
    let hash = md5::hex(&upload.bytes);
    let url = place(site, &file_name, private, &hash)?;
    keep(site, &url, &upload.bytes)?;
    let (doctype, name) = attached.clone().unzip();
    let file = own::add(
        site,
        "File",
        json!({
            "file_name": file_name, "is_private": i32::from(private), "file_type": extension(&file_name).map(str::to_uppercase),
            "file_size": upload.bytes.len(), "file_url": url, "folder": "Home", "attached_to_doctype": doctype,
            "attached_to_name": name, "attached_to_field": request.opt("fieldname"), "content_hash": hash,
        }),
    )?;
    site.journal("insert", "File", text(&file, "name"))?;
    if let Some((doctype, name)) = attached {
        let link = format!("<a href='{url}' target='_blank'>{file_name}</a>");
        own::note(site, &doctype, &name, "Attachment", &link)?;
    }
    Ok(Reply::message(without_nulls(file)))
}

/// The address of an upload: that of a file with the same bytes, or one of its own that no other file has.
fn place(site: &Site<'_>, file_name: &str, private: bool, hash: &str) -> Result<String, SiteError> {
    let def = site.controller("File")?;
    let same = [Sql::Text(hash.to_owned()), Sql::Integer(i64::from(private))];
    if let Some(file) = site.db.rows_where(def, "content_hash = ?1 AND is_private = ?2 LIMIT 1", &same)?.first() {
        return Ok(text(file, "file_url").to_owned());
    }
    let folder = if private { "/private/files/" } else { "/files/" };
    let url = format!("{folder}{file_name}");
    if files_at(site, &url)?.is_empty() {
        return Ok(url);
    }
    let (stem, extension) =
        file_name.rsplit_once('.').map_or((file_name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    Ok(format!("{folder}{stem}{}{extension}", &hash[hash.len().saturating_sub(6)..]))
}

fn keep(site: &Site<'_>, url: &str, bytes: &[u8]) -> Result<(), SiteError> {
    site.db.execute(TABLE, &[])?;
    let sql = "INSERT OR REPLACE INTO contents (url, bytes) VALUES (?1, ?2)";
    site.db.execute(sql, &[Sql::Text(url.to_owned()), Sql::Blob(bytes.to_vec())])?;
    Ok(())
}

fn files_at(site: &Site<'_>, url: &str) -> Result<Vec<Doc>, SiteError> {
    let condition = format!("{} = ?1", quote("file_url"));
    site.db.rows_where(site.controller("File")?, &condition, &[Sql::Text(url.to_owned())])
}

fn extension(file_name: &str) -> Option<&str> {
    file_name.rsplit_once('.').map(|(_, extension)| extension)
}

/// `GET /files/…` and `GET /private/files/…`. A private file needs the right to read what it is attached to.
pub fn download(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let site = &request.site;
    let url = request.path;
    let files = files_at(site, url)?;
    if url.starts_with("/private/") && !readable(site, &files)? {
        return Err(SiteError::throw(exc::PERMISSION, "You don't have permission to access this file"));
    }
    let missing = || SiteError::new(exc::PAGE_NOT_FOUND, "");
    if files.is_empty() {
        return Err(missing());
    }
    site.db.execute(TABLE, &[])?;
    let bytes = site.db.scalar("SELECT bytes FROM contents WHERE url = ?1", &[Sql::Text(url.to_owned())])?;
    let Some(Sql::Blob(bytes)) = bytes else { return Err(missing()) };
    Ok(Reply::bytes(content_type(url), bytes))
}

fn readable(site: &Site<'_>, files: &[Doc]) -> Result<bool, SiteError> {
    if site.user.is_guest() {
        return Ok(false);
    }
    for file in files {
        let own = text(file, "owner") == site.user.name || site.user.is_administrator() || int(file, "is_private") == 0;
        let attached = match (text(file, "attached_to_doctype"), text(file, "attached_to_name")) {
            ("", _) | (_, "") => false,
            (doctype, name) => match site.load(doctype, name) {
                Ok(doc) => site.may(&doc, Right::Read)?,
                Err(_) => false,
            },
        };
        if own || attached {
            return Ok(true);
        }
    }
    Ok(false)
}

fn content_type(url: &str) -> &'static str {
    match extension(url).unwrap_or_default().to_ascii_lowercase().as_str() {
        "txt" | "csv" | "md" | "log" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
}
