//! Writes the inbox: a heading, a block for each conflict, and the texts that were kept.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::chunks::{OURS, TAIL, WRONG, commented};
use super::face::{Faces, Names, face_of, fields_of, name_in};
use super::known_block::notes_of;
use super::notes::{KeptPlace, KeptText, Notes, Raw, RawField};
use super::toml_text::{key, one_line, quoted};
use super::value;
use super::words::{Fault, describe, is_first_contact, raw_of, understand, whole_words};
use crate::model::{Answer, Author, Conflict, ConflictId, ConflictKind, FieldConflict, FieldId, Side};

/// The most conflicts that are shown at once; the others are counted.
pub const BLOCK_LIMIT: usize = 100;

/// Writes the text of the inbox. An accepted answer stands where the person would write it, so reading the text gives
/// back exactly the answers the conflicts hold.
#[must_use]
pub fn render(conflicts: &[Conflict], faces: &Faces, names: &Names, notes: &Notes) -> String {
    let shown = shown_first(conflicts, notes);
    let mut page = Page { text: String::new(), faces, names, notes };
    page.heading(conflicts.len(), shown.len());
    for conflict in &shown {
        match page.unreadable_block(conflict) {
            Some(kept) => page.instead(conflict.id, kept),
            None => page.conflict(conflict),
        }
    }
    page.tail(&shown);
    page.text
}

/// Chooses what is shown: blocks that people wrote in stay, then the others in order.
fn shown_first<'a>(conflicts: &'a [Conflict], notes: &Notes) -> Vec<&'a Conflict> {
    let kept = notes.kept.iter().filter_map(|kept| match &kept.place {
        KeptPlace::Conflict(id) | KeptPlace::Field(id, _) | KeptPlace::Instead(id) => Some(*id),
        KeptPlace::Head | KeptPlace::Tail => None,
    });
    let touched: BTreeSet<ConflictId> = notes.written.keys().copied().chain(kept).collect();
    let is_touched = |conflict: &&Conflict| touched.contains(&conflict.id);
    let mut room = BLOCK_LIMIT.saturating_sub(conflicts.iter().filter(is_touched).count());
    let fits = |conflict: &&Conflict| {
        let has_room = room > 0;
        if !is_touched(conflict) {
            room = room.saturating_sub(1);
        }
        is_touched(conflict) || has_room
    };
    conflicts.iter().filter(fits).collect()
}

struct Page<'a> {
    text: String,
    faces: &'a Faces,
    names: &'a Names,
    notes: &'a Notes,
}

impl<'a> Page<'a> {
    fn heading(&mut self, open: usize, shown: usize) {
        let names = self.names.shown();
        if open == 0 {
            self.ours("No conflict is open. Tandem writes here when two edits collide.");
        } else {
            let waits =
                if open == 1 { "One conflict waits".to_owned() } else { format!("{open} conflicts wait") };
            self.ours(&format!("{waits} for your decision. Until then, both systems keep what they have."));
            self.ours("");
            self.ours("To decide, write one of these between the quotes after answer = and save this file.");
            self.ours("That is all: Tandem sees it by itself.");
            self.ours("");
            let width = names.left.chars().count().max(names.right.chars().count()).max("uncouple".len());
            for (word, meaning) in [
                (names.left, format!("take the value of {}", names.left)),
                (names.right, format!("take the value of {}", names.right)),
                ("later", "leave it open".to_owned()),
                ("uncouple", "stop keeping these two rows in step".to_owned()),
                ("blank", "empty this field in both (for a field)".to_owned()),
            ] {
                self.ours(&format!("  {word:width$}  {meaning}"));
            }
            self.ours("");
            self.ours("The first answer of a conflict is for all its fields, one below a field for that field alone.");
            self.ours("To have a value of your own in a field, write it after value = instead.");
            self.ours("Notes of your own begin with # and are kept; lines that begin with #| are rewritten.");
            if shown < open {
                self.ours("");
                self.ours(&format!(
                    "{shown} conflicts are shown, and {} more follow as these are decided.",
                    open - shown
                ));
            }
        }
        if !self.kept_at(&KeptPlace::Head).is_empty() {
            self.text.push('\n');
            self.kept(&KeptPlace::Head);
        }
    }

