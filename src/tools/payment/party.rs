//! The party of a payment, which may be called by its title.

use crate::context::Session;
use crate::documents::titles;
use crate::site;
use crate::tools::erp::PartyType;

/// Gives the party its name, where one alone is called so.
pub async fn name_party(session: &Session<'_>, kind: PartyType, party: &mut String) {
    let named = titles::name_of(session, kind.as_str(), party, None).await;
    if let Some(name) = named.filter(|name| *name != *party) {
        site::note(format!("party: {party} is {name}"));
        *party = name;
    }
}
