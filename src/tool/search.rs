//! Which tools some words mean most likely, by where each tool has them: pure, and the same each time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use erpnext_schema::Verb;

use super::Tool;
use super::concepts::{EMPTY, FRAMEWORK, MEANT, PHRASES};

/// Twice the points of a word in a name.
const IN_NAME: i32 = 16;
/// Of one that people say for a word of a name, or of a DocType's name that begins with it.
const FOR_NAME: i32 = 12;
/// Of what a tool does, of a word in a title, and of a verb that most names begin with.
const FOR_VERB: i32 = 10;
const IN_TITLE: i32 = 10;
const COMMON_VERB: i32 = 6;
/// Of a word in a description, of a module's name; half of it where more tools than [`FEW`] have the word.
const IN_DESCRIPTION: i32 = 6;
const IN_MODULE: i32 = 4;
const FEW: usize = 4;
/// Against a tool: that another verb was said, that a word is not its DocType's, that its name says more.
const OTHER_VERB: i32 = -16;
const OTHER_WORD: i32 = -2;
const SAYS_MORE: i32 = -4;
const BEGINS_OTHERWISE: i32 = -2;
const OF_THE_FRAMEWORK: i32 = -8;

/// What people say, by the word of a name that it means, as stems.
static SAID_FOR: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, words) in MEANT {
        said.entry(stem(name)).or_default().extend(words.split(' ').map(stem));
    }
    said
});

static ALL_SAID: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    SAID_FOR.iter().flat_map(|(name, said)| std::iter::once(name).chain(said)).map(String::as_str).collect()
});

static NOTHING_SAID: LazyLock<BTreeSet<String>> = LazyLock::new(|| EMPTY.iter().map(|word| stem(word)).collect());

/// A tool's words, as stems.
struct Said {
    name: Vec<String>,
    title: BTreeSet<String>,
    what: BTreeSet<String>,
}

/// The words of tools that are the same on every site, by the name and the module of their DocType, or their own name and
/// description.
static KNOWN: LazyLock<Mutex<HashMap<Key, Arc<Said>>>> = LazyLock::new(Mutex::default);

type Key = (&'static str, &'static str);

/// The tools that the words fit, best first; equal ones in the order given.
pub fn by_words(query: &str, tools: impl Iterator<Item = Tool>) -> Vec<Tool> {
    let asked = words(query);
    let tools: Vec<(Tool, Arc<Said>)> = tools.map(|tool| (tool, said(&tool))).collect();
    let own = || tools.iter().filter(|(tool, _)| has_own_name(tool)).map(|(_, said)| said);
    let has = |said: &&Arc<Said>, word: &String| {
        said.name.contains(word) || said.title.contains(word) || said.what.contains(word)
    };
    let rare: BTreeSet<&String> =
        asked.iter().filter(|word| own().filter(|said| has(said, word)).count() <= FEW).collect();
    let mut scored: Vec<(i32, Tool)> =
        tools.iter().filter_map(|(tool, said)| Some((score(&asked, &rare, tool, said)?, *tool))).collect();
    scored.retain(|(score, _)| *score > 0);
    scored.sort_by_key(|(score, _)| Reverse(*score));
    scored.into_iter().map(|(_, tool)| tool).collect()
}

/// Whether the words ask for a mail to be sent.
pub fn is_about_sending(query: &str) -> bool {
    let words: Vec<String> = query.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&["email", "mail", "mails", "emails"]) && has(&["send", "sends", "sending", "e", "email"])
}

/// A change of documents that words ask for.
pub struct Change<'a> {
    /// Which.
    pub verb: Verb,
    /// The word that says so, as its stem.
    pub word: &'a String,
    /// Whether that is the verb itself, and not a word that people say for it.
    pub is_plain: bool,
}

