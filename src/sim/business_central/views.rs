//! Rows of other sets seen through another page, with figures that are calculated when somebody looks.

use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::schema::Set;
use super::service::Service;
use super::values::decimal;
use crate::sim::store::Row;

impl Service {
    /// Brings the views in step with the rows they show; a view's row changes its tag when a figure changes.
    pub(super) fn refresh_views(&mut self) {
        for view in 0..self.sets.len() {
            let Some(source) = self.sets[view].view_of.and_then(|name| self.set(name)) else { continue };
            let shown: Vec<_> =
                self.store.rows(source).iter().map(|row| self.seen(view, source, row)).collect();
            let gone = |id: &Uuid| self.store.rows(source).get(id).is_none();
            let gone: Vec<_> = self.store.rows(view).iter().map(|row| row.id).filter(gone).collect();
            for id in gone {
                self.store.remove(view, id);
            }
            for mut row in shown {
                if self.store.rows(view).get(&row.id).is_none_or(|before| before.values != row.values) {
                    row.version = self.store.next_version();
                    self.store.put(view, row);
                }
            }
        }
    }

    fn seen(&self, view: usize, source: usize, row: &Row) -> Row {
        let (view, source) = (&self.sets[view], &self.sets[source]);
        let values = view.columns.iter().map(|column| match column.name {
            "balance" => decimal(self.balance_due(row.id)),
            "totalSalesExcludingTax" => decimal(self.sales(row.id)),
            "overdueAmount" => decimal(self.overdue(row.id)),
            name => source.position(name).map_or(Value::Null, |position| row.values[position].clone()),
        });
        Row { id: row.id, version: 0, values: values.collect() }
    }

    /// Returns what was invoiced to a customer up to yesterday.
    fn sales(&self, customer: Uuid) -> Decimal {
        let today = self.clock.today();
        self.posted(customer, |set, invoice| {
            let counts = set.text(invoice, "postingDate") < today.as_str();
            if counts { set.number(invoice, "totalAmountExcludingTax") } else { Decimal::ZERO }
        })
    }

    /// Returns what a customer should have paid before today.
    fn overdue(&self, customer: Uuid) -> Decimal {
        let today = self.clock.today();
        self.posted(customer, |set, invoice| {
            let late = set.text(invoice, "dueDate") < today.as_str();
            if late { set.number(invoice, "remainingAmount") } else { Decimal::ZERO }
        })
    }

    fn posted(&self, customer: Uuid, amount: impl Fn(&Set, &Row) -> Decimal) -> Decimal {
        let index = self.set("salesInvoices").expect("invariant: the set exists");
        let set = &self.sets[index];
        let invoices = self.store.rows(index).iter().filter(|row| {
            set.id(row, "billToCustomerId") == customer && matches!(set.text(row, "status"), "Open" | "Paid")
        });
        invoices.map(|invoice| amount(set, invoice)).sum()
    }
}
