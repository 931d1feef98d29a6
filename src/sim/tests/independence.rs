//! The simulators use nothing else of the crate.

use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_file_names_another_part_of_the_crate() {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim"), &mut found);
    assert!(found.len() > 30);
    let needle = ["crate", "::"].concat();
    for file in found {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices(&needle) {
            let rest = &text[at + needle.len()..];
            assert!(rest.starts_with("sim::"), "{}: {}", file.display(), rest.lines().next().unwrap());
        }
    }
}
