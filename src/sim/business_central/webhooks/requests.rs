//! `subscriptions`: made, renewed, listed and deleted. Who makes or renews one has shown before that the address is theirs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::error::Fault;
use super::super::schema::{Kind, Role};
use super::super::service::{Operation, Service};
use super::super::time::stamp;
use super::subscription::{LIFE_MILLIS, SUBSCRIPTIONS_MAX, Subscription};
use crate::sim::http::{Reply, Request};
use crate::sim::odata::path::{Key, Segment, segments};

const CLIENT_STATE_MAX: usize = 2048;

/// Returns the address that must answer a token before a request is handled: the request makes or renews a subscription.
pub(crate) fn wanted_handshake(request: &Request) -> Option<String> {
    let last = segments(&request.path).pop()?;
    if last.name != "subscriptions" || !matches!(request.method.as_str(), "POST" | "PATCH") {
        return None;
    }
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body["notificationUrl"].as_str().map(str::to_owned)
}

impl Service {
    /// Answers a request to `subscriptions`.
    pub(in super::super) fn route_subscriptions(
        &mut self,
        operation: &Operation<'_>,
        segment: &Segment,
    ) -> Result<Reply, Fault> {
        self.webhooks.expire(self.clock.millis());
        match (operation.request.method.as_str(), &segment.key) {
            ("GET", None) => {
                let rows: Vec<_> = self.webhooks.subscriptions.iter().map(rendered).collect();
                let context = format!("{}/$metadata#subscriptions", operation.api);
                Ok(Reply::json(200, &json!({"@odata.context": context, "value": rows})))
            }
            ("GET", Some(key)) => {
                Ok(Reply::json(200, &rendered(&self.webhooks.subscriptions[self.subscription(key)?])))
            }
            ("POST", None) => self.subscribe(operation),
            ("PATCH", Some(key)) => self.renew(operation, key),
            ("DELETE", Some(key)) => {
                let at = self.subscription(key)?;
                check_tag(operation, &self.webhooks.subscriptions[at])?;
                self.webhooks.subscriptions.remove(at);
                Ok(Reply::empty(204))
            }
            (method, _) => {
                let message = format!("The {method} method is not allowed on the entity 'subscriptions'.");
                Err(Fault::new(405, "BadRequest_MethodNotAllowed", message))
            }
        }
    }

