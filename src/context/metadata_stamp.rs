//! Whether the site's metadata changed: the cheapest question for it.

use erpnext_schema::Order;
use futures_util::future::{join_all, try_join};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::Attempt;
use crate::policy::{Operation, Policy};
use crate::site::{CallerClient, ListQuery, SiteError};

/// What a DocType is made of. A document that is taken away shows in how many there are.
const PARTS: [&str; 3] = ["DocType", "Custom Field", "Property Setter"];

/// Whether what was attempted changes the metadata of some DocType, if it was done: a write to a part, or to a Workflow, which
/// adds the field that it moves.
pub fn changes_metadata(attempt: &Attempt) -> bool {
    let is_part = |doctype: &str| PARTS.contains(&doctype) || doctype == "Workflow";
    let mut writes = Operation::ALL.iter().filter(|operation| operation.writes());
    let is_write = writes.any(|operation| operation.as_str().eq_ignore_ascii_case(&attempt.operation));
    is_write && !attempt.dry_run && attempt.doctype.as_deref().is_some_and(is_part)
}

/// How many documents of each of the parts there are, and when the last of them was changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MetadataStamp(Vec<(u64, String)>);

impl MetadataStamp {
    /// Asks the site; none if the user may not list the parts, as most may not.
    pub async fn ask(site: CallerClient<'_>) -> Option<Self> {
        // Not on a model's behalf: nobody is told what is found.
        let policy = Policy::full();
        let parts = join_all(PARTS.map(|part| last(site, &policy, part))).await;
        let parts = parts.into_iter().collect::<Result<Option<Vec<_>>, _>>();
        parts.inspect_err(|error| tracing::debug!("what changed of the metadata: {}", error.for_log())).ok()?.map(Self)
    }
}

async fn last(site: CallerClient<'_>, policy: &Policy, part: &str) -> Result<Option<(u64, String)>, SiteError> {
    let Ok(permit) = policy.permit(Operation::Read, part) else { return Ok(None) };
    let query = ListQuery {
        fields: vec!["name".to_owned(), "modified".to_owned()],
        order_by: vec![Order::desc("modified")],
        limit: 1,
        ..ListQuery::default()
    };
    let (count, page) = try_join(site.count(&permit, &[], &[], None), site.list(&permit, &query)).await?;
    let modified = page.data.first().and_then(|row| row.get("modified")).and_then(Value::as_str);
    Ok(Some((count, modified.unwrap_or_default().to_owned())))
}
