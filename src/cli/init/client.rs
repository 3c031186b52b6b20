//! The clients whose configuration init can write: where it is, and how the server stands in it.

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use erpnext_mcp::files;
use serde_json::{Value, json};

use super::{ask, jsonc, toml};

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
    /// `.codeium/windsurf/mcp_config.json` of this user
    Windsurf,
    /// `settings.json` of this user
    Zed,
    /// `.codex/config.toml` of this user, or of `CODEX_HOME`
    Codex,
    /// `.gemini/settings.json` of this user
    GeminiCli,
}

/// A folder that a client's file is in.
#[derive(Clone, Copy)]
enum Base {
    /// The user's own.
    Home,
    /// The one that init runs in.
    Here,
    /// The one that a variable names; without it the second, in the user's own, where there is one.
    Named(&'static str, Option<&'static str>),
}

/// A file in a folder, with `/` between its parts.
type Place = (Base, &'static str);

const XDG: Base = Base::Named("XDG_CONFIG_HOME", Some(".config"));
const APPDATA: Base = Base::Named("APPDATA", None);
const CODEX: Base = Base::Named("CODEX_HOME", Some(".codex"));

/// How a client's file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Jsonc,
    Toml,
}

/// What there is to know of a client.
struct Facts {
    linux: Place,
    macos: Place,
    windows: Place,
    format: Format,
    /// Under which key the servers stand.
    section: &'static str,
    /// Whether an entry says that it is for stdio.
    is_typed: bool,
    /// What makes the client see it.
    then: &'static str,
}

impl Facts {
    /// Of a client whose file is at the same place everywhere, and as most clients' are.
    const fn at(base: Base, file: &'static str, then: &'static str) -> Self {
        let place = (base, file);
        let (linux, macos, windows) = (place, place, place);
        Self { linux, macos, windows, format: Format::Jsonc, section: "mcpServers", is_typed: false, then }
    }
}

/// The operating systems that clients' files differ by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum System {
    Linux,
    Macos,
    Windows,
}

