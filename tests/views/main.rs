//! The views in a browser: fed with what the server answers on the sample site, by a host that does as MCP Apps have it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod approval;
mod axe;
mod browser;
mod desk;
mod every;
mod figures;
mod pictures;
#[path = "../any_request.rs"]
mod requests;
#[path = "../it/sandbox.rs"]
#[allow(dead_code)]
mod sandbox;
#[path = "../it/support.rs"]
#[allow(dead_code)]
mod support;
mod tables;
