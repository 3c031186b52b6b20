//! What arguments are called elsewhere: in Frappe's own API, and in others.

/// Words for one thing, of which a tool takes one at most: another is taken for it where its value fits.
const SAME: &[&[&str]] = &[
    &["limit", "limit_page_length", "page_length", "page_size", "per_page", "max_results", "top"],
    &["search_term", "text", "query", "search", "q", "txt", "term", "keyword"],
    &["content", "text", "comment", "body", "message"],
    &["name", "docname", "id", "document_name", "document", "record", "report_name", "report"],
    &["names", "name", "docnames", "ids", "documents"],
    &["doctype", "document_type", "doc_type", "dt"],
    &["doctypes", "doctype", "only"],
    &["data", "doc", "document", "values", "payload", "fields"],
    &["documents", "docs", "data", "records"],
    &["filters", "filter", "where", "conditions"],
    &["fields", "columns", "select"],
    &["order_by", "sort", "sort_by", "order"],
    &["measures", "aggregates", "aggregations", "metrics", "fields"],
    &["group_by", "groupby", "groups", "dimensions"],
    &["new_name", "new", "to"],
    &["arguments", "args", "parameters", "params"],
    &["tool", "tool_name", "name", "function"],
    &["user", "users", "assign_to", "assignee"],
    &["users", "user", "assign_to", "assignee"],
    &["tag", "tags"],
    &["value", "content"],
    &["value", "comment"],
    &["value", "tag"],
    &["value", "user"],
    &["items", "rows"],
    &["to", "status"],
    &["to", "action"],
    &["item_code", "item"],
    &["items", "item_codes", "item_code", "item"],
    &["warehouses", "warehouse"],
    &["party", "customer", "supplier"],
    &["invoices", "invoice"],
    &["date", "posting_date"],
    &["qty", "quantity"],
    &["uom", "unit"],
    &["mode_of_payment", "payment_method", "mode"],
    &["reference_no", "reference_number"],
    &["recipients", "recipient", "to"],
];

/// Words for what another argument says in another way: it is named, and the caller decides.
const ALIKE: &[&[&str]] = &[&["cursor", "start", "page", "offset", "limit_start", "skip", "next_cursor", "page_token"]];

/// The arguments that a tool takes for this word.
pub fn same<'a>(word: &str, takes: impl Iterator<Item = &'a str> + Clone) -> Vec<&'a str> {
    let mut found = Vec::new();
    for other in SAME.iter().filter(|group| group.contains(&word)).flat_map(|group| group.iter()) {
        found.extend(takes.clone().find(|taken| taken == other).filter(|taken| !found.contains(taken)));
    }
    found
}

/// The argument of a tool that the word may stand for.
pub fn known<'a>(word: &str, takes: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let alike = ALIKE.iter().filter(|group| group.contains(&word)).flat_map(|group| group.iter());
    let alike = alike.copied().find_map(|other| takes.clone().find(|taken| *taken == other));
    same(word, takes).first().copied().or(alike)
}
