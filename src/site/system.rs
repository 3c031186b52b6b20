//! The site itself: who the caller is to it, and what runs there.

use serde_json::{Map, Value};

use super::{CallerClient, SiteError, endpoints, unexpected};

impl CallerClient<'_> {
    /// The ERPNext user behind the caller's credentials.
    ///
    /// # Errors
    /// [`Kind::BadKey`](super::Kind::BadKey) where the site does not know them.
    pub async fn logged_user(&self) -> Result<String, SiteError> {
        let method = endpoints::LOGGED_USER;
        match self.method_get(method, Vec::new(), "message").await?.data {
            Value::String(user) => Ok(user),
            _ => Err(unexpected(&endpoints::line("GET", method), false, "no user in it")),
        }
    }

    /// The time zone that the site's dates and times are in, such as `Asia/Dubai`.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn time_zone(&self) -> Result<String, SiteError> {
        let method = endpoints::TIME_ZONE;
        let answer = self.method_get(method, Vec::new(), "message").await?.data;
        let zone = answer.get("time_zone").and_then(Value::as_str).map(str::to_owned);
        zone.ok_or_else(|| unexpected(&endpoints::line("GET", method), false, "no time zone in it"))
    }

    /// The installed apps by name, each with `title`, `version` and more.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn versions(&self) -> Result<Map<String, Value>, SiteError> {
        let method = endpoints::VERSIONS;
        match self.method_get(method, Vec::new(), "message").await?.data {
            Value::Object(apps) => Ok(apps),
            _ => Err(unexpected(&endpoints::line("GET", method), false, "no versions in it")),
        }
    }

    /// The number of the site's ERPNext, such as `15.71.1`; of its Frappe where it has no ERPNext; none where it tells
    /// neither.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn erpnext_version(&self) -> Result<Option<String>, SiteError> {
        let apps = self.versions().await?;
        let number = |app: &str| apps.get(app)?.get("version")?.as_str().map(str::to_owned);
        Ok(number("erpnext").or_else(|| number("frappe")))
    }
}
