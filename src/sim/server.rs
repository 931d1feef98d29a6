//! From sockets to services and back: one listening port, its hooks, and the translation of HTTP messages.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::SemaphorePermit;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::business_central;
use super::connection::{Connection, CuttableListener, Open};
use super::disturbance::Disturbance;
use super::faults::{FaultState, Reaction, SeenRequest, Service, lock};
use super::http::{Reply, Request, http_date};
use super::limits::{Limiter, Limits, Refusal};
use super::messenger;
use super::profile::Profile;

/// Answers a request. The list takes the writes that carried no version.
pub(crate) type Answer = Arc<dyn Fn(Request, &mut Vec<String>) -> Reply + Send + Sync>;

/// One service on one port.
pub(crate) struct Port {
    address: SocketAddr,
    router: Router,
    acceptor: Option<TlsAcceptor>,
    open: Open,
    serving: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Shared {
    service: Service,
    scheme: &'static str,
    manners: Manners,
    limiter: Arc<Limiter>,
    answer: Answer,
}

/// What makes the servers misbehave.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) faults: Arc<FaultState>,
    pub(crate) disturbance: Arc<Disturbance>,
    pub(crate) limits: Limits,
    /// The token of people, whom chance spares.
    pub(crate) fixed_token: String,
}

impl Manners {
    fn is_person(&self, request: &Request) -> bool {
        request.bearer() == Some(&self.fixed_token)
    }
}

impl Port {
    /// Starts to serve on a bound listener, with TLS if there is an acceptor.
    pub(crate) fn start(
        listener: TcpListener,
        acceptor: Option<TlsAcceptor>,
        service: Service,
        manners: Manners,
        answer: Answer,
    ) -> io::Result<Self> {
        let router = Router::new().fallback(handle).layer(DefaultBodyLimit::disable());
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let limiter = Arc::new(Limiter::new(service, manners.limits));
        let port = Self {
            address: listener.local_addr()?,
            router: router.with_state(Shared { service, scheme, manners, limiter, answer }),
            acceptor,
            open: Arc::new(Mutex::new(Vec::new())),
            serving: tokio::sync::Mutex::new(None),
        };
        *port.serving.try_lock().expect("invariant: the lock is this function's") =
            Some(port.serve(listener));
        Ok(port)
    }

    /// Returns scheme, address and port.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.acceptor.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    fn serve(&self, listener: TcpListener) -> JoinHandle<()> {
        let listener =
            CuttableListener { listener, open: self.open.clone(), acceptor: self.acceptor.clone() };
        let service = self.router.clone().into_make_service_with_connect_info::<Connection>();
        tokio::spawn(async move {
            // It only ever ends by being aborted.
            let _ = axum::serve(listener, service).await;
        })
    }

    /// Stops listening and cuts all connections; the port is free when this returns.
    pub(crate) async fn close(&self) {
        if let Some(serving) = self.serving.lock().await.take() {
            serving.abort();
            let _ = serving.await;
        }
        for switch in lock(&self.open).drain(..).filter_map(|switch| switch.upgrade()) {
            switch.cut();
        }
    }

    /// Listens on the same port again.
    pub(crate) async fn open(&self) -> io::Result<()> {
        let mut serving = self.serving.lock().await;
        if serving.is_none() {
            *serving = Some(self.serve(TcpListener::bind(self.address).await?));
        }
        Ok(())
    }
}

/// Binds a loopback port; 0 takes a free one.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Returns whether a request, or a part of a batch, changes something.
fn is_write(method: &Method, target: &str, body: &[u8]) -> bool {
    if !target.contains("$batch") {
        return method != Method::GET;
    }
    let body = String::from_utf8_lossy(body);
    ["PATCH", "PUT", "POST", "DELETE"]
        .iter()
        .any(|verb| body.contains(&format!("{verb} ")) || body.contains(&format!("\"{verb}\"")))
}

