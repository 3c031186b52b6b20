//! How clients reach the server.

mod end;
mod http;
mod ids;
mod lines;
mod message;
mod skim;
mod stdio;

pub use end::{Reload, asked_to_end, hung_up};
pub use http::{Endpoint, HttpError, Patience, serve_http, serve_status};
pub use stdio::serve_stdio;
