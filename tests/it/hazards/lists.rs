//! Lists: which documents, how often, and from whom.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Place, encoded, raw_list};
use crate::support::{Version, all, call, refusal, version};

fn names(listed: &Value) -> Vec<String> {
    let documents = listed["documents"].as_array().unwrap_or_else(|| panic!("{listed}"));
    documents.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// The names on each page of the list that a tool gives, page by page.
async fn pages(place: &Place, mut asked: Value) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let listed = place.call("list_generic_documents", asked.clone()).await;
        pages.push(names(&listed));
        let Some(cursor) = listed.get("next_cursor") else { return pages };
        asked["cursor"] = cursor.clone();
    }
}

#[on_every_version]
async fn h15_pages_without_an_order_overlap() {
    let place = Place::new().await;
    let plain = async |start: u32| {
        let list = raw_list("Sales Order", &[("limit_start", json!(start)), ("limit_page_length", json!(20))]);
        place.raw("administrator", "GET", &list, Value::Null).await.1["data"].as_array().unwrap().clone()
    };
    let (first, second) = (plain(0).await, plain(20).await);
    assert!(second.iter().any(|row| first.contains(row)), "none comes twice");

    let all = place.call("list_generic_documents", json!({"doctype": "Sales Order", "limit": 1, "count": true})).await;
    // Many were made in the same second, and many are of one customer: only the name tells them apart.
    for order in [json!(null), json!("customer desc"), json!("docstatus asc")] {
        let asked = json!({"doctype": "Sales Order", "fields": ["name"], "limit": 15, "order_by": order});
        let seen = pages(&place, asked).await.concat();
        let different: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(
            (json!(seen.len()), json!(different.len())),
            (all["total"].clone(), all["total"].clone()),
            "{order}"
        );
    }
}

#[on_every_version]
async fn h16_a_length_that_is_none_means_everything() {
    let place = Place::new().await;
    for length in [json!(0), json!(""), json!("None"), json!("abc")] {
        // With a start, 16 trips over it.
        let start = if version() < Version::V16 { 10 } else { 0 };
        let list = raw_list("Sales Order", &[("limit_page_length", length.clone()), ("limit_start", json!(start))]);
        let (_, listed) = place.raw("administrator", "GET", &list, Value::Null).await;
        assert!(listed["data"].as_array().unwrap().len() > 40, "{length}: no more than a page");
    }
    for (tool, what) in [
        ("list_generic_documents", json!({"doctype": "Sales Order"})),
        ("search_generic_documents", json!({"doctype": "Sales Order", "search_term": "SAL"})),
        ("search_link", json!({"doctype": "Sales Order", "text": "SAL"})),
        ("aggregate_documents", json!({"doctype": "Sales Order", "group_by": ["name"]})),
        ("global_search", json!({"text": "SAL", "doctypes": ["Sales Order"]})),
    ] {
        for limit in [json!(0), json!(-1), json!("None"), json!("abc"), json!(1000)] {
            let mut given = what.clone();
            given["limit"] = limit.clone();
            let text = place.refusal(tool, given).await;
            assert!(text.contains("limit: expected a whole number from 1 to 500"), "{tool} {limit}: {text}");
        }
        // No limit at all is a page.
        for absent in [json!(null), json!("")] {
            let mut given = what.clone();
            given["limit"] = absent;
            let some = place.call(tool, given).await;
            let here = some.get("documents").unwrap_or(&some["groups"]).as_array().unwrap().len();
            assert!((1..=20).contains(&here), "{tool}: {here}");
        }
    }
}

