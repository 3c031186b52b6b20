//! The list of tools as clients get it, and what the server says that it does: made when first asked for, and when it changes.

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{ServerCapabilities, Tool as WireTool};
use tokio::sync::watch;

use super::{Server, capabilities, on_the_wire};
use crate::tool::listing::listing;

/// A list of tools, shared by all who have the same: made at the first `tools/list`, not at the start, and anew where
/// metadata was laid over the tables since.
#[derive(Clone, Default, Debug)]
pub struct List(Arc<Listed>);

#[derive(Default, Debug)]
struct Listed {
    tools: Kept<Arc<[WireTool]>>,
    /// Over HTTP every request asks for them.
    capabilities: Kept<ServerCapabilities>,
}

/// What was made, and how often metadata had been laid over the tables then.
#[derive(Debug)]
struct Kept<T>(Mutex<Option<(u64, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// What is kept, if it was made of the same tables; else it is made.
    fn get(&self, overlays: u64, make: impl FnOnce() -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, made)) if *of == overlays => made.clone(),
            _ => {
                let made = make();
                *kept = Some((overlays, made.clone()));
                made
            }
        }
    }

    /// Of which tables it was made, if it was.
    fn overlays(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(overlays, _)| *overlays)
    }
}

/// The changes of the list.
pub struct Changes {
    overlays: watch::Receiver<u64>,
    due: bool,
}

impl Changes {
    /// Waits for the next; whether there can be one.
    pub async fn next(&mut self) -> bool {
        std::mem::take(&mut self.due) || self.overlays.changed().await.is_ok()
    }
}

impl Server {
    pub(super) fn tools(&self) -> Arc<[WireTool]> {
        self.list.0.tools.get(self.overlays(), || {
            let tools = listing(&self.connection.session(), self.connection.registry()).tools.into_iter();
            tools.map(|listed| on_the_wire(listed.definition)).collect()
        })
    }

    pub(super) fn capabilities(&self) -> ServerCapabilities {
        self.list.0.capabilities.get(self.overlays(), || capabilities(&self.connection))
    }

    fn overlays(&self) -> u64 {
        *self.connection.session().listed.overlays().borrow()
    }

    /// The changes of the list from now on, and one since it was last given.
    pub(super) fn changes(&self) -> Changes {
        let mut overlays = self.connection.session().listed.overlays();
        let due = self.list.0.tools.overlays().is_some_and(|given| given != *overlays.borrow_and_update());
        Changes { overlays, due }
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn it_is_made_once_of_the_same_tables_and_anew_of_others() {
        let kept = Kept::default();
        let mut made = 0;
        for (overlays, expected) in [(0, 1), (0, 1), (3, 2), (3, 2), (4, 3)] {
            let given = kept.get(overlays, || {
                made += 1;
                made
            });
            assert_eq!((given, kept.overlays()), (expected, Some(overlays)));
        }
    }
}
