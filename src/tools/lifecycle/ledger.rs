//! What of a ledger may be seen beside the document that posts to it.

use crate::documents::DocTypeCall;
use crate::policy::Operation;
use crate::query::beyond::Neighbour;

/// What this user may see of the entries of the DocType `of`, or why none is shown.
pub async fn seen(on: &DocTypeCall<'_>, of: &str) -> Result<Neighbour, String> {
    let session = on.session;
    let (Ok(permit), Some(def)) = (session.permit(Operation::Read, of).await, session.catalog.known(of)) else {
        return Err(format!("not shown: reading {of} is not permitted here"));
    };
    let hidden = DocTypeCall { def, permit: &permit, ..*on }.hidden().await;
    let hidden = hidden.map_err(|_| format!("not shown: the site does not tell what of {of} this user may see"))?;
    Ok(Neighbour { def, permit, hidden })
}
