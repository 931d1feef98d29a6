//! The folders are the architecture: this test reads the source and fails on an arrow that `docs/architecture.md` does not
//! draw.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails right there")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders in reading order. What stands lower may use what stands higher, never the other way round.
const FOLDERS: [&str; 13] = [
    "model", "mapping", "sync", "inbox", "schedule", "config", "store", "http", "systems", "agent", "web",
    "cli", "sim",
];

/// Folders that decide and therefore do nothing else.
const PURE: [&str; 5] = ["model", "mapping", "sync", "inbox", "schedule"];

/// What a pure folder must not name: runtimes, networks, stores, files, clocks, chance.
const IMPURE: [&str; 13] = [
    "tokio",
    "reqwest",
    "redb",
    "axum",
    "notify",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "new_v4",
];

/// Crates that one place names, so that replacing one is that place's work.
const ONE_PLACE: [(&str, &str); 16] = [
    ("reqwest", "src/http/"),
    ("rcgen", "src/http/"),
    ("p12_keystore", "src/http/auth/"),
    ("pkcs8", "src/http/auth/"),
    ("x509_parser", "src/http/auth/"),
    ("keshvar", "src/mapping/transform/country.rs"),
    ("nanohtml2text", "src/mapping/transform/html.rs"),
    ("regex", "src/mapping/transform/texts.rs"),
    ("keyring", "src/config/secret/"),
    ("redb", "src/store/"),
    ("bincode", "src/store/codec.rs"),
    ("notify", "src/agent/desk/watch.rs"),
    ("clap", "src/cli/"),
    ("indicatif", "src/cli/"),
    ("comfy_table", "src/cli/"),
    ("directories", "src/config/"),
];

struct Source {
    path: PathBuf,
    folder: Option<&'static str>,
    /// Without comments and without the tests at its end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_owned();
                let top = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
                let folder = FOLDERS.into_iter().find(|folder| *folder == top);
                sources.push(Source { code: code(&text), path, folder });
            }
        }
    }
    sources
}

/// Drops comments, and everything from the test module on.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = body.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the folders of this crate that a file names.
fn used(code: &str) -> BTreeSet<&'static str> {
    let flat: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut used = BTreeSet::new();
    for start in ["crate::", "tandem::"] {
        for (at, _) in flat.match_indices(start) {
            let rest = &flat[at + start.len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                // `use crate::{a::X, b}`: the first word of each member.
                Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
                None => vec![rest],
            };
            for name in names {
                let word = name.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
                used.extend(FOLDERS.into_iter().find(|folder| Some(*folder) == word));
            }
        }
    }
    used
}

fn place(folder: &str) -> usize {
    FOLDERS.iter().position(|known| *known == folder).unwrap()
}

#[test]
fn the_test_sees_the_tree() {
    let sources = sources();
    assert!(sources.len() > 100);
    let seen: BTreeSet<_> = sources.iter().filter_map(|source| source.folder).collect();
    assert_eq!(seen, BTreeSet::from(FOLDERS));
    let arrows: usize = sources.iter().map(|source| used(&source.code).len()).sum();
    assert!(arrows > 100, "{arrows}");
}

#[test]
fn the_folders_of_src_are_those_of_the_drawing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let architecture = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(FOLDERS.contains(&name) || ["lib.rs", "main.rs"].contains(&name), "{name} has no room");
        assert!(architecture.contains(name), "docs/architecture.md does not name {name}");
    }
}

#[test]
fn no_arrow_points_down() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(folder) = source.folder else { continue };
        for other in used(&source.code) {
            let is_allowed = match (folder, other) {
                _ if folder == other => true,
                // The simulators share nothing with the client, and only the command line starts them.
                ("sim", _) => false,
                (_, "sim") => folder == "cli",
                _ => place(other) < place(folder),
            };
            if !is_allowed {
                wrong.push(format!("{} uses {other}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_folders_touch_nothing() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !source.folder.is_some_and(|folder| PURE.contains(&folder)) {
            continue;
        }
        for name in IMPURE {
            if source.code.contains(name) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
        if source.code.contains("async fn") {
            wrong.push(format!("{} is async", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_outside_crate_has_its_one_place() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.to_str().unwrap();
        for (name, home) in ONE_PLACE {
            let names_it =
                source.code.contains(&format!("{name}::")) || source.code.contains(&format!("use {name};"));
            if names_it && !path.starts_with(home) && source.folder != Some("sim") {
                wrong.push(format!("{path} names {name}, whose place is {home}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a status of HTTP means for a row or a system is said by the dialects, in words of the port.
#[test]
fn no_status_of_a_service_is_judged_outside_its_client() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.folder.is_none_or(|folder| ["http", "systems", "web", "cli", "sim"].contains(&folder)) {
            continue;
        }
        for line in source.code.lines().filter(|line| line.contains("status")) {
            let mut numbers = line.split(|c: char| !c.is_ascii_digit());
            if numbers.any(|number| number.len() == 3) {
                wrong.push(format!("{}: {}", source.path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !fs::read_to_string(root.join(&source.path)).unwrap().starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn names_are_found_in_every_form_of_use() {
    let found = |code: &str| used(code).into_iter().collect::<Vec<_>>();
    assert_eq!(found("use crate::store::Store;"), ["store"]);
    assert_eq!(found("use crate::{\n    agent::Desk,\n    web,\n};"), ["agent", "web"]);
    assert_eq!(found("let x = crate::http::Loopback::new();"), ["http"]);
    assert_eq!(found("use crate::storehouse::X;"), [] as [&str; 0]);
}
