//! The server side of the control API.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing::{info, warn};
use uuid::Uuid;

use crate::agent::{Command, ControlError, Desk, ErrorKind};
use crate::config::Places;

use super::door::Door;
use super::guard::admits;

/// The most bytes of a command.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The control API being served. Dropping it closes the door.
#[derive(Debug)]
pub struct Served {
    file: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = fs::remove_file(&self.file) {
            warn!(%error, "Cannot remove the control file");
        }
    }
}

#[derive(Clone)]
struct Hall {
    desk: Arc<Desk>,
    token: Arc<str>,
    port: u16,
}

/// Serves the desk on a free port of the loopback address, and writes down where.
pub async fn serve(desk: Arc<Desk>, places: &Places) -> Result<Served, ControlError> {
    let file = places.control();
    let failed = |error: io::Error| ControlError {
        kind: ErrorKind::Configuration,
        problem: format!("cannot serve the control API ({}): {error}", file.display()),
        remedy: Some("make sure that folder can be written".to_owned()),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let door =
        Door { address: format!("http://127.0.0.1:{port}"), token: token.clone(), pid: std::process::id() };
    door.put(&file).map_err(failed)?;
    let hall = Hall { desk, token: token.into(), port };
    let router = Router::new()
        .route("/command", post(command))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(hall);
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            warn!(%error, "The control API ended");
        }
    });
    info!(port, "Control API listens");
    Ok(Served { file, task })
}

async fn command(State(hall): State<Hall>, headers: HeaderMap, body: Bytes) -> Response {
    if !admits(&headers, hall.port, &hall.token) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let command: Command = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(error) => {
            let problem = format!("the running agent does not know this command: {error}");
            let remedy = Some("stop the agent and start it again with this version of Tandem".to_owned());
            return refuse(&ControlError { kind: ErrorKind::Usage, problem, remedy });
        }
    };
    match hall.desk.handle(&command).await {
        Ok(reply) => (StatusCode::OK, json(&reply)).into_response(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &ControlError) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, json(error)).into_response()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("views have no keys that JSON cannot write")
}
