//! `Sameness`: when two values of a field say the same of a person or a company.

use std::collections::BTreeSet;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, collation};

/// Words of names that say what kind of company it is, or nothing.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "and",
    "as",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "eg",
    "ek",
    "gbr",
    "gmbh",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "limited",
    "limitada",
    "llc",
    "llp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "plc",
    "private",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "se",
    "spa",
    "srl",
    "the",
    "ug",
    "und",
    "y",
];
/// Parts of the names of fields that hold a number which a state gave.
const OF_A_STATE: &[&str] = &["tax_id", "gstin", "vat_id", "vat_no", "tax_no", "siren", "siret", "fiscal_code", "pan"];
/// How many digits at the end of a phone number tell it: what stands before is written in many ways.
const DIGITS: usize = 9;

/// By what two values are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sameness {
    /// An address of e-mail.
    Email,
    /// A phone number.
    Phone,
    /// A number that a state gave.
    Number,
    /// The name of a person or a company.
    Name,
    /// Any text.
    Text,
}

impl Sameness {
    /// That of a field which tells people and companies apart.
    pub fn of(def: &DocTypeDef, field: &FieldDef) -> Option<Self> {
        let name = field.fieldname;
        if !matches!(field.kind, FieldKind::Data | FieldKind::ReadOnly | FieldKind::Phone) {
            return None;
        }
        let is = |format: &str| matches!(field.options, Options::Format(of) if of == format);
        let has =
            |part: &str| name == part || name.starts_with(&format!("{part}_")) || name.ends_with(&format!("_{part}"));
        if is("Email") || name == "email" || name == "email_id" {
            Some(Self::Email)
        } else if field.kind == FieldKind::Phone || is("Phone") || is("Mobile") || matches!(name, "phone" | "mobile_no")
        {
            Some(Self::Phone)
        } else if OF_A_STATE.iter().any(|part| has(part)) {
            Some(Self::Number)
        } else if def.title_field == Some(name)
            || name.ends_with("_name") && def.autoname == Some(&*format!("field:{name}"))
        {
            Some(Self::Name)
        } else {
            None
        }
    }

    /// What is equal where two values are the same; nothing for a value that tells nothing.
    pub fn key(self, value: &str) -> Option<String> {
        let folded = collation::fold(value.trim());
        let key: String = match self {
            Self::Email => folded,
            Self::Text => folded.split_whitespace().collect::<Vec<_>>().join(" "),
            Self::Number => folded.chars().filter(|c| c.is_alphanumeric()).collect(),
            Self::Phone => {
                let digits: Vec<char> = folded.chars().filter(char::is_ascii_digit).collect();
                digits.iter().skip(digits.len().saturating_sub(DIGITS)).collect()
            }
            Self::Name => {
                let words = folded.replace(['.', '\'', '’'], "");
                let words = || words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                let is_form = |word: &&str| LEGAL_FORMS.iter().any(|form| word.eq_ignore_ascii_case(form));
                let telling: BTreeSet<&str> = words().filter(|word| !is_form(word)).collect();
                let all = || words().collect::<BTreeSet<&str>>();
                let words = if telling.is_empty() { all() } else { telling };
                words.into_iter().collect::<Vec<_>>().join(" ")
            }
        };
        let least = if self == Self::Phone { 6 } else { 1 };
        (key.chars().count() >= least).then_some(key)
    }

    /// By what it compares, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Email => "the address, in any case",
            Self::Phone => "the last nine digits",
            Self::Number => "letters and digits",
            Self::Name => "the words, in any case and order, without legal forms",
            Self::Text => "the text, in any case",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sameness::{Email, Name, Number, Phone, Text};

    #[test]
    fn what_people_write_otherwise_is_the_same() {
        for (sameness, one, other) in [
            (Email, "Ann@Example.com ", "ann@example.com"),
            (Phone, "+49 (30) 123 456-78", "030 12345678"),
            (Phone, "0049 30 12345678", "+493012345678"),
            (Number, "DE 123.456.789", "de123456789"),
            (Name, "ACME Ltd.", "Acme, Limited"),
            (Name, "Müller & Söhne GmbH", "MULLER und Sohne"),
            (Name, "Smith, John", "John Smith"),
            (Name, "S.A. Lopez", "Lopez SA"),
            (Text, " a  B", "A b"),
        ] {
            assert_eq!(sameness.key(one), sameness.key(other), "{one} {other}");
        }
        for (sameness, one, other) in [
            (Email, "ann@example.com", "anne@example.com"),
            (Phone, "030 12345678", "030 12345679"),
            (Name, "Acme North", "Acme South"),
            (Name, "Company Co", "Limited Ltd"),
        ] {
            assert_ne!(sameness.key(one), sameness.key(other), "{one} {other}");
        }
        for (sameness, nothing) in
            [(Email, " "), (Phone, "n/a"), (Phone, "112"), (Number, "-"), (Name, "..."), (Text, "")]
        {
            assert_eq!(sameness.key(nothing), None, "{nothing}");
        }
    }
}
