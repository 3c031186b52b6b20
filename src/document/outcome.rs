//! What became of a write whose answer never came, as far as reading afterwards tells.

use erpnext_schema::{Children, DocTypeDef, FieldKind};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::differences::differences;

/// What reading says of a write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict<T = ()> {
    /// It was made, and gave this.
    Made(T),
    /// There is no sign of it so far, in these words. That proves nothing while the site may still be at it.
    NotYet(String),
    /// Reading does not decide it, and will not, for this reason.
    Open(String),
}

impl<T> Verdict<T> {
    /// Made where it is seen, else not yet, in these words.
    pub fn seen(made: Option<T>, so_far: &str) -> Self {
        made.map_or_else(|| Self::NotYet(so_far.to_owned()), Self::Made)
    }
}

/// Told where a document is as it was.
pub const UNCHANGED: &str = "so far nothing was changed";

/// Whether a password is among what was sent: no document shows it.
pub fn sets_password(def: &DocTypeDef, sent: &Map<String, Value>) -> bool {
    sent.keys().any(|key| def.field(key).is_some_and(|field| field.kind == FieldKind::Password))
}

/// Whether fields were set; `user` is who did it, where a password is among them. `now` is the document as read afterwards,
/// nothing where it is gone.
pub fn of_update(
    def: &'static DocTypeDef,
    children: Children<'_>,
    user: Option<&str>,
    before: &Map<String, Value>,
    sent: &Map<String, Value>,
    now: Option<&Map<String, Value>>,
) -> Verdict {
    let Some(now) = now else { return Verdict::Open("the document is gone".to_owned()) };
    if is_same_version(before, now) {
        return Verdict::NotYet(UNCHANGED.to_owned());
    }
    let differing = differences(def, children, &|_, _| true, before, sent, now);
    let is_by_another = || now.get("modified_by").and_then(Value::as_str) != user;
    if differing.is_empty() && sets_password(def, sent) && is_by_another() {
        return Verdict::Open("somebody else changed the document, and no document shows its passwords".to_owned());
    }
    if differing.is_empty() {
        return Verdict::Made(());
    }
    let names: Vec<&str> = differing.keys().map(String::as_str).collect();
    Verdict::Open(format!("the document was changed, but does not hold what was sent in {}", names.join(", ")))
}

/// Whether a document was deleted.
pub fn of_delete(before: &Map<String, Value>, now: Option<&Map<String, Value>>) -> Verdict {
    match now {
        None => Verdict::Made(()),
        Some(now) if is_same_version(before, now) => Verdict::NotYet(UNCHANGED.to_owned()),
        Some(_) => Verdict::Open("the document is there, and was changed meanwhile".to_owned()),
    }
}

/// Whether a step was taken that leaves these `fields` so: `docstatus`, or the state of a workflow.
pub fn of_step(fields: &[(&str, &Value)], before: &Map<String, Value>, now: Option<&Map<String, Value>>) -> Verdict {
    let are_so = |doc: &Map<String, Value>| fields.iter().all(|(name, value)| doc.get(*name) == Some(*value));
    match now {
        None => Verdict::Open("the document is gone".to_owned()),
        Some(now) if is_same_version(before, now) => Verdict::NotYet(UNCHANGED.to_owned()),
        Some(_) if are_so(before) => Verdict::Open("it was so before, and was changed meanwhile".to_owned()),
        Some(now) if are_so(now) => Verdict::Made(()),
        Some(_) => Verdict::Open("the document was changed meanwhile, and is in another state".to_owned()),
    }
}

/// The one document among `made` that a create made; they are documents of the same user since its start.
pub fn of_create(
    def: &'static DocTypeDef,
    children: Children<'_>,
    sent: &Map<String, Value>,
    made: &[Map<String, Value>],
) -> Verdict<String> {
    let name = |row: &Map<String, Value>| match row.get("name")? {
        Value::String(name) => Some(name.clone()),
        other => Some(other.to_string()),
    };
    let fits = |row: &&Map<String, Value>| differences(def, children, &|_, _| true, &Map::new(), sent, row).is_empty();
    let fitting: Vec<String> = made.iter().filter(fits).filter_map(name).collect();
    let others = || made.iter().filter_map(name).collect::<Vec<_>>().join(", ");
    match fitting.as_slice() {
        _ if sent.is_empty() => Verdict::Open("nothing that was sent shows in a list".to_owned()),
        [one] => Verdict::Made(one.clone()),
        [] if made.is_empty() => Verdict::NotYet("no document that this user made since was found".to_owned()),
        [] => Verdict::NotYet(format!("this user made {} since, none of them with just these values", others())),
        several => Verdict::Open(format!("{} hold these values", several.join(", "))),
    }
}

/// Whether a document made at `creation`, in the site's `zone`, was made after `begun`, which is by the site's clock.
pub fn is_since(begun: Timestamp, zone: &TimeZone, creation: DateTime) -> bool {
    let creation = creation.to_zoned(zone.clone());
    creation.is_ok_and(|creation| creation.timestamp().duration_since(begun) >= -SLACK)
}