    fn conflict(&mut self, conflict: &Conflict) {
        self.text.push_str("\n[[conflict]]\n");
        self.entry("id", &conflict.id.to_string());
        self.entry("row", &format!("{} · {}", conflict.mapping, conflict.label));
        self.entry("stamp", conflict.stamp.as_str());
        self.story(conflict);
        let (raw, outdated) = self.raw_for(conflict);
        let faults = understand(&raw, conflict, self.faces, self.names).faults;
        self.kept(&KeptPlace::Conflict(conflict.id));
        for kept in self.notes.kept.iter().filter(|kept| is_of_absent_field(kept, conflict)) {
            self.line(&commented(&kept.text));
        }
        self.lines(outdated.iter().filter(|(field, _)| {
            !fields_of(conflict).iter().any(|shown| Some(&shown.field) == field.as_ref())
        }));
        self.faults(&faults, None);
        self.entry("answer", &raw.whole);
        for field in fields_of(conflict) {
            self.field(conflict, field, &raw, &faults, &outdated);
        }
    }

    fn field(
        &mut self,
        conflict: &Conflict,
        field: &FieldConflict,
        raw: &Raw,
        faults: &[Fault],
        outdated: &[(Option<FieldId>, String)],
    ) {
        let kind = face_of(self.faces, &conflict.mapping, field).kind;
        let names = self.names.shown();
        self.text.push_str("\n[[conflict.field]]\n");
        self.entry("name", &name_in(conflict, self.faces, field));
        if let Some(base) = &field.base {
            self.entry("was", &value::shown(base, &kind));
        }
        for side in Side::BOTH {
            self.entry(names[side], &value::shown(&field.values[side], &kind));
        }
        let silent = RawField::default();
        let words = raw.fields.get(&field.field).unwrap_or(&silent);
        self.kept(&KeptPlace::Field(conflict.id, field.field.clone()));
        self.lines(outdated.iter().filter(|(outdated, _)| outdated.as_ref() == Some(&field.field)));
        self.faults(faults, Some(&field.field));
        self.entry("answer", &words.answer);
        self.entry("value", &words.value);
    }

    /// Says what happened, by whom, and which answers are there already.
    fn story(&mut self, conflict: &Conflict) {
        let names = self.names.shown();
        match &conflict.kind {
            ConflictKind::Fields(fields) => {
                if is_first_contact(fields) {
                    self.ours("First contact: the two rows differed when they were coupled.");
                }
                for side in Side::BOTH {
                    self.author("Changed", names[side], &conflict.authors[side]);
                }
            }
            ConflictKind::Deleted { on } => {
                let (gone, left) = (names[*on], names[on.other()]);
                self.author("Deleted", gone, &conflict.authors[*on]);
                self.author("Changed", left, &conflict.authors[on.other()]);
                self.ours(&format!(
                    "restore: create the row again in {gone}. delete: delete it in {left} too."
                ));
                self.ours(&format!("Write {}.", whole_words(conflict, self.names)));
            }
        }
        if let Some(suggestion) = &conflict.suggestion {
            let words = describe(suggestion, conflict, self.faces, self.names);
            self.ours(&format!(
                "Your earlier answer, {words}, was for other values. Write it again if it still holds."
            ));
        }
        match &conflict.answer {
            None => {}
            Some(Answer::Later) => self.ours("You left this for later."),
            Some(answer) => {
                let words = describe(answer, conflict, self.faces, self.names);
                self.ours(&format!("Your answer, {words}, is noted and takes effect with the next pass."));
            }
        }
    }

    fn author(&mut self, verb: &str, place: &str, author: &Author) {
        let by = author.name.as_ref().map(|name| format!(" by {name}"));
        let at = author.at.map(|at| format!(" on {}", at.strftime("%Y-%m-%d at %H:%M UTC")));
        if by.is_some() || at.is_some() || verb == "Deleted" {
            let (by, at) = (by.unwrap_or_default(), at.unwrap_or_default());
            self.ours(&format!("{verb} in {place}{by}{at}."));
        }
    }

