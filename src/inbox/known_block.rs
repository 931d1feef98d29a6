//! Understands the block of an open conflict: the answer in it, what is wrong with it, and the notes beside it.

use std::collections::BTreeMap;

use super::block::{Block, Entry, Section};
use super::chunks::{BlockText, commented};
use super::face::{Faces, Names, face_of, field_named, fields_of, folded};
use super::notes::{KeptPlace, KeptText, Problem, Raw, RawField, Written};
use super::value;
use super::words::{short, understand};
use crate::model::{Conflict, ConflictId, ConflictKind, FieldConflict, FieldId, Pair, Side, Stamp, Value};

/// What a block said.
#[derive(Debug)]
pub(super) struct BlockReading {
    /// Absent where nothing was written.
    pub(super) written: Option<Written>,
    pub(super) problems: Vec<Problem>,
    pub(super) kept: Vec<KeptText>,
}

/// Understands a block. `is_cut` says that its end is in doubt already.
pub(super) fn read(
    written: &BlockText,
    block: &Block,
    conflict: &Conflict,
    is_cut: bool,
    (faces, names): (&Faces, &Names),
) -> BlockReading {
    let stamp = Stamp::new(block.main.text("stamp").trim());
    let is_current = stamp == conflict.stamp;
    let is_cut = is_cut || (written.is_last && lacks_its_end(block, conflict, is_current));
    let mut shown = conflict.clone();
    if !is_current {
        shown.kind = kind_as_shown(block, conflict, faces);
    }
    let mut reader = Reader {
        id: conflict.id,
        first_line: written.first_line,
        shown,
        is_current,
        names,
        faces,
        raw: Raw::default(),
        whole_line: 1,
        field_lines: BTreeMap::new(),
        problems: Vec::new(),
        kept: Vec::new(),
    };
    reader.keep(None, written.above.join("\n"), None);
    reader.main(&block.main);
    for section in &block.fields {
        reader.field(section);
    }
    if is_cut && !reader.raw.is_blank() {
        reader.withdraw();
    }
    let understood = understand(&reader.raw, &reader.shown, faces, names);
    for fault in understood.faults {
        let line = fault.field.and_then(|field| reader.field_lines.get(&field).copied());
        let line = line.unwrap_or(reader.whole_line);
        reader.problem(line, &fault.text, fault.explanation);
    }
    let Reader { raw, problems, kept, .. } = reader;
    let written = (!raw.is_blank()).then_some(Written { stamp, raw, answer: understood.answer });
    BlockReading { written, problems, kept }
}

/// A block that is read, on its way to being understood.
struct Reader<'a> {
    id: ConflictId,
    first_line: usize,
    /// The conflict as the block shows it.
    shown: Conflict,
    /// Whether the block shows the values that are in conflict.
    is_current: bool,
    names: &'a Names,
    faces: &'a Faces,
    raw: Raw,
    whole_line: usize,
    field_lines: BTreeMap<FieldId, usize>,
    problems: Vec<Problem>,
    kept: Vec<KeptText>,
}

