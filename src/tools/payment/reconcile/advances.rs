//! The account in which a company keeps what a party paid in advance, where that is another than the party's.

use erpnext_schema::rows;
use serde_json::{Map, Value};

use crate::context::Session;
use crate::policy::Operation;
use crate::shape::text_of;
use crate::tools::erp::PartyType;

const APART: &str = "book_advance_payments_in_separate_party_account";

/// Where advances are.
#[derive(PartialEq, Eq, Debug)]
pub enum Advances {
    /// In the account of the party.
    WithTheRest,
    /// In this one.
    In(String),
    /// The caller may not see where.
    Unknown,
}

impl PartyType {
    /// The field that names its group, the group's DocType, and the company's field for the account.
    const fn advances(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Customer => ("customer_group", "Customer Group", "default_advance_received_account"),
            Self::Supplier => ("supplier_group", "Supplier Group", "default_advance_paid_account"),
        }
    }
}

/// As the site looks for it: the party's own, then its group's, then the company's.
pub async fn advances(session: &Session<'_>, party_type: PartyType, party: &str, company: &str) -> Advances {
    let (group, of_groups, default) = party_type.advances();
    let Some(books) = seen(session, "Company", company).await else { return Advances::Unknown };
    match books.get(APART) {
        Some(flag) if flag.is_null() || *flag == 0 || *flag == false => return Advances::WithTheRest,
        Some(_) => {}
        None => return Advances::Unknown,
    }
    let Some(own) = seen(session, party_type.as_str(), party).await else { return Advances::Unknown };
    let Some(account) = stated(&own, company) else { return Advances::Unknown };
    if !account.is_empty() {
        return Advances::In(account);
    }
    if !own.contains_key(group) {
        return Advances::Unknown;
    }
    let group = text_of(&own, group);
    if !group.is_empty() {
        let Some(above) = seen(session, of_groups, group).await else { return Advances::Unknown };
        match stated(&above, company) {
            Some(account) if account.is_empty() => {}
            Some(account) => return Advances::In(account),
            None => return Advances::Unknown,
        }
    }
    match text_of(&books, default) {
        "" => Advances::Unknown,
        account => Advances::In(account.to_owned()),
    }
}

/// A document without what the caller may not see; none where it may not be read.
async fn seen(session: &Session<'_>, doctype: &str, name: &str) -> Option<Map<String, Value>> {
    let permit = session.permit(Operation::Read, doctype).await.ok()?;
    let def = session.catalog.known(doctype)?;
    let mut stored = session.site.get(&permit, name).await.ok()?.data;
    let children = |child: &str| session.catalog.known(child);
    let may_read = |name: &str| permit.fields().may_read_named(def, &children, name);
    stored.retain(|key, _| may_read(key));
    if !["accounts.company", "accounts.advance_account"].into_iter().all(may_read) {
        stored.remove("accounts");
    }
    Some(stored)
}

/// What the rows of a party or a group state for the company: empty where nothing; none where the rows are withheld.
fn stated(doc: &Map<String, Value>, company: &str) -> Option<String> {
    let mut of_company = rows(doc.get("accounts")?).filter(|row| text_of(row, "company") == company);
    Some(of_company.next().map(|row| text_of(row, "advance_account").to_owned()).unwrap_or_default())
}
