//! `erpnext-mcp doctor --http`: the server at its public address, asked as the programs of people ask it, and what the site, or
//! the company's identity provider, has for signing in.

use std::net::IpAddr;

use erpnext_mcp::app::App;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::check::Finding;
use erpnext_mcp::config::{Config, Idp, OAuth, SiteOAuth};
use erpnext_mcp::context::client_options;
use erpnext_mcp::idp::IdentityProvider;
use erpnext_mcp::oauth::{Addresses, Endpoints};
use erpnext_mcp::site::{Caller, Client, Credentials, OAuthClient, Outside, Seen, SiteError, Unseen};
use erpnext_schema::counted;
use serde_json::Value;

use super::doctor_keys;

/// What has to be passed on by whatever stands before the server.
const PASS_ON: &str = "see that the address leads to this server, that it runs with this configuration, and that a proxy \
                       before it passes on paths and headers as they are";
/// What mends a site whose inner address clients are sent to.
const PUBLIC_SITE: &str = "set erpnext.url to the address by which people reach the site, as clients are sent there; or use \
                           sign_in.oauth, which keeps that address within";
/// How names end that are known within a network alone.
const INNER: [&str; 7] = [".internal", ".local", ".localhost", ".lan", ".home.arpa", ".corp", ".svc"];
/// The versions of Frappe whose OAuth provider was looked at: they and older ones have all of [`HOLES`].
const LOOKED_AT: [[u64; 3]; 2] = [[15, 72, 4], [16, 4, 1]];
/// What is wrong with it, as docs/hazards.md has it.
const HOLES: &str = "a code is given for the user whom a cookie names, the secret of an OAuth Client is not checked and \
                     scopes limit nothing, old tokens stay good after a refresh, expired ones are told to be \
                     active, and those of a disabled user work on";

/// Everything that there is to look at of the sites that people sign in to in their browser.
///
/// # Errors
/// Where nothing can be looked at.
pub async fn examined(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (_, _, config) in config.served() {
        if let Some(oauth) = &config.sign_in.oauth {
            findings.extend(of_oauth(config, oauth).await?);
        }
        if let Some(idp) = &config.sign_in.idp {
            findings.extend(of_provider(idp).await?);
        }
        if let Some(oauth) = &config.sign_in.site_oauth {
            findings.extend(of_site(config, oauth).await?);
        }
    }
    findings.extend(doctor_keys::examined(config).await);
    if findings.is_empty() {
        let what =
            "http: neither http.hosts nor sign_in.oauth, sign_in.idp or sign_in.site_oauth tells a public address";
        findings.push(Finding::warning(what, "set one of them; or run doctor without --http"));
    }
    Ok(findings)
}

/// Of signing in by the site's login.
async fn of_oauth(config: &Config, oauth: &OAuth) -> anyhow::Result<Vec<Finding>> {
    let endpoints = Endpoints::new(&oauth.url);
    let addresses = Addresses::own(&oauth.url, &endpoints.issuer);
    let mut findings = from_outside(&addresses, Some(&endpoints)).await;
    let client = OAuthClient {
        id: oauth.client_id.clone(),
        secret: oauth.client_secret.clone(),
        redirect: endpoints.callback(),
    };
    findings.extend(at_the_site(config, &client).await?);
    Ok(findings)
}

/// Of signing in by an identity provider.
async fn of_provider(idp: &Idp) -> anyhow::Result<Vec<Finding>> {
    let provider = IdentityProvider::new(idp)?;
    let mut findings = from_outside(provider.addresses(), None).await;
    let issuer = &idp.issuer;
    findings.push(match provider.count_keys().await {
        Ok(count) => Finding::ok(format!("idp: {issuer} has {} with which tokens are verified", counted(count, "key"))),
        Err(why) => Finding::error(
            format!("idp: {issuer} gives no keys: {why}"),
            "check sign_in.idp.issuer, and that this machine reaches the provider; or set sign_in.idp.jwks_url",
        ),
    });
    let users = counted(idp.users.len(), "user");
    findings.push(Finding::ok(format!("idp: {users} of the provider with a key here")));
    Ok(findings)
}

