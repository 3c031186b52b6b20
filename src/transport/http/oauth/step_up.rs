//! Which scope a call would need that its token does not have: told before anything is done, so that the client can ask the
//! person for more.

use serde_json::{Map, Value};

use crate::app::App;
use crate::oauth::Scope;
use crate::site::Caller;
use crate::tool::progress::CallObserver;
use crate::tools::find::CALL_TOOL;

/// A call that needs more than its token has.
#[derive(PartialEq, Debug)]
pub struct StepUp {
    /// The least scope under which the tool is there.
    pub scope: Scope,
    tool: String,
    arguments: Map<String, Value>,
}

/// What the call of a message needs, where its tool is there under more than this scope alone. `has` says whether a tool is
/// there under a scope.
pub fn needed(body: &[u8], scope: Scope, has: impl Fn(Scope, &str) -> bool) -> Option<StepUp> {
    if scope == Scope::Submit {
        return None;
    }
    let message: Value = serde_json::from_slice(body).ok()?;
    let params = (message["method"] == "tools/call").then(|| &message["params"])?;
    let (name, arguments) = (params["name"].as_str()?, &params["arguments"]);
    let (name, arguments) = match name == CALL_TOOL {
        true => (arguments["tool"].as_str()?.trim(), &arguments["arguments"]),
        false => (name, arguments),
    };
    if has(scope, name) {
        return None;
    }
    let scope = Scope::ALL.into_iter().find(|more| *more > scope && has(*more, name))?;
    Some(StepUp { scope, tool: name.to_owned(), arguments: arguments.as_object().cloned().unwrap_or_default() })
}

/// Records the call as one that is not permitted; `app` is what there is under the scope that it needs.
pub async fn record(app: &App, caller: Caller, step: &StepUp) {
    let client = caller.client.clone();
    let Some(connection) = app.connect(caller) else { return };
    if let Some(tool) = connection.registry().find(&step.tool) {
        connection.refuse(tool, &step.arguments, client, &CallObserver::default()).await;
    }
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
            needed(call.to_string().as_bytes(), scope, has).map(|step| step.scope)
        };
        assert_eq!(of(Scope::Read, json!({"name": "list"})), None);
        assert_eq!(of(Scope::Read, json!({"name": "create"})), Some(Scope::Write));
        assert_eq!(of(Scope::Write, json!({"name": "create"})), None);
        assert_eq!(of(Scope::Write, json!({"name": CALL_TOOL, "arguments": {"tool": "submit"}})), Some(Scope::Submit));
        assert_eq!(of(Scope::Read, json!({"name": "other"})), None);
        assert_eq!(needed(b"{", Scope::Read, has), None);
    }
}