const HERE: System = if cfg!(windows) {
    System::Windows
} else if cfg!(target_os = "macos") {
    System::Macos
} else {
    System::Linux
};

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
    const fn facts(self) -> Facts {
        use Base::{Here, Home};
        match self {
            Self::ClaudeDesktop => Facts {
                linux: (XDG, "Claude/claude_desktop_config.json"),
                windows: (APPDATA, "Claude/claude_desktop_config.json"),
                ..Facts::at(
                    Home,
                    "Library/Application Support/Claude/claude_desktop_config.json",
                    "restart Claude Desktop",
                )
            },
            Self::ClaudeCode => Facts {
                is_typed: true,
                ..Facts::at(Here, ".mcp.json", "start `claude` in this directory and allow the server")
            },
            Self::Cursor => Facts::at(Home, ".cursor/mcp.json", "switch it on in Cursor's settings, MCP"),
            Self::Vscode => Facts {
                section: "servers",
                is_typed: true,
                ..Facts::at(Here, ".vscode/mcp.json", "start it in VS Code with `MCP: List Servers`")
            },
            Self::Windsurf => {
                Facts::at(Home, ".codeium/windsurf/mcp_config.json", "refresh the MCP servers in Windsurf's Cascade")
            }
            Self::Zed => Facts {
                linux: (XDG, "zed/settings.json"),
                windows: (APPDATA, "Zed/settings.json"),
                section: "context_servers",
                ..Facts::at(Home, ".config/zed/settings.json", "look for it in Zed's settings, AI, MCP Servers")
            },
            Self::Codex => Facts {
                format: Format::Toml,
                section: "mcp_servers",
                ..Facts::at(CODEX, "config.toml", "start `codex` anew; `/mcp` shows the server")
            },
            Self::GeminiCli => Facts::at(Home, ".gemini/settings.json", "start `gemini` anew; `/mcp` shows the server"),
        }
    }

    /// Where the client looks for its configuration.
    pub fn file(self, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<PathBuf> {
        self.file_on(HERE, env)
    }

    fn file_on(self, system: System, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<PathBuf> {
        let home = || {
            env("HOME")
                .or_else(|| env("USERPROFILE"))
                .map(PathBuf::from)
                .context("--client-file is needed: HOME is not set")
        };
        let facts = self.facts();
        let (base, file) = match system {
            System::Linux => facts.linux,
            System::Macos => facts.macos,
            System::Windows => facts.windows,
        };
        let mut path = match base {
            Base::Home => home()?,
            Base::Here => std::env::current_dir()?,
            Base::Named(variable, otherwise) => match (env(variable), otherwise) {
                (Some(folder), _) => PathBuf::from(folder),
                (None, Some(below_home)) => home()?.join(below_home),
                (None, None) => anyhow::bail!("--client-file is needed: {variable} is not set"),
            },
        };
        path.extend(file.split('/'));
        Ok(path)
    }

    /// What makes the client see it.
    pub fn then(self) -> &'static str {
        self.facts().then
    }

    /// The client's file with a server in it, where all else stays as it is.
    ///
    /// # Errors
    /// A file that cannot be read or understood; with what to put there by hand.
    pub fn edit(self, file: PathBuf, name: &str, server: &Value) -> anyhow::Result<Edit> {
        let Facts { format, section, is_typed, .. } = self.facts();
        let mut server = server.clone();
        if is_typed {
            server["type"] = json!("stdio");
        }
        let left = |why: &str| {
            let file = file.display();
            let (place, entry) = match format {
                Format::Jsonc => (format!("into its {section:?}"), format!("{:#}", json!({name: server}))),
                Format::Toml => ("there".to_owned(), toml::entry(section, name, &server)),
            };
            anyhow::anyhow!("{file}: {why}; it is left as it is. Put this {place} by hand:\n{entry}")
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
        let changed = match format {
            Format::Jsonc => jsonc::with(text, section, name, &server),
            Format::Toml => toml::with(text, section, name, &server),
        };
        let (text, replaces) = match changed.map_err(|why| left(&why))? {
            Some(change) => (Some(format!("{mark}{}", change.text)), change.replaces),
            None => (None, false),
        };
        Ok(Edit { file, text, replaces })
    }
}

/// What a client's file becomes.
#[derive(Debug)]
pub struct Change {
    /// All of it.
    pub text: String,
    /// Whether another server of that name gives way.
    pub replaces: bool,
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::{Client, System};

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

    #[test]
    fn each_client_has_its_place_on_every_system() {
        let env = |name: &str| match name {
            "HOME" => Some("/home/ann".to_owned()),
            "APPDATA" => Some("/roaming".to_owned()),
            _ => None,
        };
        let here = std::env::current_dir().unwrap().display().to_string();
        for (client, linux, macos, windows) in [
            (
                Client::ClaudeDesktop,
                "/home/ann/.config/Claude/claude_desktop_config.json",
                "/home/ann/Library/Application Support/Claude/claude_desktop_config.json",
                "/roaming/Claude/claude_desktop_config.json",
            ),
            (
                Client::Zed,
                "/home/ann/.config/zed/settings.json",
                "/home/ann/.config/zed/settings.json",
                "/roaming/Zed/settings.json",
            ),
        ] {
            for (system, file) in [(System::Linux, linux), (System::Macos, macos), (System::Windows, windows)] {
                assert_eq!(client.file_on(system, &env).unwrap(), Path::new(file), "{client:?} on {system:?}");
            }
        }
        for (client, file) in [
            (Client::ClaudeCode, format!("{here}/.mcp.json")),
            (Client::Cursor, "/home/ann/.cursor/mcp.json".to_owned()),
            (Client::Vscode, format!("{here}/.vscode/mcp.json")),
            (Client::Windsurf, "/home/ann/.codeium/windsurf/mcp_config.json".to_owned()),
            (Client::Codex, "/home/ann/.codex/config.toml".to_owned()),
            (Client::GeminiCli, "/home/ann/.gemini/settings.json".to_owned()),
        ] {
            for system in [System::Linux, System::Macos, System::Windows] {
                assert_eq!(client.file_on(system, &env).unwrap(), Path::new(&file), "{client:?} on {system:?}");
            }
        }
        let own = |name: &str| (name == "CODEX_HOME").then(|| "/srv/codex".to_owned());
        assert_eq!(Client::Codex.file(&own).unwrap(), Path::new("/srv/codex/config.toml"));
        assert!(Client::Zed.file_on(System::Windows, &own).unwrap_err().to_string().contains("--client-file"));
    }

    #[test]
    fn the_server_stands_under_the_key_that_the_client_reads() {
        for (client, section) in [
            (Client::ClaudeDesktop, "mcpServers"),
            (Client::Windsurf, "mcpServers"),
            (Client::GeminiCli, "mcpServers"),
            (Client::Zed, "context_servers"),
            (Client::Vscode, "servers"),
        ] {
            let after: Value = serde_json::from_str(&edited(client, "")).unwrap();
            assert_eq!(after[section]["erpnext"]["command"], "x", "{client:?}");
        }
        assert_eq!(edited(Client::Codex, ""), "[mcp_servers.erpnext]\ncommand = \"x\"\n");
    }
}
