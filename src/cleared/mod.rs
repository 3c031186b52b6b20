//! `Cleared`: the proof that one write passed everything that stands before it. No document changes on the site without
//! one; a report is started in the background, and an OAuth token given or taken back, without.

mod confirmed;

pub use confirmed::{Bound, Confirmed, NoToken, Tokens};

use crate::audit::Recorded;
use crate::policy::{Admitted, MethodPermit, Permit};

/// Leave to send one write, once: admitted by the policy, confirmed, and recorded in the audit log. The client takes it by
/// value and it cannot be copied, so that one of them is one sending.
///
/// It is made of three proofs, and each of these is made only by what it proves: [`Admitted`] by [`Permit::admits`], which
/// judges the conditions; [`Confirmed`] by the policy's word that nobody has to be asked, or by a token that was redeemed;
/// [`Recorded`] by [`Audit::intend`](crate::audit::Audit::intend), which refuses a dry run. None of the four has a public
/// field or a default, so that no code, in this crate or outside, has one without the steps having been taken:
///
/// ```compile_fail
/// use erpnext_mcp::cleared::Cleared;
/// fn forged<'a>(permit: &'a erpnext_mcp::policy::Permit) -> Cleared<'a> {
///     Cleared { leave: permit, document: None, confirmed: todo!() }
/// }
/// ```
///
/// ```compile_fail
/// let confirmed: erpnext_mcp::cleared::Confirmed = Default::default();
/// ```
///
/// ```compile_fail
/// let recorded = erpnext_mcp::audit::Recorded(());
/// ```
///
/// ```compile_fail
/// fn forged<'a>(permit: &'a erpnext_mcp::policy::Permit) -> erpnext_mcp::policy::Admitted<'a> {
///     erpnext_mcp::policy::Admitted { permit }
/// }
/// ```
///
/// And it is sent once:
///
/// ```compile_fail
/// fn twice<'a>(cleared: erpnext_mcp::cleared::Cleared<'a>) -> [erpnext_mcp::cleared::Cleared<'a>; 2] {
///     [cleared.clone(), cleared]
/// }
/// ```
///
/// This is the way, which the gate of the tools and the Rust API go:
///
/// ```
/// use erpnext_mcp::audit::{Attempt, Audit};
/// use erpnext_mcp::cleared::{Cleared, Confirmed};
/// use erpnext_mcp::policy::{Operation, Policy, WriteState};
///
/// let policy = Policy::full();
/// let permit = policy.permit(Operation::Create, "ToDo").unwrap();
/// let def = erpnext_doctypes::any("ToDo").unwrap();
/// let doc = serde_json::Map::new();
/// let admitted = permit.admits(WriteState::New(&doc), def, &erpnext_doctypes::any).unwrap();
/// let confirmed = Confirmed::unasked(&policy, Operation::Create, false).unwrap();
/// let recorded = Audit::default().intend(&Attempt::default()).unwrap();
/// let cleared = Cleared::new(admitted, None, confirmed, recorded);
/// assert_eq!(cleared.permit().doctype(), "ToDo");
/// ```
#[derive(Debug)]
#[must_use]
pub struct Cleared<'a, P = Permit> {
    leave: &'a P,
    document: Option<&'a str>,
    confirmed: Confirmed,
}

impl<'a> Cleared<'a> {
    /// Leave to write what was admitted: `document` names it, unless the write makes it.
    pub fn new(admitted: Admitted<'a>, document: Option<&'a str>, confirmed: Confirmed, _: Recorded) -> Self {
        Self { leave: admitted.permit(), document, confirmed }
    }

    /// The permit that it rests on.
    pub fn permit(&self) -> &'a Permit {
        self.leave
    }

    /// The name of the document, unless the write makes it.
    pub fn document(&self) -> Option<&'a str> {
        self.document
    }
}

impl<'a> Cleared<'a, MethodPermit> {
    /// Leave to call a method that writes. Conditions are on documents: a method has none.
    pub fn call(permit: &'a MethodPermit, confirmed: Confirmed, _: Recorded) -> Self {
        Self { leave: permit, document: None, confirmed }
    }

    /// The permit that it rests on.
    pub fn method_permit(&self) -> &'a MethodPermit {
        self.leave
    }
}

impl<P> Cleared<'_, P> {
    /// The confirmation, which holds for what is done along with this write too.
    pub fn confirmed(&self) -> Confirmed {
        self.confirmed
    }
}

#[cfg(test)]
impl<'a> Cleared<'a> {
    /// A clearance for tests of what takes one.
    pub(crate) fn for_test(permit: &'a Permit, document: Option<&'a str>) -> Self {
        Self { leave: permit, document, confirmed: Confirmed::for_test() }
    }
}
