//! How many may be served or wait at once, and how many of one user: one more is refused at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::User;

/// So many places, and so many of them for one user.
#[derive(Clone, Debug)]
pub struct Places {
    all: usize,
    of_one: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default, Debug)]
struct Taken {
    all: usize,
    users: HashMap<User, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct PlaceGuard {
    user: User,
    of: Places,
}

impl Places {
    /// None is taken.
    pub fn new(all: usize, of_one: usize) -> Self {
        Self { all, of_one, taken: Arc::default() }
    }

    /// A place for a user, where there is one.
    pub fn take(&self, user: &User) -> Option<PlaceGuard> {
        let mut taken = self.lock();
        let own = taken.users.get(user).copied().unwrap_or_default();
        if taken.all >= self.all || own >= self.of_one {
            return None;
        }
        taken.all += 1;
        taken.users.insert(*user, own + 1);
        Some(PlaceGuard { user: *user, of: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PlaceGuard {
    fn drop(&mut self) {
        let mut taken = self.of.lock();
        taken.all -= 1;
        if let Some(own) = taken.users.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_one_nor_all_have_more_than_there_are_and_nobody_is_kept() {
        let (places, [anna, bert]) = (Places::new(3, 2), [[1; 32], [2; 32]]);
        let of_anna: Vec<_> = (0..3).filter_map(|_| places.take(&anna)).collect();
        let of_bert: Vec<_> = (0..3).filter_map(|_| places.take(&bert)).collect();
        assert_eq!((of_anna.len(), of_bert.len()), (2, 1));
        drop(of_anna);
        assert!(places.take(&bert).is_some());
        drop(of_bert);
        assert!(places.lock().users.is_empty() && places.lock().all == 0);
    }
}
