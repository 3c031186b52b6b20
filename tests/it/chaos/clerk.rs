//! One who makes mixed calls on documents of its own, and remembers what it was told of each.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Outcome;
use serde_json::{Value, json};

/// How often something is tried again that may be: a create with a key, the rest of a batch.
const TRIES: usize = 4;

/// A document, as far as its caller was told what it holds.
pub struct Known {
    pub doctype: &'static str,
    pub name: String,
    pub holds: Value,
}

/// What was called and told.
#[derive(Default)]
pub struct Tally {
    /// Calls, by what came of them.
    pub told: BTreeMap<&'static str, usize>,
    /// Batches that gave an account, and the documents in them.
    pub batches: usize,
    pub members: usize,
    /// Documents that must be as they are told here.
    pub known: Vec<Known>,
    /// Documents that must not be there.
    pub gone: Vec<String>,
    /// Keys, and the documents that were told to be made with each.
    pub keys: BTreeMap<String, BTreeSet<String>>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        other.told.into_iter().for_each(|(outcome, count)| *self.told.entry(outcome).or_default() += count);
        self.batches += other.batches;
        self.members += other.members;
        self.known.extend(other.known);
        self.gone.extend(other.gone);
        // Several may use one key.
        other.keys.into_iter().for_each(|(key, made)| self.keys.entry(key).or_default().extend(made));
    }
}

/// What a call came to, as far as its caller can act on it.
pub(super) enum Told {
    Done(Value),
    /// Nothing was changed.
    Not,
    Unknown,
}

pub struct Clerk<'a> {
    app: &'a Connection,
    id: usize,
    random: u64,
    turn: usize,
    pub(super) todos: Vec<Known>,
    things: Vec<Known>,
    /// ToDos that were assigned to somebody, or may have been.
    pub(super) assigned: BTreeSet<String>,
    pub(super) tally: Tally,
}

impl<'a> Clerk<'a> {
    pub fn new(app: &'a Connection, id: usize, seed: u64) -> Self {
        let (todos, things, assigned, tally) = Default::default();
        Self { app, id, random: id as u64 + (seed << 8), turn: 0, todos, things, assigned, tally }
    }

    fn throw(&mut self, sides: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % sides
    }

    pub(super) async fn call(&mut self, tool: &str, arguments: Value) -> Told {
        let tool = self.app.registry().find(tool).unwrap();
        let arguments = arguments.as_object().unwrap().clone();
        let (outcome, told) = match self.app.call(tool, arguments, None).await {
            Ok((data, _)) => ("ALLOWED", Told::Done(data)),
            Err(error) if error.outcome() == Outcome::Unknown => ("UNKNOWN", Told::Unknown),
            Err(error) => (error.outcome().as_str(), Told::Not),
        };
        *self.tally.told.entry(outcome).or_default() += 1;
        told
    }

    /// Makes as many turns, each of one call or a few.
    pub async fn turns(&mut self, times: usize) {
        for _ in 0..times {
            self.turn += 1;
            let turn = self.turn;
            let words = format!("caller {} turn {turn}", self.id);
            match self.throw(26) {
                0 | 1 => self.create(&words).await,
                2 => self.create_with_key(&words).await,
                3 | 4 => self.update(&words).await,
                5 => self.delete(&words).await,
                6 => self.comment(&words).await,
                7 => self.read(&words).await,
                8 => {
                    let asked = json!({"doctype": "ToDo", "filters": {"priority": "High"}, "count": true});
                    self.call("list_generic_documents", asked).await;
                }
                9 => {
                    self.call("search_generic_documents", json!({"doctype": "ToDo", "search_term": "turn"})).await;
                }
                10 | 11 => self.create_thing(&words).await,
                12..=14 => self.patch(turn, &words).await,
                15 => self.step("submit_document", 0, 1, &words).await,
                16 => self.step("cancel_document", 1, 2, &words).await,
                17 => self.amend(&words).await,
                18 => self.create_many(&words).await,
                19 => self.tag(&words).await,
                20 => self.assign(&words).await,
                21 => self.attach(&words).await,
                22 => self.rename(&words).await,
                23 => self.convert(&words).await,
                24 => self.approve(&words).await,
                _ => self.update_many(&words).await,
            }
        }
    }

