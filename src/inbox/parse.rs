//! Reads the inbox: which answers were given, what was not understood, and what must be kept.

use std::collections::{BTreeMap, BTreeSet};

use super::block::{self, Block, Entry, Section};
use super::chunks::{self, BlockText, commented, own_comment};
use super::face::{Faces, Names, fields_of, unquoted};
use super::known_block;
use super::notes::{Answered, KeptPlace, KeptText, Parsed, Problem};
use super::toml_text::repaired;
use super::words::short;
use crate::model::{Conflict, ConflictId};

/// Reads the text of the inbox. Nothing in it is an error: what is not understood becomes a problem and is kept.
#[must_use]
pub fn parse(text: &str, open: &[Conflict], faces: &Faces, names: &Names) -> Parsed {
    let chunks = chunks::split(text);
    let open: BTreeMap<_, _> = open.iter().map(|conflict| (conflict.id, conflict)).collect();
    let mut reading = Reading { open: &open, faces, names, parsed: Parsed::default(), seen: BTreeSet::new() };
    reading.outside(&chunks.head, &KeptPlace::Head);
    for block in &chunks.blocks {
        reading.block_text(block);
    }
    reading.outside(&chunks.tail, &KeptPlace::Tail);
    let mut parsed = reading.parsed;
    let answered: BTreeSet<_> = parsed.answers.iter().map(|answer| answer.conflict).collect();
    parsed.undecided = open.keys().copied().filter(|id| !answered.contains(id)).collect();
    parsed
}

struct Reading<'a> {
    open: &'a BTreeMap<ConflictId, &'a Conflict>,
    faces: &'a Faces,
    names: &'a Names,
    parsed: Parsed,
    /// Conflicts whose block was read already.
    seen: BTreeSet<ConflictId>,
}

