//! A site that keeps its data in DIRECTORY and waits to be killed; says where it listens on the first line.
//! `cargo run -p erpnext-sandbox --example victim -- DIRECTORY`
#![allow(clippy::print_stdout)]

use std::io::Write as _;
use std::path::PathBuf;

use erpnext_sandbox::{Data, Options, Sandbox};

#[tokio::main]
async fn main() -> Result<(), erpnext_sandbox::StartError> {
    let data = Data::from(std::env::args().nth(1).map(PathBuf::from));
    let sandbox = Sandbox::start(Options { data, ..Options::default() }).await?;
    println!("{}", sandbox.url());
    // What is not flushed would not reach a pipe.
    let _ = std::io::stdout().flush();
    std::future::pending().await
}
