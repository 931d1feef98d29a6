//! The pid file beside the store: who holds it, for the message a second process shows.
//!
//! It is no lock. The lock is redb's own on the store's file, which the operating system frees with its owner; a pid
//! file left behind by a killed process is overwritten by the next owner and blocks nothing (I30).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The pid file of this process, removed on drop.
#[derive(Debug)]
pub(super) struct OwnerFile {
    path: PathBuf,
}

impl OwnerFile {
    /// Writes this process's pid beside the store. Call with the store's lock held.
    pub(super) fn write(store: &Path) -> Option<Self> {
        let path = beside(store);
        match replace(&path) {
            Ok(()) => Some(Self { path }),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "Cannot write the pid file");
                None
            }
        }
    }
}

impl Drop for OwnerFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "Cannot remove the pid file");
        }
    }
}

/// Returns the pid that the store's holder wrote, if it is there.
pub(super) fn holder(store: &Path) -> Option<u32> {
    fs::read_to_string(beside(store)).ok()?.trim().parse().ok()
}

fn beside(store: &Path) -> PathBuf {
    store.with_file_name("tandem.pid")
}

/// Removes what is there first: a file another user left could not be written to.
fn replace(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(format!("{}\n", std::process::id()).as_bytes())
}
