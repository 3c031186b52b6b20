//! A site as far as each narrowing leaves it, with the list of tools that goes with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::StatusCode;

use super::refusal::Refusal;
use crate::app::App;
use crate::config::Narrowing;
use crate::metrics::Health;
use crate::server::List;
use crate::tool::listing::unknown_toolsets;

/// How many are kept, beside the whole: people have one or a few each, and most have the same.
const MOST: usize = 64;

/// The views of one site.
#[derive(Debug)]
pub struct Views {
    whole: (App, List),
    narrowed: Mutex<HashMap<Narrowing, (App, List)>>,
}

impl Views {
    /// The whole, and what will be asked for.
    pub fn new(app: App) -> Self {
        Self { whole: (app, List::default()), narrowed: Mutex::default() }
    }

    /// How the site has been.
    pub fn health(&self) -> Health {
        self.whole.0.health()
    }

    /// What a narrowing leaves.
    ///
    /// # Errors
    /// A toolset that there is not.
    pub fn view(&self, narrowing: Narrowing) -> Result<(App, List), Refusal> {
        if narrowing == Narrowing::default() {
            return Ok(self.whole.clone());
        }
        if let Some(known) = self.lock().get(&narrowing) {
            return Ok(known.clone());
        }
        let unknown = unknown_toolsets(narrowing.toolsets.iter().flatten());
        if !unknown.is_empty() {
            return Err(Refusal::new(StatusCode::NOT_FOUND, unknown.join("; ")));
        }
        let view = (self.whole.0.narrowed(&narrowing), List::default());
        let mut narrowed = self.lock();
        if narrowed.len() >= MOST {
            narrowed.clear();
        }
        narrowed.insert(narrowing, view.clone());
        Ok(view)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Narrowing, (App, List)>> {
        self.narrowed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
