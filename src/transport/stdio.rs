//! MCP over standard input and output, for one client that started this process.

use anyhow::Context;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

use super::lines::Lines;
use crate::server::Server;

/// Serves until the client closes standard input, or the system asks for the end, and what was begun is done.
///
/// # Errors
/// Where the transport fails; a client that leaves, even before it said anything, is no error.
pub async fn serve_stdio(server: Server) -> anyhow::Result<()> {
    let stopping = server.clone();
    tokio::spawn(async move {
        asked_to_end().await;
        tracing::info!("asked to end: what has begun is finished, nothing more is begun");
        stopping.stop();
    });
    let (from, to) = rmcp::transport::stdio_pipes();
    let running = match server.clone().serve(Lines::new(from, to, server.clone())).await {
        Ok(running) => running,
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error).context("the MCP session could not begin"),
    };
    let ended = running.waiting().await.context("the MCP session broke off");
    server.finish().await;
    ended.map(drop)
}

/// Waits for SIGTERM or SIGINT; where there are none, for Ctrl-C.
async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        if let (Ok(mut terminate), Ok(mut interrupt)) = signals {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
            }
        }
        std::future::pending().await
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