/// The site tells its time to the second.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The site gives every change a `modified` of its own (H9).
fn is_same_version(before: &Map<String, Value>, now: &Map<String, Value>) -> bool {
    before.get("modified").is_some_and(|modified| now.get("modified") == Some(modified))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn doc(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn todo() -> &'static DocTypeDef {
        erpnext_doctypes::any("ToDo").unwrap()
    }

    #[test]
    fn an_update_is_judged_by_version_and_fields() {
        let before = doc(json!({"modified": "1", "priority": "Low", "description": "x"}));
        let sent = doc(json!({"priority": "High", "modified": "1"}));
        let verdict = |now: Value| of_update(todo(), &|_| None, None, &before, &sent, now.as_object());
        assert!(matches!(verdict(json!({"modified": "1", "priority": "Low"})), Verdict::NotYet(_)));
        assert_eq!(verdict(json!({"modified": "2", "priority": "High"})), Verdict::Made(()));
        let Verdict::Open(why) = verdict(json!({"modified": "2", "priority": "Medium"})) else { unreachable!() };
        assert!(why.ends_with("what was sent in priority"), "{why}");
        assert!(matches!(verdict(Value::Null), Verdict::Open(_)));
    }

    #[test]
    fn a_password_is_set_where_nobody_else_changed_the_document() {
        let (def, before) = (erpnext_doctypes::any("Email Account").unwrap(), doc(json!({"modified": "1"})));
        let sent = doc(json!({"password": "x"}));
        let verdict = |by: &str| {
            let now = doc(json!({"modified": "2", "modified_by": by, "password": "*"}));
            of_update(def, &|_| None, Some("ann"), &before, &sent, Some(&now))
        };
        assert_eq!(verdict("ann"), Verdict::Made(()));
        assert!(matches!(verdict("bob"), Verdict::Open(_)));
    }

    #[test]
    fn a_delete_is_judged_by_whether_the_document_is_there() {
        let before = doc(json!({"modified": "1"}));
        let verdict = |now: Value| of_delete(&before, now.as_object());
        assert_eq!(verdict(Value::Null), Verdict::Made(()));
        assert!(matches!(verdict(json!({"modified": "1"})), Verdict::NotYet(_)));
        assert!(matches!(verdict(json!({"modified": "2"})), Verdict::Open(_)));
    }

    #[test]
    fn a_step_is_judged_by_the_fields_that_it_sets() {
        let before = doc(json!({"modified": "1", "docstatus": 0}));
        let verdict = |now: Value| of_step(&[("docstatus", &json!(1))], &before, now.as_object());
        assert_eq!(verdict(json!({"modified": "2", "docstatus": 1})), Verdict::Made(()));
        assert!(matches!(verdict(json!({"modified": "1", "docstatus": 0})), Verdict::NotYet(_)));
        assert!(matches!(verdict(json!({"modified": "2", "docstatus": 0})), Verdict::Open(_)));
        assert!(matches!(verdict(Value::Null), Verdict::Open(_)));
        let as_before =
            of_step(&[("docstatus", &json!(0))], &before, json!({"modified": "2", "docstatus": 0}).as_object());
        assert!(matches!(as_before, Verdict::Open(_)), "another's change is no sign of it");
    }

    #[test]
    fn a_create_is_found_only_where_exactly_one_document_fits() {
        let sent = doc(json!({"description": "call", "priority": "High"}));
        let row =
            |name: &str, description: &str| doc(json!({"name": name, "description": description, "priority": "High"}));
        let found = |made: &[Map<String, Value>]| of_create(todo(), &|_| None, &sent, made);
        assert_eq!(found(&[row("a", "call"), row("b", "mail")]), Verdict::Made("a".to_owned()));
        let not_yet = |found| if let Verdict::NotYet(why) = found { why } else { unreachable!() };
        assert!(not_yet(found(&[])).contains("was found"));
        assert!(not_yet(found(&[row("b", "mail")])).contains("made b since"));
        let open = |found| if let Verdict::Open(why) = found { why } else { unreachable!() };
        open(of_create(todo(), &|_| None, &Map::new(), &[row("a", "call")]));
        assert!(open(found(&[row("a", "call"), row("b", "call")])).starts_with("a, b hold"));
    }

    #[test]
    fn what_is_older_by_the_sites_clock_and_zone_is_not_new() {
        let begun: Timestamp = "2026-11-24T10:00:30Z".parse().unwrap();
        for (zone, new, old) in [
            ("UTC", "2026-11-24T10:00:30.5", "2026-11-24T10:00:27"),
            // A quarter of an hour before, as a twin of another process may be.
            ("Asia/Kathmandu", "2026-11-24T15:45:31", "2026-11-24T15:30:31"),
            ("America/St_Johns", "2026-11-24T06:30:29", "2026-11-24T06:15:30"),
            ("Pacific/Auckland", "2026-11-24T23:00:40", "2026-11-23T23:00:40"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            let is_new = |creation: &str| is_since(begun, &zone, creation.parse().unwrap());
            assert!(is_new(new) && !is_new(old), "{zone:?}");
        }
    }
}
