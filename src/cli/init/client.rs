//! The clients whose configuration init can write: where it is, and how the server stands in it.

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use erpnext_mcp::files;
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};
use serde_json::{Value, json};

use super::ask;

/// A client that starts servers over stdio.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Client {
    /// Its configuration of this user
    ClaudeDesktop,
    /// `.mcp.json` in the working directory
    ClaudeCode,
    /// `.cursor/mcp.json` of this user
    Cursor,
    /// `.vscode/mcp.json` in the working directory
    Vscode,
}

/// The client to install into; none where nothing is said.
pub fn ask() -> anyhow::Result<Option<Client>> {
    let names: Vec<String> = Client::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|value| value.get_name().to_owned())
        .collect();
    let mut choices: Vec<&str> = names.iter().map(String::as_str).collect();
    choices.push("none");
    let answer = ask::one_of(&format!("Put it into a client ({})", choices.join(", ")), "none", &choices)?;
    Ok(Client::from_str(&answer, false).ok())
}

impl Client {
    /// Where the client looks for its configuration.
    pub fn file(self, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<PathBuf> {
        let home = || {
            env("HOME")
                .or_else(|| env("USERPROFILE"))
                .map(PathBuf::from)
                .context("--client-file is needed: HOME is not set")
        };
        Ok(match self {
            Self::ClaudeDesktop if cfg!(target_os = "macos") => {
                home()?.join("Library/Application Support/Claude/claude_desktop_config.json")
            }
            Self::ClaudeDesktop if cfg!(windows) => {
                PathBuf::from(env("APPDATA").context("--client-file is needed: APPDATA is not set")?)
                    .join("Claude")
                    .join("claude_desktop_config.json")
            }
            Self::ClaudeDesktop => match env("XDG_CONFIG_HOME") {
                Some(folder) => PathBuf::from(folder),
                None => home()?.join(".config"),
            }
            .join("Claude/claude_desktop_config.json"),
            Self::ClaudeCode => std::env::current_dir()?.join(".mcp.json"),
            Self::Cursor => home()?.join(".cursor").join("mcp.json"),
            Self::Vscode => std::env::current_dir()?.join(".vscode").join("mcp.json"),
        })
    }

    /// What makes the client see it.
    pub fn then(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "restart Claude Desktop",
            Self::ClaudeCode => "start `claude` in this directory and allow the server",
            Self::Cursor => "switch it on in Cursor's settings, MCP",
            Self::Vscode => "start it in VS Code with `MCP: List Servers`",
        }
    }

    fn section(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            _ => "mcpServers",
        }
    }

    /// The client's file with a server in it, where everything else stays as it is: comments, order, indentation, line ends.
    ///
    /// # Errors
    /// A file that cannot be read or understood; with what to put there by hand.
    pub fn edit(self, file: PathBuf, name: &str, server: &Value) -> anyhow::Result<Edit> {
        let mut server = server.clone();
        if matches!(self, Self::ClaudeCode | Self::Vscode) {
            server["type"] = json!("stdio");
        }
        let left = |why: &str| {
            let (file, section) = (file.display(), self.section());
            anyhow::anyhow!(
                "{file}: {why}; it is left as it is. Put this into its {section:?} by hand:\n{:#}",
                json!({name: server})
            )
        };
        let before = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(left(&error.to_string())),
        };
        let (mark, text) = match before.strip_prefix('\u{feff}') {
            Some(text) => ("\u{feff}", text),
            None => ("", before.as_str()),
        };
        let text = if text.trim().is_empty() { "{}\n" } else { text };
        let whole = CstRootNode::parse(text, &FORMAT).map_err(|error| left(&error.to_string()))?;
        let object = whole.object_value().ok_or_else(|| left("it holds no JSON object"))?;
        let servers = one(&object, self.section()).map_err(|why| left(&why))?;
        let servers = match servers.map(|section| section.object_value()) {
            Some(Some(servers)) => servers,
            Some(None) => return Err(left(&format!("its {:?} is no object", self.section()))),
            None => object.object_value_or_set(self.section()),
        };
        let there = one(&servers, name).map_err(|why| left(&why))?;
        let replaces = match &there {
            Some(there) if there.value().and_then(|value| value.to_serde_value()).as_ref() == Some(&server) => {
                return Ok(Edit { file, text: None, replaces: false });
            }
            Some(there) => {
                there.set_value(input(&server));
                true
            }
            None => {
                servers.append(name, input(&server));
                false
            }
        };
        Ok(Edit { text: Some(format!("{mark}{whole}")), file, replaces })
    }
}

