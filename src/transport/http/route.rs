//! What the address and the headers of a request name: the site, and how much of it is left.

use std::collections::BTreeSet;

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};

use super::refusal::Refusal;
use crate::config::{Narrowing, toolset};

const READ_ONLY: HeaderName = HeaderName::from_static("x-mcp-readonly");
const TOOLSETS: HeaderName = HeaderName::from_static("x-mcp-toolsets");
/// More toolsets than there are need not be named: each that there is not is told of.
const MOST_TOOLSETS: usize = 100;
/// The forms of an address.
pub const FORMS: &str = "/mcp or /mcp/SITE, each also followed by /readonly or /x/TOOLSET,TOOLSET, and also after /key";

/// What a path names: a site, unless it is the only one, and how much of it is left. None where nothing is served there.
/// After `/key` the same is served for clients that bring a key, and try nothing else.
pub fn route_of(path: &str) -> Option<(Option<&str>, Narrowing)> {
    let path = path.strip_prefix("/key").unwrap_or(path).strip_prefix("/mcp")?;
    let mut narrowing = Narrowing::default();
    let mut parts = path.split('/').peekable();
    // What stands before the first slash.
    if !parts.next()?.is_empty() {
        return None;
    }
    let site = parts.next_if(|part| !part.is_empty() && !["readonly", "x"].contains(part));
    while let Some(part) = parts.next() {
        match part {
            "readonly" if !narrowing.read_only => narrowing.read_only = true,
            "x" if narrowing.toolsets.is_none() => {
                narrowing.toolsets = Some(named(parts.next()?).filter(|sets| !sets.is_empty())?)
            }
            _ => return None,
        }
    }
    Some((site, narrowing))
}

/// Whether nobody is told of another way to sign in at this path than to bring a key, nor metadata of it is served.
pub fn is_for_keys(path: &str) -> bool {
    path.starts_with("/key")
}

/// The narrowing that the headers name.
///
/// # Errors
/// A header that cannot be read: what should have been less must not become more.
pub fn narrowing_by(headers: &HeaderMap) -> Result<Narrowing, Refusal> {
    let bad = |message: String| Refusal::new(StatusCode::BAD_REQUEST, message);
    let mut narrowing = Narrowing::default();
    for value in headers.get_all(READ_ONLY) {
        match value.to_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
            Ok("true" | "1" | "yes") => narrowing.read_only = true,
            Ok("false" | "0" | "no" | "") => {}
            _ => return Err(bad(format!("{READ_ONLY} is true or false"))),
        }
    }
    for value in headers.get_all(TOOLSETS) {
        let names = value.to_str().ok().and_then(named);
        let names =
            names.ok_or_else(|| bad(format!("{TOOLSETS} is a list of toolsets with commas between: selling,stock")))?;
        if !names.is_empty() && !names.contains("all") {
            narrowing = narrowing.and(Narrowing { toolsets: Some(names), ..Narrowing::default() });
        }
    }
    Ok(narrowing)
}

/// `selling,stock`, in an address also with `%2C`.
fn named(text: &str) -> Option<BTreeSet<String>> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    let names = text.split(',').map(toolset).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>();
    let are_names = names.iter().all(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    (are_names && names.len() <= MOST_TOOLSETS).then_some(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn of(read_only: bool, toolsets: &[&str]) -> Narrowing {
        let toolsets = Some(toolsets.iter().map(|set| (*set).to_owned()).collect::<BTreeSet<_>>());
        Narrowing { read_only, toolsets: toolsets.filter(|sets| !sets.is_empty()), ..Narrowing::default() }
    }

    #[test]
    fn an_address_names_what_is_left() {
        for (path, narrowing) in [
            ("/mcp", of(false, &[])),
            ("/key/mcp", of(false, &[])),
            ("/mcp/readonly", of(true, &[])),
            ("/key/mcp/x/selling", of(false, &["selling"])),
            ("/mcp/x/selling,Stock/readonly", of(true, &["selling", "stock"])),
            ("/mcp/readonly/x/selling%2Cquality-management", of(true, &["selling", "quality_management"])),
        ] {
            assert_eq!(route_of(path), Some((None, narrowing.clone())), "{path}");
            let of_a_site = path.replacen("/mcp", "/mcp/north", 1);
            assert_eq!(route_of(&of_a_site), Some((Some("north"), narrowing)), "{path}");
        }
        for path in [
            "/",
            "/mcp/",
            "/mcpx",
            "/mcp/x",
            "/mcp/x/",
            "/mcp/x/,",
            "/mcp/readonly/readonly",
            "/mcp/x/a/x/b",
            "/key",
            "/mcp/x/<b>",
        ] {
            assert_eq!(route_of(path), None, "{path}");
        }
    }

    #[test]
    fn headers_narrow_and_what_cannot_be_read_is_refused() {
        let by = |pairs: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            pairs.iter().for_each(|(name, value)| _ = headers.append(name, HeaderValue::from_str(value).unwrap()));
            narrowing_by(&headers).map_err(|refusal| refusal.status.as_u16())
        };
        assert_eq!(by(&[]), Ok(of(false, &[])));
        assert_eq!(
            by(&[(READ_ONLY, "true"), (READ_ONLY, "false"), (TOOLSETS, "selling, stock")]),
            Ok(of(true, &["selling", "stock"]))
        );
        assert_eq!(by(&[(TOOLSETS, "selling,stock"), (TOOLSETS, "stock")]), Ok(of(false, &["stock"])));
        assert_eq!(by(&[(TOOLSETS, "all")]), Ok(of(false, &[])));
        assert_eq!(by(&[(READ_ONLY, "perhaps")]), Err(400));
        assert_eq!(by(&[(TOOLSETS, "a;b")]), Err(400));
        let many = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
        assert!(by(&[(TOOLSETS, many(MOST_TOOLSETS).as_str())]).is_ok());
        assert_eq!(by(&[(TOOLSETS, many(MOST_TOOLSETS + 1).as_str())]), Err(400));
    }
}
