//! The bank or cash account of a payment: the one that is named, that of the mode, or the one that the site took.

use erpnext_schema::rows;
use serde_json::{Map, Value};

use crate::context::Session;
use crate::documents::names::named_exactly;
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::{is_set, text_of};
use crate::site::SiteErrorKind;
use crate::tool::Call;
use crate::writes::named;

/// An account, as far as the caller may see it.
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its currency; none where that may not be read.
    pub currency: Option<String>,
    /// Its type; none where it has none, or that may not be read.
    pub kind: Option<String>,
}

/// The account that is meant for payments to or from `company`; none where nothing is named and the site decides.
///
/// # Errors
/// A mode that is off, or has no account for the company; an account that is not the company's, that is a group, or off.
pub async fn account(
    call: &Call<'_>,
    company: &str,
    mode: Option<&str>,
    named: Option<&str>,
) -> Result<Option<Account>, ToolError> {
    let named = match named {
        Some(named) => Some(titles::in_full(call.session, "Account", named, Some(company)).await),
        None => None,
    };
    let name = match (named, mode) {
        (Some(named), None) => named,
        (named, Some(mode)) => {
            let default = of_mode(call, company, mode, named.is_some()).await?;
            match named.or(default) {
                Some(name) => name,
                None => {
                    return Err(ToolError::refused(
                        format!("mode_of_payment: {mode:?} has no default account for {company:?}; nothing was made."),
                        "Name the account, or have one set in the Mode of Payment for this company.",
                    ));
                }
            }
        }
        (None, None) => return Ok(None),
    };
    let [currency, kind] = match call.session.permit(Operation::Read, "Account").await {
        Ok(permit) => {
            let on = DocTypeCall::of(call, &permit).await?;
            let stored = stored(&on, "account", &name).await?;
            usable(&on, &name, company, &stored)?;
            let seen = on.visible(stored);
            ["account_currency", "account_type"]
                .map(|field| Some(text_of(&seen, field).to_owned()).filter(|fact| !fact.is_empty()))
        }
        Err(_) => [None, None],
    };
    Ok(Some(Account { name, currency, kind }))
}

/// The default account of a mode for the company. Where the mode may not be read and an account is named, that one holds.
async fn of_mode(call: &Call<'_>, company: &str, mode: &str, is_named: bool) -> Result<Option<String>, ToolError> {
    let session: &Session<'_> = call.session;
    let permit = match session.permit(Operation::Read, "Mode of Payment").await {
        Ok(permit) => permit,
        Err(_) if is_named => return Ok(None),
        Err(error) => return Err(error),
    };
    let on = DocTypeCall::of(call, &permit).await?;
    let stored = stored(&on, "mode_of_payment", mode).await?;
    if on.may_read("enabled") && stored.get("enabled").and_then(Value::as_u64) == Some(0) {
        return Err(ToolError::refused(
            format!("mode_of_payment: {mode:?} is not enabled; nothing was made."),
            "List Mode of Payment with enabled: 1 for those that are.",
        ));
    }
    let seen = on.visible(stored);
    let mut of_company =
        seen.get("accounts").into_iter().flat_map(rows).filter(|row| text_of(row, "company") == company);
    Ok(of_company.next().map(|row| text_of(row, "default_account").to_owned()).filter(|name| !name.is_empty()))
}

/// The document that an argument names.
async fn stored(on: &DocTypeCall<'_>, argument: &str, name: &str) -> Result<Map<String, Value>, ToolError> {
    let stored = match on.session.site.get(on.permit, name).await {
        Ok(stored) => stored.data,
        Err(error) if matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::OutOfSight) => {
            return Err(named::missing(on.session, argument, on.def.name, name).await);
        }
        Err(error) => return Err(error.into()),
    };
    named_exactly(on, name, &stored)?;
    Ok(stored)
}

/// By what may be told of the account: the rest the site refuses itself.
fn usable(on: &DocTypeCall<'_>, name: &str, company: &str, account: &Map<String, Value>) -> Result<(), ToolError> {
    let is = |field: &str| on.may_read(field) && is_set(account, field);
    let why = if on.may_read("company") && text_of(account, "company") != company {
        format!("is none of {company:?}")
    } else if is("is_group") {
        "is a group of accounts".to_owned()
    } else if is("disabled") {
        "is disabled".to_owned()
    } else {
        return Ok(());
    };
    Err(ToolError::refused(
        format!("account: {name:?} {why}; nothing was made."),
        "List Account with this company, is_group: 0 and account_type Bank or Cash.",
    ))
}
