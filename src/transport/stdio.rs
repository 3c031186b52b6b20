//! MCP over standard input and output, for one client that started this process.

use anyhow::Context;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

use crate::server::Server;

/// Serves until the client closes standard input and what it asked for is done.
///
/// # Errors
/// Where the transport fails; a client that leaves, even before it said anything, is no error.
pub async fn serve_stdio(server: Server) -> anyhow::Result<()> {
    let running = match server.clone().serve(rmcp::transport::stdio_pipes()).await {
        Ok(running) => running,
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error).context("the MCP session could not begin"),
    };
    let ended = running.waiting().await.context("the MCP session broke off");
    server.finish().await;
    ended.map(drop)
}
