//! The service's state and the routing of a request to what handles it.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::backup::Backup;
use super::error::Fault;
use super::link::Operation;
use super::schema::{ManyToMany, Table};
use super::switches::Switch;
use super::{
    associate, batch, bulk, bulk_delete, csdl, delta, metadata, navigate, organization, read, write,
};
use super::{tables, values};
use crate::sim::disturbance::Disturbance;
use crate::sim::http::{Reply, Request};
use crate::sim::odata::path::Segment;
use crate::sim::profile::Profile;
use crate::sim::store::{Row, Store};

/// The ids the organisation begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) tenant: Uuid,
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
    pub(super) relationships: Vec<ManyToMany>,
    /// Choices that several columns may share, by name.
    pub(super) global_choices: Vec<metadata::GlobalChoice>,
    pub(super) store: Store,
    pub(super) seed: Seed,
    switches: Vec<Switch>,
    /// Delta tokens below this version are expired.
    pub(super) oldest_delta: u64,
    pub(super) disturbance: Arc<Disturbance>,
    /// Table and id of what a request wrote, for the plug-ins that come after it.
    pub(super) written: Vec<(usize, Uuid)>,
    /// How many change sets there have been.
    pub(super) change_sets: usize,
    /// Moves with every change of metadata.
    pub(super) metadata_version: u64,
    pub(super) backup: Option<Backup>,
}

impl Service {
    pub(crate) fn new(seed: Seed, switches: &[Switch]) -> Self {
        let tables = tables::all(switches);
        let store = Store::new(tables.iter().map(Table::unique_columns), 1_000_000);
        Self {
            tables,
            relationships: tables::relationships(),
            global_choices: Vec::new(),
            store,
            seed,
            switches: switches.to_vec(),
            oldest_delta: 0,
            disturbance: Arc::default(),
            written: Vec::new(),
            change_sets: 0,
            metadata_version: 1_000_000,
            backup: None,
        }
    }

