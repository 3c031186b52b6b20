//! MCP over standard input and output, for one client that started this process.

use anyhow::Context;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

use super::end::stop_when_asked;
use super::lines::Lines;
use crate::server::Server;

/// Serves until the client closes standard input, or the system asks for the end, and what was begun is done.
///
/// # Errors
/// Where the transport fails; a client that leaves, even before it said anything, is no error.
pub async fn serve_stdio(server: Server) -> anyhow::Result<()> {
    stop_when_asked(server.turns().clone());
    let (from, to) = rmcp::transport::stdio_pipes();
    let running = match server.clone().serve(Lines::new(from, to, server.clone())).await {
        Ok(running) => running,
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error).context("the MCP session could not begin"),
    };
    let ended = running.waiting().await.context("the MCP session broke off");
    server.turns().finish().await;
    ended.map(drop)
}
