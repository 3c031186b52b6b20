//! How much of a message of the site is told: known words, and names of documents that may be read, but no other name,
//! number, date or address. Nothing is compared with what was sent or read: whatever a caller guesses, the same is told.

use super::said::Said;

/// What stands in the place of what is not told.
pub const WITHHELD: &str = "[withheld]";
/// The most words of a name.
const LONGEST_NAME: usize = 8;
/// A longer number is no number of a row.
const MOST_DIGITS: usize = 3;
const QUOTES: [char; 15] = ['\'', '"', '`', '‘', '’', '‚', '“', '”', '„', '«', '»', '‹', '›', '「', '」'];
/// Punctuation that is part of no name, beside that of ASCII.
const MARKS: [char; 9] = ['…', '–', '—', '•', '·', '→', '←', '×', '\u{a0}'];

/// What may be told, as the one who asks may know it.
pub trait Disclosure {
    /// Whether these words, in any case, are the name of a DocType or field, or another that is told wherever it stands.
    fn is_term(&self, words: &str) -> bool;
    /// Whether what stands behind this term is the name of a document that may be told.
    fn may_name(&self, term: &str) -> bool;
    /// Whether the name of a document of this DocType, as addresses have it, may be told.
    fn may_name_of(&self, doctype: &str) -> bool;
    /// Whether the word, in lower case, is one of the language or of the names of DocTypes and fields.
    fn is_word(&self, word: &str) -> bool;
}

/// The message as it may be told.
pub fn redact(said: &Said, told: &dyn Disclosure) -> String {
    let is_linked = |name: &str| {
        let links = said.documents.iter().filter(|(_, linked)| linked == name);
        links.map(|(doctype, _)| told.may_name_of(doctype)).reduce(|a, b| a && b).unwrap_or(false)
    };
    let mut writer = Writer { begins: true, ..Writer::default() };
    for token in tokens(&said.text, &said.set_off, told) {
        match token {
            Token::Gap(gap) => writer.gap(gap),
            Token::Term(term) => writer.term(term, told),
            Token::Name(name) => writer.name(name, is_linked(bare(name))),
            Token::Word(word) if writer.is_plain(word, told) => writer.word(word),
            Token::Word(word) => writer.name(word, false),
        }
    }
    writer.text
}

/// The text so far, and where in its sentence it ends.
#[derive(Default)]
struct Writer {
    text: String,
    /// White space behind what was not told: told with what follows it.
    held: String,
    /// Whether the text ends with what was not told.
    hides: bool,
    /// Whether a sentence begins here.
    begins: bool,
    /// Whether a name that follows may be told.
    may_name: bool,
    /// Whether the number of a row follows.
    row: bool,
}

impl Writer {
    fn gap(&mut self, gap: &str) {
        let is_light = gap.chars().all(|char| char.is_whitespace() || matches!(char, ':' | '#' | '-' | '–'));
        self.begins |= gap.contains(['.', '!', '?', '\n']);
        self.may_name &= is_light;
        self.row &= is_light;
        if self.hides && gap.chars().all(char::is_whitespace) {
            self.held.push_str(gap);
        } else {
            self.show(gap);
        }
    }

    fn term(&mut self, term: &str, told: &dyn Disclosure) {
        self.show(term);
        self.is_behind(term, told.may_name(term));
    }

    fn word(&mut self, word: &str) {
        self.show(word);
        self.is_behind(word, false);
    }

    /// A name, or what may be one; `linked` is one of a document that may be read.
    fn name(&mut self, name: &str, linked: bool) {
        let is_number = !name.chars().any(char::is_alphabetic);
        let follows = self.may_name && !is_number;
        if follows || linked {
            self.show(name);
            self.is_behind(name, follows);
            return;
        }
        if !self.hides {
            self.text.push_str(WITHHELD);
        }
        self.held.clear();
        self.hides = true;
        self.is_behind(name, false);
    }

    fn show(&mut self, text: &str) {
        self.text.push_str(&std::mem::take(&mut self.held));
        self.text.push_str(text);
        self.hides = false;
    }

