//! Why no usable answer came, and whether the request may have been applied.

use std::time::Duration;

/// Why no usable answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("{detail}")]
    Configuration { detail: String },
    /// The request did not leave: no route, no name, no connection, no TLS, no token.
    #[error("{detail}")]
    NotSent { detail: String },
    /// The request left, and no whole answer came back.
    #[error("no answer: {detail}")]
    NoAnswer { detail: String },
    /// The request left, and no whole answer came in the time that is waited for one.
    #[error("no answer in time")]
    TimedOut,
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// A link in an answer leads away from the connection's own server.
    #[error("a link leads to {found} instead of {expected}; the sign-in is not sent there")]
    ForeignLink { expected: String, found: String },
    #[error("{detail}")]
    SignIn { detail: String },
    /// The sign-in service asks us to come back later.
    #[error("the sign-in service is not available (HTTP {status})")]
    SignInUnavailable { status: u16, retry_after: Option<Duration> },
    /// The service asked for a pause, and it is not over.
    #[error("the service asked for a pause; it lasts {} s more", wait.as_secs())]
    Paused { wait: Duration },
    /// The day's budget of the settings is used up.
    #[error("the day's budget of requests is used up for {} s more", wait.as_secs())]
    DayUsedUp { wait: Duration },
}

impl HttpError {
    /// Returns whether it is certain that the request was not applied.
    #[must_use]
    pub const fn is_certainly_not_applied(&self) -> bool {
        match self {
            Self::Configuration { .. }
            | Self::NotSent { .. }
            | Self::ForeignLink { .. }
            | Self::SignIn { .. }
            | Self::SignInUnavailable { .. }
            | Self::Paused { .. }
            | Self::DayUsedUp { .. } => true,
            Self::NoAnswer { .. } | Self::TimedOut | Self::TooLarge { .. } => false,
        }
    }

    /// Returns whether time alone may heal it.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::NotSent { .. }
            | Self::NoAnswer { .. }
            | Self::TimedOut
            | Self::SignInUnavailable { .. }
            | Self::Paused { .. }
            | Self::DayUsedUp { .. } => true,
            Self::Configuration { .. }
            | Self::TooLarge { .. }
            | Self::ForeignLink { .. }
            | Self::SignIn { .. } => false,
        }
    }

    pub(super) fn from_reqwest(error: reqwest::Error) -> Self {
        let not_sent = error.is_connect() || error.is_builder();
        let timed_out = error.is_timeout();
        if timed_out && !not_sent {
            return Self::TimedOut;
        }
        let mut detail = if timed_out { "timed out".to_owned() } else { String::new() };
        // The address is left out: its query may hold row contents.
        let error = error.without_url();
        let mut source = Some(&error as &dyn std::error::Error);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !detail.contains(&text) {
                if !detail.is_empty() {
                    detail.push_str(": ");
                }
                detail.push_str(&text);
            }
            source = cause.source();
        }
        if not_sent { Self::NotSent { detail } } else { Self::NoAnswer { detail } }
    }
}
