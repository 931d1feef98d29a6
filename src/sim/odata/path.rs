//! Path segments such as `accounts(accountnumber='A 1')`.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

/// One decoded path segment: a name and what stands in its parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) key: Option<Key>,
}

/// The key of a segment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    /// `()`.
    Empty,
    /// One unnamed value.
    Single(String),
    /// `name=value` pairs; quotes are gone.
    Named(Vec<(String, String)>),
}

impl Key {
    /// Returns the id if the key is one, named or not.
    pub(crate) fn id(&self, primary_id: &str) -> Option<Uuid> {
        match self {
            Self::Single(text) => Uuid::parse_str(text).ok(),
            Self::Named(pairs) => match pairs.as_slice() {
                [(name, text)] if name == primary_id => Uuid::parse_str(text).ok(),
                _ => None,
            },
            Self::Empty => None,
        }
    }
}

/// Decodes a path into segments; slashes inside quotes do not separate.
pub(crate) fn segments(path: &str) -> Vec<Segment> {
    let mut quoted = false;
    let parts = path.split(|character| {
        quoted ^= character == '\'';
        character == '/' && !quoted
    });
    parts.filter(|part| !part.is_empty()).map(segment).collect()
}

fn segment(part: &str) -> Segment {
    let part = percent_decode_str(part).decode_utf8_lossy();
    let Some((name, rest)) = part.split_once('(') else {
        return Segment { name: part.into_owned(), key: None };
    };
    let inside = rest.strip_suffix(')').unwrap_or(rest);
    Segment { name: name.to_owned(), key: Some(key(inside)) }
}

fn key(inside: &str) -> Key {
    if inside.trim().is_empty() {
        return Key::Empty;
    }
    let mut quoted = false;
    let parts = inside.split(|character| {
        quoted ^= character == '\'';
        character == ',' && !quoted
    });
    let pairs: Vec<_> = parts.map(named).collect();
    match pairs.as_slice() {
        [(None, value)] => Key::Single(value.clone()),
        _ => Key::Named(pairs.into_iter().map(|(name, value)| (name.unwrap_or_default(), value)).collect()),
    }
}

fn named(part: &str) -> (Option<String>, String) {
    let before_quote = part.split('\'').next().unwrap_or_default();
    match before_quote.split_once('=') {
        Some((name, _)) => (Some(name.trim().to_owned()), unquoted(&part[name.len() + 1..])),
        None => (None, unquoted(part)),
    }
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("''", "'"))
}