    /// What it called and was told.
    pub fn tally(mut self) -> Tally {
        self.tally.known.append(&mut self.todos);
        self.tally.known.append(&mut self.things);
        self.tally
    }

    pub(super) async fn create(&mut self, words: &str) {
        let data = json!({"description": words, "priority": "High"});
        let create = json!({"doctype": "ToDo", "data": data});
        if let Told::Done(made) = self.call("create_generic_document", create).await {
            self.todos.push(Known { doctype: "ToDo", name: text(&made["created"]), holds: data });
        }
    }

    async fn create_with_key(&mut self, words: &str) {
        // Half of the keys are those of every clerk, at both servers.
        let key = if self.throw(2) == 0 { format!("everybody's {}", self.turn / 4) } else { words.to_owned() };
        let create = json!({"doctype": "Note", "data": {"title": key}, "idempotency_key": key});
        self.tally.keys.entry(key.clone()).or_default();
        for _ in 0..TRIES {
            if let Told::Done(made) = self.call("create_generic_document", create.clone()).await {
                self.tally.keys.entry(key).or_default().insert(text(&made["created"]));
                // And once more, as one does who did not hear the answer.
                self.call("create_generic_document", create).await;
                return;
            }
        }
    }

    async fn update(&mut self, words: &str) {
        let Some(mut todo) = self.todos.pop() else { return self.create(words).await };
        let update = json!({"doctype": "ToDo", "name": todo.name, "data": {"description": words}});
        match self.call("update_generic_document", update).await {
            Told::Done(_) => todo.holds["description"] = json!(words),
            Told::Not => {}
            Told::Unknown => return,
        }
        self.todos.push(todo);
    }

    async fn delete(&mut self, words: &str) {
        let Some(todo) = self.todos.pop() else { return self.create(words).await };
        let delete = json!({"doctype": "ToDo", "name": todo.name, "confirm": true});
        match self.call("delete_generic_document", delete).await {
            Told::Done(_) => self.tally.gone.push(todo.name),
            Told::Not => self.todos.push(todo),
            Told::Unknown => {}
        }
    }

    async fn comment(&mut self, words: &str) {
        let Some(todo) = self.todos.last() else { return self.create(words).await };
        let comment = json!({"doctype": "ToDo", "name": todo.name, "content": words});
        self.call("add_comment", comment).await;
    }

    async fn read(&mut self, words: &str) {
        let Some(todo) = self.todos.last() else { return self.create(words).await };
        let (get, wanted) = (json!({"doctype": "ToDo", "name": todo.name}), todo.holds["description"].clone());
        if let Told::Done(read) = self.call("get_generic_document", get).await {
            assert_eq!(read["document"]["description"], wanted, "an old answer: {read}");
        }
    }

    async fn create_thing(&mut self, words: &str) {
        let data = json!({"title": words, "rows": [{"qty": 1.0, "class": "first"}, {"qty": 2.0, "class": "second"}]});
        let create = json!({"doctype": "Odd Thing", "data": data});
        if let Told::Done(made) = self.call("create_generic_document", create).await {
            let mut holds = data;
            holds["docstatus"] = json!(0);
            self.things.push(Known { doctype: "Odd Thing", name: text(&made["created"]), holds });
        }
    }

    /// Takes the latest thing in this state.
    fn take(&mut self, docstatus: u64) -> Option<Known> {
        let at = self.things.iter().rposition(|thing| thing.holds["docstatus"] == docstatus)?;
        Some(self.things.remove(at))
    }

