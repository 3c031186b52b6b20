//! What the instructions tell of the site and its user before the first call. It is asked of the site after a start, kept
//! with its metadata, and told at the next start, which needs no site.

use erpnext_schema::Order;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Session;
use crate::hex::hex;
use crate::policy::Operation;
use crate::site::{CallerClient, ListQuery, SiteError};

/// How many companies are told; a site has one or a few. One more is asked for: it says that there are others.
pub const MOST_COMPANIES: usize = 5;

/// Who the site takes the caller for, and where that user works.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SiteInfo {
    /// For whom it holds: the caller, under the rule for companies.
    of: String,
    /// The ERPNext user.
    pub user: String,
    /// The zone of the site's dates and times.
    pub time_zone: Option<String>,
    /// The companies, where the policy lets them be read: the first few by name, and one more where there are others.
    pub companies: Vec<Company>,
}

/// A company with what its amounts are in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Company {
    /// Its name on the site.
    pub name: String,
    /// `INR`; none where the policy withholds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl SiteInfo {
    /// Asks the site.
    ///
    /// # Errors
    /// Where the site does not tell who the user is.
    pub async fn ask(session: &Session<'_>, site: CallerClient<'_>) -> Result<Self, SiteError> {
        let user = site.logged_user().await?;
        let time_zone = site.time_zone().await.ok();
        Ok(Self { of: whom(session), user, time_zone, companies: companies(session, site).await })
    }

    /// Whether it was asked for this caller under this policy.
    pub fn is_for(&self, session: &Session<'_>) -> bool {
        self.of == whom(session)
    }
}

/// The companies that the caller may read, the first [`MOST_COMPANIES`] and one more; none where the policy or the site does
/// not let them be read.
pub async fn companies(session: &Session<'_>, site: CallerClient<'_>) -> Vec<Company> {
    const CURRENCY: &str = "default_currency";
    let Ok(permit) = session.permit(Operation::Read, "Company").await else { return Vec::new() };
    let def = session.catalog.known("Company").and_then(|def| def.field(CURRENCY));
    let currency = def.is_some_and(|field| permit.fields().may_read(field)).then_some(CURRENCY);
    let query = ListQuery {
        fields: ["name"].into_iter().chain(currency).map(str::to_owned).collect(),
        order_by: vec![Order::asc("name")],
        limit: u32::try_from(MOST_COMPANIES + 1).unwrap_or(u32::MAX),
        ..ListQuery::default()
    };
    let text = |row: &Map<String, Value>, field: &str| row.get(field).and_then(Value::as_str).map(str::to_owned);
    let company = |row| Some(Company { name: text(&row, "name")?, currency: text(&row, CURRENCY) });
    match site.list(&permit, &query).await {
        Ok(page) => page.data.into_iter().filter_map(company).collect(),
        Err(error) => {
            tracing::debug!("companies: {}", error.for_log());
            Vec::new()
        }
    }
}

/// Another key, or another rule for companies, is another one; tells neither.
fn whom(session: &Session<'_>) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(session.caller.identity().as_bytes());
    hash.update(format!("{:?}", session.policy.permit(Operation::Read, "Company").ok()).as_bytes());
    format!("{:.16}", hex(hash.finish().as_ref()))
}
