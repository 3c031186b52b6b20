//! What the tests share: a repository to run in, a site to run against, and the run itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const KEY: &str = "the-key";
pub const SECRET: &str = "s3cr3t-v4lue";
/// Where the snapshot of the version that [`list`] tells stands.
pub const SNAPSHOT: &str = "schema/snapshot/15";
pub const LIST: &str = "/api/resource/DocType";
pub const VERSIONS: &str = "/api/method/frappe.utils.change_log.get_versions";
pub const GETDOCTYPE: &str = "/api/method/frappe.desk.form.load.getdoctype";

/// A repository with nothing in it but `codegen.toml`.
pub struct Repo(TempDir);

/// This repository.
pub fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where these tests were built: with the same features, the libraries are built already.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("..")
}

/// Every file below a folder, by its path there → when it was written, and what it says.
pub fn files_below(folder: &Path) -> BTreeMap<String, (SystemTime, String)> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                open.push(file);
                continue;
            }
            let name = file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            let written = fs::metadata(&file).unwrap().modified().unwrap();
            files.insert(name, (written, fs::read_to_string(file).unwrap()));
        }
    }
    files
}

/// How a run ended and what it said.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Repo {
    pub fn new() -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.write("codegen/codegen.toml", "[refresh]\nall = true\n");
        fs::create_dir_all(repo.snapshot()).unwrap();
        repo
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// The repository as it is shipped: both snapshots, the choices, and nothing generated but the manifest's head.
    pub fn shipped() -> Self {
        Self(tempfile::tempdir().unwrap()).with_inputs()
    }

    /// [`Self::shipped`], to be compiled: at the same place always, as cargo knows by it what it has compiled there.
    pub fn to_compile() -> Self {
        let (place, name) = (Path::new(env!("CARGO_TARGET_TMPDIR")).join("clones"), "site");
        // A run that was killed left it.
        let _ = fs::remove_dir_all(place.join(name));
        fs::create_dir_all(&place).unwrap();
        Self(tempfile::Builder::new().prefix(name).rand_bytes(0).tempdir_in(place).unwrap()).with_inputs()
    }

    fn with_inputs(self) -> Self {
        for file in ["codegen/codegen.toml", "generated/Cargo.toml"] {
            self.write(file, &fs::read_to_string(shipped().join(file)).unwrap());
        }
        for (file, (_, text)) in files_below(&shipped().join("schema/snapshot")) {
            self.write(&format!("schema/snapshot/{file}"), &text);
        }
        self
    }

    /// Adds what is not here yet of this repository, and is neither built nor generated.
    fn add_the_rest(&self) {
        const LEFT_OUT: [&str; 4] = [".git", "target", "schema/snapshot", "generated/src"];
        let mut open = vec![PathBuf::new()];
        while let Some(below) = open.pop() {
            for entry in fs::read_dir(shipped().join(&below)).unwrap().map(Result::unwrap) {
                let path = below.join(entry.file_name());
                let to = self.root().join(&path);
                if LEFT_OUT.iter().any(|left| path == Path::new(left)) {
                    continue;
                }
                if entry.file_type().unwrap().is_dir() {
                    fs::create_dir_all(to).unwrap();
                    open.push(path);
                } else if !to.exists() {
                    fs::copy(entry.path(), to).unwrap();
                }
            }
        }
    }

    /// Cargo on the whole workspace, with what it does not find here from this repository.
    pub fn cargo(&self, args: &[&str]) -> Command {
        self.add_the_rest();
        self.tell_apart();
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.current_dir(self.root()).args(args).args(["--locked", "--offline", "--quiet"]);
        command.env("CARGO_TARGET_DIR", target());
        // What cargo tells these tests of their own package: ring watches some of it, and would be built anew with all that
        // stands on it, here and by the next cargo that is started without.
        const TOLD: [&str; 4] = ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_", "OUT_DIR"];
        for (name, _) in std::env::vars_os() {
            if TOLD.iter().any(|begin| name.to_string_lossy().starts_with(begin)) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Gives the packages another version: cargo would take those of the same name and version that are built already for
    /// these.
    fn tell_apart(&self) {
        let ours = format!("version = \"{}\"\n", env!("CARGO_PKG_VERSION"));
        let other = "version = \"0.0.0-clone\"\n";
        self.write("Cargo.toml", &self.read("Cargo.toml").replacen(&ours, other, 1));
        let lock = self.read("Cargo.lock");
        let mut packages: Vec<String> = lock.split("[[package]]\n").map(str::to_owned).collect();
        for package in packages.iter_mut().filter(|package| !package.contains("\nsource = ")) {
            *package = package.replacen(&ours, other, 1);
        }
        self.write("Cargo.lock", &packages.join("[[package]]\n"));
    }

    /// The snapshot of the version that the stand-in sites tell.
    pub fn snapshot(&self) -> PathBuf {
        self.root().join(SNAPSHOT)
    }

    pub fn write(&self, file: &str, text: &str) {
        let file = self.root().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    pub fn manifest(&self) -> Value {
        serde_json::from_str(&self.read(&format!("{SNAPSHOT}/manifest.json"))).unwrap()
    }

    /// Every file of the snapshot → when it was written, and what it says.
    pub fn files(&self) -> BTreeMap<String, (SystemTime, String)> {
        files_below(&self.snapshot())
    }

    pub fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    /// The command, with the credentials in the environment.
    pub fn command(&self, url: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codegen"));
        command.arg("--root").arg(self.root()).args(args);
        command.env("ERPNEXT_URL", url).env("ERPNEXT_API_KEY", KEY).env("ERPNEXT_API_SECRET", SECRET);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it; whatever happens, the secret is not told.
    pub fn run(&self, url: &str, args: &[&str]) -> Run {
        finish(self.command(url, args))
    }
}

pub fn finish(mut command: Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "the secret is told:\n{stdout}{stderr}");
    Run { code: output.status.code().unwrap_or(-1), stdout, stderr }
}

/// One field as a site describes it.
pub fn field(fieldname: &str, fieldtype: &str, options: &str) -> Value {
    json!({"fieldname": fieldname, "fieldtype": fieldtype, "options": options, "label": fieldname, "reqd": 0})
}

/// A DocType as a site describes it.
pub fn doctype(name: &str, module: &str, fields: &[Value]) -> Value {
    json!({"name": name, "doctype": "DocType", "module": module, "istable": 0, "fields": fields})
}

/// A child table as a site describes it.
pub fn child(name: &str, module: &str, fields: &[Value]) -> Value {
    let mut child = doctype(name, module, fields);
    child["istable"] = json!(1);
    child
}

/// A site that lists these DocTypes, and gives each with its child tables.
pub async fn site(doctypes: &[Value]) -> MockServer {
    let server = MockServer::start().await;
    list(&server, doctypes).await;
    for doctype in doctypes {
        let children = doctype["fields"].as_array().unwrap().iter().filter(|field| field["fieldtype"] == "Table");
        let children = children.filter_map(|field| doctypes.iter().find(|child| child["name"] == field["options"]));
        let docs: Vec<&Value> = std::iter::once(doctype).chain(children).collect();
        give(
            &server,
            doctype["name"].as_str().unwrap(),
            ResponseTemplate::new(200).set_body_json(json!({"docs": docs})),
        )
        .await;
    }
    server
}

/// Answers for the list of DocTypes and the versions.
pub async fn list(server: &MockServer, doctypes: &[Value]) {
    let row = |d: &Value| json!({"name": d["name"], "module": d["module"], "istable": d["istable"]});
    let rows: Vec<Value> = doctypes.iter().map(row).collect();
    let answer = ResponseTemplate::new(200).set_body_json(json!({"data": rows}));
    Mock::given(path(LIST)).respond_with(answer).mount(server).await;
    let versions =
        json!({"message": {"frappe": {"title": "F", "version": "15.1.0"}, "erpnext": {"version": "15.2.0"}}});
    Mock::given(path(VERSIONS)).respond_with(ResponseTemplate::new(200).set_body_json(versions)).mount(server).await;
}

/// What the site answers for one DocType, before anything mounted earlier.
pub async fn give(server: &MockServer, name: &str, answer: ResponseTemplate) {
    about(name).respond_with(answer).with_priority(4).mount(server).await;
}

/// Requests for one DocType.
pub fn about(name: &str) -> wiremock::MockBuilder {
    Mock::given(path(GETDOCTYPE)).and(query_param("doctype", name))
}

/// How often the site was asked for each DocType.
pub async fn asked(server: &MockServer) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for request in server.received_requests().await.unwrap().iter().filter(|request| request.url.path() == GETDOCTYPE) {
        let query: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
        assert_eq!(query.len(), 1, "nothing but the DocType is asked (H34): {query:?}");
        *asked.entry(query[0].1.clone()).or_default() += 1;
    }
    asked
}

/// How Frappe refuses.
pub fn refusal(status: u16, exc_type: &str) -> ResponseTemplate {
    let body =
        json!({"exc_type": exc_type, "_server_messages": "[\"{\\\"message\\\": \\\"<b>Verbatim words</b>\\\"}\"]"});
    ResponseTemplate::new(status).set_body_json(body)
}

/// What a proxy or a login form answers.
pub fn page(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html><body>a page</body></html>", "text/html")
}