impl Reading<'_> {
    /// Reads what stands outside of any block.
    fn outside(&mut self, lines: &[(usize, String)], place: &KeptPlace) {
        let is_foreign = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let comments: Vec<_> = lines.iter().filter_map(|(_, line)| own_comment(line)).collect();
        self.keep(place.clone(), comments.join("\n"), None);
        let mut lines = lines.iter().peekable();
        while let Some((number, line)) = lines.next() {
            if !is_foreign(line) {
                continue;
            }
            let mut text = line.clone();
            while let Some((_, more)) = lines.next_if(|(_, line)| is_foreign(line)) {
                text = format!("{text}\n{more}");
            }
            let explanation = "this text belongs to no conflict: it is kept at the end of the file";
            self.problem(None, *number, short(&text), explanation);
            self.keep(KeptPlace::Tail, commented(&text), None);
        }
    }

    fn block_text(&mut self, written: &BlockText) {
        let (block, was_repaired) = match block::read(&written.text) {
            Ok(block) => (Ok(block), false),
            Err(unreadable) => match block::read(&repaired(&written.text)) {
                Ok(block) => (Ok(block), true),
                Err(_) => (Err(unreadable), false),
            },
        };
        match block {
            Err(unreadable) => self.unreadable(written, &unreadable),
            Ok(block) => {
                let is_cut = written.is_last && was_repaired && !written.ends_its_line;
                self.block(written, &block, is_cut);
            }
        }
    }

    /// Keeps a block that is no TOML: in its place while it still can be put right there.
    fn unreadable(&mut self, written: &BlockText, unreadable: &block::Unreadable) {
        let id = written.text.lines().find_map(|line| {
            let (key, id) = line.split_once('=')?;
            (key.trim() == "id").then(|| unquoted(id).parse::<ConflictId>().ok()).flatten()
        });
        let conflict = id.and_then(|id| self.open.get(&id));
        let line = written.first_line + unreadable.line - 1;
        let wrong = written.text.lines().nth(unreadable.line - 1).unwrap_or_default();
        let explanation = format!(
            "I cannot read the line {} ({}): write it as in answer = \"later\", with a quote at either end",
            short(wrong),
            unreadable.message
        );
        self.problem(conflict.map(|conflict| conflict.id), line, short(wrong), &explanation);
        let fields_written = written.text.lines().filter(|line| line.trim_start().starts_with("[[")).count();
        match conflict {
            Some(conflict)
                if written.text.contains(conflict.stamp.as_str())
                    && fields_written > fields_of(conflict).len()
                    && self.seen.insert(conflict.id) =>
            {
                let id = conflict.id;
                self.keep(KeptPlace::Conflict(id), written.above.join("\n"), None);
                self.keep(KeptPlace::Instead(id), written.text.trim_end().to_owned(), Some(explanation));
            }
            _ => {
                self.keep(KeptPlace::Tail, written.above.join("\n"), None);
                self.keep(KeptPlace::Tail, commented(&written.text), None);
            }
        }
    }

    fn block(&mut self, written: &BlockText, block: &Block, is_cut: bool) {
        let id_text = block.main.text("id").to_owned();
        for (line, text) in &block.foreign {
            let explanation = "this has no place in a conflict: it is kept at the end of the file";
            self.problem(id_text.parse().ok(), written.first_line + line - 1, short(text), explanation);
            self.keep(KeptPlace::Tail, commented(text), None);
        }
        let conflict = id_text.parse().ok().and_then(|id| self.open.get(&id).copied());
        match conflict {
            Some(conflict) if self.seen.insert(conflict.id) => {
                self.known_block(written, block, conflict, is_cut);
            }
            _ => self.stray_block(written, block, conflict),
        }
    }

    /// A block of a conflict that is not open, or a second block of one that is.
    fn stray_block(&mut self, written: &BlockText, block: &Block, conflict: Option<&Conflict>) {
        let sections = || std::iter::once(&block.main).chain(&block.fields);
        let mut notes = written.above.clone();
        notes.extend(sections().flat_map(|section| section.comments.clone()));
        let is_answer = |entry: &&Entry| matches!(entry.key.as_str(), "answer" | "value");
        let has_answer = sections()
            .flat_map(|section| &section.entries)
            .filter(is_answer)
            .any(|entry| !entry.text.trim().is_empty());
        self.keep(KeptPlace::Tail, notes.join("\n"), None);
        if !has_answer {
            return;
        }
        let id = block.main.text("id");
        let explanation = match conflict {
            Some(conflict) => format!("{} has two blocks: only the first one counts", conflict.id),
            None if id.trim().is_empty() => {
                "this block has lost its id, so the answer cannot be placed".to_owned()
            }
            None => format!("no conflict {} is open: it may be settled already", short(id)),
        };
        self.problem(id.parse().ok(), written.first_line, short(id), &explanation);
        let without_notes = |section: &Section| {
            section.entries.iter().map(|entry| entry.source.clone()).collect::<Vec<_>>().join("\n")
        };
        let text: Vec<_> = sections().map(without_notes).collect();
        self.keep(KeptPlace::Tail, commented(&text.join("\n")), None);
    }

    fn known_block(&mut self, written: &BlockText, block: &Block, conflict: &Conflict, is_cut: bool) {
        let reading = known_block::read(written, block, conflict, is_cut, (self.faces, self.names));
        self.parsed.problems.extend(reading.problems);
        self.parsed.notes.kept.extend(reading.kept);
        let Some(written) = reading.written else { return };
        if let Some(answer) = written.answer.clone() {
            let (stamp, raw) = (written.stamp.clone(), written.raw.clone());
            self.parsed.answers.push(Answered { conflict: conflict.id, stamp, answer, raw });
        }
        self.parsed.notes.written.insert(conflict.id, written);
    }

    fn problem(&mut self, conflict: Option<ConflictId>, line: usize, text: String, explanation: &str) {
        self.parsed.problems.push(Problem { conflict, line, text, explanation: explanation.to_owned() });
    }

    fn keep(&mut self, place: KeptPlace, text: String, explanation: Option<String>) {
        if !text.is_empty() {
            self.parsed.notes.kept.push(KeptText { place, text, explanation });
        }
    }
}
