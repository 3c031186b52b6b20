//! `get_stock_levels`: how much of many items lies in many warehouses and what it is worth, now or at the end of a day; what
//! is free of it, what comes, and in which batches and serial numbers it lies.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::Operator;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lying::Levels;
use super::seen::{PART, Row, Scope, all_of, allowed, beside, call_on, is_part, is_row_filtered, needed, sees};
use super::{arrivals, batches, is_a_date, missing, reads};
use crate::answer::{ToolAnswer, note_of};
use crate::document::amounts::number_or_zero;
use crate::documents::names::document_name;
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::policy::{Filter, Operation};
use crate::shape::page::{how_many, shown};
use crate::site::ListQuery;
use crate::tool::kinds::{Day, Limit, Names};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// The most items of a group, and the most warehouses.
const MOST_ITEMS: usize = 5_000;
const MOST_WAREHOUSES: usize = 1_000;
/// The most warehouses that are looked up where their company's suffix is left out.
const MOST_IN_PART: usize = 20;

/// How much of many items lies where.
pub static LEVELS: ToolSpec = ToolSpec {
    name: "get_stock_levels",
    title: "Stock levels of many items",
    description: "Returns how much of several items lies in several warehouses, with totals: actual, reserved, free, ordered, \
                  projected, value. With date as it was at the end of that day. arrivals adds what purchase orders bring and \
                  when; batches their expiry.",
    toolset: Toolset::Data,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: |policy| reads(policy, "Item") && reads(policy, "Bin"),
    special: Special { modules: &["stock"], ..Special::NONE },
    handler: handler!(LevelArgs, levels),
};

#[derive(Deserialize, JsonSchema)]
struct LevelArgs {
    /// names of Items; or item_group
    items: Option<Names>,
    /// with the groups below it
    item_group: Option<String>,
    /// a group stands for all below it; default: all
    warehouses: Option<Names>,
    /// YYYY-MM-DD
    date: Option<Day>,
    #[serde(default)]
    arrivals: bool,
    #[serde(default)]
    batches: bool,
    #[serde(default)]
    serial_numbers: bool,
    /// items
    #[serde(default)]
    limit: Limit<50>,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

impl LevelArgs {
    fn check(&self) -> Result<(), ToolError> {
        is_a_date(self.date.as_deref())?;
        let of = (self.items.as_deref().is_some_and(|items| !items.is_empty()), self.item_group.is_some());
        let wrong = match of {
            (false, false) => "items or item_group: one of them says of what.",
            (true, true) => "items and item_group: one of them says of what, not both.",
            _ if self.date.is_some() && (self.arrivals || self.batches || self.serial_numbers) => {
                "date: arrivals, batches and serial_numbers are those of now."
            }
            _ => return Ok(()),
        };
        Err(ToolError::refused(wrong, "Nothing was sent; correct it and call again."))
    }
}

async fn levels(call: Call<'_>, args: LevelArgs) -> Result<ToolAnswer, ToolError> {
    args.check()?;
    let session = call.session;
    let permit = session.permit(Operation::Read, "Item").await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let bin = needed(&on, "Bin").await?;
    // A filter by what is withheld would tell it.
    if let Some(hidden) = ["item_code", "warehouse"].into_iter().find(|name| !sees(&bin, name)) {
        return Err(ToolError::not_readable(hidden, "Bin"));
    }
    let mut notes = Vec::new();
    let items = items(&call, &on, &args).await?;
    let (all, more) = (items.len(), items.len() > args.limit.count());
    let items: BTreeMap<String, Row> = items.into_iter().take(args.limit.count()).collect();
    let scope = Scope {
        items: items.keys().map(|name| json!(name)).collect(),
        warehouses: warehouses(&call, &on, args.warehouses.as_deref(), &mut notes).await?,
    };
    let mut answer = Row::new();
    let mut levels = Levels::read(&call, &on, &bin, &scope).await?;
    if let Some(date) = args.date.as_deref() {
        levels.go_back(&call, &bin, date).await?;
        answer.insert("date".to_owned(), json!(date));
    }
    levels.learn_companies(&on, &mut notes).await?;
    let today = session.today().to_string();
    if scope.is_empty() {
        notes.push("there is no such item, or no warehouse, that you may see".to_owned());
    }
    let mut besides = Besides::read(&call, &on, &args, &scope, &today, &mut notes).await?;
    let withheld = [levels.withheld.as_slice(), besides.withheld.as_slice()].concat();
    let mut here = Vec::new();
    for (name, facts) in &items {
        let (mut told, free) = levels.told(name, facts);
        besides.add_to(&mut told, name, free, &today, &mut notes);
        here.push(Value::Object(told));
    }
    here.truncate(how_many(&here, session.tools.bytes_for_rows()));
    if more || here.len() < items.len() {
        notes.push("there are more items: raise limit, or name some".to_owned());
    }
    answer.insert("shown".to_owned(), json!(shown(0, here.len() as u64, Some(all as u64), here.len() < all)));
    let currencies = levels.currencies(session).await?;
    if !currencies.is_empty() {
        answer.insert("currency".to_owned(), Value::Object(currencies));
    }
    answer.insert("items".to_owned(), Value::Array(here));
    if is_part(session, &bin.permit).await? {
        notes.push(PART.to_owned());
    }
    if !withheld.is_empty() {
        answer.insert("withheld".to_owned(), json!(withheld));
    }
    answer.extend(note_of(&notes));
    Ok(answer.into())
}

/// What is told beside the quantities in stock, where it is asked for.
#[derive(Default)]
struct Besides {
    arriving: Option<BTreeMap<String, Vec<arrivals::Arrival>>>,
    /// What is told of each item, by its key; none where it may not be read.
    of_items: Vec<(&'static str, Option<batches::DetailsByItem>)>,
    withheld: Vec<&'static str>,
}

impl Besides {
    async fn read(
        call: &Call<'_>,
        on: &DocTypeCall<'_>,
        args: &LevelArgs,
        scope: &Scope,
        today: &str,
        notes: &mut Vec<String>,
    ) -> Result<Self, ToolError> {
        let mut read = Self::default();
        if scope.is_empty() {
            return Ok(read);
        }
        if args.arrivals {
            let comes = arrivals::arrivals(call, on, scope, notes).await;
            read.arriving = beside(comes, "Purchase Order", notes)?;
            read.withheld.extend(read.arriving.is_none().then_some("arrivals"));
        }
        if args.batches {
            let told = batches::batches(call, on, scope, today, notes).await;
            read.of_items.push(("batches", beside(told, "Serial and Batch Bundle", notes)?));
        }
        if args.serial_numbers {
            let told = batches::serials(call, on, scope, notes).await;
            read.of_items.push(("serial_numbers", beside(told, "Serial No", notes)?));
        }
        for (key, told) in &read.of_items {
            // Where they are withheld as a whole, there being none is not what is said.
            read.withheld.extend(told.as_ref().map_or_else(|| vec![*key], |told| told.withheld.clone()));
        }
        Ok(read)
    }

