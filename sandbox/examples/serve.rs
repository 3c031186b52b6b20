//! Serves a sandbox until it is killed: `cargo run -p erpnext-sandbox --example serve -- [PORT] [DIRECTORY]`.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use erpnext_sandbox::{Data, Options, Sandbox};

#[tokio::main]
async fn main() -> Result<(), erpnext_sandbox::StartError> {
    let mut args = std::env::args().skip(1);
    let port = args.next().and_then(|port| port.parse().ok()).unwrap_or(0);
    let data = Data::from(args.next().map(PathBuf::from));
    let sandbox = Sandbox::start(Options { port, data, ..Options::default() }).await?;
    println!("{}", sandbox.url());
    std::future::pending().await
}
