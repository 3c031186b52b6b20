//! What became of each document of a batch.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::audit::Outcome;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tools::lifecycle::IN_BACKGROUND;
use crate::writes::gate::of_a_row;

/// What to do before a row is repeated, and how one is that makes a document.
const LOOK: &str = "look at the documents in unknown before repeating them: each may be done";
const APART: &str = "repeat rows in a call of their own: with all of them those that are done would be made twice";

/// The account of a batch, filled row by row, in order.
pub(crate) struct Account {
    operation: Operation,
    start: usize,
    total: usize,
    /// The names of what was done, none for a row that was not.
    names: Vec<Value>,
    failed: Vec<Problem>,
    unknown: Vec<Problem>,
    /// What the site took and does by a job of its own, by row and name.
    waiting: Vec<Value>,
    /// What the site did otherwise than it was told, by row.
    notes: Vec<Value>,
    /// What is to be said of rows, once each.
    said: Vec<(String, Vec<usize>)>,
    filled: Filled,
    /// What each row would do, where nothing is sent.
    dry: Option<Vec<Value>>,
}

/// What was filled in, with the rows that got it.
#[derive(Default)]
pub(crate) struct Filled(Vec<(Value, Vec<usize>)>);

impl Filled {
    /// Takes it out of what is told of a row.
    pub(crate) fn take(&mut self, row: usize, told: &mut Map<String, Value>) {
        let Some(fields) = told.shift_remove("filled_in") else { return };
        match self.0.iter_mut().find(|(known, _)| *known == fields) {
            Some((_, rows)) => rows.push(row),
            None => self.0.push((fields, vec![row])),
        }
    }

    /// Says it of all rows.
    pub(crate) fn note(self, answer: &mut Map<String, Value>) {
        if !self.0.is_empty() {
            let told = |(fields, rows): (Value, Vec<usize>)| json!({"fields": fields, "rows": rows});
            answer.insert("filled_in".to_owned(), self.0.into_iter().map(told).collect());
        }
    }
}

/// One message and the rows that got it.
struct Problem {
    message: String,
    rows: Vec<Value>,
}

impl Problem {
    /// The numbers of the rows.
    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        let number = |row: &Value| row.as_u64().or_else(|| row.get("row")?.as_u64());
        self.rows.iter().filter_map(number).filter_map(|row| usize::try_from(row).ok())
    }
}

