//! Which scope a call would need that its token does not have: told before anything is done, so that the client can ask the
//! person for more.

use serde_json::Value;

use crate::oauth::Scope;
use crate::tools::find::CALL_TOOL;

/// The least scope under which the tool that a message calls is there, where it is more than this one. `has` says whether
/// it is there under a scope.
pub fn needed(body: &[u8], scope: Scope, has: impl Fn(Scope, &str) -> bool) -> Option<Scope> {
    if scope == Scope::Submit {
        return None;
    }
    let message: Value = serde_json::from_slice(body).ok()?;
    let params = (message["method"] == "tools/call").then(|| &message["params"])?;
    let name = params["name"].as_str()?;
    let name = if name == CALL_TOOL { params["arguments"]["tool"].as_str()?.trim() } else { name };
    if has(scope, name) {
        return None;
    }
    Scope::ALL.into_iter().find(|more| *more > scope && has(*more, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_least_scope_that_has_the_tool_is_named_and_none_for_what_no_scope_has() {
        let has = |scope, name: &str| match name {
            "list" => true,
            "create" => scope >= Scope::Write,
            "submit" => scope >= Scope::Submit,
            _ => false,
        };
        let of = |scope, params: Value| {
            let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
            needed(call.to_string().as_bytes(), scope, has)
        };
        assert_eq!(of(Scope::Read, json!({"name": "list"})), None);
        assert_eq!(of(Scope::Read, json!({"name": "create"})), Some(Scope::Write));
        assert_eq!(of(Scope::Write, json!({"name": "create"})), None);
        assert_eq!(of(Scope::Write, json!({"name": CALL_TOOL, "arguments": {"tool": "submit"}})), Some(Scope::Submit));
        assert_eq!(of(Scope::Read, json!({"name": "other"})), None);
        assert_eq!(needed(b"{", Scope::Read, has), None);
    }
}
