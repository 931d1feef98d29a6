//! Which test shows which invariant: doc comments of tests name them, and every invariant of `docs/invariants.md` needs one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails right there")]
#![expect(clippy::print_stdout, reason = "prints the table it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Invariants by number, each with its short title.
type Invariants = BTreeMap<u32, String>;

/// Invariants whose tests are still on their way.
const OWED: [u32; 0] = [];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads lines of the form `- **I1 No lost update.** …`.
fn invariants(text: &str) -> Invariants {
    let titled = |line: &str| {
        let (name, _) = line.strip_prefix("- **I")?.split_once(".**")?;
        let (number, title) = name.split_once(' ')?;
        Some((number.parse().ok()?, title.to_owned()))
    };
    text.lines().filter_map(titled).collect()
}

fn source_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the tests of a file, each with the invariants its doc comment names.
fn tests(source: &str) -> Vec<(String, BTreeSet<u32>)> {
    let (mut found, mut comment, mut is_test) = (Vec::new(), String::new(), false);
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
        } else if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else {
            let name = line.trim_start_matches("async ").strip_prefix("fn ");
            if let Some(name) = name.filter(|_| is_test) {
                let name = name.split('(').next().unwrap_or_default();
                found.push((name.to_owned(), named(&comment)));
            }
            comment.clear();
            is_test = false;
        }
    }
    found
}

/// Returns the invariants a comment names, one by one or as a range such as `I5–I7`.
fn named(comment: &str) -> BTreeSet<u32> {
    let mut named = BTreeSet::new();
    let (mut last, mut gap) = (None, "");
    let mut rest = comment;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let number: Option<u32> = word.strip_prefix('I').and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            let is_range = ["–", "-"].contains(&gap);
            named.extend(last.filter(|_| is_range).unwrap_or(number)..=number);
        }
        last = number;
        (gap, rest) = after.split_at(after.find(char::is_alphanumeric).unwrap_or(after.len()));
    }
    named
}

#[test]
fn every_invariant_is_shown_by_a_test() {
    let invariants = invariants(&fs::read_to_string(root().join("docs/invariants.md")).unwrap());
    let numbers: Vec<_> = invariants.keys().copied().collect();
    assert_eq!(numbers, (1..=38).collect::<Vec<_>>(), "docs/invariants.md lists others");
    let mut shown: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for path in source_files() {
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        for (test, named) in tests(&fs::read_to_string(&path).unwrap()) {
            for number in named {
                shown.entry(number).or_default().push(format!("{place} {test}"));
            }
        }
    }
    print_table(&invariants, &shown);
    let unknown: Vec<_> = shown.iter().filter(|(number, _)| !invariants.contains_key(number)).collect();
    assert!(unknown.is_empty(), "tests name invariants that nobody knows: {unknown:#?}");
    let unshown: Vec<_> = invariants
        .iter()
        .filter(|(number, _)| !shown.contains_key(number) && !OWED.contains(number))
        .collect();
    assert!(unshown.is_empty(), "no test shows {unshown:#?}");
}

/// Prints how many tests show each invariant, past the harness, which keeps to itself what tests that pass print; and all
/// their names where it does not.
fn print_table(invariants: &Invariants, shown: &BTreeMap<u32, Vec<String>>) {
    let mut counts = String::new();
    for (number, title) in invariants {
        let tests = shown.get(number).map_or(&[][..], Vec::as_slice);
        counts.push_str(&format!("I{number:<3} {title:<36} {:>3} tests\n", tests.len()));
        println!("I{number} {title}");
        for test in tests {
            println!("    {test}");
        }
    }
    std::io::stdout().write_all(counts.as_bytes()).unwrap();
}

#[test]
fn names_are_found_singly_in_lists_and_in_ranges() {
    let found = |comment: &str| named(comment).into_iter().collect::<Vec<_>>();
    assert_eq!(found("I7: disjoint edits merge"), [7]);
    assert_eq!(found("I1, I3 and I20"), [1, 3, 20]);
    assert_eq!(found("I5–I7, I10-I12"), [5, 6, 7, 10, 11, 12]);
    assert_eq!(found("AI5 II6 I I/O In 7"), [] as [u32; 0]);
}

#[test]
fn only_tests_count() {
    let source = "/// I1\nfn helper() {}\n\n/// I2\n#[test]\nfn one() {}\n/// I3: so\n/// and I4\n\
                  #[tokio::test(flavor = \"x\")]\nasync fn two() {}\n#[test]\nfn three() {}\n";
    let found = tests(source);
    let expected = [("one", vec![2]), ("two", vec![3, 4]), ("three", vec![])];
    assert_eq!(found, expected.map(|(name, numbers)| (name.to_owned(), numbers.into_iter().collect())));
}
