//! The floors of `src/`: imports go down only, and no circle of imports leaves its folder. What stands where is the list below.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tidy::{read, root, rust_files};

/// From the ground up. A module stands on the floor of its longest entry; those of one floor may import each other.
pub const FLOORS: &[&[&str]] = &[
    &["entry", "files", "hex", "extract", "cache", "limit", "metrics", "shared", "traces"],
    &["config"],
    &["policy"],
    &["check"],
    // From a site's answer to what the model sees; the record of every attempt.
    &["shape", "audit"],
    // The proof that a write passed all that stands before it.
    &["cleared"],
    // The ERPNext client, and on whose behalf it asks.
    &["site"],
    // DocTypes as this site has them; the arguments of a list, read into a query.
    &["catalog", "query"],
    // Documents on their way to the site.
    &["document"],
    &["error", "answer"],
    // What a call needs: the state of its site, and the session of its caller.
    &["context"],
    // What a tool is.
    &["tool"],
    // One call on the documents of one DocType.
    &["documents"],
    // The discipline of writes: gate, confirmation, sending with a look at what became of it.
    &["writes"],
    // The families of tools.
    &["tools"],
    // The pipeline that every call passes.
    &["app"],
    &["api"],
    &["completion", "prompts", "resources", "views"],
    // People let clients in, by the site's login or by their company's.
    &["oauth", "idp", "server"],
    &["transport"],
    &["cli"],
    &["lib", "main"],
];

/// A path as it is written: `crate`, `site`, `Client`.
type Written = Vec<String>;

/// Who imports whom: modules as paths below `src/`, such as `tools/query`.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// `tools/query` of `src/tools/query.rs`, `tools` of `src/tools/mod.rs`.
fn module(file: &str) -> String {
    file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").to_owned()
}

fn floor(module: &str) -> Option<usize> {
    let holds = |entry: &str| module.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let longest = |floor: &[&str]| floor.iter().filter(|entry| holds(entry)).map(|entry| entry.len()).max();
    let found = FLOORS.iter().enumerate().filter_map(|(at, floor)| Some((longest(floor)?, at)));
    found.max().map(|(_, at)| at)
}

/// Words and signs of a source, without comments, texts and what is compiled for tests only.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let end = |text: &str, stop: fn(char) -> bool| text.find(stop).unwrap_or(text.len());
        let length = if rest.starts_with("//") {
            end(rest, |c| c == '\n')
        } else if let Some(raw) = rest.strip_prefix("r").filter(|raw| raw.starts_with(['"', '#'])) {
            let marks = raw.bytes().take_while(|byte| *byte == b'#').count();
            let close = format!("\"{}", "#".repeat(marks));
            raw[marks..]
                .strip_prefix('"')
                .map_or(1, |text| 1 + marks + 1 + text.find(&close).map_or(text.len(), |at| at + close.len()))
        } else if first == '"' {
            let mut escaped = false;
            let close = rest[1..].find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            close.map_or(rest.len(), |at| at + 2)
        } else if first == '\'' {
            // A character, or the mark of a lifetime.
            let inner = rest[1..].chars().next().map_or(0, char::len_utf8);
            if rest[1..].starts_with('\\') {
                rest[3..].find('\'').map_or(rest.len(), |at| at + 4)
            } else if rest[1 + inner..].starts_with('\'') {
                inner + 2
            } else {
                1
            }
        } else if first.is_alphanumeric() || first == '_' {
            let length = end(rest, |c| !c.is_alphanumeric() && c != '_');
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    without_tests(&tokens)
}

/// Leaves out every item below `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut left = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().map(String::as_str).take(MARK.len()).eq(MARK) {
            left.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        at += MARK.len();
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.as_str() {
                "{" | "[" | "(" => depth += 1,
                "}" if depth == 1 => break,
                "}" | "]" | ")" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    left
}

/// The paths of a tree of `use`, and the names that they have here; gives what stands after it.
fn tree<'t>(mut tokens: &'t [String], before: &[String], found: &mut Vec<(Written, String)>) -> &'t [String] {
    let mut path = before.to_vec();
    while let Some((token, after)) = tokens.split_first() {
        match token.as_str() {
            "::" => tokens = after,
            "{" => {
                tokens = after;
                while tokens.first().is_some_and(|token| token != "}" && token != ";") {
                    tokens = tree(tokens, &path, found);
                    tokens = &tokens[usize::from(tokens.first().is_some_and(|token| token == ","))..];
                }
                return tokens.get(1..).unwrap_or_default();
            }
            "as" => {
                found.push((path, after[0].clone()));
                return &after[1..];
            }
            "," | "}" | ";" => break,
            _ => {
                path.push(token.clone());
                tokens = after;
            }
        }
    }
    let name = path.iter().rev().find(|part| *part != "self").cloned().unwrap_or_default();
    found.push((path, name));
    tokens
}

