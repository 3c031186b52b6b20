//! A login from the client's request to its code: consent first, then the site's own login, then back to the client.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;

use super::answer::{Answer, Cookie};
use super::authorize::{Decision, decide, refusal};
use super::form::Form;
use super::grant::{Code, ConsentRequest, Grant, Login, Request, SiteTokens};
use super::server::{AuthorizationServer, Failed};
use super::store::now;
use super::{Scope, consent, redirect};
use crate::shared::Keyspace;
use crate::shared::seal::{challenge, hash};
use crate::site::{Caller, Credentials, SiteError};

/// For what the request that stands in the page is sealed.
const CONSENT: &str = "consent";
/// For what the login that the browser keeps is sealed.
const LOGIN: &str = "login of a browser";
/// How much longer than it is good a code is kept.
const AFTER_CODE: Duration = Duration::from_secs(60);
/// What is said where a step comes without the one before it.
const BEGIN_ANEW: &str = "This page is too old, was used already, or belongs to another browser";

impl AuthorizationServer {
    /// A client asks for authorization: the person is asked.
    pub async fn authorize(&self, form: &Form, from: IpAddr) -> Answer {
        let Some(id) = form.get("client_id").filter(|_| !form.has_one_twice()) else {
            return page(400, "The program did not say who it is");
        };
        let client = match self.client(id, from).await {
            Ok(client) => client,
            Err(why) => return page(400, why.1),
        };
        match decide(form, id, &client, &self.addresses) {
            Decision::Ask(request) => self.ask(request).unwrap_or_else(|Failed| unanswered()),
            Decision::Refuse(why) => page(400, why),
        }
    }

    fn ask(&self, request: Request) -> Result<Answer, Failed> {
        let (browser, lives) = (self.sealer.secret()?, self.lifetimes.login);
        let asked = ConsentRequest { browser: browser.clone(), until: now() + lives.as_secs(), request };
        let sealed = self.sealer.seal_text(CONSENT, &asked)?;
        let html = consent::page(&asked.request, &sealed, &self.endpoints.at("consent"));
        Ok(Answer::Page { status: 200, html, cookie: Some(Cookie { value: browser, lives }) })
    }

    /// The person has decided, in the browser that was asked.
    pub fn consent(&self, form: &Form, cookie: Option<&str>) -> Answer {
        let asked: Option<ConsentRequest> =
            form.get("request").and_then(|sealed| self.sealer.open_text(CONSENT, sealed));
        let Some(asked) = asked.filter(|asked| asked.until > now() && is_same(&asked.browser, cookie)) else {
            return page(400, BEGIN_ANEW);
        };
        let mut request = asked.request;
        if form.get("decision") != Some("allow") {
            return onward(&self.tell(&request, "access_denied", "the person refused"), forget());
        }
        // Less than was asked for, where the person says so.
        let chosen = form.get("scope").and_then(Scope::from_name);
        request.scope = chosen.map_or(Scope::Read, |chosen| chosen.min(request.scope));
        self.send_to_site(request).unwrap_or_else(|Failed| unanswered())
    }

    /// The login goes along in the browser: nobody is known yet, and what is kept here of strangers could be used up by them.
    fn send_to_site(&self, request: Request) -> Result<Answer, Failed> {
        let (state, verifier) = (self.sealer.secret()?, self.sealer.secret()?);
        let Some(to) = self.site_address(&state, &challenge(&verifier)) else { return Ok(unanswered()) };
        let lives = self.lifetimes.login;
        let login = Login { request, state, until: now() + lives.as_secs(), verifier };
        Ok(onward(&to, Cookie { value: self.sealer.seal_text(LOGIN, &login)?, lives }))
    }

    fn site_address(&self, state: &str, challenge: &str) -> Option<String> {
        self.site.address(&self.app.caller(Credentials::nobody()).site, state, challenge)
    }

    /// The person comes back from the site.
    pub async fn callback(self: &Arc<Self>, form: &Form, cookie: Option<&str>, from: IpAddr) -> Answer {
        let brought = form.get("state").filter(|_| !form.has_one_twice());
        let login: Option<Login> = cookie.and_then(|cookie| self.sealer.open_text(LOGIN, cookie));
        let Some(login) = login.filter(|login| login.until > now() && is_same(&login.state, brought)) else {
            return page(400, BEGIN_ANEW);
        };
        let Login { request, state, verifier, .. } = login;
        let used = hash(&state);
        match self.get::<bool>(Keyspace::Login, used).await {
            Ok(None) => {}
            Ok(Some(_)) => return page(400, BEGIN_ANEW),
            Err(Failed) => return unanswered(),
        }
        let code = form.get("code");
        if code.is_some() && self.logins.count(from).await.is_err() {
            return page(429, "Too many people sign in from this address just now: try again in a minute");
        }
        let to = match code {
            None => self.tell(&request, "access_denied", "ERPNext did not let the person in"),
            Some(code) => match self.granted(&request, code, &verifier).await {
                Ok(grant) => {
                    // Only of those whom the site let in. Where this cannot be kept, the code cannot either.
                    _ = self.put(Keyspace::Login, used, &true, self.lifetimes.login).await;
                    match self.code(&request, grant).await {
                        Ok(code) => self.back(&request, &code),
                        Err(Failed) => self.tell(&request, "server_error", "try again"),
                    }
                }
                Err(Refused::Denied) => self.tell(&request, "access_denied", "ERPNext did not let the person in"),
                Err(Refused::Unanswered) => self.tell(&request, "temporarily_unavailable", "ERPNext does not answer"),
            },
        };
        Answer::Redirect { to, cookie: Some(forget()) }
    }