    fn is_behind(&mut self, word: &str, may_name: bool) {
        (self.begins, self.may_name) = (false, may_name);
        self.row = matches!(word.to_lowercase().as_str(), "row" | "rows");
    }

    /// Whether the word is one of a sentence, or the number of a row.
    fn is_plain(&self, word: &str, told: &dyn Disclosure) -> bool {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.row && word.len() <= MOST_DIGITS;
        }
        let small = word.to_lowercase();
        let is_small = || word.chars().skip(1).all(|char| !char.is_uppercase());
        let is_written_so = small == word || is_small() && (self.begins || is_in(OF_SENTENCES, &small));
        let known = |part: &str| part.is_empty() || told.is_word(part);
        is_written_so && (known(&small) || small.split('-').all(known))
    }
}

#[derive(PartialEq, Debug)]
enum Token<'a> {
    /// What is told wherever it stands.
    Term(&'a str),
    /// What is set off or quoted.
    Name(&'a str),
    Word(&'a str),
    Gap(&'a str),
}

/// The text without the quotation marks around it.
fn bare(text: &str) -> &str {
    text.trim_matches(QUOTES)
}

/// The text in pieces; a term is the longest one that begins at its first word.
fn tokens<'a>(text: &'a str, set_off: &[String], told: &dyn Disclosure) -> Vec<Token<'a>> {
    let words = words(text);
    let mut tokens = Vec::new();
    let (mut at, mut next) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let opens = !text[..at].ends_with(is_inside);
        while words.get(next).is_some_and(|(_, end)| *end <= at) {
            next += 1;
        }
        // Not within a word: what is set off elsewhere must not change how a number or name is told.
        let splits =
            |length: &usize| words[next..].iter().any(|(start, end)| (start + 1..*end).contains(&(at + length)));
        let named = set_off.iter().filter(|name| opens && rest.starts_with(name.as_str())).map(String::len);
        let named = named.filter(|length| !splits(length)).max();
        if let Some(length) = named.or_else(|| quotation(rest).filter(|_| opens)) {
            let name = &rest[..length];
            let inside = bare(name);
            let is_term = !inside.contains(is_inside) || told.is_term(inside);
            tokens.push(if is_term { Token::Term(name) } else { Token::Name(name) });
            at += length;
        } else if let Some((_, end)) =
            words.get(next).copied().filter(|(start, _)| *start <= at && rest.starts_with(is_inside))
        {
            let ends = words[next..].iter().take(LONGEST_NAME).map(|(_, end)| *end).rev();
            let term = ends.map(|end| &text[at..end]).find(|words| told.is_term(words));
            tokens.push(term.map_or(Token::Word(&text[at..end]), Token::Term));
            at = term.map_or(end, |term| at + term.len());
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            tokens.push(Token::Gap(&rest[..length]));
            at += length;
        }
    }
    tokens
}

/// Whether the character can stand in a name: all but white space and punctuation.
fn is_inside(char: char) -> bool {
    char.is_alphanumeric()
        || !char.is_ascii() && !char.is_whitespace() && !QUOTES.contains(&char) && !MARKS.contains(&char)
}

/// Where the words of a text begin and end: letters and digits, and what joins them (`don't`, `a@b.c`, `5,000.00`).
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut gap = true;
    for (at, char) in text.char_indices() {
        let joins = !char.is_whitespace() && text[at + char.len_utf8()..].starts_with(is_inside);
        match words.last_mut() {
            Some((_, end)) if !gap && (is_inside(char) || joins) => *end = at + char.len_utf8(),
            _ if is_inside(char) => {
                words.push((at, at + char.len_utf8()));
                gap = false;
            }
            _ => gap = true,
        }
    }
    words
}

/// The length of the quotation that the text begins with. An apostrophe has letters on both sides.
fn quotation(text: &str) -> Option<usize> {
    let first = text.chars().next().filter(|char| QUOTES.contains(char))?;
    let mut marks = text.char_indices().skip(1).filter(|(_, char)| QUOTES.contains(char));
    let closes = |(at, char): &(usize, char)| !text[at + char.len_utf8()..].starts_with(char::is_alphanumeric);
    let (last, closing) = marks.find(closes)?;
    Some(last + closing.len_utf8()).filter(|_| first != '`' || closing == '`')
}

