//! Which contact, customer and vendor belong together.

use serde_json::Value;
use uuid::Uuid;

use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

impl Service {
    /// Returns the company contact linked to a customer or vendor by business relation.
    fn contact_of(&self, table: &str, link: &str, party: &Row) -> Option<&Row> {
        let number = self.code_of_row(self.table(table), party);
        let relations = self.table("contactBusinessRelations");
        let relation = self
            .rows_with(relations, "number", number)
            .find(|relation| self.text_of(relations, relation, "linkToTable") == link)?;
        self.by_code(self.table("contacts"), self.column(relations, relation, "contactNumber"))
    }

    /// Returns the customer or vendor linked to a contact's company, or to the contact itself.
    fn related(&self, contact: &Row, link: &str, table: &str) -> Option<&Row> {
        let contacts = self.table("contacts");
        let company = self.text_of(contacts, contact, "companyNumber");
        let company = if company.is_empty() { self.code_of_row(contacts, contact) } else { company };
        let relations = self.table("contactBusinessRelations");
        let relation = self
            .rows_with(relations, "contactNumber", company)
            .find(|relation| self.text_of(relations, relation, "linkToTable") == link)?;
        self.by_code(self.table(table), self.column(relations, relation, "number"))
    }

    /// Returns what a contact is to us: `Multiple` where it is more than one thing.
    pub(in super::super) fn relation_of(&self, contact: &Row) -> Value {
        let relations = self.table("contactBusinessRelations");
        let number = self.code_of_row(self.table("contacts"), contact);
        let mut links: Vec<_> = self
            .rows_with(relations, "contactNumber", number)
            .map(|relation| self.text_of(relations, relation, "linkToTable").to_owned())
            .collect();
        match (links.pop(), links.is_empty()) {
            (None, _) => "None".into(),
            (Some(only), true) => only.into(),
            (Some(_), false) => "Multiple".into(),
        }
    }

    fn id_or_blank(row: Option<&Row>) -> Value {
        Value::String(row.map_or(Uuid::nil(), |row| row.id).to_string())
    }

    fn number_or_blank(&self, table: &str, row: Option<&Row>) -> Value {
        row.map(|row| self.code_of_row(self.table(table), row)).unwrap_or_default().into()
    }
}

pub(in super::super) fn contact_of_customer(service: &Service, row: &Row) -> Value {
    Service::id_or_blank(service.contact_of("customers", "Customer", row))
}

pub(in super::super) fn contact_number_of_customer(service: &Service, row: &Row) -> Value {
    service.number_or_blank("contacts", service.contact_of("customers", "Customer", row))
}

pub(in super::super) fn contact_of_vendor(service: &Service, row: &Row) -> Value {
    Service::id_or_blank(service.contact_of("vendors", "Vendor", row))
}

pub(in super::super) fn contact_number_of_vendor(service: &Service, row: &Row) -> Value {
    service.number_or_blank("contacts", service.contact_of("vendors", "Vendor", row))
}

pub(in super::super) fn related_customer(service: &Service, row: &Row) -> Value {
    Service::id_or_blank(service.related(row, "Customer", "customers"))
}

pub(in super::super) fn related_customer_number(service: &Service, row: &Row) -> Value {
    service.number_or_blank("customers", service.related(row, "Customer", "customers"))
}

pub(in super::super) fn related_vendor(service: &Service, row: &Row) -> Value {
    Service::id_or_blank(service.related(row, "Vendor", "vendors"))
}

pub(in super::super) fn related_vendor_number(service: &Service, row: &Row) -> Value {
    service.number_or_blank("vendors", service.related(row, "Vendor", "vendors"))
}

fn company_of(service: &Service, opportunity: &Row) -> Option<Uuid> {
    let (opportunities, contacts) = (service.table("opportunities"), service.table("contacts"));
    let contact = service.by_code(contacts, service.column(opportunities, opportunity, "contactNumber"))?;
    Some(service.by_code(contacts, service.column(contacts, contact, "companyNumber"))?.id)
}

pub(in super::super) fn company_of_opportunity(service: &Service, row: &Row) -> Value {
    Value::String(company_of(service, row).unwrap_or_default().to_string())
}

pub(in super::super) fn company_number_of_opportunity(service: &Service, row: &Row) -> Value {
    let company = company_of(service, row);
    let company = company.and_then(|id| service.store.rows(service.table("contacts")).get(&id));
    service.number_or_blank("contacts", company)
}
