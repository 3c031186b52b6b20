//! How clients reach the server.

mod lines;
mod skim;
mod stdio;

pub use stdio::serve_stdio;
