//! How this program was installed, and so the command by which a client starts it, before an upgrade and after it.

use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

/// The command as a JSON list of words. npm's wrapper and the container image set it; they know what to say.
const COMMAND: &str = "ERPNEXT_MCP_COMMAND";

/// What a client has to run.
#[derive(PartialEq, Eq, Debug)]
pub struct Installed {
    command: Vec<String>,
}

impl Installed {
    /// As the environment and the place of the running program tell.
    ///
    /// # Errors
    /// A variable that holds no list, or a program whose place is not known.
    pub fn found() -> anyhow::Result<Self> {
        match std::env::var(COMMAND) {
            Ok(stated) => Self::stated(&stated),
            Err(_) => Ok(Self::at(&std::env::current_exe()?)),
        }
    }

    fn stated(words: &str) -> anyhow::Result<Self> {
        let command: Vec<String> =
            serde_json::from_str(words).with_context(|| format!("{COMMAND}: expected a JSON list of words"))?;
        anyhow::ensure!(!command.is_empty(), "{COMMAND}: expected the name of a program first");
        Ok(Self { command })
    }

    fn at(program: &Path) -> Self {
        let parts: Vec<Component<'_>> = program.components().collect();
        let place = |name: &str| parts.iter().position(|part| part.as_os_str() == name);
        let command = if place("archive-v0").is_some() {
            // In uv's cache, from which it may go at any time.
            vec!["uvx".to_owned(), "erpnext-mcp".to_owned()]
        } else if let Some(cellar) = place("Cellar") {
            // Homebrew's folder of one version; its bin/ has the link that stays.
            let prefix: PathBuf = parts[..cellar].iter().collect();
            vec![prefix.join("bin").join("erpnext-mcp").display().to_string()]
        } else {
            vec![program.display().to_string()]
        };
        Self { command }
    }

    /// Whether it runs in a container, where the clients' files are not.
    pub fn is_contained(&self) -> bool {
        self.command[0] == "docker"
    }

    /// A client's entry that starts it with these arguments.
    pub fn entry(&self, args: &[String]) -> Value {
        let args = [&self.command[1..], args].concat();
        json!({"command": self.command[0], "args": args})
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::Installed;

    #[test]
    fn a_client_starts_what_an_upgrade_leaves_in_its_place() {
        let config = ["--config".to_owned(), "c.json".to_owned()];
        for (program, command, before) in [
            ("/opt/homebrew/Cellar/erpnext-mcp/0.1.0/bin/erpnext-mcp", "/opt/homebrew/bin/erpnext-mcp", None),
            ("/home/ann/.cache/uv/archive-v0/1yX/bin/erpnext-mcp", "uvx", Some("erpnext-mcp")),
            ("/home/ann/.local/bin/erpnext-mcp", "/home/ann/.local/bin/erpnext-mcp", None),
        ] {
            let entry = Installed::at(Path::new(program)).entry(&config);
            let args: Vec<&str> = before.into_iter().chain(["--config", "c.json"]).collect();
            assert_eq!(entry, json!({"command": command, "args": args}));
        }
    }

    #[test]
    fn what_started_the_program_may_say_how() {
        let installed = Installed::stated(r#"["npx", "-y", "@scope/erpnext-mcp"]"#).unwrap();
        assert!(!installed.is_contained());
        assert_eq!(installed.entry(&[]), json!({"command": "npx", "args": ["-y", "@scope/erpnext-mcp"]}));
        assert!(Installed::stated(r#"["docker", "run", "-i", "image"]"#).unwrap().is_contained());
        for wrong in ["npx", "[]", "[1]"] {
            assert!(Installed::stated(wrong).unwrap_err().to_string().contains("ERPNEXT_MCP_COMMAND"), "{wrong}");
        }
    }
}
