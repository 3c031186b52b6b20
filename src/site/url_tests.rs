#![allow(clippy::unwrap_used)]

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::{BadUrl, SiteUrl, query_string, resource_path};

fn site() -> SiteUrl {
    SiteUrl::parse("https://erp.example.com/erp/", false).unwrap()
}

/// What the request line holds, after all that the URL parser does to it.
fn sent(doctype: &str, name: &str) -> Option<String> {
    let path = resource_path(doctype, Some(name)).ok()?;
    let url = site().join(&path, "").unwrap();
    assert_eq!((url.query(), url.fragment()), (None, None));
    assert_eq!(url.host_str(), Some("erp.example.com"));
    Some(url.path().to_owned())
}

#[test]
fn names_with_special_characters_stay_one_segment() {
    for (name, encoded) in [
        ("a#b", "a%23b"),
        ("a?b", "a%3Fb"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("%2e%2e", "%252e%252e"),
        ("x y", "x%20y"),
        ("ünï", "%C3%BCn%C3%AF"),
        ("a+b", "a%2Bb"),
        ("a\\b", "a%5Cb"),
        ("...", "..."),
        ("a..b", "a..b"),
    ] {
        assert_eq!(sent("Sales Order", name).unwrap(), format!("/erp/api/resource/Sales%20Order/{encoded}"));
    }
}

#[test]
fn the_desk_stands_below_the_sites_prefix() {
    assert_eq!(site().desk("Sales Order"), "https://erp.example.com/erp/app/sales-order");
    assert_eq!(site().desk("A/B & C"), "https://erp.example.com/erp/app/a%2Fb-%26-c");
}

#[test]
fn names_that_cannot_reach_their_document_are_refused_with_the_rule() {
    let long = "x".repeat(141);
    for (name, rule) in [
        ("", "is empty"),
        ("  ", "is empty"),
        (".", "'.' or '..'"),
        ("..", "'.' or '..'"),
        ("../../method/ping", "'.' or '..'"),
        ("a/../b", "'.' or '..'"),
        ("..\\x", "'.' or '..'"),
        ("/a", "begins or ends"),
        ("a/", "begins or ends"),
        ("a\nb", "control character"),
        ("a\u{0}", "control character"),
        (&long, "140 characters"),
    ] {
        let error = resource_path("UOM", Some(name)).unwrap_err().0;
        assert!(error.contains(rule) && error.starts_with("the document name"), "{name:?}: {error}");
    }
    assert!(resource_path("..", None).unwrap_err().0.starts_with("the DocType name"));
}

#[test]
fn a_path_that_the_url_parser_would_change_is_not_built() {
    for path in ["/api/resource/UOM/..", "/api/resource/UOM/%2e%2E", "/api/./x", "/api?x", "/a b"] {
        let joined = site().join(path, "");
        assert!(joined.is_none_or(|url| url.query().is_some()), "{path}");
    }
}

proptest! {
    #[test]
    fn any_name_reaches_exactly_that_document_or_is_refused(doctype in any::<String>(), name in any::<String>()) {
        reaches_or_refused(&doctype, &name)?;
    }

    #[test]
    fn names_made_of_traps_reach_exactly_that_document_or_are_refused(
        parts in prop::collection::vec(prop::sample::select(vec![
            ".", "..", "/", "\\", "%2e", "%2E", "%2f", "%", "#", "?", "&", ";", "@", ":", "+", " ", "\t", "\r\n", "a", "ü",
        ]), 0..8),
    ) {
        reaches_or_refused("Customer", &parts.concat())?;
    }
}

fn reaches_or_refused(doctype: &str, name: &str) -> Result<(), TestCaseError> {
    if let Some(path) = sent(doctype, name) {
        let segments: Vec<_> = path.strip_prefix("/erp/api/resource/").unwrap().split('/').collect();
        prop_assert_eq!(segments.len(), 2);
        prop_assert_eq!(percent_decode_str(segments[0]).decode_utf8().unwrap(), doctype);
        prop_assert_eq!(percent_decode_str(segments[1]).decode_utf8().unwrap(), name);
    }
    Ok(())
}

#[test]
fn good_addresses_are_kept_with_their_prefix() {
    for (given, kept) in [
        ("https://erp.example.com", "https://erp.example.com"),
        (" https://ERP.example.com/ ", "https://erp.example.com"),
        ("https://example.com:8443/erp/", "https://example.com:8443/erp"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost:8790/", "http://localhost:8790"),
        ("http://Dev.localhost:8000", "http://dev.localhost:8000"),
    ] {
        assert_eq!(SiteUrl::parse(given, false).unwrap().as_str(), kept);
    }
    assert!(SiteUrl::parse("http://erp.lan", true).is_ok());
}

#[test]
fn bad_addresses_are_refused_with_what_to_write() {
    for (given, hint) in [
        ("erp.example.com", "write \"https://erp.example.com\""),
        ("localhost:8000", "write \"https://localhost:8000\""),
        ("ftp://erp.example.com", "write \"https://erp.example.com\""),
        ("", "write \"https://erp.example.com\""),
        ("https://", "is no URL"),
        ("https://erp.example.com/?x=1", "write \"https://erp.example.com\""),
        ("https://erp.example.com/app#x", "write \"https://erp.example.com/app\""),
        ("http://erp.example.com:8000", "write \"https://erp.example.com:8000\""),
        ("http://10.0.0.1", "allow_insecure_http"),
        ("http://localhost.example.com", "allow_insecure_http"),
        ("http://evillocalhost", "allow_insecure_http"),
        ("http://128.0.0.1", "allow_insecure_http"),
    ] {
        let error = SiteUrl::parse(given, false).unwrap_err().to_string();
        assert!(error.contains(hint), "{given}: {error}");
    }
}

#[test]
fn an_address_with_a_password_is_refused_without_showing_it() {
    for given in ["https://user:hunter2@erp.example.com", "user:hunter2@erp.example.com", "https://hunter2@x"] {
        let error = SiteUrl::parse(given, true).unwrap_err();
        assert_eq!(error, BadUrl::Credentials);
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn query_values_are_encoded_whole() {
    assert_eq!(
        query_string(&[("fields", r#"["a b"]"#.into()), ("q", "x&y=+".into())]),
        "fields=%5B%22a%20b%22%5D&q=x%26y%3D%2B"
    );
}
