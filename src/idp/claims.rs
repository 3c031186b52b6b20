//! What the claims of a token that is trusted say: whose it is, and how much it lets its holder do.

use serde_json::{Map, Value};

use super::NotTaken;
use crate::oauth::Scope;

/// Who the provider says it is, by the claim of that name.
pub fn subject<'c>(claims: &'c Map<String, Value>, name: &str) -> Result<&'c str, NotTaken> {
    let subject = claims.get(name).and_then(Value::as_str).filter(|subject| !subject.is_empty());
    let subject = subject.ok_or_else(|| NotTaken::NoSubject(name.to_owned()))?;
    // With many providers everybody may write into it what they like, as long as nobody has checked it.
    if name == "email" && claims.get("email_verified").is_none_or(|verified| *verified != true && *verified != "true") {
        return Err(NotTaken::Unverified);
    }
    Ok(subject)
}

/// The most that the scopes of a token hold, by their names here or with the provider's prefix; all where it names none of
/// ours and need not.
pub fn scope(claims: &Map<String, Value>, prefix: &str, must: bool) -> Result<Scope, NotTaken> {
    let mut most = None;
    for name in scope_names(claims)? {
        match Scope::from_name(name.strip_prefix(prefix).unwrap_or(name)) {
            Some(scope) => most = most.max(Some(scope)),
            // It was meant to narrow, and must not widen because it is misspelt or has another prefix.
            None if names_ours(name) => return Err(NotTaken::Scope),
            None => {}
        }
    }
    match most {
        None if must => Err(NotTaken::Scope),
        most => Ok(most.unwrap_or(Scope::Submit)),
    }
}

/// One text in the tokens of most, a list in those of some; of another form it says nothing that can be gone by.
fn scope_names(claims: &Map<String, Value>) -> Result<Vec<&str>, NotTaken> {
    let mut names = Vec::new();
    for stated in ["scope", "scp"].into_iter().filter_map(|name| claims.get(name)) {
        let texts: &[Value] = match stated {
            Value::Array(all) => all,
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        for text in texts {
            names.extend(text.as_str().ok_or(NotTaken::Scope)?.split_whitespace());
        }
    }
    Ok(names)
}

/// Whether it ends as a scope of this server begins.
fn names_ours(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|end| end.to_ascii_lowercase().contains("erpnext:"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(told: Value) -> Map<String, Value> {
        told.as_object().unwrap().clone()
    }

    #[test]
    fn an_address_that_nobody_has_checked_is_nobodys() {
        let of = |told| subject(&claims(told), "email").map(str::to_owned).is_ok();
        assert!(of(json!({"email": "a@x", "email_verified": true})));
        assert!(of(json!({"email": "a@x", "email_verified": "true"})));
        for told in [
            json!({"email": "a@x"}),
            json!({"email": "a@x", "email_verified": false}),
            json!({"email": "a@x", "email_verified": 1}),
            json!({"email": "", "email_verified": true}),
            json!({"email": ["a@x"], "email_verified": true}),
        ] {
            assert!(!of(told.clone()), "{told}");
        }
        assert_eq!(subject(&claims(json!({"sub": "a"})), "sub").unwrap(), "a");
        assert_eq!(subject(&claims(json!({})), "oid").unwrap_err(), NotTaken::NoSubject("oid".to_owned()));
    }

    #[test]
    fn the_scopes_of_a_token_narrow_in_every_form() {
        let of = |told, must| scope(&claims(told), "api://erp/", must).ok();
        assert_eq!(of(json!({}), false), Some(Scope::Submit));
        assert_eq!(of(json!({"scope": "openid email"}), false), Some(Scope::Submit));
        assert_eq!(of(json!({"scope": "openid erpnext:read"}), false), Some(Scope::Read));
        assert_eq!(of(json!({"scope": "api://erp/erpnext:write"}), true), Some(Scope::Write));
        assert_eq!(of(json!({"scp": ["erpnext:read", "erpnext:write"]}), true), Some(Scope::Write));
        assert_eq!(of(json!({"scp": "erpnext:submit"}), true), Some(Scope::Submit));
        assert_eq!(of(json!({"scp": ["openid erpnext:read", "email"]}), false), Some(Scope::Read));
        assert_eq!(of(json!({"scope": "https://erpnext:8443/use", "scp": null}), false), Some(Scope::Submit));
        for none in [json!({}), json!({"scope": "openid"})] {
            assert_eq!(of(none.clone(), true), None, "{none}");
        }
        for unclear in [
            json!({"scp": 7}),
            json!({"scp": ["erpnext:read", 7]}),
            json!({"scope": "xerpnext:read"}),
            json!({"scope": "ERPNext:Read"}),
            json!({"scope": "erpnext:raed"}),
            json!({"scope": "api://other/erpnext:read"}),
        ] {
            assert_eq!((of(unclear.clone(), true), of(unclear.clone(), false)), (None, None), "{unclear}");
        }
    }
}
