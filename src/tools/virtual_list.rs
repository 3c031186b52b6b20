//! Lists of virtual DocTypes, whose rows a program of the site makes up: filters and orders are that program's own business,
//! and are not sent.

use erpnext_schema::Rule;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::query::reader::Reader;
use crate::shape::{self, page};
use crate::tool::document_args::ListArgs;
use crate::tool::kinds::MAX_LIMIT;

/// A page, in the order that the site's program gives.
pub async fn list(on: &DocTypeCall<'_>, args: ListArgs) -> Result<ToolAnswer, ToolError> {
    let asked = on.checked(|on| {
        let mut reader = Reader::new(on.def, on.permit.fields());
        let untaken = [
            ("filters", args.filters.is_some()),
            ("or_filters", args.or_filters.is_some()),
            ("order_by", args.order_by.is_some()),
            ("count", args.count),
            ("cursor", args.cursor.is_some()),
        ];
        for (argument, is_given) in untaken {
            if is_given {
                let message = format!("{} is a virtual DocType, whose list takes none", on.def.name);
                reader.wrong(argument, Rule::Value, message, None);
            }
        }
        let fields = reader.fields(args.fields.as_deref());
        reader.done(fields)
    });
    let (on, fields) = asked.await?;
    let limit = args.limit.rows();
    let rows = on.session.site.virtual_list(on.permit, &fields, limit).await?;
    let full = rows.len() as u64 >= u64::from(limit);
    let shown = |row| {
        let mut row = shape::row(on.def, on.permit, &fields, row);
        shape::present::row(on.def, &mut row);
        row
    };
    let (columns, mut rows) = page::table(&fields, rows.into_iter().map(shown).collect());
    let whole = rows.len();
    page::cut_rows(&columns, &mut rows, on.session.tools.bytes_for_rows());
    let more = full || rows.len() < whole;
    let here = page::shown(0, rows.len() as u64, None, more);
    let mut result = Map::from_iter([
        ("shown".to_owned(), json!(here)),
        ("columns".to_owned(), columns),
        ("rows".to_owned(), Value::Array(rows)),
    ]);
    if more {
        let note = format!("the list of a virtual DocType has no next page: raise limit, at most {MAX_LIMIT}");
        result.insert("note".to_owned(), json!(note));
    }
    Ok(result.into())
}
