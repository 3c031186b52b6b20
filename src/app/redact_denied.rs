//! What is kept back of the site's reason for a 403. It can quote a document that was not read ("linked to Territory
//! 'South'"), so that nothing of it is known to be masked: told is only what says nothing of a document.

use crate::audit::Attempt;
use crate::context::Session;

/// The rights by their names, which reasons quote too.
const RIGHTS: &str = " amend cancel create delete email export import print read report select share submit write ";
/// The other words of the site's refusals, names left out.
const WORDS: &str = " a access action allowed an and applicable applied apply are assign assigned at because before by \
    can cannot change check controller details disabled do doc docname doctype document documents does don't edit enabled \
    enough error field for forbidden form from function guest has have if in insufficient is it item its like linked list \
    log logged login manager method missing must need needs no none not of on only or other owner page parent perform \
    permission permissions permitted private public record records required resource restricted right rights role roles row rule \
    set shared submittable system table that the there this to type update use user users via view website whitelisted \
    with without workflow you your ";
/// The most words of a name.
const LONGEST_NAME: usize = 8;
/// A longer number is no number of a row.
const MOST_DIGITS: usize = 3;
const QUOTES: [char; 15] = ['\'', '"', '`', '‘', '’', '‚', '“', '”', '„', '«', '»', '‹', '›', '「', '」'];

/// The parts of `reason` that must not be told: nothing where every DocType that it names is shown whole; else each
/// quotation that is no name, and all of it where something is said beside them.
pub(crate) fn redacted(session: &Session<'_>, attempt: &Attempt, user: Option<&str>, reason: &str) -> Vec<String> {
    let called = attempt.doctype.as_deref().unwrap_or_default();
    let is_doctype = |text: &str| text == called || erpnext_doctypes::any(text).is_some();
    let named: Vec<_> = tokens(reason, &is_doctype).into_iter().filter_map(Token::name).collect();
    if !named.is_empty() && named.iter().all(|doctype| session.policy.shows_whole(doctype)) {
        return Vec::new();
    }
    let def = session.catalog.known(called);
    let is_label = |text: &str| def.is_some_and(|def| def.fields.iter().any(|field| field.label == text));
    // Who asks, and for which document, the caller knows.
    let bare = |name: &str| name.trim_matches(|char: char| !char.is_alphanumeric()).to_owned();
    let user = user.map(|user| session.caller.credentials.mask(user));
    let given: Vec<_> = user.as_deref().into_iter().chain(attempt.document.as_deref()).map(bare).collect();
    let given = |text: &str| given.iter().any(|given| given == text);
    telling(reason, &|text| is_doctype(text) || is_label(text) || given(text))
}

fn telling(reason: &str, is_name: &dyn Fn(&str) -> bool) -> Vec<String> {
    let (quotations, rest) = quotations(reason);
    let is_plain = |word: &str| {
        let number = word.len() <= MOST_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
        number || is_in(WORDS, word) || is_in(RIGHTS, word)
    };
    let says = |token: &Token<'_>| matches!(token, Token::Word(word) if !is_plain(word));
    if rest.iter().any(|text| tokens(text, is_name).iter().any(says)) {
        return vec![reason.to_owned()];
    }
    let tells = |quotation: &&str| {
        let inside = quotation.trim_matches(QUOTES);
        !is_name(inside) && !is_in(RIGHTS, inside)
    };
    quotations.into_iter().filter(tells).map(str::to_owned).collect()
}

fn is_in(words: &str, word: &str) -> bool {
    words.contains(&format!(" {} ", word.to_lowercase()))
}

#[derive(PartialEq, Debug)]
enum Token<'a> {
    Name(&'a str),
    Word(&'a str),
}

impl<'a> Token<'a> {
    fn name(self) -> Option<&'a str> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }
}

/// The names and words of a text; a name is the longest one that begins at its first word.
fn tokens<'a>(text: &'a str, is_name: &dyn Fn(&str) -> bool) -> Vec<Token<'a>> {
    let words = words(text);
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some((start, end)) = words.get(at).copied() {
        let ends = words[at..].iter().take(LONGEST_NAME).enumerate().rev();
        let mut names = ends.map(|(more, (_, end))| (more, &text[start..*end]));
        if let Some((more, name)) = names.find(|(_, slice)| is_name(slice)) {
            tokens.push(Token::Name(name));
            at += more;
        } else {
            tokens.push(Token::Word(&text[start..end]));
        }
        at += 1;
    }
    tokens
}

