//! The inbox's folder as a process that may die sees it: each operation on a file is a step, and so is its end.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tandem::agent::{Files, LocalFiles};

use crate::simulation::gate::Gate;

/// This machine's files behind a gate.
#[derive(Clone, Debug)]
pub struct GatedFiles(pub Gate);

impl GatedFiles {
    /// Does something to files, unless the process is dead before or after it.
    fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.pass()?;
        let outcome = work();
        self.pass()?;
        outcome
    }

    fn pass(&self) -> io::Result<()> {
        if self.0.pass_or_die() { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl Files for GatedFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if self.0.is_dead() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        LocalFiles.read(path)
    }

    fn write_beside(&self, path: &Path, text: &str) -> io::Result<PathBuf> {
        self.step(|| LocalFiles.write_beside(path, text))
    }

    fn swap(&self, a: &Path, b: &Path) -> io::Result<()> {
        self.step(|| LocalFiles.swap(a, b))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| LocalFiles.rename_new(from, to))
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| LocalFiles.replace(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| LocalFiles.remove(path))
    }
}