/// The change that words ask for first; nothing where they ask to read, or for something else before it.
pub fn change_said(asked: &[String]) -> Option<Change<'_>> {
    let mut is_other = false;
    for word in asked {
        let said = super::VERBS.iter().map(|(verb, _)| *verb).find_map(|known| {
            let name = stem(verb(known));
            (*word == name || means(word, &name)).then(|| (known, *word == name))
        });
        match said {
            Some((Verb::List | Verb::Get | Verb::Search, _)) => return None,
            Some((verb, is_plain)) if is_plain || !is_other => return Some(Change { verb, word, is_plain }),
            Some(_) => {}
            None => is_other |= is_said(word) && word != "bulk" && !means(word, "bulk"),
        }
    }
    None
}

/// Whether a tool has this word in its own name, or one that it is said for.
pub fn is_called(word: &str, tool: &Tool) -> bool {
    has_own_name(tool) && said(tool).name.iter().any(|part| part == word || means(word, part))
}

/// Whether a tool by its own name does this change to something that the words name, how many there are aside.
pub fn does_that(asked: &[String], change: &Change<'_>, tool: &Tool) -> bool {
    let said_of = |word: &String| *word != *change.word && word != "bulk" && !means(word, "bulk");
    is_called(change.word, tool) && asked.iter().any(|word| said_of(word) && is_called(word, tool))
}

/// The stems of the words of a text, without those that say nothing.
pub fn words(text: &str) -> Vec<String> {
    let text = PHRASES.iter().fold(text.to_lowercase(), |text, (phrase, word)| text.replace(phrase, word));
    let words = text.split(|c: char| !c.is_alphanumeric()).map(stem);
    words.filter(|word| !word.is_empty() && !NOTHING_SAID.contains(word)).collect()
}

/// What a text names, as a part of a name has it: its words without those that say nothing or what is to be done.
pub fn thing(text: &str) -> String {
    let is_verb = |word: &str| {
        super::VERBS.iter().map(|(verb, _)| stem(self::verb(*verb))).any(|name| *word == name || means(word, &name))
    };
    let text = text.to_lowercase();
    let is_of_it = |word: &&str| !word.is_empty() && !NOTHING_SAID.contains(&stem(word)) && !is_verb(&stem(word));
    let mut words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(is_of_it).map(str::to_owned).collect();
    if let Some(last) = words.last_mut() {
        *last = stem(last);
    }
    words.join(" ")
}

/// Whether a tool's name has each of the words, or one that it is said for.
pub fn is_called_so(text: &str, tool: &Tool) -> bool {
    let said = said(tool);
    let has = |word: &String| said.name.iter().any(|part| part.starts_with(word.as_str()) || means(word, part));
    words(text).iter().all(has)
}

