//! The tools of a DocType and their names.

use erpnext_schema::{DocTypeDef, ToolDef, Verb, doctype_flag, intern};

/// The longest tool name that clients take.
const LONGEST: usize = 50;
/// What of it is left for the DocType between `search_` and `_documents`.
const LONGEST_SLUG: usize = LONGEST - "search_".len() - "_documents".len();
const FILLERS: &[&str] = &["and", "for", "of", "the", "to", "with"];

/// The tools of a DocType: six, and three more where it is submittable; get and update for a Single; none for a child
/// table; no lists where the site has no table to list (H26).
pub fn tools(def: &DocTypeDef, slug: &str) -> &'static [ToolDef] {
    let verbs: &[Verb] = if def.is(doctype_flag::CHILD) {
        &[]
    } else if def.is(doctype_flag::SINGLE) {
        &[Verb::Get, Verb::Update]
    } else if def.is(doctype_flag::VIRTUAL) {
        &[Verb::Get, Verb::Create, Verb::Update, Verb::Delete]
    } else {
        &[Verb::List, Verb::Get, Verb::Search, Verb::Create, Verb::Update, Verb::Delete]
    };
    let submittable = def.is(doctype_flag::SUBMITTABLE) && !def.is(doctype_flag::CHILD);
    let life: &[Verb] = if submittable { &[Verb::Submit, Verb::Cancel, Verb::Amend] } else { &[] };
    let subject = subject(slug);
    let name = |verb| match verb {
        Verb::List => format!("list_{subject}_documents"),
        Verb::Get => format!("get_{subject}_document"),
        Verb::Search => format!("search_{subject}_documents"),
        Verb::Create => format!("create_{subject}_document"),
        Verb::Update => format!("update_{subject}_document"),
        Verb::Delete => format!("delete_{subject}_document"),
        Verb::Submit => format!("submit_{subject}_document"),
        Verb::Cancel => format!("cancel_{subject}_document"),
        Verb::Amend => format!("amend_{subject}_document"),
    };
    intern::list(
        verbs.iter().chain(life).map(|verb| ToolDef { verb: *verb, name: intern::text(&name(*verb)) }).collect(),
    )
}

/// The DocType's part of its tools' names, at most 33 characters, so that the longest tool name has 50.
///
/// A slug of more than 33 drops the words and, for, of, the, to, with. Where that is not enough, the longest word
/// loses its last letter, the first of equally long ones first, until it is.
fn subject(slug: &str) -> String {
    if slug.len() <= LONGEST_SLUG {
        return slug.to_owned();
    }
    let mut words: Vec<&str> = slug.split('_').filter(|word| !FILLERS.contains(word)).collect();
    while words.iter().map(|word| word.len() + 1).sum::<usize>() > LONGEST_SLUG + 1 {
        // The last of the longest in reversed order is the first of them.
        let Some(longest) = words.iter_mut().rev().max_by_key(|word| word.len()) else { break };
        *longest = &longest[..longest.len() - 1];
    }
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_subjects_lose_fillers_first_and_letters_after() {
        assert_eq!(subject("sales_taxes_and_charges_template"), "sales_taxes_and_charges_template");
        assert_eq!(subject("purchase_taxes_and_charges_template"), "purchase_taxes_charges_template");
        let cut = subject("process_payment_reconciliation_log_allocations");
        assert_eq!((cut.as_str(), cut.len()), ("proces_paymen_reconci_log_allocat", 33));
    }

    #[test]
    fn a_single_has_no_list_and_a_child_table_no_tools() {
        let def = |flags| DocTypeDef { flags, ..DocTypeDef::new("X", "Y") };
        let names = |flags| tools(&def(flags), "x").iter().map(|tool| tool.name).collect::<Vec<_>>();
        assert_eq!(names(doctype_flag::SINGLE), ["get_x_document", "update_x_document"]);
        assert_eq!(names(doctype_flag::CHILD).len(), 0);
        assert_eq!(names(doctype_flag::CHILD | doctype_flag::VIRTUAL).len(), 0);
        assert!(!names(doctype_flag::VIRTUAL).contains(&"list_x_documents"));
        assert_eq!(names(0).len(), 6);
        let life = ["submit_x_document", "cancel_x_document", "amend_x_document"];
        assert_eq!(names(doctype_flag::SUBMITTABLE)[6..], life);
    }
}
