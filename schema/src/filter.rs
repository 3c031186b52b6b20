//! What a list is asked for: filters and orders over fields, as plain data.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::nearest;

macro_rules! operators {
    ($($variant:ident = $text:literal,)*) => {
        /// A comparison that Frappe's lists know.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Operator {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl Operator {
            /// Every operator.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The operator as Frappe writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

operators! {
    Eq = "=",
    Ne = "!=",
    Gt = ">",
    Lt = "<",
    Gte = ">=",
    Lte = "<=",
    Like = "like",
    NotLike = "not like",
    In = "in",
    NotIn = "not in",
    Between = "between",
    Is = "is",
    Timespan = "Timespan",
    DescendantsOf = "descendants of",
    NotDescendantsOf = "not descendants of",
    AncestorsOf = "ancestors of",
    NotAncestorsOf = "not ancestors of",
    DescendantsOfInclusive = "descendants of (inclusive)",
}

impl Operator {
    /// Whether it asks for what lies above or below a document in a tree.
    pub const fn walks_a_tree(self) -> bool {
        use Operator::{AncestorsOf, DescendantsOf, DescendantsOfInclusive, NotAncestorsOf, NotDescendantsOf};
        matches!(self, DescendantsOf | NotDescendantsOf | AncestorsOf | NotAncestorsOf | DescendantsOfInclusive)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Operator {
    type Err = UnknownOperator;

    /// Case does not count.
    fn from_str(text: &str) -> Result<Self, UnknownOperator> {
        let found = Self::ALL.iter().find(|operator| operator.as_str().eq_ignore_ascii_case(text.trim()));
        found.copied().ok_or_else(|| UnknownOperator(text.to_owned()))
    }
}

/// A comparison that Frappe does not know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownOperator(pub String);

impl fmt::Display for UnknownOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no operator", self.0)?;
        match nearest(&self.0, Operator::ALL.iter().map(|operator| operator.as_str())) {
            Some(near) => write!(f, "; did you mean {near:?}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownOperator {}

/// One condition on a list: a field, a comparison, a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    /// The field's name on the wire.
    pub fieldname: &'static str,
    /// The comparison.
    pub operator: Operator,
    /// What the field is compared with: a list for `in`, `not in` and `between`, `"set"` or `"not set"` for `is`.
    pub value: Value,
}

/// One key that a list is sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// The field's name on the wire.
    pub fieldname: &'static str,
    /// Largest first.
    pub descending: bool,
}

impl Order {
    /// Least first.
    pub const fn asc(fieldname: &'static str) -> Self {
        Self { fieldname, descending: false }
    }

    /// Largest first.
    pub const fn desc(fieldname: &'static str) -> Self {
        Self { fieldname, descending: true }
    }

    /// How the direction is written.
    pub const fn direction(self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_operator_is_read_back_in_any_case() {
        for operator in Operator::ALL {
            assert_eq!(operator.as_str().parse(), Ok(*operator));
            assert_eq!(operator.as_str().to_uppercase().parse(), Ok(*operator));
        }
    }

    #[test]
    fn an_unknown_operator_names_the_nearest() {
        let error = "not lik".parse::<Operator>().unwrap_err();
        assert_eq!(error.to_string(), "\"not lik\" is no operator; did you mean \"not like\"?");
    }
}
