//! Who is there and what runs: `ping`, the logged-in user, the versions of the apps.

use serde_json::json;

use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

pub fn ping(_: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message("pong"))
}

pub fn get_logged_user(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message(request.site.user.name.as_str()))
}

pub fn get_time_zone(_: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message(json!({"time_zone": "UTC"})))
}

pub fn get_versions(_: &mut Request<'_>) -> Result<Reply, SiteError> {
    Ok(Reply::message(json!({
        "frappe": {"title": "Frappe Platform", "description": "The framework", "branch": "", "version": "15.72.4"},
        "erpnext": {"title": "Frappe ERP", "description": "The application", "branch": "", "version": "15.71.1"},
    })))
}
