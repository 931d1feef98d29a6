//! The few operations on files that exchanging the inbox takes, each whole by itself: a kill falls between two of them.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// How the names of temporary files beside the inbox begin and end.
pub const TEMPORARY_PREFIX: &str = ".resolve-conflicts-";
pub const TEMPORARY_SUFFIX: &str = ".toml.tmp";

/// Where the inbox lies.
pub trait Files: fmt::Debug + Send + Sync {
    /// Reads a file whole.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Writes a text under a temporary name beside a file, down to the disk, and makes the folder where there is none.
    /// Returns that name.
    fn write_beside(&self, path: &Path, text: &str) -> io::Result<PathBuf>;

    /// Exchanges two files in one step.
    fn swap(&self, a: &Path, b: &Path) -> io::Result<()>;

    /// Gives a file a name that nobody has.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Puts a file in the place of another.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug)]
pub struct LocalFiles;

impl Files for LocalFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn write_beside(&self, path: &Path, text: &str) -> io::Result<PathBuf> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file =
            tempfile::Builder::new().prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file.into_temp_path().keep()?)
    }

    #[cfg(target_os = "linux")]
    fn swap(&self, a: &Path, b: &Path) -> io::Result<()> {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        Ok(renameat2(AT_FDCWD, a, AT_FDCWD, b, RenameFlags::RENAME_EXCHANGE)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn swap(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|refused| {
            // Where the name is taken, the file keeps its own.
            match refused.path.keep() {
                Ok(_) => refused.error,
                Err(kept) => kept.error,
            }
        })
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b, c) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("c"));
        fs::write(&a, "a").unwrap();
        fs::write(&b, "b").unwrap();
        let error = LocalFiles.rename_new(&a, &b).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!([fs::read(&a).unwrap(), fs::read(&b).unwrap()], [b"a", b"b"]);
        LocalFiles.rename_new(&a, &c).unwrap();
        assert_eq!(fs::read(&c).unwrap(), b"a");
        assert!(!a.exists());
    }
}
