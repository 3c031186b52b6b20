use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

/// Puts a thousand of each of these items into the warehouse of materials.
fn receive(desk: &Desk, items: &[Value]) {
    let row = |item: &Value| json!({"item_code": item, "qty": 1000, "t_warehouse": "Goods In - AWF"});
    let entry = json!({"doctype": "Stock Entry", "stock_entry_type": "Material Receipt", "company": COMPANY,
        "items": items.iter().map(row).collect::<Vec<_>>()});
    let entry = entry.as_object().unwrap().clone();
    let submit = desk.site.with(|site| {
        let name = site.insert(entry)?["name"].as_str().unwrap().to_owned();
        site.submit(site.load("Stock Entry", &name)?)
    });
    submit.unwrap();
}

#[on_every_version]
async fn a_work_order_names_what_it_takes_as_much_as_is_to_be_made() {
    let desk = Desk::open().await;
    let data = json!({"production_item": "SEA-BENCH", "bom_no": "BOM-SEA-BENCH-001", "qty": 3, "company": COMPANY,
        "wip_warehouse": "Workshop", "fg_warehouse": "Main Store"});
    let asked = json!({"doctype": "Work Order", "data": data});
    let made = desk.call("create_generic_document", asked).await["created"].clone();
    let takes = async || {
        let columns = json!(["required_items.item_code", "required_items.required_qty"]);
        let asked = json!({"doctype": "Work Order", "name": made, "fields": columns});
        let read = desk.call("get_generic_document", asked).await;
        let rows = read["document"]["required_items"].as_array().unwrap().clone();
        rows.iter().map(|row| (row["item_code"].clone(), row["required_qty"].clone())).collect::<Vec<_>>()
    };
    let wanted = |benches: f64| {
        let of = |(item, each): (&str, f64)| (json!(item), json!(each * benches));
        [("MAT-OAK-PLK", 4.0), ("MAT-FOAM", 2.0), ("MAT-FABRIC", 2.0)].map(of)
    };
    assert_eq!(takes().await, wanted(3.0));
    let change = json!({"doctype": "Work Order", "name": made, "data": {"qty": 5}});
    desk.call("update_generic_document", change).await;
    assert_eq!(takes().await, wanted(5.0));
}

#[on_every_version]
async fn a_work_order_gets_its_materials_and_is_made() {
    let desk = Desk::open().await;
    let load = |doctype: &str, name: &str| Value::Object(desk.site.with(|site| site.load(doctype, name)).unwrap());
    let order = desk.some("Work Order", json!({"docstatus": 1, "status": "Not Started"}), 1).await.remove(0);
    let stored = load("Work Order", &order);
    let bom = load("BOM", stored["bom_no"].as_str().unwrap());
    let parts: Vec<Value> = bom["items"].as_array().unwrap().iter().map(|part| part["item_code"].clone()).collect();
    receive(&desk, &parts);
    for (purpose, status) in [("Material Transfer for Manufacture", "In Process"), ("Manufacture", "Completed")] {
        let entry = desk.convert("Work Order", &order, purpose, json!({})).await;
        desk.submit("Stock Entry", &entry).await;
        assert_eq!(load("Work Order", &order)["status"], status, "{purpose}");
    }
    let made = load("Work Order", &order);
    assert_eq!(made["produced_qty"], stored["qty"], "{made}");
    let text =
        desk.refusal("convert_document", json!({"doctype": "Work Order", "name": order, "to": "Manufacture"})).await;
    assert!(text.contains("its status is Completed"), "{text}");
}
