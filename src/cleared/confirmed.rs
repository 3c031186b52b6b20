//! Confirmation: the policy's word that nobody has to be asked, or a token, by which the caller says that the write is
//! meant. A token is good once, for ten minutes, for exactly what it was issued for.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use crate::hex::hex;
use crate::policy::{Operation, Policy};
use crate::shared::{Away, Keyspace, Shared};

/// How long a token is good.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// How many tokens are waited for at once; the oldest make room.
const MOST: usize = 1_000;

/// That a write is meant. That of a batch holds for each of its documents.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed(());

impl Confirmed {
    /// Where the policy asks nobody before this operation, or takes `confirm: true` among the arguments, which `said`
    /// tells, for a yes.
    pub fn unasked(policy: &Policy, operation: Operation, said: bool) -> Option<Self> {
        (!policy.confirms(operation) || policy.takes_confirm_argument() && said).then_some(Self(()))
    }
}

#[cfg(test)]
impl Confirmed {
    /// A yes for tests of what takes one.
    pub(crate) fn for_test() -> Self {
        Self(())
    }
}

/// What a token stands for.
pub type Bound = [u8; 32];

/// Why no token can be given or taken back.
#[derive(Debug)]
pub enum NoToken {
    /// The system has no random numbers now.
    Random,
    /// What servers share does not answer: it might be good twice.
    Away,
}

impl From<Away> for NoToken {
    fn from(_: Away) -> Self {
        Self::Away
    }
}

/// What waits to be confirmed.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<VecDeque<(String, Bound, Instant)>>);

impl Tokens {
    /// A new token for this, which all servers that share this know.
    ///
    /// # Errors
    /// [`NoToken`].
    pub async fn issue(&self, shared: Option<&Shared>, bound: Bound) -> Result<String, NoToken> {
        let mut bytes = [0; 9];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoToken::Random)?;
        let token = hex(&bytes);
        if let Some(shared) = shared {
            shared.put(Keyspace::Confirm, &name(&token, &bound), &(), GOOD_FOR).await?;
            return Ok(token);
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        waiting.push_back((token.clone(), bound, Instant::now()));
        Ok(token)
    }

    /// Takes a token back, where it stands for this. It is good no more then, with none of the servers that share this.
    ///
    /// # Errors
    /// [`NoToken`].
    pub async fn redeem(
        &self,
        shared: Option<&Shared>,
        token: &str,
        bound: &Bound,
    ) -> Result<Option<Confirmed>, NoToken> {
        let taken = match shared {
            Some(shared) => shared.take::<()>(Keyspace::Confirm, &name(token, bound)).await?,
            None => self.redeem_here(token, bound),
        };
        Ok(taken.map(Confirmed))
    }

    fn redeem_here(&self, token: &str, bound: &Bound) -> Option<()> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, _, issued)| issued.elapsed() < GOOD_FOR);
        let found = waiting.iter().position(|(known, stands_for, _)| known == token && stands_for == bound);
        found.and_then(|at| waiting.remove(at)).map(drop)
    }
}

/// Under which a token is kept for all servers: with what it stands for, so that for anything else there is none.
fn name(token: &str, bound: &Bound) -> Vec<u8> {
    [bound.as_slice(), token.as_bytes()].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Bound, Confirmed, MOST, Tokens};
    use crate::policy::{Operation, Policy};

    #[tokio::test]
    async fn the_oldest_make_room() {
        let tokens = Tokens::default();
        let bound: Bound = [7; 32];
        let first = tokens.issue(None, bound).await.unwrap();
        for _ in 0..MOST {
            tokens.issue(None, bound).await.unwrap();
        }
        assert!(tokens.redeem(None, &first, &bound).await.unwrap().is_none());
    }

    #[test]
    fn nobody_is_asked_only_where_the_policy_says_so() {
        let closed = Policy::default();
        assert!(Confirmed::unasked(&closed, Operation::Create, false).is_some());
        assert!(Confirmed::unasked(&closed, Operation::Delete, true).is_none(), "confirm: true is no yes here");
        assert!(Confirmed::unasked(&Policy::full(), Operation::Delete, false).is_none());
        assert!(Confirmed::unasked(&Policy::full(), Operation::Delete, true).is_some());
    }
}
