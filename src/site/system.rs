//! The site itself: who the caller is to it, and what runs there.

use serde_json::{Map, Value};

use super::{Client, SiteError, unexpected};
use crate::caller::Caller;

impl Client {
    /// The ERPNext user behind the caller's credentials.
    ///
    /// # Errors
    /// [`Kind::BadKey`](super::Kind::BadKey) where the site does not know them.
    pub async fn logged_user(&self, caller: &Caller) -> Result<String, SiteError> {
        let method = "frappe.auth.get_logged_user";
        match self.method_get(caller, method, Vec::new(), "message").await?.data {
            Value::String(user) => Ok(user),
            _ => Err(unexpected(&format!("GET /api/method/{method}"), false, "no user in it")),
        }
    }

    /// The zone that the site's times are in, such as `Europe/Dublin`.
    ///
    /// # Errors
    /// The site's refusal, also where it does not know the question.
    pub async fn time_zone(&self, caller: &Caller) -> Result<String, SiteError> {
        let method = "frappe.client.get_time_zone";
        let answer = self.method_get(caller, method, Vec::new(), "message").await?.data;
        let zone = answer.get("time_zone").and_then(Value::as_str).filter(|zone| !zone.is_empty());
        zone.map(str::to_owned).ok_or_else(|| unexpected(&format!("GET /api/method/{method}"), false, "no zone in it"))
    }

    /// The installed apps by name, each with `title`, `version` and more.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn versions(&self, caller: &Caller) -> Result<Map<String, Value>, SiteError> {
        let method = "frappe.utils.change_log.get_versions";
        match self.method_get(caller, method, Vec::new(), "message").await?.data {
            Value::Object(apps) => Ok(apps),
            _ => Err(unexpected(&format!("GET /api/method/{method}"), false, "no versions in it")),
        }
    }
}
