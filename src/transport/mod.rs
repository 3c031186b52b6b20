//! How clients reach the server.

mod end;
mod http;
mod lines;
mod message;
mod skim;
mod stdio;

pub use http::{Endpoint, HttpError, Patience, serve_http};
pub use stdio::serve_stdio;
