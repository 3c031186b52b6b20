//! `get_tree`: the nodes of a tree above or below one of them, with what is summed up at each and below it. The tree is put
//! together here, from what each node says of its parent: of a node that the caller may not see nothing is told.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{FieldDef, FieldKind, Rule, Verb, Violation, doctype_flag};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::groups::named;
use super::{AggregateArgs, across, all_rows, any_company, any_state, asked};
use crate::answer::{ToolAnswer, note_of};
use crate::documents::beyond::PAGE;
use crate::documents::names::document_name;
use crate::documents::{DocTypeCall, nested};
use crate::entry::rounded;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::query::beyond::Neighbours;
use crate::query::compare::notes_on_filters;
use crate::query::reader::Reader;
use crate::shape::page::{grouped, how_many, shown};
use crate::shape::{self, Masked};
use crate::site::ListQuery;
use crate::tool::kinds::{DocTypeName, FieldNames, Filters, Limit, Object, choices};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::erp::missing;

/// The most nodes that a tree is put together from.
const MOST_NODES: usize = 5_000;

type Row = Map<String, Value>;

choices!(Direction {
    Children = "children",
    Ancestors = "ancestors",
});

/// What stands above or below a node of a tree.
pub static TREE: ToolSpec = ToolSpec {
    name: "get_tree",
    title: "Nodes of a tree",
    description: "Returns what stands below a node of a tree, or above it: Account, Cost Center, Item Group, Customer Group, \
                  Territory, Warehouse. measure sums the documents that link to the nodes, for each node and all below it.",
    toolset: Toolset::Data,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(TreeArgs, tree),
};

#[derive(Deserialize, JsonSchema)]
struct TreeArgs {
    doctype: DocTypeName,
    /// its name (ID); default: what stands at the top
    node: Option<String>,
    /// default: children
    direction: Option<Direction>,
    /// levels below the node
    #[serde(default)]
    depth: Limit<1>,
    /// {"doctype": "Sales Invoice", "link": "territory", "field": "base_grand_total", "filters": {"docstatus": 1}}; without field counted
    measure: Option<Object>,
    #[serde(default)]
    limit: Limit<100>,
    #[serde(default, rename = "fresh")]
    _fresh: bool,
}

/// What is summed at the nodes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Measure {
    doctype: String,
    link: Option<String>,
    field: Option<String>,
    filters: Option<Value>,
}

async fn tree(call: Call<'_>, args: TreeArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::List)?;
    let hidden = on.hidden().await?;
    let (on, parent) = on.checked(|on| parent_field(on, &hidden)).await?;
    let Some(parent) = parent.filter(|_| on.def.is(doctype_flag::TREE)) else {
        return Err(ToolError::refused(
            format!("The documents of {} form no tree.", on.def.name),
            "list_generic_documents lists them, get_linked_documents follows their links.",
        ));
    };
    let nodes = Nodes::read(&call, &on, parent, &hidden).await?;
    let node = args.node.as_deref().unwrap_or_default();
    if !node.is_empty() && !nodes.rows.contains_key(node) {
        return Err(missing(call.session, on.def.name, node).await);
    }
    let direction = args.direction.unwrap_or(Direction::Children);
    let depth = args.depth.get();
    let found = match direction {
        Direction::Children => nodes.below(node, depth),
        Direction::Ancestors => nodes.above(node).into_iter().zip(1..).collect(),
    };
    let goes_on = |(name, level): &(&str, u64)| *level == depth && nodes.below.contains_key(*name);
    let is_cut = direction == Direction::Children && found.iter().any(goes_on);
    let mut answer = Row::from_iter([("direction".to_owned(), json!(direction.as_str()))]);
    let mut notes = Vec::new();
    let sums = match args.measure.as_ref().map(|measure| measure_of(&on, measure)).transpose()? {
        None => None,
        Some(measure) => {
            let (sums, label) = sums(&call, &on, &nodes, measure, &mut notes).await?;
            answer.insert("measured".to_owned(), json!(label));
            Some(sums)
        }
    };
    let columns: Vec<String> = nodes.columns.iter().map(|column| (*column).to_owned()).collect();
    let told = |name: &str| {
        let row = nodes.rows.get(name).cloned().unwrap_or_default();
        let mut told = shape::row(on.def, on.permit, &columns, row);
        told.retain(|_, value| *value != "");
        if let Some(sums) = &sums {
            told.insert("sums".to_owned(), sums.get(name).map_or_else(|| json!([]), told_sums));
        }
        told
    };
    if !node.is_empty() {
        answer.insert("node".to_owned(), Value::Object(told(node)));
    }
    let all = found.len();
    let mut here: Vec<Value> = found
        .into_iter()
        .take(args.limit.count())
        .map(|(name, level)| {
            let mut told = told(name);
            told.insert("level".to_owned(), json!(level));
            Value::Object(told)
        })
        .collect();
    here.truncate(how_many(&here, on.session.tools.bytes_for_rows()));
    if here.len() < all {
        notes.push("there are more nodes: raise limit, or ask from one of these on".to_owned());
    }
    if is_cut {
        notes.push(format!("more nodes stand below those of level {depth}: raise depth"));
    }
    answer.insert("shown".to_owned(), json!(shown(0, here.len() as u64, Some(all as u64), here.len() < all)));
    answer.insert("nodes".to_owned(), Value::Array(here));
    answer.extend(note_of(&notes));
    Ok(answer.into())
}

