//! The clients whose configuration init can write: where it is, and how the server stands in it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use erpnext_mcp::files;
use serde_json::{Map, Value, json};

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

    /// Puts a server into the file, and leaves everything else in it as it is. The copy that was kept is given.
    /// `replace` is asked before another server of that name gives way.
    pub fn install(
        self,
        file: &Path,
        name: &str,
        server: &Value,
        replace: &dyn Fn(&str) -> anyhow::Result<bool>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let mut server = server.clone();
        if matches!(self, Self::ClaudeCode | Self::Vscode) {
            server["type"] = json!("stdio");
        }
        let by_hand = || {
            format!(
                "{} is left as it is; put this into its {:?} by hand:\n{:#}",
                file.display(),
                self.section(),
                json!({name: server})
            )
        };
        let mut whole: Value = match std::fs::read_to_string(file) {
            Ok(text) if text.trim().is_empty() => json!({}),
            Ok(text) => match parsed(&text) {
                Some(whole) => whole,
                None => bail!("it is no plain JSON object (comments, or a key twice); {}", by_hand()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => json!({}),
            Err(error) => bail!("{error}; {}", by_hand()),
        };
        let section = whole.as_object_mut().map(|whole| whole.entry(self.section()).or_insert_with(|| json!({})));
        let Some(servers) = section.and_then(Value::as_object_mut) else {
            bail!("its {:?} is no object; {}", self.section(), by_hand())
        };
        match servers.get(name) {
            Some(there) if *there == server => return Ok(None),
            Some(_)
                if !replace(&format!(
                    "{} has a server {name:?}. Replace it (a copy of the file is kept)?",
                    file.display()
                ))? =>
            {
                bail!("{} has a server {name:?}; --force replaces it, --name gives this one another", file.display())
            }
            _ => drop(servers.insert(name.to_owned(), server)),
        }
        let copy = files::back_up(file)?;
        files::write_whole(file, format!("{whole:#}\n").as_bytes())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(copy)
    }
}

/// The object that the text holds, if writing it again loses nothing: no comments, no key twice.
fn parsed(text: &str) -> Option<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole: Value = serde_json::from_str::<Map<String, Value>>(text).ok()?.into();
    // Each key of the text stands before a colon outside of strings: as many as were kept.
    (colons(text) == keys(&whole)).then_some(whole)
}

fn keys(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(keys).sum::<usize>(),
        Value::Array(list) => list.iter().map(keys).sum(),
        _ => 0,
    }
}

fn colons(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{Client, parsed};

    #[test]
    fn what_stands_in_the_clients_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/mcp.json");
        let server = json!({"command": "erpnext-mcp", "args": []});
        let never = |_: &str| Ok(false);
        assert_eq!(Client::Cursor.install(&file, "erpnext", &server, &never).unwrap(), None);
        let before = r#"{"z": 1, "mcpServers": {"other": {"command": "x", "args": ["a:b"]}}, "a": [1.50, null]}"#;
        std::fs::write(&file, before).unwrap();
        let copy = Client::Cursor.install(&file, "erpnext", &server, &never).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(copy).unwrap(), before);
        let mut after: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(after["mcpServers"].as_object_mut().unwrap().remove("erpnext").unwrap(), server);
        assert_eq!(after.to_string(), serde_json::from_str::<Value>(before).unwrap().to_string(), "order included");
        // Once more: nothing to do.
        assert_eq!(Client::Cursor.install(&file, "erpnext", &server, &never).unwrap(), None);
        let other = json!({"command": "another"});
        assert!(Client::Cursor.install(&file, "erpnext", &other, &never).unwrap_err().to_string().contains("--force"));
        assert!(Client::Cursor.install(&file, "erpnext", &other, &|_: &str| Ok(true)).unwrap().is_some());
    }

    #[test]
    fn a_file_that_would_lose_something_is_left_alone() {
        for text in ["{\"a\": 1, // why\n}", "{\"a\": 1, \"a\": 2}", "[]", "{"] {
            assert_eq!(parsed(text), None, "{text}");
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            let error = Client::Vscode.install(file.path(), "erpnext", &json!({}), &|_: &str| Ok(true)).unwrap_err();
            assert!(error.to_string().contains("by hand"), "{error}");
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
        }
        assert!(parsed(r#"{"a:\":b": {"c": [{"d": 1}]}}"#).is_some());
    }
}
