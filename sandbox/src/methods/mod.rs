//! `/api/method/…`: one line per method that the site answers.
//!
//! To add a method: write `pub fn name(request: &mut Request<'_>) -> Result<Reply, SiteError>` in a file of its family
//! here and give it a line in [`METHODS`]. A handler runs inside the request's transaction: what it wrote is kept
//! where it answers `Ok` to a POST, PUT or DELETE, and undone otherwise. It answers with [`Reply::message`] or
//! [`Reply::json`], fails with the constructors of [`SiteError`], and adds server messages with `request.site.say`.

mod chains;
mod client;
mod desk_tools;
mod docinfo;
mod doctype;
mod erp;
mod files;
mod further_chains;
mod linked;
pub(crate) mod list;
mod mail;
mod mapping;
mod md5;
mod naming;
mod orders;
mod payment;
mod preview;
mod print;
mod production;
pub mod reports;
mod reportview;
mod rights;
mod search;
mod session;
mod sharing;
mod taxes;
mod terms;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timeline;
pub mod workflow;

use erpnext_schema::Version;

use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

/// What answers a method.
pub type Handler = fn(&mut Request<'_>) -> Result<Reply, SiteError>;

/// A method of the site.
#[derive(Clone, Copy)]
pub struct Method {
    /// Its dotted path.
    pub path: &'static str,
    /// What answers it.
    pub handler: Handler,
    /// Whether it changes something: GET is refused with 403.
    pub post_only: bool,
    /// Whether it needs no key.
    pub guest: bool,
    /// The only version that has it.
    pub only: Option<Version>,
}

impl Method {
    const fn only(self, version: Version) -> Self {
        Self { only: Some(version), ..self }
    }
}

const fn open(path: &'static str, handler: Handler) -> Method {
    Method { path, handler, post_only: false, guest: true, only: None }
}

const fn any(path: &'static str, handler: Handler) -> Method {
    Method { path, handler, post_only: false, guest: false, only: None }
}

const fn post(path: &'static str, handler: Handler) -> Method {
    Method { path, handler, post_only: true, guest: false, only: None }
}

/// Every method. `/files` is no method: it answers `GET /files/…` and `GET /private/files/…`, the path in
/// `request.path`.
#[rustfmt::skip]
pub static METHODS: &[Method] = &[
    open("ping", session::ping),
    open("frappe.ping", session::ping),
    any("frappe.auth.get_logged_user", session::get_logged_user),
    any("frappe.utils.change_log.get_versions", session::get_versions),
    any("frappe.desk.form.load.getdoctype", doctype::getdoctype),
    post("run_doc_method", desk_tools::run_doc_method),
    any("frappe.client.get", client::get),
    any("frappe.client.get_list", list::get_list),
    any("frappe.client.get_time_zone", session::get_time_zone),
    any("frappe.client.get_count", list::client_get_count),
    any("frappe.client.get_value", client::get_value),
    any("frappe.client.get_single_value", client::get_single_value),
    any("frappe.client.validate_link", client::validate_link).only(Version::V15),
    any("frappe.client.validate_link_and_fetch", client::validate_link_and_fetch).only(Version::V16),
    any("frappe.client.is_document_amended", client::is_document_amended),
    any("frappe.client.get_doc_permissions", rights::get_doc_permissions),
    any("frappe.client.has_permission", rights::has_permission),
    any("frappe.core.doctype.user_permission.user_permission.get_user_permissions", rights::get_user_permissions),
    post("frappe.client.insert", client::insert),
    post("frappe.client.insert_many", client::insert_many),
    post("frappe.client.save", client::save),
    post("frappe.client.submit", client::submit),
    post("frappe.client.cancel", client::cancel),
    post("frappe.client.delete", client::delete),
    post("frappe.client.set_value", client::set_value),
    post("frappe.client.bulk_update", client::bulk_update),
    post("frappe.client.rename_doc", client::rename_doc),
    any("frappe.desk.reportview.get", reportview::get),
    any("frappe.desk.reportview.get_list", list::reportview_get_list),
    any("frappe.desk.reportview.get_count", list::reportview_get_count),
    post("frappe.desk.reportview.delete_items", reportview::delete_items),
    any("frappe.desk.search.search_link", search::search_link),
    any("frappe.desk.form.load.getdoc", docinfo::getdoc),
    any("frappe.desk.form.load.get_docinfo", docinfo::get_docinfo),
    any("frappe.desk.form.linked_with.get_submitted_linked_docs", linked::get_submitted_linked_docs),
    post("frappe.desk.form.utils.add_comment", timeline::add_comment),
    any("frappe.desk.form.assign_to.add", timeline::assign),
    post("frappe.desk.form.assign_to.remove", timeline::unassign),
    any("frappe.desk.doctype.tag.tag.add_tag", timeline::add_tag),
    post("frappe.desk.doctype.tag.tag.remove_tag", timeline::remove_tag),
    any("frappe.desk.query_report.run", reports::run),
    any("frappe.desk.query_report.get_script", reports::get_script),
    post("frappe.core.doctype.prepared_report.prepared_report.make_prepared_report", reports::make_prepared_report),
    any("frappe.model.utils.user_settings.get", session::get_user_settings),
    any("frappe.model.workflow.get_transitions", workflow::get_transitions),
    post("frappe.model.workflow.apply_workflow", workflow::apply_workflow),
    any("frappe.model.mapper.make_mapped_doc", mapping::make_mapped_doc),
    any("erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry", payment::get_payment_entry),
    any("erpnext.manufacturing.doctype.work_order.work_order.make_stock_entry", production::make_stock_entry),
    any("erpnext.selling.doctype.sales_order.sales_order.update_status", orders::sales_order),
    any("erpnext.buying.doctype.purchase_order.purchase_order.update_status", orders::purchase_order),
    any("erpnext.stock.doctype.delivery_note.delivery_note.update_delivery_note_status", orders::delivery_note),
    any("erpnext.stock.doctype.purchase_receipt.purchase_receipt.update_purchase_receipt_status", orders::purchase_receipt),
    any("erpnext.stock.doctype.material_request.material_request.update_status", orders::material_request),
    any("erpnext.controllers.accounts_controller.update_child_qty_rate", orders::update_child_qty_rate),
    any("erpnext.controllers.stock_controller.show_accounting_ledger_preview", preview::accounts),
    any("erpnext.controllers.stock_controller.show_stock_ledger_preview", preview::stock),
    post("frappe.core.doctype.communication.email.make", mail::make),
    post("frappe.share.add", sharing::share),
    post("frappe.desk.form.document_follow.follow_document", sharing::follow),
    any("frappe.www.printview.get_html_and_style", print::get_html_and_style),
    any("frappe.utils.print_format.download_pdf", print::download_pdf),
    any("erpnext.accounts.party.get_party_details", erp::get_party_details),
    any("erpnext.controllers.accounts_controller.get_taxes_and_charges", taxes::get_taxes_and_charges),
    any("erpnext.controllers.accounts_controller.get_default_taxes_and_charges", taxes::get_default_taxes_and_charges),
    any("erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions", terms::get_terms_and_conditions),
    any("erpnext.stock.get_item_details.get_item_details", erp::get_item_details),
    any("erpnext.stock.utils.get_stock_balance", erp::get_stock_balance),
    post("upload_file", files::upload),
    open("/files", files::download),
];

/// Modules of the framework whose functions are there for its own code alone.
const INTERNAL: &[&str] = &["frappe.utils.", "frappe.db.", "frappe.model.document.", "frappe.model.base_document."];

/// Whether this is a function of the site's code that is not open to requests.
pub fn is_internal(path: &str) -> bool {
    INTERNAL.iter().any(|module| path.strip_prefix(module).is_some_and(|name| !name.is_empty() && !name.contains('.')))
}

/// Whether `make_mapped_doc` takes this method and answers as a recorded site does.
pub fn maps(method: &str) -> bool {
    chains::chain(method).is_some()
}

/// The method of that path.
pub fn find(path: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.path == path)
}
