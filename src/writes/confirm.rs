//! Asking for a confirmation: the words for what a write would do, and what its token stands for. That is tool, arguments,
//! user, the document as it was then, and all that would be done; not what is told beside it.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, flag};
use ring::digest::{Context, SHA256};
use serde_json::{Map, Value, json};

use crate::cleared::{Bound, Confirmed, NoToken};
use crate::context::{Company, Session};
use crate::error::{ToolError, Unconfirmed};
use crate::hex::sha256;
use crate::policy::{Operation, Policy};
use crate::shape::amounts::Amounts;
use crate::shape::plain::{plain, plain_map};
use crate::shape::readable::{Labels, readable};
use crate::site::Caller;
use crate::tool::Arguments;
use crate::tool::arguments::{KEY, TOKEN};

/// How many characters of what would be done a person is shown in a question; what is longer is not asked in one.
const MOST_TOLD: usize = 24_000;

/// The longest title that a question names a document by, in bytes: others are texts.
const LONGEST_TITLE: usize = 140;

/// What of a preview stands beside the change: what follows from it, and what is regretted. It changes with everybody's
/// work, as the stock does, so that no token stands for it.
pub(super) const BESIDE: [&str; 5] = ["accounts_ledger", "accounts_undone", "stock_ledger", "stock_undone", "warnings"];

/// What of a preview are entries of a ledger, and of which.
const LEDGERS: [(&str, &str); 2] = [("accounts_ledger", "GL Entry"), ("accounts_undone", "GL Entry")];

/// What would be done, for the one who is asked.
#[derive(Default)]
pub struct Shown {
    /// The preview.
    pub entries: Map<String, Value>,
    /// What the document says beside it: what it is called and comes to, and in which currencies.
    pub stated: Map<String, Value>,
}

impl From<Map<String, Value>> for Shown {
    fn from(entries: Map<String, Value>) -> Self {
        Self { entries, ..Self::default() }
    }
}

/// What a token for a call stands for; `state` is that of what is written, and `shown` what would be done.
fn bound(
    caller: &Caller,
    tool: &str,
    doctype: &str,
    given: &Arguments,
    state: Option<&Value>,
    shown: &Map<String, Value>,
) -> Bound {
    let mut context = Context::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        context.update(&bytes.len().to_be_bytes());
        context.update(bytes);
    };
    part(caller.identity().as_bytes());
    part(caller.session.as_deref().unwrap_or_default().as_bytes());
    part(tool.as_bytes());
    part(doctype.as_bytes());
    part(state.unwrap_or(&Value::Null).to_string().as_bytes());
    part(written(given.all(), &[TOKEN, "confirm"]).as_bytes());
    part(written(shown, &BESIDE).as_bytes());
    let mut bound = [0; 32];
    bound.copy_from_slice(context.finish().as_ref());
    bound
}

/// What a create asks for, as a hash: the document, or what it is made from, by whichever tool, and not how the call is made.
pub(super) fn asked(given: &Arguments) -> String {
    let mut how = vec![TOKEN, "confirm", "dry_run", KEY, "return_document", "fresh"];
    // Of what is made, which the key has in its name; of what it is made from, where that is named.
    if !given.all().contains_key("name") {
        how.push("doctype");
    }
    sha256(written(given.all(), &how).as_bytes())
}

/// The same text for equal arguments.
fn written(map: &Map<String, Value>, but: &[&str]) -> String {
    let mut text = String::new();
    let entries = sorted(map).into_iter().filter(|(name, _)| !but.contains(&name.as_str()));
    entries.for_each(|(name, value)| write(&mut text, name, value));
    text
}

fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// The same text for the same value, in whatever order its keys stand.
fn write(text: &mut String, key: &str, value: &Value) {
    text.push_str(&json!(key).to_string());
    match value {
        Value::Object(map) => {
            text.push('{');
            sorted(map).into_iter().for_each(|(key, value)| write(text, key, value));
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            list.iter().for_each(|value| write(text, "", value));
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// What is asked about.
pub struct About<'a> {
    /// The tool as it was called.
    pub tool: &'a str,
    /// Empty where it is about no document.
    pub doctype: &'a str,
    /// The `modified` of the document, where there is one; of a batch, that of each with what would be done.
    pub state: Option<&'a Value>,
    /// What decides whether it has to be confirmed.
    pub operation: Operation,
    /// Whether it has to be confirmed whatever the policy says of the operation: nobody named the documents.
    pub always: bool,
    /// In a few words.
    pub what: String,
}

/// Where nobody has to be asked before a write. What `always` has to be confirmed is so by `confirm: true` alone, where the
/// policy takes that.
pub(super) fn unasked(policy: &Policy, operation: Operation, always: bool, said: bool) -> Option<Confirmed> {
    let may = !always || policy.takes_confirm_argument() && said;
    Confirmed::unasked(policy, operation, said).filter(|_| may)
}

fn no_token(why: NoToken) -> ToolError {
    match why {
        NoToken::Random => {
            ToolError::refused("This machine has no random numbers now; nothing was sent.", "Try again.")
        }
        NoToken::Away => ToolError::away("nothing can be confirmed"),
    }
}

/// The labels of a DocType's fields and its rows' that stand for one field alone, and pass for nothing else.
fn labels(session: &Session<'_>, doctype: &str) -> Labels {
    let Some(def) = session.catalog.known(doctype) else { return Labels::new() };
    let tables = def.fields.iter().filter(|field| field.kind.is_table()).filter_map(FieldDef::target);
    let rows = tables.filter_map(|table| session.catalog.known(table));
    telling(rows.chain([def]))
}

fn telling(defs: impl Iterator<Item = &'static DocTypeDef>) -> Labels {
    let fields = defs.flat_map(DocTypeDef::all_fields).filter(|field| field.kind.holds_value());
    let known: BTreeSet<(&str, &str)> = fields.map(|field| (field.fieldname, field.label)).collect();
    let is_plain = |label: &str| {
        label.starts_with(|c: char| c.is_alphabetic() || c == '%')
            && label.chars().all(|c| c.is_alphanumeric() || " ()-'/%".contains(c))
    };
    // Neither two labels of one name, nor one that another field has, or is shown with.
    let is_clear = |(name, label): &(&str, &str)| {
        known.iter().filter(|(other, _)| other == name).count() == 1
            && known.iter().all(|(other, of)| {
                let is_shown_so = other.len() == label.len() && other.replace('_', " ").eq_ignore_ascii_case(label);
                other == name || !of.eq_ignore_ascii_case(label) && !is_shown_so
            })
    };
    known.iter().copied().filter(|pair| is_plain(pair.1) && is_clear(pair)).collect()
}

/// The title and the amount of the document as it is stored, where what is shown of the write does not show the document
/// itself.
fn called(def: Option<&DocTypeDef>, stated: &Map<String, Value>, shown: &Map<String, Value>) -> Map<String, Value> {
    let is_shown = ["document", "would_create", "would_delete"].iter().any(|key| shown.contains_key(*key));
    let is_short = |title: &str| !title.is_empty() && title.len() <= LONGEST_TITLE;
    let fields = def.filter(|_| !is_shown).map(|def| [def.titled_by().map(|field| field.fieldname), def.title_field]);
    let title = fields.into_iter().flatten().flatten().find_map(|field| {
        let title = stated.get(field).filter(|title| title.as_str().is_some_and(is_short))?;
        (Some(title) != stated.get("name")).then(|| (field.to_owned(), title.clone()))
    });
    // The amount that the site works out, and that the desk's list shows.
    let is_total =
        |field: &&FieldDef| field.kind == FieldKind::Currency && field.is(flag::READ_ONLY | flag::IN_LIST_VIEW);
    let total = def.filter(|_| !is_shown).and_then(|def| def.fields.iter().find(is_total));
    let total = total.and_then(|field| Some((field.fieldname.to_owned(), stated.get(field.fieldname)?.clone())));
    let told: Map<String, Value> = title.into_iter().chain(total).collect();
    if told.is_empty() { told } else { Map::from_iter([("document".to_owned(), Value::Object(told))]) }
}

/// The amounts of a document of the DocType and of its entries in ledgers.
fn amounts(session: &Session<'_>, doctype: &str, stated: Map<String, Value>) -> Amounts {
    let Some(def) = session.catalog.known(doctype) else { return Amounts::default() };
    let companies: &[Company] = session.info().get().map_or(&[], |info| &info.companies);
    let currency_of = |company: &Company| Some((company.name.clone(), company.currency.clone()?));
    let currencies: BTreeMap<String, String> = companies.iter().filter_map(currency_of).collect();
    let amounts = Amounts::new(def, &|child| session.catalog.known(child), stated, currencies);
    let ledgers = LEDGERS.into_iter().filter_map(|(name, of)| Some((name, session.catalog.known(of)?)));
    ledgers.fold(amounts, |amounts, (name, of)| amounts.with_rows(name, of))
}

impl About<'_> {
    /// That it is confirmed, where it has to be; `shown` says what would be done.
    ///
    /// # Errors
    /// [`ToolError::Unconfirmed`] where it is not.
    pub async fn confirmed<S: Into<Shown>>(
        self,
        session: &Session<'_>,
        given: &Arguments,
        shown: impl FnOnce() -> S + Send,
    ) -> Result<Confirmed, ToolError> {
        let said = given.write.confirm;
        if let Some(confirmed) = unasked(session.policy, self.operation, self.always, said == Some(true)) {
            return Ok(confirmed);
        }
        let brought = given.write.confirm_token.as_deref();
        if brought.is_some() && said == Some(false) {
            return Err(ToolError::refused(
                "confirm: false is no confirmation, whatever token stands beside it; nothing was sent.",
                "If it is meant, call again with the token and without confirm.",
            ));
        }
        let Shown { entries: shown, stated } = shown().into();
        let bound = bound(session.caller, self.tool, self.doctype, given, self.state, &shown);
        let (tokens, shared) = (&session.user.tokens, session.shared);
        if let Some(brought) = brought
            && let Some(confirmed) = tokens.redeem(shared, brought, &bound).await.map_err(no_token)?
        {
            return Ok(confirmed);
        }
        let token = tokens.issue(shared, bound).await.map_err(no_token)?;
        let what = plain(&self.what);
        let shown = plain_map(shown);
        let called = plain_map(called(session.catalog.known(self.doctype), &stated, &shown));
        let (labels, amounts) = (labels(session, self.doctype), amounts(session, self.doctype, stated));
        let told = [&called, &shown].map(|entries| readable(entries, &labels, &amounts)).join("\n");
        let told = told.trim_start();
        let question =
            (told.chars().count() <= MOST_TOLD).then(|| format!("{}?\n\n{told}", what.replace(char::is_control, " ")));
        let mut answer = Map::from_iter([("not_done_yet".to_owned(), json!(what))]);
        answer.extend(shown);
        if brought.is_some() {
            let why = "confirm_token is used, expired (10 minutes), or was issued for other arguments or an older version of the document";
            answer.insert("note".to_owned(), json!(why));
        }
        answer.insert(TOKEN.to_owned(), json!(token));
        let next = format!(
            "Nothing was sent. Show this to the user; if it is meant, call {} again with the same arguments and this {TOKEN}.",
            self.tool
        );
        answer.insert("next".to_owned(), json!(next));
        Err(ToolError::Unconfirmed(Box::new(Unconfirmed { question, token, answer: Value::Object(answer) })))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{bound, telling};
    use crate::cleared::{Bound, Tokens};
    use crate::site::{Caller, Credentials, SiteUrl};
    use crate::tool::Arguments;

    fn caller(key: &str) -> Caller {
        let credentials = Credentials::new(key.into(), "s".into()).unwrap();
        Caller::new(SiteUrl::parse("http://localhost", false).unwrap(), credentials)
    }

    fn of(key: &str, tool: &str, given: Value, modified: &str) -> Bound {
        let given = json!({"data": given, "confirm_token": modified});
        let given = Arguments::new(given.as_object().unwrap().clone()).unwrap();
        let shown = Map::from_iter([("would_change".to_owned(), json!({"docstatus": modified}))]);
        bound(&caller(key), tool, "Customer", &given, Some(&json!(modified)), &shown)
    }

    #[test]
    fn a_label_stands_for_one_field_alone() {
        let of = |name: &str| erpnext_doctypes::any(name).unwrap();
        let labels = telling([of("Sales Order"), of("Sales Order Item")].into_iter());
        assert_eq!(labels.get("po_no"), Some(&"Customer's Purchase Order"));
        assert_eq!(labels.get("base_grand_total"), Some(&"Grand Total (Company Currency)"));
        let mut seen = std::collections::BTreeSet::new();
        assert!(labels.values().all(|label| seen.insert(label.to_lowercase())), "{labels:?}");
        // Order and row have it, each with a label of its own.
        assert_eq!(labels.get("discount_amount"), None);
    }

    #[tokio::test]
    async fn a_token_outlives_what_stands_beside_the_change_and_not_another_change() {
        let (caller, given) = (caller("k"), Arguments::new(Map::new()).unwrap());
        let shown = |docstatus: u8, there: u8| {
            let shown = json!({"would_change": {"docstatus": {"from": 0, "to": docstatus}},
                "stock_ledger": [{"balance_qty": there}], "warnings": [format!("there is {there} now")]});
            shown.as_object().unwrap().clone()
        };
        let of =
            |shown: Map<String, Value>| bound(&caller, "submit", "Delivery Note", &given, Some(&json!("m1")), &shown);
        let tokens = Tokens::default();
        let token = tokens.issue(None, of(shown(1, 5))).await.unwrap();
        assert!(tokens.redeem(None, &token, &of(shown(2, 5))).await.unwrap().is_none());
        assert!(tokens.redeem(None, &token, &of(shown(1, 4))).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_token_is_good_once_and_for_what_it_was_given_for() {
        let tokens = Tokens::default();
        let data = json!({"a": 1, "b": {"c": [1, 2], "d": 3}});
        let bound = of("k", "delete", data.clone(), "m1");
        let token = tokens.issue(None, bound).await.unwrap();
        for other in [
            of("other", "delete", data.clone(), "m1"),
            of("k", "cancel", data.clone(), "m1"),
            of("k", "delete", json!({"a": 2}), "m1"),
            of("k", "delete", data, "m2"),
        ] {
            assert!(tokens.redeem(None, &token, &other).await.unwrap().is_none());
        }
        assert!(tokens.redeem(None, "guessed", &bound).await.unwrap().is_none());
        let reordered = of("k", "delete", json!({"b": {"d": 3, "c": [1, 2]}, "a": 1}), "m1");
        assert!(tokens.redeem(None, &token, &reordered).await.unwrap().is_some(), "the order of keys means nothing");
        assert!(tokens.redeem(None, &token, &bound).await.unwrap().is_none(), "it was used");
    }
}
