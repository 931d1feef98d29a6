//! Where log events go: standard error for people, and for the agent a file of JSON lines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::exit_code::ExitCode;
use super::report::CommandError;

/// How much is logged without `RUST_LOG`.
pub(super) fn level(is_agent: bool, verbose: u8) -> LevelFilter {
    match u8::from(is_agent).saturating_add(verbose) {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// Starts logging: to standard error, and to `tandem.jsonl` in the folder, if one is given.
pub(super) fn start(level: LevelFilter, folder: Option<&Path>) -> Result<(), CommandError> {
    let filter = || {
        let default = format!("warn,tandem={level}");
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default))
    };
    let people = fmt::layer()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .with_filter(filter());
    let file = match folder {
        None => None,
        Some(folder) => {
            let file = log_file(folder).map_err(|error| {
                let problem = format!("cannot write log files in {}", folder.display());
                CommandError::because(ExitCode::Failure, problem, &error)
            })?;
            Some(fmt::layer().json().with_writer(Mutex::new(file)).with_filter(filter()))
        }
    };
    tracing_subscriber::registry()
        .with(people)
        .with(file)
        .try_init()
        .map_err(|error| CommandError::because(ExitCode::Failure, "cannot start logging", &error))
}

/// Opens the log file for appending. Only its owner may read it.
fn log_file(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join("tandem.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_tells_more_than_a_command_and_verbose_raises_both() {
        assert_eq!(level(false, 0), LevelFilter::WARN);
        assert_eq!(level(true, 0), LevelFilter::INFO);
        assert_eq!(level(false, 2), LevelFilter::DEBUG);
        assert_eq!(level(true, 255), LevelFilter::TRACE);
    }
}
