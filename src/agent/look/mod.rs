//! Observing: what is read from the systems is compared with what is known, and stored.

pub mod compare;
pub mod contents;
pub mod deletions;
mod fate;
pub mod feed;
mod first_listing;
mod in_question;
pub mod observe;
pub mod reread;