/// Of signing in by the site's own OAuth provider.
async fn of_site(config: &Config, oauth: &SiteOAuth) -> anyhow::Result<Vec<Finding>> {
    let addresses = Addresses::of_site(oauth, &config.erpnext.url);
    let mut findings = from_outside(&addresses, None).await;
    let address = format!("{}/.well-known/oauth-authorization-server", addresses.issuer);
    let asked = async {
        let outside = Outside::new(address.starts_with("https://"))?;
        outside.get(&address).await
    };
    findings.push(match asked.await {
        Ok(seen) => site_provider(&address, &addresses.issuer, &seen),
        Err(why) => unreached(&address, &why),
    });
    // Who can reach the server may be where the site cannot be reached by this name.
    if addresses.is_encrypted() && is_inner(&addresses.issuer) {
        let what = format!("oauth: clients are sent to {}, a name that only an inner network knows", addresses.issuer);
        findings.push(Finding::warning(what, PUBLIC_SITE));
    }
    let app = opened(config)?;
    let erpnext = &config.erpnext;
    if let Ok(own) = Credentials::new(erpnext.api_key.clone(), erpnext.api_secret.clone()) {
        findings.push(frappe(&app, &app.caller(own)).await);
    }
    Ok(findings)
}

/// Whether clients find the site's provider where they are sent.
fn site_provider(address: &str, issuer: &str, seen: &Seen) -> Finding {
    match seen.body["issuer"].as_str().filter(|_| seen.status == 200) {
        Some(told) if told == issuer => {
            Finding::ok(format!("oauth: the site tells clients of its OAuth provider at {address}"))
        }
        Some(told) if told.starts_with("https://") => {
            let what = format!("oauth: clients are sent to {issuer}, and the site calls itself {told}");
            Finding::error(what, PUBLIC_SITE)
        }
        _ => Finding::error(
            format!("oauth: the site tells clients nothing of its OAuth provider at {address}"),
            "it has to be ERPNext 16, with Show Auth Server Metadata in its OAuth Settings, behind a proxy that passes on Host and \
             the scheme; or use sign_in.oauth",
        ),
    }
}

/// Whether the host of an address is one that is not known outside of its network.
fn is_inner(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host).to_ascii_lowercase();
    let v6 = host.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let host = v6.or(host.split(':').next()).unwrap_or_default();
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
        Err(_) => !host.contains('.') || INNER.iter().any(|end| host.ends_with(end)),
    }
}

/// What a program finds that knows the address alone.
async fn from_outside(addresses: &Addresses, endpoints: Option<&Endpoints>) -> Vec<Finding> {
    let Addresses { origin, resource, .. } = addresses;
    let asked = async {
        let outside = Outside::new(addresses.is_encrypted())?;
        let first = outside.ping(resource).await?;
        Ok::<_, Unseen>((outside, first))
    };
    let (outside, first) = match asked.await {
        Ok(asked) => asked,
        Err(why) => return vec![unreached(resource, &why)],
    };
    let mut findings = vec![if addresses.is_encrypted() {
        Finding::ok(format!("http: {origin} has a certificate that this machine trusts"))
    } else {
        Finding::ok(format!("http: {origin} is not encrypted, which is safe within this machine"))
    }];
    let path = resource.strip_prefix(origin.as_str()).unwrap_or_default();
    findings.push(challenge(resource, &addresses.metadata_of(path), &first));
    let mut documents = vec![(addresses.metadata_of(path), addresses.protected_resource(path))];
    if let Some(endpoints) = endpoints {
        let end = endpoints.issuer.strip_prefix(origin.as_str()).unwrap_or_default();
        documents.push((format!("{origin}/.well-known/oauth-authorization-server{end}"), endpoints.metadata()));
    }
    if path == "/mcp" {
        // Where there is one site, some clients look for it at the root.
        documents.push((addresses.metadata_of(""), addresses.protected_resource(path)));
    }
    for (address, wanted) in documents {
        findings.push(match outside.get(&address).await {
            Ok(seen) => document(&address, &wanted, &seen),
            Err(why) => unreached(&address, &why),
        });
    }
    findings
}

/// That an address cannot be reached, or not believed.
pub fn unreached(address: &str, why: &Unseen) -> Finding {
    let Unseen { is_tls, why } = why;
    if *is_tls {
        let fix = "have a certificate for this very host, with its chain, from an authority that everybody trusts";
        return Finding::error(format!("http: {address} has no certificate that is trusted: {why}"), fix);
    }
    let fix = "check the name, the port and the proxy before the server, and that it runs; from the network of the server \
               itself, its public address may be out of reach: then ask from another one";
    Finding::error(format!("http: {address} cannot be reached: {why}"), fix)
}

