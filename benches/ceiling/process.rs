//! A server as a process: its start, what it takes of the machine, and calls to it with so many under way.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How to start a server.
#[derive(Clone)]
pub struct Program {
    pub line: Vec<String>,
    pub over_http: bool,
}

/// The calls that are made: a tool and its arguments, in which `#` becomes the number of the call.
#[derive(Clone)]
pub struct Calls {
    pub tool: String,
    pub arguments: Value,
}

impl Calls {
    fn message(&self, id: usize) -> String {
        let params = json!({"name": self.tool, "arguments": self.arguments});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
            .to_string()
            .replace('#', &id.to_string())
    }
}

/// What a run of calls took: microseconds a call, and calls a second.
#[derive(Clone, Copy, Default)]
pub struct Took {
    pub latency: f64,
    pub cpu: f64,
    pub per_second: f64,
}

pub struct Process {
    child: Child,
    /// Closed, the server ends.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The connections over HTTP.
    address: Option<String>,
    connections: Vec<BufReader<TcpStream>>,
    next: usize,
}

impl Process {
    /// Started; over stdio, greeted.
    pub fn start(program: &Program) -> Self {
        let mut command = Command::new(&program.line[0]);
        command.args(&program.line[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = if program.over_http { Stdio::piped() } else { Stdio::null() };
        let mut child = command.stderr(log).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let address = child.stderr.take().map(|log| {
            let mut lines = BufReader::new(log).lines().map_while(Result::ok);
            let address = lines
                .find_map(|line| Some(line.split_once("serving MCP at http://")?.1.split("/mcp").next()?.to_owned()));
            std::thread::spawn(move || lines.for_each(drop));
            address.unwrap()
        });
        let mut process = Self { child, input, output, address, connections: Vec::new(), next: 0 };
        if !program.over_http {
            let client = json!({"name": "ceiling", "version": "1"});
            let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
            process.ask("initialize", &params);
            process.line(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        }
        process
    }

    /// Sends a request and gives its answer.
    pub fn ask(&mut self, method: &str, params: &Value) -> String {
        self.line(&json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params}).to_string());
        self.answer()
    }

    /// The first of these calls, whose answer has to be a good one.
    pub fn first(&mut self, calls: &Calls) -> String {
        self.next += 1;
        let message = calls.message(self.next);
        self.send(0, &message);
        let answer = self.receive(0);
        assert!(!answer.contains(r#""isError":true"#) && !answer.contains(r#""error":{"#), "{answer:.2000}");
        answer
    }

    /// Makes so many calls, with that many under way.
    pub fn run(&mut self, calls: &Calls, count: usize, under_way: usize) -> Took {
        let messages: Vec<String> = (0..count).map(|n| calls.message(self.next + n + 1)).collect();
        self.next += count;
        let mut sent = Vec::with_capacity(count);
        let (cpu, began) = (self.cpu(), Instant::now());
        let mut latencies = Vec::with_capacity(count);
        for n in 0..count + under_way {
            if let Some(done) = n.checked_sub(under_way) {
                self.receive(done % under_way);
                let sent: &Instant = &sent[done];
                latencies.push(sent.elapsed());
            }
            if let Some(message) = messages.get(n) {
                sent.push(Instant::now());
                self.send(n % under_way, message);
            }
        }
        latencies.sort();
        let (count, took) = (count as f64, began.elapsed());
        Took {
            latency: latencies[latencies.len() / 2].as_secs_f64() * 1e6,
            cpu: (self.cpu().saturating_sub(cpu)).as_secs_f64() * 1e6 / count,
            per_second: count / took.as_secs_f64(),
        }
    }

    fn send(&mut self, place: usize, message: &str) {
        let Some(address) = &self.address else { return self.line(message) };
        while self.connections.len() <= place {
            let connection = TcpStream::connect(address).unwrap();
            connection.set_nodelay(true).unwrap();
            self.connections.push(BufReader::with_capacity(64 << 10, connection));
        }
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {address}\r\naccept: application/json, text/event-stream\r\n\
             content-type: application/json\r\nmcp-protocol-version: 2025-11-25\r\ncontent-length: {}\r\n\r\n{message}",
            message.len()
        );
        self.connections[place].get_mut().write_all(head.as_bytes()).unwrap();
    }

    fn receive(&mut self, place: usize) -> String {
        if self.address.is_none() {
            return self.answer();
        }
        let connection = &mut self.connections[place];
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            connection.read_line(&mut line).unwrap();
            match line.to_ascii_lowercase().split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().unwrap(),
                None if line.trim().is_empty() => break,
                _ => {}
            }
        }
        assert!(length > 0, "an answer without length");
        let mut body = vec![0; length];
        connection.read_exact(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }

    fn line(&mut self, message: &str) {
        self.input.as_mut().unwrap().write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "the server ended");
        line
    }

    /// Ends as a client does that leaves.
    pub fn leave(mut self) {
        drop(self.input.take());
        self.child.wait().unwrap();
    }

    /// The time its threads were on a processor.
    pub fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let on_cpu = |text: String| text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        Duration::from_nanos(
            tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok()).map(on_cpu).sum(),
        )
    }

    /// A line of its memory in kB: `Private_Dirty`, or `VmHWM` of the status.
    pub fn memory(&self, line: &str) -> f64 {
        let read = |file| fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default();
        let text = read("smaps_rollup") + &read("status");
        let found = text.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.split_whitespace().next());
        found.and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or(0.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
