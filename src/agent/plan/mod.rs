//! Planning: what is ready is gathered, judged by `sync`, and turned into work, into a question, or into a reason to wait.

pub mod apart;
pub mod business_keys;
pub mod conflicts;
pub mod couple;
pub mod create;
pub mod doubts;
pub mod gather;
pub mod judge;
pub mod resolve;
pub mod settle;
pub mod standing;
