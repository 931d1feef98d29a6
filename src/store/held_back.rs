//! A file that is not written to before Tandem knows that it is its own.
//!
//! redb marks a file as open, and repairs it after a crash, before the first table can be read. Until then nothing
//! says whether the file belongs to a newer Tandem or to another program, and such a file must stay as it is. So
//! what redb writes is held in memory, in order, and goes to the file once the format is checked; if the check
//! fails, it never does. The file is locked from the start.

use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// The file's locked backend for redb, and the handle that lets the writes through.
#[derive(Clone, Debug)]
pub(super) struct HeldBack(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: FileBackend,
    /// What redb did since the file was opened; `None` once it goes straight to the file.
    held: RwLock<Option<Vec<Step>>>,
}

#[derive(Debug)]
enum Step {
    Write { offset: u64, data: Vec<u8> },
    SetLen(u64),
    Sync,
}

impl HeldBack {
    /// Holds back every write to the file.
    pub(super) fn new(file: FileBackend) -> Self {
        Self(Arc::new(Inner { file, held: RwLock::new(Some(Vec::new())) }))
    }

    /// Writes what was held back, in the order redb wrote it, and lets everything later through.
    pub(super) fn release(&self) -> io::Result<()> {
        let mut held = self.held_mut();
        for step in held.take().unwrap_or_default() {
            match step {
                Step::Write { offset, data } => self.0.file.write(offset, &data)?,
                Step::SetLen(len) => self.0.file.set_len(len)?,
                Step::Sync => self.0.file.sync_data()?,
            }
        }
        Ok(())
    }

    fn held(&self) -> RwLockReadGuard<'_, Option<Vec<Step>>> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Option<Vec<Step>>> {
        self.0.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one step later, or now if nothing is held back any more.
    fn hold_or(&self, step: impl FnOnce() -> Step, now: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.held().is_none() {
            return now();
        }
        match self.held_mut().as_mut() {
            Some(steps) => steps.push(step()),
            None => return now(),
        }
        Ok(())
    }
}

impl StorageBackend for HeldBack {
    fn len(&self) -> io::Result<u64> {
        let on_disk = self.0.file.len()?;
        Ok(self.held().as_deref().map_or(on_disk, |steps| len_after(on_disk, steps)))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let held = self.held();
        let Some(steps) = held.as_deref() else { return self.0.file.read(offset, out) };
        let on_disk = self.0.file.len()?;
        if offset + out.len() as u64 > len_after(on_disk, steps) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        out.fill(0);
        let there = usize::try_from(on_disk.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        self.0.file.read(offset, &mut out[..there])?;
        for step in steps {
            replay(step, offset, out);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.hold_or(|| Step::SetLen(len), || self.0.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.hold_or(|| Step::Sync, || self.0.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.hold_or(|| Step::Write { offset, data: data.to_vec() }, || self.0.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}

fn len_after(on_disk: u64, steps: &[Step]) -> u64 {
    steps.iter().fold(on_disk, |len, step| match step {
        Step::Write { offset, data } => len.max(offset + data.len() as u64),
        Step::SetLen(len) => *len,
        Step::Sync => len,
    })
}

/// Repeats a step on the bytes read from `start` on.
fn replay(step: &Step, start: u64, out: &mut [u8]) {
    let within =
        |position: u64| usize::try_from(position.saturating_sub(start)).unwrap_or(usize::MAX).min(out.len());
    match step {
        Step::Write { offset, data } => {
            let (from, to) = (within(*offset), within(offset + data.len() as u64));
            if from < to {
                let skipped = usize::try_from(start.saturating_sub(*offset)).unwrap_or(usize::MAX);
                out[from..to].copy_from_slice(&data[skipped..skipped + (to - from)]);
            }
        }
        Step::SetLen(len) => {
            let from = within(*len);
            out[from..].fill(0);
        }
        Step::Sync => {}
    }
}