/// Whether who has not signed in is told how to.
fn challenge(resource: &str, metadata: &str, seen: &Seen) -> Finding {
    match (seen.status, seen.challenge.as_deref()) {
        (401, Some(words)) if words.contains(metadata) => {
            Finding::ok(format!("http: {resource} asks who has not signed in to do so"))
        }
        (401, words) => {
            let words = words.unwrap_or("no such header");
            let what = format!("http: {resource} answers 401 without WWW-Authenticate that names {metadata}: {words}");
            Finding::error(what, PASS_ON)
        }
        _ => not_asked(resource, seen),
    }
}

/// That what answers there does not ask to sign in as this server does.
pub fn not_asked(resource: &str, seen: &Seen) -> Finding {
    let status = seen.status;
    let to = seen.location.as_deref().map(|to| format!(", and leads to {to}")).unwrap_or_default();
    let what = format!("http: {resource} answers {status} to who has not signed in, and not as this server{to}");
    Finding::error(what, PASS_ON)
}

/// Whether a document tells what this configuration's would.
fn document(address: &str, wanted: &Value, seen: &Seen) -> Finding {
    if seen.status != 200 || !seen.body.is_object() {
        let what = format!("http: {address} answers {}, and no metadata", seen.status);
        return Finding::error(what, PASS_ON);
    }
    let differs = wanted.as_object().into_iter().flatten().filter(|(key, value)| seen.body.get(key) != Some(*value));
    let differs: Vec<&str> = differs.map(|(key, _)| key.as_str()).collect();
    if differs.is_empty() {
        return Finding::ok(format!("http: {address} tells what clients need"));
    }
    let what = format!("http: {address} differs from what this configuration would tell: {}", differs.join(", "));
    Finding::error(what, PASS_ON)
}

/// What the site has for signing in, as far as it tells.
async fn at_the_site(config: &Config, client: &OAuthClient) -> anyhow::Result<Vec<Finding>> {
    let app = opened(config)?;
    let nobody = app.caller(Credentials::nobody());
    let id = &client.id;
    let exists = match app.as_caller(&nobody).knows(client).await {
        Ok(true) => Finding::ok(format!("oauth: the site has the OAuth Client {id}")),
        Ok(false) => Finding::error(
            format!("oauth: the site has no OAuth Client {id}"),
            "copy its Client ID from the site into sign_in.oauth.client_id",
        ),
        Err(error) => unsaid("the OAuth Client", &error),
    };
    let mut findings = vec![exists];
    let (key, secret) = (config.erpnext.api_key.clone(), config.erpnext.api_secret.clone());
    let Ok(own) = Credentials::new(key, secret) else {
        let callback = &client.redirect;
        let what =
            format!("oauth: without a key in erpnext, neither the redirect URI is seen, which is {callback}, nor");
        findings.push(Finding::ok(format!("{what} the site's version, which tells what its OAuth provider lacks")));
        return Ok(findings);
    };
    let own = app.caller(own);
    findings.push(match app.as_caller(&own).objection(client).await {
        Ok(None) => Finding::ok(format!("oauth: the site sends people back to {}", client.redirect)),
        Ok(Some(words)) => Finding::error(
            format!("oauth: the site does not let people in through the OAuth Client {id}: {words}"),
            format!(
                "in the OAuth Client, set Redirect URIs and Default Redirect URI to {}, Scopes to `all openid`, and Allowed \
                 Roles to roles of the people, the user of the key in erpnext among them",
                client.redirect
            ),
        ),
        Err(error) => unsaid("where people are sent back to", &error),
    });
    findings.push(frappe(&app, &own).await);
    Ok(findings)
}

/// The site, where what is asked is neither counted nor recorded.
fn opened(config: &Config) -> anyhow::Result<App> {
    let mut config = config.clone();
    config.rate_limiting.enabled = false;
    Ok(App::open(&config, Client::new(client_options(&config))?, Audit::default())?)
}

/// What the site's Frappe lacks, as far as its version tells.
async fn frappe(app: &App, own: &Caller) -> Finding {
    match app.as_caller(own).versions().await {
        Ok(apps) => holes(apps.get("frappe").and_then(|app| app["version"].as_str()).unwrap_or_default()),
        Err(error) => unsaid("its version", &error),
    }
}

