//! The paths that a site is asked at; none differs between 15 and 16. The methods that make one document of another,
//! and those that close or hold one, are data of their tools; those that the configuration names are its own.

/// Before the name of a DocType, and of a document.
pub(super) const RESOURCE: &str = "/api/resource/";

/// Where the files of a site lie, which are no part of its API.
pub(super) const FILES: [&str; 2] = ["/private/files/", "/files/"];

/// The address of a whitelisted method.
pub(super) fn method(path: &str) -> String {
    format!("/api/method/{path}")
}

/// A call of a method, as errors name it.
pub(super) fn line(verb: &str, path: &str) -> String {
    format!("{verb} {}", method(path))
}

/// Whether all of the form of a call (verb and path) is this program's choice: a refusal of it as invalid is then never
/// about what the caller gave. Metadata is not among them: the site says so of a DocType that it cannot load (H35).
pub(super) fn form_is_ours(call: &str) -> bool {
    const METHODS: [&str; 6] = [LIST, DESK_LIST, COUNT, VALUE, SEARCH_LINK, DOCINFO];
    match call.split_once(RESOURCE) {
        Some((verb, of)) => verb == "GET " && !of.contains('/'),
        None => call.rsplit_once('/').is_some_and(|(_, method)| METHODS.contains(&method)),
    }
}

/// Whether a call (verb and path) asks for a file.
pub(super) fn is_file(call: &str) -> bool {
    call.strip_prefix("GET ").is_some_and(|path| FILES.iter().any(|place| path.starts_with(place)))
}

// Who is asked and what runs there.
pub(super) const LOGGED_USER: &str = "frappe.auth.get_logged_user";
pub(super) const TIME_ZONE: &str = "frappe.client.get_time_zone";
pub(super) const VERSIONS: &str = "frappe.utils.change_log.get_versions";
pub(super) const HAS_PERMISSION: &str = "frappe.client.has_permission";
pub(super) const USER_PERMISSIONS: &str = "frappe.core.doctype.user_permission.user_permission.get_user_permissions";
pub(super) const DOCTYPE: &str = "frappe.desk.form.load.getdoctype";

// The site's OAuth provider.
pub(super) const AUTHORIZE: &str = "frappe.integrations.oauth2.authorize";
pub(super) const GET_TOKEN: &str = "frappe.integrations.oauth2.get_token";
pub(super) const REVOKE_TOKEN: &str = "frappe.integrations.oauth2.revoke_token";
pub(super) const INTROSPECT_TOKEN: &str = "frappe.integrations.oauth2.introspect_token";

// Lists, counts, links.
pub(super) const LIST: &str = "frappe.client.get_list";
pub(super) const DESK_LIST: &str = "frappe.desk.reportview.get";
pub(super) const COUNT: &str = "frappe.desk.reportview.get_count";
pub(super) const VALUE: &str = "frappe.client.get_value";
pub(super) const SEARCH_LINK: &str = "frappe.desk.search.search_link";
pub(super) const USER_SETTINGS: &str = "frappe.model.utils.user_settings.get";
pub(super) const SUBMITTED_LINKS: &str = "frappe.desk.form.linked_with.get_submitted_linked_docs";

// Documents.
pub(super) const INSERT: &str = "frappe.client.insert";
pub(super) const INSERT_MANY: &str = "frappe.client.insert_many";
pub(super) const SUBMIT: &str = "frappe.client.submit";
pub(super) const CANCEL: &str = "frappe.client.cancel";
pub(super) const RENAME: &str = "frappe.client.rename_doc";
pub(super) const IS_AMENDED: &str = "frappe.client.is_document_amended";
pub(super) const TRANSITIONS: &str = "frappe.model.workflow.get_transitions";
pub(super) const APPLY_WORKFLOW: &str = "frappe.model.workflow.apply_workflow";
pub(super) const MAKE_MAPPED: &str = "frappe.model.mapper.make_mapped_doc";
pub(super) const RUN_DOC_METHOD: &str = "run_doc_method";

// What stands beside a document.
pub(super) const DOCINFO: &str = "frappe.desk.form.load.get_docinfo";
pub(super) const ADD_COMMENT: &str = "frappe.desk.form.utils.add_comment";
pub(super) const SEND_MAIL: &str = "frappe.core.doctype.communication.email.make";
pub(super) const ASSIGN: &str = "frappe.desk.form.assign_to.add";
pub(super) const UNASSIGN: &str = "frappe.desk.form.assign_to.remove";
pub(super) const ADD_TAG: &str = "frappe.desk.doctype.tag.tag.add_tag";
pub(super) const REMOVE_TAG: &str = "frappe.desk.doctype.tag.tag.remove_tag";
pub(super) const SHARE: &str = "frappe.share.add";
pub(super) const FOLLOW: &str = "frappe.desk.form.document_follow.follow_document";
pub(super) const UPLOAD: &str = "upload_file";
pub(super) const PRINT: &str = "frappe.www.printview.get_html_and_style";
pub(super) const PDF: &str = "frappe.utils.print_format.download_pdf";

// Reports.
pub(super) const REPORT_SCRIPT: &str = "frappe.desk.query_report.get_script";
pub(super) const RUN_REPORT: &str = "frappe.desk.query_report.run";
pub(super) const PREPARE_REPORT: &str = "frappe.core.doctype.prepared_report.prepared_report.make_prepared_report";

// ERPNext's own.
pub(super) const STOCK_BALANCE: &str = "erpnext.stock.utils.get_stock_balance";
pub(super) const ITEM_DETAILS: &str = "erpnext.stock.get_item_details.get_item_details";
pub(super) const PARTY_DETAILS: &str = "erpnext.accounts.party.get_party_details";
pub(super) const TAX_ROWS: &str = "erpnext.controllers.accounts_controller.get_taxes_and_charges";
pub(super) const DEFAULT_TAXES: &str = "erpnext.controllers.accounts_controller.get_default_taxes_and_charges";
pub(super) const TERMS_TEXT: &str =
    "erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions";
pub(super) const ACCOUNTS_PREVIEW: &str = "erpnext.controllers.stock_controller.show_accounting_ledger_preview";
pub(super) const STOCK_PREVIEW: &str = "erpnext.controllers.stock_controller.show_stock_ledger_preview";
pub(super) const ORDER_ITEMS: &str = "erpnext.controllers.accounts_controller.update_child_qty_rate";
pub(super) const PAYMENT_ENTRY: &str = "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry";
pub(super) const STOCK_ENTRY: &str = "erpnext.manufacturing.doctype.work_order.work_order.make_stock_entry";
