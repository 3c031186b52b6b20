//! The calls that are under way over HTTP. Without a session, a client of the handshake era calls one off by a request of its
//! own, which names the id that its client gave the call.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{CancelledNotificationParam, RequestId};
use serde::Deserialize;

use crate::site::{Caller, Identity};

/// The longest message that calls something off, in bytes: its reason is a text.
const LONGEST: usize = 16 << 10;
const METHOD: &str = "notifications/cancelled";

/// The id of the call that a message cancels, if it cancels one.
pub fn called_off(body: &[u8]) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Message {
        method: String,
        params: CancelledNotificationParam,
    }
    let is_near = body.len() <= LONGEST && memchr::memmem::find(body, METHOD.as_bytes()).is_some();
    let message: Message = is_near.then(|| serde_json::from_slice(body).ok()).flatten()?;
    message.params.request_id.filter(|_| message.method == METHOD)
}

/// A call, as far as the client that made it can be told from others: two of one person may give out the same ids.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key {
    who: Identity,
    client: Option<String>,
    session: Option<String>,
    address: Option<IpAddr>,
    id: RequestId,
}

impl Key {
    fn new(caller: &Caller, id: RequestId) -> Self {
        let (client, session) = (caller.client.clone(), caller.session.clone());
        Self { who: caller.identity(), client, session, address: caller.address, id }
    }
}

/// Calls one off.
type CallOff = Arc<dyn Fn() + Send + Sync>;

/// Shared by all that serve in one process.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<HashMap<Key, Vec<CallOff>>>>);

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<CallOff>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a call is under way, until the guard is dropped.
    pub fn hold(&self, caller: &Caller, id: RequestId, call_off: impl Fn() + Send + Sync + 'static) -> CallGuard {
        let (key, call_off): (_, CallOff) = (Key::new(caller, id), Arc::new(call_off));
        self.lock().entry(key.clone()).or_default().push(Arc::clone(&call_off));
        CallGuard { calls: self.clone(), key, call_off }
    }

    /// Calls off the call of this client that has this id. Where several have it, nobody knows which is meant, and none is.
    pub fn call_off(&self, caller: &Caller, id: RequestId) {
        let held = self.lock();
        if let Some([call_off]) = held.get(&Key::new(caller, id)).map(Vec::as_slice) {
            let call_off = Arc::clone(call_off);
            drop(held);
            call_off();
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

/// A call that is under way.
pub struct CallGuard {
    calls: Calls,
    key: Key,
    call_off: CallOff,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let mut held = self.calls.lock();
        if let Some(calls) = held.get_mut(&self.key) {
            calls.retain(|call| !Arc::ptr_eq(call, &self.call_off));
            if calls.is_empty() {
                held.remove(&self.key);
            }
        }
    }
}
