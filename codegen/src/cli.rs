//! The command line: which command runs on what, and which exit code it ends with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use erpnext_schema::Version;

use crate::choices::{self, Choices, Stock};
use crate::refresh::{self, Access, How, Keep, Wanted};
use crate::{add, diff, generate, migration};

const EXAMPLES: &str = "Examples:
  export ERPNEXT_URL=https://erp.example.com ERPNEXT_API_KEY=… ERPNEXT_API_SECRET=…
  cargo run -p codegen -- refresh                        what codegen.toml chooses
  cargo run -p codegen -- refresh --all --prune          the whole site
  cargo run -p codegen -- refresh --doctype 'Sales Order' --module CRM
  cargo run -p codegen -- generate --check               is generated/ up to date?
  cargo run -p codegen -- diff --json                    has the site changed?
  cargo run -p codegen -- diff 15 16                     what changed from one version to the next?
  cargo run -p codegen -- add 'Delivery Note'            one more DocType, ready to build";

/// Pulls DocType metadata from a site into its version's folder of schema/snapshot and writes generated/ from it.
#[derive(Parser)]
#[command(name = "codegen", after_help = EXAMPLES)]
struct Cli {
    /// The repository [default: the one that this is run in]
    #[arg(long, value_name = "DIR", global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the snapshot up to date with a live site
    ///
    /// DocTypes come from codegen.toml unless the options name them; child tables come along. One that the site
    /// does not give is named at the end and in manifest.json. Exit code 1: an error, with the snapshot untouched,
    /// or a DocType given with --doctype that could not be read.
    #[command(after_help = EXAMPLES)]
    Refresh {
        #[command(flatten)]
        site: SiteArgs,
        #[command(flatten)]
        which: Which,
        /// Keep the fields' descriptions (for your own site; not for the committed snapshot)
        #[arg(long)]
        descriptions: bool,
        /// Leave out what was added on the site: custom DocTypes, and custom fields but for those that the
        /// installation makes; what the set-up wizard hides is shown again (codegen.toml, [stock])
        #[arg(long)]
        stock: bool,
        /// Remove the files of DocTypes that the site no longer lists
        #[arg(long)]
        prune: bool,
    },
    /// Write generated/ from the snapshot
    Generate {
        /// Write nothing; fail where something would change
        #[arg(long)]
        check: bool,
    },
    /// Compare the snapshot with a live site, or the snapshots of two versions
    ///
    /// With a site, exit code 0: no drift; 1: drift. Two versions: what data must obey otherwise in the second, with
    /// exit code 0. 2: an error.
    #[command(after_help = EXAMPLES)]
    Diff {
        /// Two versions, such as 15 16, in the place of a site
        #[arg(num_args = 2, value_names = ["FROM", "TO"], conflicts_with_all = ["doctype", "module", "all"])]
        versions: Vec<Version>,
        #[command(flatten)]
        site: SiteArgs,
        #[command(flatten)]
        which: Which,
        /// Print JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Refresh one DocType and its child tables, put it into codegen.toml, generate
    #[command(after_help = EXAMPLES)]
    Add {
        /// Its name, as the site spells it
        doctype: String,
        #[command(flatten)]
        site: SiteArgs,
    },
}

#[derive(Args)]
struct SiteArgs {
    /// The site, as https://erp.example.com
    #[arg(long, env = "ERPNEXT_URL", hide_env_values = true)]
    url: Option<String>,
    /// API key of a user who may read the list of DocTypes
    #[arg(long, env = "ERPNEXT_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Its secret; better in the environment, where other users of the machine do not see it
    #[arg(long, env = "ERPNEXT_API_SECRET", hide_env_values = true)]
    api_secret: Option<String>,
    /// Send the secret unencrypted to another machine
    #[arg(long)]
    allow_insecure_http: bool,
    /// Requests at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
}

#[derive(Args)]
struct Which {
    /// This DocType (repeatable)
    #[arg(long, value_name = "NAME")]
    doctype: Vec<String>,
    /// Every DocType of this module (repeatable)
    #[arg(long, value_name = "NAME")]
    module: Vec<String>,
    /// Every DocType of the site
    #[arg(long, conflicts_with_all = ["doctype", "module"])]
    all: bool,
}

impl SiteArgs {
    fn access(&self) -> anyhow::Result<Access> {
        let given = |value: &Option<String>, option: &str, variable: &str| {
            let value = value.as_deref().map(str::trim).filter(|value| !value.is_empty());
            value.map(str::to_owned).with_context(|| format!("no site to ask: give {option} or set {variable}"))
        };
        Ok(Access {
            url: given(&self.url, "--url", "ERPNEXT_URL")?,
            key: given(&self.api_key, "--api-key", "ERPNEXT_API_KEY")?,
            secret: given(&self.api_secret, "--api-secret", "ERPNEXT_API_SECRET")?,
            allow_insecure_http: self.allow_insecure_http,
        })
    }
}

impl Which {
    fn is_given(&self) -> bool {
        self.all || !self.doctype.is_empty() || !self.module.is_empty()
    }

