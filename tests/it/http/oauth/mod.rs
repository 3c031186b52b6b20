//! Signing in by OAuth, with a program in the place of the person: it fills in forms and follows where it is sent.

pub mod browser;
mod doctor;
mod hostile;
mod login;
mod site_tokens;
mod suite;
mod tokens;

use std::sync::Arc;

use erpnext_mcp::oauth::Lifetimes;
use erpnext_mcp::shared::Store;
use erpnext_mcp::transport::Endpoint;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Served, message};
use crate::sandbox::SampleSite;
use crate::shared::free_port;
use crate::support::all;

/// What the address of the server is to the world; it is asked at another one.
const ORIGIN: &str = "https://mcp.example.com";
const REDIRECT: &str = "http://127.0.0.1:33418/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server on a sample site, before which people sign in by OAuth.
pub struct Scene {
    /// What the address of the server is to the world.
    origin: String,
    pub site: SampleSite,
    pub served: Served,
    http: reqwest::Client,
    log: tempfile::TempDir,
    config: Value,
}

/// A page that asks, and the cookie that came with it.
struct Page {
    request: String,
    cookie: String,
}

impl Scene {
    async fn start() -> Self {
        Self::with(Lifetimes::default(), |_| {}).await
    }

    async fn with(lifetimes: Lifetimes, change: impl FnOnce(&mut Value)) -> Self {
        let with_lifetimes = |endpoint: Endpoint| endpoint.with_lifetimes(lifetimes);
        Self::at(ORIGIN, "127.0.0.1:0", with_lifetimes, change).await
    }

