//! How clients reach the server.

mod stdio;

pub use stdio::serve_stdio;