impl Reader<'_> {
    fn main(&mut self, section: &Section) {
        self.keep(None, section.comments.join("\n"), None);
        let answer = section.get("answer");
        self.whole_line = answer.map_or(1, |entry| entry.line);
        self.raw.whole = answer.map_or(String::new(), |entry| entry.text.clone());
        for entry in &section.entries {
            let is_known = matches!(entry.key.as_str(), "id" | "row" | "stamp" | "answer");
            if !is_known || is_second(section, entry) {
                self.unknown_key(None, entry);
            }
        }
    }

    fn field(&mut self, section: &Section) {
        let name = section.text("name");
        let (answer, value) = (section.get("answer"), section.get("value"));
        let text = |entry: Option<&Entry>| entry.map_or(String::new(), |entry| entry.text.clone());
        let raw = RawField { answer: text(answer), value: text(value) };
        let field = field_named(&self.shown, self.faces, name).cloned();
        let Some(field) = field.filter(|field| !self.field_lines.contains_key(&field.field)) else {
            self.stray_field(section, &raw);
            return;
        };
        let id = field.field.clone();
        let filled = if raw.value.trim().is_empty() { answer } else { value };
        self.field_lines.insert(id.clone(), filled.map_or(1, |entry| entry.line));
        self.raw.fields.insert(id.clone(), raw);
        self.keep(Some(&id), section.comments.join("\n"), None);
        for entry in &section.entries {
            let side = self.names.side(&entry.key);
            let is_known =
                matches!(entry.key.as_str(), "name" | "was" | "answer" | "value") || side.is_some();
            if !is_known && self.repeats_a_value(&field, entry) {
                continue;
            }
            if !is_known || is_second(section, entry) {
                self.unknown_key(Some(&id), entry);
            } else if let Some(side) = side {
                self.check_unedited(&field, side, entry);
            }
        }
    }

    /// A field part whose name fits no field in conflict, or a second part of one field.
    fn stray_field(&mut self, section: &Section, raw: &RawField) {
        self.keep(None, section.comments.join("\n"), None);
        if raw.is_blank() {
            return;
        }
        let name = section.text("name");
        let line = section.entries.first().map_or(1, |entry| entry.line);
        let explanation = "this field is not in conflict, or is named twice: its answer is kept as a note";
        self.problem(line, name, explanation.to_owned());
        let kept = [("answer", &raw.answer), ("value", &raw.value)];
        let kept = kept.iter().filter(|(_, text)| !text.trim().is_empty());
        let kept: Vec<_> = kept
            .map(|(key, text)| commented(&format!("You wrote for {}: {key} = {text:?}", short(name))))
            .collect();
        self.keep(None, kept.join("\n"), None);
    }

    /// Returns whether the entry only repeats a value shown, as under a connection's former name.
    fn repeats_a_value(&self, field: &FieldConflict, entry: &Entry) -> bool {
        let kind = face_of(self.faces, &self.shown.mapping, field).kind;
        !self.is_current
            || Side::BOTH.iter().any(|side| value::shown(&field.values[*side], &kind) == entry.text)
    }

    /// A person may type over the value shown instead of answering; that is no answer, but it is not lost.
    fn check_unedited(&mut self, field: &FieldConflict, side: Side, entry: &Entry) {
        let shown = &field.values[side];
        let kind = face_of(self.faces, &self.shown.mapping, field).kind;
        if !self.is_current || !value::shows_itself(shown) || value::shown(shown, &kind) == entry.text {
            return;
        }
        let explanation = "this line only shows the value: to have another one, write it after value =";
        self.problem(entry.line, &entry.text, explanation.to_owned());
        let note = commented(&format!("You wrote {}", entry.source));
        self.keep(Some(&field.field), note, None);
    }

    fn unknown_key(&mut self, field: Option<&FieldId>, entry: &Entry) {
        if entry.source.contains('\n') {
            self.keep(field, commented(&entry.source), None);
            return;
        }
        let explanation = format!(
            "I do not know \"{}\" here: answers go after answer =, notes of your own begin with #",
            short(&entry.key)
        );
        self.problem(entry.line, &entry.source, explanation.clone());
        self.keep(field, entry.source.clone(), Some(explanation));
    }

    /// Takes back what stands in a block that was cut off; it stays as a note.
    fn withdraw(&mut self) {
        let explanation =
            "the file ends in the middle of this block, so its answers were not taken: write them again";
        self.problem(1, "", explanation.to_owned());
        let raw = std::mem::take(&mut self.raw);
        for (field, text) in notes_of(&raw, "in a block that was cut off") {
            self.keep(field.as_ref(), text, None);
        }
    }

    fn problem(&mut self, line: usize, text: &str, explanation: String) {
        let line = self.first_line + line - 1;
        self.problems.push(Problem { conflict: Some(self.id), line, text: text.to_owned(), explanation });
    }

    fn keep(&mut self, field: Option<&FieldId>, text: String, explanation: Option<String>) {
        if !text.is_empty() {
            let place = match field {
                None => KeptPlace::Conflict(self.id),
                Some(field) => KeptPlace::Field(self.id, field.clone()),
            };
            self.kept.push(KeptText { place, text, explanation });
        }
    }
}

/// Turns the words of an answer that no longer stands into comments, by field.
pub(super) fn notes_of(raw: &Raw, circumstance: &str) -> Vec<(Option<FieldId>, String)> {
    let note = |key: &str, text: &str| format!("# You wrote {key} = {text:?} {circumstance}.");
    let mut notes = Vec::new();
    if !raw.whole.trim().is_empty() {
        notes.push((None, note("answer", &raw.whole)));
    }
    for (field, raw) in &raw.fields {
        if !raw.answer.trim().is_empty() {
            notes.push((Some(field.clone()), note("answer", &raw.answer)));
        }
        if !raw.value.trim().is_empty() {
            notes.push((Some(field.clone()), note("value", &raw.value)));
        }
    }
    notes
}

/// Returns whether an entry repeats a key and is not the one that counts.
fn is_second(section: &Section, entry: &Entry) -> bool {
    let counts = section.get(&entry.key).is_some_and(|counting| std::ptr::eq(counting, entry));
    !counts && !entry.text.trim().is_empty()
}

/// Returns whether a block lacks something that every block is written with.
fn lacks_its_end(block: &Block, conflict: &Conflict, is_current: bool) -> bool {
    let lacks = |section: &Section, keys: &[&str]| keys.iter().any(|key| section.get(key).is_none());
    lacks(&block.main, &["id", "stamp", "answer"])
        || block.fields.iter().any(|field| lacks(field, &["name", "answer", "value"]))
        || (is_current && block.fields.len() < fields_of(conflict).len())
}

/// Rebuilds what a block with other values is about, as far as its fields are known.
fn kind_as_shown(block: &Block, conflict: &Conflict, faces: &Faces) -> ConflictKind {
    let known = faces.get(&conflict.mapping);
    let mut fields: Vec<FieldConflict> = Vec::new();
    for name in block.fields.iter().map(|section| section.text("name")) {
        let by_face = || {
            let mut faces = known.into_iter().flatten();
            let fits = |id: &FieldId, label: &str| [id.as_str(), label].map(folded).contains(&folded(name));
            let (id, _) = faces.find(|(id, face)| fits(id, &face.label))?;
            let values = Pair::new(Value::Blank, Value::Blank);
            Some(FieldConflict { field: id.clone(), base: None, values })
        };
        fields.extend(field_named(conflict, faces, name).cloned().or_else(by_face));
    }
    match &conflict.kind {
        ConflictKind::Deleted { on } if block.fields.is_empty() => ConflictKind::Deleted { on: *on },
        ConflictKind::Fields(_) if block.fields.is_empty() => ConflictKind::Deleted { on: Side::Left },
        _ => ConflictKind::Fields(fields),
    }
}

#[cfg(test)]
mod tests;
