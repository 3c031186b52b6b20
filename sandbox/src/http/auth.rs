//! Who asks: the `Authorization` header against the site's keys. Cookies are not looked at.

use crate::error::{SiteError, exc};
use crate::faults::Faults;
use crate::keys;
use crate::perms::User;
use crate::store::{Db, Sql, table_name};

/// The user whose key was sent; Guest where no header was, or one of one word.
///
/// # Errors
/// 401 for a wrong key or secret, a disabled user, another scheme.
pub fn user(db: &Db<'_>, faults: &Faults, header: Option<&str>) -> Result<User, SiteError> {
    let mut words = header.unwrap_or_default().split_whitespace();
    let (Some(scheme), Some(token)) = (words.next(), words.next()) else { return Ok(User::guest()) };
    let refused = || SiteError::new(exc::AUTHENTICATION, "");
    if !scheme.eq_ignore_ascii_case("token") {
        return Err(refused());
    }
    let (key, secret) = token.split_once(':').ok_or_else(refused)?;
    let key = keys::KEYS.iter().find(|known| known.key == key && known.secret == secret).ok_or_else(refused)?;
    if faults.is_expired(key.key) || !key.enabled {
        return Err(refused());
    }
    if key.user == "Administrator" {
        return Ok(User::administrator());
    }
    let sql =
        format!("SELECT role FROM {} WHERE parent = ?1 AND parenttype = 'User' ORDER BY idx", table_name("Has Role"));
    // A site without users has no such table yet.
    let rows = db.query(&sql, &[Sql::Text(key.user.to_owned())]).unwrap_or_default();
    let own = rows.into_iter().flatten().filter_map(|cell| match cell {
        Sql::Text(role) => Some(role),
        _ => None,
    });
    let roles = ["All", "Guest", "Desk User"].map(str::to_owned).into_iter().chain(own).collect();
    Ok(User { name: key.user.to_owned(), roles })
}
