//! Questions to the policy for programs: what may be done, with which fields, and whether one operation may be.

use serde_json::{Map, Value};

use super::{Denial, FieldRef, Operation, Permit, Policy, Reason, unpredictable};

impl Policy {
    /// Whether documents of the DocType may be read.
    pub fn can_read(&self, doctype: &str) -> bool {
        self.permits(Operation::Read, doctype)
    }

    /// Whether documents of the DocType may be made.
    pub fn can_create(&self, doctype: &str) -> bool {
        self.permits(Operation::Create, doctype)
    }

    /// Whether documents of the DocType may be changed.
    pub fn can_update(&self, doctype: &str) -> bool {
        self.permits(Operation::Update, doctype)
    }

    /// Whether documents of the DocType may be deleted.
    pub fn can_delete(&self, doctype: &str) -> bool {
        self.permits(Operation::Delete, doctype)
    }

    /// The fields of the DocType that may be read, in the order of its form; none where it may not be read, or is not one of
    /// ERPNext's own.
    ///
    /// ```
    /// use erpnext_mcp::{config::Config, policy::Policy};
    /// let config = r#"{
    ///     "erpnext": {"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"},
    ///     "permissions": {"doctypes": {"Item": {"read": true, "restricted_fields": ["valuation_rate"]}}}
    /// }"#;
    /// let policy = Policy::from_config(&Config::from_text(config)?);
    /// assert!(policy.allowed_fields("Item").contains(&"item_name"));
    /// assert!(!policy.allowed_fields("Item").contains(&"valuation_rate"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allowed_fields(&self, doctype: &str) -> Vec<&'static str> {
        let (Ok(permit), Some(def)) = (self.permit(Operation::Read, doctype), erpnext_doctypes::any(doctype)) else {
            return Vec::new();
        };
        let fields = def.all_fields().filter(|field| field.kind.holds_value() && permit.fields().may_read(*field));
        fields.map(|field| field.fieldname).collect()
    }

    /// Whether an operation may be done with this data, as far as the data says: the fields of a create or an update, the
    /// stored document of a delete, submit or cancel, the keys asked for of a read.
    ///
    /// What an update's conditions ask of fields that it does not change is judged where the stored document is at hand, by
    /// [`Permit::admits_stored`].
    ///
    /// ```
    /// use erpnext_mcp::policy::{Operation, Policy};
    /// # let data = serde_json::Map::new();
    /// let permit = Policy::full().validate_operation(Operation::Create, "Customer", &data)?;
    /// # Ok::<(), erpnext_mcp::policy::Denial>(())
    /// ```
    ///
    /// # Errors
    /// Why not: the operation, the fields that may not be named, or the condition that is not satisfied.
    pub fn validate_operation(
        &self,
        operation: Operation,
        doctype: &str,
        data: &Map<String, Value>,
    ) -> Result<Permit, Denial> {
        let permit = match &self.facts {
            Some(facts) => self.permit(operation, doctype)?.with_facts(facts.clone()),
            None => self.permit(operation, doctype)?,
        };
        let def = erpnext_doctypes::any(doctype);
        let refused = match operation {
            Operation::Create | Operation::Update => {
                permit.fields().refused(operation, def, erpnext_doctypes::any, data)
            }
            Operation::Read => {
                let seen = |name: &&String| permit.fields().may_read(FieldRef::find(def, name.as_str()));
                data.keys().filter(|name| !seen(name)).cloned().collect()
            }
            _ => Vec::new(),
        };
        if !refused.is_empty() {
            return Err(Denial { doctype: doctype.to_owned(), operation, reason: Reason::Fields(refused) });
        }
        match operation {
            Operation::Create | Operation::Amend => {
                let judged = permit.judged_by();
                let unknown =
                    def.map(|def| unpredictable(judged, def, &erpnext_doctypes::any, None, data)).unwrap_or_default();
                permit.admits_result(data, &unknown)?;
            }
            Operation::Update => permit.admits_changes(data)?,
            Operation::Read => {}
            _ => permit.admits_stored(data)?,
        }
        Ok(permit)
    }
}
