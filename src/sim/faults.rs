//! Faults on demand: a cheap handle with which tests and demos make the servers drop, refuse and forget.
//!
//! The hooks see every request. The decisions are the caller's, so a seeded generator outside stays reproducible.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::business_central;
use super::disturbance::Disturbance;
use super::profile::Profile;
use super::server::Port;

/// One of the three servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The Dataverse Web API.
    Dataverse,
    /// The Business Central API.
    BusinessCentral,
    /// The OAuth2 token endpoint.
    Token,
}

/// A request as the hooks see it.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Counts 1, 2, 3… over both services; a `$batch` is one request. Token requests are not counted and carry 0.
    pub number: u64,
    /// The server it came to.
    pub service: Service,
    /// The HTTP method.
    pub method: String,
    /// The request target as sent.
    pub path_and_query: String,
    /// Whether it changes something: itself, or in one part of a batch.
    pub is_write: bool,
}

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Handle it as usual.
    Proceed,
    /// Close the connection; nothing is applied.
    DropBefore,
    /// Apply it, then close the connection without an answer.
    DropAfter,
    /// Answer with this status and, if given, `Retry-After` in seconds; nothing is applied.
    Answer(u16, Option<u64>),
}

type BeforeHook = Arc<dyn Fn(&SeenRequest) -> Reaction + Send + Sync>;
type AfterHook = Arc<dyn Fn(&SeenRequest, u16) + Send + Sync>;

/// What the handle and the servers share.
#[derive(Default)]
pub(crate) struct FaultState {
    before: Mutex<Option<BeforeHook>>,
    after: Mutex<Option<AfterHook>>,
    seen: AtomicU64,
    unguarded: Mutex<Vec<String>>,
}

impl FaultState {
    pub(crate) fn number(&self, service: Service) -> u64 {
        match service {
            Service::Token => 0,
            Service::Dataverse | Service::BusinessCentral => self.seen.fetch_add(1, Ordering::SeqCst) + 1,
        }
    }

    pub(crate) fn before(&self, request: &SeenRequest) -> Reaction {
        let hook = lock(&self.before).clone();
        hook.map_or(Reaction::Proceed, |hook| hook(request))
    }

    pub(crate) fn after(&self, request: &SeenRequest, status: u16) {
        let hook = lock(&self.after).clone();
        if let Some(hook) = hook {
            hook(request, status);
        }
    }

    pub(crate) fn record_unguarded(&self, writes: Vec<String>) {
        lock(&self.unguarded).extend(writes);
    }
}

/// A handle on the running servers' faults. Clones share everything.
#[derive(Clone)]
pub struct Faults {
    pub(crate) state: Arc<FaultState>,
    /// In the order of [`Service`].
    pub(crate) ports: Arc<[Port; 3]>,
    pub(crate) disturbance: Arc<Disturbance>,
    pub(crate) expire_tokens: Arc<dyn Fn() + Send + Sync>,
    pub(crate) expire_delta_tokens: Arc<dyn Fn() + Send + Sync>,
    pub(crate) business_central: Arc<Mutex<business_central::Service>>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Faults").field("requests_seen", &self.requests_seen()).finish_non_exhaustive()
    }
}

impl Faults {
    /// Calls `hook` before each request is handled; replaces an earlier hook.
    pub fn on_request(&self, hook: impl Fn(&SeenRequest) -> Reaction + Send + Sync + 'static) {
        *lock(&self.state.before) = Some(Arc::new(hook));
    }

    /// Calls `hook` after a request was applied and before its answer leaves; replaces an earlier hook.
    pub fn after_request(&self, hook: impl Fn(&SeenRequest, u16) + Send + Sync + 'static) {
        *lock(&self.state.after) = Some(Arc::new(hook));
    }

    /// Removes both hooks.
    pub fn clear(&self) {
        *lock(&self.state.before) = None;
        *lock(&self.state.after) = None;
    }

    /// Ends the profiles the simulation was started with.
    pub fn calm(&self) {
        self.disturbance.calm();
    }

    /// Returns how often each profile struck; for [`Profile::Limits`] these are the requests refused with 429.
    pub fn struck(&self) -> BTreeMap<Profile, u64> {
        self.disturbance.struck()
    }

    /// Invalidates every token issued so far, but not the fixed one.
    pub fn expire_tokens(&self) {
        (self.expire_tokens)();
    }

    /// Makes every Dataverse delta link issued so far answer `0x80044352`.
    pub fn expire_delta_tokens(&self) {
        (self.expire_delta_tokens)();
    }

    /// Takes the application's permissions on a set of Business Central away, so that it answers 403, or gives them back.
    pub fn deny(&self, set: &str, denied: bool) {
        lock(&self.business_central).deny(set, denied);
    }

    /// Switches the API services of Business Central off, so that everything answers 405, or on again.
    pub fn switch_business_central(&self, on: bool) {
        lock(&self.business_central).switch_services(on);
    }

    /// Stops listening on a service's port and closes its connections, or listens on the same port again.
    pub async fn refuse_connections(&self, service: Service, refuse: bool) {
        let port = &self.ports[service as usize];
        if refuse {
            port.close().await;
        } else if let Err(error) = port.open().await {
            tracing::error!(%error, ?service, "Simulated service cannot listen again");
        }
    }

    /// Returns how many requests both services have seen.
    pub fn requests_seen(&self) -> u64 {
        self.state.seen.load(Ordering::SeqCst)
    }

    /// Returns the PATCH and DELETE requests that carried no version to compare with, or `If-Match: *`.
    ///
    /// Requests with the fixed access token are people's and don't count; parts of a `$batch` do.
    pub fn unguarded_writes(&self) -> Vec<String> {
        lock(&self.state.unguarded).clone()
    }
}

/// Locks; a panic elsewhere does not make the simulated state unusable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
