//! The table of prompts, by the part of a company that asks for them.

mod money;
mod trade;
mod work;

use erpnext_schema::Verb;
use jiff::ToSpan;
use jiff::civil::Date;

use super::{Argument, Prompt, PromptArgumentKind, Step, Uses};

/// Every prompt, in the order of the list.
pub(super) fn all() -> impl Iterator<Item = &'static Prompt> {
    [money::ALL, trade::ALL, work::ALL].into_iter().flatten().copied()
}

const COMPANY: Argument = link("company", "Company", "the company's name");

const fn link(name: &'static str, doctype: &'static str, about: &'static str) -> Argument {
    Argument { name, about, kind: PromptArgumentKind::Link(doctype), required: false }
}

const fn date(name: &'static str, about: &'static str, default: fn(Date) -> Date) -> Argument {
    Argument { name, about, kind: PromptArgumentKind::Date(default), required: false }
}

const fn text(name: &'static str, about: &'static str) -> Argument {
    Argument { name, about, kind: PromptArgumentKind::Text, required: false }
}

impl Argument {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl Step {
    /// A step without which the prompt is worth nothing.
    const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }
}

const fn step(call: Uses, arguments: &'static str, what: &'static str) -> Step {
    Step { needed: false, what, call, arguments }
}

const fn list(doctype: &'static str, arguments: &'static str, what: &'static str) -> Step {
    step(Uses::Documents(Verb::List, doctype), arguments, what)
}

const fn get(doctype: &'static str, arguments: &'static str, what: &'static str) -> Step {
    step(Uses::Documents(Verb::Get, doctype), arguments, what)
}

const fn create(doctype: &'static str, arguments: &'static str, what: &'static str) -> Step {
    step(Uses::Documents(Verb::Create, doctype), arguments, what)
}

const fn tool(name: &'static str, arguments: &'static str, what: &'static str) -> Step {
    step(Uses::Tool(name), arguments, what)
}

const fn aggregate(arguments: &'static str, what: &'static str) -> Step {
    tool("aggregate_documents", arguments, what)
}

const fn report(name: &'static str, filters: &'static str, what: &'static str) -> Step {
    step(Uses::Report(name), filters, what)
}

fn same_day(today: Date) -> Date {
    today
}

fn first_of_year(today: Date) -> Date {
    today.first_of_year()
}

fn first_of_last_month(today: Date) -> Date {
    today.first_of_month().saturating_sub(1.month())
}

fn last_of_last_month(today: Date) -> Date {
    today.first_of_month().saturating_sub(1.day())
}

fn in_30_days(today: Date) -> Date {
    today.saturating_add(30.days())
}

fn a_month_ago(today: Date) -> Date {
    today.saturating_sub(1.month())
}

fn a_year_ago(today: Date) -> Date {
    today.saturating_sub(1.year())
}
