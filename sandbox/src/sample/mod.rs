//! The sample data: a small furniture company with its customers, goods and papers, the same on every run; `scale`
//! multiplies the papers, not the company. Fields are named by their text: what a site's DocTypes have not is left out when
//! the documents are put in, so that the sample fits every version and every customised site.

#[macro_use]
mod fields;

mod buying;
mod catalogue;
mod crm;
mod ledger;
mod masters;
mod paper;
mod parties;
mod people;
mod selling;
mod words;
mod work;

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, date};
use jiff::{Span, ToSpan as _};

pub use self::words::COMPANY;

use self::words::Good;
use crate::doc::{Doc, is_empty};
use crate::random::Random;

/// The day on which the sample company is looked at.
const TODAY: Date = date(2026, 11, 20);

/// The day on which the company's books begin.
const FIRST: Date = date(2026, 1, 5);

/// One of the choices of a Select.
type Choice = &'static str;

/// Takes the documents of the sample company with their DocTypes, masters before the papers that name them.
pub type Sink<'a> = dyn FnMut(&'static str, Doc) + 'a;

/// Gives every document of the sample company to `sink`, named and complete with audit fields; and the number that each
/// naming series came to.
pub fn write(scale: u32, sink: &mut Sink<'_>) -> BTreeMap<&'static str, u32> {
    let (numbers, stocked) = (BTreeMap::new(), Vec::new());
    let mut sample = Sample { sink, numbers, stocked, random: Random(0x5EED), clock: 0, on: FIRST };
    masters::write(&mut sample);
    people::write(&mut sample);
    catalogue::write(&mut sample);
    parties::write(&mut sample);
    for _ in 0..scale.max(1) {
        selling::write(&mut sample);
        buying::write(&mut sample);
        crm::write(&mut sample);
        work::write(&mut sample);
    }
    // Last, so that what was there before keeps its times.
    masters::choices(&mut sample);
    catalogue::opening(&mut sample);
    masters::defaults(&mut sample);
    sample.numbers
}

/// What the makers of documents share.
struct Sample<'a> {
    sink: &'a mut Sink<'a>,
    numbers: BTreeMap<&'static str, u32>,
    /// What the warehouses hold: a good, where, and how much of it.
    stocked: Vec<(&'static Good, &'static str, i64)>,
    random: Random,
    clock: i64,
    on: Date,
}

impl Sample<'_> {
    /// Gives a document to the sink, with the audit fields of [`Sample::on`] and its owner, where it names one.
    fn put(&mut self, doctype: &'static str, name: &str, mut document: Doc) {
        document.retain(|_, value| !is_empty(Some(value)));
        self.clock += 1;
        let at = time(self.on, self.clock);
        let owner = document.get("owner").cloned().unwrap_or_else(|| "Administrator".into());
        let fixed = [
            ("name", name.into()),
            ("owner", owner.clone()),
            ("creation", at.clone().into()),
            ("modified", at.into()),
            ("modified_by", owner),
        ];
        for (key, value) in fixed {
            document.insert(key.to_owned(), value);
        }
        (self.sink)(doctype, document);
    }

    /// The next name of a series: `number("SAL-ORD-2026-", 5)`.
    fn number(&mut self, series: &'static str, digits: usize) -> String {
        let number = self.numbers.entry(series).or_default();
        *number += 1;
        format!("{series}{number:0digits$}")
    }
}

/// A moment of a working day, later for every `turn`, so that `modified` orders the documents.
fn time(day: Date, turn: i64) -> String {
    let second = turn.rem_euclid(30_000);
    let (hour, minute, second) = (8 + second / 3600, second / 60 % 60, second % 60);
    format!("{day} {hour:02}:{minute:02}:{second:02}.{:06}", turn.rem_euclid(1_000_000))
}

/// A day some days after another one.
fn after(day: Date, days: i64) -> Date {
    let span: Span = days.days();
    day.saturating_add(span)
}

/// A date as the moment its day begins.
fn midnight(day: Date) -> DateTime {
    day.at(0, 0, 0, 0)
}

/// Cents as an amount.
#[expect(clippy::cast_precision_loss, reason = "no sum of the sample company comes near 2^53 cents")]
fn money(cents: i64) -> f64 {
    cents as f64 / 100.0
}

/// A whole number of something.
#[expect(clippy::cast_precision_loss, reason = "quantities are small")]
fn count(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
