//! A disk that forgets what was not synced, and tears the last write, when the process or the power goes.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use redb::StorageBackend;

use super::gate::Gate;

/// One file. Clones share it.
#[derive(Clone, Debug)]
pub struct Disk {
    content: Arc<Mutex<Content>>,
    gate: Gate,
}

#[derive(Debug, Default)]
struct Content {
    /// What is sure to be there after a power cut.
    durable: Vec<u8>,
    /// What the process sees.
    seen: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    SetLen(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => write(bytes, *offset, data),
            Self::SetLen(len) => bytes.resize(*len, 0),
        }
    }
}

impl Disk {
    pub fn new(gate: Gate) -> Self {
        Self { content: Arc::default(), gate }
    }

    /// Copies what is sure to be there.
    #[cfg(test)]
    pub fn copy(&self, gate: Gate) -> Self {
        Self::holding(self.bytes(), gate)
    }

    /// A disk that durably holds these bytes.
    #[cfg(test)]
    pub fn holding(bytes: Vec<u8>, gate: Gate) -> Self {
        let content = Content { seen: bytes.clone(), durable: bytes, unsynced: Vec::new() };
        Self { content: Arc::new(Mutex::new(content)), gate }
    }

    /// Returns what is sure to be there.
    #[cfg(test)]
    pub fn bytes(&self) -> Vec<u8> {
        self.content().durable.clone()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> io::Result<()> {
        if self.gate.is_dead() { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// Cuts the power: each write since the last sync is there or not, and one of them only in part.
    pub fn lose_power(&self, random: &mut Rng) {
        let mut content = self.content();
        let Content { durable, unsynced, .. } = &mut *content;
        let torn = random.usize(..unsynced.len().max(1));
        for (at, change) in unsynced.drain(..).enumerate() {
            if !random.bool() {
                continue;
            }
            match &change {
                Change::Write { offset, data } => {
                    let kept = if at == torn { random.usize(..=data.len()) } else { data.len() };
                    write(durable, *offset, &data[..kept]);
                }
                Change::SetLen(_) => change.apply(durable),
            }
        }
        content.seen = content.durable.clone();
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if bytes.len() < offset + data.len() {
        bytes.resize(offset + data.len(), 0);
    }
    bytes[offset..offset + data.len()].copy_from_slice(data);
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.check()?;
        let content = self.content();
        let offset = position(offset);
        let bytes = content.seen.get(offset..offset + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        let mut content = self.content();
        content.seen.resize(position(len), 0);
        content.unsynced.push(Change::SetLen(position(len)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        // The process may die before the sync or after it.
        if self.gate.pass_or_die() {
            return self.check();
        }
        let mut content = self.content();
        let Content { durable, unsynced, .. } = &mut *content;
        for change in unsynced.drain(..) {
            change.apply(durable);
        }
        drop(content);
        self.gate.pass_or_die();
        self.check()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        let mut content = self.content();
        let offset = position(offset);
        write(&mut content.seen, offset, data);
        content.unsynced.push(Change::Write { offset, data: data.to_vec() });
        Ok(())
    }
}
