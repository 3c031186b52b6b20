//! Which tools some words mean most likely: pure, and the same each time.

use std::cmp::Reverse;

use erpnext_schema::Verb;

use super::Tool;

/// Words that say nothing about which tool is meant.
const EMPTY: &[&str] = &[
    "a", "an", "the", "of", "for", "to", "in", "on", "with", "and", "or", "from", "by", "my", "all", "some", "one",
    "doctype", "document", "tool", "erpnext",
];

/// What people say for what a tool does.
const MEANT: &[(&str, &[&str])] = &[
    ("create", &["new", "make", "add", "insert", "enter", "draft", "write"]),
    ("update", &["change", "edit", "modify", "set", "correct", "fix"]),
    ("delete", &["remove", "erase", "drop"]),
    ("get", &["read", "show", "view", "open", "see", "display", "fetch"]),
    ("list", &["filter", "browse", "overview"]),
    ("search", &["find", "look", "lookup"]),
    ("submit", &["post", "finalise", "finalize", "confirm", "book"]),
    ("cancel", &["void", "revert", "undo"]),
    ("amend", &["revise", "reissue"]),
    ("convert", &["turn", "into", "bill", "invoice", "deliver"]),
    ("aggregate", &["count", "sum", "total", "average", "group", "statistic"]),
    ("apply", &["approve", "reject"]),
    ("workflow", &["approve", "approval", "reject"]),
    ("assign", &["task", "delegate"]),
    ("comment", &["note", "remark"]),
    ("print", &["pdf", "paper"]),
    ("send", &["mail", "email"]),
];

/// The tools that the words fit, best first; equal ones in the order given.
pub fn by_words(query: &str, tools: impl Iterator<Item = Tool>) -> Vec<Tool> {
    let words = words(query);
    let mut scored: Vec<(i32, Tool)> =
        tools.filter_map(|tool| Some((score(&words, &tool)?, tool))).filter(|(score, _)| *score > 0).collect();
    scored.sort_by_key(|(score, _)| Reverse(*score));
    scored.into_iter().map(|(_, tool)| tool).collect()
}

/// Whether the words ask for a mail to be sent.
pub fn is_about_sending(query: &str) -> bool {
    let words: Vec<String> = query.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&["email", "mail", "mails", "emails"]) && has(&["send", "sends", "sending", "e", "email"])
}

/// The words of a text, in lower case and the singular, without those that say nothing.
pub fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(singular).filter(|word| !word.is_empty());
    words.filter(|word| !EMPTY.contains(&word.as_str())).collect()
}

fn singular(word: &str) -> String {
    let word = word.to_lowercase();
    match word.strip_suffix("ies") {
        Some(stem) if stem.len() > 1 => format!("{stem}y"),
        _ if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") => word[..word.len() - 1].to_owned(),
        _ => word,
    }
}

/// How well the words fit; nothing where none of them does.
fn score(words: &[String], tool: &Tool) -> Option<i32> {
    let (name, what) = match tool {
        Tool::Typed(_, def) => (super::search::words(def.name), def.module.to_lowercase()),
        Tool::Generic(_) => (Vec::new(), String::new()),
        Tool::Named(spec) => (self::words(spec.name), format!("{} {}", spec.title, spec.description).to_lowercase()),
    };
    let done = tool.verb().map(verb);
    let mut score = 0;
    let mut hits = 0;
    let mut named = 0;
    for word in words {
        let is_verb = done.is_some_and(|done| means(word, done));
        if name.contains(word) {
            (score, hits, named) = (score + 8, hits + 1, named + 1);
        } else if name
            .iter()
            .any(|part| done.is_none() && means(word, part) || word.len() > 3 && part.starts_with(word.as_str()))
        {
            (score, hits, named) = (score + 6, hits + 1, named + 1);
        } else if is_verb {
            (score, hits) = (score + 5, hits + 1);
        } else if what.contains(word.as_str()) {
            (score, hits) = (score + 2, hits + 1);
        } else if done.is_some() && is_said(word) {
            // It is about the same documents, and does something else.
            score -= 4;
        }
    }
    // What the name says beside the words was not asked for.
    let beside = name.len().saturating_sub(named);
    score -= 2 * i32::try_from(beside).unwrap_or(i32::MAX / 4);
    // A verb alone means the tools for any DocType.
    let generic = matches!(tool, Tool::Generic(_));
    (hits > 0 && (generic || named > 0 || score > 0)).then_some(score)
}

const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::List => "list",
        Verb::Get => "get",
        Verb::Search => "search",
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::Submit => "submit",
        Verb::Cancel => "cancel",
        Verb::Amend => "amend",
    }
}

/// Whether the word says what is to be done.
fn is_said(word: &str) -> bool {
    MEANT.iter().any(|(name, said)| *name == word || said.contains(&word))
}

fn means(word: &str, name: &str) -> bool {
    word == name || MEANT.iter().any(|(known, said)| *known == name && said.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::{by_words, words};
    use crate::tool::Tool;

    fn found(query: &str) -> Vec<&'static str> {
        let typed = erpnext_doctypes::all(erpnext_schema::Version::NEWEST)
            .flat_map(|def| def.tools.iter().map(move |tool| Tool::Typed(tool.verb, def)));
        let own = crate::tools::ALL.iter().map(|spec| Tool::Named(spec));
        by_words(query, own.chain(typed)).iter().take(3).map(Tool::name).collect()
    }

    #[test]
    fn the_tool_that_people_mean_comes_first() {
        for (query, wanted) in [
            ("new quotation", "create_quotation_document"),
            ("make a sales order", "create_sales_order_document"),
            ("change customers", "update_customer_document"),
            ("list sales invoices", "list_sales_invoice_documents"),
            ("cancel delivery note", "cancel_delivery_note_document"),
            ("run a report", "run_report"),
            ("delete many in bulk", "delete_bulk_documents"),
            ("add a comment", "add_comment"),
            ("turn a quotation into an order", "convert_document"),
            ("approve or reject", "get_workflow_actions"),
            ("sum by month", "aggregate_documents"),
            ("print pdf", "print_document"),
        ] {
            assert_eq!(found(query).first(), Some(&wanted), "{query}: {:?}", found(query));
        }
    }

    #[test]
    fn words_are_folded_and_empty_ones_left_out() {
        assert_eq!(words("The Sales-Orders of territories, class"), ["sale", "order", "territory", "class"]);
        assert!(found("of the").is_empty());
    }
}
