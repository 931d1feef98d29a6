//! A secret that a command prints: the way to password managers and to other programs' sign-ins.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Secret, SecretError};

/// Longer than a person needs to unlock a password manager.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a command line in the system's shell and returns what it prints, without the last line break.
///
/// Neither the command line nor what it prints becomes part of an error: both may hold secrets.
pub(super) fn run(line: &str) -> Result<Secret, SecretError> {
    run_within(line, PATIENCE)
}

fn run_within(line: &str, patience: Duration) -> Result<Secret, SecretError> {
    let failed = |problem: String| SecretError::Command { problem };
    let mut child = shell(line)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    let mut stdout = child.stdout.take().expect("standard output is piped");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text).map(|_| text);
        // Nobody waits any more once the patience is over.
        let _ = sender.send(read);
    });
    let Ok(read) = receiver.recv_timeout(patience) else {
        // It may have ended just now.
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(format!("printed nothing within {} seconds", patience.as_secs())));
    };
    let status = child.wait().map_err(|error| failed(format!("was lost: {error}")))?;
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    let text = read.map_err(|_| failed("printed something that is not text".to_owned()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(failed("printed nothing".to_owned())),
        secret => Ok(Secret::new(secret)),
    }
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", line]);
    command
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_the_secret() {
        assert_eq!(run("printf 's3cret\\n'").unwrap().reveal(), "s3cret");
    }

    #[test]
    fn a_command_that_fails_shows_neither_itself_nor_its_output() {
        for line in ["echo hunter2; exit 3", "echo hunter2 >&2; exit 1", "true hunter2"] {
            let error = run(line).unwrap_err().to_string();
            assert!(error.contains("command") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let error = run_within("exec sleep 600", Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("within 0 seconds"), "{error}");
    }
}