/// Words that sentences write large where none begins.
const OF_SENTENCES: &str = " amend cancel cancelled cannot create delete document draft enable error form import not no only \
    or permission please print read record report row save saved select share submit submitted there this to update value warning write \
    you ";

/// Whether the word is in a list of words between spaces.
pub fn is_in(words: &str, word: &str) -> bool {
    words.contains(&format!(" {word} "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Disclosure, redact};
    use crate::shape::said::Said;
    use crate::shape::vocabulary::is_common;

    /// One who may read every Item, and knows Items and Customers.
    struct Reader;

    impl Disclosure for Reader {
        fn is_term(&self, words: &str) -> bool {
            matches!(words, "Item" | "item" | "Item Code" | "Customer" | "customer" | "Sales Order" | "me@example.com")
        }

        fn may_name(&self, term: &str) -> bool {
            term.eq_ignore_ascii_case("item")
        }

        fn may_name_of(&self, doctype: &str) -> bool {
            doctype == "item"
        }

        fn is_word(&self, word: &str) -> bool {
            is_common(word)
        }
    }

    fn told(message: &str) -> String {
        redact(&Said::of(message), &Reader)
    }

    #[test]
    fn words_and_terms_are_told_and_all_else_is_not() {
        for (said, expected) in [
            (
                "Row #12: the qty for <b>Item Code</b> cannot be less than 25",
                "Row #12: the qty for Item Code cannot be less than [withheld]",
            ),
            ("Customer 'O' Neil' isn't allowed", "Customer [withheld]' isn't allowed"),
            ("Customer Acme Trading Ltd. is disabled (5 000,00/Rs 7)", "Customer [withheld]. is disabled ([withheld])"),
            ("Acme Trading is disabled", "[withheld] is disabled"),
            ("The customer acme is disabled", "The customer [withheld] is disabled"),
            ("<b>acme of all</b> is disabled", "[withheld] is disabled"),
            ("Item WIDGET-7 XL is needed", "Item WIDGET-7 XL is needed"),
            ("Item 5000 is needed", "Item [withheld] is needed"),
            (
                "It is made: <a href='/app/item/W%201'>W 1</a>, <a href='/app/lead/L 1'>L 1</a>",
                "It is made: W 1, [withheld]",
            ),
            ("User me@example.com and you@example.com", "User me@example.com and [withheld]"),
            ("Row 450, line 450", "Row 450, line [withheld]"),
            ("Das Limit ist erreicht", "[withheld]"),
            ("الحد ٥٠٠٠", "[withheld]"),
            ("", ""),
        ] {
            assert_eq!(told(said), expected, "{said}");
        }
    }

    /// What a site may write for a name or a number.
    fn quoted() -> impl Strategy<Value = String> {
        prop_oneof![
            "[A-Z][a-z]{3,8}x( [A-Z][a-z]{3,8}x){0,2}",
            "[1-9][0-9]{0,2}([., ][0-9]{3}){0,3}([.,][0-9]{1,3})?",
            "[A-Z]{2,4}-[0-9]{4}-[0-9]{5}",
            "[a-z]{3,8}[0-9]@[a-z]{3,8}\\.example",
            "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        ]
    }

    proptest! {
        /// An oracle would tell two values apart.
        #[test]
        fn for_two_values_the_same_is_told(one in quoted(), other in quoted(), guess in quoted()) {
            for frame in ["Limit crossed for customer {} ({guess})", "Please contact {}", "'{}' and <b>{}</b> are not {guess}", "{}"] {
                let of = |value: &str| told(&frame.replace("{}", value).replace("{guess}", &guess));
                prop_assert_eq!(of(&one), of(&other));
            }
        }

        #[test]
        fn any_message_can_be_told(message in "\\PC*") {
            told(&message);
        }
    }
}
