//! An answer that is too large, made to fit: lists lose their ends, then texts theirs, and the answer says which.

use serde_json::{Map, Value, json};

use super::page::grouped;
use super::row_texts::RowTexts;
use super::sizes::{LEAST, MARK, Part, beside, head, quoted, shares};
use super::text;

/// Room for the account of what was left out, in bytes; half of it for the places.
const ACCOUNT: usize = 600;

/// The value's JSON if it is no longer than that many bytes; else it is made to fit, and what was left out comes back, by
/// place.
///
/// # Errors
/// What was left out.
pub fn fit(value: &mut Value, most: usize) -> Result<String, Map<String, Value>> {
    fit_with_rows(value, &RowTexts::default(), most)
}

/// The same of an answer of whose document some rows are written: only a row that has no room as it stands is read.
///
/// # Errors
/// What was left out.
pub fn fit_with_rows(value: &mut Value, rows: &RowTexts, most: usize) -> Result<String, Map<String, Value>> {
    if let Some(json) = rows.written(value, most) {
        return Ok(json);
    }
    let mut cutter = Cutter::default();
    let part = Part::of_answer(value, rows);
    cutter.shrink(value, &part, most.saturating_sub(ACCOUNT));
    Err(cutter.account())
}

/// One step into a value.
#[derive(Clone)]
enum Step {
    Key(String),
    At(usize),
}

/// What was left of something, of how much.
struct Cut {
    place: String,
    left: usize,
    all: usize,
    unit: &'static str,
}

#[derive(Default)]
struct Cutter {
    at: Vec<Step>,
    cuts: Vec<Cut>,
}

