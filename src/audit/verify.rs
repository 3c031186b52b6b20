//! Whether the chain of a log holds: which line was changed or does not belong, and which are missing, at either end too.
//! A line is vouched for by its hash in the one after it, the last one by the head.

use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::file::hash;
use super::head::Head;
use super::review::Line;

/// Where a chain does not hold.
#[derive(Debug)]
pub struct Broken {
    /// The line; none where nothing is left after what is missing.
    pub at: Option<(PathBuf, usize)>,
    /// What is wrong there.
    pub why: String,
}

/// A line that was read, as the chain knows it.
struct Seen {
    file: PathBuf,
    at: usize,
    number: u64,
    before: String,
    hash: String,
}

impl Seen {
    /// # Errors
    /// What makes it none.
    fn read(line: Line) -> Result<Self, Broken> {
        let broken = |why: &str| Broken { at: Some((line.file.clone(), line.number)), why: why.to_owned() };
        let entry: Map<String, Value> =
            serde_json::from_slice(&line.bytes).map_err(|_| broken("is not a whole JSON line"))?;
        let before = entry.get("prev").and_then(Value::as_str);
        let before = before.ok_or_else(|| broken("carries no hash of the line before"))?.to_owned();
        let number = entry.get("n").and_then(Value::as_u64).ok_or_else(|| broken("carries no number"))?;
        Ok(Self { at: line.number, file: line.file, number, before, hash: hash(&line.bytes) })
    }

    fn broken(&self, why: impl Into<String>) -> Broken {
        Broken { at: Some((self.file.clone(), self.at)), why: why.into() }
    }
}

const CHANGED: &str = "was changed";
const FOREIGN: &str = "does not belong here";

/// Follows the chain through these lines, and to the head where there is one; gives the number of lines. `kept` is a
/// number and a hash that the head had earlier: that line must be among them.
///
/// # Errors
/// The system's.
pub fn verify(
    lines: impl Iterator<Item = io::Result<Line>>,
    head: Option<&Head>,
    kept: Option<&(u64, String)>,
) -> io::Result<Result<usize, Broken>> {
    let mut count = 0;
    // The last line, and the one before it: they are judged by what the next one says.
    let (mut before, mut last): (Option<Seen>, Option<Seen>) = (None, None);
    for line in lines {
        let seen = match Seen::read(line?) {
            Ok(seen) => seen,
            Err(broken) => return Ok(Err(broken)),
        };
        count += 1;
        if let Some(last) = last {
            if let Err(broken) = judge(before.as_ref(), &last, Some(&seen.before), head) {
                return Ok(Err(broken));
            }
            before = Some(last);
        }
        if kept.is_some_and(|(number, hash)| *number == seen.number && *hash != seen.hash) {
            return Ok(Err(seen.broken("is another than the head that was kept says")));
        }
        last = Some(seen);
    }
    let Some(last) = last else { return Ok(ends(0, head, kept).map(|()| count)) };
    // Where lines are missing at the end, nothing tells of the last that is left.
    let known = head.filter(|head| last.number >= head.count);
    // Announced and written, and a crash kept the head from saying so.
    let is_announced = known.is_some_and(|head| !head.next.is_empty() && head.next == last.hash);
    let after = if is_announced { Some(&last.hash) } else { known.map(|head| &head.last) };
    if let Err(broken) = judge(before.as_ref(), &last, after.map(String::as_str), head) {
        return Ok(Err(broken));
    }
    if after.is_some_and(|after| *after != last.hash) {
        let is_more = head.is_some_and(|head| last.number > head.count);
        return Ok(Err(last.broken(if is_more { FOREIGN } else { CHANGED })));
    }
    Ok(ends(last.number, head, kept).map(|()| count))
}

/// That the second line follows the first; `after` is the hash by which what comes next knows the line before it, if
/// anything does.
fn judge(first: Option<&Seen>, second: &Seen, after: Option<&str>, head: Option<&Head>) -> Result<(), Broken> {
    let is_vouched_for = after.is_none_or(|after| after == second.hash);
    let Some(first) = first else {
        let expected = head.map_or(second.number, |head| head.first);
        return match second.number {
            number if number == expected => Ok(()),
            _ if !is_vouched_for => Err(second.broken(CHANGED)),
            number if number < expected => Err(second.broken(FOREIGN)),
            number => Err(gap(second, expected, number, None)),
        };
    };
    let expected = first.number + 1;
    if first.hash == second.before {
        return if second.number == expected { Ok(()) } else { Err(second.broken(CHANGED)) };
    }
    if is_vouched_for {
        return Err(match second.number {
            number if number == expected => first.broken(CHANGED),
            number if number < expected => first.broken(FOREIGN),
            number => gap(second, expected, number, Some(first)),
        });
    }
    if after == Some(first.hash.as_str()) {
        return Err(second.broken(FOREIGN));
    }
    // Its hash of the line before may be what was changed, or not.
    Err(second.broken("was changed, and the line before it may be too"))
}

fn gap(second: &Seen, expected: u64, number: u64, first: Option<&Seen>) -> Broken {
    let missing = range(expected, number - 1);
    let a_file = first.filter(|first| first.file != second.file).map(|first| {
        let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!(": a file between {} and {}", name(&first.file), name(&second.file))
    });
    second.broken(format!("comes after a gap; {missing}{}", a_file.unwrap_or_default()))
}

/// That the chain does not end before its head says.
fn ends(number: u64, head: Option<&Head>, kept: Option<&(u64, String)>) -> Result<(), Broken> {
    let most = head.map_or(0, |head| head.count).max(kept.map_or(0, |(number, _)| *number));
    if number >= most {
        return Ok(());
    }
    let first = if number == 0 { head.map_or(1, |head| head.first) } else { number + 1 };
    Err(Broken { at: None, why: format!("{} at the end", range(first, most)) })
}

fn range(first: u64, last: u64) -> String {
    if first == last {
        format!("line {first} of the chain is missing")
    } else {
        format!("lines {first} to {last} of the chain are missing")
    }
}
