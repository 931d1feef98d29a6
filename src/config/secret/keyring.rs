//! The keyring of the user's session: Keychain, Credential Manager, or the Secret Service of a desktop.

use std::thread;

use keyring::{Entry, Error};

use super::{Secret, SecretError};

/// The name under which keyrings list what Tandem keeps there.
const SERVICE: &str = "tandem";

pub(super) fn read(name: &str) -> Result<Secret, SecretError> {
    ask(name, |entry| entry.get_password().map(|text| Secret::new(&text)))
}

pub(super) fn write(name: &str, secret: &Secret) -> Result<(), SecretError> {
    ask(name, |entry| entry.set_password(secret.reveal()))
}

/// Asks on a thread of its own: the Secret Service's client waits for itself, which a thread of a runtime must not.
fn ask<T: Send>(
    name: &str,
    question: impl FnOnce(&Entry) -> Result<T, Error> + Send,
) -> Result<T, SecretError> {
    let answer = thread::scope(|scope| {
        scope.spawn(|| Entry::new(SERVICE, name).and_then(|entry| question(&entry))).join()
    });
    match answer {
        Ok(answer) => answer.map_err(|error| explain(name, error)),
        Err(_) => Err(explain(name, Error::NoDefaultStore)),
    }
}

fn explain(name: &str, error: Error) -> SecretError {
    match error {
        Error::NoEntry => SecretError::NotInKeyring(name.to_owned()),
        Error::NoStorageAccess(source) | Error::PlatformFailure(source) => {
            SecretError::NoKeyring { problem: source.to_string() }
        }
        // Others could carry what was read.
        Error::NoDefaultStore => SecretError::NoKeyring { problem: "none is running".to_owned() },
        _ => SecretError::NoKeyring { problem: "it holds something that is not one text".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_keyring_and_a_missing_entry_say_what_to_do() {
        let missing = explain("erp", Error::NoEntry).to_string();
        assert!(missing.contains("`erp`") && missing.contains("service `tandem`"), "{missing}");
        let none = explain("erp", Error::NoDefaultStore).to_string();
        assert!(none.contains("no keyring") && none.contains("file:PATH"), "{none}");
        let binary = explain("erp", Error::BadEncoding(b"hunter2".to_vec())).to_string();
        assert!(!binary.contains("hunter2"), "{binary}");
    }
}
