//! The list of tools as clients get it, made when it is first asked for, and when it changes.

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::Tool as WireTool;
use tokio::sync::watch;

use super::{Server, on_the_wire};
use crate::tool::listing::listing;

/// A list of tools, shared by all who have the same: made at the first `tools/list`, not at the start, and anew where
/// metadata was laid over the tables since.
#[derive(Clone, Default, Debug)]
pub struct List(Arc<Mutex<Option<Listed>>>);

/// The list of tools, and how often metadata had been laid over the tables when it was made.
#[derive(Clone, Debug)]
struct Listed {
    overlays: u64,
    tools: Arc<[WireTool]>,
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
        let overlays = *self.connection.session().listed.overlays().borrow();
        let mut kept = self.list.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(listed) if listed.overlays == overlays => Arc::clone(&listed.tools),
            _ => {
                let tools = listing(&self.connection.session(), self.connection.registry()).tools.into_iter();
                let tools: Arc<[_]> = tools.map(|listed| on_the_wire(listed.definition)).collect();
                *kept = Some(Listed { overlays, tools: Arc::clone(&tools) });
                tools
            }
        }
    }

    /// The changes of the list from now on, and one since it was last given.
    pub(super) fn changes(&self) -> Changes {
        let mut overlays = self.connection.session().listed.overlays();
        let given = self.list.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|listed| listed.overlays);
        let due = given.is_some_and(|given| given != *overlays.borrow_and_update());
        Changes { overlays, due }
    }
}
