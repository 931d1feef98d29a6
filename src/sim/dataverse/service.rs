//! The service's state and the routing of a request to what handles it.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Fault;
use super::link::Operation;
use super::schema::Table;
use super::tables;
use super::{batch, bulk, csdl, delta, metadata, read, write};
use crate::sim::disturbance::Disturbance;
use crate::sim::http::{Reply, Request};
use crate::sim::odata::path::Segment;
use crate::sim::profile::Profile;
use crate::sim::store::{Row, Store};

const VERSION: &str = "9.2.26105.155";

/// The ids the organisation begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) organization: Uuid,
    pub(crate) business_unit: Uuid,
    /// Who writes with an issued token.
    pub(crate) application_user: Uuid,
    /// Who writes with the fixed token.
    pub(crate) person: Uuid,
    pub(crate) base_currency: Uuid,
}

/// One organisation.
#[derive(Debug)]
pub(crate) struct Service {
    pub(super) tables: Vec<Table>,
    pub(super) store: Store,
    pub(super) seed: Seed,
    /// Delta tokens below this version are expired.
    pub(super) oldest_delta: u64,
    pub(super) disturbance: Arc<Disturbance>,
    /// Table and id of what a request wrote, for the plug-ins that come after it.
    pub(super) written: Vec<(usize, Uuid)>,
}

impl Service {
    pub(crate) fn new(seed: Seed) -> Self {
        let tables = tables::all();
        let store = Store::new(tables.iter().map(Table::key_columns), 1_000_000);
        Self { tables, store, seed, oldest_delta: 0, disturbance: Arc::default(), written: Vec::new() }
    }

    /// Stores a row as it is, without the rules of the API.
    pub(crate) fn insert(&mut self, set: &str, id: Uuid, created: &str, values: &[(&str, Value)]) {
        let index = self.table(set).expect("invariant: seeded tables exist");
        let mut row = write::blank_row(&self.tables[index], id, self.seed.person, created);
        for (name, value) in values {
            let position = self.tables[index].position(name).expect("invariant: seeded columns exist");
            row.values[position] = value.clone();
        }
        self.default_currency(index, &mut row);
        self.calculate(index, &mut row);
        row.version = self.store.next_version();
        self.store.put(index, row);
    }

    /// Plays faults from here on.
    pub(crate) fn disturb(&mut self, disturbance: Arc<Disturbance>) {
        self.disturbance = disturbance;
    }

    /// Makes every delta token issued so far too old.
    pub(crate) fn expire_delta_tokens(&mut self) {
        self.oldest_delta = self.store.next_version();
    }

    /// Answers a request; `unguarded` takes the writes that compared no version.
    pub(crate) fn answer(&mut self, request: &Request, unguarded: &mut Vec<String>) -> Reply {
        if request.method == "GET" && request.path == "/api/discovery/v2.0/Instances" {
            return self.instances(request);
        }
        let reply = match Operation::new(request) {
            Some(operation) if operation.is_batch() => batch::answer(self, &operation, unguarded),
            Some(operation) => self.single(&operation, unguarded),
            None => Fault::new(404, "0x8006088a", "The resource cannot be found.").reply(),
        };
        self.run_plug_ins();
        if reply.header("OData-Version").is_some() { reply } else { reply.with("OData-Version", "4.0") }
    }

    /// Answers one operation, on its own or as a part of a batch.
    pub(super) fn single(&mut self, operation: &Operation<'_>, unguarded: &mut Vec<String>) -> Reply {
        let request = operation.request;
        if matches!(request.method.as_str(), "PATCH" | "DELETE") && !request.is_guarded() && !request.person {
            unguarded.push(format!("{} {}", request.method, request.target()));
        }
        let writes = request.method != "GET" && !request.person;
        if writes && self.disturbance.strikes(Profile::LockConflicts) {
            return Fault::lock_conflict().reply();
        }
        self.route(operation).unwrap_or_else(|fault| fault.reply())
    }

    fn route(&mut self, operation: &Operation<'_>) -> Result<Reply, Fault> {
        let request = operation.request;
        let Some((first, rest)) = operation.segments.split_first() else {
            return Ok(self.service_document(operation));
        };
        match (request.method.as_str(), first.name.as_str()) {
            ("GET", "$metadata") => Ok(Reply::text(200, "application/xml", csdl::document(&self.tables))),
            ("GET", "WhoAmI") => Ok(self.who_am_i(operation)),
            ("GET", "RetrieveVersion") => Ok(retrieve_version(operation)),
            ("GET", "EntityDefinitions") => metadata::answer(&self.tables, operation, first, rest),
            (_, "EntityDefinitions") => {
                Err(Fault::new(501, "0x80040219", "The simulator's metadata cannot be changed."))
            }
            _ => {
                let table = self.table(&first.name).ok_or_else(|| Fault::unknown_segment(&first.name))?;
                if request.method == "GET" {
                    self.disturb_reading(operation, table);
                }
                self.route_rows(operation, table, first, rest)
            }
        }
    }

