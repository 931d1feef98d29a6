//! The file that tells where the running agent listens and what token it wants.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Where the agent listens. Only the owner can read the file this is kept in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// `http://127.0.0.1:PORT`
    pub address: String,
    pub token: String,
    pub pid: u32,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("address", &self.address).field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Door {
    /// Writes the file in one step; it is private from its first moment.
    pub fn put(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Temporary files are made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Reads the file, if there is one that can be read.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}
