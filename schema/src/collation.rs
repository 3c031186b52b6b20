//! Texts as the site's database compares them: by `utf8mb4_unicode_ci`, which every table of ERPNext has.
//!
//! That is the first level of the Unicode collation of version 4.0: case, accents, width and the kinds of kana do not
//! count, nor do characters that are not printed, nor spaces at the end. The order of texts is not told here.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Letters that the collation takes for others, and that no decomposition leads to them.
const LETTERS: &[(char, &str)] = &[('ß', "ss"), ('æ', "ae"), ('œ', "oe"), ('ς', "σ")];

/// Where the digits of the scripts begin that have their own.
const ZEROS: &[u32] = &[
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x17E0, 0x1810,
];

/// What all characters beyond the first 65,536 are: the collation takes every one of them for the same.
const BEYOND: char = '\u{FFFF}';

/// What is the same in every text that the database takes for the same.
pub fn fold(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.trim_end_matches(' ').to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    text.chars().for_each(|c| fold_char(c, &mut folded));
    folded.truncate(folded.trim_end_matches(' ').len());
    folded
}

/// Whether the database takes the two texts for the same.
pub fn same(one: &str, other: &str) -> bool {
    one == other || fold(one) == fold(other)
}

/// SQL's pattern: `%` for any text, `_` for one character, `\` before one that stands for itself. Characters are compared
/// one by one, so that here one that is not printed counts, and spaces at the end do.
pub fn like(pattern: &str, text: &str) -> bool {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '%' => Token::Any,
            '_' => Token::One,
            '\\' => Token::Char(folded(chars.next().unwrap_or('\\'))),
            c => Token::Char(folded(c)),
        });
    }
    let text: Vec<String> = text.chars().map(folded).collect();
    let (mut at, mut token) = (0, 0);
    // Where the last `%` was, and up to where it reaches so far.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, at));
                token += 1;
            }
            Some(Token::One) => (at, token) = (at + 1, token + 1),
            Some(Token::Char(c)) if *c == text[at] => (at, token) = (at + 1, token + 1),
            _ => match star {
                Some((any, reached)) => {
                    star = Some((any, reached + 1));
                    (at, token) = (reached + 1, any + 1);
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Any)
}

#[derive(PartialEq)]
enum Token {
    Any,
    One,
    Char(String),
}

fn folded(c: char) -> String {
    let mut folded = String::new();
    fold_char(c, &mut folded);
    folded
}

fn fold_char(c: char, folded: &mut String) {
    if matches!(c, ' '..='~') {
        return folded.push(c.to_ascii_lowercase());
    }
    if c > BEYOND {
        return folded.push(BEYOND);
    }
    let mut parts = std::iter::once(c).nfkd();
    // Letters of their own, and accents that stand alone.
    if matches!(c, 'й' | 'Й' | '\u{622}'..='\u{626}' | '\u{E33}') || parts.next() == Some(' ') && parts.next().is_some()
    {
        return folded.extend(c.to_lowercase());
    }
    let parts = std::iter::once(c).nfkd().flat_map(char::to_lowercase).filter(|part| !is_ignored(*part));
    for part in parts {
        match LETTERS.iter().find(|(letter, _)| *letter == part) {
            Some((_, letters)) => folded.push_str(letters),
            // Ideographs kept for other encodings lead there.
            None if part > BEYOND => folded.push(BEYOND),
            None => folded.push(digit(part).unwrap_or_else(|| letter(part))),
        }
    }
}

/// Whether the character has no weight: accents and what is not printed. The signs of Indic and Thai vowels, which are
/// marks too, have one.
fn is_ignored(c: char) -> bool {
    match c {
        '\t'..='\r' | '\u{85}' => false,
        c if c.is_control() => true,
        // Joiners, marks of direction, selectors of a variant; enclosing marks.
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{640}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}' => true,
        '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' => true,
        '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{488}'..='\u{489}' | '\u{20DD}'..='\u{20E4}' => true,
        // Indic scripts have these signs (candrabindu to visarga) at the same places; and Thai signs.
        '\u{900}'..='\u{DFF}' if u32::from(c) & 0x7F <= 3 => true,
        '\u{E47}' | '\u{E4C}' | '\u{E4E}' => true,
        c => !matches!(canonical_combining_class(c), 0 | 9 | 84 | 91 | 103 | 118 | 129 | 130 | 132),
    }
}