async fn handle(
    State(shared): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut request = plain_request(shared.scheme, &method, &uri, &headers, &body);
    request.person = shared.manners.is_person(&request);
    if shared.service == Service::BusinessCentral
        && let Some(url) = business_central::wanted_handshake(&request)
    {
        request.shook_hands = messenger::shake_hands(&url).await;
    }
    let number = shared.manners.faults.number(shared.service);
    let path_and_query = request.target();
    let seen = SeenRequest {
        number,
        service: shared.service,
        method: method.to_string(),
        is_write: is_write(&method, &path_and_query, &body),
        path_and_query,
    };
    let by_hand = shared.manners.faults.before(&seen);
    if by_hand != Reaction::Proceed || request.person {
        return respond(&shared, &connection, &seen, request, by_hand);
    }
    let _place = match within_limits(&shared).await {
        Ok(place) => place,
        Err(refused) => return http_response(beyond_limits(&shared, refused)),
    };
    tokio::time::sleep(shared.manners.disturbance.delay()).await;
    let by_chance = shared.manners.disturbance.react();
    respond(&shared, &connection, &seen, request, by_chance)
}

/// Makes the answer to a request beyond a limit.
fn beyond_limits(shared: &Shared, refused: Refusal) -> Reply {
    if shared.service == Service::Dataverse {
        let reply = super::dataverse::throttled(refused.facet, shared.limiter.limits());
        return reply.with("Retry-After", refused.retry_after_secs.to_string());
    }
    refusal(shared.service, 429, Some(refused.retry_after_secs))
}

/// Waits for a place among the requests the service takes at a time. The token endpoint has no limits.
async fn within_limits(shared: &Shared) -> Result<Option<SemaphorePermit<'_>>, Refusal> {
    let disturbance = &shared.manners.disturbance;
    if shared.service == Service::Token || !disturbance.plays(Profile::Limits) {
        return Ok(None);
    }
    let start = Instant::now();
    let place = shared.limiter.admit(start).inspect_err(|_| disturbance.count(Profile::Limits))?;
    shared.limiter.work().await;
    shared.limiter.worked(Instant::now(), start.elapsed());
    Ok(Some(place))
}

fn respond(
    shared: &Shared,
    connection: &Connection,
    seen: &SeenRequest,
    request: Request,
    reaction: Reaction,
) -> Response<Body> {
    match reaction {
        Reaction::Proceed => http_response(proceed(shared, seen, request)),
        Reaction::DropBefore => {
            connection.cut();
            Response::new(Body::empty())
        }
        Reaction::DropAfter => {
            proceed(shared, seen, request);
            connection.cut();
            Response::new(Body::empty())
        }
        Reaction::Answer(status, retry_after) => http_response(refusal(shared.service, status, retry_after)),
    }
}

fn proceed(shared: &Shared, seen: &SeenRequest, request: Request) -> Reply {
    let mut unguarded = Vec::new();
    let reply = (shared.answer)(request, &mut unguarded);
    shared.manners.faults.record_unguarded(unguarded);
    shared.manners.faults.after(seen, reply.status);
    if shared.service == Service::Dataverse {
        super::dataverse::with_remaining(reply, &shared.limiter)
    } else {
        reply
    }
}

/// Makes the answer of a fault in the service's own error shape.
fn refusal(service: Service, status: u16, retry_after: Option<u64>) -> Reply {
    let reply = match service {
        Service::Dataverse => super::dataverse::refusal(status),
        Service::BusinessCentral => super::business_central::refusal(status),
        Service::Token => Reply::text(status, "text/html", "<h1>Service unavailable</h1>".to_owned()),
    };
    match retry_after {
        Some(seconds) => reply.with("Retry-After", seconds.to_string()),
        None => reply,
    }
}

fn plain_request(scheme: &str, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Request {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let host = headers.iter().find(|(name, _)| name == "host").map_or("localhost", |(_, host)| host.as_str());
    Request {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        base: format!("{scheme}://{host}"),
        body: body.to_vec(),
        headers,
        person: false,
        shook_hands: false,
        delegated: false,
    }
}

fn http_response(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let date = ("Date".to_owned(), http_date());
    for (name, value) in reply.headers.into_iter().chain([date]) {
        let (name, value) = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
