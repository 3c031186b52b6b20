//! A program that is driven by lines of JSON: each that it is told is answered by one.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// One that runs; it ends where it is dropped.
pub struct Script {
    name: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Script {
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { name: name.to_owned(), input, output: BufReader::new(output).lines(), _child: child }
    }

    pub async fn ask(&mut self, said: &Value) -> Value {
        self.input.write_all(format!("{said}\n").as_bytes()).await.unwrap();
        let line = self.output.next_line().await.unwrap();
        serde_json::from_str(&line.unwrap_or_else(|| panic!("{}: it ended, see above", self.name))).unwrap()
    }
}
