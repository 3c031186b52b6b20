//! A server in a client's file of TOML, edited in place.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, TomlError};

use super::client::Change;

/// The text with the server as a table of its section, where all else stays as it is: comments, order, line ends.
/// None if it is so already.
///
/// # Errors
/// Text that is not understood, with why.
pub fn with(text: &str, section: &str, name: &str, server: &Value) -> Result<Option<Change>, String> {
    let mut whole = text.parse::<DocumentMut>().map_err(|error| told(text, &error))?;
    let servers = whole.entry(section).or_insert_with(|| {
        let mut servers = Table::new();
        // Its own header would say nothing.
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let is_inline = servers.is_inline_table();
    let servers = servers.as_table_like_mut().ok_or_else(|| format!("its {section:?} is no table"))?;
    let there = servers.get(name);
    if there.and_then(Item::as_table_like).is_some_and(|there| is(there, server)) {
        return Ok(None);
    }
    let replaces = there.is_some();
    let mut table = table(server);
    if let Some(old) = there.and_then(Item::as_table) {
        // What stands above it is not the server's.
        *table.decor_mut() = old.decor().clone();
        table.set_position(old.position());
    }
    let item = if is_inline { Item::Value(table.into_inline_table().into()) } else { Item::Table(table) };
    servers.insert(name, item);
    let after = whole.to_string();
    // A file can be written in ways that leave no place for one more table.
    let again = after.parse::<DocumentMut>().map_err(|_| format!("there is no place for it in {section:?}"))?;
    let stands = again.get(section).and_then(|servers| servers.get(name)).and_then(Item::as_table_like);
    if !stands.is_some_and(|there| is(there, server)) {
        return Err(format!("there is no place for it in {section:?}"));
    }
    // All are written as \n.
    let is_crlf = text.contains("\r\n") && !text.replace("\r\n", "").contains('\n');
    let text = if is_crlf { after.replace("\r\n", "\n").replace('\n', "\r\n") } else { after };
    Ok(Some(Change { text, replaces }))
}

/// The server as it stands in such a file.
pub fn entry(section: &str, name: &str, server: &Value) -> String {
    with("", section, name, server).ok().flatten().map_or_else(String::new, |change| change.text)
}

/// Where and why, without the line itself: it can hold a key of another server.
fn told(text: &str, error: &TomlError) -> String {
    let before = error.span().and_then(|at| text.get(..at.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

/// Texts and lists of texts, of which the entry of a server is made.
fn table(server: &Value) -> Table {
    let mut table = Table::new();
    for (key, value) in server.as_object().into_iter().flatten() {
        match value {
            Value::Array(words) => table.insert(key, words.iter().filter_map(Value::as_str).collect::<Array>().into()),
            value => table.insert(key, value.as_str().unwrap_or_default().into()),
        };
    }
    table
}

fn is(there: &dyn TableLike, server: &Value) -> bool {
    let Some(server) = server.as_object() else { return false };
    there.len() == server.len()
        && server.iter().all(|(key, value)| match (there.get(key), value) {
            (Some(item), Value::Array(words)) => item
                .as_array()
                .is_some_and(|there| there.iter().map(toml_edit::Value::as_str).eq(words.iter().map(Value::as_str))),
            (Some(item), value) => item.is_str() && item.as_str() == value.as_str(),
            (None, _) => false,
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{entry, with};

    fn server() -> Value {
        json!({"command": "C:\\bin\\erpnext-mcp.exe", "args": ["--config", "c.json"]})
    }

    fn edited(before: &str) -> String {
        with(before, "mcp_servers", "erpnext", &server()).unwrap().unwrap().text
    }

    const BEFORE: &str = r#"# mine
model = "m" # why

[mcp_servers.other] # theirs
command = 'x'

[mcp_servers.other.env]
A="1"

[[rules]]
many = [
  1, # one
]
"#;

    #[test]
    fn what_stands_there_stays_in_its_place() {
        let after = edited(BEFORE);
        let added = entry("mcp_servers", "erpnext", &server());
        assert_eq!(
            added,
            "[mcp_servers.erpnext]\ncommand = 'C:\\bin\\erpnext-mcp.exe'\nargs = [\"--config\", \"c.json\"]\n"
        );
        assert_eq!(after.replace(&format!("\n{added}"), ""), BEFORE, "{after}");
        assert!(after.find("A=\"1\"") < after.find(&added), "{after}");
        assert!(with(&after, "mcp_servers", "erpnext", &server()).unwrap().is_none(), "once more: nothing to do");
    }

    #[test]
    fn another_server_of_the_name_gives_way_and_what_stands_above_it_does_not() {
        let before = "[mcp_servers.erpnext.env]\nA = \"1\"\n# mine\n[mcp_servers.erpnext]\ncommand = \"old\"\n\n\
                      [tools]\nx = 1\n";
        let change = with(before, "mcp_servers", "erpnext", &server()).unwrap().unwrap();
        assert!(change.replaces, "{}", change.text);
        assert!(change.text.contains("# mine\n[mcp_servers.erpnext]\ncommand = "), "{}", change.text);
        assert!(change.text.contains("\n[tools]\nx = 1\n"), "{}", change.text);
        assert!(!change.text.contains("old") && !change.text.contains("env"), "{}", change.text);
    }

    #[test]
    fn line_ends_inline_tables_and_dotted_keys_are_met() {
        let after = edited("a = 1\r\n\r\n[mcp_servers.b]\r\ncommand = \"b\"\r\n");
        assert!(!after.replace("\r\n", "").contains('\n'), "{after:?}");
        let after = edited("mcp_servers = { b = { command = \"b\" } } # mine\n");
        assert!(after.starts_with("mcp_servers = { b = { command = \"b\" }") && after.ends_with("# mine\n"), "{after}");
        let after = edited("mcp_servers.b.command = \"b\"\n");
        assert!(after.starts_with("mcp_servers.b.command = \"b\"\n"), "{after}");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["[", "a = ", "mcp_servers = 1", "[[mcp_servers]]\na = 1\n", "a = 1\na = 2\n"] {
            assert!(with(text, "mcp_servers", "erpnext", &server()).is_err(), "{text}");
        }
        let why = with("a = 1\nkey = sk-of-another\n", "mcp_servers", "erpnext", &server()).unwrap_err();
        assert!(why.starts_with("line 2: ") && !why.contains("sk-of-another"), "{why}");
    }
}