/// What one file says of others.
#[derive(Default)]
struct Source {
    /// Every path that it names, in `use` or in the midst of code.
    paths: Vec<Written>,
    /// What has a name here by a `use`: those below may use that name, and anybody may where it is public.
    passes_on: BTreeMap<String, Written>,
    children: BTreeSet<String>,
}

impl Source {
    fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let word = |at: usize| tokens.get(at).map_or("", String::as_str);
        let mut source = Self::default();
        for at in (0..tokens.len()).filter(|at| word(*at) == "mod" && word(at + 2) == ";") {
            source.children.insert(tokens[at + 1].clone());
        }
        let mut at = 0;
        while at < tokens.len() {
            let starts = at == 0 || word(at - 1) != "::";
            if word(at) == "use" && word(at + 1) != "<" {
                let mut found = Vec::new();
                let left = tree(&tokens[at + 1..], &[], &mut found).len();
                for (path, name) in found {
                    source.passes_on.insert(name, path.clone());
                    source.paths.push(path);
                }
                at = tokens.len() - left;
            } else if starts
                && word(at + 1) == "::"
                && (["crate", "erpnext_mcp", "super", "self"].contains(&word(at)) || source.children.contains(word(at)))
            {
                let parts = (at..tokens.len()).step_by(2).take_while(|part| *part == at || word(part - 1) == "::");
                let path: Written = parts.map(|part| tokens[part].clone()).collect();
                at += path.len() * 2 - 1;
                source.paths.push(path);
            } else {
                at += 1;
            }
        }
        source
    }
}

/// All of `src/`, without the files of tests.
fn sources() -> BTreeMap<String, Source> {
    let is_test = |file: &String| {
        let name = file.rsplit('/').next().unwrap();
        name.starts_with("tests") || name.ends_with("_tests.rs") || file.contains("/tests/")
    };
    let files = rust_files("src").into_iter().filter(|file| !is_test(file));
    files.map(|file| (module(&file), Source::of(&read(&file)))).collect()
}

/// The module that a path leads to, through what others pass on; `None` out of this crate, and for what is the file's own.
fn resolve(sources: &BTreeMap<String, Source>, from: &str, path: &[String]) -> Option<String> {
    let mut place: Vec<&str> = match path.first()?.as_str() {
        // The program is a crate of its own above the library.
        "crate" | "erpnext_mcp" => Vec::new(),
        "self" | "super" => from.split('/').collect(),
        child if sources[from].children.contains(child) => from.split('/').collect(),
        _ => return None,
    };
    if matches!(from, "lib" | "main") {
        place.clear();
    }
    let mut rest = path;
    while let Some((part, after)) = rest.split_first() {
        match part.as_str() {
            "crate" | "erpnext_mcp" | "self" => {}
            "super" => _ = place.pop(),
            part => {
                let here = place.join("/");
                let below = if here.is_empty() { part.to_owned() } else { format!("{here}/{part}") };
                if !sources.contains_key(&below) {
                    let holder = if here.is_empty() { "lib" } else { &here };
                    let passed = sources.get(holder)?.passes_on.get(part).filter(|_| holder != from);
                    let further = passed.and_then(|passed| resolve(sources, holder, passed));
                    return further.or(Some(here).filter(|here| !here.is_empty()));
                }
                place.push(part);
            }
        }
        rest = after;
    }
    Some(place.join("/")).filter(|place| !place.is_empty())
}

fn imports(sources: &BTreeMap<String, Source>) -> Imports {
    let of = |(from, source): (&String, &Source)| {
        let named = source.paths.iter().filter_map(|path| resolve(sources, from, path));
        (from.clone(), named.filter(|to| to != from).collect())
    };
    sources.iter().map(of).collect()
}

/// Everything that a module leads to.
fn reached<'i>(imports: &'i Imports, from: &str) -> BTreeSet<&'i str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(module) = open.pop() {
        for to in imports.get(module).into_iter().flatten() {
            if reached.insert(to.as_str()) {
                open.push(to);
            }
        }
    }
    reached
}

/// The folder of a module; a folder's own module counts to it.
fn folder<'m>(folders: &BTreeSet<&str>, module: &'m str) -> &'m Path {
    let parent = module.rsplit_once('/').map(|(parent, _)| parent);
    Path::new(parent.filter(|_| !folders.contains(module)).unwrap_or(module))
}

/// Circles that leave their folder and what is below it, each with all modules that stand in it.
fn circles(imports: &Imports) -> BTreeSet<Vec<&str>> {
    let reached: BTreeMap<&str, _> = imports.keys().map(|from| (from.as_str(), reached(imports, from))).collect();
    let circle =
        |from: &str| -> Vec<&str> { reached[from].iter().copied().filter(|to| reached[to].contains(from)).collect() };
    let folders: BTreeSet<&str> = imports.keys().filter_map(|module| Some(module.rsplit_once('/')?.0)).collect();
    let apart = |one: &str, other: &str| {
        let (one, other) = (folder(&folders, one), folder(&folders, other));
        !one.starts_with(other) && !other.starts_with(one)
    };
    let leaves = |circle: &Vec<&str>| circle.iter().any(|one| circle.iter().any(|other| apart(one, other)));
    imports.keys().map(|from| circle(from)).filter(leaves).collect()
}

