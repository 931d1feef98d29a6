//! The query string: names and values raw or percent-encoded, a blank as `%20` or `+`.

use percent_encoding::percent_decode_str;

/// The decoded query options of one request, with what was sent kept for links.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    name: String,
    value: String,
    sent: String,
}

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|sent| {
            let (name, value) = sent.split_once('=').unwrap_or((sent, ""));
            Pair { name: decode(name), value: decode(value), sent: sent.to_owned() }
        });
        Self { pairs: pairs.collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|pair| pair.name == name).map(|pair| pair.value.as_str())
    }

    /// Returns an option with its parameter aliases (`@n`) replaced; an alias without a value is null.
    pub(crate) fn with_aliases(&self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        let mut quoted = false;
        let mut replaced = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            quoted ^= first == '\'';
            let end = if first == '@' && !quoted { word_end(rest) } else { first.len_utf8() };
            let (part, after) = rest.split_at(end);
            if part.len() > 1 && part.starts_with('@') {
                replaced.push_str(self.get(part).unwrap_or("null"));
            } else {
                replaced.push_str(part);
            }
            rest = after;
        }
        Some(replaced)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the options as sent, without those named.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|pair| !names.contains(&pair.name.as_str()));
        kept.map(|pair| pair.sent.as_str()).collect::<Vec<_>>().join("&")
    }
}

/// Returns where an alias ends.
fn word_end(text: &str) -> usize {
    let end = text[1..].find(|character: char| !character.is_alphanumeric() && character != '_');
    end.map_or(text.len(), |end| end + 1)
}

/// Decodes a query part.
fn decode(text: &str) -> String {
    let blanks = text.replace('+', " ");
    percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
}

/// Encodes a value for a link.
pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
