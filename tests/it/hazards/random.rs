//! Random changes of random orders, through the tool and the site.

use serde_json::{Map, Value, json};

use super::{Place, rows};

/// The same numbers at each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// A row without what every write sets anew.
fn kept(row: &Value) -> Map<String, Value> {
    let mut row = row.as_object().unwrap().clone();
    row.retain(|key, value| !matches!(key.as_str(), "idx" | "modified" | "modified_by") && !value.is_null());
    row
}

#[on_every_version]
async fn what_was_not_named_is_equal_before_and_after_on_a_site() {
    let place = Place::new().await;
    let mut dice = Dice(7);
    let order = place.order(6).await;
    for turn in 0..48 {
        let before = place.stored("Sales Order", &order);
        let stored = rows(&before, "items");
        let mut expected: Vec<Map<String, Value>> = Vec::new();
        let (mut patch, mut remove, mut added) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in stored.iter().enumerate() {
            let key = match dice.below(3) {
                0 => json!({"name": row["name"]}),
                1 => json!({"idx": i + 1}),
                _ => json!({"match": {"name": row["name"]}, "idx": i + 1}),
            };
            match dice.below(8) {
                0..=3 => expected.push(kept(row)),
                7 if stored.len() > 3 => remove.push(key),
                _ => {
                    let mut change = key;
                    let mut now = kept(row);
                    for _ in 0..=dice.below(2) {
                        let (column, value) = match dice.below(4) {
                            0 => ("additional_notes", json!(format!("ü {turn} {i}"))),
                            1 => ("page_break", json!(turn % 2)),
                            2 => ("delivery_date", json!(format!("2027-01-{:02}", 1 + dice.below(28)))),
                            _ => ("description", json!(format!("turn {turn}"))),
                        };
                        change[column] = value.clone();
                        now.insert(column.to_owned(), value);
                    }
                    patch.push(change);
                    expected.push(now);
                }
            }
        }
        let before_added = expected.len();
        if stored.len() < 8 && dice.below(2) == 0 {
            added.push(
                json!({"item_code": stored[0]["item_code"], "qty": 1 + turn, "rate": 5, "delivery_date": "2027-02-01"}),
            );
        }
        if patch.is_empty() && remove.is_empty() && added.is_empty() {
            continue;
        }
        let change = json!({"items": {"patch": patch, "remove": remove, "add": added}});
        place.update("Sales Order", &order, change.clone()).await;
        let after = place.stored("Sales Order", &order);
        let now = rows(&after, "items");
        assert_eq!(now.len(), before_added + added.len(), "turn {turn}: {change}");
        for (i, (row, expected)) in now.iter().zip(&expected).enumerate() {
            assert_eq!(&kept(row), expected, "turn {turn}, row {i}: {change}");
        }
        for (row, added) in now[before_added..].iter().zip(&added) {
            assert_eq!((&row["item_code"], &row["rate"]), (&added["item_code"], &json!(5.0)), "turn {turn}");
        }
        for table in ["taxes", "sales_team", "packed_items"] {
            assert_eq!(after[table], before[table], "turn {turn}");
        }
        for field in ["customer", "company", "currency", "selling_price_list", "po_no"] {
            assert_eq!(after[field], before[field], "turn {turn}");
        }
    }
}
