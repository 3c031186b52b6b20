//! Whether something may pass: rates and windows, as pure functions of what was before and of the time. The scripts in
//! `redis.rs` say the same in Redis's language.

use std::time::Duration;

/// So many requests in a time; what was used comes back evenly over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many.
    pub most: u32,
    /// In which time.
    pub over: Duration,
}

impl Rate {
    /// How long until one comes back, in microseconds.
    pub(super) fn interval(self) -> u64 {
        micros(self.over) / u64::from(self.most.max(1))
    }

    /// The state after one more request at that time (the theoretical time of arrival, GCRA), all in microseconds; or how
    /// long until it may come.
    pub(super) fn after_one(self, before: Option<u64>, now: u64) -> Result<u64, u64> {
        let next = before.unwrap_or(0).max(now) + self.interval();
        let latest = now + self.interval() * u64::from(self.most);
        if next <= latest { Ok(next) } else { Err(next - latest) }
    }
}

/// So many in a time that slides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// How many.
    pub most: u64,
    /// In which time.
    pub over: Duration,
}

/// A window without room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full {
    /// Which of those that were asked about.
    pub window: usize,
    /// When there is room, in microseconds since 1970; never, where it is more than there is ever room for.
    pub free: Option<u64>,
}

/// What was counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counted {
    /// How many there were in each window, before.
    pub before: Vec<u64>,
    /// That one had no room: nothing was counted.
    pub full: Option<Full>,
}

impl Counted {
    /// What is counted of so many more at that time, where these were counted before, oldest first; in microseconds.
    pub(super) fn of(sent: &[u64], times: u64, windows: &[Window], now: u64) -> Self {
        let within = |window: &Window| {
            let from = sent.partition_point(|at| *at <= now.saturating_sub(micros(window.over)));
            &sent[from..]
        };
        let full = windows.iter().enumerate().find_map(|(at, window)| {
            let within = within(window);
            let beyond = (within.len() as u64 + times).checked_sub(window.most).filter(|beyond| *beyond > 0)?;
            let last = usize::try_from(beyond - 1).ok().and_then(|last| within.get(last));
            Some(Full { window: at, free: last.map(|last| last + micros(window.over)) })
        });
        Self { before: windows.iter().map(|window| within(window).len() as u64).collect(), full }
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_pass_at_once_as_a_rate_says_and_then_one_for_each_that_comes_back() {
        let rate = Rate { most: 3, over: Duration::from_secs(60) };
        let (mut state, now, second) = (None, 1_000_000_000, 1_000_000);
        for _ in 0..3 {
            state = rate.after_one(state, now).ok();
            assert!(state.is_some());
        }
        assert_eq!(rate.after_one(state, now), Err(20 * second));
        assert_eq!(rate.after_one(state, now + 19 * second), Err(second));
        let state = rate.after_one(state, now + 20 * second).ok();
        assert_eq!(rate.after_one(state, now + 20 * second), Err(20 * second));
        assert!(rate.after_one(state, now + 600 * second).is_ok());
    }

    #[test]
    fn a_window_tells_when_there_is_room_and_whether_there_ever_is() {
        let windows = [Window { most: 3, over: Duration::from_micros(100) }];
        assert_eq!(Counted::of(&[10, 20], 1, &windows, 50), Counted { before: vec![2], full: None });
        let full = |free| Some(Full { window: 0, free });
        assert_eq!(Counted::of(&[10, 20, 30], 1, &windows, 50).full, full(Some(110)));
        assert_eq!(Counted::of(&[10, 20, 30], 2, &windows, 50).full, full(Some(120)));
        assert_eq!(Counted::of(&[10, 20, 30], 4, &windows, 50).full, full(None));
        assert_eq!(Counted::of(&[10, 20, 30], 1, &windows, 110).full, None);
    }
}
