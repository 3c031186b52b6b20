//! A recorded site: its metadata to the byte, and of all else what was recorded.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::shared;
use crate::shared::free_port;

/// The recorded site; it ends with the test.
pub struct Recorded {
    process: Child,
    pub url: String,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Recorded {
    /// The site that these options of `serve.py` choose; without any the one of 15.
    pub fn start(options: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new("python3");
        command.arg(shared::recordings().join("site/serve.py")).args(["--port", &port.to_string()]).args(options);
        let process =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("python3 runs the recorded site");
        let site = Self { process, url: format!("http://127.0.0.1:{port}") };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "the recorded site does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        site
    }
}

/// What the site of that file tells of each of its DocTypes; those that it fails to tell are left out.
pub fn metadata(file: &str) -> Vec<Value> {
    let packed = File::open(shared::recordings().join("site").join(file)).unwrap();
    let told = |line: std::io::Result<String>| {
        let mut line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let docs = line["response"]["docs"].as_array_mut().map(std::mem::take).unwrap_or_default();
        docs.into_iter().find(|doc| doc["name"] == line["name"])
    };
    BufReader::new(GzDecoder::new(packed)).lines().filter_map(told).collect()
}
