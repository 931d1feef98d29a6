//! The inbox: `resolve-conflicts.toml`, where people answer conflicts in any editor.
//!
//! Pure. [`render`] writes the file's text, [`parse`] reads it back; reading, watching and exchanging the file is the
//! agent's work. Nothing a person wrote is dropped: what cannot be understood is reported and stays in the file.

mod block;
mod chunks;
mod face;
mod known_block;
mod notes;
mod parse;
mod render;
mod stamp;
mod toml_text;
mod value;
mod words;

pub use face::{FaceKind, Faces, FieldFace, Names};
pub use notes::{Answered, KeptPlace, KeptText, Notes, Parsed, Problem, Raw, RawField, Written};
pub use parse::parse;
pub use render::{BLOCK_LIMIT, render};
pub use stamp::stamp_of;
pub use words::{answer_from_words, describe};

#[cfg(test)]
mod tests;
