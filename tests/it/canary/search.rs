//! Finds canaries in what was written, however it writes them: in JSON within JSON, with thousands separated, as a date of
//! another country.

use std::collections::BTreeSet;

/// How many characters a canary of text has.
const WORD: usize = 16;

/// Every text in `written` that could be a canary, as the world keeps them.
pub fn candidates(written: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in written.match_indices("cnry") {
        found.extend(written.get(at..at + WORD).map(str::to_owned));
    }
    let mut rest = written;
    // An escape is no part of what follows it: `\n7`, or `\\\"7` in JSON within JSON.
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let before = rest[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        let glued = &rest[before.len()..at];
        let escaped = before.ends_with('\\') && glued.len() == 1;
        let end = rest[at..].find(|c: char| !(c.is_ascii_alphanumeric() || "-:.,".contains(c)));
        let end = end.map_or(rest.len(), |end| at + end);
        let token = rest[at..end].trim_end_matches(['-', ':', '.', ',']);
        // `10.5`: a fraction begins nothing, and `a7` is a name.
        if glued.is_empty() && !before.ends_with('.') || escaped {
            found.extend(spelled(token));
        }
        rest = &rest[end..];
    }
    found
}

/// What a number, a date or a time can have been before it was spelled so.
fn spelled(token: &str) -> Vec<String> {
    let mut found = Vec::new();
    let day = token.get(..10).unwrap_or_default();
    let bytes = day.as_bytes();
    match (bytes.get(2), bytes.get(4), bytes.get(5), bytes.get(7)) {
        (_, Some(b'-'), _, Some(b'-')) => found.push(day.to_owned()),
        (Some(b'-'), _, Some(b'-'), _) => found.push(format!("{}-{}-{}", &day[6..], &day[3..5], &day[..2])),
        _ => {}
    }
    if token.contains(':') {
        found.push(token.to_owned());
    }
    let whole = |number: &str| number.split('.').next().unwrap_or_default().to_owned();
    // A comma parts the thousands of a number, or numbers.
    found.push(whole(&token.replace(',', "")));
    found.extend(token.split(',').map(whole));
    found
}

#[test]
fn a_canary_is_found_in_every_spelling() {
    let said = r#"{"a":"cnry0123456789ab","b":"[{\"c\":\"x\\n712345678\"}]","d":712345679.57,"e":"USD 712,345,680.00","f":[712345681,712345682]}"#;
    let more = "on 2417-03-09 10:11:12.000000, 10-04-2417, at 13:37:42.000123; a712345683b 0.712345684 \\n712345685";
    let found: BTreeSet<String> = candidates(said).into_iter().chain(candidates(more)).collect();
    for wanted in ["cnry0123456789ab", "712345678", "712345679", "712345680", "712345681", "712345682", "712345685"] {
        assert!(found.contains(wanted), "{wanted}: {found:?}");
    }
    for wanted in ["2417-03-09", "2417-04-10", "13:37:42.000123"] {
        assert!(found.contains(wanted), "{wanted}: {found:?}");
    }
    assert!(!found.contains("712345683") && !found.contains("712345684"), "{found:?}");
}
