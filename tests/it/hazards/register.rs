//! That the register in the head of this module is complete, and true.

use std::collections::BTreeMap;
use std::path::Path;

const LAST: u32 = 53;

/// The numbers of `H14, H25–H27`.
fn numbers(text: &str) -> Vec<u32> {
    let number = |text: &str| text.trim().trim_start_matches('H').parse::<u32>().unwrap_or_else(|_| panic!("{text}"));
    let range = |part: &str| match part.split_once('–') {
        Some((first, last)) => (number(first)..=number(last)).collect(),
        None => vec![number(part)],
    };
    text.split(',').flat_map(range).collect()
}

#[test]
fn every_hazard_has_a_test_of_its_name_or_a_reason_why_not() {
    let head = include_str!("mod.rs").lines().map_while(|line| line.strip_prefix("//!"));
    let rows = head.filter_map(|line| line.trim().strip_prefix("| H")?.strip_suffix(" |")?.split_once(" | "));
    let mut places = BTreeMap::<u32, Vec<&str>>::new();
    for (hazards, place) in rows {
        for hazard in numbers(hazards) {
            places.entry(hazard).or_default().push(place);
        }
    }
    assert_eq!(places.keys().copied().collect::<Vec<_>>(), (1..=LAST).collect::<Vec<_>>());
    for (hazard, places) in places {
        for place in places {
            if let Some(reason) = place.strip_prefix("none: ") {
                assert!(reason.len() > 20, "H{hazard}: {place}");
                continue;
            }
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(place.trim_matches('`'));
            let source = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("H{hazard}: {place}: {error}"));
            let mut lines = source.lines().map(str::trim).peekable();
            let mut found = false;
            while let Some(line) = lines.next() {
                let named = |line: &&str| line.contains(&format!("fn h{hazard}_"));
                found |= (line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
                    && lines.next_if(named).is_some();
            }
            assert!(found, "H{hazard}: no test in {place} is named after it");
        }
    }
}
