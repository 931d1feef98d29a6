//! Proposing the word that somebody may have meant.

/// Further away than that, a word is another one.
const FURTHEST: usize = 3;

/// Adds the nearest of some words to a message, if one is near.
pub fn or_nearest<'a>(problem: String, word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(word, known) {
        Some(known) => format!("{problem}; did you mean {known}?"),
        None => problem,
    }
}

/// Returns the nearest of some words, if one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Of a short word, half is another word.
    let furthest = FURTHEST.min(word.chars().count() / 2);
    let near = known.into_iter().map(|known| (distance(known, word), known));
    near.filter(|(distance, _)| *distance <= furthest).min().map(|(_, known)| known)
}

/// Returns how many single-character edits lie between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut current = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = previous[j] + usize::from(x != *y);
            current.push(replaced.min(previous[j + 1] + 1).min(current[j] + 1));
        }
        previous = current;
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_names_is_the_number_of_edits() {
        for (a, b, expected) in [
            ("name", "NAME", 0),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("", "abc", 3),
            ("abc", "", 3),
            ("city", "cities", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }
}
