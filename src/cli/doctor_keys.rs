//! `erpnext-mcp doctor --http` where people sign in with keys of their own alone: the server under each name that it has.

use erpnext_mcp::check::Finding;
use erpnext_mcp::config::Config;
use erpnext_mcp::site::{Outside, Seen};

use super::doctor_http::{not_asked, unreached};

/// What a program finds that brings no key.
pub async fn examined(config: &Config) -> Vec<Finding> {
    let outside = Outside::new(true);
    let mut findings = Vec::new();
    for address in addresses(config) {
        let seen = match &outside {
            Ok(outside) => outside.ping(&address).await,
            Err(why) => Err(why.clone()),
        };
        findings.push(match seen {
            Ok(seen) => found(&address, &seen),
            Err(why) => unreached(&address, &why),
        });
    }
    findings
}

/// Where such people connect to.
fn addresses(config: &Config) -> Vec<String> {
    let mut addresses = Vec::new();
    for (name, hosts, site) in config.served() {
        if site.sign_in.own_keys && site.sign_in.public_url().is_none() {
            let path = if name.is_empty() { "/key/mcp".to_owned() } else { format!("/key/mcp/{name}") };
            addresses.extend(config.http.hosts.iter().map(|host| format!("https://{host}{path}")));
            addresses.extend(hosts.iter().map(|host| format!("https://{host}/key/mcp")));
        }
    }
    addresses
}

fn found(address: &str, seen: &Seen) -> Finding {
    // Others answer 401 too, such as a proxy that wants a password of its own.
    if seen.status == 401 && seen.body["jsonrpc"] == "2.0" {
        return Finding::ok(format!("http: {address} has a trusted certificate, and asks who brings no key for one"));
    }
    not_asked(address, seen)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_this_servers_own_401_is_well() {
        let seen = |status, body: Value| Seen { status, challenge: None, location: None, body };
        let own = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "Sign in"}});
        assert!(found("https://a.example/key/mcp", &seen(401, own.clone())).fix.is_none());
        for other in [seen(401, Value::Null), seen(403, own), seen(200, Value::Null)] {
            assert!(found("https://a.example/key/mcp", &other).fix.is_some(), "{other:?}");
        }
    }
}