/// Where the words of a text begin and end: letters and digits, and what joins them (`don't`, `a@b.c`).
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut gap = true;
    for (at, char) in text.char_indices() {
        let joins = !char.is_whitespace() && text[at + char.len_utf8()..].starts_with(char::is_alphanumeric);
        match words.last_mut() {
            Some((_, end)) if !gap && (char.is_alphanumeric() || joins) => *end = at + char.len_utf8(),
            _ if char.is_alphanumeric() => {
                words.push((at, at + char.len_utf8()));
                gap = false;
            }
            _ => gap = true,
        }
    }
    words
}

/// The quotations of a text, with their marks, and what stands between them.
fn quotations(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut quotations, mut rest, mut left) = (Vec::new(), Vec::new(), text);
    let marks = |text: &str, from: usize, opens: bool| {
        let mut marks = text.char_indices().filter(|(at, char)| *at >= from && QUOTES.contains(char));
        // An apostrophe has letters on both sides.
        let stands = |(at, char): &(usize, char)| {
            let (before, after) = (&text[..*at], &text[at + char.len_utf8()..]);
            if opens { !before.ends_with(char::is_alphanumeric) } else { !after.starts_with(char::is_alphanumeric) }
        };
        marks.find(stands)
    };
    while let Some((start, mark)) = marks(left, 0, true) {
        let Some((last, closing)) = marks(left, start + mark.len_utf8(), false) else { break };
        let end = last + closing.len_utf8();
        rest.push(&left[..start]);
        quotations.push(&left[start..end]);
        left = &left[end..];
    }
    rest.push(left);
    (quotations, rest)
}

#[cfg(test)]
mod tests {
    use super::{Token, telling, tokens};

    const NAMES: [&str; 6] =
        ["Customer", "Sales Order", "Sales Order Item", "Territory", "me@example.com", "A (1) Ltd"];

    fn redacted(reason: &str) -> Vec<String> {
        telling(reason, &|text| NAMES.contains(&text))
    }

    #[test]
    fn a_reason_of_known_words_and_names_is_told() {
        for reason in [
            "me@example.com has no role permission for the doctype Customer",
            "Users need the right 'create' on Customer A (1) Ltd for this action.",
            "You don't have access to Sales Order, row 12: not permitted",
            "No permission for \"Customer\"",
            "",
        ] {
            assert_eq!(redacted(reason), [""; 0], "{reason}");
        }
    }

    #[test]
    fn a_quotation_that_is_no_name_is_kept_back() {
        let linked = |to: &str| {
            format!(
                "You are not allowed to access this Customer record because it is linked to Territory {to} in field Territory"
            )
        };
        for quotation in ["'South'", "'UK'", "\"Rest Of The World\"", "„Süd“", "«Юг»", "‘Men's’", "'the'"]
        {
            assert_eq!(redacted(&linked(quotation)), [quotation]);
        }
        assert_eq!(redacted("Territory 'A' in row 1, Territory 'B' in row 2"), ["'A'", "'B'"]);
    }

    #[test]
    fn a_reason_that_says_anything_else_is_kept_back_whole() {
        for reason in [
            "You are not allowed: linked to Territory South",
            "Das Limit ist 5000",
            "You need 5000",
            "access to 'South is not allowed",
            "'O' Neil' is not permitted",
            "not permitted: frappe.client.get",
        ] {
            assert_eq!(redacted(reason), [reason]);
        }
    }

    #[test]
    fn the_longest_name_counts() {
        let found = tokens("a Sales Order Item of Sales Order", &|text| NAMES.contains(&text));
        let [word, name] = [Token::Word, Token::Name];
        assert_eq!(found, [word("a"), name("Sales Order Item"), word("of"), name("Sales Order")]);
    }
}
