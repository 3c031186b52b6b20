//! Amounts in words: `USD Two Hundred only.`

const SMALL: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const TENS: [&str; 8] = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
const GROUPS: [&str; 7] = ["", " Thousand", " Million", " Billion", " Trillion", " Quadrillion", " Quintillion"];

/// An amount of a currency in words; negative ones without their sign.
pub fn money(currency: &str, amount: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and the cast saturates")]
    let hundredths = (amount.abs() * 100.0).round() as u64;
    let (main, fraction) = (number(hundredths / 100), hundredths % 100);
    match fraction {
        0 => format!("{currency} {main} only."),
        fraction => format!("{currency} {main} And {} Cent only.", number(fraction)),
    }
}

fn number(number: u64) -> String {
    let mut groups = Vec::new();
    let mut rest = number;
    for name in GROUPS {
        if !rest.is_multiple_of(1000) {
            groups.push(format!("{}{name}", hundreds(rest % 1000)));
        }
        rest /= 1000;
    }
    groups.reverse();
    if groups.is_empty() { SMALL[0].to_owned() } else { groups.join(", ") }
}

fn hundreds(number: u64) -> String {
    let small = |number: u64| usize::try_from(number).ok().and_then(|at| SMALL.get(at)).copied().unwrap_or_default();
    let tens =
        |number: u64| usize::try_from(number / 10 - 2).ok().and_then(|at| TENS.get(at)).copied().unwrap_or_default();
    let below = |number: u64| match number {
        0..20 => small(number).to_owned(),
        _ if number.is_multiple_of(10) => tens(number).to_owned(),
        _ => format!("{}-{}", tens(number), small(number % 10)),
    };
    match (number / 100, number % 100) {
        (0, rest) => below(rest),
        (hundreds, 0) => format!("{} Hundred", small(hundreds)),
        (hundreds, rest) => format!("{} Hundred And {}", small(hundreds), below(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn amounts_are_told_in_words() {
        assert_eq!(money("USD", 200.0), "USD Two Hundred only.");
        assert_eq!(money("USD", 1000.0), "USD One Thousand only.");
        assert_eq!(
            money("EUR", 1_234_521.5),
            "EUR One Million, Two Hundred And Thirty-Four Thousand, Five Hundred And Twenty-One And Fifty Cent only."
        );
        assert_eq!(money("EUR", 0.0), "EUR Zero only.");
    }
}
