//! What is bought, made and sold: items with prices, stock figures and parts lists.

use super::masters::{BUYING_LIST, GOODS_IN, MAIN_STORE, SELLING_LIST, SHOWROOM, own};
use super::words::{BRANDS, COMPANY, CURRENCY, GOODS, Good, LIGHTING, MATERIALS, TABLES};
use super::{FIRST, Sample, count, money};
use crate::doc::Doc;
use crate::load::row_name;

/// Made in the workshop, out of these: code, materials with quantity.
const MADE: &[(&str, &[(&str, i64)])] = &[
    ("TBL-OAK-160", &[("MAT-OAK-PLK", 9), ("MAT-SCREW", 1), ("MAT-VARNISH", 1)]),
    ("TBL-ASH-RND", &[("MAT-ASH-PLK", 8), ("MAT-SCREW", 1), ("MAT-VARNISH", 1)]),
    ("SEA-BENCH", &[("MAT-OAK-PLK", 4), ("MAT-FOAM", 2), ("MAT-FABRIC", 2)]),
];

pub fn write(sample: &mut Sample<'_>) {
    for good in GOODS {
        item(sample, good);
        price(sample, good, BUYING_LIST, good.cost);
        if good.price > 0 {
            price(sample, good, SELLING_LIST, good.price);
        }
        if good.stocked {
            stock(sample, good);
        }
    }
    for good in MADE.iter().filter_map(|(code, _)| find(code)) {
        bom(sample, good);
    }
}

/// The good of a code.
pub fn find(code: &str) -> Option<&'static Good> {
    GOODS.iter().find(|good| good.code == code)
}

/// The name of the parts list of what is made in the workshop.
pub fn parts_lists() -> impl Iterator<Item = (&'static str, String)> {
    MADE.iter().map(|(code, _)| (*code, bom_name(code)))
}

/// What one piece of it takes, and how much.
pub fn parts(code: &str) -> impl Iterator<Item = (&'static Good, i64)> {
    let parts = MADE.iter().find(|(made, _)| *made == code).map_or(&[][..], |(_, parts)| *parts);
    parts.iter().filter_map(|(code, quantity)| Some((find(code)?, *quantity)))
}

fn bom_name(code: &str) -> String {
    format!("BOM-{code}-001")
}

fn item(sample: &mut Sample<'_>, good: &Good) {
    let brand = if good.group == LIGHTING { BRANDS[1] } else { BRANDS[0] };
    let made = MADE.iter().any(|(code, _)| *code == good.code);
    let item = fields! {
        naming_series: "STO-ITEM-.YYYY.-",
        item_code: good.code,
        item_name: good.name,
        item_group: good.group,
        stock_uom: good.uom,
        is_stock_item: good.stocked,
        is_sales_item: good.price > 0,
        is_purchase_item: good.stocked,
        include_item_in_manufacturing: good.group == MATERIALS,
        valuation_rate: money(good.cost),
        standard_rate: money(good.price),
        description: good.name,
        brand: if good.stocked { brand } else { "" },
        default_bom: made.then(|| bom_name(good.code)),
        uoms: vec![fields! { uom: good.uom, conversion_factor: 1.0 }],
        warranty_period: (good.group == TABLES).then(|| "730".to_owned()),
        safety_stock: good.stocked.then_some(4.0),
        country_of_origin: "Ireland",
        item_defaults: good.stocked.then(|| home(good)).into_iter().collect::<Vec<_>>(),
    };
    sample.put("Item", good.code, item);
}

/// Where it is put and taken from unless a paper says otherwise.
fn home(good: &Good) -> Doc {
    let warehouse = if good.group == MATERIALS { GOODS_IN } else { MAIN_STORE };
    fields! { company: COMPANY, default_warehouse: own(warehouse) }
}

fn price(sample: &mut Sample<'_>, good: &Good, list: &str, cents: i64) {
    let selling = list == SELLING_LIST;
    let price = fields! {
        item_code: good.code,
        item_name: good.name,
        item_description: good.name,
        uom: good.uom,
        price_list: list,
        selling,
        buying: !selling,
        currency: CURRENCY,
        price_list_rate: money(cents),
        valid_from: sample.on,
    };
    let name = hash(sample);
    sample.put("Item Price", &name, price);
}

