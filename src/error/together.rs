//! Problems of one call that do not depend on each other, told at once.

use erpnext_schema::Rule;

use super::{LONGEST_PROBLEM, MOST_PROBLEMS, ToolError};
use crate::shape::text::shortened;
use crate::site::SiteErrorKind;

impl ToolError {
    /// This problem and the others as one. One that is not about what the call says stands alone.
    pub(crate) fn and(self, tool: &'static str, others: impl IntoIterator<Item = Self>) -> Self {
        let mut found: Vec<Self> = std::iter::once(self).chain(others).collect();
        let alone = match found.iter().position(|problem| !problem.is_about_the_call()) {
            None if found.len() == 1 => Some(0),
            stands_alone => stands_alone,
        };
        if let Some(at) = alone {
            return found.swap_remove(at);
        }
        let (mut lines, mut steps) = (Vec::new(), Vec::<String>::new());
        for problem in &found {
            match problem {
                Self::Arguments { violations, .. } => lines.extend(violations.iter().map(ToString::to_string)),
                other => lines.push(other.what().into_owned()),
            }
            let step = problem.next().into_owned();
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        let next = steps.join(" ");
        let told = lines.iter().take(MOST_PROBLEMS);
        let listed: String = told.map(|line| format!("\n- {}", shortened(line, LONGEST_PROBLEM))).collect();
        Self::refused(format!("{tool}: nothing was sent; there are {} problems:{listed}", lines.len()), next)
    }

    /// Whether another word in the call would mend it.
    pub(crate) fn is_about_the_call(&self) -> bool {
        match self {
            Self::Arguments { violations, .. } => violations.iter().all(|found| found.rule != Rule::NotPermitted),
            Self::Refused { .. } => true,
            Self::Site(error) => matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::OutOfSight),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use erpnext_schema::Violation;

    use super::*;

    fn wrong(path: &str, rule: Rule) -> ToolError {
        ToolError::arguments("t", vec![Violation::new(path, rule, "is wrong")])
    }

    #[test]
    fn problems_are_told_in_one_list_unless_one_is_not_the_callers_to_mend() {
        let first = || wrong("a", Rule::Value);
        let told = |others: Vec<ToolError>| first().and("t", others).for_model();
        assert_eq!(told(Vec::new()), first().for_model());
        let several = told(vec![ToolError::refused("b: no.", "Look."), wrong("c", Rule::Value)]);
        for part in ["there are 3 problems:\n- a: is wrong\n- b: no.\n- c: is wrong", "Correct these", "Look."] {
            assert!(several.contains(part), "{several}");
        }
        let denied = wrong("d", Rule::NotPermitted);
        assert_eq!(told(vec![wrong("d", Rule::NotPermitted)]), denied.for_model());
    }
}
