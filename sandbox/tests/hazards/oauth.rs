//! The holes of the site's OAuth provider.

use serde_json::{Value, json};

use super::{Desk, wire};

const BELOW: &str = "/api/method/frappe.integrations.oauth2.";
const ASKED: &str = "response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb&scope=all%20openid&state=s";

impl Desk {
    fn with(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> wire::Answer {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.send(&wire::request(method, target, &headers, body.as_bytes()))
    }

    /// The id of an OAuth Client with one address to come back to.
    fn client(&self) -> String {
        let client = json!({
            "app_name": "Tests", "redirect_uris": "http://127.0.0.1:9/cb", "default_redirect_uri": "http://127.0.0.1:9/cb",
            "grant_type": "Authorization Code", "response_type": "Code", "scopes": "all openid",
        });
        self.done("administrator", "POST", "/api/resource/OAuth%20Client", &client)["name"].as_str().unwrap().to_owned()
    }

    fn log_in(&self, user: &str) -> wire::Answer {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        self.with("POST", "/api/method/login", &form, &format!("usr={user}&pwd=secret"))
    }

    /// The session of somebody who logged in.
    fn session(&self, user: &str) -> String {
        self.log_in(user).header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// The tokens for the code that these cookies get.
    fn tokens(&self, client: &str, cookies: &str) -> Value {
        let given = self.with("GET", &format!("{BELOW}approve?{ASKED}&client_id={client}"), &[("Cookie", cookies)], "");
        assert_eq!(given.status, 302, "consent is a GET");
        let code = given.header("location").unwrap().split(['=', '&']).nth(1).unwrap().to_owned();
        let redirect = "redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb";
        self.token(&format!(
            "grant_type=authorization_code&code={code}&{redirect}&client_id={client}&client_secret=wrong"
        ))
        .1
    }

    fn token(&self, form: &str) -> (u16, Value) {
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = self.with("POST", &format!("{BELOW}get_token"), &kind, form);
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// Who the site takes a token for.
    fn whom(&self, tokens: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let target = "/api/method/frappe.auth.get_logged_user";
        let answer = self.with("GET", target, &[("Authorization", &bearer)], "");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, body["message"].clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h79_a_code_is_for_the_user_that_a_cookie_names() {
    for desk in Desk::each().await {
        let (sid, client) = (desk.session("sales@example.com"), desk.client());
        let own = desk.tokens(&client, &format!("{sid}; user_id=sales%40example.com"));
        assert_eq!(desk.whom(&own), (200, json!("sales@example.com")));
        let other = desk.tokens(&client, &format!("{sid}; user_id=reader%40example.com"));
        assert_eq!(desk.whom(&other), (200, json!("reader@example.com")));
        let none = desk.with("GET", &format!("{BELOW}approve?{ASKED}&client_id={client}"), &[("Cookie", &sid)], "");
        assert_eq!(none.status, 500);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h80_a_wrong_secret_passes_and_scopes_limit_nothing() {
    for desk in Desk::each().await {
        let (sid, client) = (desk.session("sales@example.com"), desk.client());
        let tokens = desk.tokens(&client, &format!("{sid}; user_id=sales%40example.com"));
        assert_eq!(desk.whom(&tokens).0, 200);
        assert_eq!(desk.token("grant_type=refresh_token&refresh_token=x&client_id=none").0, 403);
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let list = desk.with("GET", "/api/resource/Customer", &[("Authorization", &bearer)], "");
        assert_eq!(list.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h81_old_tokens_stay_good_until_they_are_revoked() {
    for desk in Desk::each().await {
        let (sid, client) = (desk.session("sales@example.com"), desk.client());
        let old = desk.tokens(&client, &format!("{sid}; user_id=sales%40example.com"));
        let renew = |tokens: &Value| {
            let token = tokens["refresh_token"].as_str().unwrap();
            desk.token(&format!("grant_type=refresh_token&refresh_token={token}&client_id={client}"))
        };
        let (status, new) = renew(&old);
        assert_eq!((status, desk.whom(&new).0, desk.whom(&old).0, renew(&old).0), (200, 200, 200, 200));
        let revoke = format!("token={}&client_id={client}", old["access_token"].as_str().unwrap());
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let nameless = revoke.split('&').next().unwrap();
        for (body, status) in [(nameless, 403), (revoke.as_str(), 200)] {
            assert_eq!(desk.with("POST", &format!("{BELOW}revoke_token"), &form, body).status, status, "{body}");
        }
        assert_eq!((desk.whom(&old).0, renew(&old).0, desk.whom(&new).0), (401, 403, 200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h82_a_token_that_is_over_is_told_to_be_active() {
    for desk in Desk::each().await {
        let (sid, client) = (desk.session("sales@example.com"), desk.client());
        desk.sandbox.oauth().lives(0);
        let tokens = desk.tokens(&client, &format!("{sid}; user_id=sales%40example.com"));
        assert_eq!(desk.whom(&tokens).0, 401);
        let told = |token: &str| {
            let form = [("Content-Type", "application/x-www-form-urlencoded")];
            let answer = desk.with("POST", &format!("{BELOW}introspect_token"), &form, &format!("token={token}"));
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        };
        let of_one = told(tokens["access_token"].as_str().unwrap());
        assert_eq!((&of_one["active"], &of_one["client_id"]), (&json!(true), &json!(client)));
        assert_eq!((&of_one["scope"], &told("none")["active"]), (&json!("all openid"), &json!(false)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h83_the_token_of_a_disabled_user_works_on_and_is_renewed() {
    for desk in Desk::each().await {
        let (sid, client) = (desk.session("sales@example.com"), desk.client());
        let other = desk.session("reader@example.com");
        let who =
            |sid: &str| desk.with("GET", "/api/method/frappe.auth.get_logged_user", &[("Cookie", sid)], "").status;
        let tokens = desk.tokens(&client, &format!("{sid}; user_id=sales%40example.com"));
        desk.put("/api/resource/User/sales@example.com", &json!({"enabled": 0}));
        assert_eq!(desk.whom(&tokens).0, 200);
        assert_eq!((who(&sid), who(&other)), (403, 200), "disabling ends sessions, and those of nobody else");
        assert_eq!(desk.ask("sales", "GET", "/api/method/frappe.auth.get_logged_user", &json!({})).0, 401);
        let refused = desk.log_in("sales@example.com");
        assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
        let token = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(desk.token(&format!("grant_type=refresh_token&refresh_token={token}&client_id={client}")).0, 200);
        desk.put("/api/resource/User/sales@example.com", &json!({"enabled": 1}));
        assert_eq!((who(&sid), who(&desk.session("sales@example.com"))), (403, 200), "a session that ended stays so");
    }
}