#[test]
fn every_module_of_the_source_has_its_floor_and_every_entry_stands_for_one() {
    let modules: Vec<String> = sources().into_keys().collect();
    let without: Vec<_> = modules.iter().filter(|module| floor(module).is_none()).collect();
    assert!(without.is_empty(), "give these a floor in FLOORS: {without:?}");
    for entry in FLOORS.iter().copied().flatten() {
        let there = ["", "/mod"].iter().any(|end| root().join(format!("src/{entry}{end}.rs")).is_file());
        assert!(there, "FLOORS has {entry}, and src/ has not");
    }
}

#[allow(clippy::print_stdout, reason = "the figures are what a reader of this test wants to know")]
#[test]
fn imports_go_down_and_no_circle_leaves_its_folder() {
    let imports = imports(&sources());
    let all: usize = imports.values().map(BTreeSet::len).sum();
    let pairs = imports.iter().flat_map(|(from, tos)| tos.iter().map(move |to| (from, to)));
    let upwards: Vec<_> = pairs.filter(|(from, to)| floor(to) > floor(from)).collect();
    let circles = circles(&imports);
    let within: usize = circles.iter().map(Vec::len).sum();
    for (from, to) in &upwards {
        println!("upwards: {from} imports {to}");
    }
    for circle in &circles {
        println!("a circle of {}: {}", circle.len(), circle.join(", "));
    }
    println!(
        "{} modules, {all} imports; {} upwards; {within} modules in {} circles over folders",
        imports.len(),
        upwards.len(),
        circles.len()
    );
    assert!(upwards.is_empty(), "imports run upwards: see above");
    assert!(circles.is_empty(), "circles of imports leave their folder: see above");
}

/// The catalog cuts the generated tables to the version and the metadata of a site. Below it they are known to those alone
/// who read a configuration before any site is asked.
#[test]
fn only_the_policy_and_its_check_know_the_tables_below_the_catalog() {
    let (sources, catalog) = (sources(), floor("catalog"));
    // A module that is compiled for tests only is among nobody's children.
    let is_test = |name: &str| {
        let parent = name.rsplit_once('/').and_then(|(parent, child)| Some((sources.get(parent)?, child)));
        parent.is_some_and(|(parent, child)| !parent.children.contains(child))
    };
    let is_below = |name: &&String| floor(name) <= catalog && !name.starts_with("catalog") && !is_test(name);
    let knows = |name: &&String| {
        let files = ["", "/mod"].map(|end| format!("src/{name}{end}.rs"));
        let file = files.iter().find(|file| root().join(file).is_file()).unwrap();
        tokens(&read(file)).iter().any(|token| token == "erpnext_doctypes")
    };
    let knowing = sources.keys().filter(is_below).filter(knows);
    let knowing: BTreeSet<&str> = knowing.map(|name| name.split('/').next().unwrap()).collect();
    assert_eq!(knowing, BTreeSet::from(["check", "policy"]));
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let source = Source::of(
        "use crate::{site::{self, Client as C}, policy::Permit};\nmod gate;\n#[cfg(test)]\nmod tests { use crate::cli; }\n\
         pub use gate::Open;\nfn f() -> super::limit::X { let a = '\"'; gate::open(\"crate::server\") /* */ } // crate::api",
    );
    let paths: BTreeSet<String> = source.paths.iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::policy::Permit",
        "crate::site::Client",
        "crate::site::self",
        "gate::Open",
        "gate::open",
        "super::limit::X",
    ];
    assert_eq!(paths, expected.map(str::to_owned).into());
    let of = |text: &str| Source::of(text);
    let sources = BTreeMap::from([
        ("a".to_owned(), of("mod b; pub use b::Thing;")),
        ("a/b".to_owned(), of("use super::c::Other;")),
        ("a/c".to_owned(), of("use crate::a::{Thing, Unknown};")),
        ("d".to_owned(), of("use crate::e::X;")),
        ("e/f".to_owned(), of("fn f() { crate::d::g() }")),
        ("e".to_owned(), of("mod f; pub use f::X;")),
    ]);
    let imports = imports(&sources);
    assert_eq!(imports["a"], BTreeSet::from(["a/b".to_owned()]));
    assert_eq!(imports["a/b"], BTreeSet::from(["a/c".to_owned()]));
    assert_eq!(imports["a/c"], BTreeSet::from(["a".to_owned(), "a/b".to_owned()]));
    assert_eq!(circles(&imports), BTreeSet::from([vec!["d", "e/f"]]), "a circle within a folder is its own affair");
}
