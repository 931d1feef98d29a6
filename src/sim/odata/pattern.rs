//! Text matching with wildcards, without case: `%` and `_` are live in Dataverse's string functions, `*` and `?` in Business Central's
//! equality.

/// The two wildcards of a dialect: any run of characters, and any one character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wildcards {
    pub(crate) run: char,
    pub(crate) one: char,
}

/// Returns whether the whole text matches.
pub(crate) fn matches(text: &str, pattern: &str, wildcards: Wildcards) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut at, mut next) = (0, 0);
    let mut last_run = None;
    while at < text.len() {
        match pattern.get(next) {
            Some(&character) if character == wildcards.run => {
                last_run = Some((next, at));
                next += 1;
            }
            Some(&character) if character == wildcards.one || character == text[at] => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((run, start)) = last_run else {
                    return false;
                };
                last_run = Some((run, start + 1));
                (at, next) = (start + 1, run + 1);
            }
        }
    }
    pattern[next..].iter().all(|character| *character == wildcards.run)
}

/// Returns whether the whole text matches a pattern of SQL: `%`, `_`, `[abc]`, `[a-z]` and `[^abc]`.
pub(crate) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern = parts(&pattern.to_lowercase());
    let (mut at, mut next) = (0, 0);
    let mut last_run = None;
    while at < text.len() {
        match pattern.get(next) {
            Some(Part::Run) => {
                last_run = Some((next, at));
                next += 1;
            }
            Some(part) if part.takes(text[at]) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((run, start)) = last_run else { return false };
                last_run = Some((run, start + 1));
                (at, next) = (start + 1, run + 1);
            }
        }
    }
    pattern[next..].iter().all(|part| *part == Part::Run)
}

/// A part of a pattern of SQL.
#[derive(Debug, PartialEq)]
enum Part {
    Run,
    Any,
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Part {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Run => false,
            Self::Any => true,
            Self::One(one) => *one == character,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
            }
        }
    }
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        found.push(match first {
            '%' => Part::Run,
            '_' => Part::Any,
            '[' if rest.contains(']') => {
                let (inside, after) = rest.split_once(']').unwrap_or((rest, ""));
                rest = after;
                class(inside)
            }
            one => Part::One(one),
        });
    }
    found
}

fn class(inside: &str) -> Part {
    let (negated, inside) = inside.strip_prefix('^').map_or((false, inside), |rest| (true, rest));
    let characters: Vec<char> = inside.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let last = characters.get(at + 2).filter(|_| characters.get(at + 1) == Some(&'-'));
        ranges.push((first, last.copied().unwrap_or(first)));
        at += if last.is_some() { 3 } else { 1 };
    }
    Part::Class { negated, ranges }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_sql_match_runs_characters_and_classes() {
        for (text, pattern, expected) in [
            ("Bon app", "b%p", true),
            ("Bon app", "b_n app", true),
            ("Bon app", "[a-c]on%", true),
            ("Bon app", "[^a-c]on%", false),
            ("Bon app", "%[xp]", true),
            ("100% [x", "100[%] [[]x", true),
            ("100 [x", "100[%] [x", false),
            ("a[b", "a[b", true),
            ("", "%", true),
            ("", "_", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