/// The field by which a node names the one above; nothing where the DocType has none.
fn parent_field(on: &DocTypeCall<'_>, hidden: &Masked) -> Result<Option<&'static FieldDef>, Vec<Violation>> {
    let own = format!("parent_{}", on.def.name.to_lowercase().replace([' ', '-'], "_"));
    let links = |field: &&'static FieldDef| field.kind == FieldKind::Link && field.target() == Some(on.def.name);
    // The tree of employees is that of whom they report to.
    let field = [own.as_str(), "reports_to"].into_iter().filter_map(|name| on.def.field(name)).find(links);
    let mut reader = Reader::new(on.def, on.permit.fields()).with_masked(hidden);
    let field = field.and_then(|field| reader.field("doctype", field.fieldname));
    reader.done(field)
}

fn measure_of(on: &DocTypeCall<'_>, given: &Object) -> Result<Measure, ToolError> {
    serde_json::from_value(Value::Object((**given).clone())).map_err(|why| {
        let violation = Violation::new("measure", Rule::Value, why.to_string());
        ToolError::arguments(on.tool.name(), vec![violation])
    })
}

/// The nodes that the caller may see.
struct Nodes {
    /// The columns that are told.
    columns: BTreeSet<&'static str>,
    rows: BTreeMap<String, Row>,
    /// Which stands right above.
    above: BTreeMap<String, String>,
    /// Which stand right below; those with none above under the empty name.
    below: BTreeMap<String, Vec<String>>,
}

impl Nodes {
    async fn read(
        call: &Call<'_>,
        on: &DocTypeCall<'_>,
        parent: &'static FieldDef,
        hidden: &Masked,
    ) -> Result<Self, ToolError> {
        let seen = |field: &&'static FieldDef| {
            field.in_lists() && on.permit.fields().may_read(*field) && !hidden.hides(on.def.name, field.fieldname)
        };
        let more = ["is_group"].into_iter().chain(on.def.title_field).filter_map(|name| on.def.field(name));
        let columns: BTreeSet<&'static str> =
            ["name", parent.fieldname].into_iter().chain(more.filter(seen).map(|field| field.fieldname)).collect();
        let fields = columns.iter().map(|column| (*column).to_owned()).collect();
        let query = ListQuery { fields, ..ListQuery::default() };
        let (mut rows, mut after) = (BTreeMap::new(), None);
        loop {
            let page = on.next_by_name(&query, after.as_ref()).await?;
            let last = page.len() < PAGE;
            after = page.last().and_then(|row| row.get("name")).cloned();
            rows.extend(page.into_iter().filter_map(|row| Some((row.get("name").and_then(document_name)?, row))));
            call.observer.tell(rows.len(), rows.len());
            if rows.len() > MOST_NODES {
                let most = grouped(MOST_NODES as u64);
                return Err(ToolError::refused(
                    format!("{} has more than {most} nodes, of which one call puts a tree together.", on.def.name),
                    "List them with a filter: the field that names the parent, or descendants of.",
                ));
            }
            if last || after.is_none() {
                break;
            }
        }
        let (mut above, mut below) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
        for (name, row) in &rows {
            let parent = row.get(parent.fieldname).and_then(document_name);
            let parent = parent.filter(|parent| parent != name && rows.contains_key(parent));
            below.entry(parent.clone().unwrap_or_default()).or_default().push(name.clone());
            above.extend(parent.map(|parent| (name.clone(), parent)));
        }
        Ok(Self { columns, rows, above, below })
    }

    /// Those above, the nearest first; a circle ends where it closes.
    fn above<'n>(&'n self, node: &'n str) -> Vec<&'n str> {
        let (mut found, mut at) = (Vec::new(), node);
        while let Some(above) = self.above.get(at).filter(|above| *above != node && !found.contains(&above.as_str())) {
            at = above;
            found.push(at);
        }
        found
    }

    /// Those below down to that many levels, each before what stands below it.
    fn below(&self, node: &str, depth: u64) -> Vec<(&str, u64)> {
        let under = |node: &str| self.below.get(node).into_iter().flatten().rev().map(String::as_str);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next: Vec<(&str, u64)> = under(node).map(|child| (child, 1)).collect();
        while let Some((name, level)) = next.pop() {
            if seen.insert(name) {
                found.push((name, level));
                next.extend(under(name).filter(|_| level < depth).map(|child| (child, level + 1)));
            }
        }
        found
    }
}

