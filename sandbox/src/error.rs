//! What goes wrong on a site: one value that holds status, `exc_type`, texts and messages, and is made by name.

use serde_json::{Map, Value, json};

/// An exception of the site: its name on the wire, its status, its Python class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exc {
    /// `exc_type`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The Python class as `exception` names it.
    pub class: &'static str,
}

macro_rules! exceptions {
    ($($(#[$doc:meta])* $const:ident = $name:literal $status:literal in $module:literal;)*) => {
        $($(#[$doc])* #[doc = concat!("`", $name, "`, ", stringify!($status), ".")]
        pub const $const: Exc = Exc { name: $name, status: $status, class: concat!($module, $name) };)*
    };
}

/// The exceptions that a client meets.
pub mod exc {
    use super::Exc;
    exceptions! {
        CSRF = "CSRFTokenError" 400 in "frappe.exceptions.";
        AUTHENTICATION = "AuthenticationError" 401 in "frappe.exceptions.";
        PERMISSION = "PermissionError" 403 in "frappe.exceptions.";
        DOES_NOT_EXIST = "DoesNotExistError" 404 in "frappe.exceptions.";
        PAGE_NOT_FOUND = "PageDoesNotExistError" 404 in "frappe.exceptions.";
        DUPLICATE = "DuplicateEntryError" 409 in "frappe.exceptions.";
        NAME = "NameError" 409 in "frappe.exceptions.";
        VALIDATION = "ValidationError" 417 in "frappe.exceptions.";
        MANDATORY = "MandatoryError" 417 in "frappe.exceptions.";
        LINK_VALIDATION = "LinkValidationError" 417 in "frappe.exceptions.";
        CANCELLED_LINK = "CancelledLinkError" 417 in "frappe.exceptions.";
        CHARACTER_LENGTH = "CharacterLengthExceededError" 417 in "frappe.exceptions.";
        NON_NEGATIVE = "NonNegativeError" 417 in "frappe.exceptions.";
        UNIQUE = "UniqueValidationError" 417 in "frappe.exceptions.";
        CONSTANT = "CannotChangeConstantError" 417 in "frappe.exceptions.";
        TIMESTAMP = "TimestampMismatchError" 417 in "frappe.exceptions.";
        LOCKED = "DocumentLockedError" 417 in "frappe.exceptions.";
        UPDATE_AFTER_SUBMIT = "UpdateAfterSubmitError" 417 in "frappe.exceptions.";
        DOCSTATUS = "DocstatusTransitionError" 417 in "frappe.exceptions.";
        LINK_EXISTS = "LinkExistsError" 417 in "frappe.exceptions.";
        DATA = "DataError" 417 in "frappe.exceptions.";
        EMAIL = "InvalidEmailAddressError" 417 in "frappe.exceptions.";
        PHONE = "InvalidPhoneNumberError" 417 in "frappe.exceptions.";
        ARGUMENT_TYPE = "FrappeTypeError" 417 in "frappe.exceptions.";
        WORKFLOW_TRANSITION = "WorkflowTransitionError" 417 in "frappe.model.workflow.";
        WORKFLOW_PERMISSION = "WorkflowPermissionError" 417 in "frappe.model.workflow.";
        WORKFLOW_STATE = "WorkflowStateError" 417 in "frappe.model.workflow.";
        TOO_MANY_REQUESTS = "TooManyRequestsError" 429 in "frappe.exceptions.";
        READ_ONLY = "InReadOnlyMode" 503 in "frappe.exceptions.";
        SESSION_STOPPED = "SessionStopped" 503 in "frappe.exceptions.";
        INDEX = "IndexError" 500 in "";
        TYPE = "TypeError" 500 in "";
        VALUE = "ValueError" 500 in "";
        ATTRIBUTE = "AttributeError" 500 in "";
        OS = "OSError" 500 in "";
        JSON_DECODE = "JSONDecodeError" 500 in "json.decoder.";
        TRUNCATED = "DataError" 500 in "pymysql.err.";
        OPERATIONAL = "OperationalError" 500 in "pymysql.err.";
        PROGRAMMING = "ProgrammingError" 500 in "pymysql.err.";
        INVALID_DATES = "InvalidDates" 417 in "frappe.exceptions.";
        INVALID_QTY = "InvalidQtyError" 417 in "erpnext.controllers.accounts_controller.";
        NEGATIVE_STOCK = "NegativeStockError" 417 in "erpnext.stock.stock_ledger.";
        OVER_ALLOWANCE = "OverAllowanceError" 417 in "erpnext.controllers.status_updater.";
        OVER_PRODUCTION = "StockOverProductionError" 417 in "erpnext.manufacturing.doctype.work_order.work_order.";
        QTY_MISMATCH = "QtyMismatchError" 417 in "erpnext.controllers.buying_controller.";
        OVER_RETURN = "StockOverReturnError" 417 in "erpnext.controllers.sales_and_purchase_return.";
        WAREHOUSE_REQUIRED = "WarehouseRequired" 417 in "erpnext.selling.doctype.sales_order.sales_order.";
    }

    /// `ImportError`, 500: a DocType whose code is not there; the class is called otherwise.
    pub const IMPORT: Exc = Exc { name: "ImportError", status: 500, class: "Error" };
}

/// A message for the person at the desk; text with HTML in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// What it says.
    pub text: String,
    /// Its heading.
    pub title: &'static str,
    /// `red`, `green`, `orange`, where one is given.
    pub indicator: Option<&'static str>,
    /// Whether it came with an exception.
    pub raised: bool,
    /// Whether it is shown for a moment only.
    pub alert: bool,
}

impl Message {
    /// A message that reports.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), title: "Message", indicator: None, raised: false, alert: false }
    }

    /// The entry of `_server_messages`, before it is encoded a first time.
    pub fn to_value(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("message".to_owned(), json!(self.text));
        entry.insert("title".to_owned(), json!(self.title));
        if let Some(indicator) = self.indicator {
            entry.insert("indicator".to_owned(), json!(indicator));
        }
        if self.raised {
            entry.insert("raise_exception".to_owned(), json!(1));
            entry.insert("__frappe_exc_id".to_owned(), json!("0".repeat(56)));
        }
        if self.alert {
            entry.insert("alert".to_owned(), json!(1));
        }
        Value::Object(entry)
    }
}

/// A request that failed. Made by the constructors below, which know what the site says in each case.
#[derive(Clone, PartialEq, Debug)]
pub struct SiteError {
    /// Which exception.
    pub exc: Exc,
    /// What follows its name in `exception`.
    pub text: String,
    /// What `_server_messages` gains.
    pub messages: Vec<Message>,
    /// `_error_message`.
    pub error_message: Option<String>,
    /// Whether `exception` and `exc` are told where the site allows tracebacks; some errors never tell them.
    pub traceback: bool,
}

impl SiteError {
    /// An exception without a word to the person at the desk.
    pub fn new(exc: Exc, text: impl Into<String>) -> Self {
        let traceback = exc.status != 404;
        Self { exc, text: text.into(), messages: Vec::new(), error_message: None, traceback }
    }

    /// An exception that says the same in `exception` and in a red message: what most rules do.
    pub fn throw(exc: Exc, text: impl Into<String>) -> Self {
        Self::titled(exc, "Message", text)
    }

    /// [`SiteError::throw`] under a heading.
    pub fn titled(exc: Exc, title: &'static str, text: impl Into<String>) -> Self {
        let mut error = Self::new(exc, text);
        let indicator = Some("red");
        error.messages.push(Message { title, indicator, raised: true, ..Message::new(error.text.clone()) });
        error
    }

    /// Adds a message.
    pub fn with(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// The same exception thrown again in other words: the messages of both are told.
    pub fn and_then_thrown(mut self, text: impl Into<String>) -> Self {
        let again = Self::throw(self.exc, text);
        self.text = again.text;
        self.messages.extend(again.messages);
        self
    }

    /// Sets `_error_message`.
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.error_message = Some(text.into());
        self
    }

    /// Leaves `exception` and `exc` out, whatever the site allows.
    pub fn quiet(mut self) -> Self {
        self.traceback = false;
        self
    }

    /// 404: there is no such document.
    pub fn missing(doctype: &str, name: &str) -> Self {
        Self::throw(exc::DOES_NOT_EXIST, format!("{doctype} {name} not found"))
    }

    /// 403: no role of the user gives this right on the DocType.
    pub fn no_role(user: &str, doctype: &str) -> Self {
        let text = format!("User <strong>{user}</strong> has no role for doctype <strong>{doctype}</strong>");
        Self::new(exc::PERMISSION, "").with(Message::new(text)).saying(format!("No permission for {doctype}"))
    }

    /// 403: a function that is there and not open to this user.
    pub fn closed(function: &str) -> Self {
        let text = format!(
            "<details><summary>Login to access</summary>Function <strong>{function}</strong> is not whitelisted.</details>"
        );
        Self::titled(exc::PERMISSION, "Method Not Allowed", text)
    }

    /// 417: a rule of the site was broken.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::throw(exc::VALIDATION, text)
    }

    /// 500: an argument that the method needs was not sent.
    pub fn argument(method: &str, argument: &str) -> Self {
        let method = method.rsplit('.').next().unwrap_or(method);
        Self::new(exc::TYPE, format!("{method}() missing 1 required positional argument: '{argument}'"))
    }

    /// 500: text that had to be JSON and is not.
    pub fn json() -> Self {
        Self::new(exc::JSON_DECODE, "Expecting value: line 1 column 1 (char 0)")
    }

    /// 500: the database refused a value or a statement.
    pub fn database(text: impl Into<String>) -> Self {
        Self::new(exc::OPERATIONAL, text)
    }

    /// 500: a statement that the database cannot read.
    pub fn syntax(near: &str) -> Self {
        Self::new(exc::PROGRAMMING, format!("(1064, \"You have an error in your SQL syntax near '{near}'\")"))
    }

    /// `exception`: the exception's full name and its text.
    pub fn exception(&self) -> String {
        let separator = if self.text.is_empty() { "" } else { ": " };
        format!("{}{separator}{}", self.exc.class, self.text)
    }
}

impl std::fmt::Display for SiteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.exc.status, self.exception())
    }
}

impl std::error::Error for SiteError {}

impl From<rusqlite::Error> for SiteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::database(format!("(1105, \"{error}\")"))
    }
}
