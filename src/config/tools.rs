//! `tools`: which tools are listed, and how they answer.

use std::collections::BTreeSet;

use super::Pattern;
use super::reader::Reader;

/// Which tools are listed, and how they answer.
#[derive(Clone, Debug)]
pub struct Tools {
    /// How much of what is permitted is listed.
    pub mode: Mode,
    /// What the list may cost in tokens, four bytes each; 10,000 unless stated.
    pub budget_tokens: u64,
    /// The toolsets that are listed; what the mode says where there are none.
    pub toolsets: Vec<String>,
    /// The toolsets beyond which there is nothing; no configuration file states them, a request does.
    pub within: Option<BTreeSet<String>>,
    /// Whether nothing that writes is permitted, whatever the permissions say.
    pub read_only: bool,
    /// Tools that are listed in any case.
    pub include: Vec<Pattern>,
    /// Tools that are not there.
    pub exclude: Vec<Pattern>,
    /// What one result may cost in tokens, four bytes each; 8,000 unless stated.
    pub max_result_tokens: u64,
    /// Where the data of a result stands.
    pub results: Results,
    /// Whether typed tools declare an `outputSchema`.
    pub output_schemas: bool,
    /// Whether clients that render MCP Apps get views for the results.
    pub views: bool,
}

/// Room beside the rows of a page, in bytes: what they are rows of, and where they go on.
const BESIDE_ROWS: usize = 2_000;

impl Tools {
    /// How large the data of a result may be, in bytes of JSON: four make a token.
    pub fn bytes_for_result(&self) -> usize {
        usize::try_from(self.max_result_tokens).unwrap_or(usize::MAX).saturating_mul(4)
    }

    /// Whether results are given as values: a tool that declares an output schema must give structured content.
    pub fn gives_values(&self) -> bool {
        self.output_schemas || self.results != Results::Text
    }

    /// How large the rows of a page and their columns may be, in bytes of JSON.
    pub fn bytes_for_rows(&self) -> usize {
        self.bytes_for_result().saturating_sub(BESIDE_ROWS)
    }
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            budget_tokens: 10_000,
            toolsets: Vec::new(),
            within: None,
            read_only: false,
            include: Vec::new(),
            exclude: Vec::new(),
            max_result_tokens: 8_000,
            results: Results::default(),
            output_schemas: false,
            views: true,
        }
    }
}

/// How much of what is permitted is listed; the rest is found and called by name.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Mode {
    /// As much as the budget holds.
    #[default]
    Auto,
    /// All of it with every field, whatever it costs: for clients that search the list themselves.
    Full,
    /// The core alone; of the toolsets what must be given.
    Lean,
}

/// Where the data of a result stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Results {
    /// In the text, which every client reads.
    #[default]
    Text,
    /// In `structuredContent`.
    Structured,
    /// In both, at twice the cost.
    Both,
}

/// Reads the section.
pub(super) fn read(section: &Reader<'_>) -> Tools {
    section.only(&[
        "mode",
        "budget_tokens",
        "toolsets",
        "read_only",
        "include",
        "exclude",
        "max_result_tokens",
        "results",
        "output_schemas",
        "views",
    ]);
    let named = |key: &str, what: &str| {
        let names = section.list(key, what).unwrap_or_default();
        names.into_iter().map(|(_, name)| name.to_owned()).collect::<Vec<_>>()
    };
    let patterns = |key: &str| named(key, "tool name").into_iter().map(Pattern::new).collect();
    let Tools { budget_tokens, max_result_tokens, .. } = Tools::default();
    let modes = [("auto", Mode::Auto), ("full", Mode::Full), ("lean", Mode::Lean)];
    let results = [("text", Results::Text), ("structured", Results::Structured), ("both", Results::Both)];
    Tools {
        mode: section.choice("mode", &modes, Mode::default()),
        budget_tokens: section.count("budget_tokens", "tokens", budget_tokens),
        toolsets: named("toolsets", "toolset"),
        within: None,
        read_only: section.bool("read_only", false),
        include: patterns("include"),
        exclude: patterns("exclude"),
        max_result_tokens: section.count("max_result_tokens", "tokens", max_result_tokens),
        results: section.choice("results", &results, Results::default()),
        output_schemas: section.bool("output_schemas", false),
        views: section.bool("views", true),
    }
}
