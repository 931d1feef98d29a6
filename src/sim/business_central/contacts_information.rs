//! `contactsInformation`: which contacts stand behind a customer or vendor, and whom a contact stands behind. Its rows are
//! made when somebody asks below one of these; it has no address of its own.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::filter::Filter;
use super::order::{Order, sort};
use super::read::{existing, start};
use super::render::{columns, etag};
use super::schema::{Column, Kind, Role, Set, Verbs};
use super::service::{Operation, Service};
use crate::sim::http::Reply;
use crate::sim::odata::path::Segment;
use crate::sim::store::Row;

const NAME: &str = "contactsInformation";
const TYPES: &[&str] = &["Company", "Person"];
const RELATED: &[&str] = &["_x0020_", "Customer", "Vendor", "Bank_x0020_Account", "Employee"];
/// How a business relation names the table it leads to, and the set of that table.
const LINKS: [(&str, &str); 2] = [("Customer", "customers"), ("Vendor", "vendors")];

impl Service {
    /// Answers `customers(id)/contactsInformation` and its like; `None` if that is not what is asked.
    pub(super) fn contacts_information(
        &self,
        operation: &Operation<'_>,
        segment: &Segment,
        rest: &[Segment],
    ) -> Result<Option<Reply>, Fault> {
        let ([Segment { name, key: None }], Some(key)) = (rest, &segment.key) else { return Ok(None) };
        let has_them = matches!(segment.name.as_str(), "customers" | "vendors" | "contacts");
        let Some(table) = self.set(&segment.name).filter(|_| name == NAME && has_them) else {
            return Ok(None);
        };
        if operation.request.method != "GET" {
            let message =
                format!("The {} method is not allowed on the entity '{NAME}'.", operation.request.method);
            return Err(Fault::new(405, "BadRequest_MethodNotAllowed", message));
        }
        if !operation.request.person {
            self.access.check(&self.sets[table], "GET")?;
        }
        let row = existing(self, table, key)?;
        let rows = match LINKS.iter().find(|(_, set)| *set == segment.name) {
            Some((link, _)) => self.contacts_behind(table, row, link),
            None => self.parties_of(row),
        };
        let context = format!(
            "{}/$metadata#companies({})/{}({})/{NAME}",
            operation.api,
            self.company(),
            segment.name,
            row.id
        );
        self.show(operation, context, &rows).map(Some)
    }

    fn show(&self, operation: &Operation<'_>, context: String, rows: &[Row]) -> Result<Reply, Fault> {
        let (set, query) = (set(), &operation.query);
        let shown = columns(&set, query.get("$select"))?;
        let filter = Filter::parse(&set, query.get("$filter"), self.switches.refuses_in)?;
        let order = Order::parse(&set, query.get("$orderby"))?;
        let start = start(operation)?;
        let accepts = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.accepts(self, &set, row));
        let mut rows: Vec<_> = rows.iter().filter(accepts).collect();
        sort(self, &set, &order, &mut rows);
        let rows = rows.into_iter().skip(start.shown).take(start.left.unwrap_or(usize::MAX));
        let values = rows.map(|row| {
            let mut body = Map::new();
            body.insert("@odata.etag".to_owned(), Value::String(etag(row)));
            let properties =
                shown.iter().map(|at| (set.columns[*at].name.to_owned(), row.values[*at].clone()));
            body.extend(properties);
            Value::Object(body)
        });
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), context.into());
        body.insert("value".to_owned(), values.collect());
        Ok(Reply::json(200, &Value::Object(body)))
    }

    /// Returns the company contact of a customer or vendor, and the people there.
    fn contacts_behind(&self, table: usize, party: &Row, link: &str) -> Vec<Row> {
        let number = &party.values[self.sets[table].key_position()];
        let companies: Vec<_> = self
            .relations()
            .filter(|(named, related, _)| *named == link && *related == number)
            .map(|(_, _, contact)| contact)
            .collect();
        let contacts = self.set("contacts").expect("invariant: the set exists");
        let belongs = |row: &&Row| companies.contains(&self.sets[contacts].value(row, "companyNumber"));
        let found = self.store.rows(contacts).after_key(None).filter(belongs);
        found.map(|contact| self.information(contact, party.id, link)).collect()
    }

    /// Returns the customer and the vendor that a contact's company is.
    fn parties_of(&self, contact: &Row) -> Vec<Row> {
        let contacts = self.set("contacts").expect("invariant: the set exists");
        let company = self.sets[contacts].value(contact, "companyNumber");
        let of_company = self.relations().filter(|(_, _, contact)| *contact == company);
        let found = of_company.filter_map(|(link, number, _)| {
            let table = self.set(LINKS.iter().find(|(named, _)| *named == link)?.1)?;
            let party = self.store.rows(table).by_key(self.sets[table].key_position(), number)?;
            Some(self.information(contact, party.id, link))
        });
        found.collect()
    }

    /// Returns what each business relation leads to, by table and number, and the number of its contact.
    fn relations(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        let table = self.set("contactBusinessRelations").expect("invariant: the table exists");
        self.store.rows(table).iter().map(move |row| {
            let link = self.column(table, row, "linkToTable").as_str().unwrap_or_default();
            (link, self.column(table, row, "number"), self.column(table, row, "contactNumber"))
        })
    }

    fn information(&self, contact: &Row, related: Uuid, link: &str) -> Row {
        let contacts = &self.sets[self.set("contacts").expect("invariant: the set exists")];
        let copied = ["number", "displayName", "type"].map(|name| contacts.value(contact, name).clone());
        let mut values = vec![Value::String(contact.id.to_string())];
        values.extend(copied);
        values.extend([Value::String(related.to_string()), Value::from(link)]);
        Row { id: contact.id, version: contact.version, values }
    }
}

fn set() -> Set {
    let column = |name, kind| Column { name, kind, read_only: true, needed: false };
    Set {
        name: NAME,
        entity: "contactInformation",
        table: 5050,
        caption: "Contact",
        key: "contactId",
        series: None,
        verbs: Verbs::Read,
        part_of: None,
        view_of: None,
        role: Role::Table,
        columns: vec![
            column("contactId", Kind::Id),
            column("contactNumber", Kind::Code(20)),
            column("contactName", Kind::Text(100)),
            column("contactType", Kind::Enum("contactType", TYPES)),
            column("relatedId", Kind::Id),
            column("relatedType", Kind::Enum("contactInformationRelatedType", RELATED)),
        ],
    }
}
