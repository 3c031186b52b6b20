//! `erpnext-mcp doctor --newer`: whether there is a newer release of this program. Without the flag nobody is asked.

use erpnext_mcp::check::Finding;
use erpnext_mcp::site::{Outside, Seen, Unseen};

/// Leads to the page of the newest release.
const LATEST: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/releases/latest");
/// The release that runs.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// What the repository says.
pub async fn examined() -> Finding {
    let asked = async {
        let outside = Outside::new(true)?;
        outside.get(LATEST).await
    };
    found(asked.await)
}

fn found(asked: Result<Seen, Unseen>) -> Finding {
    let location = match asked {
        Ok(seen) => seen.location.unwrap_or_default(),
        Err(unseen) => {
            let what = format!("versions: {LATEST} cannot be reached: {}", unseen.why);
            return Finding::warning(what, "look there from another machine");
        }
    };
    let newest = location.rsplit_once("/releases/tag/v").map_or("", |(_, version)| version);
    match (numbers(newest), numbers(OWN)) {
        (None, _) => Finding::warning(
            format!("versions: {LATEST} leads to no release that this program understands"),
            "look there for yourself",
        ),
        (there, here) if there > here => Finding::warning(
            format!("versions: erpnext-mcp {newest} is there, and this is {OWN}"),
            "read in its CHANGELOG.md what is to be done, and upgrade the way in which this one was installed",
        ),
        _ => Finding::ok(format!("versions: erpnext-mcp {OWN} is the newest")),
    }
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_mcp::check::Level;
    use erpnext_mcp::site::{Seen, Unseen};
    use serde_json::Value;

    use super::{OWN, found, numbers};

    #[test]
    fn a_newer_release_is_told_and_what_is_not_understood_is_not_taken_for_none() {
        let [major, minor, patch] = numbers(OWN).unwrap();
        let page = |version: String| Some(format!("https://example.com/releases/tag/v{version}"));
        for (location, level, words) in [
            (page(OWN.to_owned()), Level::Ok, "is the newest"),
            (page(format!("{major}.{minor}.{}", patch + 10)), Level::Warning, "is there, and this is"),
            (page(format!("{}.0.0", major + 1)), Level::Warning, "is there, and this is"),
            (page("next".to_owned()), Level::Warning, "no release"),
            (Some("https://example.com/login".to_owned()), Level::Warning, "no release"),
            (None, Level::Warning, "no release"),
        ] {
            let told = found(Ok(Seen { status: 302, challenge: None, location, body: Value::Null }));
            assert!(told.level == level && told.what.contains(words), "{words}: {}", told.what);
        }
        let away = found(Err(Unseen { is_tls: false, why: "no route".to_owned() }));
        assert!(away.level == Level::Warning && away.what.contains("no route"), "{}", away.what);
    }
}
