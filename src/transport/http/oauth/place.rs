//! Which paths are an authorization server's.

use crate::transport::http::route;

/// What a path leads to, each with the name of a site where it has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OAuthRoute<'a> {
    /// The metadata of what is served at a path; of the site's endpoint where it is empty.
    Resource(Option<&'a str>, &'a str),
    /// The metadata of the authorization server whose path this is.
    Server(Option<&'a str>, &'a str),
    /// An endpoint or a page of the server itself.
    Endpoint(Option<&'a str>, Endpoint),
}

/// An endpoint or a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// The person is asked.
    Authorize,
    /// The person has decided.
    Consent,
    /// The person comes back from the site.
    Callback,
    /// Tokens for a code or a refresh token.
    Token,
    /// A client registers.
    Register,
    /// A token is taken back.
    Revoke,
}

impl Endpoint {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "authorize" => Self::Authorize,
            "consent" => Self::Consent,
            "callback" => Self::Callback,
            "token" => Self::Token,
            "register" => Self::Register,
            "revoke" => Self::Revoke,
            _ => return None,
        })
    }

    /// Whether no browser comes here.
    pub fn is_for_programs(self) -> bool {
        matches!(self, Self::Token | Self::Register | Self::Revoke)
    }
}

impl<'a> OAuthRoute<'a> {
    /// The name of the site.
    pub fn site(&self) -> Option<&'a str> {
        match self {
            Self::Resource(site, _) | Self::Server(site, _) | Self::Endpoint(site, _) => *site,
        }
    }
}

/// What a path leads to, where it is an authorization server's.
pub fn place_of(path: &str) -> Option<OAuthRoute<'_>> {
    if let Some(path) = path.strip_prefix("/.well-known/oauth-protected-resource") {
        if path.is_empty() {
            return Some(OAuthRoute::Resource(None, ""));
        }
        // Where a key is brought, there is no other way to sign in.
        let (site, _) = route::route_of(path).filter(|_| !route::is_for_keys(path))?;
        return Some(OAuthRoute::Resource(site, path));
    }
    if let Some(end) = path.strip_prefix("/.well-known/oauth-authorization-server") {
        let site = end.strip_prefix("/oauth/").filter(|site| !site.is_empty() && !site.contains('/'));
        return (end.is_empty() || site.is_some()).then_some(OAuthRoute::Server(site, end));
    }
    let below = path.strip_prefix("/oauth/")?;
    let (site, name) = below.split_once('/').map_or((None, below), |(site, name)| (Some(site), name));
    Endpoint::of(name).filter(|_| site != Some("")).map(|endpoint| OAuthRoute::Endpoint(site, endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_metadata_and_the_endpoints_of_each_site_are_found() {
        for (path, place) in [
            ("/.well-known/oauth-protected-resource", OAuthRoute::Resource(None, "")),
            ("/.well-known/oauth-protected-resource/mcp", OAuthRoute::Resource(None, "/mcp")),
            (
                "/.well-known/oauth-protected-resource/mcp/north/readonly",
                OAuthRoute::Resource(Some("north"), "/mcp/north/readonly"),
            ),
            ("/.well-known/oauth-authorization-server", OAuthRoute::Server(None, "")),
            ("/.well-known/oauth-authorization-server/oauth/north", OAuthRoute::Server(Some("north"), "/oauth/north")),
            ("/oauth/token", OAuthRoute::Endpoint(None, Endpoint::Token)),
            ("/oauth/north/authorize", OAuthRoute::Endpoint(Some("north"), Endpoint::Authorize)),
        ] {
            assert_eq!(place_of(path), Some(place), "{path}");
        }
        for path in [
            "/.well-known/oauth-protected-resource/key/mcp",
            "/.well-known/oauth-protected-resourcex",
            "/.well-known/oauth-authorization-server/mcp",
            "/.well-known/openid-configuration",
            "/oauth",
            "/oauth/",
            "/oauth/north",
            "/oauth/a/b/token",
            "/oauth//token",
            "/mcp",
        ] {
            assert_eq!(place_of(path), None, "{path}");
        }
    }
}
