//! Who is there and what runs: `ping`, the logged-in user, the versions of the apps.

use erpnext_schema::Version;
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

/// `frappe.model.utils.user_settings.get`: nobody has left a list of the desk behind here.
pub fn get_user_settings(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    request.text("doctype")?;
    Ok(Reply::message("{}"))
}

pub fn get_versions(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (frappe, erpnext) = match request.site.version() {
        Version::V15 => (("Frappe Platform", "15.72.4"), ("Frappe ERP", "15.71.1")),
        Version::V16 => (("Frappe Framework", "16.4.1"), ("ERPNext", "16.0.0-dev")),
    };
    Ok(Reply::message(json!({
        "frappe": {"title": frappe.0, "description": "The framework", "branch": "", "version": frappe.1},
        "erpnext": {"title": erpnext.0, "description": "The application", "branch": "", "version": erpnext.1},
    })))
}
