//! Where secrets come from: the environment, the file itself, a file of its own, or a command. Never the command
//! line, which every user of the machine can read.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::reader::Reader;
use super::sections::{Env, For};

/// How long a command may take; somebody may have to unlock a key ring.
const TIMEOUT: Duration = Duration::from_secs(30);
/// More than any secret has.
const MOST_BYTES: u64 = 4096;

/// The secret under a key of a section, or in the file `KEY_file`, or as what `KEY_command` prints; a variable of the
/// environment wins over all three. Noted where there is none, or more than one.
pub(super) fn stated(
    purpose: For,
    section: &Reader<'_>,
    key: &str,
    (env, variable): (Env<'_>, &str),
    missing: &str,
) -> SecretString {
    let (in_file, printed) = (format!("{key}_file"), format!("{key}_command"));
    let text = section.text(key).filter(|text| !text.is_empty());
    let file = section.text(&in_file).filter(|path| !path.is_empty());
    section.asks(&printed, || json!({"type": "array", "minItems": 1, "items": {"type": "string"}}));
    let command = section.list(&printed, "text");
    let fetched = match (env(variable), text, file, command) {
        (Some(secret), ..) => Ok(secret.into()),
        (_, Some(_), Some(_), _) | (_, Some(_), _, Some(_)) | (_, _, Some(_), Some(_)) => {
            Err(format!("there are two of {key}, {in_file} and {printed}; keep one"))
        }
        (_, Some(text), ..) => Ok(text.into()),
        _ if purpose != For::Site => return SecretString::default(),
        (_, _, Some(path), _) => from_file(Path::new(path)),
        (.., Some(words)) => from_command(&words.into_iter().map(|(_, word)| word).collect::<Vec<_>>()),
        _ => Err(missing.to_owned()),
    };
    let checked = fetched.and_then(|secret: SecretString| match secret.expose_secret() {
        "" => Err("there is nothing in it".to_owned()),
        _ => Ok(secret),
    });
    checked.map_err(|message| section.errors.note(section.at(key), message)).unwrap_or_default()
}

/// The key that seals what is kept, from the variable or the file that `key_file` names; none where neither is stated.
pub(super) fn key(purpose: For, section: &Reader<'_>, (env, variable): (Env<'_>, &str)) -> Option<SecretString> {
    let file = section.text("key_file").filter(|path| !path.is_empty());
    let fetched = match (env(variable), file) {
        (Some(key), _) => Ok(SecretString::from(key)),
        (None, Some(path)) if purpose == For::Site => from_file(Path::new(path)),
        _ => return None,
    };
    let checked = fetched.and_then(|key: SecretString| match bytes(key.expose_secret()) {
        Some(_) => Ok(key),
        None => Err("expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them".to_owned()),
    });
    checked.map_err(|message| section.errors.note(section.at("key_file"), message)).ok()
}

/// What 64 hexadecimal digits stand for.
pub(super) fn bytes(text: &str) -> Option<[u8; 32]> {
    let digits = text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    bytes.filter(|_| digits).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
}

/// The text of a file, without the space around it.
///
/// # Errors
/// Why it cannot be read; nothing of what is in it.
pub(super) fn from_file(path: &Path) -> Result<SecretString, String> {
    let failed = |why: std::io::Error| format!("{} cannot be read: {why}", path.display());
    read(File::open(path).map_err(failed)?).map_err(failed)
}

/// What a command prints, without the space around it. No shell is involved.
///
/// # Errors
/// Why there is none; nothing of what was printed.
pub(super) fn from_command(argv: &[&str]) -> Result<SecretString, String> {
    let [program, arguments @ ..] = argv else { return Err("expected a program and its arguments".to_owned()) };
    let mut command = Command::new(program);
    // What it complains of may hold the secret, and would be written to the log of whoever started this program.
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|why| format!("{program} cannot be started: {why}"))?;
    let Some(output) = child.stdout.take() else { return Err(format!("{program} has no output")) };
    let (said, heard) = mpsc::channel();
    // Whoever keeps the output open longer than that is not waited for.
    std::thread::spawn(move || said.send(read(output)));
    let started = Instant::now();
    let text = heard.recv_timeout(TIMEOUT);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if !status.success() => {
                return Err(format!("{program} failed ({status}); run it by hand to see why"));
            }
            Ok(Some(_)) => break,
            Ok(None) if text.is_ok() && started.elapsed() < TIMEOUT => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program} did not finish within {} seconds", TIMEOUT.as_secs()));
            }
        }
    }
    match text {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(why)) => Err(format!("what {program} printed cannot be read: {why}")),
        Err(_) => Err(format!("{program} left its output open")),
    }
}

