//! Whether the chain of a log holds: which line was changed, and which are missing, at either end too.

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
    fn read(line: Line, before: Option<&Self>) -> Result<Self, Broken> {
        let broken = |why: &str| Broken { at: Some((line.file.clone(), line.number)), why: why.to_owned() };
        let entry: Map<String, Value> =
            serde_json::from_str(&line.text).map_err(|_| broken("is not a whole JSON line"))?;
        let prev = entry.get("prev").and_then(Value::as_str);
        let prev = prev.ok_or_else(|| broken("carries no hash of the line before"))?.to_owned();
        let number = entry.get("n").and_then(Value::as_u64).ok_or_else(|| broken("carries no number"))?;
        // A number that was changed says nothing of missing lines.
        if before.is_some_and(|before| before.hash == prev && before.number + 1 != number) {
            return Err(broken("was changed"));
        }
        Ok(Self { at: line.number, file: line.file, number, before: prev, hash: hash(&line.text) })
    }

    fn broken(&self, why: impl Into<String>) -> Broken {
        Broken { at: Some((self.file.clone(), self.at)), why: why.into() }
    }
}

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
    let mut last: Option<Seen> = None;
    // A line that the one after it does not continue: which of the two was changed, the one after that tells.
    let mut doubted: Option<Seen> = None;
    for line in lines {
        let seen = match Seen::read(line?, last.as_ref()) {
            Ok(seen) => seen,
            Err(broken) => return Ok(Err(doubted.map_or(broken, |doubted| doubted.broken("was changed")))),
        };
        count += 1;
        if let (Some(doubted), Some(last)) = (&doubted, &last) {
            return Ok(Err(changed(doubted, last, &seen.before)));
        }
        if let Err(broken) = follows(&seen, last.as_ref(), head) {
            return Ok(Err(broken));
        }
        if kept.is_some_and(|(number, hash)| *number == seen.number && *hash != seen.hash) {
            return Ok(Err(seen.broken("is another than the head that was kept says")));
        }
        let is_continued = last.as_ref().is_none_or(|last| last.hash == seen.before);
        let before = last.replace(seen);
        doubted = before.filter(|_| !is_continued);
    }
    if let (Some(doubted), Some(last)) = (&doubted, &last) {
        let is_more = head.is_some_and(|head| last.number > head.count);
        let broken =
            if is_more { last.broken("was added") } else { changed(doubted, last, head.map_or("", |head| &head.last)) };
        return Ok(Err(broken));
    }
    Ok(ends(last.as_ref(), head, kept).map(|()| count))
}

/// Of two lines that do not fit, the second is whole if what comes after it knows its hash.
fn changed(first: &Seen, second: &Seen, after: &str) -> Broken {
    if second.hash == after { first.broken("was changed") } else { second.broken("was changed") }
}

/// That no line is missing before this one.
fn follows(seen: &Seen, last: Option<&Seen>, head: Option<&Head>) -> Result<(), Broken> {
    let expected = match (last, head) {
        (Some(last), _) => last.number + 1,
        (None, Some(head)) => head.first,
        (None, None) => seen.number,
    };
    if seen.number < expected {
        return Err(seen.broken(format!("stands where line {expected} of the chain belongs")));
    }
    if seen.number == expected {
        return Ok(());
    }
    let missing = range(expected, seen.number - 1);
    let a_file = last.filter(|last| last.file != seen.file).map(|last| {
        let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!(": a file between {} and {}", name(&last.file), name(&seen.file))
    });
    Err(seen.broken(format!("comes after a gap; {missing}{}", a_file.unwrap_or_default())))
}

/// That the chain ends where its head says.
fn ends(last: Option<&Seen>, head: Option<&Head>, kept: Option<&(u64, String)>) -> Result<(), Broken> {
    let number = last.map_or(0, |last| last.number);
    let most = head.map_or(0, |head| head.count).max(kept.map_or(0, |(number, _)| *number));
    if number < most {
        let first = last.map_or_else(|| head.map_or(1, |head| head.first), |last| last.number + 1);
        let why = format!("{} at the end", range(first, most));
        return Err(Broken { at: None, why });
    }
    let (Some(last), Some(head)) = (last, head) else { return Ok(()) };
    // The line is written before the head: a crash between the two leaves one more.
    let one_more = number == head.count + 1 && last.before == head.last;
    match last.hash == head.last || one_more {
        true => Ok(()),
        false if number > head.count => Err(last.broken("was added")),
        false => Err(last.broken("was changed")),
    }
}

fn range(first: u64, last: u64) -> String {
    if first == last {
        format!("line {first} of the chain is missing")
    } else {
        format!("lines {first} to {last} of the chain are missing")
    }
}
