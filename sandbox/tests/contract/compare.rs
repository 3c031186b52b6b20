//! Compares an answer with the recorded one: status, exc_type, the body's shape, and values where the state is known.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::names::Names;
use crate::recordings::Exchange;
use crate::wire::Answer;

/// Keys of an error that depend on where in the site's code it was raised.
const NOT_OF_THE_CONTRACT: &[&str] = &["_exc_source", "_debug_messages", "exc", "__frappe_exc_id", "execution_time"];

/// Words of the apps' authors, which the sandbox says in its own.
const PROSE: &[&str] = &[".message.frappe.description", ".message.erpnext.description"];

/// Where the answers differ, in words.
pub struct Compare<'a> {
    pub names: &'a mut Names,
    /// Whether rows come in an order that the request asks for (H15).
    pub ordered: bool,
    /// Whether values are compared, not only their types.
    pub values: bool,
    /// Whether only the form is compared: rows by the first of them, whichever that is.
    pub by_form: bool,
    pub found: Vec<String>,
}

impl Compare<'_> {
    /// Compares the whole answer.
    pub fn answer(&mut self, recorded: &Exchange, ours: &Answer) {
        if recorded.status != ours.status {
            let said = serde_json::from_slice::<Value>(&ours.body).unwrap_or_default();
            let said = said["exception"].as_str().unwrap_or_default();
            self.found.push(format!("status {} instead of {} {said}", ours.status, recorded.status));
        }
        let kind = |text: &str| text.split(';').next().unwrap_or_default().trim().to_owned();
        let (was, is) = (kind(&recorded.content_type), kind(ours.header("content-type").unwrap_or_default()));
        if was != is {
            self.found.push(format!("content type {is} instead of {was}"));
        }
        if was != "application/json" || is != was {
            return;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&ours.body) else {
            if !recorded.body.is_null() {
                self.found.push("the body is no JSON".to_owned());
            }
            return;
        };
        if recorded.status >= 400 && body.is_object() && recorded.body.is_object() {
            self.error(&recorded.body, &body);
        } else if !recorded.is_cut() && self.found.is_empty() {
            self.value("", &recorded.body, &body);
        }
    }

    fn error(&mut self, recorded: &Value, ours: &Value) {
        let keys = |body: &Value| -> BTreeSet<String> {
            let keys = body.as_object().into_iter().flatten().map(|(key, _)| key.clone());
            keys.filter(|key| !NOT_OF_THE_CONTRACT.contains(&key.as_str())).collect()
        };
        let (was, is) = (keys(recorded), keys(ours));
        if was != is {
            self.found.push(format!("error keys {is:?} instead of {was:?}"));
        }
        let (was, is) = (&recorded["exc_type"], &ours["exc_type"]);
        if was != is {
            self.found.push(format!("exc_type {is} instead of {was}"));
        }
        let (was, is) = (class(&recorded["exception"]), class(&ours["exception"]));
        if was != is {
            self.found.push(format!("exception {is} instead of {was}"));
        }
        let (was, is) = (messages(recorded), messages(ours));
        if was != is {
            self.found.push(format!("server messages {is:?} instead of {was:?}"));
        }
    }

    /// Compares values at a place in the body.
    fn value(&mut self, at: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(was), Value::Object(is)) => self.object(at, was, is),
            (Value::Array(was), Value::Array(is)) => self.list(at, was, is),
            (Value::String(was), Value::String(is)) => self.text(at, was, is),
            (Value::Number(was), Value::Number(is)) => {
                let close = was.as_f64().zip(is.as_f64()).is_some_and(|(was, is)| (was - is).abs() < 1e-9);
                if self.values && !close {
                    self.found.push(format!("{at}: {is} instead of {was}"));
                }
            }
            (Value::Null, Value::Null) => {}
            (Value::Bool(was), Value::Bool(is)) => {
                if self.values && was != is {
                    self.found.push(format!("{at}: {is} instead of {was}"));
                }
            }
            (Value::Null, other) | (other, Value::Null) if !self.values && !other.is_object() => {}
            (was, is) => self.found.push(format!("{at}: {} instead of {}", short(is), short(was))),
        }
    }

    fn text(&mut self, at: &str, was: &str, is: &str) {
        let key = at.rsplit('.').next().unwrap_or_default();
        if key == "_server_messages" {
            if messages_of(was) != messages_of(is) {
                self.found.push(format!("server messages {:?} instead of {:?}", messages_of(is), messages_of(was)));
            }
        } else if was.starts_with(['{', '['])
            && let (Ok(was), Ok(is)) = (serde_json::from_str::<Value>(was), serde_json::from_str::<Value>(is))
        {
            self.value(at, &was, &is);
        } else if PROSE.contains(&at) || is_row_name(at) && self.names.same_row(was, is) {
        } else if !self.names.same(was, is) && self.values && key != "exc" {
            self.found.push(format!("{at}: {is:?} instead of {was:?}"));
        }
    }

    fn object(&mut self, at: &str, was: &Map<String, Value>, is: &Map<String, Value>) {
        let keys = was.keys().chain(is.keys().filter(|key| !was.contains_key(*key)));
        for key in keys.filter(|key| !NOT_OF_THE_CONTRACT.contains(&key.as_str())) {
            match (was.get(key), is.get(key)) {
                (Some(was), Some(is)) => self.value(&format!("{at}.{key}"), was, is),
                (Some(was), None) => self.found.push(format!("{at}.{key} is not there, instead of {}", short(was))),
                // The first recorder lost it.
                (None, Some(_)) if key == "__proto__" => {}
                (None, Some(is)) => self.found.push(format!("{at}.{key} should not be there: {}", short(is))),
                (None, None) => {}
            }
        }
    }

    /// Rows without an order are paired by name; those that have no partner are compared by shape alone.
    fn list(&mut self, at: &str, was: &[Value], is: &[Value]) {
        if self.by_form {
            match (was.first(), is.first()) {
                (Some(was), Some(is)) => self.value(&format!("{at}.0"), was, is),
                (Some(was), None) => self.found.push(format!("{at}: no row instead of {}", short(was))),
                (None, _) => {}
            }
            return;
        }
        if was.len() != is.len() {
            self.found.push(format!("{at}: {} rows instead of {}", is.len(), was.len()));
            return;
        }
        let top = matches!(at, ".data" | ".message" | ".message.values");
        if self.ordered || !top || was.len() < 2 && self.is_certain(was, is) {
            for (number, (was, is)) in was.iter().zip(is).enumerate() {
                self.value(&format!("{at}.{number}"), was, is);
            }
            return;
        }
        for (number, row) in was.iter().enumerate() {
            let place = format!("{at}.{number}");
            let partner = is.iter().find(|other| row.get("name").is_some() && other.get("name") == row.get("name"));
            let values = self.values;
            self.values = values && partner.is_some();
            self.value(&place, row, partner.unwrap_or(&is[number]));
            self.values = values;
        }
    }

    /// Whether a single row is the same row on both sides.
    fn is_certain(&self, was: &[Value], is: &[Value]) -> bool {
        was.first().and_then(|row| row.get("name")) == is.first().and_then(|row| row.get("name"))
    }
}

/// Whether it is the name of a child row: `.data.items.0.name`.
fn is_row_name(at: &str) -> bool {
    at.ends_with(".name") && at.split('.').rev().nth(1).is_some_and(|place| place.parse::<usize>().is_ok())
}

/// The Python class of an exception: what stands before the colon.
fn class(exception: &Value) -> String {
    let text = exception.as_str().unwrap_or_default();
    text.split(':').next().filter(|class| !class.contains(' ')).unwrap_or_default().to_owned()
}

/// The keys of every server message, with the title's place: texts are not of the contract, they are translated.
fn messages(body: &Value) -> Vec<Vec<String>> {
    body.get("_server_messages").and_then(Value::as_str).map(messages_of).unwrap_or_default()
}

fn messages_of(text: &str) -> Vec<Vec<String>> {
    let list: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    let message = |text: &String| {
        let message: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let keys: BTreeSet<String> = message.into_iter().map(|(key, _)| key).collect();
        keys.into_iter().filter(|key| !NOT_OF_THE_CONTRACT.contains(&key.as_str())).collect()
    };
    list.iter().map(message).collect()
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.char_indices().nth(60).map_or(text.clone(), |(end, _)| format!("{}…", &text[..end]))
}
