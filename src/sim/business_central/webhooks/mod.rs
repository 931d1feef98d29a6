//! Webhooks: who wants to hear of which set, what is due when, and what becomes of an answer or of none.
//!
//! Everything here is told the time; the messenger outside only carries messages. It plays them for the standard API alone.

mod subscription;

mod ladder;
mod notification;
mod requests;

pub(crate) use ladder::Outcome;
pub(super) use notification::{Change, ChangeKind};
pub(crate) use requests::wanted_handshake;
pub(super) use subscription::Webhooks;
