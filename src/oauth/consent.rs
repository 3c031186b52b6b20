//! The pages that a person sees: plain HTML, without a script, readable by any browser and any reader of screens.

use std::fmt::Write;

use super::grant::Request;
use super::{Scope, redirect};

/// What each page has around its words.
const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;\
padding:0 1rem;overflow-wrap:anywhere;color:light-dark(#1a1a1a,#eee);background:light-dark(#fff,#1a1a1a)}a{color:light-dark(#0645ad,#8ab4f8)}\
h1{font-size:1.3rem}dt{color:light-dark(#555,#aaa)}dd{margin:0 0 .6rem;font-weight:600}\
fieldset{border:1px solid #888;margin:1rem 0}label{display:block;padding:.2rem 0}\
button{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem}";

/// Asks whether the client may have what it asks for.
pub fn page(request: &Request, sealed: &str, action: &str) -> String {
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
         <dl>{}</dl><p>Nobody has checked that name. Go on only if you have just started to connect this program yourself.</p>\
         <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"request\" value=\"{}\">\
         <fieldset><legend>It may</legend>{choices}</fieldset>\
         <p>Your own rights in ERPNext and the rules of this server stay the limit. Next you sign in to ERPNext.</p>\
         <button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Refuse</button></form>",
        told(request),
        text(action),
        text(sealed),
    );
    whole("Connect to ERPNext", "", &body)
}

/// What the person is told of the client. Where only a program on their machine is meant, anybody can have said so.
fn told(request: &Request) -> String {
    let mut told = vec![("It calls itself", text(&request.client))];
    if request.client_id.starts_with("https://") {
        told.push(("It is described at", text(redirect::shown(&request.client_id))));
    }
    let back = text(redirect::shown(&request.redirect));
    let of_whom = if redirect::is_own_machine(&request.redirect) { ", a program on this computer" } else { "" };
    told.push(("You are sent back to", format!("{back}{of_whom}")));
    told.into_iter().fold(String::new(), |mut list, (term, text)| {
        _ = write!(list, "<dt>{term}</dt><dd>{text}</dd>");
        list
    })
}

/// Leads to another address, at once or by a click.
pub fn onward(to: &str) -> String {
    let (to, host) = (text(to), text(redirect::shown(to)));
    let head = format!("<meta http-equiv=\"refresh\" content=\"0;url={to}\">");
    let body = format!("<h1>You are sent on</h1><p>If nothing happens: <a href=\"{to}\">go on to {host}</a>.</p>");
    whole("Sent on", &head, &body)
}

/// Says why it does not go on.
pub fn refused(why: &str) -> String {
    let body = format!(
        "<h1>This does not go on</h1><p>{}.</p><p>Nothing was granted. Go back to your program and connect anew.</p>",
        text(why)
    );
    whole("Not connected", "", &body)
}

/// As text, and as the value of an attribute in double quotes.
fn text(text: &str) -> String {
    html_escape::encode_double_quoted_attribute(text).into_owned()
}

const fn meaning(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read, and change nothing",
        Scope::Write => "read, create, change and delete, and submit or cancel nothing",
        Scope::Submit => "read, create, change, delete, submit and cancel",
    }
}

fn whole(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         {head}<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
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

    #[test]
    fn a_person_is_told_who_describes_the_client_and_that_a_program_of_their_own_is_meant() {
        let of = |id: &str, redirect: &str| {
            let (client_id, redirect) = (id.to_owned(), redirect.to_owned());
            let (state, challenge, resource) = (None, String::new(), String::new());
            let (client, scope) = ("Claude".to_owned(), Scope::Read);
            told(&Request { client_id, client, redirect, state, challenge, scope, resource })
        };
        let described = of("https://client.example/m.json", "http://[::1]:8/cb");
        assert!(described.contains("<dd>client.example</dd>"), "{described}");
        assert!(described.contains("[::1]:8, a program on this computer"), "{described}");
        let registered = of("sealed", "https://claude.ai/cb");
        assert!(!registered.contains("described") && !registered.contains("computer"), "{registered}");
    }

    #[test]
    fn an_address_that_people_are_sent_on_to_is_text() {
        let page = onward("https://a.example/?x=\"><b>&y='");
        assert!(!page.contains("<b>") && page.contains("?x=&quot;&gt;&lt;b&gt;&amp;y='\"><style>"), "{page}");
    }
}
