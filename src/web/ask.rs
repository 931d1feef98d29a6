//! The client side of the control API.

use std::time::Duration;

use crate::agent::{Command, ControlError, ErrorKind, Reply};
use crate::config::Places;
use crate::http::{HttpError, Loopback, Repeat, Request};

use super::door::Door;

/// A first sync may take long; the agent itself bounds every request it makes.
const TIMEOUT: Duration = Duration::from_secs(6 * 3600);

/// Asks the running agent. Returns nothing where none is running.
pub async fn ask(places: &Places, command: &Command) -> Result<Option<Reply>, ControlError> {
    let Some(door) = Door::read(&places.control()) else { return Ok(None) };
    let body = serde_json::to_vec(command).expect("commands have no keys that JSON cannot write");
    let loopback = Loopback::new(&door.address, &door.token, TIMEOUT).map_err(|error| unusable(&error))?;
    let url = format!("{}/command", door.address);
    let request = Request::post(url, "application/json", body, Repeat::IfNotApplied);
    let response = match loopback.send(&request).await {
        Ok(response) => response,
        // The agent that wrote the file is gone.
        Err(HttpError::NotSent { .. }) => return Ok(None),
        Err(error) => return Err(unusable(&error)),
    };
    match response.status {
        200 => read(&response.body).map(Some),
        422 => Err(read(&response.body)?),
        // Another program listens on the port of an agent that is gone.
        _ => Ok(None),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(body).map_err(|error| ControlError {
        kind: ErrorKind::Usage,
        problem: format!("the running agent's answer cannot be read: {error}"),
        remedy: Some("stop the agent and start it again with this version of Tandem".to_owned()),
    })
}

fn unusable(error: &HttpError) -> ControlError {
    ControlError {
        kind: ErrorKind::System,
        problem: format!("the running agent did not answer: {error}"),
        remedy: Some("look at its log, or stop it".to_owned()),
    }
}
