//! The customer ledger: an entry when an invoice is posted, and one when it is paid.

use serde_json::json;
use uuid::Uuid;

use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::decimal;
use crate::sim::store::Row;

impl Service {
    /// Writes the entries a posted invoice lacks: together they come to what remains to be paid.
    pub(super) fn follow_invoice(&mut self, invoices: usize, invoice: &Row) {
        if !matches!(self.text_of(invoices, invoice, "status"), "Open" | "Paid" | "Canceled" | "Corrective") {
            return;
        }
        let entries = self.table("customerLedgerActivity");
        let number = self.code_of_row(invoices, invoice).to_owned();
        let known: Vec<_> = self.rows_with(entries, "documentNumber", &number).cloned().collect();
        let booked: rust_decimal::Decimal =
            known.iter().map(|entry| self.amount(entries, entry, "amountLCY")).sum();
        let remaining = self.amount(invoices, invoice, "remainingAmount") * self.rate_of(invoices, invoice);
        let amount = remaining.round_dp(2) - booked;
        if amount.is_zero() {
            return;
        }
        let entry_number = 1 + self.store.rows(entries).iter().count();
        let ledger_entry = known
            .first()
            .map_or(json!(entry_number), |first| self.column(entries, first, "ledgerEntryNumber").clone());
        let values = [
            ("entryNumber", json!(entry_number)),
            ("ledgerEntryNumber", ledger_entry),
            ("customerNumber", self.bill_to_number(invoices, invoice).into()),
            ("postingDate", json!(self.clock.today())),
            ("documentNumber", json!(number)),
            ("amountLCY", decimal(amount)),
        ];
        let now = self.now();
        self.insert("customerLedgerActivity", Uuid::new_v4(), &now, &values);
    }

    fn bill_to_number(&self, invoices: usize, invoice: &Row) -> String {
        let customers = self.table("customers");
        let id = self.text_of(invoices, invoice, "billToCustomerId").parse().ok();
        let customer = id.and_then(|id: Uuid| self.store.rows(customers).get(&id));
        customer.map(|customer| self.code_of_row(customers, customer)).unwrap_or_default().to_owned()
    }
}