/// What became of one row.
#[derive(Clone, Copy)]
pub(super) enum Became<'a> {
    /// The document of this name has it.
    Done(&'a str),
    /// It was not done, for this reason.
    Failed(&'a str),
    /// Whether it was done is not known, for this reason.
    Unknown(&'a str),
}

impl Account {
    pub(crate) fn new(operation: Operation, start: usize, total: usize, dry_run: bool) -> Self {
        let (names, failed, unknown, waiting, notes, said, filled) = Default::default();
        let dry = dry_run.then(Vec::new);
        Self { operation, start, total, names, failed, unknown, waiting, notes, said, filled, dry }
    }

    /// The row that is told next.
    pub(crate) fn next(&self) -> usize {
        self.start + self.names.len()
    }

    /// Tells what became of the next row; `name` is the document's, where it had one before.
    pub(crate) fn add(&mut self, name: Option<&str>, result: Result<ToolAnswer, ToolError>) {
        let row = self.next();
        match result {
            Ok(mut answer) => {
                if let Some(dry) = &mut self.dry {
                    answer = of_a_row(answer);
                    answer.data.insert("row".to_owned(), json!(row));
                    let messages = std::mem::take(&mut answer.messages);
                    dry.push(answer.into_value());
                    self.names.push(json!(name));
                    self.say(row, messages);
                    return;
                }
                if let Some(name) = answer.data.get(IN_BACKGROUND) {
                    self.names.push(Value::Null);
                    self.waiting.push(json!({"row": row, "name": name}));
                    self.say(row, answer.messages);
                    return;
                }
                let renamed = answer.data.get("renamed").and_then(|renamed| renamed.get("to")?.as_str());
                self.names.push(json!(answer.made.as_ref().map(|made| made.name.as_str()).or(renamed).or(name)));
                self.filled.take(row, &mut answer.data);
                answer.data.retain(|key, _| matches!(key.as_str(), "stored_differently" | "violation" | "note"));
                self.say(row, std::mem::take(&mut answer.messages));
                if !answer.data.is_empty() {
                    let mut note = Map::from_iter([("row".to_owned(), json!(row))]);
                    note.extend(std::mem::take(&mut answer.data));
                    answer.data = note;
                    self.notes.push(answer.into_value());
                }
            }
            Err(error) => {
                self.names.push(Value::Null);
                let known = error.outcome() != Outcome::Unknown;
                let problems = if known { &mut self.failed } else { &mut self.unknown };
                let row = name.map_or_else(|| json!(row), |name| json!({"row": row, "name": name}));
                let message = error.for_model();
                match problems.iter_mut().find(|problem| problem.message == message) {
                    Some(problem) => problem.rows.push(row),
                    None => problems.push(Problem { message, rows: vec![row] }),
                }
            }
        }
    }

    /// Keeps what is to be said of a row.
    fn say(&mut self, row: usize, messages: Vec<String>) {
        for message in messages {
            match self.said.iter_mut().find(|(known, _)| *known == message) {
                Some((_, rows)) => rows.push(row),
                None => self.said.push((message, vec![row])),
            }
        }
    }

    /// What became of each row that was begun.
    pub(super) fn rows(&self) -> BTreeMap<usize, Became<'_>> {
        let mut rows = BTreeMap::new();
        for (at, name) in self.names.iter().enumerate() {
            rows.extend(name.as_str().map(|name| (self.start + at, Became::Done(name))));
        }
        for problem in &self.failed {
            rows.extend(problem.numbers().map(|row| (row, Became::Failed(problem.message.as_str()))));
        }
        for problem in &self.unknown {
            rows.extend(problem.numbers().map(|row| (row, Became::Unknown(problem.message.as_str()))));
        }
        rows
    }

    /// What the site did otherwise than it was told, by row, and what else is to be said, with its rows.
    pub(super) fn notes(&self) -> Vec<Value> {
        let said = self.said.iter().map(|(message, rows)| json!({"message": message, "rows": rows}));
        self.notes.iter().cloned().chain(said).collect()
    }

    /// What was filled in, and in how many rows.
    pub(super) fn filled(&self) -> Vec<Value> {
        let told = |(fields, rows): &(Value, Vec<usize>)| json!({"fields": fields, "rows": rows.len()});
        self.filled.0.iter().map(told).collect()
    }

    /// The account as the model gets it; `stopped` tells why it ended early, where it did. `left` names the documents
    /// to go on with, for a batch that was selected by filters: these would select again what is done.
    pub(crate) fn answer(self, stopped: &str, left: Option<&[&str]>) -> ToolAnswer {
        let key = match self.operation {
            Operation::Create => "created",
            Operation::Delete => "deleted",
            _ => "updated",
        };
        let (next, notes) = (self.next(), self.notes());
        if let Some(dry) = self.dry {
            let mut answer = json!({"dry_run": true, "total": self.total - self.start, "rows": dry});
            if !self.failed.is_empty() {
                answer["failed"] = told(self.failed);
            }
            if !notes.is_empty() {
                answer["notes"] = json!(notes);
            }
            answer["next"] = json!(super::DRY);
            return answer.into();
        }
        let done = self.names.iter().filter(|name| !name.is_null()).count();
        let mut answer = Map::from_iter([
            ("done".to_owned(), json!(done)),
            ("total".to_owned(), json!(self.total - self.start)),
            (key.to_owned(), Value::Array(self.names)),
        ]);
        for (key, problems) in [("failed", self.failed), ("unknown", self.unknown)] {
            if !problems.is_empty() {
                answer.insert(key.to_owned(), told(problems));
            }
        }
        if !self.waiting.is_empty() {
            answer.insert(IN_BACKGROUND.to_owned(), Value::Array(self.waiting));
        }
        self.filled.note(&mut answer);
        if !notes.is_empty() {
            answer.insert("notes".to_owned(), Value::Array(notes));
        }
        let (unknown, failed) = (answer.contains_key("unknown"), answer.contains_key("failed"));
        let makes = self.operation == Operation::Create && done > 0;
        let advice = [(unknown, LOOK), (makes && (unknown || failed), APART)];
        let advice: Vec<&str> = advice.into_iter().filter(|(applies, _)| *applies).map(|(_, what)| what).collect();
        if !advice.is_empty() {
            answer.insert("next".to_owned(), json!(advice.join("; ")));
        }
        if next < self.total {
            let mut told = json!({"why": stopped, "left": self.total - next});
            match left {
                None => told["start_at"] = json!(next),
                Some(names) => {
                    told["names"] = json!(names);
                    told["next"] = json!("call again with these names instead of where");
                }
            }
            answer.insert("stopped".to_owned(), told);
        }
        answer.into()
    }
}

fn told(problems: Vec<Problem>) -> Value {
    problems.into_iter().map(|problem| json!({"error": problem.message, "rows": problem.rows})).collect()
}
