//! `erpnext-mcp tools`: what `tools/list` shows under a configuration, what it costs, and what to change to make it cheaper.

use std::io::Write;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::config::Mode;
use erpnext_mcp::tool::detail::Detail;
use erpnext_mcp::tool::listing::{Listing, listing, tokens};
use serde_json::{Value, json};

use super::global::Global;
use super::serve;

/// How the list is printed.
#[derive(Debug, clap::Args)]
pub struct Tools {
    /// Print JSON, with each tool's definition
    #[arg(long)]
    json: bool,
}

impl Tools {
    /// Prints the list; nothing is asked of the site.
    pub fn run(&self, global: &Global) -> anyhow::Result<()> {
        let mut config = global.load_offline()?;
        serve::is_of_one_site(&config)?;
        // The list can be made without an address and a key.
        let site = &mut config.erpnext;
        if site.url.is_empty() {
            "https://localhost".clone_into(&mut site.url);
        }
        (site.api_key, site.api_secret) = ("none".into(), "none".into());
        let (_, connection) = App::from_config(&config, Audit::default())?;
        let text = if self.json { as_json(&connection) } else { as_table(&connection) };
        std::io::stdout().lock().write_all(text.as_bytes())?;
        // On stderr, so that the JSON stays one.
        if let Some(where_to_go) = global.not_set_up() {
            let _ = writeln!(std::io::stderr(), "{where_to_go}");
        }
        Ok(())
    }
}

fn as_json(connection: &Connection) -> String {
    let listing = listing(&connection.session(), connection.registry());
    let tools = listing.tools.iter().map(|listed| {
        let (level, bytes) = (listed.level.as_str(), listed.bytes);
        json!({"name": listed.definition.name, "level": level, "bytes": bytes, "tokens": tokens(bytes),
            "definition": listed.definition.to_json()})
    });
    let sum = json!({
        "tools": tools.collect::<Value>(),
        "bytes": listing.bytes,
        "tokens": tokens(listing.bytes),
        "budget_tokens": connection.session().tools.budget_tokens,
        "found": connection.registry().tools().len() - listing.tools.len(),
    });
    format!("{sum:#}\n")
}

fn as_table(connection: &Connection) -> String {
    let listing = listing(&connection.session(), connection.registry());
    let widest = listing.tools.iter().map(|listed| listed.definition.name.len()).max().unwrap_or_default();
    let mut lines = vec![format!("{:<widest$}  {:<7}  {:>7}  {:>6}", "tool", "level", "bytes", "tokens")];
    lines.extend(listing.tools.iter().map(|listed| {
        let (name, level) = (listed.definition.name, listed.level.as_str());
        format!("{name:<widest$}  {level:<7}  {:>7}  {:>6}", listed.bytes, tokens(listed.bytes))
    }));
    let (sum, budget) = (tokens(listing.bytes), connection.session().tools.budget_tokens);
    lines.push(format!("{:<widest$}  {:<7}  {:>7}  {sum:>6}", "sum", "", listing.bytes));
    lines.push(String::new());
    let found = connection.registry().tools().len() - listing.tools.len();
    lines.push(format!(
        "{} tools are listed, {found} more are found with find_tools and called with call_tool. About {sum} tokens (four bytes \
         each) of a budget of {budget}.",
        listing.tools.len()
    ));
    lines.extend(levels(&listing));
    lines.extend(opened_by_default(connection));
    lines.push(advice(connection, &listing).to_owned());
    lines.join("\n") + "\n"
}

/// What the levels stand for, where there are others than `full`.
fn levels(listing: &Listing) -> Option<String> {
    let what = "compact shows the main fields of a tool, lean those that must be given: each takes all that is permitted, \
                and get_doctype_schema tells which.";
    listing.tools.iter().any(|listed| listed.level < Detail::Full).then(|| what.to_owned())
}

/// What `permissions.default` opens, where it opens anything: no tool of the list is for one of those alone.
fn opened_by_default(connection: &Connection) -> Option<String> {
    let policy = connection.session().policy;
    let opened = connection.registry().open_by_default().filter(|def| !policy.operations(def.name).is_empty()).count();
    let operations = policy.default_operations();
    (opened > 0).then(|| format!("permissions.default opens {opened} DocTypes that are not named, for: {operations}."))
}

/// What to change, where that could help.
fn advice(connection: &Connection, listing: &Listing) -> &'static str {
    let over = tokens(listing.bytes) as u64 > connection.session().tools.budget_tokens;
    let cut = listing.tools.iter().any(|listed| listed.level < Detail::Full);
    match (over, connection.session().tools.mode, cut) {
        (true, Mode::Full, _) => "tools.mode is full, which ignores the budget: set it to auto to stay within it.",
        (true, ..) => {
            "Over the budget: the core and tools.include are listed whatever they cost. Exclude tools (tools.exclude), \
             include fewer, or raise tools.budget_tokens."
        }
        (false, Mode::Auto, true) => {
            "To show more of each tool: name fewer DocTypes or operations under permissions, choose toolsets \
             (--toolsets selling,stock), limit allowed_fields, or raise tools.budget_tokens."
        }
        _ => "Within the budget.",
    }
}
