//! The inbox file on disk: read with an editor's habits in mind, written without losing an edit.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tracing::info;

use crate::agent::engine::Engine;
use crate::agent::plan::conflicts::{self, Answered};
use crate::inbox::{self, FaceKind, Faces, FieldFace, Names, Parsed};
use crate::mapping::FieldKind;
use crate::model::{Answer, AnswerPlace, Conflict, ConflictKind, MappingName, RowId, Side, Value};
use crate::store::{Snapshot, StoreError};

use super::files::Files;

/// How often a rewrite is repeated when somebody saves at the same time.
const MAX_TRIES: usize = 5;

/// Why the inbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    #[error("cannot {what} the inbox {}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{} is not text: nothing in it was touched; rename or remove it, and Tandem writes it anew", .0.display()
    )]
    NotText(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a look at the inbox gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxNews {
    /// Answers that were taken and not known before.
    pub answers: usize,
    /// What was not understood: line, text, what to do.
    pub problems: Vec<String>,
    /// There is a file, and nothing in it.
    pub is_empty: bool,
}

/// Takes new answers from the file, and rewrites it so that it shows the open conflicts. A file that is empty all of a
/// sudden is half saved: it is left alone, unless `was_empty` says that it was so before.
pub fn exchange(engine: &Engine, files: &dyn Files, was_empty: bool) -> Result<InboxNews, InboxError> {
    rewrite(engine, files, true, was_empty)
}

/// Rewrites the file so that it shows what is stored, answers too, whatever stands in it.
pub fn show(engine: &Engine, files: &dyn Files) -> Result<InboxNews, InboxError> {
    rewrite(engine, files, false, false)
}

fn rewrite(
    engine: &Engine,
    files: &dyn Files,
    takes: bool,
    was_empty: bool,
) -> Result<InboxNews, InboxError> {
    let path = engine.config().inbox_file();
    let names = names(engine);
    let mut news = InboxNews::default();
    for _ in 0..MAX_TRIES {
        let text = read(files, &path)?;
        let open = engine.store().snapshot()?.conflicts()?;
        let faces = faces(engine, &open)?;
        let parsed = match &text {
            Some(text) => inbox::parse(text, &open, &faces, &names),
            None => Parsed::default(),
        };
        if takes {
            news.answers += take(engine, &parsed)?;
        }
        news.problems = problems(&path, &parsed);
        news.is_empty = text.as_ref().is_some_and(|text| text.trim().is_empty());
        let open = engine.store().snapshot()?.conflicts()?;
        let is_worth_a_file = !open.is_empty() || text.is_some();
        let is_half_saved = news.is_empty && !was_empty;
        if !is_worth_a_file || is_half_saved || is_strange(text.as_deref(), &parsed, &open) {
            return Ok(news);
        }
        let page = inbox::render(&open, &faces, &names, &parsed.notes);
        if text.as_deref() == Some(page.as_str()) {
            return Ok(news);
        }
        if put(files, &path, &page, text.as_deref())? {
            info!(conflicts = open.len(), "Inbox written");
            return Ok(news);
        }
        // Somebody saved in between: what they wrote is what counts.
    }
    Ok(news)
}

/// A file that shows none of the open conflicts and cannot be read is somebody's accident: it is reported, not replaced.
fn is_strange(text: Option<&str>, parsed: &Parsed, open: &[Conflict]) -> bool {
    let Some(text) = text else { return false };
    !parsed.problems.is_empty()
        && !open.is_empty()
        && !open.iter().any(|conflict| text.contains(&format!("\"{}\"", conflict.id)))
        && !text.contains("[[conflict]]")
}

fn take(engine: &Engine, parsed: &Parsed) -> Result<usize, StoreError> {
    let mut taken = 0;
    let mut transaction = engine.store().transaction()?;
    for answered in &parsed.answers {
        let known = transaction.conflict(answered.conflict)?.and_then(|conflict| conflict.answer);
        let outcome = conflicts::answer(
            &mut transaction,
            answered.conflict,
            Some(&answered.stamp),
            &answered.answer,
            AnswerPlace::Inbox,
        )?;
        let is_news = match &answered.answer {
            Answer::Later => known.is_some(),
            answer => known.as_ref() != Some(answer),
        };
        taken += usize::from(outcome == Answered::Accepted && is_news);
    }
    transaction.commit()?;
    Ok(taken)
}

fn problems(path: &Path, parsed: &Parsed) -> Vec<String> {
    let file = path.display();
    parsed
        .problems
        .iter()
        .map(|problem| {
            format!("{file}, line {}: \"{}\": {}", problem.line, problem.text, problem.explanation)
        })
        .collect()
}

/// Returns the file's text, without byte order mark and whatever its encoding. The text keeps its line ends.
pub fn read(files: &dyn Files, path: &Path) -> Result<Option<String>, InboxError> {
    match files.read(path) {
        Ok(bytes) => decode(&bytes).map(Some).ok_or_else(|| InboxError::NotText(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InboxError::Io { what: "read", path: path.to_owned(), source }),
    }
}

fn decode(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        bytes if bytes.contains(&0) => None,
        bytes => String::from_utf8(bytes.to_vec()).ok(),
    }
}

/// Puts the page in the file's place in one step, if the file still is as it was read. Returns whether it did; a file
/// that somebody saved, or is saving, in between stands as it is.
fn put(files: &dyn Files, path: &Path, page: &str, was: Option<&str>) -> Result<bool, InboxError> {
    let io = |source| InboxError::Io { what: "write", path: path.to_owned(), source };
    let temporary = files.write_beside(path, page).map_err(io)?;
    let is_done = put_in_place(files, &temporary, path, page, was).map_err(io)?;
    // It holds the displaced file, or the page that found no place. After a failure the next start looks at it.
    let _ = files.remove(&temporary);
    Ok(is_done)
}

fn put_in_place(
    files: &dyn Files,
    temporary: &Path,
    path: &Path,
    page: &str,
    was: Option<&str>,
) -> io::Result<bool> {
    if was.is_none() {
        return match files.rename_new(temporary, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        };
    }
    let stands =
        |path: &Path, text: Option<&str>| matches!(read(files, path), Ok(found) if found.as_deref() == text);
    match files.swap(temporary, path) {
        Ok(()) if stands(temporary, was) => Ok(true),
        Ok(()) => {
            files.swap(temporary, path)?;
            if !stands(temporary, Some(page)) {
                // Saved once more meanwhile: the newest is the one that was put over ours.
                files.swap(temporary, path)?;
            }
            Ok(false)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(_) if stands(path, was) => files.replace(temporary, path).map(|()| true),
        Err(_) => Ok(false),
    }
}

/// Returns the names of the two sides.
pub fn names(engine: &Engine) -> Names {
    let settings = &engine.config().settings;
    Names { left: settings.left.clone(), right: settings.right.clone() }
}

/// Returns how the fields of these conflicts are shown.
pub fn faces(engine: &Engine, conflicts: &[Conflict]) -> Result<Faces, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let mut faces = Faces::new();
    for mapping in &engine.config().mappings {
        let mut fields = BTreeMap::new();
        for field in &mapping.fields {
            let kind = match &field.kind {
                FieldKind::Text | FieldKind::Code => FaceKind::Text,
                FieldKind::Number { .. } => FaceKind::Number,
                FieldKind::Flag => FaceKind::Flag,
                FieldKind::Date => FaceKind::Date,
                FieldKind::Instant => FaceKind::Instant,
                FieldKind::Row => FaceKind::Reference(BTreeMap::new()),
                FieldKind::Lookup(lookup) => {
                    let mut names = BTreeMap::new();
                    for target in &lookup.mappings {
                        names.extend(row_names(&snapshot, target, conflicts)?);
                    }
                    FaceKind::Reference(names)
                }
            };
            let label = field.id.to_string();
            fields.insert(field.id.clone(), FieldFace { label, kind });
        }
        faces.insert(mapping.name.clone(), fields);
    }
    Ok(faces)
}

/// Names the rows that values of these conflicts point to.
fn row_names(
    snapshot: &Snapshot,
    target: &MappingName,
    conflicts: &[Conflict],
) -> Result<BTreeMap<RowId, String>, StoreError> {
    let mut names = BTreeMap::new();
    let fields = conflicts.iter().filter_map(|conflict| match &conflict.kind {
        ConflictKind::Fields(fields) => Some(fields),
        ConflictKind::Deleted { .. } => None,
    });
    for field in fields.flatten() {
        for value in field.base.iter().chain([&field.values.left, &field.values.right]) {
            if let Value::Reference(row) = value
                && let Some(coupling) = snapshot.coupling_of(target, Side::Left, row)?
            {
                names.insert(row.clone(), coupling.label);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;
    use crate::agent::desk::files::LocalFiles;

    fn put(path: &Path, page: &str, was: Option<&str>) -> Result<bool, InboxError> {
        super::put(&LocalFiles, path, page, was)
    }

    #[test]
    fn editors_encodings_are_read() {
        assert_eq!(decode("\u{feff}a".as_bytes()).unwrap(), "\u{feff}a");
        assert_eq!(decode(&[0xff, 0xfe, b'a', 0, 0xfc, 0]).unwrap(), "aü");
        assert_eq!(decode(&[b'a', 0, 1]), None);
        assert_eq!(decode(&[0xc3, 0x28]), None);
    }

    #[test]
    fn a_page_replaces_only_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.toml");
        assert!(put(&path, "one", None).unwrap());
        assert!(!put(&path, "two", None).unwrap(), "there is a file by now");
        assert!(put(&path, "two", Some("one")).unwrap());
        assert!(!put(&path, "three", Some("one")).unwrap(), "somebody saved");
        assert_eq!(read(&LocalFiles, &path).unwrap().as_deref(), Some("two"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// An editor that writes in place keeps its file, and what it writes a moment later arrives.
    #[test]
    fn a_file_being_saved_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.toml");
        fs::write(&path, "old").unwrap();
        let mut editor = fs::File::create(&path).unwrap();
        assert!(!put(&path, "page", Some("old")).unwrap());
        editor.write_all(b"saved").unwrap();
        assert_eq!(read(&LocalFiles, &path).unwrap().as_deref(), Some("saved"));
    }

    #[test]
    fn what_nobody_can_read_is_not_displaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.toml");
        fs::write(&path, [b'a', 0, 1]).unwrap();
        assert!(!put(&path, "page", Some("old")).unwrap());
        assert_eq!(fs::read(&path).unwrap(), [b'a', 0, 1]);
    }
}
