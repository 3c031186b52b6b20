//! What a model asks for, and what one asks for that wants what it may not have.

use erpnext_mcp::app::Connection;
use erpnext_mcp::tool::Tool;
use erpnext_schema::{FieldDef, Verb};
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::rules::Rules;
use super::world::{Document, World};

/// One request.
pub struct Call {
    pub method: &'static str,
    pub params: Value,
    /// That it is about a field that may not be seen in nothing but this: any answer would tell of its values.
    pub must_fail: bool,
}

/// What calls are made of.
pub struct Caller<'a> {
    pub app: &'a Connection,
    pub world: &'a World,
    pub rules: &'a Rules,
}

const OPERATORS: &[&str] = &["=", "!=", "like", "not like", ">", "<=", "in", "between", "is", "Timespan"];

impl Caller<'_> {
    pub fn throw(&self, chance: &mut Chance) -> Call {
        let document = &self.world.documents[chance.throw(self.world.documents.len())];
        match chance.throw(100) {
            0..12 => self.oracle(chance, document).unwrap_or_else(|| self.tool(chance, document)),
            12..16 => self.resource(chance, document),
            16..19 => self.completion(chance, document),
            19..21 => prompt(chance),
            21 => call("tools/list", json!({})),
            22 => call("resources/list", json!({})),
            23..31 => self.read_copies(chance).unwrap_or_else(|| self.tool(chance, document)),
            _ => self.tool(chance, document),
        }
    }

    /// Any tool of the registry, or one that is not there.
    fn tool(&self, chance: &mut Chance, document: &Document) -> Call {
        let general = self.app.registry().general();
        let typed: Vec<Tool> = self.app.registry().typed(document.def).collect();
        // What says nothing of documents is tried less.
        let telling: Vec<Tool> = general
            .iter()
            .filter(|tool| {
                !matches!(tool.name(), "test_connection" | "get_system_info" | "find_tools" | "call_tool")
                    || chance.percent(10)
            })
            .copied()
            .collect();
        let tool = if chance.percent(45) { chance.one(&typed).or(telling.first()) } else { chance.one(&telling) };
        let tool = *tool.unwrap();
        let names: Vec<(&str, bool)> = match tool {
            Tool::Named(spec) => spec
                .handler
                .input
                .args()
                .iter()
                .map(|arg| {
                    let reads = spec.name == "get_attachment" && arg.name == "file";
                    (arg.name.as_str(), arg.required || arg.name == "since" || reads)
                })
                .collect(),
            Tool::Published(published) => published.args.iter().map(|arg| (arg.name.as_str(), arg.required)).collect(),
            Tool::Typed(verb, _) | Tool::Generic(verb) => of_verb(verb)
                .iter()
                .map(|name| (*name, matches!(*name, "doctype" | "name" | "data" | "search_term")))
                .collect(),
        };
        let mut given = Map::new();
        for (name, needed) in names {
            let typed_has_none = matches!(tool, Tool::Typed(..)) && name == "doctype";
            if !typed_has_none && name != "cursor" && (needed || chance.percent(25)) {
                given.insert(name.to_owned(), self.argument(chance, document, tool.name(), name));
            }
        }
        if tool.operation().writes() {
            if chance.percent(60) {
                given.insert("confirm".to_owned(), json!(true));
            }
            if chance.percent(20) {
                given.insert("dry_run".to_owned(), json!(true));
            }
        }
        let (name, given) = if chance.percent(7) {
            ("call_tool", json!({"tool": tool.name(), "arguments": given}))
        } else {
            (tool.name(), json!(given))
        };
        call("tools/call", json!({"name": name, "arguments": given}))
    }

    fn argument(&self, chance: &mut Chance, document: &Document, tool: &str, name: &str) -> Value {
        let world = self.world;
        let any = |chance: &mut Chance| &world.documents[chance.throw(world.documents.len())];
        match name {
            "doctype" if chance.percent(93) => json!(document.def.name),
            "doctype" => {
                json!(chance.pick(&["Comment", "File", "Version", "Sales Order Item", "DocType", "customer", "User"]))
            }
            "name" if tool.contains("report") => json!(chance.pick(REPORTS)),
            "name" | "docname" | "party" | "item_code" | "warehouse" if chance.percent(85) => json!(document.name),
            "name" | "party" | "item_code" | "warehouse" => json!(any(chance).name),
            "filters" | "or_filters" if tool.contains("report") => {
                json!({"company": "Alderway Furniture", "from_date": "2020-01-01", "to_date": "2900-01-01"})
            }
            "filters" | "or_filters" => self.filters(chance, document),
            "fields" | "group_by" => {
                json!((0..1 + chance.throw(4)).map(|_| self.field(chance, document)).collect::<Vec<_>>())
            }
            "only" | "doctypes" => json!([document.def.name, any(chance).def.name]),
            "measures" => json!([self.measure(chance, document), "count"]),
            "order_by" => json!(format!("{} {}", self.field(chance, document), chance.pick(&["desc", "asc"]))),
            "limit" => json!([1, 3, 500][chance.throw(3)]),
            "count" | "fresh" | "share" | "write" | "submit" | "read" | "return_document" | "cascade" | "save"
            | "atomic" => json!(chance.percent(60)),
            "search_term" | "text" | "query" | "search" => self.words(chance, document),
            "data" => self.data(chance, document),
            "documents" => {
                let row = |chance: &mut Chance, there: &Document| {
                    let mut row = self.data(chance, there);
                    row["name"] = json!(there.name);
                    row
                };
                let documents = world.documents.iter().filter(|there| there.def.name == document.def.name);
                json!(
                    documents
                        .map(|there| if tool.contains("create") {
                            self.data(chance, there)
                        } else {
                            row(chance, there)
                        })
                        .collect::<Vec<_>>()
                )
            }
            "names" => json!(
                world
                    .documents
                    .iter()
                    .filter(|there| there.def.name == document.def.name)
                    .map(|there| &there.name)
                    .collect::<Vec<_>>()
            ),
            "content" if tool.contains("import") => json!(format!("{}\ncnr\n", self.field(chance, document))),
            "mapping" => json!({}),
            "attachment" => {
                let file = chance.one(&world.files).map_or("note.txt", String::as_str);
                json!({"doctype": document.def.name, "name": document.name, "file": file})
            }
            "pages" => json!("1"),
            "modified" => json!(["2026-01-02 03:04:05.678901", "2020-01-01 00:00:00.000000"][chance.throw(2)]),
            "since" => json!("2020-01-01 00:00:00"),
            "format" if tool.contains("export") => json!("csv"),
            "file_name" if tool.contains("export") => json!(format!("out {}", chance.throw(1_000))),
            "file" | "file_name" => chance.one(&world.files).map_or(json!("note.txt"), |file| json!(file)),
            "action" => json!(chance.pick(&["Approve", "Submit"])),
            "to" => json!(chance.pick(&[
                "Sales Invoice",
                "Delivery Note",
                "Sales Order",
                "Payment Entry",
                "Customer",
                "Opportunity"
            ])),
            "company" => json!("Alderway Furniture"),
            "party_type" => json!(document.def.name),
            "format" => json!("Standard"),
            "as" => json!("markdown"),
            "user" | "assign_to" => json!("sales@example.com"),
            "users" => json!(["sales@example.com"]),
            "new_name" => json!(any(chance).name),
            "tool" => json!("get_generic_document"),
            "arguments" => json!({"doctype": document.def.name, "name": document.name}),
            "method" => json!("frappe.client.get"),
            "from" | "start_at" | "qty" => json!(0),
            "date" => json!("2026-06-01"),
            _ => json!(chance.pick(&["x", "urgent", "High"])),
        }
    }

    /// A field of the document's DocType, of its rows, of what it links to, or what no list should take.
    fn field(&self, chance: &mut Chance, document: &Document) -> String {
        let def = document.def;
        let seen: Vec<&FieldDef> =
            def.all_fields().filter(|field| field.in_lists() && self.rules.shows(def, field.fieldname)).collect();
        if chance.percent(88) && !seen.is_empty() {
            return chance.one(&seen).unwrap().fieldname.to_owned();
        }
        let fields: Vec<&FieldDef> = def.all_fields().filter(|field| field.kind.holds_value()).collect();
        let field = chance.one(&fields).unwrap();
        let child = field.target().and_then(crate::support::table);
        let name = match (chance.throw(10), child) {
            (0..5, Some(there)) => {
                let columns: Vec<&FieldDef> = there.all_fields().collect();
                format!("{}.{}", field.fieldname, chance.one(&columns).unwrap().fieldname)
            }
            _ => field.fieldname.to_owned(),
        };
        match chance.throw(14) {
            0 => format!("{name} as shown"),
            1 => format!("`tab{}`.`{name}`", def.name),
            2 => "*".to_owned(),
            3 => format!("max({name})"),
            4 => format!("ifnull({name}, '')"),
            _ => name,
        }
    }

    fn measure(&self, chance: &mut Chance, document: &Document) -> String {
        format!("{}({})", chance.pick(&["sum", "max", "min", "avg", "count"]), self.field(chance, document))
    }

    fn filters(&self, chance: &mut Chance, document: &Document) -> Value {
        let field = self.field(chance, document);
        let value = match chance.throw(6) {
            0 => json!("cnry%"),
            1 => json!(["a", "z"]),
            2 => json!("set"),
            3 => json!(0),
            4 => json!(document.name),
            _ => self.words(chance, document),
        };
        let operator = chance.pick(OPERATORS);
        match chance.throw(4) {
            0 => json!({field: value}),
            1 => json!([[field, operator, value]]),
            2 => json!([[document.def.name, field, operator, value]]),
            _ => json!({field: [operator, value]}),
        }
    }

    /// What somebody would look for: the beginning of a value, or one that may be seen.
    fn words(&self, chance: &mut Chance, document: &Document) -> Value {
        let stored: Vec<&str> =
            document.stored.values().filter_map(Value::as_str).filter(|text| text.len() > 3).collect();
        match chance.throw(4) {
            0 => json!("cnr"),
            1 => json!("%"),
            2 => json!(document.name),
            // No more of it than would make it one: what is sent is not looked for.
            _ => json!(chance.one(&stored).map_or("a", |text| text.get(..6).unwrap_or("a"))),
        }
    }

    /// A question that only a field that may not be seen answers.
    fn oracle(&self, chance: &mut Chance, document: &Document) -> Option<Call> {
        let (def, rules) = (document.def, self.rules);
        let hidden = |at: &str, def: &'static erpnext_schema::DocTypeDef| -> Vec<String> {
            let paths =
                def.fields.iter().filter(|field| field.in_lists()).map(|field| format!("{at}{}", field.fieldname));
            paths.filter(|path| !rules.shows(document.def, path)).collect()
        };
        let columns = def.fields.iter().filter(|table| table.kind.is_table()).flat_map(|table| {
            table.target().and_then(crate::support::table).map(|child| hidden(&format!("{}.", table.fieldname), child))
        });
        let columns: Vec<String> = columns.flatten().collect();
        // A list can be filtered by a column of rows, and do nothing else with it.
        let column = chance.one(&columns).filter(|_| chance.percent(30));
        let (field, ways) = match column {
            Some(column) => (column.clone(), 5),
            None => (chance.one(&hidden("", def))?.clone(), 9),
        };
        let field = field.as_str();
        if !rules.reads(def.name) || def.is(erpnext_schema::doctype_flag::SINGLE) {
            return None;
        }
        let filters = match chance.throw(3) {
            0 => json!({field: ["like", "c%"]}),
            1 => json!([[field, "is", "set"]]),
            _ => json!({field: [">", 1]}),
        };
        let doctype = def.name;
        let (tool, given) = match chance.throw(ways) {
            0 => ("list_generic_documents", json!({"doctype": doctype, "filters": filters})),
            1 => ("list_generic_documents", json!({"doctype": doctype, "or_filters": filters, "count": true})),
            2 => ("search_generic_documents", json!({"doctype": doctype, "search_term": "e", "filters": filters})),
            3 => ("search_link", json!({"doctype": doctype, "text": "e", "filters": filters})),
            4 => ("aggregate_documents", json!({"doctype": doctype, "measures": ["count"], "filters": filters})),
            5 => ("list_generic_documents", json!({"doctype": doctype, "order_by": format!("{field} desc")})),
            6 => ("list_generic_documents", json!({"doctype": doctype, "fields": ["name", field]})),
            7 => ("aggregate_documents", json!({"doctype": doctype, "measures": [format!("max({field})")]})),
            _ => ("aggregate_documents", json!({"doctype": doctype, "measures": ["count"], "group_by": [field]})),
        };
        Some(Call { must_fail: true, ..call("tools/call", json!({"name": tool, "arguments": given})) })
    }

    fn resource(&self, chance: &mut Chance, document: &Document) -> Call {
        let part =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let uri = match chance.throw(4) {
            0 => format!("erpnext://schema/{}", part(document.def.name)),
            1 => format!("erpnext://report/{}?company=Alderway%20Furniture", part(chance.pick(REPORTS))),
            2 => format!(
                "erpnext://{}/{}?fields={}",
                part(document.def.name),
                part(&document.name),
                part(&self.field(chance, document))
            ),
            _ => format!("erpnext://{}/{}", part(document.def.name), part(&document.name)),
        };
        call("resources/read", json!({"uri": uri}))
    }

    fn completion(&self, chance: &mut Chance, document: &Document) -> Call {
        let value = chance.pick(&["", "c", "cnry", "A"]);
        let (of, argument) = match chance.throw(3) {
            0 => (json!({"type": "ref/resource", "uri": "erpnext://{doctype}/{name}"}), "name"),
            1 => (json!({"type": "ref/prompt", "name": "overdue_receivables"}), chance.pick(&["customer", "company"])),
            _ => (json!({"type": "ref/resource", "uri": "erpnext://schema/{doctype}"}), "doctype"),
        };
        call(
            "completion/complete",
            json!({"ref": of, "argument": {"name": argument, "value": value}, "context": {"arguments": {"doctype": document.def.name}}}),
        )
    }
}

