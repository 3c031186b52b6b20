//! The tokens of writes that wait for a confirmation: each is good once, for ten minutes, for exactly what it was issued for.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::ToolError;

/// How long a token is good.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// How many tokens are waited for at once; the oldest make room.
pub const MOST: usize = 1_000;

/// What a token stands for.
pub type Bound = [u8; 32];

/// What waits to be confirmed.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<VecDeque<(String, Bound, Instant)>>);

impl Tokens {
    /// A new token for this.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn issue(&self, bound: Bound) -> Result<String, ToolError> {
        let mut bytes = [0; 9];
        let no_random = |_| ToolError::refused("This machine has no random numbers now; nothing was sent. Try again.");
        SystemRandom::new().fill(&mut bytes).map_err(no_random)?;
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        waiting.push_back((token.clone(), bound, Instant::now()));
        Ok(token)
    }

    /// Takes a token back: whether it stands for this. It is good no more then.
    pub fn redeem(&self, token: &str, bound: &Bound) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, _, issued)| issued.elapsed() < GOOD_FOR);
        let found = waiting.iter().position(|(known, stands_for, _)| known == token && stands_for == bound);
        found.and_then(|at| waiting.remove(at)).is_some()
    }
}
