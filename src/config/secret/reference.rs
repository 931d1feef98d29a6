//! Where a secret is kept.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::private_file::{read_private, write_private};
use super::{Secret, command, keyring};

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// `env:NAME`
    Env(String),
    /// `file:PATH`; a relative path starts at the configuration folder.
    File(PathBuf),
    /// `keyring:NAME`: the entry of that name, of the service `tandem`.
    Keyring(String),
    /// `command:LINE`: what the line prints when the system's shell runs it.
    Command(String),
}

/// Why a secret cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "a secret must be a reference, never the secret itself: put it into a file only you can read and write \
         `file:PATH` here, or use `keyring:NAME`, `env:NAME` or `command:LINE`"
    )]
    Literal,
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    #[error("cannot read the secret file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("others can read the secret file {}; make it private: chmod 600", .0.display())]
    Exposed(PathBuf),
    #[error("the secret file {} is empty", .0.display())]
    Empty(PathBuf),
    #[error("the secret file {} is not text", .0.display())]
    NoText(PathBuf),
    #[error("the keyring has no entry `{0}` of the service `tandem`; add it there, or use `file:PATH`")]
    NotInKeyring(String),
    #[error("there is no keyring here ({problem}); keep the secret in a private file instead: `file:PATH`")]
    NoKeyring { problem: String },
    #[error("the command that is to print a secret {problem}; run it by hand to see why")]
    Command { problem: String },
    #[error("cannot write the secret file {}", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("nothing can be kept in {0}; use `keyring:NAME`, or `file:PATH`")]
    ReadOnly(SecretRef),
}

impl SecretRef {
    /// Fetches the secret. Relative file paths start at `folder`.
    pub fn fetch(&self, folder: &Path) -> Result<Secret, SecretError> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => Ok(Secret::new(&text)),
                Err(_) => Err(SecretError::NoVariable(name.clone())),
            },
            Self::File(path) => read_text(&folder.join(path)),
            Self::Keyring(name) => keyring::read(name),
            Self::Command(line) => command::run(line),
        }
    }

    /// Keeps a secret in that place: in the keyring, or in a file of mode 0600.
    pub fn keep(&self, folder: &Path, secret: &Secret) -> Result<(), SecretError> {
        match self {
            Self::Keyring(name) => keyring::write(name, secret),
            Self::File(path) => {
                let path = folder.join(path);
                write_private(&path, secret.reveal().as_bytes())
                    .map_err(|source| SecretError::Unwritable { path, source })
            }
            Self::Env(_) | Self::Command(_) => Err(SecretError::ReadOnly(self.clone())),
        }
    }
}

fn read_text(path: &Path) -> Result<Secret, SecretError> {
    let bytes = read_private(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NoText(path.to_owned()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(SecretError::Empty(path.to_owned())),
        secret => Ok(Secret::new(secret)),
    }
}

impl FromStr for SecretRef {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("keyring", name)) if !name.is_empty() => Ok(Self::Keyring(name.to_owned())),
            Some(("command", line)) if !line.trim().is_empty() => Ok(Self::Command(line.to_owned())),
            _ => Err(SecretError::Literal),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Keyring(name) => write!(f, "keyring:{name}"),
            Self::Command(line) => write!(f, "command:{line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_secret_is_refused_without_repeating_it() {
        for literal in ["hunter2", "password:hunter2", "env:", "file:", "keyring:", "command: "] {
            let error = literal.parse::<SecretRef>().unwrap_err().to_string();
            assert!(error.contains("file:PATH") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn every_reference_reads_back_as_it_is_written() {
        for text in ["env:SECRET", "file:a:b", "keyring:erp", "command:pass show erp | head -1"] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nothing_is_kept_where_it_would_be_lost() {
        let reference: SecretRef = "env:SECRET".parse().unwrap();
        let error = reference.keep(Path::new("."), &Secret::new("s3cret")).unwrap_err();
        assert!(matches!(error, SecretError::ReadOnly(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::fs;
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let reference: SecretRef = "file:secret".parse().unwrap();
        reference.keep(folder.path(), &Secret::new("s3cret\n")).unwrap();
        assert_eq!(reference.fetch(folder.path()).unwrap().reveal(), "s3cret");
        for mode in [0o644, 0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(reference.fetch(folder.path()), Err(SecretError::Exposed(_))), "{mode:o}");
        }
    }
}
