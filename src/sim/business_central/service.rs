//! The service's state and the routing of a request to what handles it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::access::Access;
use super::companion::{self, Companion, Removed};
use super::disturbed::LateRow;
use super::documents::call;
use super::error::Fault;
use super::navigate::{Tail, Target};
use super::schema::{Set, Verbs};
use super::switches::Switches;
use super::tables;
use super::time::Clock;
use super::web_services::{self, Page};
use super::webhooks::{Change, Webhooks};
use super::{batch, csdl, read, write};
use crate::sim::disturbance::Disturbance;
use crate::sim::http::{Reply, Request};
use crate::sim::odata::path::{Key, Segment, segments};
use crate::sim::odata::query::Query;
use crate::sim::profile::Profile;
use crate::sim::setting::Setting;
use crate::sim::store::{Row, Store};

/// The name of the server instance in addresses on premises.
const INSTANCE: &str = "BC";

/// The names the environment begins with.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) tenant: Uuid,
    pub(crate) environment: &'static str,
    pub(crate) company: Uuid,
    /// The users writes are signed with.
    pub(crate) application_user: Uuid,
    pub(crate) person: Uuid,
    /// What the companion calls this database.
    pub(crate) lineage: Uuid,
}

/// One environment with one company.
#[derive(Debug)]
pub(crate) struct Service {
    /// The tables: first those API v2.0 shows, as it shows them.
    pub(super) sets: Vec<Set>,
    /// How many of them API v2.0 shows.
    pub(super) published: usize,
    pub(super) store: Store,
    pub(super) disturbance: Arc<Disturbance>,
    /// Edits that lists don't show yet.
    pub(super) late: BTreeMap<Uuid, LateRow>,
    /// Set and id of what a request wrote, for the subscribers that come after it.
    pub(super) written: Vec<(usize, Uuid)>,
    /// The last number each series gave out.
    pub(super) numbers: BTreeMap<&'static str, u64>,
    pub(super) switches: Switches,
    /// The rows of transactions that are still open.
    pub(super) uncommitted: Vec<(usize, Row)>,
    pub(super) clock: Clock,
    pub(super) webhooks: Webhooks,
    /// The changes of rows nobody was told of yet.
    pub(super) changes: Vec<Change>,
    pub(super) removed: Vec<Removed>,
    pub(super) access: Access,
    pub(super) companion: Companion,
    /// The pages published as web services.
    pub(super) pages: Vec<Page>,
    pub(super) seed: Seed,
}

/// Which of the APIs over the same rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Surface {
    Standard,
    Companion,
    WebServices,
}

/// A request read as an operation on an API.
pub(super) struct Operation<'a> {
    pub(super) request: &'a Request,
    /// The absolute address of the API root.
    pub(super) api: String,
    pub(super) surface: Surface,
    pub(super) segments: Vec<Segment>,
    pub(super) query: Query,
}

impl Operation<'_> {
    pub(super) fn is_batch(&self) -> bool {
        self.request.method == "POST" && matches!(self.segments.as_slice(), [batch] if batch.name == "$batch")
    }
}

impl Service {
    pub(crate) fn new(seed: Seed) -> Self {
        let mut sets = tables::all();
        let published = sets.len();
        sets.extend(companion::tables());
        let store = Store::new(sets.iter().map(|set| vec![set.key_position()]), 5000);
        let companion = Companion::new(&sets, seed.lineage);
        let pages = web_services::pages(&sets);
        Self {
            sets,
            published,
            store,
            disturbance: Arc::default(),
            late: BTreeMap::new(),
            written: Vec::new(),
            numbers: BTreeMap::new(),
            switches: Switches::default(),
            uncommitted: Vec::new(),
            clock: Clock::default(),
            webhooks: Webhooks::default(),
            changes: Vec::new(),
            removed: Vec::new(),
            access: Access::default(),
            companion,
            pages,
            seed,
        }
    }

    /// Sets up what differs from the most likely form.
    pub(crate) fn set_up(&mut self, settings: &[Setting]) {
        self.switches = Switches {
            forbids_manual_numbers: settings.contains(&Setting::NoManualNumbers),
            refuses_in: settings.contains(&Setting::RefuseIn),
        };
        self.switch_services(!settings.contains(&Setting::ServicesOff));
    }

    /// Stops the time at a moment.
    #[cfg(test)]
    pub(crate) fn stop_at(&mut self, millis: i64) {
        self.clock = Clock::At(millis);
    }

    /// Takes bodies of so many bytes and no more.
    #[cfg(test)]
    pub(crate) fn limit_bodies(&mut self, bytes: usize) {
        self.access.body_bytes_max = bytes;
    }

    /// Takes the application's permissions on a set away or gives them back.
    pub(crate) fn deny(&mut self, set: &str, denied: bool) {
        self.access.denied.retain(|other| other != set);
        if denied {
            self.access.denied.push(set.to_owned());
        }
    }

    /// Switches the API services off, as they are on premises until someone turns them on, or on again.
    pub(crate) fn switch_services(&mut self, on: bool) {
        self.access.services_off = !on;
    }

