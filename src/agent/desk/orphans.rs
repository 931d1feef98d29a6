//! Temporary files of the inbox that a kill left behind in the middle of a rewrite.
//!
//! One may hold the page that was about to be put in place, or the file that was displaced by it. Nothing reads them any
//! more; but a displaced file may hold what somebody saved in the very moment, and that is never thrown away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::agent::engine::Engine;
use crate::inbox::{self, Parsed};
use crate::store::StoreError;

use super::files::{Files, TEMPORARY_PREFIX, TEMPORARY_SUFFIX};
use super::inbox_file::{InboxError, faces, names, read};

/// Removes orphans that hold nothing of anybody's. The others get a name that people see. Only for the process that holds
/// the store: nobody else rewrites the inbox then.
pub fn tidy(engine: &Engine, files: &dyn Files) -> Result<(), InboxError> {
    let inbox = engine.config().inbox_file();
    let orphans = orphans(inbox.parent().unwrap_or(Path::new(".")));
    if orphans.is_empty() {
        return Ok(());
    }
    let current = read(files, &inbox).ok().flatten().unwrap_or_default();
    for path in orphans {
        let io = |what| {
            let path = path.clone();
            move |source| InboxError::Io { what, path, source }
        };
        // What cannot be read as text may be anybody's.
        let is_nobodys = match read(files, &path) {
            Ok(text) => holds_nothing_new(engine, &text.unwrap_or_default(), &current)?,
            Err(_) => false,
        };
        if is_nobodys {
            files.remove(&path).map_err(io("remove"))?;
            info!(path = %path.display(), "Temporary file of an earlier process removed");
        } else {
            let kept = keep(files, &path, &inbox).map_err(io("rename"))?;
            warn!(path = %kept.display(), "A displaced inbox file may hold somebody's edit; it is kept under this name");
        }
    }
    Ok(())
}

fn orphans(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_orphan = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX)
    };
    entries.map(|entry| entry.path()).filter(is_orphan).collect()
}

/// Returns whether a text holds no answer, no note and no unknown words that the inbox file does not hold as well.
fn holds_nothing_new(engine: &Engine, text: &str, current: &str) -> Result<bool, StoreError> {
    if current.starts_with(text) {
        return Ok(true);
    }
    let open = engine.store().snapshot()?.conflicts()?;
    let (faces, names) = (faces(engine, &open)?, names(engine));
    let parse = |text: &str| inbox::parse(text, &open, &faces, &names);
    let (found, known) = (parse(text), parse(current));
    // A page whose writing was cut short is the beginning of what would be written.
    let page = |parsed: &Parsed| inbox::render(&open, &faces, &names, &parsed.notes);
    let is_cut_page = page(&known).starts_with(text) || page(&Parsed::default()).starts_with(text);
    let is_untouched =
        found.problems.is_empty() && found.answers.is_empty() && found.notes == Parsed::default().notes;
    Ok(is_cut_page || is_untouched)
}

/// Gives a file a name beside the inbox that nobody has.
fn keep(files: &dyn Files, path: &Path, inbox: &Path) -> io::Result<PathBuf> {
    for number in 1.. {
        let kept = inbox.with_file_name(format!("resolve-conflicts-kept-{number}.toml"));
        match files.rename_new(path, &kept) {
            Ok(()) => return Ok(kept),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no name is free"))
}
