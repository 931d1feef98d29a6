//! When what a connection signs in with runs out: a certificate tells it by itself, a secret's date people note.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Check, Finding, System, Verdict};
use crate::config::{ConnectionSettings, SignIn};

/// How long before its end a credential is warned of.
const EARLY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a connection signs in with, and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    credential: Credential,
    end: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    Certificate,
    Secret,
}

impl Expiry {
    /// Returns the end of what a system signs in with, where it is known.
    pub fn of(system: &dyn System, settings: &ConnectionSettings) -> Option<Self> {
        if let SignIn::ClientSecret { secret_expires: Some(day), .. } = &settings.sign_in {
            let end = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
            return Some(Self { credential: Credential::Secret, end });
        }
        let end = system.line().credential_end?;
        Some(Self { credential: Credential::Certificate, end })
    }

    /// Says how long it is valid, and what to do where that is not long.
    #[must_use]
    pub fn finding(self, now: Timestamp) -> Finding {
        let day = self.end.strftime("%Y-%m-%d");
        let (name, remedy) = match self.credential {
            Credential::Certificate => (
                "certificate",
                "make another with `tandem certificate new`, have it registered, and take it with \
                 `tandem certificate accept`",
            ),
            Credential::Secret => (
                "client secret",
                "create another one in Entra, put it where `client_secret` points to, and set `secret_expires`; or move \
                 to a certificate with `tandem connection upgrade`",
            ),
        };
        let left = self.end.duration_since(now);
        if left.is_negative() || left.is_zero() {
            let found = format!("the {name} ran out on {day}");
            return Finding::bad(Check::Credential, Verdict::Wrong, found, remedy);
        }
        if left.unsigned_abs() > EARLY {
            return Finding::good(Check::Credential, format!("the {name} is valid until {day}"));
        }
        let days = left.as_hours() / 24;
        let found = format!("the {name} runs out on {day}, in {days} days");
        Finding::bad(Check::Credential, Verdict::Warning, found, remedy)
    }

    /// Says in one line that it runs out soon or has run out; nothing where there is time.
    #[must_use]
    pub fn warning(self, connection: &str, now: Timestamp) -> Option<String> {
        let finding = self.finding(now);
        (finding.verdict != Verdict::Good)
            .then(|| format!("{connection}: {}; {}", finding.found, finding.remedy.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_warned_of_for_its_last_thirty_days() {
        let end: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
        let expiry = Expiry { credential: Credential::Certificate, end };
        let check = |now: &str| {
            let finding = expiry.finding(now.parse().unwrap());
            (finding.verdict, finding.found)
        };
        assert_eq!(
            check("2027-01-29T23:59:59Z"),
            (Verdict::Good, "the certificate is valid until 2027-03-01".to_owned())
        );
        assert_eq!(
            check("2027-01-30T00:00:00Z"),
            (Verdict::Warning, "the certificate runs out on 2027-03-01, in 30 days".to_owned())
        );
        assert_eq!(check("2027-02-28T23:00:00Z").1, "the certificate runs out on 2027-03-01, in 0 days");
        assert_eq!(
            check("2027-03-01T00:00:00Z"),
            (Verdict::Wrong, "the certificate ran out on 2027-03-01".to_owned())
        );
        let secret = Expiry { credential: Credential::Secret, end };
        let now = "2027-02-20T00:00:00Z".parse().unwrap();
        let warning = secret.warning("crm", now).unwrap();
        assert!(
            warning.starts_with("crm: the client secret runs out on 2027-03-01, in 9 days; "),
            "{warning}"
        );
        assert_eq!(secret.warning("crm", Timestamp::UNIX_EPOCH), None);
    }
}
