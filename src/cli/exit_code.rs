//! The exit codes of the program. They are stable: scripts rely on them.

use crate::agent::{ErrorKind, Failure, Health};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExitCode {
    Success,
    /// A part of the work failed, or something unexpected happened.
    Failure,
    Usage,
    Configuration,
    Store,
    NeedsPerson,
    System,
}

impl ExitCode {
    const ALL: [Self; 7] = [
        Self::Success,
        Self::Failure,
        Self::Usage,
        Self::Configuration,
        Self::Store,
        Self::NeedsPerson,
        Self::System,
    ];

    /// Returns the number the operating system gets.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Store => 4,
            Self::NeedsPerson => 5,
            Self::System => 6,
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done",
            Self::Failure => "a part failed, or something unexpected happened",
            Self::Usage => "the command makes no sense as typed",
            Self::Configuration => "tandem.toml or a mapping file has to be corrected",
            Self::Store => "the store cannot be used",
            Self::NeedsPerson => "a person has to agree or answer first",
            Self::System => "a system cannot be reached or refused",
        }
    }

    /// Returns how `status` ends: waiting for answers is no failure, a mapping that nothing is written of needs a person.
    pub(super) const fn of_health(health: Health) -> Self {
        match health {
            Health::Ok | Health::StandingStill | Health::WaitingForPeople => Self::Success,
            Health::Braked | Health::Stopped => Self::NeedsPerson,
            Health::Retrying | Health::Failing | Health::Stalled => Self::Failure,
        }
    }

    /// Returns how a run ends that left these failures, and perhaps plans that wait: as they are, if all are alike.
    pub(super) fn of_run(failures: &[Failure], is_braked: bool) -> Self {
        let failures = failures.iter().map(|failure| Self::from(failure.kind));
        let mut kinds = failures.chain(is_braked.then_some(Self::NeedsPerson));
        match kinds.next() {
            None => Self::Success,
            Some(first) if kinds.all(|kind| kind == first) => first,
            Some(_) => Self::Failure,
        }
    }
}

impl From<ErrorKind> for ExitCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage => Self::Usage,
            ErrorKind::Configuration => Self::Configuration,
            ErrorKind::Store => Self::Store,
            ErrorKind::NeedsPerson => Self::NeedsPerson,
            ErrorKind::System => Self::System,
        }
    }
}

/// Lists the exit codes for the help.
pub(super) fn help() -> String {
    let mut text = "Exit codes:".to_owned();
    for code in ExitCode::ALL {
        text = format!("{text}\n  {}  {}", code.number(), code.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kinds: &[ErrorKind], expected: ExitCode) {
        let failure = |&kind: &ErrorKind| Failure {
            mapping: None,
            problem: "what happened".to_owned(),
            remedy: None,
            transient: false,
            kind,
        };
        let failures: Vec<_> = kinds.iter().map(failure).collect();
        assert_eq!(ExitCode::of_run(&failures, false), expected, "{failures:?}");
    }

    #[test]
    fn a_run_ends_with_what_its_failures_have_in_common() {
        check(&[], ExitCode::Success);
        check(&[ErrorKind::System], ExitCode::System);
        check(&[ErrorKind::Configuration], ExitCode::Configuration);
        check(&[ErrorKind::NeedsPerson, ErrorKind::NeedsPerson], ExitCode::NeedsPerson);
        check(&[ErrorKind::System, ErrorKind::Configuration], ExitCode::Failure);
        assert_eq!(ExitCode::of_run(&[], true), ExitCode::NeedsPerson);
    }

    #[test]
    fn the_numbers_are_stable() {
        insta::assert_snapshot!(help(), @r#"
        Exit codes:
          0  done
          1  a part failed, or something unexpected happened
          2  the command makes no sense as typed
          3  tandem.toml or a mapping file has to be corrected
          4  the store cannot be used
          5  a person has to agree or answer first
          6  a system cannot be reached or refused
        "#);
    }
}
