//! A site with some workers and one queue, in time that is only counted.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::*;

/// Microseconds.
type Time = u64;

const SECOND: Time = 1_000_000;
/// How long is looked at; what came in the first quarter does not count.
const SPAN: Time = 60 * SECOND;
/// So many requests come one by one before, as they mostly do.
const BEFORE: u64 = 30;
/// On the wire, there and back.
const WIRE: Time = 1_000;
/// What another user's request takes by itself.
const OTHERS: Time = 20_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    /// None of another user.
    kind: Option<usize>,
    since: Time,
    takes: Time,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Other,
    Arrives(Job),
    Served(Job),
    Answered(Job),
}

/// How many requests are under way.
enum Limit {
    Fixed(usize),
    Found(Adaptive),
}

/// Answers a second, and how long another user waits.
struct Run {
    per_second: f64,
    other: f64,
    last: usize,
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }

    /// About this long, give or take `spread` of it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn about(&mut self, takes: Time, spread: f64) -> Time {
        let bell: f64 = (0..6).map(|_| self.throw() - 0.5).sum::<f64>() * 2.0_f64.sqrt();
        (takes as f64 * (1.0 + bell * spread).max(0.1)) as Time
    }
}

fn simulate(workers: usize, kinds: &[Time], spread: f64, mut limit: Limit) -> Run {
    let (mut dice, mut events, mut queue) = (Dice(7), BinaryHeap::new(), VecDeque::new());
    let (mut busy, mut under_way, mut before, mut answered) = (0, 0, 0, 0_u64);
    let mut others = Vec::new();
    events.push(Reverse((0, Event::Other)));
    let mut now = 0;
    while now < SPAN {
        let most = match &limit {
            Limit::Fixed(most) => *most,
            Limit::Found(_) if before < BEFORE => 1,
            Limit::Found(found) => found.at_once(),
        };
        while under_way < most {
            let kind = (dice.throw() * kinds.len() as f64) as usize;
            under_way += 1;
            let job = Job { kind: Some(kind), since: now, takes: dice.about(kinds[kind], spread) };
            events.push(Reverse((now + WIRE / 2, Event::Arrives(job))));
        }
        let Reverse((at, event)) = events.pop().unwrap();
        now = at;
        match event {
            Event::Other => {
                events.push(Reverse((now, Event::Arrives(Job { kind: None, since: now, takes: OTHERS }))));
                events.push(Reverse((now + dice.about(SECOND / 3, 0.3), Event::Other)));
            }
            Event::Arrives(job) if busy < workers => {
                busy += 1;
                events.push(Reverse((now + job.takes, Event::Served(job))));
            }
            Event::Arrives(job) => queue.push_back(job),
            Event::Served(job) => {
                events.push(Reverse((now + WIRE / 2, Event::Answered(job))));
                match queue.pop_front() {
                    Some(next) => events.push(Reverse((now + next.takes, Event::Served(next)))),
                    None => busy -= 1,
                }
            }
            Event::Answered(Job { kind: None, since, .. }) => others.extend((now > SPAN / 4).then_some(now - since)),
            Event::Answered(Job { kind: Some(kind), since, .. }) => {
                before += 1;
                answered += u64::from(now > SPAN / 4);
                if let Limit::Found(found) = &mut limit {
                    found.ended(kind as u64, Duration::from_micros(now - since), under_way, Came::Answered);
                }
                under_way -= 1;
            }
        }
    }
    let last = if let Limit::Found(found) = &limit { found.at_once() } else { 0 };
    let per_second = answered as f64 / (SPAN * 3 / 4 / SECOND) as f64;
    Run { per_second, other: others.iter().sum::<Time>() as f64 / others.len() as f64, last }
}

#[test]
fn a_site_is_used_as_well_as_by_the_best_number_and_others_hardly_wait() {
    for workers in [4, 9] {
        for kinds in [&[20_000][..], &[15_000, 30_000]] {
            for spread in [0.0, 0.3] {
                let fixed = |most| simulate(workers, kinds, spread, Limit::Fixed(most));
                // Here more at once never get fewer answers: the best is not among the small numbers.
                let best = [workers, 12, 16].map(|most| fixed(most).per_second).into_iter().fold(0.0, f64::max);
                let found = simulate(workers, kinds, spread, Limit::Found(Adaptive::new(16)));
                let idle = fixed(0).other;
                let case = format!("{workers} workers, {kinds:?} ± {spread}: {} at the end", found.last);
                assert!(found.per_second >= 0.95 * best, "{case}: {} of {best} a second", found.per_second);
                assert!(found.other <= 1.5 * idle, "{case}: others wait {} of {idle}", found.other);
            }
        }
    }
}

#[test]
fn eight_at_once_make_others_wait_where_four_are_served() {
    let [eight, idle] = [8, 0].map(|most| simulate(4, &[20_000], 0.0, Limit::Fixed(most)).other);
    assert!(eight > 2.0 * idle, "{eight} and {idle}");
}

#[test]
fn without_knowing_how_long_one_alone_takes_nothing_is_changed() {
    let mut found = Adaptive::new(16);
    for took in (0..1_000).map(|n| Duration::from_millis(20 + n % 50)) {
        found.ended(1, took, 8, Came::Answered);
    }
    assert_eq!(found.at_once(), 8);
}

#[test]
fn a_site_that_answers_none_at_all_in_time_is_still_asked() {
    let mut found = Adaptive::new(16);
    for took in [Duration::from_millis(20); 10].into_iter().chain([Duration::from_secs(20); 1_000]) {
        found.ended(1, took, if took.as_secs() > 0 { 8 } else { 1 }, Came::Answered);
    }
    assert_eq!(found.at_once(), LEAST);
}

#[test]
fn what_is_too_much_is_halved_and_never_none_nor_more_than_may_be() {
    let mut found = Adaptive::new(6);
    for under_way in [1; 20].into_iter().chain([6; 1_000]) {
        found.ended(1, Duration::from_millis(20), under_way, Came::Answered);
    }
    assert_eq!(found.at_once(), 6);
    // Those that were under way together are one reason.
    for (under_way, left) in [(3, 3), (2, 3), (1, 3), (1, 1), (1, 1)] {
        found.ended(1, Duration::from_millis(20), under_way, Came::TooMuch);
        assert_eq!(found.at_once(), left);
    }
    // One at a time is asked more often again once it is answered as soon as before.
    for _ in 0..ROUND {
        found.ended(1, Duration::from_millis(20), 1, Came::Answered);
    }
    assert_eq!(found.at_once(), 2);
    for kind in 0..1_000 {
        found.ended(kind, Duration::ZERO, 1, Came::Answered);
    }
    assert!(found.alone.len() <= KINDS);
    assert_eq!(Adaptive::new(0).at_once(), 1);
}