fn stock(sample: &mut Sample<'_>, good: &'static Good) {
    let homes: &[&str] = if good.group == MATERIALS { &[GOODS_IN] } else { &[MAIN_STORE, SHOWROOM] };
    for (at, warehouse) in homes.iter().enumerate() {
        let on_hand = if at == 0 { sample.random.within(0, 48) } else { sample.random.within(0, 4) };
        // Drawn for nothing: without it all that is drawn later would be something else.
        sample.random.within(0, on_hand / 3);
        // What is promised and expected is counted from the orders.
        let bin = fields! {
            item_code: good.code,
            warehouse: own(warehouse),
            actual_qty: count(on_hand),
            stock_uom: good.uom,
            valuation_rate: money(good.cost),
            stock_value: money(good.cost * on_hand),
        };
        let name = hash(sample);
        sample.put("Bin", &name, bin);
        sample.stocked.push((good, *warehouse, on_hand));
    }
}

/// How the stock came to be there: it was counted when the books began.
pub fn opening(sample: &mut Sample<'_>) {
    sample.on = FIRST;
    let counted: Vec<_> = sample.stocked.iter().copied().filter(|(.., on_hand)| *on_hand > 0).collect();
    let name = sample.number("MAT-RECO-2026-", 5);
    let row = |(good, warehouse, on_hand): &(&Good, &str, i64)| {
        fields! {
            item_code: good.code,
            item_name: good.name,
            warehouse: own(warehouse),
            qty: count(*on_hand),
            valuation_rate: money(good.cost),
            amount: money(good.cost * on_hand),
        }
    };
    let paper = fields! {
        docstatus: 1,
        naming_series: "MAT-RECO-.YYYY.-",
        company: COMPANY,
        purpose: "Opening Stock",
        posting_date: FIRST,
        posting_time: jiff::civil::time(8, 0, 0, 0),
        items: counted.iter().map(row).collect::<Vec<_>>(),
    };
    sample.put("Stock Reconciliation", &name, paper);
    for (at, (good, warehouse, on_hand)) in counted.into_iter().enumerate() {
        let entry = fields! {
            docstatus: 1,
            item_code: good.code,
            warehouse: own(warehouse),
            posting_date: FIRST,
            posting_time: jiff::civil::time(8, 0, 0, 0),
            posting_datetime: FIRST.at(8, 0, 0, 0),
            voucher_type: "Stock Reconciliation",
            voucher_no: name.as_str(),
            voucher_detail_no: row_name(&name, "items", at),
            actual_qty: count(on_hand),
            qty_after_transaction: count(on_hand),
            incoming_rate: money(good.cost),
            valuation_rate: money(good.cost),
            stock_value: money(good.cost * on_hand),
            stock_value_difference: money(good.cost * on_hand),
            stock_uom: good.uom,
            company: COMPANY,
            fiscal_year: "2026",
            is_cancelled: false,
        };
        let name = sample.number("MAT-SLE-2026-", 5);
        sample.put("Stock Ledger Entry", &name, entry);
    }
}

fn bom(sample: &mut Sample<'_>, good: &Good) {
    let mut cost = 0;
    let mut items = Vec::new();
    for (part, quantity) in parts(good.code) {
        cost += part.cost * quantity;
        items.push(fields! {
            item_code: part.code,
            item_name: part.name,
            qty: count(quantity),
            stock_qty: count(quantity),
            uom: part.uom,
            stock_uom: part.uom,
            conversion_factor: 1.0,
            rate: money(part.cost),
            amount: money(part.cost * quantity),
        });
    }
    let bom = fields! {
        docstatus: 1,
        item: good.code,
        item_name: good.name,
        company: COMPANY,
        uom: good.uom,
        quantity: 1.0,
        is_active: true,
        is_default: true,
        currency: CURRENCY,
        conversion_rate: 1.0,
        items,
        raw_material_cost: money(cost),
        total_cost: money(cost),
        base_total_cost: money(cost),
    };
    sample.put("BOM", &bom_name(good.code), bom);
}

/// A name as Frappe's hash naming makes them: ten letters and digits.
pub fn hash(sample: &mut Sample<'_>) -> String {
    const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    (0..10).map(|_| char::from(*sample.random.of(LETTERS))).collect()
}