    /// What the options say, and where they say nothing, what `codegen.toml` says.
    fn wanted(&self, root: &Path) -> anyhow::Result<Wanted> {
        let (all, modules, doctypes) = if self.is_given() {
            (self.all, self.module.clone(), self.doctype.clone())
        } else {
            let chosen = Choices::load(root)?.refresh;
            (chosen.all, chosen.modules, chosen.doctypes)
        };
        if all {
            return Ok(Wanted::All);
        }
        if modules.is_empty() && doctypes.is_empty() {
            bail!("no DocType is chosen: give --all, --module or --doctype, or fill [refresh] in {}", choices::PATH);
        }
        Ok(Wanted::Some { modules, doctypes })
    }
}

/// Runs the command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let on_error = if matches!(cli.command, Command::Diff { .. }) { 2 } else { 1 };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(on_error)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let root = repository(cli.root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Command::Refresh { site, which, descriptions, stock, prune } => {
            let (access, wanted) = (site.access()?, which.wanted(&root)?);
            let how = How { jobs: site.jobs.into(), descriptions };
            let choices = if stock { Choices::load(&root)?.stock } else { Stock::default() };
            let keep = Keep { stock: stock.then_some(&choices), prune };
            let outcome = runtime.block_on(refresh::run(&root, &access, &wanted, how, keep))?;
            outcome.report(prune);
            let named = which.doctype.iter().any(|name| outcome.failures.contains_key(name));
            Ok(if named { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        Command::Generate { check } => {
            eprintln!("{}", generate::run(&root, check)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Diff { versions, json, .. } if !versions.is_empty() => {
            let [from, to] = versions[..] else { bail!("give two versions, such as 15 16") };
            let migration = migration::run(&root, from, to)?;
            let text = if json { serde_json::to_string_pretty(&migration)? + "\n" } else { migration.to_string() };
            std::io::stdout().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Diff { site, which, json, .. } => {
            let (access, wanted) = (site.access()?, which.wanted(&root)?);
            let drift = runtime.block_on(diff::run(&root, &access, wanted, which.is_given(), site.jobs.into()))?;
            let text = if json { serde_json::to_string_pretty(&drift)? + "\n" } else { drift.to_string() };
            std::io::stdout().write_all(text.as_bytes())?;
            Ok(if drift.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Add { doctype, site } => {
            runtime.block_on(add::run(&root, &site.access()?, &doctype, site.jobs.into()))?;
            eprintln!("{}", generate::run(&root, false)?);
            eprintln!("{doctype} has typed tools and a struct from the next build on: cargo build --release");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The repository: what was given, where Cargo runs this crate, or the nearest directory above that looks like it.
fn repository(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(root) = given {
        if !root.is_dir() {
            bail!("--root {}: no such directory", root.display());
        }
        return Ok(root);
    }
    let crate_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let start = crate_dir.map_or_else(std::env::current_dir, Ok)?;
    let found = start.ancestors().find(|dir| dir.join("schema").is_dir() && dir.join("codegen").is_dir());
    found.map(Path::to_owned).context("this is not the repository: change into it or give --root")
}
