//! The site itself: who the caller is to it, and what runs there.

use serde_json::{Map, Value};

use super::{CallerClient, SiteError, unexpected};

impl CallerClient<'_> {
    /// The ERPNext user behind the caller's credentials.
    ///
    /// # Errors
    /// [`Kind::BadKey`](super::Kind::BadKey) where the site does not know them.
    pub async fn logged_user(&self) -> Result<String, SiteError> {
        let method = "frappe.auth.get_logged_user";
        match self.method_get(method, Vec::new(), "message").await?.data {
            Value::String(user) => Ok(user),
            _ => Err(unexpected(&format!("GET /api/method/{method}"), false, "no user in it")),
        }
    }

    /// The time zone that the site's dates and times are in, such as `Asia/Dubai`.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn time_zone(&self) -> Result<String, SiteError> {
        let method = "frappe.client.get_time_zone";
        let answer = self.method_get(method, Vec::new(), "message").await?.data;
        let zone = answer.get("time_zone").and_then(Value::as_str).map(str::to_owned);
        zone.ok_or_else(|| unexpected(&format!("GET /api/method/{method}"), false, "no time zone in it"))
    }

    /// The installed apps by name, each with `title`, `version` and more.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn versions(&self) -> Result<Map<String, Value>, SiteError> {
        let method = "frappe.utils.change_log.get_versions";
        match self.method_get(method, Vec::new(), "message").await?.data {
            Value::Object(apps) => Ok(apps),
            _ => Err(unexpected(&format!("GET /api/method/{method}"), false, "no versions in it")),
        }
    }
}
