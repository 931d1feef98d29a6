//! What `backup`, `restore`, `doctor` and `compact` share: the store is reached without the configuration.

use std::path::{Path, PathBuf};

use tokio::time::{Instant, sleep};

use crate::agent::{Command, Reply};
use crate::config::Places;
use crate::store::{Store, StoreError};
use crate::web;

use super::context::Context;
use super::exit_code::ExitCode;
use super::reach::{AGENT_START, PAUSE};
use super::report::CommandError;

/// Has the running agent do something about the store, or else does it `here`, as soon as nobody else has the store.
pub(super) async fn agent_or_here<T>(
    context: &Context,
    command: &Command,
    here: impl Fn(&Path) -> Result<T, StoreError>,
) -> Result<Done<T>, CommandError> {
    let deadline = Instant::now() + AGENT_START;
    loop {
        if let Some(reply) = web::ask(&context.places, command).await? {
            return Ok(Done::ByAgent(reply));
        }
        match here(&context.places.store()) {
            Err(StoreError::InUse { .. }) if Instant::now() < deadline => sleep(PAUSE).await,
            done => return Ok(Done::Here(done?)),
        }
    }
}

/// Who did it.
pub(super) enum Done<T> {
    ByAgent(Reply),
    Here(T),
}

/// Opens the store that is there; none is made.
pub(super) fn open(path: &Path) -> Result<Store, StoreError> {
    if path.exists() { Store::open(path) } else { Err(StoreError::None { path: path.to_owned() }) }
}

/// Returns a path that means the same to an agent that was started in another folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Says that an agent runs and has to be stopped first.
pub(super) async fn refuse_beside_agent(places: &Places) -> Result<(), CommandError> {
    match web::ask(places, &Command::History { limit: 1 }).await {
        Ok(None) => Ok(()),
        Ok(Some(_)) | Err(_) => {
            Err(CommandError::new(ExitCode::Store, "the agent is running and has the store")
                .with_remedy("stop it (Ctrl-C where `tandem run` was typed), then try again"))
        }
    }
}

/// Writes a size as people read it.
pub(super) fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        _ if bytes < 10 * KIB * KIB => format!("{} KiB", bytes.div_ceil(KIB)),
        _ => format!("{} MiB", bytes.div_ceil(KIB * KIB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!([7, 1025, 20 << 20].map(size), ["7 bytes", "2 KiB", "20 MiB"]);
    }
}
