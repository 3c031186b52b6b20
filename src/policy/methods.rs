//! Which methods of the site may be called: those that the configuration lists, each by its whole name.

use erpnext_schema::nearest;

use super::{Denial, Operation, Policy, Reason};
use crate::config::Method;

/// Leave to call one method of the site. Only the policy makes one.
#[derive(Clone, Debug)]
pub struct MethodPermit {
    method: String,
    writes: bool,
}

impl MethodPermit {
    /// Its dotted path.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        self.writes
    }
}

impl Policy {
    /// The methods that may be called, with what each takes.
    pub fn methods(&self) -> impl ExactSizeIterator<Item = (&str, &Method)> {
        self.methods.iter().map(|(name, method)| (name.as_str(), method))
    }

    /// Leave to call a method, and what it takes.
    ///
    /// # Errors
    /// Where `methods` does not name it.
    pub fn permit_method(&self, name: &str) -> Result<(MethodPermit, &Method), Denial> {
        match self.methods.get(name) {
            Some(method) => Ok((MethodPermit { method: name.to_owned(), writes: method.writes }, method)),
            None => {
                let near = nearest(name, self.methods.keys().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                let reason = Reason::Refused(format!("the section methods does not name it{near}"));
                Err(Denial { doctype: name.to_owned(), operation: Operation::Update, reason })
            }
        }
    }
}