    /// A server that is where it says that it is, for programs that find their way by that.
    pub async fn where_it_says() -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        Self::at(&format!("http://{address}"), &address, |endpoint| endpoint, |_| {}).await
    }

    /// A server that listens there, and is known to the world as `origin`.
    pub async fn at(
        origin: &str,
        address: &str,
        with: impl FnOnce(Endpoint) -> Endpoint,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let (site, log) = (SampleSite::start().await, tempfile::tempdir().unwrap());
        let mut config = site.config(json!({"doctypes": {"Customer": all(), "Lead": all(), "Sales Order": all()}}));
        config["audit"] = json!({"enabled": true, "log_file": log.path().join("audit.log")});
        config["sign_in"] = json!({"oauth": {
            "url": format!("{origin}/mcp"), "client_id": oauth_client(&site, origin), "client_secret": "canary-client-secret",
        }});
        change(&mut config);
        let served = Served::begin(&config, with, address).await;
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { origin: origin.to_owned(), site, served, http, log, config }
    }

    /// Another server of the same site, that shares this.
    pub async fn another(&self, with: impl FnOnce(Endpoint) -> Endpoint, store: &Arc<dyn Store>) -> Served {
        Served::begin_over(&self.config, with, "127.0.0.1:0", Some(store)).await
    }

    /// What its tokens are meant for.
    fn mcp(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// An address of the server, or a path there, where it is asked.
    fn here(&self, address: &str) -> String {
        self.served.url(address.strip_prefix(self.origin.as_str()).unwrap_or(address))
    }

    fn get(&self, address: &str) -> RequestBuilder {
        self.http.get(self.here(address))
    }

    fn form(&self, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        self.http.post(self.here(path)).form(pairs)
    }

    /// A client's id.
    async fn register(&self, redirect: &str) -> String {
        let told = json!({"client_name": "Tests", "redirect_uris": [redirect]}).to_string();
        let answer = self.http.post(self.here("/oauth/register")).body(told).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["client_id"].as_str().unwrap().to_owned()
    }

    fn authorize(&self, client: &str, changed: &[(&str, &str)]) -> RequestBuilder {
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("state", "the-state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("resource", "https://mcp.example.com/mcp"),
        ];
        for (name, value) in changed {
            pairs.retain(|(known, _)| known != name);
            pairs.push((*name, *value));
        }
        self.get("/oauth/authorize").query(&pairs)
    }

    /// The page that asks the person.
    async fn page(&self, client: &str, changed: &[(&str, &str)]) -> Page {
        self.page_of(self.authorize(client, changed)).await
    }

    async fn page_of(&self, asked: RequestBuilder) -> Page {
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let cookie = self.cookie(&answer);
        let html = answer.text().await.unwrap();
        let (_, request) = html.split_once("name=\"request\" value=\"").unwrap_or_else(|| panic!("{html}"));
        Page { request: request.split('"').next().unwrap().to_owned(), cookie }
    }

    /// The person lets the client in; where the site is to be asked, and the cookie.
    async fn consent(&self, page: &Page, scope: &str) -> (String, String) {
        let pairs = [("request", page.request.as_str()), ("scope", scope), ("decision", "allow")];
        let answer = self.form("/oauth/consent", &pairs).header("cookie", &page.cookie).send().await.unwrap();
        let cookie = self.cookie(&answer);
        (onward(answer).await, cookie)
    }

    /// The person signs in to the site and lets the server in; where the site sends them.
    async fn at_the_site(&self, address: &str, user: &str) -> String {
        let site = self.site.sandbox.url();
        let guest = self.http.get(address).send().await.unwrap();
        assert!(location(&guest).starts_with("/login?redirect-to="), "{address}");
        let login = self.http.post(format!("{site}/api/method/login")).form(&[("usr", user), ("pwd", "secret")]);
        let login = login.send().await.unwrap();
        let cookies: Vec<&str> = login
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
            .collect();
        let cookies = cookies.join("; ");
        let page = self.http.get(address).header("cookie", &cookies).send().await.unwrap().text().await.unwrap();
        let allow = page.split('"').nth(1).unwrap_or_else(|| panic!("{page}")).replace("&amp;", "&");
        let allowed = self.http.get(format!("{site}{allow}")).header("cookie", &cookies).send().await.unwrap();
        location(&allowed)
    }

    /// All that the person does; where the client is told of it.
    async fn through_the_site(&self, client: &str, scope: &str, user: &str) -> String {
        self.signed_in_on(&self.page(client, &[]).await, scope, user).await
    }

    /// The same of whom a client sent to this address.
    async fn visit(&self, address: &str, scope: &str, user: &str) -> String {
        self.signed_in_on(&self.page_of(self.get(address)).await, scope, user).await
    }

    async fn signed_in_on(&self, page: &Page, scope: &str, user: &str) -> String {
        let (site, cookie) = self.consent(page, scope).await;
        let back = self.at_the_site(&site, user).await;
        self.come_back(&back, cookie).await
    }

    /// What the client is told where the site takes the person out after they signed in.
    async fn out_in_the_middle(&self, client: &str, user: &str) -> String {
        let (site, cookie) = self.consent(&self.page(client, &[]).await, "erpnext:read").await;
        let back = self.at_the_site(&site, user).await;
        self.disable(user);
        parameter(&self.come_back(&back, cookie).await, "error")
    }

    async fn come_back(&self, address: &str, cookie: String) -> String {
        let answer = self.get(address).header("cookie", cookie).send().await.unwrap();
        location(&answer)
    }

    /// A code for a client.
    async fn code(&self, client: &str) -> String {
        parameter(&self.through_the_site(client, "erpnext:submit", "sales@example.com").await, "code")
    }

    fn redeem(&self, client: &str, code: &str, changed: &[(&str, &str)]) -> RequestBuilder {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("resource", "https://mcp.example.com/mcp"),
        ];
        for (name, value) in changed {
            pairs.retain(|(known, _)| known != name);
            pairs.push((*name, *value));
        }
        self.form("/oauth/token", &pairs)
    }

    /// The tokens of somebody who let a new client in.
    pub async fn signed_in(&self, scope: &str, user: &str) -> (String, Value) {
        let client = self.register(REDIRECT).await;
        let code = parameter(&self.through_the_site(&client, scope, user).await, "code");
        let tokens = answered(self.redeem(&client, &code, &[])).await;
        assert_eq!(tokens.0, 200, "{tokens:?}");
        (client, tokens.1)
    }

    pub fn refresh(&self, client: &str, tokens: &Value) -> RequestBuilder {
        let token = tokens["refresh_token"].as_str().unwrap();
        let pairs = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        self.form("/oauth/token", &pairs)
    }

    /// The answer to a tool that is called with an access token.
    async fn call(&self, tokens: &Value, path: &str, tool: &str, arguments: Value) -> Response {
        let call = message("tools/call", json!({"name": tool, "arguments": arguments}));
        let token = tokens["access_token"].as_str().unwrap();
        self.served.post(path, &call).header("authorization", format!("Bearer {token}")).send().await.unwrap()
    }

    /// The status of a call that reads.
    pub async fn status(&self, tokens: &Value) -> u16 {
        self.call(tokens, "/mcp", "test_connection", json!({})).await.status().as_u16()
    }

    /// Waits for what the server does at the site by the way.
    async fn until(&self, is_done: impl Fn() -> bool) {
        for _ in 0..1_000 {
            if is_done() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("it is not done: {} tokens of the site", self.site.sandbox.oauth().tokens().len());
    }

    /// The cookie of an answer, as a browser sends it.
    fn cookie(&self, answer: &Response) -> String {
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        let encrypted = ["__Host-erpnext-mcp=", "; Secure"];
        let parts = encrypted.into_iter().filter(|_| self.origin.starts_with("https://"));
        for part in parts.chain(["erpnext-mcp=", "; HttpOnly", "; SameSite=Lax", "; Path=/"]) {
            assert!(set.contains(part), "{set}");
        }
        set.split(';').next().unwrap().to_owned()
    }

    /// Takes a user out at the site.
    pub fn disable(&self, user: &str) {
        let disabled = json!({"enabled": 0});
        self.site.sandbox.with(|site| site.set("User", user, disabled.as_object().unwrap())).unwrap();
    }

    pub fn audit(&self) -> String {
        std::fs::read_to_string(self.log.path().join("audit.log")).unwrap_or_default()
    }
}

/// The id of the OAuth Client that the site has for the server.
fn oauth_client(site: &SampleSite, origin: &str) -> String {
    let callback = format!("{origin}/oauth/callback");
    let client = json!({
        "doctype": "OAuth Client", "app_name": "erpnext-mcp", "redirect_uris": callback, "default_redirect_uri": callback,
        "grant_type": "Authorization Code", "response_type": "Code", "scopes": "all openid",
    });
    let made = site.sandbox.with(|site| site.insert(client.as_object().unwrap().clone())).unwrap();
    made["name"].as_str().unwrap().to_owned()
}

/// The status and the JSON of an answer.
pub async fn answered(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Where a page sends a person on to.
async fn onward(answer: Response) -> String {
    assert_eq!(answer.status(), 200);
    let html = answer.text().await.unwrap();
    let (_, to) = html.split_once("content=\"0;url=").unwrap_or_else(|| panic!("{html}"));
    to.split('"').next().unwrap().replace("&amp;", "&")
}

fn location(answer: &Response) -> String {
    let to = answer.headers().get("location").unwrap_or_else(|| panic!("{answer:?}"));
    to.to_str().unwrap().to_owned()
}

/// A parameter of an address.
fn parameter(address: &str, name: &str) -> String {
    let address = reqwest::Url::parse(address).unwrap();
    let found = address.query_pairs().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name} in {address}")).1.into_owned()
}