    /// Adds what there is of an item, of which so much is `free`.
    fn add_to(&mut self, told: &mut Row, name: &str, free: Option<f64>, today: &str, notes: &mut Vec<String>) {
        if let Some(arriving) = &self.arriving {
            let of_it = arriving.get(name).map(Vec::as_slice).unwrap_or_default();
            if of_it.len() > arrivals::MOST_TOLD {
                notes.push(format!("{name}: the first {} of {} arrivals", arrivals::MOST_TOLD, of_it.len()));
            }
            told.insert("arrivals".to_owned(), json!(arrivals::told(of_it, free, today)));
        }
        for (key, of_item) in &mut self.of_items {
            let Some(of_item) = of_item else { continue };
            let mut of_it = of_item.by_item.remove(name).unwrap_or_default();
            if of_it.len() > batches::MOST_TOLD {
                notes.push(format!("{name}: the first {} of {} {key}", batches::MOST_TOLD, of_it.len()));
                of_it.truncate(batches::MOST_TOLD);
            }
            told.insert((*key).to_owned(), Value::Array(of_it));
        }
    }
}

/// The items that are asked about, with what is told of each.
async fn items(call: &Call<'_>, on: &DocTypeCall<'_>, args: &LevelArgs) -> Result<BTreeMap<String, Row>, ToolError> {
    let there = needed(on, "Item").await?;
    let fields: Vec<_> =
        there.def.field("item_name").filter(|field| sees(&there, field.fieldname)).into_iter().collect();
    let Some(group) = args.item_group.as_deref() else {
        let names: BTreeSet<&str> = args.items.as_deref().unwrap_or_default().iter().map(String::as_str).collect();
        let found = on.fields_of(&there, &names, &fields).await?;
        return match names.into_iter().find(|name| !found.contains_key(*name)) {
            Some(name) => Err(missing(on.session, "Item", name).await),
            None => Ok(found),
        };
    };
    let session = on.session;
    let may_walk = session.policy.shows_tree("Item Group") && sees(&there, "item_group");
    if !may_walk {
        return Err(ToolError::refused(
            "item_group: needs permission to read every Item Group with its parent, and item_group of Item.",
            "Name the items.",
        ));
    }
    super::exists(session, "Item Group", group).await?;
    let columns = ["name"].into_iter().chain(fields.iter().map(|field| field.fieldname)).map(str::to_owned);
    let filters = vec![Filter::new("item_group", Operator::DescendantsOfInclusive, group)];
    let query = ListQuery { fields: columns.collect(), filters, ..ListQuery::default() };
    let found = all_of(call, on, &query, MOST_ITEMS).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.get("name").and_then(document_name)?, row))).collect())
}

