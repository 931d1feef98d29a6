//! What a customer owes, has ordered and has bought, in the local currency.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::decimal;
use crate::sim::store::Row;

impl Service {
    /// Returns what one unit of a document's currency is worth.
    pub(in super::super) fn rate_of(&self, table: usize, document: &Row) -> Decimal {
        let id = self.text_of(table, document, "currencyId");
        let currencies = self.table("currencies");
        let Some(currency) = id.parse().ok().and_then(|id| self.store.rows(currencies).get(&id)) else {
            return Decimal::ONE;
        };
        let rates = self.table("currencyExchangeRates");
        let latest = self
            .rows_with(rates, "currencyCode", self.code_of_row(currencies, currency))
            .max_by_key(|rate| self.text_of(rates, rate, "startingDate"));
        let rate = latest.and_then(|rate| {
            let relational = self.amount(rates, rate, "relationalExchangeRateAmount");
            relational.checked_div(self.amount(rates, rate, "exchangeRateAmount"))
        });
        rate.unwrap_or(Decimal::ONE)
    }

    /// Sums a figure of a customer's documents of one set.
    fn sum_of(&self, set: &str, customer: &Row, figure: impl Fn(usize, &Row) -> Decimal) -> Decimal {
        let documents = self.table(set);
        let id = customer.id.to_string();
        let billed = self.rows_with(documents, "billToCustomerId", &id);
        let sum: Decimal = billed.map(|row| figure(documents, row) * self.rate_of(documents, row)).sum();
        sum.round_dp(2)
    }

    /// Sums a figure of the lines of a customer's orders.
    fn sum_of_lines(&self, customer: &Row, quantity: impl Fn(usize, &Row) -> Decimal) -> Decimal {
        let lines = self.table("salesOrderLines");
        self.sum_of("salesOrders", customer, |_, order| {
            let id = order.id.to_string();
            let amounts = self.rows_with(lines, "documentId", &id).map(|line| {
                let share = quantity(lines, line).checked_div(self.amount(lines, line, "quantity"));
                self.amount(lines, line, "netAmountIncludingTax") * share.unwrap_or_default()
            });
            amounts.sum()
        })
    }

    fn is_draft(&self, invoices: usize, invoice: &Row) -> bool {
        matches!(self.text_of(invoices, invoice, "status"), "Draft" | "In_x0020_Review" | "_x0020_")
    }

    fn balance_of(&self, customer: &Row) -> Decimal {
        let entries = self.table("customerLedgerActivity");
        let number = self.code_of_row(self.table("customers"), customer);
        let entries_of = self.rows_with(entries, "customerNumber", number);
        entries_of.map(|entry| self.amount(entries, entry, "amountLCY")).sum()
    }

    fn outstanding(&self, customer: &Row) -> Decimal {
        self.sum_of_lines(customer, |lines, line| {
            self.amount(lines, line, "quantity") - self.amount(lines, line, "shippedQuantity")
        })
    }

    fn shipped(&self, customer: &Row) -> Decimal {
        self.sum_of_lines(customer, |lines, line| {
            self.amount(lines, line, "shippedQuantity") - self.amount(lines, line, "invoicedQuantity")
        })
    }

    fn drafts(&self, customer: &Row) -> Decimal {
        self.sum_of("salesInvoices", customer, |invoices, invoice| {
            let draft = self.is_draft(invoices, invoice);
            let amount = self.amount(invoices, invoice, "totalAmountIncludingTax");
            if draft { amount } else { Decimal::ZERO }
        })
    }
}

pub(in super::super) fn balance(service: &Service, row: &Row) -> Value {
    decimal(service.balance_of(row))
}

pub(in super::super) fn outstanding_orders(service: &Service, row: &Row) -> Value {
    decimal(service.outstanding(row))
}

pub(in super::super) fn shipped_not_invoiced(service: &Service, row: &Row) -> Value {
    decimal(service.shipped(row))
}

pub(in super::super) fn outstanding_invoices(service: &Service, row: &Row) -> Value {
    decimal(service.drafts(row))
}

pub(in super::super) fn total(service: &Service, row: &Row) -> Value {
    let parts =
        [service.balance_of(row), service.outstanding(row), service.shipped(row), service.drafts(row)];
    decimal(parts.into_iter().sum())
}

/// What was due before today and is not paid.
pub(in super::super) fn overdue(service: &Service, row: &Row) -> Value {
    let today = service.clock.today();
    let overdue = service.sum_of("salesInvoices", row, |invoices, invoice| {
        let due = service.text_of(invoices, invoice, "dueDate");
        let late = !service.is_draft(invoices, invoice) && due < today.as_str();
        let remaining = service.amount(invoices, invoice, "remainingAmount");
        if late { remaining } else { Decimal::ZERO }
    });
    decimal(overdue)
}

pub(in super::super) fn today(service: &Service, _: &Row) -> Value {
    service.clock.today().into()
}

/// What was invoiced in the current fiscal year, without tax.
pub(in super::super) fn sales_this_year(service: &Service, row: &Row) -> Value {
    let information = service.table("companyInformation");
    let company = service.store.rows(information).iter().next();
    let start = company.map(|row| service.text_of(information, row, "currentFiscalYearStartDate"));
    let sales = service.sum_of("salesInvoices", row, |invoices, invoice| {
        let posted = service.text_of(invoices, invoice, "postingDate");
        let counts = !service.is_draft(invoices, invoice) && start.is_none_or(|start| posted >= start);
        let amount = service.amount(invoices, invoice, "totalAmountExcludingTax");
        if counts { amount } else { Decimal::ZERO }
    });
    decimal(sales)
}
