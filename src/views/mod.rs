//! The views: pages that a client which renders MCP Apps shows in the place of a result's text. Each is whole in itself,
//! holds no data, and asks nothing of the network.

use erpnext_schema::Verb;
use serde_json::{Map, Value, json};

use crate::tool::{Effect, Tool};
use crate::tools::find::CALL_TOOL;

/// What every address begins with.
pub const SCHEME: &str = "ui://";
/// What the pages are.
pub const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// One view.
#[derive(Debug)]
pub struct View {
    /// Its address.
    pub uri: &'static str,
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What the page is joined of.
    parts: &'static [&'static str],
    /// The tools with a name of their own whose results it shows, besides those that write.
    pub tools: &'static [&'static str],
}

/// The parts of a page: what is its own stands between what all have.
macro_rules! page {
    ($title:literal, [$($style:ident),*], [$($script:ident),*]) => {
        &[HEAD, $title, STYLES, $($style,)* SCRIPTS, $($script,)* END]
    };
}

const HEAD: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; ",
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
);
const STYLES: &str = concat!("</title>\n<style>\n", include_str!("view.css"));
const SCRIPTS: &str = concat!(
    "</style>\n</head>\n<body>\n<main><p class=\"quiet\" role=\"status\">Waiting for the result…</p></main>\n<script>\n",
    include_str!("view.js"),
);
const END: &str = "</script>\n</body>\n</html>\n";

const CHANGES_CSS: &str = include_str!("changes.css");
const CHART_CSS: &str = include_str!("chart.css");

const APPROVAL_JS: &str = include_str!("approval.js");
const CHANGES_JS: &str = include_str!("changes.js");
const CHART_JS: &str = include_str!("chart.js");
const DOCUMENT_JS: &str = include_str!("document.js");
const LIST_JS: &str = include_str!("list.js");
const PAPER_JS: &str = include_str!("paper.js");
const TABLE_JS: &str = include_str!("table.js");
const TIMELINE_JS: &str = include_str!("timeline.js");

impl View {
    /// The page.
    pub fn html(&self) -> String {
        self.parts.concat()
    }
}

/// Every view.
pub const ALL: [&View; 5] = [&DOCUMENT, &LIST, &CHART, &TIMELINE, &APPROVAL];

const DOCUMENT: View = View {
    uri: "ui://erpnext-mcp/document",
    name: "document",
    title: "Document",
    parts: page!("Document", [], [TABLE_JS, PAPER_JS, DOCUMENT_JS]),
    tools: &[],
};

const LIST: View = View {
    uri: "ui://erpnext-mcp/list",
    name: "list",
    title: "List",
    parts: page!("List", [], [TABLE_JS, LIST_JS]),
    tools: &["global_search", "search_link", "list_reports", "list_attachments", "list_conversions"],
};

const CHART: View = View {
    uri: "ui://erpnext-mcp/chart",
    name: "chart",
    title: "Chart",
    parts: page!("Chart", [CHART_CSS], [TABLE_JS, CHART_JS]),
    tools: &["aggregate_documents", "run_report"],
};

const TIMELINE: View = View {
    uri: "ui://erpnext-mcp/timeline",
    name: "timeline",
    title: "History",
    parts: page!("History", [CHANGES_CSS], [CHANGES_JS, TIMELINE_JS]),
    tools: &["get_document_history"],
};

/// What a write would do, with the buttons to decide on it, or what it has done. What would be made is shown as a document.
const APPROVAL: View = View {
    uri: "ui://erpnext-mcp/approval",
    name: "approval",
    title: "Approval",
    parts: page!("Approval", [CHANGES_CSS], [TABLE_JS, PAPER_JS, CHANGES_JS, APPROVAL_JS]),
    tools: &[],
};

/// The view of that address.
pub fn find(uri: &str) -> Option<&'static View> {
    ALL.into_iter().find(|view| view.uri == uri)
}

/// The view that shows what a tool gives, if any does. What `call_tool` gives depends on what it calls.
pub fn of(tool: Tool) -> Option<&'static View> {
    match tool.verb() {
        Some(Verb::Get) => Some(&DOCUMENT),
        Some(Verb::List | Verb::Search) => Some(&LIST),
        _ if tool.name() == CALL_TOOL => None,
        _ if tool.effect() != Effect::Reads => Some(&APPROVAL),
        _ => ALL.into_iter().find(|view| view.tools.contains(&tool.name())),
    }
}

/// `_meta` of a tool's definition, where a view shows what it gives.
pub fn meta(tool: Tool) -> Option<Map<String, Value>> {
    of(tool).map(|view| Map::from_iter([("ui".to_owned(), json!({"resourceUri": view.uri}))]))
}
