//! A browser without a window, that plays scenarios with the host of `host.html`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const HOST: &str = include_str!("host.html");
/// What Chromium says of the host itself, whose frame is of its own origin so that it can be looked into.
const OF_THE_HOST: &str = "allow-scripts and allow-same-origin";

fn browser() -> PathBuf {
    let named = std::env::var_os("CHROME").map(PathBuf::from);
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let known = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = known.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    named
        .or_else(|| found.into_iter().find(|file| file.is_file()))
        .expect("no browser: install chromium, or name one in CHROME")
}

/// Plays the scenarios, and gives what came of each.
pub fn play(name: &str, scenarios: &[Value]) -> Vec<Value> {
    play_with("", name, scenarios)
}

/// The same with axe-core at hand, for the step `axe`.
pub fn play_with_axe(name: &str, scenarios: &[Value]) -> Vec<Value> {
    let file = std::env::var_os("AXE").expect("no axe-core: .ci/views installs it, or name its axe.min.js in AXE");
    play_with(&std::fs::read_to_string(file).unwrap(), name, scenarios)
}

fn play_with(axe: &str, name: &str, scenarios: &[Value]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let output = chromium(&folder, axe, scenarios, &["--dump-dom"]).output().unwrap();
    let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let said: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE") && !line.contains(OF_THE_HOST)).collect();
    assert!(said.is_empty(), "{name}: {said:#?}");
    let outcomes = dom.split("<pre id=\"outcomes\" hidden=\"\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let outcomes = outcomes.unwrap_or_else(|| panic!("{name}: the scenarios did not end\n{log}"));
    let outcomes = outcomes.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    serde_json::from_str(&outcomes).unwrap()
}

/// Draws the scenario as it is at its end, this many pixels high, into a PNG.
pub fn picture(file: &Path, scenario: &Value, height: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut scenario = scenario.clone();
    scenario["stays"] = json!(true);
    let window = format!("--window-size={},{height}", scenario["width"]);
    let into = format!("--screenshot={}", file.display());
    let drawn = chromium(&folder, "", &[scenario], &[&window, &into]).output().unwrap();
    assert!(drawn.status.success() && file.is_file(), "{}: {}", file.display(), String::from_utf8_lossy(&drawn.stderr));
}

/// The browser at a page of the host with these scenarios; all that it keeps is in this folder.
fn chromium(folder: &TempDir, axe: &str, scenarios: &[Value], options: &[&str]) -> Command {
    let page = folder.path().join("host.html");
    // Neither may end the element that it stands in.
    let axe = serde_json::to_string(axe).unwrap().replace('<', "\\u003c");
    let text = serde_json::to_string(scenarios).unwrap().replace('<', "\\u003c");
    std::fs::write(&page, HOST.replace("AXE_CORE", &axe).replace("SCENARIOS", &text)).unwrap();
    let mut command = Command::new(browser());
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"]);
    // Time runs as fast as the page: a scenario takes some hundred milliseconds of it.
    command.arg("--virtual-time-budget=60000").args(options);
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    command.arg(format!("file://{}", page.display()));
    command
}