impl Cutter {
    /// Makes a value that is larger than `most` bytes no larger, or as small as it gets.
    fn shrink(&mut self, value: &mut Value, part: &Part<'_>, most: usize) {
        if part.size <= most {
            return;
        }
        if let Some(row) = part.row {
            // What was written here can be read.
            *value = serde_json::from_str(row).unwrap_or_default();
            let part = Part::of(value);
            return self.shrink(value, &part, most);
        }
        match value {
            Value::String(whole) => self.shorten(whole, most),
            Value::Array(list) => {
                let kept = if self.may_lose_its_end(list) { head(&part.parts, most) } else { list.len() };
                let around = |kept: usize| kept + 2;
                let (kept, shares) = self.room(&part.parts, kept, most, around);
                self.note(kept, list.len(), "");
                list.truncate(kept);
                for (at, (value, (part, most))) in list.iter_mut().zip(part.parts.iter().zip(shares)).enumerate() {
                    self.inside(Step::At(at), value, part, most);
                }
            }
            Value::Object(map) => {
                let keys: Vec<usize> = map.keys().map(|key| beside(key)).collect();
                let around = |kept: usize| keys[..kept].iter().sum::<usize>() + 2;
                let (kept, shares) = self.room(&part.parts, map.len(), most, around);
                self.note(kept, map.len(), " fields");
                if kept < map.len() {
                    *map = std::mem::take(map).into_iter().take(kept).collect();
                }
                for ((key, value), (part, most)) in map.iter_mut().zip(part.parts.iter().zip(shares)) {
                    self.inside(Step::Key(key.clone()), value, part, most);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn inside(&mut self, step: Step, value: &mut Value, part: &Part<'_>, most: usize) {
        self.at.push(step);
        self.shrink(value, part, most);
        self.at.pop();
    }

    /// How many of the first `kept` parts have room, and how much each; one at least.
    fn room(
        &self,
        parts: &[Part<'_>],
        kept: usize,
        most: usize,
        around: impl Fn(usize) -> usize,
    ) -> (usize, Vec<usize>) {
        let mut floors = 0;
        let fit = parts[..kept].iter().enumerate().take_while(|(at, part)| {
            floors += part.floor;
            floors + around(at + 1) <= most
        });
        let kept = fit.count().max(1).min(kept);
        let room = most.saturating_sub(around(kept));
        (kept, shares(&parts[..kept], room).unwrap_or_else(|| vec![room; kept]))
    }

    fn shorten(&mut self, whole: &mut String, most: usize) {
        let mut room = most.saturating_sub(MARK + 2);
        let fits = whole.chars().take_while(|c| {
            let size = quoted(c.encode_utf8(&mut [0; 4])) - 2;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let left = fits.count().max(LEAST);
        // A blank at the end would not be shown: it is the first of what follows.
        let end = whole.char_indices().nth(left).map_or(whole.len(), |(end, _)| end);
        let left = whole[..end].trim_end().chars().count();
        if let Some(cut) = text::cut(whole, left)
            && cut.len() < whole.len()
        {
            self.note(left, whole.chars().count(), " characters");
            *whole = cut;
        }
    }

    /// Whether a list makes sense without its end: not the cells of a row, nor what stands over them. The rows of a page are
    /// cut where it is made: its cursor has to go on from the last of them.
    fn may_lose_its_end(&self, list: &[Value]) -> bool {
        match &*self.at {
            [Step::Key(key)] if key == "rows" || key == "columns" => false,
            [.., Step::At(_)] => list.iter().any(|value| value.is_array() || value.is_object()),
            _ => true,
        }
    }

    fn note(&mut self, left: usize, all: usize, unit: &'static str) {
        if left < all {
            let step = |step: &Step| match step {
                Step::Key(key) => key.clone(),
                Step::At(at) => at.to_string(),
            };
            let place = self.at.iter().map(step).collect::<Vec<_>>().join(".");
            self.cuts.push(Cut { place, left, all, unit });
        }
    }

    /// The places that were cut, as many as there is room for.
    fn account(self) -> Map<String, Value> {
        let (mut account, mut room, mut others) = (Map::new(), ACCOUNT / 2, 0);
        for Cut { place, left, all, unit } in self.cuts {
            let told = format!("all after the first {} of {}{unit}", grouped(left as u64), grouped(all as u64));
            let size = beside(&place) + quoted(&told);
            if size <= room {
                room -= size;
                account.insert(place, told.into());
            } else {
                others += 1;
            }
        }
        if others > 0 {
            account.insert("and".to_owned(), json!(format!("{others} other places")));
        }
        account
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::sizes::{at_most, length};
    use super::{ACCOUNT, fit};

    #[test]
    fn a_length_is_that_of_the_json() {
        let numbers = json!([0, 9, 10, 99, 100, u64::MAX, -1, i64::MIN, 0.0, 1.5, -1e300, 1e21]);
        for value in
            [numbers, json!([]), json!({}), json!([[], {}, null, true, false]), json!({"a\"\n": "\u{7f}\u{1}ü\\"})]
        {
            assert_eq!(length(&value), value.to_string().len(), "{value}");
            assert!(at_most(&value) >= length(&value), "{value}");
        }
    }

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
        let left = value["document"]["terms"].as_str().and_then(|text| text.split_once('…'));
        let left = left.map_or("", |(text, _)| text);
        let told = told["document.terms"].as_str().unwrap_or_default();
        assert_eq!(told, format!("all after the first {} of 50,000 characters", super::grouped(left.len() as u64)));
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
        fn any_answer_ends_and_is_no_larger_than_it_may_be(answer in any_answer(), most in 1_000usize..20_000) {
            let mut value = json!({"answer": answer});
            let before = value.to_string().len();
            prop_assert_eq!(length(&value), before);
            prop_assert!(at_most(&value) >= before);
            match fit(&mut value, most) {
                Ok(json) => {
                    prop_assert!(before <= most);
                    prop_assert_eq!(json, value.to_string());
                }
                Err(account) => {
                    prop_assert!(before > most && !account.is_empty());
                    let size = value.to_string().len() + json!(account).to_string().len();
                    prop_assert!(size + ACCOUNT / 2 <= most + 60, "{size} of {most}");
                }
            }
        }
    }
}