    async fn patch(&mut self, turn: usize, words: &str) {
        let Some(mut thing) = self.take(0) else { return self.create_thing(words).await };
        let mut rows = thing.holds["rows"].as_array().unwrap().clone();
        let at = usize::try_from(self.throw(rows.len() as u64)).unwrap();
        let change = match self.throw(4) {
            0 => {
                rows.push(json!({"qty": turn as f64, "class": "added"}));
                json!({"add": [{"qty": turn, "class": "added"}]})
            }
            1 if rows.len() > 1 => {
                rows.remove(at);
                json!({"remove": [{"idx": at + 1}]})
            }
            _ => {
                rows[at]["qty"] = json!(turn as f64 + 0.5);
                json!({"patch": [{"idx": at + 1, "qty": turn as f64 + 0.5}]})
            }
        };
        let update = json!({"doctype": "Odd Thing", "name": thing.name, "data": {"rows": change}});
        match self.call("update_generic_document", update).await {
            Told::Done(_) => thing.holds["rows"] = Value::Array(rows),
            Told::Not => {}
            Told::Unknown => return,
        }
        self.things.push(thing);
    }

    async fn step(&mut self, tool: &str, from: u64, to: u64, words: &str) {
        let Some(mut thing) = self.take(from) else { return self.create_thing(words).await };
        let named = json!({"doctype": "Odd Thing", "name": thing.name, "confirm": true});
        match self.call(tool, named).await {
            Told::Done(_) => thing.holds["docstatus"] = json!(to),
            Told::Not => {}
            Told::Unknown => return,
        }
        self.things.push(thing);
    }

    async fn amend(&mut self, words: &str) {
        let Some(thing) = self.take(2) else { return self.create_thing(words).await };
        let named = json!({"doctype": "Odd Thing", "name": thing.name});
        match self.call("amend_document", named).await {
            Told::Done(made) => {
                let mut holds = thing.holds.clone();
                (holds["docstatus"], holds["amended_from"]) = (json!(0), json!(thing.name));
                self.things.push(Known { doctype: "Odd Thing", name: text(&made["created"]), holds });
                // It has its one amendment.
                self.tally.known.push(thing);
            }
            Told::Not => self.things.push(thing),
            Told::Unknown => self.tally.known.push(thing),
        }
    }

    async fn create_many(&mut self, words: &str) {
        let documents: Vec<Value> =
            (0..4).map(|row| json!({"description": format!("{words} row {row}"), "priority": "Low"})).collect();
        let call = json!({"doctype": "ToDo", "documents": documents});
        for (row, name) in self.batch("create_bulk_documents", call, "created").await {
            if let Some(name) = name {
                self.todos.push(Known { doctype: "ToDo", name, holds: documents[row].clone() });
            }
        }
    }

    async fn update_many(&mut self, words: &str) {
        let mut some = self.todos.split_off(self.todos.len().saturating_sub(3));
        let documents: Vec<Value> = some
            .iter()
            .map(|todo| json!({"name": todo.name, "description": format!("{words} {}", todo.name)}))
            .collect();
        if documents.is_empty() {
            return self.create_many(words).await;
        }
        let call = json!({"doctype": "ToDo", "documents": documents});
        for (row, name) in self.batch("update_bulk_documents", call, "updated").await {
            match name {
                Some(_) => some[row].holds["description"] = documents[row]["description"].clone(),
                // Failed or unknown: the caller looks no further.
                None => some[row].name.clear(),
            }
        }
        self.todos.extend(some.into_iter().filter(|todo| !todo.name.is_empty()));
    }

    /// Makes a call on many, and goes on where it stopped: of each row that was come to its document, if it was done.
    async fn batch(&mut self, tool: &str, mut call: Value, key: &str) -> Vec<(usize, Option<String>)> {
        let mut rows = Vec::new();
        for _ in 0..TRIES {
            let Told::Done(account) = self.call(tool, call.clone()).await else { break };
            let names = account[key].as_array().unwrap();
            self.tally.batches += 1;
            self.tally.members += names.len();
            rows.extend(names.iter().map(|name| name.as_str().map(str::to_owned)));
            let Some(stopped) = account.get("stopped") else { break };
            assert_eq!(stopped["start_at"], rows.len(), "{account}");
            call["start_at"] = stopped["start_at"].clone();
        }
        rows.into_iter().enumerate().collect()
    }
}

pub(super) fn text(name: &Value) -> String {
    name.as_str().unwrap().to_owned()
}
