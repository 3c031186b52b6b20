//! What arguments are called elsewhere: in Frappe's own API, and in others.

/// Words for one thing. A tool takes one of them at most.
const SYNONYMS: &[&[&str]] = &[
    &["limit", "limit_page_length", "page_length", "page_size", "per_page", "max_results", "top"],
    &["cursor", "start", "page", "offset", "limit_start", "skip", "next_cursor", "page_token"],
    &["search_term", "text", "query", "search", "q", "txt", "term", "keyword"],
    &["content", "text", "comment", "body", "message"],
    &["name", "docname", "id", "document_name", "document", "record", "report_name"],
    &["names", "docnames", "ids", "documents"],
    &["doctype", "document_type", "doc_type", "dt"],
    &["data", "doc", "document", "values", "payload"],
    &["documents", "docs", "data", "records"],
    &["filters", "filter", "where", "conditions"],
    &["fields", "columns", "select"],
    &["order_by", "sort", "sort_by", "order"],
    &["measures", "aggregates", "aggregations", "metrics", "fields"],
    &["group_by", "groupby", "groups", "dimensions"],
    &["new_name", "new", "to"],
    &["arguments", "args", "parameters", "params"],
    &["tool", "tool_name", "name", "function"],
    &["user", "assign_to", "assignee"],
];

/// The argument that a tool takes under another name.
pub fn known<'a>(word: &str, takes: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let groups = SYNONYMS.iter().filter(|group| group.contains(&word));
    groups.flat_map(|group| group.iter()).find_map(|other| takes.clone().find(|taken| taken == other))
}
