//! The pages that a person sees: plain HTML, without a script, readable by any browser and any reader of screens.

use super::grant::Request;
use super::{Scope, redirect};

/// What each page has around its words.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;\
background:#fff}h1{font-size:1.3rem}dt{color:#555}dd{margin:0 0 .6rem;font-weight:600;overflow-wrap:anywhere}\
fieldset{border:1px solid #888;margin:1rem 0}label{display:block;padding:.2rem 0}\
button{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem}";

/// Asks whether the client may have what it asks for.
pub fn page(request: &Request, sealed: &str, action: &str) -> String {
    let text = |text: &str| html_escape::encode_double_quoted_attribute(text).into_owned();
    let choices: String = Scope::ALL
        .into_iter()
        .filter(|scope| *scope <= request.scope)
        .map(|scope| {
            let checked = if scope == request.scope { " checked" } else { "" };
            let name = scope.as_str();
            format!("<label><input type=\"radio\" name=\"scope\" value=\"{name}\"{checked}> {}</label>", meaning(scope))
        })
        .collect();
    let body = format!(
        "<h1>Let this program work in ERPNext as you?</h1>\
         <dl><dt>It calls itself</dt><dd>{}</dd><dt>You are sent back to</dt><dd>{}</dd></dl>\
         <p>Nobody has checked that name. Go on only if you have just started to connect this program yourself.</p>\
         <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"request\" value=\"{}\">\
         <fieldset><legend>It may</legend>{choices}</fieldset>\
         <p>Your own rights in ERPNext and the rules of this server stay the limit. Next you sign in to ERPNext.</p>\
         <button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Refuse</button></form>",
        text(&request.client),
        text(redirect::shown(&request.redirect)),
        text(action),
        text(sealed),
    );
    whole("Connect to ERPNext", &body)
}

/// Says why it does not go on.
pub fn refused(why: &str) -> String {
    let body = format!(
        "<h1>This does not go on</h1><p>{}.</p><p>Nothing was granted. Go back to your program and connect anew.</p>",
        html_escape::encode_text(why)
    );
    whole("Not connected", &body)
}

const fn meaning(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read, and change nothing",
        Scope::Write => "read, create, change and delete, and submit or cancel nothing",
        Scope::Submit => "read, create, change, delete, submit and cancel",
    }
}

fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_calls_itself_is_text() {
        let request = Request {
            client_id: "c".to_owned(),
            client: "<script>\"'&".to_owned(),
            redirect: "https://evil.example/<b>".to_owned(),
            state: None,
            challenge: String::new(),
            scope: Scope::Write,
            resource: String::new(),
        };
        let page = page(&request, "sealed\"", "/oauth/consent");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
        assert!(page.contains("evil.example") && !page.contains("<b>"), "{page}");
        assert!(page.contains("erpnext:write\" checked") && !page.contains("erpnext:submit"), "{page}");
        assert!(!refused("<b>").contains("<b>"));
    }
}
