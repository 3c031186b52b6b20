//! The requests that are open, and the ids that they have here. A call that was called off goes on unseen, and its late answer
//! would be taken for that of a new request with its id: so that one gets another id here.

use std::collections::{HashMap, VecDeque};

use rmcp::model::RequestId;

/// How many ids are known to have been called off.
const MOST_SPENT: usize = 1024;

/// The ids of one client.
#[derive(Default, Debug)]
pub struct Ids {
    /// The ids of what is not answered yet, as the client gave them, with those that it has here.
    open: HashMap<RequestId, RequestId>,
    /// Those that were called off, the oldest first: something may still be going on under them.
    spent: VecDeque<RequestId>,
    /// How many were given here.
    given: u64,
}

/// To whom an answer goes.
#[derive(PartialEq, Eq, Debug)]
pub enum To {
    /// To the request that the client gave this id.
    Client(RequestId),
    /// To nobody: it was called off.
    Nobody,
}

impl Ids {
    /// Whether everything is answered.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the client waits for an answer to a request of this id.
    pub fn is_open(&self, id: &RequestId) -> bool {
        self.open.contains_key(id)
    }

    /// Whether something may be going on under an id of which nobody waits for an answer.
    pub fn is_taken(&self, id: &RequestId) -> bool {
        self.spent.contains(id) || self.open.values().any(|here| here == id)
    }

    /// The id that a new request of this id has here; none where one of its id is open.
    pub fn begin(&mut self, id: &RequestId) -> Option<RequestId> {
        if self.is_open(id) {
            return None;
        }
        let mut here = id.clone();
        while self.is_taken(&here) {
            self.given += 1;
            here = RequestId::String(format!("{id} again, {}", self.given).into());
        }
        self.open.insert(id.clone(), here.clone());
        Some(here)
    }

    /// Notes that the client calls off what it gave this id; the id that it has here.
    pub fn call_off(&mut self, id: &RequestId) -> RequestId {
        let here = self.open.remove(id).unwrap_or_else(|| id.clone());
        if !self.spent.contains(&here) {
            self.spent.push_back(here.clone());
        }
        if self.spent.len() > MOST_SPENT {
            self.spent.pop_front();
        }
        here
    }

    /// To whom an answer goes that has this id here: it is over then.
    pub fn answer(&mut self, here: &RequestId) -> To {
        let of = self.open.iter().find(|(_, known)| *known == here).map(|(id, _)| id.clone());
        if let Some(id) = of {
            self.open.remove(&id);
            return To::Client(id);
        }
        match self.spent.contains(here) {
            true => To::Nobody,
            // What is open without being waited for, such as a subscription.
            false => To::Client(here.clone()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_of_what_was_called_off_is_no_answer_to_what_has_its_id_now() {
        let mut ids = Ids::default();
        let id = RequestId::Number(7);
        assert_eq!(ids.begin(&id), Some(id.clone()));
        assert_eq!(ids.begin(&id), None, "it is under way");
        assert!(ids.is_open(&id));
        assert_eq!(ids.call_off(&id), id);
        assert!(!ids.is_open(&id) && ids.is_taken(&id));
        let second = ids.begin(&id).unwrap();
        assert_ne!(second, id);
        assert_eq!(ids.answer(&id), To::Nobody);
        assert_eq!(ids.call_off(&id), second);
        let third = ids.begin(&id).unwrap();
        assert!(third != second && third != id);
        assert_eq!((ids.answer(&second), ids.answer(&third)), (To::Nobody, To::Client(id.clone())));
        assert!(ids.is_empty());
        // Nor is an id that was given here another request's.
        let mut ids = Ids::default();
        ids.open.insert(RequestId::Number(1), second.clone());
        assert_ne!(ids.begin(&second).unwrap(), second);
    }

    #[test]
    fn of_those_that_were_called_off_no_more_than_so_many_are_kept() {
        let mut ids = Ids::default();
        for id in 0..5000 {
            let id = RequestId::Number(id);
            ids.begin(&id).unwrap();
            ids.call_off(&id);
        }
        assert_eq!((ids.spent.len(), ids.is_empty()), (MOST_SPENT, true));
        assert_eq!(ids.answer(&RequestId::Number(9999)), To::Client(RequestId::Number(9999)), "a subscription");
    }
}
