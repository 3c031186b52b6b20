//! How many requests a site takes at once, judged by how long they take: one more while they are answered as fast as one
//! alone, one fewer once they wait for each other, half as many if the site says that it is too much. The number stays as
//! it is until the time of one alone is known.

use std::collections::HashMap;
use std::time::Duration;

/// So many answers are judged together, and more where more are under way.
const ROUND: usize = 16;
/// How many there may be at the beginning, and at least: of two, a long one does not hold up a short one.
const BEGIN: usize = 8;
const LEAST: usize = 2;
/// So often one has to be seen alone before others are compared with it.
const KNOWN: f64 = 5.0;
/// More kinds of requests than this are not told apart.
const KINDS: usize = 256;
/// How much of what one alone takes an answer tells, once many did.
const NEWEST: f64 = 0.05;
/// Differences below this are this machine's, in seconds.
const NOISE: f64 = 0.005;

/// What a request came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Came {
    /// It was answered, whatever the answer says.
    Answered,
    /// The site has too much to do: it said so, or gave no answer in time.
    TooMuch,
}

/// The number of requests that may be under way.
#[derive(Debug)]
pub struct Adaptive {
    most: usize,
    at_once: usize,
    /// By kind: what one takes alone, in seconds, and how often that was seen.
    alone: HashMap<u64, (f64, f64)>,
    /// Of this round: the answers, and the sum of how many times as long as alone they took.
    answers: usize,
    times: f64,
    /// The most that were under way.
    busiest: usize,
    /// Those that were under way when it became too much: it is the same for all of them.
    excused: usize,
}

impl Adaptive {
    /// Finds a number from 1 to `most`.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, at_once: BEGIN.min(most), alone: HashMap::new(), answers: 0, times: 0.0, busiest: 0, excused: 0 }
    }

    /// How many may be under way now.
    pub fn at_once(&self) -> usize {
        self.at_once
    }

    /// Learns from a request that has ended, while `under_way` were, this one among them. Requests of one kind take about
    /// as long as each other.
    pub fn ended(&mut self, kind: u64, took: Duration, under_way: usize, came: Came) {
        let is_excused = self.excused > 0;
        self.excused = self.excused.saturating_sub(1);
        if came == Came::TooMuch {
            if !is_excused {
                (self.at_once, self.excused) = ((self.at_once / 2).max(1), under_way.saturating_sub(1));
                self.begin();
            }
            return;
        }
        let took = took.as_secs_f64();
        if self.alone.len() >= KINDS && !self.alone.contains_key(&kind) {
            self.alone.clear();
        }
        let (alone, seen) = self.alone.entry(kind).or_insert((took, 0.0));
        if under_way <= 1 {
            *seen += 1.0;
            *alone += (took - *alone) * seen.recip().max(NEWEST);
        }
        self.busiest = self.busiest.max(under_way);
        if *seen >= KNOWN {
            self.times += (took + NOISE) / (*alone + NOISE);
            self.answers += 1;
        }
        if self.answers >= ROUND.max(3 * self.at_once) {
            self.judge();
        }
    }

    /// Ends a round.
    fn judge(&mut self) {
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let (at_once, answers) = (self.at_once as f64, self.answers as f64);
        let times = (self.times / answers).max(1.0);
        // By Little's law, so many of those under way waited for others.
        let waited = at_once * (1.0 - times.recip());
        if waited < (0.1 * at_once).max(0.5) {
            // What was not asked for says nothing of whether it would have been too much.
            self.at_once = (self.at_once + usize::from(self.busiest >= self.at_once)).min(self.most);
        } else if waited > (0.15 * at_once).max(0.8) {
            self.at_once = (self.at_once - 1).max(LEAST.min(self.at_once));
        }
        self.begin();
    }

    /// Begins the next round.
    fn begin(&mut self) {
        (self.answers, self.times, self.busiest) = (0, 0.0, 0);
    }
}

#[cfg(test)]
#[path = "adaptive_tests.rs"]
mod tests;
