//! Turns that users take one after the other: who asks for many at once waits behind who asks for one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::User;

/// So many turns at once, given round to the users who wait.
#[derive(Clone, Debug)]
pub struct Fair(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// How many turns there are.
    at_once: usize,
    /// How many of them one user may have.
    of_one: usize,
    taken: usize,
    users: HashMap<User, Queue>,
    /// Those who wait, the next first.
    round: VecDeque<User>,
}

#[derive(Default, Debug)]
struct Queue {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    user: User,
    /// None where it was never given out.
    of: Option<Fair>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(of) = self.of.take() {
            of.give_back(&self.user);
        }
    }
}

impl Fair {
    /// So many turns at once, and so many of them for one user.
    pub fn new(at_once: usize, of_one: usize) -> Self {
        let (at_once, of_one) = (at_once.max(1), of_one.max(1));
        Self(Arc::new(Mutex::new(State { at_once, of_one, taken: 0, users: HashMap::new(), round: VecDeque::new() })))
    }

    /// Waits for a turn of that user's. Given up, it leaves the queue.
    pub async fn take(&self, user: &User) -> Turn {
        let given = {
            let mut state = self.lock();
            if state.round.is_empty() && state.taken < state.at_once {
                let (of_one, queue) = (state.of_one, state.users.entry(*user).or_default());
                if queue.taken < of_one && queue.waiting.is_empty() {
                    queue.taken += 1;
                    state.taken += 1;
                    return Turn { user: *user, of: Some(self.clone()) };
                }
            }
            let (turn, given) = oneshot::channel();
            let queue = state.users.entry(*user).or_default();
            queue.waiting.push_back(turn);
            if queue.waiting.len() == 1 {
                state.round.push_back(*user);
            }
            self.give(&mut state);
            given
        };
        // It is only ever given away, never dropped by its queue.
        given.await.unwrap_or(Turn { user: *user, of: None })
    }

    /// So many turns from now on, for any user; those that are taken are kept.
    pub fn resize(&self, at_once: usize) {
        let mut state = self.lock();
        (state.at_once, state.of_one) = (at_once.max(1), at_once.max(1));
        self.give(&mut state);
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lock().users.values().map(|queue| queue.waiting.iter().filter(|waits| !waits.is_closed()).count()).sum()
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.lock().taken
    }

    fn give_back(&self, user: &User) {
        let mut state = self.lock();
        state.taken -= 1;
        if let Some(queue) = state.users.get_mut(user) {
            queue.taken -= 1;
        }
        self.give(&mut state);
        if state.users.get(user).is_some_and(|queue| queue.taken == 0 && queue.waiting.is_empty()) {
            state.users.remove(user);
        }
    }

    /// Gives out what is free, to the next who may have one.
    fn give(&self, state: &mut State) {
        while state.taken < state.at_once {
            let may = |user: &User| state.users.get(user).is_some_and(|queue| queue.taken < state.of_one);
            let Some(at) = state.round.iter().position(may) else { return };
            let Some(user) = state.round.remove(at) else { return };
            let Some(queue) = state.users.get_mut(&user) else { return };
            while let Some(waits) = queue.waiting.pop_front() {
                match waits.send(Turn { user, of: Some(self.clone()) }) {
                    Ok(()) => {
                        queue.taken += 1;
                        state.taken += 1;
                        break;
                    }
                    // Who no longer waits has none: nothing is to be given back.
                    Err(mut turn) => turn.of = None,
                }
            }
            if !queue.waiting.is_empty() {
                state.round.push_back(user);
            } else if queue.taken == 0 {
                state.users.remove(&user);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const ANNA: User = [1; 32];
    const BERT: User = [2; 32];

    #[test]
    fn who_asks_for_one_is_not_behind_all_who_another_asks_for() {
        let fair = Fair::new(1, 1);
        let first = fair.take(&ANNA).now_or_never().unwrap();
        let mut more: Vec<_> = (0..10).map(|_| Box::pin(fair.take(&ANNA))).collect();
        assert!(more.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let mut bert = Box::pin(fair.take(&BERT));
        assert!((&mut bert).now_or_never().is_none());
        assert_eq!(fair.waiting(), 11);
        drop(first);
        // Anna waited first; then it is Bert's turn, before nine of Anna's.
        let second = (&mut more[0]).now_or_never().unwrap();
        assert!((&mut bert).now_or_never().is_none());
        drop(second);
        drop((&mut bert).now_or_never().unwrap());
        assert!((&mut more[1]).now_or_never().is_some());
    }

    #[test]
    fn one_user_does_not_have_all_turns() {
        let fair = Fair::new(4, 2);
        let mut turns: Vec<_> = (0..3).map(|_| Box::pin(fair.take(&ANNA))).collect();
        let held: Vec<_> = turns.iter_mut().filter_map(|turn| turn.now_or_never()).collect();
        assert_eq!((held.len(), fair.taken()), (2, 2));
        assert!(fair.take(&BERT).now_or_never().is_some());
    }

    #[test]
    fn more_turns_are_given_at_once_and_fewer_once_some_are_given_back() {
        let fair = Fair::new(1, 1);
        let first = fair.take(&ANNA).now_or_never().unwrap();
        let mut second = Box::pin(fair.take(&ANNA));
        assert!((&mut second).now_or_never().is_none());
        fair.resize(2);
        let second = (&mut second).now_or_never().unwrap();
        fair.resize(1);
        let mut third = Box::pin(fair.take(&ANNA));
        drop(first);
        assert!((&mut third).now_or_never().is_none() && fair.taken() == 1);
        drop(second);
        assert!((&mut third).now_or_never().is_some());
    }

    #[test]
    fn who_no_longer_waits_takes_no_turn_and_nobody_is_kept() {
        let fair = Fair::new(1, 1);
        let first = fair.take(&ANNA).now_or_never().unwrap();
        let mut gone = Box::pin(fair.take(&ANNA));
        assert!((&mut gone).now_or_never().is_none());
        let mut given = Box::pin(fair.take(&BERT));
        assert!((&mut given).now_or_never().is_none());
        drop(gone);
        assert_eq!(fair.waiting(), 1);
        drop(first);
        // One that was given and never looked at comes back too.
        drop(given);
        assert!(fair.take(&ANNA).now_or_never().is_some());
        assert!(fair.lock().users.is_empty() && fair.lock().round.is_empty() && fair.taken() == 0);
    }
}