#[on_every_version]
async fn h17_a_field_that_is_not_there_or_is_a_word_of_sql() {
    let place = Place::new().await;
    for (order, group, n) in [("b", "x", 1), ("a", "x", 1), ("c", "y", 4)] {
        let data = json!({"title": order, "order": order, "group": group, "n_int": n});
        place.call("create_generic_document", json!({"doctype": "Odd Thing", "data": data})).await;
    }
    let status = async |pairs: &[(&str, Value)]| {
        place.raw("administrator", "GET", &raw_list("Odd Thing", pairs), Value::Null).await.0
    };
    assert_eq!(status(&[("fields", json!(["nope"]))]).await, 417);
    let (ordered, grouped) = if version() < Version::V16 { (500, 500) } else { (200, 417) };
    assert_eq!(status(&[("order_by", json!("order"))]).await, ordered);
    let count = [("fields", json!(["group", "count(name) as n"])), ("group_by", json!("group"))];
    assert_eq!(status(&count).await, grouped);

    let thing = |more: Value| {
        let mut asked = json!({"doctype": "Odd Thing"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let sorted = thing(json!({"fields": ["order"], "filters": {"order": [">", ""]}, "order_by": "order desc"}));
    let listed = place.call("list_generic_documents", sorted).await;
    let orders: Vec<&Value> = listed["documents"].as_array().unwrap().iter().map(|row| &row["order"]).collect();
    assert_eq!(orders, ["c", "b", "a"]);
    for (order_by, first) in [("count desc", "x"), ("group desc", "y"), ("avg(n_int) asc", "x"), ("group asc", "x")] {
        let measures = json!(["count", "sum(n_int)", "avg(n_int)"]);
        let asked = thing(json!({"measures": measures, "group_by": ["group"], "order_by": order_by}));
        let groups = place.call("aggregate_documents", asked).await["groups"].clone();
        assert_eq!((&groups[0]["group"], groups.as_array().unwrap().len()), (&json!(first), 2), "{order_by}: {groups}");
    }
    let asked = thing(json!({"group_by": ["on_day:month", "order"]}));
    assert_eq!(place.call("aggregate_documents", asked).await["groups"].as_array().unwrap().len(), 3);

    for (tool, more) in [
        ("list_generic_documents", json!({"fields": ["grup"]})),
        ("list_generic_documents", json!({"filters": {"grup": "x"}})),
        ("list_generic_documents", json!({"or_filters": [["grup", "=", "x"]]})),
        ("list_generic_documents", json!({"order_by": "grup desc"})),
        ("aggregate_documents", json!({"group_by": ["grup"]})),
        ("aggregate_documents", json!({"measures": ["sum(grup)"]})),
    ] {
        let text = place.refusal(tool, thing(more.clone())).await;
        assert!(text.contains("no such field in Odd Thing; did you mean group?"), "{tool} {more}: {text}");
    }
    let text = place.refusal("aggregate_documents", thing(json!({"measures": ["count(*)", "median(n_int)"]}))).await;
    assert!(text.contains("median"), "{text}");
}

#[on_every_version]
async fn h18_fields_that_are_no_columns_are_dropped() {
    let place = Place::new().await;
    place.post("Odd Thing", json!({"title": "thing"})).await;
    let hidden = ["sec2", "rows", "html_block", "btn", "virt"];
    let list = raw_list("Odd Thing", &[("fields", json!(["title", "sec2", "rows", "html_block", "btn", "virt"]))]);
    let (_, listed) = place.raw("administrator", "GET", &list, Value::Null).await;
    assert_eq!(listed["data"], json!([{"title": "thing"}]), "and nobody says so");
    for field in hidden {
        let asked = json!({"doctype": "Odd Thing", "fields": ["title", field]});
        let text = place.refusal("list_generic_documents", asked).await;
        assert!(text.contains(&format!("fields[1]: {field}: ")) && text.contains("nothing was sent"), "{text}");
    }
    // `*` is what there is.
    let every = json!({"doctype": "Odd Thing", "fields": ["*"]});
    let listed = place.call("list_generic_documents", every).await;
    assert_eq!(listed["documents"][0]["title"], "thing");
}

#[on_every_version]
async fn h19_a_filter_on_rows_gives_a_document_for_each_row() {
    let place = Place::new().await;
    let order = place.order(1).await;
    let item = place.stored("Sales Order", &order)["items"][0]["item_code"].clone();
    let more = json!({"item_code": item, "qty": 1, "rate": 5, "delivery_date": "2026-12-24"});
    place.update("Sales Order", &order, json!({"items": {"add": [more.clone(), more]}})).await;
    let filters = json!([["name", "=", order], ["items.item_code", "=", item]]);
    let raw = json!([["name", "=", order], ["Sales Order Item", "item_code", "=", item]]);
    let raw = raw_list("Sales Order", &[("filters", raw)]);
    let (_, plain) = place.raw("administrator", "GET", &raw, Value::Null).await;
    assert_eq!(plain["data"], json!([{"name": order}, {"name": order}, {"name": order}]));

    let asked = json!({"doctype": "Sales Order", "filters": filters, "fields": ["name"], "count": true});
    let listed = place.call("list_generic_documents", asked).await;
    assert_eq!((names(&listed), &listed["total"]), (vec![order.clone()], &json!(1)), "{listed}");
    // Three rows must not make a sum three times as large.
    let sum = json!({"doctype": "Sales Order", "filters": filters, "measures": ["count", "sum(grand_total)"]});
    let group = place.call("aggregate_documents", sum).await["groups"][0].clone();
    let total = &place.stored("Sales Order", &order)["grand_total"];
    assert_eq!((&group["count"], &group["sum(grand_total)"]), (&json!(1), total), "{group}");
}

#[on_every_version]
async fn h19_a_dotted_field_reaches_another_doctype() {
    let place = Place::new().await;
    let order = place.order(1).await;
    let customer = place.stored("Sales Order", &order)["customer"].clone();
    place.set("Customer", customer.as_str().unwrap(), json!({"tax_id": "canary-31"}));
    let filters = json!([["name", "=", order]]);
    let list = raw_list("Sales Order", &[("fields", json!(["name", "customer.tax_id"])), ("filters", filters)]);
    let (_, plain) = place.raw("administrator", "GET", &list, Value::Null).await;
    assert_eq!(plain["data"][0]["tax_id"], "canary-31");

    // Whoever may read orders need not be one who may read customers.
    let app = place.app_as("administrator", json!({"doctypes": {"Sales Order": all()}}));
    for asked in [
        json!({"fields": ["name", "customer.tax_id"]}),
        json!({"filters": {"customer.tax_id": "canary-31"}}),
        json!({"or_filters": [["customer.tax_id", "like", "canary%"]]}),
        json!({"filters": [["Customer", "tax_id", "=", "canary-31"]]}),
        json!({"order_by": "customer.tax_id desc"}),
        json!({"fields": ["`tabCustomer`.`tax_id`"]}),
    ] {
        let text = refusal(&app, "list_sales_order_documents", asked.clone()).await;
        assert!(text.contains("nothing was sent"), "{asked}: {text}");
    }
    for asked in [
        json!({"group_by": ["customer.tax_id"]}),
        json!({"measures": ["max(customer.credit_limit)"]}),
        json!({"filters": {"customer.tax_id": "canary-31"}}),
    ] {
        let mut given = asked;
        given["doctype"] = json!("Sales Order");
        let text = refusal(&app, "aggregate_documents", given.clone()).await;
        assert!(text.contains("nothing was sent"), "{given}: {text}");
    }
}

#[on_every_version]
async fn h21_filters_and_fields_that_are_no_json() {
    let place = Place::new().await;
    for pair in ["filters=%7Bbad", "fields=%5B%22name%22", "fields=a,b"] {
        let path = format!("/api/resource/Customer?{pair}");
        assert_eq!(place.raw("administrator", "GET", &path, Value::Null).await.0, 500, "{pair}");
    }
    for (more, wanted) in [
        (json!({"filters": "{bad"}), "filters: expected {\"field\": value}"),
        (json!({"filters": "territory = North"}), "filters: expected {\"field\": value}"),
        (json!({"or_filters": "[[\"territory\""}), "or_filters: expected"),
        (json!({"fields": "[\"name\""}), "fields: expected a list of fieldnames"),
    ] {
        let mut given = more.clone();
        given["doctype"] = json!("Customer");
        let text = place.refusal("list_generic_documents", given).await;
        assert!(text.contains(wanted), "{more}: {text}");
    }
    // What clients pack into a string is unpacked here.
    for (filters, fields) in [
        (json!("{\"territory\": \"North\"}"), json!("[\"territory\"]")),
        (json!({"territory": "[\"in\", [\"North\"]]"}), json!("name, territory")),
    ] {
        let packed = json!({"doctype": "Customer", "filters": filters, "fields": fields});
        let listed = place.call("list_generic_documents", packed).await;
        let rows = listed["documents"].as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["territory"] == "North"), "{listed}");
    }
}

#[on_every_version]
async fn h22_empty_lists_and_values_that_are_not_set_in_filters() {
    let place = Place::new().await;
    for class in [json!("a"), json!("b"), Value::Null] {
        place.post("Odd Thing", json!({"title": "x", "class": class})).await;
    }
    let plain = async |filter: Value| {
        let list = raw_list("Odd Thing", &[("filters", json!([filter]))]);
        place.raw("administrator", "GET", &list, Value::Null).await.1["data"].as_array().unwrap().len()
    };
    assert_eq!(plain(json!(["class", "not in", []])).await, 3, "everything, for a list of nothing");
    assert_eq!(plain(json!(["class", "in", []])).await, 0);
    assert_eq!(plain(json!(["class", "!=", "a"])).await, 2, "also where it is not set");

    for operator in ["in", "not in"] {
        for list in [json!([]), json!(""), json!(null), json!("a")] {
            let asked = json!({"doctype": "Odd Thing", "filters": [["class", operator, list]]});
            let text = place.refusal("list_generic_documents", asked.clone()).await;
            assert!(text.contains(&format!("{operator} takes a list with at least one value")), "{asked}: {text}");
        }
    }
}

#[on_every_version]
async fn h22_a_scope_holds_the_same_documents_in_a_list_and_one_by_one() {
    let place = Place::new().await;
    let values = [
        json!({"class": "a", "n_int": 5, "on_day": "2026-01-05"}),
        json!({"class": "b", "n_int": 0, "on_day": "2027-01-05"}),
        json!({"class": "", "n_int": 12, "on_day": ""}),
        json!({}),
    ];
    let mut things = Vec::new();
    for value in values {
        let made = place.post("Odd Thing", json!({"title": "x"})).await;
        let name = made["name"].as_str().unwrap().to_owned();
        let mut columns = json!({"class": null, "on_day": null, "when_at": null});
        columns.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        place.set("Odd Thing", &name, columns);
        things.push(name);
    }
    for scope in [
        json!({"class": {"ne": "a"}}),
        json!({"class": ["a", "b"]}),
        json!({"class": {"not_in": ["a", "x"]}}),
        json!({"class": {"lt": "b"}}),
        json!({"class": {"gte": "a"}}),
        json!({"class": ["", "a"]}),
        json!({"class": {"not_in": ["", "a"]}}),
        json!({"class": {"ne": ""}}),
        json!({"class": {"like": "%"}}),
        json!({"class": {"like": "_%"}}),
        json!({"class": {"is_set": true}}),
        json!({"class": {"is_set": false}}),
        json!({"n_int": {"lt": 10}}),
        json!({"n_int": {"gt": 0}}),
        json!({"n_int": {"is_set": true}}),
        json!({"n_int": {"is_set": false}}),
        json!({"on_day": {"lte": "2026-12-31"}}),
        json!({"on_day": {"between": ["2026-01-01", "2026-12-31"]}}),
        json!({"any_of": [{"class": "a"}, {"class": {"is_set": false}}]}),
        json!({"any_of": [{"class": {"ne": "a"}}, {"n_int": 5}]}),
    ] {
        let mut rule = all();
        rule["conditions"] = json!({"read": scope});
        let app = place.app_as("administrator", json!({"doctypes": {"Odd Thing": rule}}));
        let asked = json!({"doctype": "Odd Thing", "fields": ["name"], "order_by": "name", "count": true});
        let listed = call(&app, "list_generic_documents", asked).await.unwrap_or_else(|e| panic!("{scope}: {e:?}"));
        let mut seen = Vec::new();
        for name in &things {
            if call(&app, "get_generic_document", json!({"doctype": "Odd Thing", "name": name})).await.is_ok() {
                seen.push(name.clone());
            }
        }
        assert_eq!((names(&listed), &listed["total"]), (seen.clone(), &json!(seen.len())), "{scope}");
        assert!(!seen.is_empty(), "{scope}");
    }
}

#[on_every_version]
async fn h23_a_count_that_asks_for_no_right() {
    let place = Place::new().await;
    let count = "/api/method/frappe.client.get_count";
    let plain = async |doctype: &str| place.raw("reader", "POST", count, json!({"doctype": doctype})).await;
    let (status, counted) = plain("Sales Invoice").await;
    let told = status == 200 && counted["message"].as_u64() > Some(0);
    assert!(told == (version() < Version::V16) && (told || status == 403), "{counted}");
    let all_of = place.raw("administrator", "POST", count, json!({"doctype": "Customer"})).await.1;
    let everyone = all_of["message"].as_u64();

    let app = place.app_as("sales", json!({"default": all()}));
    let asked = json!({"doctype": "Customer", "fields": ["name"], "limit": 500, "count": true});
    let own = call(&app, "list_generic_documents", asked).await.unwrap();
    assert_eq!(own["total"], own["count"]);
    assert!(own["total"].as_u64() < everyone, "{} of {everyone:?}", own["total"]);
    let summed = call(&app, "aggregate_documents", json!({"doctype": "Customer"})).await.unwrap();
    assert_eq!(summed["groups"][0]["count"], own["total"]);
    let reader = place.app_as("reader", json!({"default": all()}));
    for (tool, given) in [
        ("list_generic_documents", json!({"doctype": "Sales Invoice", "count": true})),
        ("aggregate_documents", json!({"doctype": "Sales Invoice"})),
    ] {
        let text = refusal(&reader, tool, given).await;
        assert!(text.contains("exc_type: PermissionError"), "{tool}: {text}");
    }
}

#[on_every_version]
async fn h28_a_request_line_that_is_too_long() {
    let place = Place::new().await;
    let some = place.some("Customer", json!({})).await;
    let long = encoded(&json!([["name", "in", vec![some.clone(); 400]]]).to_string());
    let (status, page) =
        place.raw("administrator", "GET", &format!("/api/resource/Customer?filters={long}"), Value::Null).await;
    assert!(status == 400 && page.is_string(), "{page}");

    let within = json!({"doctype": "Customer", "fields": ["name"], "filters": {"name": ["in", vec![&some; 400]]}});
    assert_eq!(names(&place.call("list_generic_documents", within).await), [some.as_str()]);
    // On both sides of the limit, whatever is encoded how long.
    for letter in ["a", "é"] {
        for length in (3_600..4_200).step_by(40).map(|bytes| bytes / encoded(letter).len()) {
            let filters = json!({"name": ["in", [some, letter.repeat(length)]]});
            let asked = json!({"doctype": "Customer", "fields": ["name"], "filters": filters, "count": true});
            let listed = place.call("list_generic_documents", asked).await;
            assert_eq!((names(&listed), &listed["total"]), (vec![some.clone()], &json!(1)), "{length} {letter}");
        }
    }
}
