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
