//! How near the server is to the ceiling: a minimal rmcp and reqwest server that passes on what the same site answers.
//!
//! `cargo bench --bench ceiling` measures both in turn and prints a table of ratios; `-- counts` counts instructions under
//! valgrind, which another load on the machine does not change, and compares them with `counts.txt`. `ERPNEXT_MCP_PROGRAM`
//! names another build to measure. Linux only: times and memory come from `/proc`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, clippy::cast_precision_loss, missing_docs)]

mod cases;
mod counts;
mod process;
mod server;
mod stub;
mod table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", base] => server::serve(base),
        ["counts", ..] => counts::print(),
        _ => table::print(),
    }
}
