//! That the sources of the packages can be packed: `.ci/release` builds and tries them, which takes too long for every change.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::loaded;
use crate::stdio::command;
use crate::tidy::{files, read, root};

/// A line `name = "…"` of the manifest.
fn stated(name: &str) -> String {
    let manifest = read("Cargo.toml");
    let value = manifest.split(&format!("\n{name} = \"")).nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

fn sources() -> Vec<String> {
    let texts = files("packaging").into_iter().filter(|file| !file.ends_with(".png"));
    texts.collect()
}

/// A template with what `packaging/pack.py` puts into it.
fn filled(file: &str) -> String {
    let (version, repository) = (stated("version"), stated("repository"));
    let facts = [
        ("@VERSION@", version.as_str()),
        ("@DESCRIPTION@", &stated("description")),
        ("@LICENSE@", &stated("license")),
        ("@REPOSITORY@", &repository),
        ("@OWNER@", "owner"),
        ("@IMAGE@", "ghcr.io/owner/erpnext-mcp"),
        ("@MCP_NAME@", "io.github.owner/erpnext-mcp"),
        ("@RELEASE@", &format!("{repository}/releases/download/v{version}")),
        ("@PLATFORM@", "linux"),
        ("@EXE@", ""),
        ("@SHA256:mcpb@", &"0".repeat(64)),
    ];
    facts.iter().fold(read(file), |text, (name, fact)| text.replace(name, fact))
}

fn parsed(file: &str) -> Value {
    serde_json::from_str(&filled(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn targets() -> Vec<Value> {
    parsed("packaging/targets.json").as_array().unwrap().clone()
}

#[test]
fn version_and_owner_are_stated_once_in_the_manifest() {
    let (version, repository) = (stated("version"), stated("repository"));
    for file in sources().into_iter().chain([".ci/release".to_owned()]) {
        let text = read(&file);
        assert!(!text.contains(&version) && !text.contains(&repository), "{file} states what Cargo.toml states");
    }
}

#[test]
fn packages_of_json_can_be_read_and_the_registry_takes_its_entry() {
    for file in sources().into_iter().filter(|file| file.ends_with(".json")) {
        parsed(&file);
    }
    let entry = parsed("packaging/registry/server.json");
    let schema = parsed("packaging/registry/server.schema.json");
    let wrong: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&entry).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let mut without = entry.clone();
    without["packages"][3].as_object_mut().unwrap().remove("fileSha256");
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&without), "a bundle needs its checksum");
}

#[tokio::test]
async fn the_bundle_starts_the_program_with_options_and_presets_that_there_are() {
    let manifest = parsed("packaging/mcpb/manifest.json");
    let settings = &manifest["user_config"];
    assert_eq!(settings["api_secret"]["sensitive"], true);
    assert_eq!(
        (&settings["read_only"]["default"], &settings["open"]["default"]),
        (&json!(true), &json!("read-only-analyst"))
    );
    let offered = settings["open"]["description"].as_str().unwrap().replace(" or ", ", ");
    for preset in offered.split(", ") {
        assert!(root().join(format!("config/{preset}.json")).exists(), "{preset}");
    }
    let named = manifest.to_string();
    for setting in settings.as_object().unwrap().keys() {
        assert!(named.contains(&format!("${{user_config.{setting}}}")), "{setting} is asked for and not used");
    }
    let (mut program, _folder) = command(&json!({}));
    let args = manifest["server"]["mcp_config"]["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
    assert_eq!(args.clone().next(), Some("--config"), "the first two are those of this configuration");
    let args = args.skip(2).map(|arg| arg.replace("${user_config.read_only}", "true"));
    assert!(program.args(args).arg("--help").output().await.unwrap().status.success());
}

#[test]
fn the_servers_of_compose_tell_how_they_are_where_their_configuration_says() {
    let compose = read("packaging/container/compose.yaml");
    let config = root().join("packaging/container/config.json");
    assert!(compose.contains("\"/etc/erpnext-mcp/config.json\", \"health\"]"), "{compose}");
    assert!(loaded(&config).http.status_listen.is_some());
    for name in ["MCP_REDIS_URL", "MCP_REDIS_KEY", "MCP_AUDIT_REPLICA"] {
        assert!(read("docs/configuration.md").contains(name) && compose.contains(name), "{name}");
    }
}

#[test]
fn what_is_downloaded_by_its_name_is_among_the_targets() {
    let targets = targets();
    let known: BTreeSet<&str> = targets.iter().map(|target| target["target"].as_str().unwrap()).collect();
    for file in ["packaging/install/install.sh", "packaging/homebrew/erpnext-mcp.rb"] {
        let text = read(file);
        let words = text.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c));
        let named: BTreeSet<&str> =
            words.filter(|word| word.contains("-linux-gnu") || word.contains("-apple-")).collect();
        let named: BTreeSet<&str> = named.iter().map(|word| word.trim_start_matches('-')).collect();
        assert_eq!(named.len(), 3, "{file}: {named:?}");
        assert!(named.is_subset(&known), "{file}: {named:?}");
    }
}

#[test]
fn the_workflows_build_every_target_and_call_scripts_that_there_are() {
    let release = read(".github/workflows/release.yml");
    let built: BTreeSet<&str> = release.split("target: ").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    let targets = targets();
    assert_eq!(built, targets.iter().map(|target| target["target"].as_str().unwrap()).collect());
    let both = release + &read(".github/workflows/ci.yml");
    let scripts: BTreeSet<&str> = both
        .split(".ci/")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '-').next())
        .collect();
    assert_eq!(scripts, BTreeSet::from(["push-image", "release", "run"]));
    assert!(scripts.iter().all(|script| root().join(".ci").join(script).exists()));
}

#[test]
fn contributors_are_told_of_every_script_that_they_run() {
    let page = read("CONTRIBUTING.md");
    // What another script calls, and what only the release workflow does.
    let others = ["browser", "node", "palette", "push-image"];
    let scripts = files(".ci").into_iter().filter(|file| !others.iter().any(|other| file.ends_with(other)));
    let missing: Vec<String> = scripts.filter(|script| !page.contains(&format!("`{script}"))).collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md: no word of {missing:?}");
}
