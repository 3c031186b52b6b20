//! The attribute of a test that is written once and runs on a site of each version of ERPNext.

use proc_macro::TokenStream;

/// The major versions, as `Version::ALL` has them; a test of `tests/it/tidy.rs` compares.
const MAJORS: [u8; 2] = [15, 16];

/// Makes the tests `name::v15` and `name::v16` of `async fn name()`. Each runs it through `crate::support::run_on`, so that the
/// sites which it starts are of that version.
#[proc_macro_attribute]
pub fn on_every_version(_: TokenStream, function: TokenStream) -> TokenStream {
    let tokens: Vec<String> = function.clone().into_iter().map(|token| token.to_string()).collect();
    let at = tokens.iter().position(|token| token == "fn");
    // It would stand before the function, and not before its tests.
    let ignored = |at: &usize| tokens[..*at].iter().any(|token| token.starts_with("[ignore"));
    let Some(name) = at.filter(|at| !ignored(at)).and_then(|at| tokens.get(at + 1)) else {
        return r#"compile_error!("on_every_version stands before an async fn that is not ignored");"#
            .parse()
            .unwrap_or_default();
    };
    let run = |major| {
        format!(
            "#[test] fn v{major}() {{ crate::support::run_on(erpnext_schema::Version::V{major}, super::{name}()); }}"
        )
    };
    let module = format!("mod {name} {{ {} }}", MAJORS.map(run).concat());
    function.into_iter().chain(module.parse::<TokenStream>().unwrap_or_default()).collect()
}
