//! `get_doctype_permissions`: what the configuration permits on one DocType, and what it withholds.

use erpnext_schema::{Children, DocTypeDef, FieldDef, doctype_flag};
use serde_json::{Map, Value, json};

use super::about::open;
use crate::answer::ToolAnswer;
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::tool::document_args::DocTypeArgs;
use crate::tool::spec::{always, handler};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::writes::quota;

/// The most DocTypes that are named as those that hold the rows of a child table.
const MOST_HOLDERS: usize = 20;

/// What may be done with one DocType.
pub static DOCTYPE_PERMISSIONS: ToolSpec = ToolSpec {
    name: "get_doctype_permissions",
    title: "Permissions on a DocType",
    description: "Lists the operations permitted on a DocType, and its withheld fields.",
    toolset: Toolset::Site,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: always,
    special: Special::NONE,
    handler: handler!(DocTypeArgs, doctype_permissions),
};

/// What may be done with one DocType, and which fields and columns are withheld.
async fn doctype_permissions(call: Call<'_>, args: DocTypeArgs) -> Result<ToolAnswer, ToolError> {
    let (session, doctype) = (call.session, &*args.doctype);
    let (operations, def, rule) = open(session, doctype).await?;
    let children = |child: &str| session.catalog.known(child);
    let mut result = Map::from_iter([
        ("doctype".to_owned(), json!(doctype)),
        ("operations".to_owned(), json!(operations.iter().map(Operation::as_str).collect::<Vec<_>>())),
    ]);
    if def.is(doctype_flag::CHILD) {
        result.insert("held_by".to_owned(), json!(holders(session, def.name)));
        let note = "rows of a child table are read and written with the document that holds them, by its permissions";
        result.insert("note".to_owned(), json!(note));
        return Ok(result.into());
    }
    if operations.contains(Operation::Read) {
        let may_read = |field: &FieldDef| rule.may_read(field);
        Parted::of(def, &children, &may_read, &|table, column| rule.may_read_child(table, column))
            .tell(&mut result, "readable");
    }
    if operations.contains(Operation::Create) || operations.contains(Operation::Update) {
        let may_write = |field: &FieldDef| rule.may_write(field);
        Parted::of(def, &children, &may_write, &|table, column| rule.may_write_child(table, column))
            .tell(&mut result, "writable");
    }
    let conditions: Map<_, _> =
        session.policy.conditions(doctype).map(|(operation, words)| (operation.to_string(), json!(words))).collect();
    if !conditions.is_empty() {
        result.insert("conditions".to_owned(), Value::Object(conditions));
    }
    let confirmed: Vec<&str> =
        operations.iter().filter(|operation| session.policy.confirms(*operation)).map(Operation::as_str).collect();
    if !confirmed.is_empty() {
        result.insert("needs_confirmation".to_owned(), json!(confirmed));
    }
    let quota = quota::told(session, doctype, operations);
    if !quota.is_empty() {
        result.insert("quota".to_owned(), Value::Object(quota));
    }
    result.insert("note".to_owned(), json!("the ERPNext user's own rights on the site apply on top of this"));
    Ok(result.into())
}

/// The fields of a DocType that a caller may use, and the others; of a table that may be used in part its columns, `items.qty`.
#[derive(Default)]
struct Parted {
    granted: Vec<String>,
    withheld: Vec<String>,
}

impl Parted {
    fn of(
        def: &DocTypeDef,
        children: Children<'_>,
        may: &dyn Fn(&FieldDef) -> bool,
        may_column: &dyn Fn(&FieldDef, &FieldDef) -> bool,
    ) -> Self {
        let mut parted = Self::default();
        for field in def.fields.iter().filter(|field| field.kind.holds_value()) {
            let child = field.rows_of().filter(|_| may(field)).and_then(children);
            let columns = child.into_iter().flat_map(|child| child.fields);
            let columns = columns
                .filter(|column| column.kind.holds_value())
                .map(|column| (may_column(field, column), format!("{}.{}", field.fieldname, column.fieldname)));
            let (granted, withheld): (Vec<_>, Vec<_>) = columns.partition(|(may, _)| *may);
            match (may(field), withheld.is_empty()) {
                (false, _) => parted.withheld.push(field.fieldname.to_owned()),
                (true, true) => parted.granted.push(field.fieldname.to_owned()),
                (true, false) => {
                    parted.granted.extend(granted.into_iter().map(|(_, name)| name));
                    parted.withheld.extend(withheld.into_iter().map(|(_, name)| name));
                }
            }
        }
        parted
    }

    /// The shorter of the two lists, as the other follows from it; neither where nothing is withheld.
    fn tell(self, result: &mut Map<String, Value>, what: &str) {
        match self.withheld.len() {
            0 => {}
            count if count > self.granted.len() => {
                result.insert(format!("only_{what}"), json!(self.granted));
            }
            _ => {
                result.insert(format!("not_{what}"), json!(self.withheld));
            }
        }
    }
}

/// The DocTypes whose documents hold rows of this child table, of those that are open.
fn holders(session: &Session<'_>, child: &str) -> Vec<&'static str> {
    let holds = |def: &&'static DocTypeDef| def.tables().any(|table| table.rows_of() == Some(child));
    let all = session.catalog.all_generated().filter(holds).map(|def| def.name);
    all.filter(|name| !session.policy.operations(name).is_empty()).take(MOST_HOLDERS).collect()
}