    /// What the site's code is worth: the tokens of an enabled user.
    async fn granted(&self, request: &Request, code: &str, verifier: &str) -> Result<Grant, Refused> {
        // Each login counts for itself: a limit for all of them would be used up by one.
        let login = format!("login {}", request.challenge);
        let nobody = self.app.caller(Credentials::nobody()).of_user(&login);
        let tokens = self.app.as_caller(&nobody).redeem(&self.site, code, verifier).await.map_err(refused)?;
        let caller = self.app.caller(Credentials::bearer(tokens.access.clone()).map_err(|_| Refused::Denied)?);
        let tokens = SiteTokens::from(tokens);
        let user = match self.enabled(&caller).await {
            Ok(user) => user,
            Err(why) => {
                self.take_back(&login, tokens.access);
                return Err(why);
            }
        };
        Ok(Grant {
            client_id: request.client_id.clone(),
            client: request.client.clone(),
            user,
            scope: request.scope,
            resource: request.resource.clone(),
            generation: 0,
            renewed: now(),
            access: Vec::new(),
            site: tokens,
            former: None,
        })
    }

    /// The user of a token, who is enabled.
    async fn enabled(&self, caller: &Caller) -> Result<String, Refused> {
        let user = self.app.user_of(caller).await.map_err(refused)?;
        let is_enabled = self.app.as_caller(caller).is_enabled(&user).await.map_err(refused)?;
        if user == "Guest" || !is_enabled {
            tracing::info!("a login was refused: the user is disabled at the site");
            return Err(Refused::Denied);
        }
        Ok(user)
    }

    /// A code for a grant. When nobody redeems it in time, the site takes its tokens back.
    async fn code(self: &Arc<Self>, request: &Request, grant: Grant) -> Result<String, Failed> {
        let code = self.sealer.secret()?;
        let (key, lives) = (hash(&code), self.lifetimes.code);
        // It is kept a little longer than it is good, so that its end finds it.
        self.put(Keyspace::Code, key, &Code::Fresh(request.clone(), Box::new(grant)), lives + AFTER_CODE).await?;
        let server = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(lives).await;
            match server.take::<Code>(Keyspace::Code, key).await.ok().flatten() {
                Some(Code::Fresh(_, grant)) => {
                    let Grant { user, site, .. } = *grant;
                    server.take_back(&user, site.access);
                }
                // That it comes again is still to be seen.
                Some(used) => _ = server.put(Keyspace::Code, key, &used, lives).await,
                None => {}
            }
        });
        Ok(code)
    }

    fn back(&self, request: &Request, code: &str) -> String {
        let mut told = vec![("code", code)];
        told.extend(request.state.as_deref().map(|state| ("state", state)));
        told.push(("iss", &self.addresses.issuer));
        redirect::with(&request.redirect, &told)
    }

    fn tell(&self, request: &Request, code: &str, words: &str) -> String {
        refusal(&request.redirect, request.state.as_deref(), &self.addresses, code, words)
    }
}

/// Why the site's login came to nothing.
pub(super) enum Refused {
    /// The site says no.
    Denied,
    /// It does not say.
    Unanswered,
}

/// What an error of the site means for who signs in. Nothing of its words is told: they may repeat what was sent.
pub(super) fn refused(error: SiteError) -> Refused {
    if error.ends_a_login() {
        return Refused::Denied;
    }
    tracing::warn!(status = error.status(), "the site's login does not answer: {}", error.what());
    Refused::Unanswered
}

/// Whether a browser brings what it was given.
fn is_same(given: &str, brought: Option<&str>) -> bool {
    brought.is_some_and(|brought| given.as_bytes().ct_eq(brought.as_bytes()).into())
}

fn forget() -> Cookie {
    Cookie { value: String::new(), lives: Duration::ZERO }
}

/// From the form to another address, by a page: a browser would hold a redirect, and all that follow it, to the policy of the
/// form, and nobody knows where a client sends people on to.
fn onward(to: &str, cookie: Cookie) -> Answer {
    Answer::Page { status: 200, html: consent::onward(to), cookie: Some(cookie) }
}

fn page(status: u16, why: &str) -> Answer {
    Answer::Page { status, html: consent::refused(why), cookie: None }
}

fn unanswered() -> Answer {
    page(500, "The server could not do it")
}
