//! Which handler answers a path.

use super::resource;
use crate::error::{SiteError, exc};
use crate::methods;
use crate::reply::Reply;
use crate::request::Request;

/// Finds the handler and lets it answer.
///
/// # Errors
/// The handler's, or that there is none.
pub fn route(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let path = request.path;
    if path.starts_with("/files/") || path.starts_with("/private/files/") {
        return method(request, "/files");
    }
    let Some(path) = path.strip_prefix("/api/") else {
        return Err(SiteError::new(exc::PAGE_NOT_FOUND, ""));
    };
    let path = path.strip_prefix("v1/").unwrap_or(path);
    match path.split_once('/') {
        Some(("method", name)) if !name.is_empty() => {
            request.path = name.trim_end_matches('/');
            method(request, name.trim_end_matches('/'))
        }
        Some(("resource", rest)) => resource::resource(request, rest),
        _ => Err(SiteError::new(exc::DOES_NOT_EXIST, "")),
    }
}

fn method(request: &mut Request<'_>, name: &str) -> Result<Reply, SiteError> {
    let version = request.site.version();
    let Some(method) = methods::find(name).filter(|method| method.only.is_none_or(|only| only == version)) else {
        return Err(match methods::is_internal(name) {
            true => SiteError::closed(name),
            false => SiteError::invalid(format!("Failed to get method for command {name}")),
        });
    };
    if request.site.user.is_guest() && !method.guest {
        return Err(SiteError::closed(name));
    }
    if method.post_only && request.method == "GET" {
        return Err(SiteError::throw(exc::PERMISSION, "Not permitted"));
    }
    (method.handler)(request)
}