fn read(from: impl Read) -> std::io::Result<SecretString> {
    let mut text = String::new();
    from.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(SecretString::from(text.trim()))
}

/// The warnings about a configuration file with this text, and about the files that it names for secrets.
pub(super) fn exposed_by(file: &Path, text: &str) -> Vec<String> {
    let stated: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).unwrap_or_default();
    let mut found = Vec::new();
    hold_secrets(&stated, file, &mut found);
    found.into_iter().filter_map(exposed).collect()
}

/// The files that hold secrets, by all sections of the configuration in `itself`.
fn hold_secrets<'a>(stated: &'a Value, itself: &'a Path, found: &mut Vec<&'a Path>) {
    for (key, value) in stated.as_object().into_iter().flatten() {
        hold_secrets(value, itself, found);
        let text = value.as_str().unwrap_or_default();
        let place = match key.as_str() {
            _ if text.is_empty() => continue,
            "api_secret" | "client_secret" => itself,
            // With the password of a Redis.
            "url" if text.starts_with("redis") && text.contains('@') => itself,
            "api_secret_file" | "client_secret_file" | "url_file" | "key_file" => Path::new(text),
            _ => continue,
        };
        if !found.contains(&place) {
            found.push(place);
        }
    }
}

/// A warning where others than the owner and the group may read a file that holds a secret.
#[cfg(unix)]
fn exposed(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let path = path.display();
    (mode & 0o004 != 0)
        .then(|| format!("{path} holds a secret, and every user of this machine may read it; run: chmod 600 {path}"))
}

/// Where rights are not told by a mode, nothing is said of them.
#[cfg(not(unix))]
fn exposed(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::{exposed, exposed_by, from_command, from_file};

    #[test]
    fn a_file_gives_its_text_and_its_error_gives_nothing_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "canary\n").unwrap();
        assert_eq!(from_file(file.path()).unwrap().expose_secret(), "canary");
        assert!(from_file(&file.path().join("x")).unwrap_err().contains("cannot be read"));
        std::fs::write(file.path(), b"canary\xff").unwrap();
        assert!(!from_file(file.path()).unwrap_err().contains("canary"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everyone_may_read_is_warned_about() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposed(file.path()).is_some(), warned, "{mode:o}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn whatever_secret_a_configuration_holds_everyone_who_may_read_it_is_warned_about() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        let key = json!({"api_key": "k", "api_secret": "s"});
        for (stated, warnings) in [
            (json!({"erpnext": key}), 1),
            (json!({"sign_in": {"tokens": {"ci": key}}}), 1),
            (json!({"sign_in": {"idp": {"users": {"ann@example.com": key}}}}), 1),
            (json!({"sign_in": {"oauth": {"client_secret": "s"}}}), 1),
            (json!({"sites": {"north": {"erpnext": key}}}), 1),
            (json!({"http": {"redis": {"url": "rediss://:pass@10.0.0.5"}}}), 1),
            (json!({"http": {"redis": {"url": "redis://10.0.0.5", "key_file": file.path()}}}), 1),
            (json!({"erpnext": key, "sign_in": {"oauth": {"client_secret": "s"}}}), 1),
            (json!({"erpnext": {"url": "https://erp.example.com", "api_secret": ""}}), 0),
            (json!({"http": {"redis": {"url": "redis://10.0.0.5"}}}), 0),
        ] {
            assert_eq!(exposed_by(file.path(), &stated.to_string()).len(), warnings, "{stated}");
            assert_eq!(exposed_by(file.path(), &format!("\u{feff}{stated}")).len(), warnings, "{stated}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gives_what_it_prints_and_no_shell_reads_its_arguments() {
        assert_eq!(from_command(&["printf", "%s\n", "a$HOME;b"]).unwrap().expose_secret(), "a$HOME;b");
        assert!(from_command(&["false"]).unwrap_err().contains("false failed"));
        assert!(from_command(&["no-such-program-4711"]).unwrap_err().contains("cannot be started"));
        assert!(from_command(&[]).is_err());
    }
}
