//! The nearest right value to a wrong one, for errors that a reader can act on at once.

/// The candidate closest to `wrong`, if one is close enough to be what was meant.
///
/// Case, spaces, hyphens and underscores are not counted as differences; beyond that up to a third of the
/// letters may be wrong, missing, added or swapped.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = fold(wrong);
    let limit = (wrong.len() / 3).max(1);
    let scored = candidates.into_iter().filter_map(|candidate| {
        let folded = fold(candidate);
        // A distance is at least the difference in length: most candidates need no more than this look.
        if folded.len().abs_diff(wrong.len()) > limit {
            return None;
        }
        let distance = distance(&wrong, &folded);
        (distance <= limit).then_some((distance, candidate))
    });
    scored.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

fn fold(text: &str) -> Vec<char> {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).take(140).collect()
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, cb) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(ca != cb)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *ca == b[j - 1] && a[i - 1] == *cb {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typos_swaps_and_other_spellings() {
        let fields = ["customer_name", "customer_group", "territory"];
        assert_eq!(nearest("customer_grup", fields), Some("customer_group"));
        assert_eq!(nearest("Customer Group", fields), Some("customer_group"));
        assert_eq!(nearest("terirtory", fields), Some("territory"));
        assert_eq!(nearest("posting_date", fields), None);
        assert_eq!(nearest("", fields), None);
    }
}
