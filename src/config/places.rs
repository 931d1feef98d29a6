//! Where Tandem's files are.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The folders of one installation. With `--dir` all are one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub config: PathBuf,
    pub data: PathBuf,
    pub state: PathBuf,
}

impl Places {
    /// Puts everything in one folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { config: folder.to_owned(), data: folder.to_owned(), state: folder.to_owned() }
    }

    /// Returns the places this operating system gives to programs, unless it has no home folder.
    #[must_use]
    pub fn of_this_system() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "tandem")?;
        Some(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned(),
        })
    }

    /// Returns `tandem.toml`.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.join("tandem.toml")
    }

    /// Returns the folder of mapping files.
    #[must_use]
    pub fn mappings(&self) -> PathBuf {
        self.config.join("mappings")
    }

    /// Returns the folder of project files.
    #[must_use]
    pub fn projects(&self) -> PathBuf {
        self.config.join("projects")
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.data.join("tandem.redb")
    }

    /// Returns the file that says how to reach the running agent.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.state.join("control.json")
    }

    /// Returns the folder of log files.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }
}
