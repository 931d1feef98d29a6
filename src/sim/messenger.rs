//! Carries webhooks to their receivers: plain http on the loopback address, one connection each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use url::{Host, Url};
use uuid::Uuid;

use super::business_central::{self, Outcome};
use super::faults::lock;

/// How often it looks for something to carry.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// No receiver has more to say.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Carries messages until it is aborted.
pub(crate) fn start(service: Arc<Mutex<business_central::Service>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let due = lock(&service).due_deliveries();
            for delivery in due {
                let service = service.clone();
                tokio::spawn(async move {
                    let body = delivery.body.to_string();
                    let answer = post(&delivery.url, &body, DELIVERY_TIMEOUT).await;
                    let outcome = answer.map_or(Outcome::NoAnswer, |(status, _)| Outcome::Answered(status));
                    lock(&service).delivered(&delivery.subscription, outcome);
                });
            }
        }
    })
}

/// Returns whether an address answers a token with that token, in time.
pub(crate) async fn shake_hands(url: &str) -> bool {
    let token = Uuid::new_v4().to_string();
    let separator = if url.contains('?') { '&' } else { '?' };
    let asked = format!("{url}{separator}validationToken={token}");
    let answer = post(&asked, "", HANDSHAKE_TIMEOUT).await;
    answer.is_some_and(|(status, body)| status == 200 && body.trim() == token)
}

/// Posts a body; returns status and body of the answer.
async fn post(url: &str, body: &str, timeout: Duration) -> Option<(u16, String)> {
    tokio::time::timeout(timeout, exchange(url, body)).await.ok()?
}

async fn exchange(url: &str, body: &str) -> Option<(u16, String)> {
    let url = Url::parse(url).ok().filter(is_loopback)?;
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await.ok()?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nclientRequestId: {}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        Uuid::new_v4()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut received = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut received).await.ok()?;
    let text = String::from_utf8_lossy(&received).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// Nothing the simulation sends leaves the machine.
fn is_loopback(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    local && url.scheme() == "http"
}
