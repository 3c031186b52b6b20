//! `/api/method/…`: one line per method that the site answers.
//!
//! To add a method: write `pub fn name(request: &mut Request<'_>) -> Result<Reply, SiteError>` in a file of its family
//! here and give it a line in [`METHODS`]. A handler runs inside the request's transaction: what it wrote is kept
//! where it answers `Ok` to a POST, PUT or DELETE, and undone otherwise. It answers with [`Reply::message`] or
//! [`Reply::json`], fails with the constructors of [`SiteError`], and adds server messages with `request.site.say`.

mod client;
mod doctype;
pub(crate) mod list;
mod session;

use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

/// What answers a method.
pub type Handler = fn(&mut Request<'_>) -> Result<Reply, SiteError>;

/// A method of the site.
#[derive(Clone, Copy)]
pub struct Method {
    /// Its dotted path.
    pub path: &'static str,
    /// What answers it.
    pub handler: Handler,
    /// Whether it changes something: GET is refused with 403.
    pub post_only: bool,
    /// Whether it needs no key.
    pub guest: bool,
}

const fn open(path: &'static str, handler: Handler) -> Method {
    Method { path, handler, post_only: false, guest: true }
}

const fn any(path: &'static str, handler: Handler) -> Method {
    Method { path, handler, post_only: false, guest: false }
}

const fn post(path: &'static str, handler: Handler) -> Method {
    Method { path, handler, post_only: true, guest: false }
}

/// Every method. `/files` is no method: it answers `GET /files/…` and `GET /private/files/…`, the path in
/// `request.path`.
#[rustfmt::skip]
pub static METHODS: &[Method] = &[
    open("ping", session::ping),
    open("frappe.ping", session::ping),
    any("frappe.auth.get_logged_user", session::get_logged_user),
    any("frappe.utils.change_log.get_versions", session::get_versions),
    any("frappe.desk.form.load.getdoctype", doctype::getdoctype),
    any("frappe.client.get", client::get),
    any("frappe.client.get_list", list::get_list),
    any("frappe.client.get_count", list::client_get_count),
    any("frappe.desk.reportview.get", list::reportview_get),
    any("frappe.desk.reportview.get_list", list::reportview_get_list),
    any("frappe.desk.reportview.get_count", list::reportview_get_count),
    post("frappe.client.save", client::save),
    post("frappe.client.insert", client::insert),
];

/// The method of that path.
pub fn find(path: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.path == path)
}
