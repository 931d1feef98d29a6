//! The fields of a connection string, by the rules of ADO.NET: names in any case, values quoted where they need it, the
//! last of several wins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::ConnectionStringError;

/// A field that Tandem reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    AuthType,
    Url,
    ClientId,
    ClientSecret,
    Thumbprint,
    Username,
    Password,
}

/// All names of a field, in lower case and without blanks; the first one is shown.
const NAMES: [(Field, &str, &[&str]); 7] = [
    (Field::AuthType, "AuthType", &["authtype", "authenticationtype"]),
    (Field::Url, "Url", &["url", "serviceuri", "server"]),
    (Field::ClientId, "ClientId", &["clientid", "appid", "applicationid"]),
    (Field::ClientSecret, "ClientSecret", &["clientsecret", "secret"]),
    (Field::Thumbprint, "Thumbprint", &["thumbprint", "certthumbprint", "certificatethumbprint"]),
    (Field::Username, "Username", &["username", "userid"]),
    (Field::Password, "Password", &["password"]),
];

/// Fields that are known and mean nothing to Tandem.
const WITHOUT_MEANING: [&str; 9] = [
    "redirecturi",
    "replyurl",
    "loginprompt",
    "tokencachestorepath",
    "requirenewinstance",
    "skipdiscovery",
    "storename",
    "certificatestorename",
    "domain",
];

/// The fields of one connection string. Not `Debug`: values may be secrets.
pub(super) struct Fields {
    values: BTreeMap<Field, String>,
    unknown: BTreeSet<String>,
}

impl Fields {
    pub(super) fn read(text: &str) -> Result<Self, ConnectionStringError> {
        let mut fields = Self { values: BTreeMap::new(), unknown: BTreeSet::new() };
        let mut rest = text.trim_start_matches([';', ' ', '\r', '\n', '\t']);
        while !rest.is_empty() {
            let at = text.chars().count() - rest.chars().count() + 1;
            let (name, value, after) = pair(rest).ok_or(ConnectionStringError::Malformed { at })?;
            fields.add(&name, value);
            rest = after.trim_start_matches([';', ' ', '\r', '\n', '\t']);
        }
        Ok(fields)
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.values.contains_key(&field)
    }

    /// Returns a value that is there and no placeholder.
    pub(super) fn value(&self, field: Field) -> Result<&str, ConnectionStringError> {
        let value = self.values.get(&field).map_or("", String::as_str);
        if value.is_empty() {
            return Err(ConnectionStringError::Missing(field));
        }
        if value.starts_with('{') && value.ends_with('}') {
            return Err(ConnectionStringError::Placeholder(field));
        }
        Ok(value)
    }

    /// Lists what was left out. Values never show, and neither do names that are long enough to be a torn secret.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |name: &String| format!("{name} is left out: Tandem has no such setting");
        self.unknown.iter().map(note).collect()
    }

    fn add(&mut self, name: &str, value: String) {
        let plain: String = name.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        if let Some((field, ..)) = NAMES.iter().find(|(_, _, names)| names.contains(&plain.as_str())) {
            self.values.insert(*field, value);
        } else if !WITHOUT_MEANING.contains(&plain.as_str()) {
            let is_word = name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
            self.unknown.insert(if is_word { name.to_owned() } else { "a part of it".to_owned() });
        }
    }
}

/// Reads one `name=value`. In a name, `==` is an equals sign.
fn pair(text: &str) -> Option<(String, String, &str)> {
    let mut at = 0;
    loop {
        at += text[at..].find('=')?;
        if text[at + 1..].starts_with('=') {
            at += 2;
        } else {
            break;
        }
    }
    let name = text[..at].trim().replace("==", "=");
    let value = text[at + 1..].trim_start_matches([' ', '\t']);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, rest) = match quote {
        Some(quote) => quoted(&value[1..], quote)?,
        None => {
            let end = value.find(';').unwrap_or(value.len());
            (value[..end].trim().to_owned(), &value[end..])
        }
    };
    (!name.is_empty()).then_some((name, value, rest))
}

/// Reads up to the closing quote; a doubled quote stands for one. After it only the end of the field may come.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(quote)?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(quote) {
            Some(after) => {
                value.push(quote);
                rest = after;
            }
            None => break,
        }
    }
    let after = rest.trim_start();
    (after.is_empty() || after.starts_with(';')).then_some((value, after))
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(field, ..)| field == self).map_or("", |(_, name, _)| name);
        f.write_str(name)
    }
}
