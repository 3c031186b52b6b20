//! How far a call is, as its client is told: what the tool says, and while that says nothing, that it goes on. Progress
//! only increases, as the protocol wants it.

use std::time::Duration;

use crate::tool::progress::Progress;

/// After how long without a word a client is told that a call goes on.
pub(super) const EVERY: Duration = Duration::from_secs(2);

/// What was told of one call.
#[derive(Default)]
pub(super) struct ProgressState {
    /// What the tool said last; none before it says anything.
    said: Option<Progress>,
    /// How often it was told since that the call goes on.
    since: u32,
}

/// Progress, and what there is to do where that is known.
pub(super) type Step = (f64, Option<f64>);

impl ProgressState {
    /// What the tool says; nothing where that is no more than was told.
    pub fn said(&mut self, progress: Progress) -> Option<Step> {
        if self.said.is_some_and(|said| progress.done <= said.done) {
            return None;
        }
        // What was told meanwhile is below the next whole number.
        let is_first = self.said.is_none() && self.since > 0;
        if is_first && progress.done == 0 {
            return None;
        }
        (self.said, self.since) = (Some(progress), 0);
        Some((number(progress.done), Some(number(progress.total))))
    }

    /// That the call goes on: a part of the next step, never all of it.
    pub fn goes_on(&mut self) -> Step {
        self.since = self.since.saturating_add(1);
        let part = f64::from(self.since) / (f64::from(self.since) + 1.0);
        let done = self.said.map_or(0.0, |said| number(said.done));
        (done + part, self.said.map(|said| number(said.total.max(said.done + 1))))
    }
}

/// The numbers are at most some thousands.
fn number(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Progress, ProgressState};

    fn step(done: usize, total: usize) -> Progress {
        Progress { done, total }
    }

    #[test]
    fn progress_only_increases_whatever_a_tool_says() {
        let mut told = ProgressState::default();
        let mut all = vec![told.goes_on().0, told.goes_on().0];
        let say = |told: &mut ProgressState, said: [Progress; 3]| -> Vec<f64> {
            said.into_iter().filter_map(|progress| told.said(progress)).map(|(done, _)| done).collect()
        };
        all.extend(say(&mut told, [step(0, 5), step(1, 5), step(1, 5)]));
        all.push(told.goes_on().0);
        all.extend(say(&mut told, [step(5, 5), step(0, 9), step(6, 9)]));
        assert!(all.windows(2).all(|two| two[0] < two[1]), "{all:?}");
        assert_eq!(all.iter().filter(|done| done.fract() == 0.0).count(), 3, "{all:?}");
    }

    #[test]
    fn what_a_tool_says_is_told_as_it_is() {
        let mut told = ProgressState::default();
        assert_eq!(told.said(step(0, 3)), Some((0.0, Some(3.0))));
        assert_eq!(told.said(step(1, 3)), Some((1.0, Some(3.0))));
        assert_eq!(told.goes_on(), (1.5, Some(3.0)));
        assert_eq!(ProgressState::default().goes_on(), (0.5, None));
    }
}
