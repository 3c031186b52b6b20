//! Words of generated sentences: `a` or `an` before the name of a DocType, one thing or several.

/// The name with the article that is spoken before it: `an Item`, `a Customer`, `a User`, `an SMS Log`.
pub fn with_article(name: &str) -> String {
    let article = if begins_with_a_vowel(name) { "an" } else { "a" };
    format!("{article} {name}")
}

/// How many there are of what is called this in the singular: `1 row`, `0 rows`, `2 rows`.
pub fn counted(count: usize, one: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {one}{ending}")
}

fn begins_with_a_vowel(name: &str) -> bool {
    let word = name.split(' ').next().unwrap_or_default();
    let mut letters = word.chars();
    let (first, second) = (letters.next().unwrap_or_default(), letters.next().unwrap_or_default());
    // Letters that are spelt: an SMS, a UOM.
    let is_spelt = second.is_ascii_uppercase() && word.chars().all(|c| c.is_ascii_uppercase());
    match first.to_ascii_lowercase() {
        'a' | 'e' | 'i' | 'o' => true,
        'u' => !is_spelt && matches!(second, 'n' | 'p') && !word.starts_with("Uni"),
        'f' | 'h' | 'l' | 'm' | 'n' | 'r' | 's' | 'x' => is_spelt,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, with_article};

    #[test]
    fn one_is_one_and_none_are_several() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "row")), ["0 rows", "1 row", "2 rows"]);
    }

    #[test]
    fn the_article_is_that_of_the_sound() {
        for (name, wanted) in [
            ("Item Group", "an Item Group"),
            ("Account", "an Account"),
            ("Customer", "a Customer"),
            ("User", "a User"),
            ("UOM", "a UOM"),
            ("Unreconcile Payment", "an Unreconcile Payment"),
            ("SMS Log", "an SMS Log"),
            ("BOM", "a BOM"),
            ("Sales Order", "a Sales Order"),
        ] {
            assert_eq!(with_article(name), wanted);
        }
    }
}