pub const REPORTS: &[&str] = &[
    "Accounts Receivable",
    "Accounts Receivable Summary",
    "General Ledger",
    "Sales Register",
    "Stock Balance",
    "Sales Order Analysis",
    "Purchase Register",
    "Trial Balance",
];

fn prompt(chance: &mut Chance) -> Call {
    match chance.throw(2) {
        0 => call("prompts/list", json!({})),
        _ => call(
            "prompts/get",
            json!({"name": chance.pick(&["overdue_receivables", "month_end", "find_anything"]), "arguments": {}}),
        ),
    }
}

pub fn call(method: &'static str, params: Value) -> Call {
    Call { method, params, must_fail: false }
}

/// What the tools for documents take.
fn of_verb(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::List => &["doctype", "filters", "or_filters", "fields", "order_by", "limit", "count", "fresh"],
        Verb::Get => &["doctype", "name", "fields", "fresh"],
        Verb::Search => &["doctype", "search_term", "filters", "limit"],
        Verb::Create => &["doctype", "data", "return_document"],
        Verb::Update => &["doctype", "name", "data", "modified", "return_document"],
        Verb::Cancel => &["doctype", "name", "cascade"],
        Verb::Delete | Verb::Submit | Verb::Amend => &["doctype", "name"],
    }
}