/// What a word in lower case has in common with its other forms: `order` of orders and ordered, `chang` of changes.
fn stem(word: &str) -> String {
    let mut stem = match word.strip_suffix("ies") {
        Some(begin) if begin.len() > 1 => format!("{begin}y"),
        _ if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") => word[..word.len() - 1].to_owned(),
        _ => word.to_owned(),
    };
    if let Some(begin) = ["ing", "ed"].iter().find_map(|end| stem.strip_suffix(end)).filter(|begin| begin.len() > 2) {
        stem = begin.to_owned();
        let mut last = stem.chars().rev();
        let twice = last.next().filter(|last_one| last.next() == Some(*last_one) && stem.len() > 3);
        if twice.is_some_and(|twice| !matches!(twice, 'l' | 's' | 'z')) {
            stem.pop();
        }
    }
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

fn said(tool: &Tool) -> Arc<Said> {
    // The tools of one DocType have the same words.
    let key = match tool {
        Tool::Typed(_, def) => (def.name, def.module),
        Tool::Named(spec) => (spec.name, spec.description),
        Tool::Generic(_) | Tool::Published(_) => return Arc::new(split(tool)),
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(key).or_insert_with(|| Arc::new(split(tool))))
}

fn split(tool: &Tool) -> Said {
    let set = |text: &str| words(text).into_iter().collect();
    match tool {
        Tool::Typed(_, def) => Said { name: words(def.name), title: BTreeSet::new(), what: set(def.module) },
        // Rows have no tool of a DocType: the list of any gives them.
        Tool::Generic(Verb::List) => Said { name: Vec::new(), title: set("row"), what: BTreeSet::new() },
        Tool::Generic(_) => Said { name: Vec::new(), title: BTreeSet::new(), what: BTreeSet::new() },
        Tool::Named(spec) => Said { name: words(spec.name), title: set(spec.title), what: set(spec.description) },
        Tool::Published(published) => Said {
            name: words(&published.name),
            title: set(&published.title),
            what: set(&published.stated.description),
        },
    }
}

fn has_own_name(tool: &Tool) -> bool {
    matches!(tool, Tool::Named(_) | Tool::Published(_))
}

/// How well the words fit; nothing where none of them does.
fn score(asked: &[String], rare: &BTreeSet<&String>, tool: &Tool, said: &Said) -> Option<i32> {
    let verb = tool.verb().map(|known| stem(verb(known)));
    let is_own = has_own_name(tool);
    let first = said.name.first().filter(|_| is_own);
    let (mut score, mut fits, mut hit) = (0, false, BTreeSet::new());
    for word in asked {
        // Whoever says a number means as many documents.
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let mut meant = said.name.iter().filter(|part| {
            if is_own {
                means(word, part) || is_number && *part == "bulk"
            } else {
                word.len() > 3 && part.starts_with(word.as_str())
            }
        });
        let points = if said.name.contains(word) {
            hit.insert(word);
            hit.extend(meant);
            let is_common = first == Some(word) && ["find", "get", "list", "search"].contains(&word.as_str());
            if is_common { COMMON_VERB } else { IN_NAME }
        } else if verb.as_deref().is_some_and(|verb| word == verb || means(word, verb)) {
            FOR_VERB
        } else if let Some(part) = meant.next() {
            hit.insert(part);
            hit.extend(meant);
            FOR_NAME
        } else if said.title.contains(word) {
            IN_TITLE
        } else if said.what.contains(word) {
            let points = if is_own { IN_DESCRIPTION } else { IN_MODULE };
            if rare.contains(word) { points } else { points / 2 }
        } else {
            score += match (&verb, tool) {
                (Some(_), _) if is_said(word) => OTHER_VERB,
                (_, Tool::Typed(..)) => OTHER_WORD,
                _ => 0,
            };
            continue;
        };
        (score, fits) = (score + points, true);
    }
    let beside = said.name.iter().skip(usize::from(is_own)).filter(|part| !hit.contains(part)).count();
    score += SAYS_MORE * i32::try_from(beside).unwrap_or(i32::MAX / 8);
    score += match tool {
        Tool::Named(_) | Tool::Published(_) if first.is_some_and(|first| !hit.contains(first)) => BEGINS_OTHERWISE,
        Tool::Typed(_, def) if FRAMEWORK.iter().any(|module| def.module.eq_ignore_ascii_case(module)) => {
            OF_THE_FRAMEWORK
        }
        _ => 0,
    };
    // A verb alone means the tools for any DocType.
    let generic = matches!(tool, Tool::Generic(_));
    (fits && (generic || !hit.is_empty() || score > 0)).then_some(score)
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
    ALL_SAID.contains(word)
}

fn means(word: &str, name: &str) -> bool {
    SAID_FOR.get(name).is_some_and(|said| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{Verb, by_words, change_said, is_called_so, thing, words};
    use crate::tool::Tool;

    #[test]
    fn what_is_asked_for_is_told_apart_from_what_is_done_with_it() {
        for (query, named) in [
            ("leave application", "leave application"),
            ("submit an expense claim", "expense claim"),
            ("Create a Salary Slip", "salary slip"),
            ("list the shift requests", "shift request"),
            ("update", ""),
        ] {
            assert_eq!(thing(query), named);
        }
        let Some(def) = erpnext_doctypes::any("Customer") else { unreachable!() };
        let customers = Tool::Typed(Verb::List, def);
        assert!(is_called_so("customer", &customers) && is_called_so("", &customers));
        assert!(!is_called_so("leave application", &customers));
    }

    /// Five ways of asking for each tool that has a name of its own.
    const QUESTIONS: &str = include_str!("search_questions.txt");

    fn found(query: &str) -> Vec<&'static str> {
        let typed = erpnext_doctypes::all(erpnext_schema::Version::NEWEST)
            .flat_map(|def| def.tools.iter().map(move |tool| Tool::Typed(tool.verb, def)));
        let generic = crate::tool::VERBS.iter().map(|(verb, _)| Tool::Generic(*verb));
        let own = crate::tools::ALL.iter().map(|spec| Tool::Named(spec));
        by_words(query, own.chain(generic).chain(typed)).iter().take(3).map(Tool::name).collect()
    }

    #[test]
    fn each_tool_is_among_the_first_three_by_five_ways_of_asking() {
        let asked: Vec<(&str, Vec<&str>)> = QUESTIONS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(": "))
            .map(|(tool, questions)| (tool, questions.split(" | ").collect()))
            .collect();
        let without: Vec<&str> = crate::tools::ALL
            .iter()
            .map(|spec| spec.name)
            .filter(|name| asked.iter().find(|(tool, _)| tool == name).is_none_or(|(_, ways)| ways.len() < 5))
            .collect();
        assert!(without.is_empty(), "write five ways of asking for {without:?}");
        let questions = asked.iter().flat_map(|(tool, ways)| ways.iter().map(move |way| (*tool, *way)));
        assert!(questions.clone().count() >= 200);
        let missed: Vec<_> = questions
            .clone()
            .map(|(tool, way)| (tool, way, found(way)))
            .filter(|(tool, _, found)| !found.contains(tool))
            .collect();
        assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), questions.count());
    }

    #[test]
    fn the_tool_that_people_mean_comes_first() {
        for (query, wanted) in [
            ("new quotation", "create_quotation_document"),
            ("make a sales order", "create_sales_order_document"),
            ("change customers", "update_customer_document"),
            ("list sales invoices", "list_sales_invoice_documents"),
            ("cancel delivery note", "cancel_delivery_note_document"),
            ("create an address", "create_address_document"),
            ("book a payment entry", "submit_payment_entry_document"),
            ("customer", "list_customer_documents"),
            ("run a report", "run_report"),
            ("delete many in bulk", "delete_bulk_documents"),
            ("add a comment", "add_comment"),
            ("turn a quotation into an order", "convert_document"),
            ("approve or reject", "apply_workflow_action"),
            ("sum by month", "aggregate_documents"),
            ("print pdf", "print_document"),
            ("set opening stock", "create_stock_reconciliation_document"),
            ("enter a stock count", "create_stock_reconciliation_document"),
            ("transfer stock", "create_stock_entry_document"),
            ("move goods between stores", "create_stock_entry_document"),
            ("remind late payers", "list_dunning_documents"),
            ("add freight to a receipt", "create_landed_cost_voucher_document"),
            ("account balance", "run_report"),
            ("balance of an account", "run_report"),
            ("Close the fiscal year", "create_period_closing_voucher_document"),
        ] {
            assert_eq!(found(query).first(), Some(&wanted), "{query}: {:?}", found(query));
        }
    }

    #[test]
    fn the_change_that_words_ask_for_is_the_first_of_them() {
        for (query, verb) in [
            ("delete a customer", Some(Verb::Delete)),
            ("please remove customers", Some(Verb::Delete)),
            ("customer delete", Some(Verb::Delete)),
            ("bulk delete customers", Some(Verb::Delete)),
            ("new quotation", Some(Verb::Create)),
            ("list cancelled orders", None),
            ("show new quotations", None),
            ("approve a new order", None),
            ("customer", None),
        ] {
            assert_eq!(change_said(&words(query)).map(|change| change.verb), verb, "{query}");
        }
    }

    #[test]
    fn words_are_folded_and_empty_ones_left_out() {
        assert_eq!(words("The Sales-Orders of territories, class"), ["sal", "order", "territory", "class"]);
        assert_eq!(words("how many stopped, changing, added, called"), ["count", "stop", "chang", "add", "call"]);
        assert!(found("of the").is_empty());
    }
}