    /// Plays faults from here on.
    pub(crate) fn disturb(&mut self, disturbance: Arc<Disturbance>) {
        self.disturbance = disturbance;
    }

    /// Returns the path up to the environment.
    pub(crate) fn environment_path(&self) -> String {
        format!("/v2.0/{}/{}", self.seed.tenant, self.seed.environment)
    }

    pub(crate) fn company(&self) -> Uuid {
        self.seed.company
    }

    /// Gathers changes for so long before subscribers are told.
    pub(crate) fn delay_webhooks(&mut self, millis: i64) {
        self.webhooks.delay_millis = millis;
    }

    pub(super) fn set(&self, name: &str) -> Option<usize> {
        self.sets.iter().position(|set| set.name == name)
    }

    /// Returns the position of a set API v2.0 shows.
    pub(super) fn published_set(&self, name: &str) -> Option<usize> {
        self.set(name).filter(|index| *index < self.published)
    }

    /// Answers a request; `unguarded` takes the writes that compared no version.
    pub(crate) fn answer(&mut self, request: &Request, unguarded: &mut Vec<String>) -> Reply {
        if self.access.services_off {
            return Reply::empty(405);
        }
        if let Some(reply) = self.answer_outside(request) {
            return reply;
        }
        // What happened before is no concern of those who are about to subscribe.
        self.note_changes();
        let reply = match self.operation(request) {
            Ok(operation) if operation.is_batch() => batch::answer(self, &operation, unguarded),
            Ok(operation) => self.single(&operation, unguarded),
            Err(fault) => fault.reply(),
        };
        let since = self.store.version();
        self.run_subscribers();
        self.sign_changes(since, self.author(request));
        self.note_changes();
        reply
            .with("OData-Version", "4.0")
            .with("request-id", Uuid::new_v4().to_string())
            .with("Cache-Control", "no-cache, no-store")
    }

