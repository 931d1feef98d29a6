//! Applying and committing: intents are stored, writes sent, outcomes committed, and what is in doubt looked up.

pub mod apply;
pub mod commit;
pub mod deleted;
pub mod echo;
pub mod in_doubt;
pub mod job;
mod landed;
mod late;
pub mod recover;
pub mod rehearsal;
pub mod setback;
