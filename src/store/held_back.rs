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

/// How much of a file is copied at once.
const COPY_BYTES: usize = 1024 * 1024;

/// The file's locked backend for redb, and the handle that lets the writes through.
#[derive(Clone, Debug)]
pub(super) struct HeldBack(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: FileBackend,
    /// What redb did since the file was opened; `None` once it goes straight to the file.
    held: RwLock<Option<Vec<Step>>>,
}

#[derive(Clone, Debug)]
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

    /// Writes what was held back, in the order redb wrote it, and lets everything later through. If that fails, all
    /// later writes stay in memory: the file is as after a crash at that point, and nothing is written over a gap.
    pub(super) fn release(&self) -> io::Result<()> {
        let mut held = self.held_mut();
        for step in held.iter().flatten() {
            match step {
                Step::Write { offset, data } => self.0.file.write(*offset, data)?,
                Step::SetLen(len) => self.0.file.set_len(*len)?,
                Step::Sync => self.0.file.sync_data()?,
            }
        }
        *held = None;
        Ok(())
    }

    /// Copies the file as it is, without what is held back. Through its own handle: another one could end the lock.
    pub(super) fn copy_to(&self, copy: &mut impl io::Write) -> io::Result<()> {
        let len = self.0.file.len()?;
        let mut piece = vec![0; COPY_BYTES];
        let mut offset = 0;
        while offset < len {
            let bytes = usize::try_from(len - offset).unwrap_or(usize::MAX).min(COPY_BYTES);
            self.0.file.read(offset, &mut piece[..bytes])?;
            copy.write_all(&piece[..bytes])?;
            offset += bytes as u64;
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

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..40_u64, proptest::collection::vec(1..=u8::MAX, 1..20))
                .prop_map(|(offset, data)| Step::Write { offset, data }),
            (0..60_u64).prop_map(Step::SetLen),
            proptest::strategy::Just(Step::Sync),
        ]
    }

    fn apply(step: &Step, backend: &impl StorageBackend) {
        match step {
            Step::Write { offset, data } => backend.write(*offset, data),
            Step::SetLen(len) => backend.set_len(*len),
            Step::Sync => backend.sync_data(),
        }
        .unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_held_back_reads_as_if_it_were_written(
            content in proptest::collection::vec(1..=u8::MAX, 0..50),
            steps in proptest::collection::vec(step(), 0..8),
        ) {
            let open = |content: &[u8]| {
                let file = tempfile::NamedTempFile::new().unwrap();
                fs::write(file.path(), content).unwrap();
                let backend = FileBackend::new(file.reopen().unwrap()).unwrap();
                (file, backend)
            };
            let (plain_file, plain) = open(&content);
            let (held_file, backend) = open(&content);
            let held = HeldBack::new(backend);
            for step in &steps {
                apply(step, &plain);
                apply(step, &held);
            }
            let expected = fs::read(plain_file.path()).unwrap();
            prop_assert_eq!(&fs::read(held_file.path()).unwrap(), &content);
            prop_assert_eq!(held.len().unwrap(), expected.len() as u64);
            for start in 0..expected.len() {
                let mut read = vec![0xee; (expected.len() - start).min(7)];
                held.read(start as u64, &mut read).unwrap();
                prop_assert_eq!(&read[..], &expected[start..start + read.len()]);
            }
            prop_assert!(held.read(expected.len() as u64, &mut [0]).is_err());
            held.release().unwrap();
            prop_assert_eq!(&fs::read(held_file.path()).unwrap(), &expected);
            apply(&Step::SetLen(3), &held);
            prop_assert_eq!(fs::read(held_file.path()).unwrap().len(), 3);
        }
    }
}