    /// Reads a request's address: online with or without the tenant before the environment, or on premises below the name of
    /// the server instance, with the tenant, if at all, in the query.
    pub(super) fn operation<'a>(&self, request: &'a Request) -> Result<Operation<'a>, Fault> {
        let all = segments(&request.path);
        let names: Vec<_> = all.iter().map(|segment| segment.name.as_str()).collect();
        let tenant = self.seed.tenant.to_string();
        let is_environment = |name: &str| name.eq_ignore_ascii_case(self.seed.environment);
        let unknown = || Fault::not_found(names.get(1).unwrap_or(&""));
        let (before, root) = match names.as_slice() {
            ["v2.0", environment, root @ ..] if is_environment(environment) => (2, root),
            ["v2.0", named, environment, root @ ..] if *named == tenant && is_environment(environment) => {
                (3, root)
            }
            [instance, root @ ..] if instance.eq_ignore_ascii_case(INSTANCE) => (1, root),
            _ => return Err(unknown()),
        };
        let (surface, skipped) = match root {
            ["api", root @ ..] if companion::is_root(root) => (Surface::Companion, before + 4),
            ["api", "v2.0", ..] => (Surface::Standard, before + 2),
            root if web_services::is_root(root) => (Surface::WebServices, before + 1),
            _ => return Err(unknown()),
        };
        let query = Query::parse(&request.query);
        if let Some(named) = query.get("tenant").filter(|named| *named != "default" && *named != tenant) {
            return Err(Fault::not_found(named));
        }
        let prefix: Vec<_> = request.path.split('/').filter(|part| !part.is_empty()).take(skipped).collect();
        Ok(Operation {
            request,
            api: format!("{}/{}", request.base, prefix.join("/")),
            surface,
            segments: all.into_iter().skip(skipped).collect(),
            query,
        })
    }

    /// Answers one operation, on its own or as a part of a batch.
    pub(super) fn single(&mut self, operation: &Operation<'_>, unguarded: &mut Vec<String>) -> Reply {
        let request = operation.request;
        if matches!(request.method.as_str(), "PATCH" | "DELETE") && !request.is_guarded() && !request.person {
            unguarded.push(format!("{} {}", request.method, request.target()));
        }
        if let Err(fault) = self.access.check_body(request) {
            return fault.reply();
        }
        let writes = request.method != "GET" && !request.person;
        if writes && self.disturbance.strikes(Profile::LockConflicts) {
            return Fault::lock_conflict().reply();
        }
        let since = self.store.version();
        let reply = self.route(operation).unwrap_or_else(|fault| fault.reply());
        // What changes while somebody reads is another's doing.
        let author = if request.method == "GET" { self.seed.person } else { self.author(request) };
        self.bury_removed(author);
        self.sign_changes(since, author);
        reply
    }

    fn route(&mut self, operation: &Operation<'_>) -> Result<Reply, Fault> {
        match operation.surface {
            Surface::Standard => {}
            Surface::Companion => return companion::answer(self, operation),
            Surface::WebServices => return web_services::answer(self, operation),
        }
        match operation.segments.as_slice() {
            [] => Ok(self.service_document(operation)),
            [metadata] if metadata.name == "$metadata" => {
                Ok(Reply::text(200, "application/xml", csdl::document(&self.sets[..self.published])))
            }
            [subscriptions] if subscriptions.name == "subscriptions" => {
                self.route_subscriptions(operation, subscriptions)
            }
            [companies] if companies.name == "companies" => self.route_set(operation, companies, &[]),
            [companies, set, rest @ ..] if companies.name == "companies" => {
                self.check_company(companies.key.as_ref())?;
                self.route_set(operation, set, rest)
            }
            [set, rest @ ..] => {
                let named = operation.query.get("company").or(operation.request.header("company"));
                if let Some(company) = named {
                    self.check_company(Some(&Key::Single(company.to_owned())))?;
                }
                self.route_set(operation, set, rest)
            }
        }
    }

    pub(super) fn route_set(
        &mut self,
        operation: &Operation<'_>,
        segment: &Segment,
        rest: &[Segment],
    ) -> Result<Reply, Fault> {
        if let Some(reply) = self.contacts_information(operation, segment, rest)? {
            return Ok(reply);
        }
        let target = self.follow(segment, rest)?;
        if !operation.request.person {
            self.access.check(&self.sets[target.set], &operation.request.method)?;
        }
        if operation.request.method == "GET" {
            let expands = operation.query.has("$expand");
            if expands || self.sets[target.set].view_of.is_some() {
                self.refresh_views();
            }
            return self.read_dirty(operation, target.set, |service| service.read(operation, &target));
        }
        self.attempt(|service| service.write(operation, &target))
    }

    fn read(&mut self, operation: &Operation<'_>, target: &Target) -> Result<Reply, Fault> {
        let (set, within) = (target.set, target.within.as_ref());
        match (&target.tail, &target.key) {
            (Tail::Nothing, None) => {
                self.disturb_reading(operation, set);
                let reply = read::list(self, operation, set, within);
                self.age_late_rows();
                reply
            }
            (Tail::Nothing, Some(key)) => {
                self.check_within(target, key)?;
                read::single(self, operation, set, key)
            }
            (Tail::Count, _) => read::count(self, operation, set, within),
            (Tail::Action(_), _) => Err(self.not_allowed(operation, set)),
        }
    }

    fn write(&mut self, operation: &Operation<'_>, target: &Target) -> Result<Reply, Fault> {
        let (set, verbs) = (target.set, self.sets[target.set].verbs);
        if let Some(key) = &target.key {
            self.check_within(target, key)?;
        }
        match (operation.request.method.as_str(), &target.tail, &target.key) {
            ("POST", Tail::Nothing, None) if verbs == Verbs::All => {
                write::create(self, operation, set, target.within.as_ref())
            }
            ("POST", Tail::Action(action), Some(key)) => call(self, operation, set, key, action),
            ("PATCH", Tail::Nothing, Some(key)) if verbs != Verbs::Read => {
                write::update(self, operation, set, key)
            }
            ("DELETE", Tail::Nothing, Some(key)) if verbs == Verbs::All => {
                write::delete(self, operation, set, key)
            }
            _ => Err(self.not_allowed(operation, set)),
        }
    }

    /// A part is found below its own whole only.
    fn check_within(&self, target: &Target, key: &Key) -> Result<(), Fault> {
        let Some(within) = &target.within else { return Ok(()) };
        let row = read::existing(self, target.set, key)?;
        if row.values[within.column] == within.id.to_string() {
            return Ok(());
        }
        Err(Fault::not_found(self.sets[target.set].name))
    }

    fn not_allowed(&self, operation: &Operation<'_>, set: usize) -> Fault {
        let (method, name) = (&operation.request.method, self.sets[set].name);
        let message = format!("The {method} method is not allowed on the entity '{name}'.");
        Fault::new(405, "BadRequest_MethodNotAllowed", message)
    }

    /// Accepts the company by id or by name.
    pub(super) fn check_company(&self, key: Option<&Key>) -> Result<(), Fault> {
        let set = self.set("companies").expect("invariant: the set exists");
        let name_position = self.sets[set].key_position();
        let named = |text: &str| {
            let id = Uuid::parse_str(text).is_ok_and(|id| self.store.rows(set).get(&id).is_some());
            id || self.store.rows(set).by_key(name_position, &Value::from(text)).is_some()
        };
        let found = match key {
            Some(Key::Single(text)) => named(text),
            Some(Key::Named(pairs)) => {
                pairs.iter().any(|(name, value)| matches!(name.as_str(), "id" | "name") && named(value))
            }
            Some(Key::Empty) | None => false,
        };
        if found {
            Ok(())
        } else {
            Err(Fault::new(404, "Internal_CompanyNotFound", "The company does not exist."))
        }
    }

    fn service_document(&self, operation: &Operation<'_>) -> Reply {
        let sets: Vec<_> = self.sets[..self.published]
            .iter()
            .map(|set| json!({"name": set.name, "kind": "EntitySet", "url": set.name}))
            .collect();
        Reply::json(200, &json!({"@odata.context": format!("{}/$metadata", operation.api), "value": sets}))
    }
}
