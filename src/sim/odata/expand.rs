//! `$expand`: navigation properties, each with the options in its parentheses.

/// One navigation property to show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expand {
    pub(crate) navigation: String,
    options: Vec<(String, String)>,
}

impl Expand {
    /// Returns an option such as `$select`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }

    /// Returns the options as sent.
    pub(crate) fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the first option that is none of these.
    pub(crate) fn other_than(&self, names: &[&str]) -> Option<&str> {
        let mut sent = self.options.iter().map(|(option, _)| option.as_str());
        sent.find(|option| !names.contains(option))
    }
}

/// Reads an `$expand`; `None` if it is malformed.
pub(crate) fn expand(text: Option<&str>) -> Option<Vec<Expand>> {
    split(text.unwrap_or_default(), ',')?.into_iter().map(part).collect()
}

fn part(text: &str) -> Option<Expand> {
    let (navigation, inside) = match text.split_once('(') {
        Some((navigation, rest)) => (navigation, rest.strip_suffix(')')?),
        None => (text, ""),
    };
    let options = split(inside, ';')?.into_iter().map(|option| {
        let (name, value) = option.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    Some(Expand { navigation: navigation.trim().to_owned(), options: options.collect::<Option<_>>()? })
}

/// Splits at a separator outside quotes and parentheses; `None` if these do not close.
pub(crate) fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut depth, mut start) = (false, 0_usize, 0);
    let mut parts = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            _ if character == separator && !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    (!quoted && depth == 0).then(|| parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_belong_to_the_parentheses_they_stand_in() {
        let parts = expand(Some("a, b($select=x,y;$filter=t eq ');,';$expand=c($select=z))")).unwrap();
        assert_eq!((parts.len(), parts[0].navigation.as_str()), (2, "a"));
        assert_eq!((parts[1].navigation.as_str(), parts[1].get("$select")), ("b", Some("x,y")));
        assert_eq!(parts[1].get("$filter"), Some("t eq ');,'"));
        assert_eq!(parts[1].get("$expand"), Some("c($select=z)"));
        assert_eq!(parts[1].other_than(&["$select", "$expand"]), Some("$filter"));
        assert_eq!(expand(None), Some(Vec::new()));
    }

    #[test]
    fn what_does_not_close_is_refused() {
        for text in ["a(", "a)", "a($select=x", "a($filter=t eq 'x)", "a($select)", "a(b)c"] {
            assert_eq!(expand(Some(text)), None, "{text}");
        }
    }
}