/// The warehouses that are meant, with those below the groups among them; nothing where all are meant and all may be seen.
async fn warehouses(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    named: Option<&[String]>,
    notes: &mut Vec<String>,
) -> Result<Option<BTreeSet<String>>, ToolError> {
    let Some(named) = named else {
        if !is_row_filtered(on.session, "Warehouse").await? {
            return Ok(None);
        }
        let there = needed(on, "Warehouse").await?;
        let rows = all_of(call, &call_on(on, &there), &ListQuery::default(), MOST_WAREHOUSES).await;
        return Ok(Some(names(allowed(rows)?.unwrap_or_default()).collect()));
    };
    let there = needed(on, "Warehouse").await?;
    let mut found: BTreeSet<String> = named.iter().skip(MOST_IN_PART).cloned().collect();
    for name in named.iter().take(MOST_IN_PART) {
        found.insert(titles::in_full(on.session, "Warehouse", name, None).await);
    }
    if found.len() > MOST_WAREHOUSES {
        return Err(ToolError::refused(
            format!("warehouses: {} are named, and one call takes {MOST_WAREHOUSES}.", found.len()),
            "Name the group above them, or fewer.",
        ));
    }
    let is_group: Vec<_> = there.def.field("is_group").filter(|_| sees(&there, "is_group")).into_iter().collect();
    let known = on.fields_of(&there, &found.iter().map(String::as_str).collect(), &is_group).await;
    let known = match allowed(known)? {
        Some(known) => known,
        None if there.permit.is_row_filtered() => BTreeMap::new(),
        None => {
            notes.push(
                "what lies below a warehouse is not counted: the site does not let your user read Warehouse".to_owned(),
            );
            return Ok(Some(found));
        }
    };
    if let Some(name) = found.iter().find(|name| !known.contains_key(*name)) {
        return Err(missing(on.session, "Warehouse", name).await);
    }
    if !on.session.policy.shows_tree("Warehouse") || !sees(&there, "parent_warehouse") {
        notes.push("what lies below a warehouse is not counted, as not every Warehouse may be read".to_owned());
        return Ok(Some(found));
    }
    // Nothing lies below one that is no group.
    let may_hold = |(_, row): &(&String, &Row)| is_group.is_empty() || number_or_zero(row, "is_group") > 0.0;
    let groups: Vec<&String> = known.iter().filter(may_hold).map(|(name, _)| name).collect();
    found.extend(below(call, &call_on(on, &there), &groups).await?);
    Ok(Some(found))
}

/// These groups and the warehouses below them, at any depth.
///
/// # Errors
/// More of them than one call takes, and the site's.
async fn below(call: &Call<'_>, there: &DocTypeCall<'_>, groups: &[&String]) -> Result<BTreeSet<String>, ToolError> {
    let mut found = BTreeSet::new();
    for group in groups {
        if found.contains(*group) {
            continue;
        }
        let filters = vec![Filter::new("parent_warehouse", Operator::DescendantsOfInclusive, group.as_str())];
        let query = ListQuery { filters, ..ListQuery::default() };
        found.extend(names(all_of(call, there, &query, MOST_WAREHOUSES).await?));
        if found.len() > MOST_WAREHOUSES {
            return Err(ToolError::refused(
                format!("warehouses: more than {MOST_WAREHOUSES} lie below those that are named."),
                "Name smaller groups.",
            ));
        }
    }
    Ok(found)
}

fn names(rows: Vec<Row>) -> impl Iterator<Item = String> {
    rows.into_iter().filter_map(|row| row.get("name").and_then(document_name))
}
