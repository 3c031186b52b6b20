//! Payments, and what papers do to the accounts.

use erpnext_doctypes::*;
use jiff::civil::Date;

use super::masters::{BANK, CREDITORS, DEBTORS, own};
use super::people::mail;
use super::words::{COMPANY, CURRENCY};
use super::{Sample, money, text};
use crate::documents::words;

/// Whose entry it is.
pub struct Post<'a> {
    pub voucher_type: &'static str,
    pub voucher: &'a str,
    pub party_type: &'static str,
    pub party: &'a str,
}

/// One entry of the general ledger on the day of [`Sample::on`]: above zero it is a debit.
pub fn post(sample: &mut Sample<'_>, post: &Post<'_>, account: &str, cents: i64) {
    let (debit, credit) = (money(cents.max(0)), money((-cents).max(0)));
    let of_party = matches!(account, DEBTORS | CREDITORS);
    let entry = GlEntry {
        docstatus: Some(1),
        posting_date: Some(sample.on),
        fiscal_year: "2026".into(),
        account: own(account).into(),
        account_currency: CURRENCY.into(),
        transaction_currency: CURRENCY.into(),
        transaction_exchange_rate: Some(1.0),
        against: (!of_party).then(|| post.party.to_owned()),
        party_type: if of_party { post.party_type.into() } else { Default::default() },
        party: of_party.then(|| post.party.to_owned()),
        voucher_type: post.voucher_type.into(),
        voucher_no: text(post.voucher),
        debit,
        debit_in_account_currency: debit,
        debit_in_transaction_currency: debit,
        credit,
        credit_in_account_currency: credit,
        credit_in_transaction_currency: credit,
        cost_center: own("Main").into(),
        company: COMPANY.into(),
        is_opening: GlEntryIsOpening::No.into(),
        is_cancelled: Some(false),
        ..GlEntry::default()
    };
    let name = sample.number("ACC-GLE-2026-", 5);
    sample.put(&name, &entry);
}

/// Money that came in or went out for an invoice, in cents.
pub struct Payment<'a> {
    pub party_type: &'static str,
    pub party: &'static str,
    pub voucher_type: &'static str,
    pub voucher: &'a str,
    pub total: i64,
    pub paid: i64,
}

/// Writes a payment.
pub fn pay(sample: &mut Sample<'_>, payment: &Payment<'_>, on: Date) {
    sample.on = on;
    let incoming = payment.party_type == "Customer";
    let (kind, from, to) = if incoming {
        (PaymentEntryPaymentType::Receive, DEBTORS, BANK)
    } else {
        (PaymentEntryPaymentType::Pay, BANK, CREDITORS)
    };
    let paid = money(payment.paid);
    let name = sample.number("ACC-PAY-2026-", 5);
    let document = PaymentEntry {
        owner: mail("Jonas").into(),
        docstatus: Some(1),
        naming_series: PaymentEntryNamingSeries::AccPayYyyy.into(),
        payment_type: kind.into(),
        posting_date: Some(on),
        company: COMPANY.into(),
        mode_of_payment: "Bank Transfer".into(),
        party_type: payment.party_type.into(),
        party: text(payment.party),
        party_name: text(payment.party),
        paid_from: own(from).into(),
        paid_from_account_currency: CURRENCY.into(),
        paid_to: own(to).into(),
        paid_to_account_currency: CURRENCY.into(),
        source_exchange_rate: Some(1.0),
        target_exchange_rate: Some(1.0),
        paid_amount: paid,
        base_paid_amount: paid,
        received_amount: paid,
        base_received_amount: paid,
        references: vec![PaymentEntryReference {
            reference_doctype: payment.voucher_type.into(),
            reference_name: text(payment.voucher),
            total_amount: money(payment.total),
            outstanding_amount: money(payment.total),
            allocated_amount: paid,
            exchange_rate: Some(1.0),
            ..PaymentEntryReference::default()
        }],
        in_words: text(words::money(CURRENCY, paid.unwrap_or_default())),
        base_in_words: text(words::money(CURRENCY, paid.unwrap_or_default())),
        total_allocated_amount: paid,
        base_total_allocated_amount: paid,
        reference_no: text(format!("BT-{}", &name[name.len() - 5..])),
        reference_date: Some(on),
        status: PaymentEntryStatus::Submitted.into(),
        title: text(payment.party),
        ..PaymentEntry::default()
    };
    sample.put(&name, &document);
    let own =
        Post { voucher_type: "Payment Entry", voucher: &name, party_type: payment.party_type, party: payment.party };
    post(sample, &own, to, payment.paid);
    post(sample, &own, from, -payment.paid);
}
