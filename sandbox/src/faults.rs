//! Faults on demand, for tests and for people who want to see a client cope.

use axum::response::Response;

use crate::http::args::Sent;

/// What goes wrong, and when. Shared by the server and whoever started it.
#[derive(Default)]
pub struct Faults {}

/// One thing that goes wrong with one request.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {}

impl Faults {
    /// The fault that hits this request, if any.
    pub(crate) fn take(&self, _method: &str, _path: &str) -> Option<Fault> {
        None
    }

    /// Whether this key no longer opens the site.
    pub(crate) fn is_expired(&self, _key: &str) -> bool {
        false
    }

    /// `POST /sandbox/faults`.
    pub(crate) fn over_http(&self, _method: &str, _sent: &Sent) -> Response {
        Response::default()
    }
}

impl Fault {
    /// What is answered instead of doing anything.
    pub(crate) async fn before(&self) -> Option<Response> {
        None
    }

    /// What becomes of the answer after everything was done.
    pub(crate) async fn after(self, response: Response) -> Response {
        response
    }
}