/// What is summed at a node, by what else its documents are kept apart by, such as their currency.
type Sums = BTreeMap<String, Sum>;

struct Sum {
    apart: Row,
    own: Value,
    total: Value,
}

fn told_sums(sums: &Sums) -> Value {
    let told = |sum: &Sum| {
        let mut told = sum.apart.clone();
        told.insert("own".to_owned(), rounded(sum.own.clone()));
        told.insert("total".to_owned(), rounded(sum.total.clone()));
        Value::Object(told)
    };
    sums.values().map(told).collect()
}

fn plus(sum: &Value, more: &Value) -> Value {
    match (sum.as_i64(), more.as_i64()) {
        (Some(sum), Some(more)) => json!(sum.saturating_add(more)),
        _ => json!(sum.as_f64().unwrap_or_default() + more.as_f64().unwrap_or_default()),
    }
}

/// The sum over the documents that link to each node, and the label of that sum.
async fn sums(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    nodes: &Nodes,
    measure: Measure,
    notes: &mut Vec<String>,
) -> Result<(BTreeMap<String, Sums>, String), ToolError> {
    let permit = on.session.permit(Operation::Read, &measure.doctype).await?;
    let def = DocTypeCall::def_of(on.session, &permit).await?;
    let there = DocTypeCall { def, permit: &permit, ..*on };
    there.fits(Verb::List)?;
    let given = there.meant_filters(measure.filters.as_ref()).await?;
    let resolved = nested::resolve(&there, "measure.filters", given).await?;
    notes.extend(resolved.notes);
    let link = measure.link.map_or_else(|| only_link(&there, on.def.name), Ok)?;
    // A document whose rows link to several nodes would count once at each, and so several times above them.
    let rows = link.split_once('.').map(|(table, _)| table).filter(|table| def.table(table).is_some());
    let counted = rows.map(|table| format!("count({table})"));
    let args = AggregateArgs {
        doctype: DocTypeName(measure.doctype),
        measures: measure.field.map(|field| format!("sum({field})")).or(counted).map(|one| FieldNames(vec![one])),
        group_by: Some(FieldNames(vec![link.clone()])),
        filters: resolved.filters.map(Filters),
        or_filters: None,
        order_by: None,
        limit: Limit::default(),
        _fresh: false,
    };
    let (masked, neighbours) = (there.hidden().await?, Neighbours::new());
    let check = |there: &DocTypeCall<'_>| asked::read(there, &args, &masked, &neighbours).map_err(of_the_measure);
    let (there, asked) = there.checked(check).await?;
    let (Some(by), Some(measured)) = (asked.groups.first(), asked.measures.first()) else {
        return Err(ToolError::refused("measure: nothing to sum.", "Name doctype, link and field."));
    };
    if by.field.target() != Some(on.def.name) || by.span.is_some() {
        let message = format!("{link} of {} does not link to {}", there.def.name, on.def.name);
        let violation = Violation::new("measure.link", Rule::Value, message);
        return Err(ToolError::arguments(on.tool.name(), vec![violation]));
    }
    let groups: Vec<Row> = if asked.is_across() {
        let (groups, over) = across::groups(call, &there, &neighbours, &asked).await?;
        notes.push(over);
        groups
    } else {
        all_rows(&there, &asked).await?.iter().map(|row| named(&asked, row)).collect()
    };
    notes.extend(any_state(&there, &asked).filter(|_| !groups.is_empty()));
    notes.extend(any_company(&there, &masked, &asked));
    notes.extend(notes_on_filters(there.def, asked.query.filters.iter()));
    let (sums, is_elsewhere) = summed(nodes, groups, &by.label, &measured.label);
    if is_elsewhere {
        notes.push(format!("documents without {}, or with one that you may not see, are not counted", by.label));
    }
    Ok((sums, format!("{} of {} by {}", measured.label, there.def.name, by.label)))
}

