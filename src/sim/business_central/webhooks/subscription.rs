//! Subscriptions with what they wait for: changes not yet told, and a message not yet taken.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::service::Service;
use super::super::time::stamp;
use super::ladder::{Next, Outcome, next};
use super::notification::{Change, Notification, notifications};

/// How long a subscription lives without being renewed.
pub(super) const LIFE_MILLIS: i64 = 3 * 24 * 3600 * 1000;
/// How many subscriptions there can be.
pub(super) const SUBSCRIPTIONS_MAX: usize = 200;
/// How many changes are told one by one.
const NOTIFICATIONS_MAX: usize = 1000;

#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) url: String,
    /// As the subscriber wrote it.
    pub(super) resource: String,
    pub(super) set: usize,
    pub(super) client_state: String,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) expires: i64,
    /// Counts its changes, for the tag.
    pub(super) version: u64,
    pending: Vec<Change>,
    under_way: Option<Message>,
}

/// A message that was not taken yet.
#[derive(Clone, Debug)]
struct Message {
    notifications: Vec<Notification>,
    attempts: usize,
    /// When to send it; `None` while it is being sent.
    due: Option<i64>,
}

/// A message to carry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) subscription: String,
    pub(crate) url: String,
    pub(crate) body: Value,
}

/// All subscriptions.
#[derive(Clone, Debug)]
pub(in super::super) struct Webhooks {
    pub(super) subscriptions: Vec<Subscription>,
    /// How long changes are gathered before they are told.
    pub(in super::super) delay_millis: i64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { subscriptions: Vec::new(), delay_millis: 30_000 }
    }
}

impl Subscription {
    pub(super) fn new(url: String, resource: String, set: usize, client_state: String, now: i64) -> Self {
        Self {
            id: Uuid::new_v4().simple().to_string(),
            url,
            resource,
            set,
            client_state,
            created: now,
            modified: now,
            expires: now + LIFE_MILLIS,
            version: 1,
            pending: Vec::new(),
            under_way: None,
        }
    }
}

impl Webhooks {
    /// Takes note of changes for those who want to hear of them.
    pub(in super::super) fn note(&mut self, changes: &[Change]) {
        for subscription in &mut self.subscriptions {
            let wanted = changes.iter().filter(|change| change.set == subscription.set);
            subscription.pending.extend(wanted.cloned());
        }
    }

    /// Forgets the subscriptions nobody renewed.
    pub(super) fn expire(&mut self, now: i64) {
        self.subscriptions.retain(|subscription| subscription.expires > now);
    }

    /// Says what became of a message.
    pub(in super::super) fn after(&mut self, subscription: &str, outcome: Outcome, now: i64) {
        let Some(at) = self.subscriptions.iter().position(|other| other.id == subscription) else { return };
        let Some(message) = &mut self.subscriptions[at].under_way else { return };
        match next(outcome, message.attempts, now) {
            Next::Done => self.subscriptions[at].under_way = None,
            Next::Again { at } => {
                message.attempts += 1;
                message.due = Some(at);
            }
            Next::Remove => {
                self.subscriptions.remove(at);
            }
        }
    }
}

impl Service {
    /// Returns the messages that are due and takes them for being sent.
    pub(crate) fn due_deliveries(&mut self) -> Vec<Delivery> {
        let now = self.clock.millis();
        self.note_changes();
        self.webhooks.expire(now);
        let mut webhooks = std::mem::take(&mut self.webhooks);
        let mut due = Vec::new();
        for subscription in &mut webhooks.subscriptions {
            let first = subscription.pending.first().map(|change| change.at);
            if subscription.under_way.is_none()
                && first.is_some_and(|first| first + webhooks.delay_millis <= now)
            {
                let has_stamp = self.sets[subscription.set].position("lastModifiedDateTime").is_some();
                let changes = std::mem::take(&mut subscription.pending);
                let notifications = notifications(&changes, NOTIFICATIONS_MAX, has_stamp);
                subscription.under_way = Some(Message { notifications, attempts: 0, due: Some(now) });
            }
            let Some(message) = &mut subscription.under_way else { continue };
            if message.due.is_some_and(|due| due <= now) {
                message.due = None;
                let told = message.notifications.clone();
                due.push(self.delivery(subscription, &told));
            }
        }
        self.webhooks = webhooks;
        due
    }

    /// Says what became of a delivery.
    pub(crate) fn delivered(&mut self, subscription: &str, outcome: Outcome) {
        let now = self.clock.millis();
        self.webhooks.after(subscription, outcome, now);
    }

    fn delivery(&self, subscription: &Subscription, told: &[Notification]) -> Delivery {
        let set = format!("api/v2.0/companies({})/{}", self.company(), self.sets[subscription.set].name);
        let told = told.iter().map(|notification| {
            let (resource, kind, at) = match notification {
                Notification::Row(change) => (format!("{set}({})", change.id), change.kind.name(), change.at),
                Notification::Collection { since: None, last } => (set.clone(), "collection", *last),
                Notification::Collection { since: Some(since), last } => {
                    let filter = format!("$filter=lastModifiedDateTime gt {}", stamp(*since));
                    (format!("{set}?{filter}"), "collection", *last)
                }
            };
            json!({
                "subscriptionId": subscription.id, "clientState": subscription.client_state,
                "expirationDateTime": stamp(subscription.expires), "resource": resource, "changeType": kind,
                "lastModifiedDateTime": stamp(at),
            })
        });
        let body = json!({"value": told.collect::<Vec<_>>()});
        Delivery { subscription: subscription.id.clone(), url: subscription.url.clone(), body }
    }
}