fn unsaid(of: &str, error: &SiteError) -> Finding {
    Finding::warning(format!("oauth: the site does not tell of {of}: {}", error.what()), error.next())
}

/// Which holes of Frappe's OAuth provider a version has.
fn holes(frappe: &str) -> Finding {
    let number: Vec<u64> = frappe.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
    let is_older = |known: &[u64; 3]| number.first() == known.first() && number.as_slice() <= &known[..];
    let fix = "renew Frappe: releases of autumn 2026 close them; until then sign_in.oauth lets all but the first end at this server (docs/hazards.md)";
    match number.first() {
        None => Finding::warning("oauth: the site does not tell which Frappe it has", fix),
        Some(major) if *major < LOOKED_AT[0][0] || LOOKED_AT.iter().any(is_older) => {
            Finding::warning(format!("oauth: Frappe {frappe} has these holes: {HOLES}"), fix)
        }
        Some(_) => {
            let what =
                format!("oauth: Frappe {frappe} is newer than what was looked at, and may have closed these holes");
            Finding::warning(format!("{what} or not: {HOLES}"), fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(status: u16, challenge: Option<&str>, body: Value) -> Seen {
        Seen { status, challenge: challenge.map(str::to_owned), location: None, body }
    }

    #[test]
    fn holes_are_told_by_the_version() {
        for (version, words) in [
            ("15.72.4", "has these holes"),
            ("14.90.0", "has these holes"),
            ("16.0.0-dev", "has these holes"),
            ("15.80.0", "may have closed"),
            ("16.4.2", "may have closed"),
            ("17.0.0", "may have closed"),
            ("", "does not tell which"),
        ] {
            let found = holes(version);
            assert!(found.what.contains(words), "{version}: {}", found.what);
        }
    }

    #[test]
    fn an_inner_address_of_the_site_that_clients_are_sent_to_is_found() {
        let (address, issuer) = ("https://erp.internal/.well-known/x", "https://erp.internal");
        let told = |status, issuer: &str| {
            site_provider(address, "https://erp.internal", &seen(status, None, json!({"issuer": issuer})))
        };
        assert!(told(200, issuer).fix.is_none());
        let other = told(200, "https://erp.example.com");
        assert!(other.what.ends_with("https://erp.internal, and the site calls itself https://erp.example.com"));
        assert!(other.fix.is_some_and(|fix| fix.contains("erpnext.url")));
        for nothing in [told(404, issuer), told(200, "http://erp.internal"), told(200, "")] {
            assert!(nothing.what.contains("tells clients nothing"), "{}", nothing.what);
        }
        for inner in [
            "https://erp.internal",
            "https://ERP.Local:8443",
            "https://erp",
            "https://10.0.0.5",
            "https://[fd00::1]:8443",
        ] {
            assert!(is_inner(inner), "{inner}");
        }
        for known in
            ["https://erp.example.com", "https://erp.example.com:8443", "https://192.0.2.1", "https://[2001:db8::1]"]
        {
            assert!(!is_inner(known), "{known}");
        }
    }

    #[test]
    fn a_proxy_that_changes_what_clients_read_is_found() {
        let (resource, metadata) =
            ("https://a.example/mcp", "https://a.example/.well-known/oauth-protected-resource/mcp");
        let words = format!("Bearer resource_metadata=\"{metadata}\"");
        assert!(challenge(resource, metadata, &seen(401, Some(&words), Value::Null)).fix.is_none());
        for wrong in [
            seen(401, None, Value::Null),
            seen(401, Some("Basic realm=\"proxy\""), Value::Null),
            seen(200, None, Value::Null),
            seen(404, None, Value::Null),
        ] {
            assert!(challenge(resource, metadata, &wrong).fix.is_some(), "{wrong:?}");
        }
        let wanted = json!({"issuer": "https://a.example"});
        assert!(
            document(metadata, &wanted, &seen(200, None, json!({"issuer": "https://a.example", "x": 1}))).fix.is_none()
        );
        let other = document(metadata, &wanted, &seen(200, None, json!({"issuer": "http://a.example"})));
        assert!(other.what.ends_with("tell: issuer"), "{}", other.what);
        assert!(document(metadata, &wanted, &seen(200, None, Value::Null)).fix.is_some());
    }
}
