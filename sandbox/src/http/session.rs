//! Sessions of a browser: a cookie that stands for a user, and the token against forged requests that a page hands out.
//! They last as long as the process, unless their user is disabled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::auth;
use crate::documents::random;
use crate::error::{SiteError, exc};
use crate::keys;
use crate::site::Site;
use crate::store::{Db, Store};

/// What a request's cookie says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cookie {
    /// Nothing, or that nobody is logged in.
    None,
    /// A session that is not known any more.
    Expired,
    /// This user, whatever token is sent beside it.
    User(String),
}

#[derive(Default)]
struct Session {
    user: String,
    /// Handed out with the first page; from then on every write has to send it.
    csrf: Option<String>,
}

/// The sessions of a site, by the value of their cookie.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session for `usr` with `pwd`, which is the secret of the user's key, and gives the user and the cookie.
    ///
    /// # Errors
    /// 401 for anybody else, and for a user who is disabled.
    pub fn log_in(&self, db: &Db<'_>, args: &Map<String, Value>) -> Result<(&'static str, String), SiteError> {
        let arg = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
        let known = keys::KEYS.iter().find(|key| key.user == arg("usr") && key.secret == arg("pwd"));
        let known = known.filter(|key| auth::may_log_in(db, key));
        let user = known.ok_or_else(|| SiteError::new(exc::AUTHENTICATION, ""))?.user;
        let sid: String = (0..4).map(|_| random()).collect();
        self.all().insert(sid.clone(), Session { user: user.to_owned(), csrf: None });
        Ok((user, sid))
    }

    /// Ends the sessions of users who are disabled: none of them comes back with its user.
    pub fn end_of_disabled(&self, store: &Store) {
        if self.all().is_empty() {
            return;
        }
        let disabled = store.transaction(|db| Ok::<_, SiteError>((auth::disabled(db), false))).unwrap_or_default();
        self.all().retain(|_, session| !disabled.contains(&session.user));
    }

    /// Whom a request's cookies stand for.
    pub fn whom(&self, cookies: Option<&str>) -> Cookie {
        match sid(cookies) {
            None | Some("" | "Guest") => Cookie::None,
            Some(sid) => match self.all().get(sid) {
                Some(session) => Cookie::User(session.user.clone()),
                None => Cookie::Expired,
            },
        }
    }

    /// The token against forged requests of this session, made where there is none yet; `None` without a session.
    pub fn mint(&self, cookies: Option<&str>) -> Option<String> {
        let mut all = self.all();
        let session = all.get_mut(sid(cookies)?)?;
        Some(session.csrf.get_or_insert_with(|| (0..4).map(|_| random()).collect()).clone())
    }

    /// # Errors
    /// 400 for a write of a session that has a token and does not send it.
    pub fn check_forged(&self, method: &str, cookies: Option<&str>, sent: Option<&str>) -> Result<(), SiteError> {
        let all = self.all();
        let token = sid(cookies).and_then(|sid| all.get(sid)).and_then(|session| session.csrf.as_deref());
        match token.filter(|_| !matches!(method, "GET" | "HEAD" | "OPTIONS")) {
            Some(token) if sent != Some(token) => Err(SiteError::throw(exc::CSRF, "Invalid Request").quiet()),
            _ => Ok(()),
        }
    }
}

/// What a successful login answers.
///
/// # Errors
/// The database's.
pub fn welcome(site: &Site<'_>, user: &str) -> Result<Value, SiteError> {
    let name = site.value("User", user, "full_name")?;
    Ok(json!({ "message": "Logged In", "home_page": "/app/home", "full_name": name }))
}

fn sid(cookies: Option<&str>) -> Option<&str> {
    cookies?.split(';').find_map(|cookie| cookie.trim().strip_prefix("sid="))
}
