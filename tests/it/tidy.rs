//! The rules of the source itself: which library is used where, how long files are, and what no file may contain.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder, as paths from the root with forward slashes; what is built or hidden left out.
pub fn files(below: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && (!name.starts_with('.') || name == ".ci") {
                folders.push(path);
            } else if path.is_file() && name != ".git" {
                let relative = path.strip_prefix(root()).unwrap();
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

pub fn rust_files(below: &str) -> Vec<String> {
    files(below).into_iter().filter(|file| file.ends_with(".rs")).collect()
}

pub fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The code of a file, without comments.
fn code(file: &str) -> String {
    let text = read(file);
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_one_of(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| if place.ends_with('/') { file.starts_with(place) } else { file == *place })
}

#[test]
fn libraries_are_used_only_where_they_belong() {
    for (library, places) in [
        ("rmcp::", &["src/server/", "src/transport/"][..]),
        ("reqwest", &["src/site/", "src/oauth/fetch.rs", "src/traces/"]),
        ("hyper::", &["src/transport/http/"]),
        ("prometheus_client", &["src/metrics.rs"]),
        ("opentelemetry", &["src/traces/", "src/server/traced.rs"]),
        ("calamine", &["src/extract/"]),
        ("lopdf", &["src/extract/"]),
        ("zip::", &["src/extract/"]),
        ("redis::aio", &["src/shared/"]),
    ] {
        for file in rust_files("src") {
            assert!(is_one_of(&file, places) || !code(&file).contains(library), "{file} uses {library}");
        }
    }
}

/// Whoever builds on the crate is promised what its documentation shows.
#[test]
fn the_documentation_of_the_crate_shows_the_api_alone() {
    let lib = read("src/lib.rs");
    let lines: Vec<&str> = lib.lines().collect();
    let shown = lines.windows(2).filter(|pair| pair[1].starts_with("pub mod ") && pair[0] != "#[doc(hidden)]");
    assert_eq!(shown.map(|pair| pair[1]).collect::<Vec<_>>(), ["pub mod api;"]);
}

#[test]
fn decisions_do_no_io() {
    let of_tokens = ["claims", "jwks", "jwt"].map(|name| format!("src/idp/{name}.rs"));
    let files = ["src/policy", "src/shape"].into_iter().flat_map(rust_files).chain(of_tokens);
    for file in files.filter(|file| !file.ends_with("tests.rs")) {
        for io in ["tokio", "std::fs", "std::net", "std::env", "reqwest", "std::io", "crate::site"] {
            assert!(!code(&file).contains(io), "{file} uses {io}");
        }
    }
}

/// The names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = read(manifest);
    let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn crates_depend_only_on_what_stands_below_them() {
    let schema = dependencies("schema/Cargo.toml");
    assert!(
        schema
            .iter()
            .all(|name| ["jiff", "serde", "serde_json", "strsim", "unicode-normalization"].contains(&name.as_str())),
        "{schema:?}"
    );
    assert_eq!(dependencies("generated/Cargo.toml"), BTreeSet::from(["erpnext-schema".to_owned()]));
    let codegen = dependencies("codegen/Cargo.toml");
    assert!(codegen.contains("erpnext-schema"), "{codegen:?}");
    // It must run while these are broken.
    assert!(!codegen.contains("erpnext-mcp") && !codegen.contains("erpnext-doctypes"), "{codegen:?}");
}

#[test]
fn generated_code_names_the_schema_only() {
    for file in rust_files("generated/src") {
        for line in code(&file).lines().map(str::trim_start) {
            let Some(import) = line.strip_prefix("use ").or_else(|| line.strip_prefix("pub use ")) else { continue };
            let from = import.split([':', ';', ' ']).next().unwrap();
            assert!(["erpnext_schema", "crate", "super", "self", "std"].contains(&from), "{file}: {line}");
        }
        assert!(!read(&file).contains("#[derive(Serialize") && !read(&file).contains("Deserialize)]"), "{file}");
    }
}

/// Structs and enums of generated code have the fields of the site that was read last: code that names one breaks with the
/// next site. The tables can be asked for anything.
#[test]
fn no_code_but_that_of_tests_names_a_generated_struct() {
    let is_struct = |name: &str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    let mut seen = 0;
    for file in ["src", "sandbox/src"].into_iter().flat_map(rust_files).filter(|file| !file.ends_with("tests.rs")) {
        let code = code(&file);
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
        assert!(!code.contains("use erpnext_doctypes"), "{file}: imports hide whether a name is that of a struct");
        for rest in code.split("erpnext_doctypes::").skip(1) {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            assert!(!is_struct(name), "{file} names erpnext_doctypes::{name}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn files_are_short_enough_to_read() {
    for file in rust_files(".") {
        let most = if file.starts_with("generated/src/") { 600 } else { 400 };
        let lines = read(&file).lines().count();
        assert!(lines <= most, "{file} has {lines} lines, more than {most}");
    }
}

/// The folders of tests that are written once and run on every version.
const ON_EVERY_VERSION: [&str; 7] = ["every_doctype", "hazards", "policy", "read", "reports", "stories", "write"];

#[test]
fn tests_of_tools_run_on_every_version() {
    let attribute = read("tests/attribute/src/lib.rs");
    let majors: Vec<u8> = erpnext_schema::Version::ALL.iter().map(|version| version.major()).collect();
    assert!(attribute.contains(&format!("= {majors:?};")), "tests/attribute: {majors:?}");
    for file in ON_EVERY_VERSION.iter().flat_map(|folder| rust_files(&format!("tests/it/{folder}"))) {
        // A recording says of which version it is.
        let of_recordings = "#[tokio::test]\n#[ignore = ";
        let plain = code(&file).replace(of_recordings, "").contains("#[tokio::test");
        assert!(!plain, "{file}: on_every_version stands before a test here");
    }
}

#[test]
fn only_tests_that_another_step_runs_are_ignored() {
    for file in rust_files(".") {
        let reason = match file.as_str() {
            "tests/it/http/redis.rs" => "#[ignore = \"needs a Redis\"]",
            "codegen/tests/refresh/typed.rs" => "#[ignore = \"builds the server\"]",
            "tests/it/http/oauth/suite.rs" => "#[ignore = \"needs the conformance suite\"]",
            file if file.starts_with("tests/it/http/oauth/browser/") => "#[ignore = \"needs a browser\"]",
            file if file.starts_with("tests/it/http/sdks/") => "#[ignore = \"needs the SDKs of clients\"]",
            _ => "#[ignore = \"needs the recordings of a real site\"]",
        };
        for line in read(&file).lines().map(str::trim_start).filter(|line| line.starts_with("#[ignore")) {
            assert_eq!(
                line, reason,
                "{file}: .ci/clients runs http::sdks, .ci/views http::oauth::browser, .ci/conformance http::oauth::suite, \
                 .ci/replicas http::redis, .ci/typed typed, and .ci/recordings all others"
            );
        }
    }
}

/// What a method that takes the leave hands its request to.
const HANDED_ON: [&str; 2] = ["method_write", "written"];
/// It keeps a result for its user and changes no document: ARCHITECTURE.md says why it takes a permit instead.
const IN_THE_BACKGROUND: &str = "prepare_report";

#[test]
fn whatever_sends_a_write_takes_the_leave_to() {
    let mut taking = 0;
    for file in rust_files("src/site").into_iter().filter(|file| !file.contains("/tests") && !file.contains("_tests")) {
        let code = code(&file);
        let methods = code.split("#[cfg(test)]").next().unwrap().split("fn ").skip(1);
        for (head, body) in methods.filter_map(|method| method.split_once('{')) {
            let name = head.split(['(', '<']).next().unwrap();
            let handed = HANDED_ON.iter().any(|to| body.contains(&format!(".{to}(")));
            if !handed && !body.contains("writes: true") || HANDED_ON.contains(&name) || name == IN_THE_BACKGROUND {
                continue;
            }
            assert!(head.contains("Cleared<"), "{file}: {name} sends a write, and takes no Cleared");
            taking += 1;
        }
    }
    assert!(taking >= 15, "only {taking} methods that write were found");
}

/// What a power cut leaves cannot be tried here.
#[test]
fn whoever_renames_a_file_has_its_folder_keep_the_name() {
    let renames = |file: &&String| ["fs::rename(", ".persist("].iter().any(|call| code(file).contains(call));
    let files = rust_files("src");
    let renaming: Vec<&String> = files.iter().filter(renames).collect();
    assert!(renaming.len() >= 2, "{renaming:?}");
    for file in renaming {
        assert!(code(file).contains("keep_name("), "{file}: files::keep_name");
    }
}

#[test]
fn no_file_names_a_place_on_the_machine_it_was_written_on() {
    let mut places = vec![format!("{}root/", '/'), format!("{}Users/", '/')];
    places.extend(root().parent().map(|parent| format!("{}/", parent.display())).filter(|parent| parent.len() > 3));
    places.extend(std::env::var("HOME").ok().filter(|home| home.len() > 3).map(|home| format!("{home}/")));
    for file in files(".").into_iter().filter(|file| file != "Cargo.lock") {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for place in &places {
            assert!(!text.contains(place.as_str()), "{file} contains {place}");
        }
    }
}
