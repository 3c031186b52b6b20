//! A page of a list: how it is asked for, and its rows as cells. They are alike, so that their columns are named once and no
//! object is made of each.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::filters::{Wire, wire};
use super::list::{ListQuery, Page, column, rows, said};
use super::reply::Sent;
use super::{Body, Call, CallerClient, SiteError, SiteErrorKind, check, endpoints, question, unexpected, url};
use crate::limit::LARGE;
use crate::limit::scan::Scan;
use crate::policy::{Operation, Permit};

/// The longest request line sent by GET, in bytes; the web server takes 4,094 (H28).
const MAX_LINE: usize = 4_000;

/// A row of a page.
#[derive(Clone, PartialEq, Debug)]
pub struct PageRow {
    columns: Arc<[String]>,
    cells: Vec<Value>,
}

impl PageRow {
    /// What it holds in this column, if the site gave that.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.cells.get(at)
    }

    /// The same as an object.
    pub fn to_object(&self) -> Map<String, Value> {
        self.columns.iter().cloned().zip(self.cells.iter().cloned()).collect()
    }

    /// The columns, as the site gave them, and what it holds in each.
    pub fn into_parts(self) -> (Arc<[String]>, Vec<Value>) {
        (self.columns, self.cells)
    }
}

impl From<Map<String, Value>> for PageRow {
    fn from(row: Map<String, Value>) -> Self {
        let (columns, cells): (Vec<String>, Vec<Value>) = row.into_iter().unzip();
        Self { columns: columns.into(), cells }
    }
}

impl CallerClient<'_> {
    /// How a page is asked for, and the key under which it is answered.
    pub(super) fn page_call(
        &self,
        doctype: &str,
        wire: Wire,
        page: &Page,
    ) -> Result<(Call<'static>, &'static str), SiteError> {
        let bad = |url::BadName(words)| SiteError::new(SiteErrorKind::BadName, doctype, false, words);
        let path = url::resource_path(doctype, None).map_err(bad)?;
        let pairs = pairs(doctype, page, wire);
        let as_text = |(key, value): &(&'static str, Value)| match value {
            Value::String(text) => (*key, text.clone()),
            other => (*key, other.to_string()),
        };
        let query: Vec<_> = pairs.iter().map(as_text).collect();
        let around = self.caller.site.as_str().len() + "GET ".len() + path.len() + "? HTTP/1.1".len();
        let fits = |query: usize| around + query <= MAX_LINE;
        // Encoded, a character takes three times as much at most; hardly a query has to be written to know that it fits.
        let at_most = query.iter().map(|(key, value)| 3 * (key.len() + value.len()) + 2).sum();
        if fits(at_most) || fits(url::query_string(&query).len()) {
            return Ok((Call { method: Method::GET, path, query, body: Body::None, writes: false }, "data"));
        }
        let mut body = Map::from_iter(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)));
        body.insert("doctype".into(), doctype.into());
        Ok((question(endpoints::LIST, Body::Json(Value::Object(body))), "message"))
    }

    /// As [`CallerClient::list`].
    ///
    /// # Errors
    /// As [`CallerClient::list`].
    pub async fn page_rows(&self, permit: &Permit, query: &ListQuery) -> Result<Vec<PageRow>, SiteError> {
        if permit.is_row_filtered() || query.own_columns {
            return self.list(permit, query).await.map(|answer| of_objects(answer.data));
        }
        check(permit, &[Operation::Read])?;
        let page = query.page(permit.doctype());
        page.check(permit)?;
        let wire = said(permit, wire(&query.filters, &query.or_filters))?;
        let (call, key) = self.page_call(permit.doctype(), wire, &page)?;
        let line = call.line();
        let mut answer = match self.recall_unparsed(permit, call).await? {
            Sent::Parsed(answer) => answer.data,
            Sent::Bytes(bytes) => {
                // A large answer is parsed beside the threads on which calls wait.
                let read = (bytes.bytes.len() <= LARGE).then(|| read(&bytes.bytes, key)).flatten();
                match read {
                    Some(rows) => return Ok(rows),
                    None => self.parsed(&line, bytes).await?.data,
                }
            }
        };
        let rows = rows(answer.remove(key).unwrap_or(Value::Null));
        rows.map(of_objects).ok_or_else(|| unexpected(&line, false, "no list of documents in it"))
    }
}

fn pairs(doctype: &str, page: &Page, wire: Wire) -> Vec<(&'static str, Value)> {
    let mut pairs = vec![("fields", json!(page.fields))];
    if !wire.all.is_empty() {
        pairs.push(("filters", Value::Array(wire.all)));
    }
    if !wire.any.is_empty() {
        pairs.push(("or_filters", Value::Array(wire.any)));
    }
    pairs.push(("order_by", json!(page.order_by)));
    pairs.push(("limit_start", json!(page.start)));
    pairs.push(("limit_page_length", json!(page.limit)));
    // Joined rows would give a document once for each of them (H19).
    let once_each = || wire.joins.then(|| column(doctype, "name"));
    let group_by = page.group_by.clone().or_else(once_each).filter(|keys| !keys.is_empty());
    pairs.extend(group_by.map(|keys| ("group_by", json!(keys))));
    pairs.extend(page.parent.as_ref().map(|parent| ("parent", json!(parent))));
    pairs
}

