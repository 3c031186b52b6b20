//! The fields of keys that come in the form's order, as a site sends them: each is looked for behind the one before.

use crate::{DocTypeDef, FieldDef};

/// A way along the fields of a DocType.
#[derive(Clone, Copy, Debug)]
pub struct FieldWalk {
    standard: &'static [FieldDef],
    fields: &'static [FieldDef],
    next: usize,
}

impl DocTypeDef {
    /// Finds one key's field after the other: as [`DocTypeDef::field`] does, and at once where they come in order.
    pub fn walk(&self) -> FieldWalk {
        FieldWalk { standard: self.standard_fields(), fields: self.fields, next: 0 }
    }
}

impl FieldWalk {
    /// The field of that name, standard or of the form.
    pub fn field(&mut self, name: &str) -> Option<&'static FieldDef> {
        self.find(name).map(|(_, field)| field)
    }

    /// The same, with its place among all fields.
    pub fn find(&mut self, name: &str) -> Option<(usize, &'static FieldDef)> {
        let count = self.len();
        let mut place = self.next;
        // Mostly it is the next one, or one close behind.
        for _ in 0..count {
            if place == count {
                place = 0;
            }
            let field = match place.checked_sub(self.standard.len()) {
                Some(place) => self.fields.get(place)?,
                None => self.standard.get(place)?,
            };
            place += 1;
            if field.fieldname == name {
                self.next = place;
                return Some((place - 1, field));
            }
        }
        None
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.standard.len() + self.fields.len()
    }

    /// Whether there is none; never, as there are standard ones.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use crate::{DocTypeDef, field};

    const TASK: DocTypeDef = DocTypeDef {
        fields: &[field!("subject", Data, "Subject"), field!("start", Date, "Start"), field!("end", Date, "End")],
        ..DocTypeDef::new("Task", "Projects")
    };

    #[test]
    fn in_whatever_order_keys_come_their_fields_are_found() {
        let names: Vec<&str> = TASK.all_fields().map(|field| field.fieldname).chain(["no_field", ""]).collect();
        for first in &names {
            for second in &names {
                let mut walk = TASK.walk();
                for name in [first, second, first] {
                    assert_eq!(walk.field(name), TASK.field(name), "{name} of {first}, {second}");
                }
            }
        }
    }

    #[test]
    fn a_place_is_that_among_all_fields() {
        let mut walk = TASK.walk();
        for name in ["end", "name", "subject", "docstatus", "start"] {
            let place = TASK.all_fields().position(|field| field.fieldname == name);
            assert_eq!(walk.find(name).map(|(place, _)| place), place, "{name}");
            assert!(place < Some(walk.len()));
        }
    }
}