    fn route_rows(
        &mut self,
        operation: &Operation<'_>,
        table: usize,
        set: &Segment,
        rest: &[Segment],
    ) -> Result<Reply, Fault> {
        let method = operation.request.method.as_str();
        match (method, &set.key, rest) {
            ("GET", None, []) if delta::asked(operation) => delta::list(self, operation, table),
            ("GET", None, []) => read::list(self, operation, table),
            ("GET", None, [count]) if count.name == "$count" => read::count(self, operation, table),
            ("GET", Some(key), []) => read::single(self, operation, table, key),
            ("GET", Some(key), [column]) => read::column(self, operation, table, key, &column.name),
            ("POST", None, []) => write::create(self, operation, table),
            ("POST", None, [action]) => bulk::answer(self, operation, table, &action.name),
            ("PATCH", Some(key), []) => write::upsert(self, operation, table, key),
            ("DELETE", Some(key), []) => write::delete(self, operation, table, key),
            ("DELETE", Some(key), [navigation, reference]) if reference.name == "$ref" => {
                let clear = json!({ navigation.name.clone(): null });
                write::change(self, operation, table, key, &clear)
            }
            ("PUT", Some(key), [navigation, reference]) if reference.name == "$ref" => {
                let target = operation.body()?.get("@odata.id").cloned().unwrap_or_default();
                let bind = json!({ format!("{}@odata.bind", navigation.name): target });
                write::change(self, operation, table, key, &bind)
            }
            ("PUT", Some(key), [column]) => {
                let value = operation.body()?.get("value").cloned().unwrap_or_default();
                write::change(self, operation, table, key, &json!({ column.name.clone(): value }))
            }
            ("DELETE", Some(key), [column]) => {
                write::change(self, operation, table, key, &json!({ column.name.clone(): null }))
            }
            _ => Err(Fault::new(
                405,
                "0x80060888",
                format!("The method {method} is not allowed on this resource."),
            )),
        }
    }

    pub(super) fn table(&self, set: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.set == set)
    }

    pub(super) fn table_by_logical_name(&self, logical_name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.logical_name == logical_name)
    }

    /// Returns the user a request acts as.
    pub(super) fn caller(&self, request: &Request) -> Uuid {
        if request.person { self.seed.person } else { self.seed.application_user }
    }

    /// Returns a referenced row.
    pub(super) fn find(&self, table: usize, id: Uuid) -> Result<&Row, Fault> {
        let row = self.store.rows(table).get(&id);
        row.ok_or_else(|| Fault::missing_row(self.tables[table].logical_name, id))
    }

    fn service_document(&self, operation: &Operation<'_>) -> Reply {
        let sets: Vec<_> = self.tables.iter().map(|table| table.set).collect();
        let sets: Vec<_> =
            sets.iter().map(|set| json!({"name": set, "kind": "EntitySet", "url": set})).collect();
        Reply::json(200, &json!({"@odata.context": format!("{}/$metadata", operation.api), "value": sets}))
    }

    /// Answers global discovery: the organisations the caller may use.
    fn instances(&self, request: &Request) -> Reply {
        let instance = json!({
            "Id": self.seed.organization, "UniqueName": "unqnorthwind", "UrlName": "northwind",
            "FriendlyName": "Northwind Traders", "State": 0, "Version": VERSION, "Url": request.base,
            "ApiUrl": request.base, "Region": "EMEA", "OrganizationType": 0, "StatusMessage": "0", "Purpose": "",
        });
        let context = format!("{}/api/discovery/v2.0/$metadata#Instances", request.base);
        Reply::json(200, &json!({"@odata.context": context, "value": [instance]}))
    }

    fn who_am_i(&self, operation: &Operation<'_>) -> Reply {
        let body = json!({
            "@odata.context": format!("{}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", operation.api),
            "BusinessUnitId": self.seed.business_unit,
            "UserId": self.caller(operation.request),
            "OrganizationId": self.seed.organization,
        });
        Reply::json(200, &body).with("x-ms-dop-hint", "4")
    }
}

fn retrieve_version(operation: &Operation<'_>) -> Reply {
    let context = format!("{}/$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse", operation.api);
    Reply::json(200, &json!({"@odata.context": context, "Version": VERSION}))
}