fn of_objects(rows: Vec<Map<String, Value>>) -> Vec<PageRow> {
    rows.into_iter().map(PageRow::from).collect()
}

/// The rows in an answer; none where it holds anything beside them, or rows that are not alike.
fn read(answer: &[u8], under: &str) -> Option<Vec<PageRow>> {
    let mut scan = Scan::new(std::str::from_utf8(answer).ok()?);
    let mut rows = None;
    scan.entries(|scan, key| {
        if key != under || rows.is_some() {
            return None;
        }
        rows = Some(alike(scan)?);
        Some(())
    })?;
    rows.filter(|_| scan.is_over())
}

fn alike(scan: &mut Scan<'_>) -> Option<Vec<PageRow>> {
    let mut rows: Vec<PageRow> = Vec::new();
    scan.elements(|scan| {
        let first = rows.first().map(|first| Arc::clone(&first.columns));
        let mut columns: Vec<String> = Vec::new();
        let mut cells = Vec::with_capacity(first.as_ref().map_or(0, |first| first.len()));
        scan.entries(|scan, key| {
            match &first {
                Some(first) if first.get(cells.len()).is_some_and(|column| *column == key) => {}
                Some(_) => return None,
                None if columns.iter().any(|column| *column == key) => return None,
                None => columns.push(key.into_owned()),
            }
            cells.push(scan.value()?.parsed()?);
            Some(())
        })?;
        let columns = first.unwrap_or_else(|| columns.into());
        let row = (cells.len() == columns.len()).then(|| PageRow { columns, cells })?;
        rows.push(row);
        Some(())
    })?;
    Some(rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::{PageRow, Value, of_objects, read, rows};

    fn any_row() -> impl Strategy<Value = Map<String, Value>> {
        let value = prop::sample::select(vec![json!(null), json!("x\"y"), json!(0.5), json!([1]), json!({"a": []})]);
        let own = prop::collection::btree_map("[ab\"]{1,2}", value, 0..4);
        own.prop_map(|row| row.into_iter().collect())
    }

    /// A row as others may write it: keys spelt in several ways, values of all kinds, and some that are none.
    fn any_written_row() -> impl Strategy<Value = String> {
        let key = prop::sample::select(vec![r#""a""#, r#""\u0061""#, r#""b""#, r#" "b\"" "#]);
        let good = vec!["1", "-0.0", "1e-400", "null", "true", r#""x\u00fc\ud83d\ude00""#, r#"[1, {"a": 2}]"#];
        let bad = vec!["1e400", "01", "tru", "[1,]", r#""\ud800""#, "\"\n\""];
        let value = prop_oneof![9 => prop::sample::select(good), 1 => prop::sample::select(bad)];
        prop::collection::vec((key, value), 0..3).prop_map(|entries| {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("{{{}}}", entries.join(" ,\t"))
        })
    }

    proptest! {
        #[test]
        fn an_answer_is_read_as_in_the_ordinary_way_or_left_to_it(
            written in prop::collection::vec(any_written_row(), 0..3),
            end in prop::sample::select(vec!["]}", "] }\n", "]", "]} x", "],}"]),
        ) {
            let answer = format!(" {{\"d\\u0061ta\": [{}{end}", written.join(","));
            if let Some(read) = read(answer.as_bytes(), "data") {
                let mut whole: Map<String, Value> = serde_json::from_str(&answer).unwrap();
                let ordinary = rows(whole.remove("data").unwrap()).unwrap();
                prop_assert_eq!(read.iter().map(PageRow::to_object).collect::<Vec<_>>(), ordinary);
            }
        }

        #[test]
        fn rows_that_are_alike_are_read_as_what_they_are(row in any_row(), values in prop::collection::vec(any::<i32>(), 0..4)) {
            let rows: Vec<Map<String, Value>> = values
                .iter()
                .map(|value| row.clone().into_iter().chain([("n".to_owned(), json!(value))]).collect())
                .collect();
            let answer = json!({"data": rows}).to_string();
            let read = read(answer.as_bytes(), "data").unwrap();
            prop_assert_eq!(read.iter().map(PageRow::to_object).collect::<Vec<_>>(), rows.clone());
            prop_assert_eq!(read, of_objects(rows));
        }
    }

    #[test]
    fn an_answer_that_holds_more_is_read_in_the_ordinary_way() {
        for answer in [
            "",
            "[]",
            "{}",
            r#"{"data": {}}"#,
            r#"{"data": [1]}"#,
            r#"{"data": [{"a": 1}], "_server_messages": "[]"}"#,
            r#"{"data": [{"a": 1}, {"b": 1}]}"#,
            r#"{"data": [{"a": 1, "b": 2}, {"a": 1}]}"#,
            r#"{"data": [{"a": 1}, {"a": 1, "b": 2}]}"#,
            r#"{"data": [{"a": 1, "a": 2}]}"#,
            r#"{"data": [{"a": 1}], "data": []}"#,
            r#"{"data": [{"a": 1}]"#,
            r#"{"data": [{"a": 1}]} x"#,
        ] {
            assert_eq!(read(answer.as_bytes(), "data"), None, "{answer}");
        }
        assert_eq!(read(br#"{"data": []}"#, "data"), Some(Vec::new()));
    }
}
