//! `erpnext-mcp demo` of a build without the sample site: it says so.

use super::global::Global;

/// Whatever the demo of a whole build takes.
#[derive(Debug, clap::Args)]
pub struct Demo {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

impl Demo {
    /// Nothing is served.
    ///
    /// # Errors
    /// Always, with where a demo is to be had.
    pub fn run(self, _: &Global) -> anyhow::Result<()> {
        let asked = ["demo".to_owned()].into_iter().chain(self.options).collect::<Vec<_>>().join(" ");
        anyhow::bail!("{asked}: this build has no sample site; one with the feature `sandbox`, as by default, has it")
    }

    /// Whether no MCP is served.
    pub fn is_site_only(&self) -> bool {
        false
    }
}
