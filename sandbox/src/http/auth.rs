//! Who asks: the `Authorization` header against the site's keys, unless a cookie stands for somebody: it beats the header.

use super::App;
use super::session::Cookie;
use crate::error::{SiteError, exc};
use crate::keys::{self, Key};
use crate::perms::User;
use crate::store::{Db, Sql, table_name};

/// The user of the session, else the one whose key was sent; Guest where no header was, or one of one word.
///
/// # Errors
/// 401 for a wrong key or secret, a disabled user, another scheme, whatever the cookie says.
pub fn user(db: &Db<'_>, app: &App, header: Option<&str>, cookie: &Cookie) -> Result<User, SiteError> {
    let sent = by_header(db, app, header)?;
    Ok(match cookie {
        Cookie::User(name) => named(db, name),
        Cookie::None | Cookie::Expired => sent,
    })
}

fn by_header(db: &Db<'_>, app: &App, header: Option<&str>) -> Result<User, SiteError> {
    let mut words = header.unwrap_or_default().split_whitespace();
    let (Some(scheme), Some(token)) = (words.next(), words.next()) else { return Ok(User::guest()) };
    let refused = || SiteError::new(exc::AUTHENTICATION, "");
    if scheme.eq_ignore_ascii_case("bearer") {
        // A disabled user's is taken too.
        return app.provider.user(token).map(|user| named(db, &user)).ok_or_else(refused);
    }
    if !scheme.eq_ignore_ascii_case("token") {
        return Err(refused());
    }
    let (key, secret) = token.split_once(':').ok_or_else(refused)?;
    if app.faults.is_expired(key) {
        return Err(refused());
    }
    match keys::KEYS.iter().find(|known| known.key == key && known.secret == secret) {
        Some(key) if may_log_in(db, key) => Ok(named(db, key.user)),
        Some(_) => Err(refused()),
        None => added(db, key).filter(|_| secret == keys::SECRET).map(|user| named(db, &user)).ok_or_else(refused),
    }
}

/// Whether a key's user may, by key or password: not where somebody has disabled them since the site began.
pub(super) fn may_log_in(db: &Db<'_>, key: &Key) -> bool {
    key.enabled && !disabled(db).iter().any(|user| user == key.user)
}

/// The users who are disabled.
pub(super) fn disabled(db: &Db<'_>) -> Vec<String> {
    let sql = format!("SELECT name FROM {} WHERE enabled = 0", table_name("User"));
    texts(db, &sql, &[])
}

/// A column of texts; nothing of a table that is not there yet.
fn texts(db: &Db<'_>, sql: &str, params: &[Sql]) -> Vec<String> {
    let cells = db.query(sql, params).unwrap_or_default().into_iter().flatten();
    let text = |cell| match cell {
        Sql::Text(text) => Some(text),
        _ => None,
    };
    cells.filter_map(text).collect()
}

/// The user of a key that came later.
fn added(db: &Db<'_>, key: &str) -> Option<String> {
    let known = keys::KEYS.iter().any(|known| known.key == key);
    let sql = format!("SELECT name FROM {} WHERE api_key = ?1 AND enabled = 1", table_name("User"));
    match db.scalar(&sql, &[Sql::Text(key.to_owned())]) {
        Ok(Some(Sql::Text(user))) if !known => Some(user),
        _ => None,
    }
}

/// A user with the roles that the site gives.
fn named(db: &Db<'_>, name: &str) -> User {
    if name == "Administrator" {
        return User::administrator();
    }
    let sql =
        format!("SELECT role FROM {} WHERE parent = ?1 AND parenttype = 'User' ORDER BY idx", table_name("Has Role"));
    let mut roles = ["All", "Guest"].map(str::to_owned).to_vec();
    roles.extend(texts(db, &sql, &[Sql::Text(name.to_owned())]));
    // Who has no role of the desk's is a user of the website.
    if roles.len() > 2 {
        roles.push("Desk User".to_owned());
    }
    User { name: name.to_owned(), roles }
}