/// Adds what is `measured` of each group to the node that the group is `by`, and to all nodes above; and whether a group is
/// by none of the nodes.
fn summed(nodes: &Nodes, groups: Vec<Row>, by: &str, measured: &str) -> (BTreeMap<String, Sums>, bool) {
    let mut sums = BTreeMap::<String, Sums>::new();
    let mut is_elsewhere = false;
    for mut group in groups {
        let node = group.remove(by).as_ref().and_then(document_name);
        let value = group.remove(measured).filter(|value| !value.is_null()).unwrap_or_else(|| json!(0));
        let Some(node) = node.filter(|node| nodes.rows.contains_key(node)) else {
            is_elsewhere = true;
            continue;
        };
        let key = json!(group).to_string();
        for at in std::iter::once(node.as_str()).chain(nodes.above(&node)) {
            let none = || Sum { apart: group.clone(), own: json!(0), total: json!(0) };
            let sum = sums.entry(at.to_owned()).or_default().entry(key.clone()).or_insert_with(none);
            sum.total = plus(&sum.total, &value);
            if at == node {
                sum.own = plus(&sum.own, &value);
            }
        }
    }
    (sums, is_elsewhere)
}

/// The link to the tree, where it goes without saying which.
fn only_link(there: &DocTypeCall<'_>, tree: &str) -> Result<String, ToolError> {
    let is_link = |field: &&FieldDef| field.kind == FieldKind::Link && field.target() == Some(tree);
    let links: Vec<&str> = there
        .def
        .fields
        .iter()
        .filter(is_link)
        .filter(|field| field.in_lists() && there.permit.fields().may_read(*field))
        .map(|field| field.fieldname)
        .collect();
    match links.as_slice() {
        [link] => Ok((*link).to_owned()),
        links => {
            let message = match links {
                [] => format!("no field of {} that may be read links to {tree}", there.def.name),
                links => format!("which one: {} of {} link to {tree}", links.join(", "), there.def.name),
            };
            let violation = Violation::new("measure.link", Rule::Mandatory, message);
            Err(ToolError::arguments(there.tool.name(), vec![violation]))
        }
    }
}

/// The places as the arguments of this tool are called.
fn of_the_measure(found: Vec<Violation>) -> Vec<Violation> {
    let names = [("measures[0]", "measure.field"), ("group_by[0]", "measure.link"), ("filters", "measure.filters")];
    let renamed = |mut violation: Violation| {
        let hit = names.iter().find_map(|(old, new)| Some((new, violation.path.strip_prefix(old)?)));
        if let Some(path) = hit.map(|(new, rest)| format!("{new}{rest}")) {
            violation.path = path;
        }
        violation
    };
    found.into_iter().map(renamed).collect()
}
