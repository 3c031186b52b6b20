//! The signals by which the system asks the program to end, or to read its configuration anew.

use crate::server::Turns;

/// Listens from now on for SIGTERM, SIGINT or SIGQUIT, and waits for one; where there are none, for Ctrl-C.
pub fn asked_to_end() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Before anything is awaited: until then a signal ends the process at once.
        let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::quit()));
        async move {
            if let (Ok(mut terminate), Ok(mut interrupt), Ok(mut quit)) = signals {
                tokio::select! {
                    _ = terminate.recv() => return,
                    _ = interrupt.recv() => return,
                    _ = quit.recv() => return,
                }
            }
            std::future::pending().await
        }
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Lets nothing more begin once the system asks for the end.
pub fn stop_when_asked(turns: Turns) {
    let asked = asked_to_end();
    tokio::spawn(async move {
        asked.await;
        tracing::info!("asked to end: what has begun is finished, nothing more is begun");
        turns.stop();
    });
}

/// Waits for SIGHUP, as when the terminal is closed; for ever where there is no such signal.
pub async fn hung_up() {
    match Reload::new() {
        Some(mut hangup) => {
            hangup.next().await;
        }
        None => std::future::pending().await,
    }
}

/// Waits for the next of those by which it is to read its configuration anew (SIGHUP), on systems that have it.
#[derive(Debug)]
pub struct Reload(#[cfg(unix)] tokio::signal::unix::Signal);

impl Reload {
    /// Listens from now on; none where that cannot be.
    pub fn new() -> Option<Self> {
        #[cfg(unix)]
        return tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok().map(Self);
        #[cfg(not(unix))]
        None
    }

    /// Waits for the next; none where there will be no more.
    pub async fn next(&mut self) -> Option<()> {
        #[cfg(unix)]
        return self.0.recv().await;
        #[cfg(not(unix))]
        None
    }
}
