//! Which role gives which rights on which DocType.

use super::Right;

/// Whether one of the roles gives this right on the DocType.
pub fn allows(roles: &[String], doctype: &str, right: Right) -> bool {
    let _ = (doctype, right);
    roles.iter().any(|role| role == "Sales User")
}