    /// Chooses the words to show as the answer, and the words that no longer stand.
    ///
    /// What a person wrote stays as written, unless another answer was accepted since or the values changed.
    fn raw_for(&self, conflict: &Conflict) -> (Raw, Vec<(Option<FieldId>, String)>) {
        let accepted = || {
            let answer = conflict.answer.as_ref()?;
            raw_of(answer, conflict, self.faces, self.names)
        };
        let Some(written) = self.notes.written.get(&conflict.id) else {
            return (accepted().unwrap_or_default(), Vec::new());
        };
        if written.stamp != conflict.stamp {
            let is_told = written.answer.is_some() && conflict.suggestion.is_some();
            let outdated = if is_told { Vec::new() } else { notes_of(&written.raw, "for other values") };
            return (accepted().unwrap_or_default(), outdated);
        }
        let is_overruled =
            written.answer.is_some() && conflict.answer.is_some() && written.answer != conflict.answer;
        match accepted().filter(|_| is_overruled) {
            Some(raw) => (raw, Vec::new()),
            None => (written.raw.clone(), Vec::new()),
        }
    }

    fn unreadable_block(&self, conflict: &Conflict) -> Option<&'a KeptText> {
        let kept = self.kept_at(&KeptPlace::Instead(conflict.id));
        kept.into_iter().find(|kept| kept.text.contains(conflict.stamp.as_str()))
    }

    fn instead(&mut self, id: ConflictId, kept: &KeptText) {
        self.text.push('\n');
        self.kept(&KeptPlace::Conflict(id));
        let explanation = kept.explanation.as_deref().unwrap_or_default();
        self.line(&format!("{WRONG} {}", one_line(explanation)));
        let text = kept.text.clone();
        self.line(&text);
    }

    /// Writes what has no other place: texts kept at the end, and those of conflicts that are not shown.
    fn tail(&mut self, shown: &[&Conflict]) {
        let is_shown = |id: &ConflictId| shown.iter().find(|conflict| conflict.id == *id);
        let mut tail = Vec::new();
        for kept in &self.notes.kept {
            let is_placed = match &kept.place {
                KeptPlace::Head => true,
                KeptPlace::Tail => false,
                KeptPlace::Conflict(id) | KeptPlace::Field(id, _) => is_shown(id).is_some(),
                KeptPlace::Instead(id) => {
                    is_shown(id).is_some_and(|conflict| kept.text.contains(conflict.stamp.as_str()))
                }
            };
            if !is_placed {
                tail.push(commented(&kept.text));
            }
        }
        for (id, written) in &self.notes.written {
            if is_shown(id).is_none() && written.answer.is_none() {
                let notes = notes_of(&written.raw, &format!("for {id}"));
                tail.extend(notes.into_iter().map(|(_, note)| note));
            }
        }
        if !tail.is_empty() {
            self.text.push('\n');
            self.line(TAIL);
        }
        for text in tail {
            self.line(&text);
        }
    }

    fn kept_at(&self, place: &KeptPlace) -> Vec<&'a KeptText> {
        self.notes.kept.iter().filter(|kept| kept.place == *place).collect()
    }

    fn kept(&mut self, place: &KeptPlace) {
        let mut lines = Vec::new();
        for kept in self.kept_at(place) {
            lines.extend(kept.explanation.as_ref().map(|wrong| format!("{WRONG} {}", one_line(wrong))));
            lines.push(kept.text.clone());
        }
        for line in lines {
            self.line(&line);
        }
    }

    fn faults(&mut self, faults: &[Fault], field: Option<&FieldId>) {
        for fault in faults.iter().filter(|fault| fault.field.as_ref() == field) {
            let text = format!("{WRONG} {}", one_line(&fault.explanation));
            self.line(&text);
        }
    }

    fn lines<'b>(&mut self, notes: impl Iterator<Item = &'b (Option<FieldId>, String)>) {
        for (_, text) in notes {
            self.line(text);
        }
    }

    fn ours(&mut self, text: &str) {
        let line = format!("{OURS} {}", one_line(text));
        self.line(line.trim_end());
    }

    fn entry(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.text, "{} = {}", key(name), quoted(text));
    }

    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

/// Returns whether a kept text belongs to a field that is no longer in conflict.
fn is_of_absent_field(kept: &KeptText, conflict: &Conflict) -> bool {
    match &kept.place {
        KeptPlace::Field(id, field) => {
            *id == conflict.id && !fields_of(conflict).iter().any(|shown| shown.field == *field)
        }
        _ => false,
    }
}
