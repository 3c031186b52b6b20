//! Where a client may have people sent back to: what may be registered, and what then matches.

use crate::site::encode;

/// The most characters of one.
const LONGEST: usize = 500;
/// Schemes that a browser does not leave to a program of the person's machine.
const NOT_A_PROGRAM: [&str; 14] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// What an answer says: where an address said it before, two readers could take two values.
const ANSWERS: [&str; 4] = ["code", "error", "iss", "state"];

/// Whether a client may register it: https, http to the person's own machine, or the scheme of a program.
pub fn may_be(uri: &str) -> bool {
    let visible = uri.len() <= LONGEST && uri.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible || uri.contains(['#', '\\', '"', '<', '>', '`', '{', '}']) || answers(uri) {
        return false;
    }
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    match (scheme, authority(uri)) {
        // People are shown it, and nothing else may look like one.
        ("https", Some((host, _))) => {
            host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
                && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']'))
        }
        ("http", Some((host, _))) => loopback(host).is_some(),
        ("https" | "http", None) => false,
        _ => {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
            scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && scheme.chars().all(plain)
                && !NOT_A_PROGRAM.contains(&scheme)
                && (rest.starts_with("//") || scheme.contains('.'))
        }
    }
}

/// Whether the address that a client asks for is the one that it registered: to the letter, but for the port on the person's own
/// machine, which a program does not choose (RFC 8252).
pub fn matches(registered: &str, asked: &str) -> bool {
    let on_this_machine = |uri: &str| {
        let (host, path) = authority(uri.strip_prefix("http://").map(|_| uri)?)?;
        Some((loopback(host)?.to_owned(), path.to_owned()))
    };
    registered == asked
        || may_be(asked) && on_this_machine(registered).is_some_and(|one| on_this_machine(asked) == Some(one))
}

/// The host that people are shown: of a program its scheme, with the colon, so that `claude.ai:` is no host.
pub fn shown(uri: &str) -> &str {
    match uri.split_once(':') {
        Some(("https" | "http", _)) => authority(uri).map_or(uri, |(host, _)| host),
        Some((scheme, _)) => &uri[..=scheme.len()],
        None => uri,
    }
}

/// Whether a program on the person's own machine is meant, as anybody can say of themselves.
pub fn is_own_machine(uri: &str) -> bool {
    uri.starts_with("http://") && authority(uri).is_some_and(|(host, _)| loopback(host).is_some())
}

/// The same address with parameters after those that it has.
pub fn with(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut whole = uri.to_owned();
    for (name, value) in parameters {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(&format!("{name}={}", encode(value)));
    }
    whole
}

fn answers(uri: &str) -> bool {
    let pairs = uri.split_once('?').map_or("", |(_, query)| query).split(['&', ';', '?']);
    let mut names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    names.any(|name| ANSWERS.contains(&&*percent_encoding::percent_decode_str(name).decode_utf8_lossy()))
}

/// What stands after `//` behind the scheme, up to the path, and the rest. A `://` further on begins no host.
fn authority(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.split_once(':')?.1.strip_prefix("//")?;
    Some(rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())))
}

/// The host without its port, where it is the person's own machine.
fn loopback(authority: &str) -> Option<&str> {
    ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| {
        let port = authority.strip_prefix(host);
        port.is_some_and(|port| {
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_do_not_match() {
        let registered = "https://claude.ai/api/mcp/auth_callback";
        assert!(matches(registered, registered));
        for near in [
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai/api/mcp/auth_callback?x=1",
            "https://claude.ai/api/mcp/auth_callback#x",
            "https://claude.ai/api/mcp/Auth_callback",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "https://claude.ai@evil.example/api/mcp/auth_callback",
            "https://evil.example/https://claude.ai/api/mcp/auth_callback",
            "http://claude.ai/api/mcp/auth_callback",
            "https://claude.ai/api/mcp/../mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_callbac",
            "",
        ] {
            assert!(!matches(registered, near), "{near}");
        }
    }

    #[test]
    fn on_the_persons_own_machine_any_port_matches_and_nothing_else() {
        let registered = "http://localhost:33418/callback";
        for fits in ["http://localhost:1/callback", "http://localhost/callback", registered] {
            assert!(matches(registered, fits), "{fits}");
        }
        for near in [
            "http://127.0.0.1:33418/callback",
            "http://localhost:33418/callback/",
            "http://localhost:33418/other",
            "https://localhost:33418/callback",
            "http://localhost:x/callback",
            "http://localhost:70000/callback",
            "http://localhost.evil.example/callback",
            "http://localhost:1@evil.example/callback",
            "http://localhost:1/callback#x",
        ] {
            assert!(!matches(registered, near), "{near}");
        }
        assert!(!matches("https://example.com:1/cb", "https://example.com:2/cb"));
    }

    #[test]
    fn what_a_browser_would_run_or_send_in_the_clear_is_not_registered() {
        for good in [
            "https://chatgpt.com/connector/oauth/x1",
            "https://example.com/cb?x=code&codes=1",
            "http://127.0.0.1/",
            "http://[::1]:8080/cb",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/cb",
        ] {
            assert!(may_be(good), "{good}");
        }
        for bad in [
            "http://example.com/cb",
            "http://127.0.0.1.example.com/",
            "javascript://x/%0aalert(1)",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:/x",
            "https://me@example.com/",
            "https://example.com/#x",
            "https://exa mple.com/",
            "https://example.com\\@evil.example/",
            "http:evil.example?://127.0.0.1/cb",
            "http:evil.example/://127.0.0.1/cb",
            "https:evil.example/://claude.ai/cb",
            "https://x;frame-ancestors/",
            "https://x,y.example/",
            "https://*.example.com/",
            "https://example.com/cb?code=x",
            "https://example.com/cb?a=1&%69ss=x",
            "/cb",
            "",
        ] {
            assert!(!may_be(bad), "{bad}");
        }
    }

    #[test]
    fn parameters_come_after_those_that_are_there_and_are_encoded() {
        assert_eq!(
            with("https://a/?x=1", &[("code", "a b&c"), ("iss", "https://i")]),
            "https://a/?x=1&code=a%20b%26c&iss=https%3A%2F%2Fi"
        );
        assert_eq!((shown("cursor://x/y"), shown("https://a.example:8/b")), ("cursor:", "a.example:8"));
        assert!(is_own_machine("http://[::1]:8/x") && !is_own_machine("http://localhost.evil.example/"));
    }
}