/// A client's file as it is to be.
#[derive(Debug)]
pub struct Edit {
    /// Where it is.
    pub file: PathBuf,
    /// None if it is so already.
    text: Option<String>,
    /// Whether another server of that name gives way.
    pub replaces: bool,
}

impl Edit {
    /// Writes it; the copy that was kept of the old one is given.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self) -> anyhow::Result<Option<PathBuf>> {
        let Some(text) = &self.text else { return Ok(None) };
        let copy = files::back_up(&self.file)?;
        files::write_whole(&self.file, text.as_bytes())
            .with_context(|| format!("{} cannot be written", self.file.display()))?;
        Ok(copy)
    }
}

/// JSON with the comments and trailing commas that clients take in their files, and no other liberty.
const FORMAT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The key of the object; none where it has none.
///
/// # Errors
/// Where it stands twice: which one the client reads is not known.
fn one(object: &CstObject, key: &str) -> Result<Option<CstObjectProp>, String> {
    let mut named = object.properties().into_iter().filter(|property| property.decoded_name().as_deref() == Some(key));
    match (named.next(), named.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(format!("it has {key:?} twice")),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::Client;

    fn edited(client: Client, before: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mcp.json");
        std::fs::write(&file, before).unwrap();
        client.edit(file.clone(), "erpnext", &json!({"command": "x"})).unwrap().write().unwrap();
        std::fs::read_to_string(file).unwrap()
    }

    #[test]
    fn what_stands_in_the_clients_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/mcp.json");
        let server = json!({"command": "erpnext-mcp", "args": []});
        let edit = |server: &Value| Client::Cursor.edit(file.clone(), "erpnext", server).unwrap();
        assert_eq!(edit(&server).write().unwrap(), None);
        let before = r#"{"z": 1, "mcpServers": {"other": {"command": "x", "args": ["a:b"]}}, "a": [1.50, null]}"#;
        std::fs::write(&file, before).unwrap();
        let copy = edit(&server).write().unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(copy).unwrap(), before);
        let mut after: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(after["mcpServers"].as_object_mut().unwrap().remove("erpnext").unwrap(), server);
        assert_eq!(after.to_string(), serde_json::from_str::<Value>(before).unwrap().to_string(), "order included");
        // Once more: nothing to do.
        assert_eq!(edit(&server).write().unwrap(), None);
        let other = edit(&json!({"command": "another"}));
        assert!(other.replaces && other.write().unwrap().is_some());
    }

    #[test]
    fn comments_trailing_commas_indentation_and_line_ends_stay() {
        let before =
            "\u{feff}// mine\r\n{\r\n\t\"a\": 1, // why\r\n\t\"servers\": {\r\n\t\t\"b\": {},\r\n\t},\r\n}\r\n";
        let after = edited(Client::Vscode, before);
        assert!(after.starts_with(
            "\u{feff}// mine\r\n{\r\n\t\"a\": 1, // why\r\n\t\"servers\": {\r\n\t\t\"b\": {},\r\n\t\t\"erpnext\""
        ));
        assert!(after.ends_with("\r\n\t},\r\n}\r\n"), "{after:?}");
        assert!(!after.replace("\r\n", "").contains('\n'), "{after:?}");
        assert!(edited(Client::Cursor, "{\n  \"a\": 1\n}\n").contains("\n  \"mcpServers\": {\n    \"erpnext\""));
    }

    #[test]
    fn a_file_that_is_not_understood_is_left_alone() {
        for text in ["{\"servers\": {}, \"servers\": {}}", "[]", "{", "{\"servers\": 1}", "{'servers': {}}"] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            let path: &Path = file.path();
            let error = Client::Vscode.edit(path.to_owned(), "erpnext", &json!({})).unwrap_err();
            assert!(error.to_string().contains("by hand"), "{text}: {error}");
            assert_eq!(std::fs::read_to_string(path).unwrap(), text);
        }
    }
}