    /// Returns whether a switch is on.
    pub(crate) fn switched(&self, switch: &Switch) -> bool {
        self.switches.contains(switch)
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

    /// Pairs two rows, whose ids stand in the order of the intersect table's columns.
    pub(crate) fn pair(&mut self, set: &str, (one, other): (Uuid, Uuid)) {
        let intersect = self.table(set).expect("invariant: seeded tables exist");
        self.join(intersect, (1, one), (2, other)).expect("invariant: seeded pairs are there once");
    }

    /// Returns the logical names of the tables that have the bulk actions.
    pub(crate) fn bulk_tables(&self) -> Vec<String> {
        let names = self.tables.iter().map(|table| table.logical_name.clone());
        names.filter(|name| !self.switched(&Switch::NoBulk(name.clone()))).collect()
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
        let reply = match Operation::new(request) {
            Some(operation) => match self.check_open(request) {
                Ok(()) if operation.is_batch() => batch::answer(self, &operation, unguarded),
                Ok(()) => self.single(&operation, unguarded),
                Err(fault) => self.refuse(&fault),
            },
            None => super::discovery::answer(self, request).unwrap_or_else(|| {
                self.refuse(&Fault::new(404, "0x8006088a", "The resource cannot be found."))
            }),
        };
        self.run_plug_ins();
        reply.with_default("OData-Version", "4.0").with_default("REQ_ID", Uuid::new_v4().to_string())
    }

    /// Answers one operation, on its own or as a part of a batch: a transaction.
    pub(super) fn single(&mut self, operation: &Operation<'_>, unguarded: &mut Vec<String>) -> Reply {
        let request = operation.request;
        if matches!(request.method.as_str(), "PATCH" | "DELETE") && !request.is_guarded() && !request.person {
            unguarded.push(format!("{} {}", request.method, request.target()));
        }
        let writes = request.method != "GET" && !request.person;
        if writes && self.disturbance.strikes(Profile::LockConflicts) {
            return self.refuse(&Fault::lock_conflict());
        }
        if operation.is_metadata() {
            let answer = self.caller(request).and_then(|_| metadata::answer(self, operation));
            return answer.unwrap_or_else(|fault| self.refuse(&fault));
        }
        let nested = self.store.in_transaction();
        if !nested {
            self.store.begin();
        }
        let answer = self.route(operation);
        match &answer {
            _ if nested => {}
            Ok(_) => self.store.commit(),
            Err(_) => self.store.rollback(),
        }
        answer.unwrap_or_else(|fault| self.refuse(&fault))
    }

    /// Words a refusal as this organisation does.
    pub(super) fn refuse(&self, fault: &Fault) -> Reply {
        if self.switched(&Switch::EmptyCodes) {
            fault.reply_with_code("")
        } else if self.switched(&Switch::ZeroCodes) {
            fault.reply_with_code("0x0")
        } else if self.switched(&Switch::DecimalCodes) {
            fault.reply_with_code(&values::decimal_code(fault.code))
        } else {
            fault.reply()
        }
    }

    fn route(&mut self, operation: &Operation<'_>) -> Result<Reply, Fault> {
        let request = operation.request;
        self.caller(request)?;
        let Some((first, rest)) = operation.segments.split_first() else {
            return Ok(self.service_document(operation));
        };
        if let Some(answer) = organization::answer(self, operation, first) {
            return answer;
        }
        match (request.method.as_str(), first.name.as_str()) {
            ("GET", "$metadata") => Ok(Reply::text(200, "application/xml", csdl::document(&self.tables))),
            ("POST", "BulkDelete") => bulk_delete::answer(self, operation),
            _ => {
                let table = self.table(&first.name).ok_or_else(|| Fault::unknown_segment(&first.name))?;
                self.check_privilege(request, table)?;
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
            ("GET", None, [count]) if count.name == "$count" && operation.query.has("$deltatoken") => {
                delta::count(self, operation, table)
            }
            ("GET", None, [count]) if count.name == "$count" => read::count(self, operation, table),
            ("GET", Some(key), []) => read::single(self, operation, table, key),
            ("GET", Some(key), rest) => navigate::answer(self, operation, table, key, rest),
            ("POST", None, []) => write::create(self, operation, table),
            ("POST", None, [action]) => bulk::answer(self, operation, table, &action.name),
            ("PATCH", Some(key), []) => write::upsert(self, operation, table, key),
            ("DELETE", Some(key), []) => write::delete(self, operation, table, key),
            ("POST" | "PUT" | "DELETE", Some(key), [navigation, reference]) if reference.name == "$ref" => {
                associate::answer(self, operation, table, key, navigation)
            }
            ("PUT", Some(key), [column]) => {
                let value = operation.body()?.get("value").cloned().unwrap_or_default();
                write::change(self, operation, table, key, &json!({ column.name.clone(): value }))
            }
            ("DELETE", Some(key), [column]) => {
                if self.relation(table, &column.name).is_some() {
                    return Err(Fault::not_allowed(method));
                }
                write::change(self, operation, table, key, &json!({ column.name.clone(): null }))
            }
            _ => Err(Fault::not_allowed(method)),
        }
    }

    /// Refuses everybody, or all but people, where the organisation is closed to them.
    fn check_open(&self, request: &Request) -> Result<(), Fault> {
        let administration = self.switched(&Switch::AdministrationMode) && !request.person;
        if administration || self.switched(&Switch::Disabled) {
            let reason = if administration { " Reason: administration mode is enabled." } else { "" };
            return Err(Fault::new(403, "0x8004A104", format!("The organization is disabled.{reason}")));
        }
        Ok(())
    }

    /// Refuses the application what it has no privilege for.
    fn check_privilege(&self, request: &Request, table: usize) -> Result<(), Fault> {
        if request.person {
            return Ok(());
        }
        let table = &self.tables[table];
        let name = &table.logical_name;
        let denied = self.switched(&Switch::Unreadable(name.clone()))
            || request.method != "GET" && self.switched(&Switch::Unwritable(name.clone()));
        if !denied {
            return Ok(());
        }
        let verb = match request.method.as_str() {
            "GET" => "Read",
            "POST" => "Create",
            "DELETE" => "Delete",
            _ => "Write",
        };
        let privilege = format!("prv{verb}{}", table.schema_name);
        let message = format!(
            "Principal user (Id={}, type=8, roleCount=1, privilegeCount=12, accessMode=4) is missing {privilege} privilege (Id={}) on OTC={} for entity '{name}'. context.Caller={}.",
            self.seed.application_user,
            super::schema::metadata_id(&privilege),
            table.object_type_code,
            self.seed.application_user,
        );
        Err(Fault::new(403, "0x80040220", message))
    }

    pub(super) fn table(&self, set: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.set == set)
    }

    pub(super) fn table_by_logical_name(&self, logical_name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.logical_name == logical_name)
    }

    /// Returns a referenced row.
    pub(super) fn find(&self, table: usize, id: Uuid) -> Result<&Row, Fault> {
        let row = self.store.rows(table).get(&id);
        row.ok_or_else(|| Fault::missing_row(&self.tables[table].logical_name, id))
    }

    fn service_document(&self, operation: &Operation<'_>) -> Reply {
        let sets = self.tables.iter().map(|table| &table.set);
        let sets: Vec<_> = sets.map(|set| json!({"name": set, "kind": "EntitySet", "url": set})).collect();
        Reply::json(200, &json!({"@odata.context": format!("{}/$metadata", operation.api), "value": sets}))
    }
}