/// The ASCII digit of the same value.
fn digit(c: char) -> Option<char> {
    let zero = ZEROS.iter().copied().find(|zero| (*zero..*zero + 10).contains(&u32::from(c)))?;
    char::from_digit(u32::from(c) - zero, 10)
}

/// Hiragana and small kana as the katakana that they sound like; Hebrew letters as they stand inside a word.
fn letter(c: char) -> char {
    let c = match c {
        '\u{3041}'..='\u{3096}' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        c => c,
    };
    match c {
        'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ッ' | 'ャ' | 'ュ' | 'ョ' | 'ヮ' | 'ך' | 'ם' | 'ן' | 'ף' | 'ץ' => {
            char::from_u32(u32::from(c) + 1).unwrap_or(c)
        }
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        c => c,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::{fold, like, same};

    /// First level of the default table of Unicode, which the collation of version 4.0 shares where these are concerned.
    const ALIKE: &[(&str, &str)] = &[
        ("India", "INDIA"),
        ("India", "Índia"),
        ("India", "I\u{301}ndia"),
        ("India", "Ｉｎｄｉａ"),
        ("India", "In\u{200B}dia"),
        ("India", "\u{FEFF}India"),
        ("India", "Ind\u{AD}ia"),
        ("India", "India\u{0}"),
        ("India", "In\u{202E}dia"),
        ("India", "India   "),
        ("India", "India\u{A0}\u{3000}"),
        ("Istanbul", "İstanbul"),
        ("Strasse", "Straße"),
        ("STRASSE", "STRAẞE"),
        ("aes", "ÆS"),
        ("2", "²"),
        ("5000", "٥٠٠٠"),
        ("1", "①"),
        ("ｶﾞ", "か"),
        ("ハハ", "パパ"),
        ("ツ", "っ"),
        ("ёлка", "елка"),
        ("Ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ"),
        ("שלום", "שלומ"),
        ("हिंदी", "हिदी"),
        ("😀", "🎉"),
        ("", "\u{200D}"),
    ];

    const DIFFERENT: &[(&str, &str)] = &[
        ("India", "India."),
        ("India", "Indıa"),
        ("India", " India"),
        ("India", "India\t"),
        ("A-1", "A 1"),
        ("A-1", "A–1"),
        ("o", "ø"),
        ("l", "ł"),
        ("d", "đ"),
        ("и", "й"),
        ("ا", "أ"),
        ("कि", "की"),
        ("A", "Α"),
        ("´", ""),
        ("😀", "a"),
    ];

    #[test]
    fn texts_are_the_same_that_the_collation_takes_for_the_same() {
        for (one, other) in ALIKE {
            assert!(same(one, other), "{one:?} {other:?}: {:?} {:?}", fold(one), fold(other));
        }
        for (one, other) in DIFFERENT {
            assert!(!same(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_pattern_compares_character_by_character() {
        assert!(like("Ín%", "india") && like("i_dia", "İndia") && like("a\\_b", "A_b"));
        assert!(!like("india", "in\u{200B}dia") && !like("india", "india ") && !like("a\\_b", "axb"));
    }

    proptest! {
        #[test]
        fn like_is_what_a_regular_expression_says(pattern in "[ab%_]{0,8}", text in "[ab]{0,10}") {
            let regex = pattern.replace('%', ".*").replace('_', ".");
            let regex = regex_lite::Regex::new(&format!("^{regex}$")).unwrap();
            prop_assert_eq!(like(&pattern, &text), regex.is_match(&text));
        }
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for c in '\0'..='\u{1FFFF}' {
            let once = fold(&format!("a{c}a"));
            assert_eq!(fold(&once), once, "{c:?}");
        }
    }
}
