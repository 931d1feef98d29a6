//! The one top-level error: what went wrong, why, and what to do. Its kind is the exit code.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::json;

use crate::agent::{BrakeView, ControlError, Failure};
use crate::config::ConfigError;
use crate::http::HttpError;
use crate::store::StoreError;
use crate::systems::SystemError;

use super::exit_code::ExitCode;
use super::output::in_one_line;
use super::table::counted;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandError {
    pub(super) exit_code: ExitCode,
    problem: String,
    causes: Vec<String>,
    remedy: Option<String>,
}

impl CommandError {
    /// Makes an error of one sentence.
    pub(super) fn new(exit_code: ExitCode, problem: impl Into<String>) -> Self {
        Self { exit_code, problem: problem.into(), causes: Vec::new(), remedy: None }
    }

    /// Makes an error with the chain of its causes.
    pub(super) fn because(exit_code: ExitCode, problem: impl Into<String>, cause: &dyn Error) -> Self {
        let mut error = Self::new(exit_code, problem);
        let mut cause = Some(cause);
        while let Some(found) = cause {
            error.causes.push(found.to_string());
            cause = found.source();
        }
        error
    }

    /// Adds what to do.
    pub(super) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns the text for people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("error: {}", self.problem);
        for cause in &self.causes {
            let _ = write!(text, "\n  because: {cause}");
        }
        if let Some(remedy) = &self.remedy {
            let _ = write!(text, "\nwhat to do: {remedy}");
        }
        text
    }

    /// Returns the JSON for programs.
    pub(super) fn json(&self) -> serde_json::Value {
        json!({ "error": {
            "exit_code": self.exit_code.number(),
            "problem": self.problem,
            "causes": self.causes,
            "remedy": self.remedy,
        }})
    }
}

impl From<ControlError> for CommandError {
    fn from(error: ControlError) -> Self {
        Self {
            exit_code: error.kind.into(),
            problem: error.problem,
            causes: Vec::new(),
            remedy: error.remedy,
        }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        let problem = error.to_string();
        match error.source() {
            Some(cause) => Self::because(ExitCode::Configuration, problem, cause),
            None => Self::new(ExitCode::Configuration, problem),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let exit_code = match error {
            StoreError::Exists { .. } | StoreError::None { .. } => ExitCode::Usage,
            _ => ExitCode::Store,
        };
        let problem = error.to_string();
        match error.source() {
            Some(cause) => Self::because(exit_code, problem, cause),
            None => Self::new(exit_code, problem),
        }
    }
}

impl From<SystemError> for CommandError {
    fn from(error: SystemError) -> Self {
        let exit_code = match error {
            SystemError::Configuration { .. } => ExitCode::Configuration,
            _ => ExitCode::System,
        };
        Self::new(exit_code, error.to_string()).with_remedy(error.remedy())
    }
}

impl From<HttpError> for CommandError {
    fn from(error: HttpError) -> Self {
        Self::because(ExitCode::System, "a simulated system did not answer", &error)
    }
}

/// Writes failures of a run for people, each with its remedy.
pub(super) fn failures_text(failures: &[Failure]) -> String {
    let mut text = String::new();
    for failure in failures {
        let mapping = failure.mapping.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        let _ = writeln!(text, "failed: {mapping}{}", failure.problem);
        let remedy = match (&failure.remedy, failure.transient) {
            (Some(remedy), _) => remedy,
            (None, true) => "nothing: Tandem tries again by itself",
            (None, false) => continue,
        };
        let _ = writeln!(text, "  what to do: {remedy}");
    }
    text
}

/// Writes plans that wait because of a limit for people: what was about to happen, and what to do.
pub(super) fn brakes_text(brakes: &[BrakeView]) -> String {
    let mut text = String::new();
    for brake in brakes {
        let (mapping, plan) = (&brake.mapping, &brake.plan);
        let _ = writeln!(text, "stopped: {mapping} waits for a person; nothing of it is written meanwhile");
        for part in brake.reasons.iter().flat_map(|reason| reason.split("; ")) {
            let _ = writeln!(text, "  {}", in_one_line(part));
        }
        for example in &brake.examples {
            let short: String = in_one_line(example).chars().take(80).collect();
            let _ = writeln!(text, "  for example: {short}");
        }
        let rows = counted(brake.rows, "row");
        let _ =
            writeln!(text, "  if that is right: tandem approve {plan}    (does just that, {rows} in all)");
        let _ = writeln!(
            text,
            "  if not: put it right where it was done; what is undone there drops out by itself"
        );
        let _ = writeln!(text, "  to look at every row: tandem plan --save FILE");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::agent::ErrorKind;

    fn error() -> CommandError {
        let cause = io::Error::other("disk full");
        CommandError::because(ExitCode::Store, "cannot write the configuration", &cause)
            .with_remedy("make room")
    }

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        insta::assert_snapshot!(error().text(), @r"
        error: cannot write the configuration
          because: disk full
        what to do: make room
        ");
    }

    #[test]
    fn a_failure_names_its_mapping_and_what_to_do() {
        let failure = Failure {
            mapping: Some("VENDOR".to_owned()),
            problem: "cannot reach dataverse".to_owned(),
            remedy: None,
            transient: true,
            kind: ErrorKind::System,
        };
        insta::assert_snapshot!(failures_text(&[failure]), @r"
        failed: VENDOR: cannot reach dataverse
          what to do: nothing: Tandem tries again by itself
        ");
    }

    #[test]
    fn an_error_is_json_where_json_is_asked_for() {
        insta::assert_snapshot!(error().json().to_string(), @r#"{"error":{"exit_code":4,"problem":"cannot write the configuration","causes":["disk full"],"remedy":"make room"}}"#);
    }
}