    fn subscribe(&mut self, operation: &Operation<'_>) -> Result<Reply, Fault> {
        if self.webhooks.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("There can be at most {SUBSCRIPTIONS_MAX} subscriptions.");
            return Err(Fault::dialog(message));
        }
        let body = body(operation)?;
        let needed = |name: &str| {
            let text = body[name].as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| {
                let message = format!("The parameter '{name}' must not be blank or empty.");
                Fault::new(400, "BadRequest_RequiredParamNotProvided", message)
            })
        };
        let (url, resource) = (needed("notificationUrl")?, needed("resource")?);
        let set = self.subscribable(&resource)?;
        let client_state = client_state(&body)?;
        check_handshake(operation.request)?;
        let now = self.clock.millis();
        let made = Subscription::new(url, resource, set, client_state, now);
        let reply = Reply::json(201, &rendered(&made));
        self.webhooks.subscriptions.push(made);
        Ok(reply)
    }

    fn renew(&mut self, operation: &Operation<'_>, key: &Key) -> Result<Reply, Fault> {
        let at = self.subscription(key)?;
        if operation.request.header("if-match").is_none() {
            let message = "The If-Match header is missing or could not be parsed.";
            return Err(Fault::new(400, "BadRequest_InvalidToken", message));
        }
        check_tag(operation, &self.webhooks.subscriptions[at])?;
        let body = body(operation)?;
        let state = client_state(&body)?;
        if let Some(resource) = body["resource"].as_str()
            && self.subscribable(resource)? != self.webhooks.subscriptions[at].set
        {
            return Err(Fault::dialog("The resource of a subscription cannot be changed."));
        }
        if body["notificationUrl"].is_string() {
            check_handshake(operation.request)?;
        }
        let now = self.clock.millis();
        let subscription = &mut self.webhooks.subscriptions[at];
        if let Some(url) = body["notificationUrl"].as_str() {
            url.clone_into(&mut subscription.url);
        }
        if body.get("clientState").is_some() {
            subscription.client_state = state;
        }
        subscription.expires = now + LIFE_MILLIS;
        subscription.modified = now;
        subscription.version += 1;
        Ok(Reply::json(200, &rendered(subscription)))
    }

    /// The key is a text: without quotes it is none.
    fn subscription(&self, key: &Key) -> Result<usize, Fault> {
        let id = match key {
            Key::Single(id) => id,
            Key::Named(pairs) => pairs.first().map_or("", |(_, id)| id),
            Key::Empty => "",
        };
        let found = self.webhooks.subscriptions.iter().position(|subscription| subscription.id == id);
        found.ok_or_else(|| Fault::not_found("subscriptions"))
    }

    /// Returns the set a resource names, if one can subscribe to it.
    fn subscribable(&self, resource: &str) -> Result<usize, Fault> {
        let path = resource.split('?').next().unwrap_or_default();
        let path = path.split_once("://").map_or(path, |(_, rest)| rest);
        let last = segments(path).pop();
        let set = last.filter(|segment| segment.key.is_none()).and_then(|segment| self.set(&segment.name));
        set.filter(|set| self.supports_webhooks(*set)).ok_or_else(|| {
            Fault::dialog(format!("The resource '{resource}' does not support webhook subscriptions."))
        })
    }

    /// Returns whether one can subscribe to a set: not to lines, views, system tables, keys of several columns,
    /// and what API v2.0 doesn't show.
    pub(in super::super) fn supports_webhooks(&self, set: usize) -> bool {
        if set >= self.published {
            return false;
        }
        let set = &self.sets[set];
        let composed = matches!(set.columns[set.key_position()].kind, Kind::Composed(_));
        !matches!(set.role, Role::Line(_)) && set.view_of.is_none() && !composed && set.table < 2_000_000_000
    }
}

fn body(operation: &Operation<'_>) -> Result<Value, Fault> {
    let body = serde_json::from_slice(&operation.request.body);
    let body: Value = body.map_err(|error| Fault::bad_request(error.to_string()))?;
    if body.is_object() {
        Ok(body)
    } else {
        Err(Fault::bad_request("The request body is not a JSON object."))
    }
}

fn client_state(body: &Value) -> Result<String, Fault> {
    let state = body["clientState"].as_str().unwrap_or_default();
    if state.encode_utf16().count() > CLIENT_STATE_MAX {
        let message = format!("The clientState must be at most {CLIENT_STATE_MAX} characters long.");
        return Err(Fault::new(400, "Application_StringExceededLength", message));
    }
    Ok(state.to_owned())
}

fn check_handshake(request: &Request) -> Result<(), Fault> {
    if request.shook_hands {
        return Ok(());
    }
    let message = "The notification URL did not answer the validation token within five seconds.";
    Err(Fault::bad_request(message))
}

fn check_tag(operation: &Operation<'_>, subscription: &Subscription) -> Result<(), Fault> {
    match operation.request.header("if-match").map(str::trim) {
        None | Some("*") => Ok(()),
        Some(sent) if sent == tag(subscription) => Ok(()),
        Some(_) => {
            Err(Fault::new(409, "Request_EntityChanged", "Another user has already changed the record."))
        }
    }
}

fn tag(subscription: &Subscription) -> String {
    let token = format!("'{};{};00;'", subscription.id, subscription.version);
    format!("W/\"{}\"", STANDARD.encode(token))
}

fn rendered(subscription: &Subscription) -> Value {
    json!({
        "@odata.etag": tag(subscription),
        "subscriptionId": subscription.id,
        "notificationUrl": subscription.url,
        "resource": subscription.resource,
        "userId": "00000000-0000-0000-0000-000000000001",
        "lastModifiedDateTime": stamp(subscription.modified),
        "clientState": subscription.client_state,
        "expirationDateTime": stamp(subscription.expires),
        "systemCreatedAt": stamp(subscription.created),
    })
}
