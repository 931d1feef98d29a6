//! Files that only their owner can read. Where the operating system has no such mode, the folder has to protect them.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::SecretError;

/// Reads a file, unless others can read it as well.
pub fn read_private(path: &Path) -> Result<Vec<u8>, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if readable_by_others(&metadata) {
        return Err(SecretError::Exposed(path.to_owned()));
    }
    fs::read(path).map_err(unreadable)
}

/// Writes a file of mode 0600 in one step; what was there before is replaced.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A temporary file is private from the start.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn readable_by_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn readable_by_others(_metadata: &fs::Metadata) -> bool {
    false
}
