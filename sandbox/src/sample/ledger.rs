//! Payments, and what papers do to the accounts.

use jiff::civil::Date;

use super::masters::{BANK, CREDITORS, DEBTORS, own};
use super::people::mail;
use super::words::{COMPANY, CURRENCY};
use super::{Sample, money};
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
    let entry = fields! {
        docstatus: 1,
        posting_date: sample.on,
        fiscal_year: "2026",
        account: own(account),
        account_currency: CURRENCY,
        transaction_currency: CURRENCY,
        transaction_exchange_rate: 1.0,
        against: (!of_party).then(|| post.party.to_owned()),
        party_type: if of_party { post.party_type } else { "" },
        party: of_party.then(|| post.party.to_owned()),
        voucher_type: post.voucher_type,
        voucher_no: post.voucher,
        debit,
        debit_in_account_currency: debit,
        debit_in_transaction_currency: debit,
        credit,
        credit_in_account_currency: credit,
        credit_in_transaction_currency: credit,
        cost_center: own("Main"),
        company: COMPANY,
        is_opening: "No",
        is_cancelled: false,
    };
    let name = sample.number("ACC-GLE-2026-", 5);
    sample.put("GL Entry", &name, entry);
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
    let (kind, from, to) = if incoming { ("Receive", DEBTORS, BANK) } else { ("Pay", BANK, CREDITORS) };
    let paid = money(payment.paid);
    let name = sample.number("ACC-PAY-2026-", 5);
    let document = fields! {
        owner: mail("Jonas"),
        docstatus: 1,
        naming_series: "ACC-PAY-.YYYY.-",
        payment_type: kind,
        posting_date: on,
        company: COMPANY,
        mode_of_payment: "Bank Transfer",
        party_type: payment.party_type,
        party: payment.party,
        party_name: payment.party,
        paid_from: own(from),
        paid_from_account_currency: CURRENCY,
        paid_to: own(to),
        paid_to_account_currency: CURRENCY,
        source_exchange_rate: 1.0,
        target_exchange_rate: 1.0,
        paid_amount: paid,
        base_paid_amount: paid,
        received_amount: paid,
        base_received_amount: paid,
        references: vec![fields! {
            reference_doctype: payment.voucher_type,
            reference_name: payment.voucher,
            total_amount: money(payment.total),
            outstanding_amount: money(payment.total),
            allocated_amount: paid,
            exchange_rate: 1.0,
        }],
        in_words: words::money(CURRENCY, paid),
        base_in_words: words::money(CURRENCY, paid),
        total_allocated_amount: paid,
        base_total_allocated_amount: paid,
        reference_no: format!("BT-{}", &name[name.len() - 5..]),
        reference_date: on,
        status: "Submitted",
        title: payment.party,
    };
    sample.put("Payment Entry", &name, document);
    let own =
        Post { voucher_type: "Payment Entry", voucher: &name, party_type: payment.party_type, party: payment.party };
    post(sample, &own, to, payment.paid);
    post(sample, &own, from, -payment.paid);
}
