//! What is known of a connection's past: which system it was first used with, and whether it is frozen.

use crate::agent::{Command, ConnectionStatus, IdentityView, Reply, StatusView, identity_problem};
use crate::model::ConnectionName;
use crate::systems::{Check, Facts, Finding, Verdict};

use super::super::context::Context;
use super::super::reach::ask;

/// Returns how the connections stand; nothing where a configuration that cannot be loaded keeps that from being known.
pub(super) async fn standing(context: &Context) -> Vec<ConnectionStatus> {
    match ask(context, &Command::Status).await {
        Ok(Reply::Status(status)) => {
            let StatusView { connections, .. } = *status;
            connections
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// Holds who a system is against its past.
pub(super) fn findings(name: &ConnectionName, facts: &Facts, standing: &[ConnectionStatus]) -> Vec<Finding> {
    let Some(known) = standing.iter().find(|known| known.connection == name.as_str()) else {
        return Vec::new();
    };
    let found = IdentityView { identity: facts.identity.clone(), name: facts.display_name.clone() };
    let other = known.pinned.as_ref().and_then(|pinned| identity_problem(name, pinned, &found));
    let frozen = known.frozen.as_ref().map(|frozen| (frozen.problem.clone(), frozen.remedy.clone()));
    let bad = |(problem, remedy)| Finding::bad(Check::Identity, Verdict::Wrong, problem, remedy);
    other.into_iter().chain(frozen).map(bad).collect()
}
