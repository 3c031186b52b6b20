//! An answer that is too large, made to fit: lists lose their ends, then texts theirs, and the answer says which.

use serde_json::{Map, Value, json};

use super::page::{grouped, how_many};
use super::text;

/// The least that is left of a text that is cut, in characters.
const LEAST: usize = 200;
/// Room for the account of what was left out, in bytes.
const ACCOUNT: usize = 600;
/// How often something is cut before what is left is let through.
const ROUNDS: usize = 64;
/// The most that the account names.
const NAMED: usize = 6;

/// The value's JSON if it is no longer than that many bytes; else it is made to fit, and what was left out comes back, by
/// place.
///
/// # Errors
/// What was left out.
pub fn fit(value: &mut Value, most: usize) -> Result<String, Map<String, Value>> {
    let json = value.to_string();
    let mut size = json.len();
    if size <= most {
        return Ok(json);
    }
    let most = most.saturating_sub(ACCOUNT);
    // The place, what is left of it, what there was, and of what.
    let mut cuts: Vec<(String, usize, usize, &str)> = Vec::new();
    for _ in 0..ROUNDS {
        if size <= most {
            break;
        }
        let over = size - most;
        let found = largest(value, &mut Vec::new(), &is_list);
        let found = found.or_else(|| largest(value, &mut Vec::new(), &|part, _| is_long(part)));
        let Some((place, len)) = found else { break };
        let Some(part) = place.iter().try_fold(&mut *value, |part, step| step.into(part)) else { break };
        let (left, all, unit) = match part {
            Value::Array(list) => {
                let all = list.len();
                list.truncate(how_many(list, len.saturating_sub(over)).min(all - 1));
                (list.len(), all, "")
            }
            Value::String(whole) => {
                let all = whole.chars().count();
                let keep = all.saturating_sub(over.max(LEAST)).max(LEAST);
                match text::cut(whole, keep) {
                    Some(cut) if cut.len() < whole.len() => *whole = cut,
                    _ => break,
                }
                (keep, all, " characters")
            }
            _ => break,
        };
        let name = place.iter().map(Step::to_string).collect::<Vec<_>>().join(".");
        match cuts.iter_mut().find(|(known, ..)| *known == name) {
            Some(cut) => cut.1 = left,
            None => cuts.push((name, left, all, unit)),
        }
        size = value.to_string().len();
    }
    let told = |(name, left, all, unit): &(String, usize, usize, &str)| {
        let (left, all) = (grouped(*left as u64), grouped(*all as u64));
        (name.clone(), json!(format!("all after the first {left} of {all}{unit}")))
    };
    let mut account: Map<String, Value> = cuts.iter().take(NAMED).map(told).collect();
    if let more @ 1.. = cuts.len().saturating_sub(NAMED) {
        account.insert("and".to_owned(), json!(format!("{more} other places")));
    }
    Err(account)
}

/// A list that makes sense without its end: not the cells of a row, nor what stands over them. The rows of a page are cut
/// where it is made: its cursor has to go on from the last of them.
fn is_list(part: &Value, at: &[Step]) -> bool {
    let Value::Array(list) = part else { return false };
    let scalars = || !list.iter().any(|value| value.is_array() || value.is_object());
    let whole = match at {
        [Step::Key(key)] if key == "rows" || key == "columns" => true,
        [.., Step::At(_)] => scalars(),
        _ => false,
    };
    list.len() > 1 && !whole
}

fn is_long(part: &Value) -> bool {
    part.as_str().is_some_and(|text| text.chars().count() > LEAST)
}

/// One step into a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    At(usize),
}

impl Step {
    fn into<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Key(key) => value.get_mut(key),
            Self::At(at) => value.get_mut(at),
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::At(at) => write!(f, "{at}"),
        }
    }
}

/// The largest part that qualifies, with its size; the innermost of those that hold each other.
fn largest(
    value: &Value,
    at: &mut Vec<Step>,
    qualifies: &dyn Fn(&Value, &[Step]) -> bool,
) -> Option<(Vec<Step>, usize)> {
    let mut best: Option<(Vec<Step>, usize)> = None;
    let mut consider = |step: Step, part: &Value| {
        at.push(step);
        let found = largest(part, at, qualifies);
        at.pop();
        if let Some(found) = found
            && best.as_ref().is_none_or(|(_, size)| found.1 > *size)
        {
            best = Some(found);
        }
    };
    match value {
        Value::Array(list) => list.iter().enumerate().for_each(|(i, part)| consider(Step::At(i), part)),
        Value::Object(map) => map.iter().for_each(|(key, part)| consider(Step::Key(key.clone()), part)),
        _ => {}
    }
    if qualifies(value, at) {
        let size = value.to_string().len();
        // A list of many small parts is shortened itself; one part that is most of it, inside.
        if best.as_ref().is_none_or(|(_, inner)| *inner < size / 2) {
            return Some((at.clone(), size));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::fit;

    #[test]
    fn what_fits_is_left_alone() {
        let mut value = json!({"rows": [[1], [2]]});
        assert_eq!(fit(&mut value, 1_000), Ok(value.to_string()));
        assert_eq!(value, json!({"rows": [[1], [2]]}));
    }

    #[test]
    fn lists_lose_their_ends_and_say_how_many_there_were() {
        let mut value = json!({"name": "x", "items": (0..1_000).map(|n| json!({"n": n})).collect::<Vec<_>>()});
        let told = fit(&mut value, 3_000).err().unwrap_or_default();
        let left = value["items"].as_array().map_or(0, Vec::len);
        assert!((100..600).contains(&left), "{left}");
        assert_eq!(told["items"], json!(format!("all after the first {left} of 1,000")));
        assert_eq!(value["name"], "x");
        assert!(value.to_string().len() <= 3_000);
    }

    #[test]
    fn the_rows_of_a_page_are_not_cut_behind_its_cursor() {
        let mut value = json!({"columns": ["name", "note"], "rows": [["a", "x".repeat(900)], ["b", "y".repeat(900)]]});
        let told = fit(&mut value, 1_500).err().unwrap_or_default();
        assert_eq!(
            (value["columns"].as_array().map(Vec::len), value["rows"].as_array().map(Vec::len)),
            (Some(2), Some(2))
        );
        assert!(told.contains_key("rows.0.1") && value["rows"][0][0] == "a", "{told:?}");
    }

    #[test]
    fn a_text_is_cut_where_there_is_no_list() {
        let mut value = json!({"document": {"name": "x", "terms": "word ".repeat(10_000)}});
        let told = fit(&mut value, 4_000).err().unwrap_or_default();
        assert!(value.to_string().len() <= 4_000);
        let left =
            value["document"]["terms"].as_str().and_then(|text| text.split_once('…')).map(|(text, _)| text.len() + 1);
        let left = super::grouped(left.unwrap_or_default() as u64);
        assert_eq!(told["document.terms"], json!(format!("all after the first {left} of 50,000 characters")));
    }

    fn any_answer() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i64>().prop_map(Value::from), ".{0,400}".prop_map(Value::from)];
        leaf.prop_recursive(4, 200, 30, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..30).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_answer_ends_and_is_no_larger(answer in any_answer(), most in 1_000usize..20_000) {
            let mut value = json!({"answer": answer});
            let before = value.to_string().len();
            let told = fit(&mut value, most);
            prop_assert_eq!(told.is_err(), before > most);
            prop_assert!(value.to_string().len() <= before);
        }
    }
}
