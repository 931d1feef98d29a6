//! Reads one block: its keys with their lines, the person's comments, and whatever else stands in it.

use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, RawString, Table};

use super::chunks::{own_comment, own_comments};

/// One block, read but not understood.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) main: Section,
    pub(super) fields: Vec<Section>,
    /// Text that is valid but has no place in a block, with its line.
    pub(super) foreign: Vec<(usize, String)>,
}

/// The conflict itself, or one of its fields.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) entries: Vec<Entry>,
    pub(super) comments: Vec<String>,
}

/// One key with what is written for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    /// In lower case.
    pub(super) key: String,
    /// The text of a string, or a value of another kind as it is written.
    pub(super) text: String,
    /// Key and value as they are written.
    pub(super) source: String,
}

/// Why a block cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// Counted from 1 within the block.
    pub(super) line: usize,
    pub(super) message: String,
}

impl Section {
    /// Returns the entry of a key; of several, the first that is not blank.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter().filter(|entry| entry.key == key);
        let first = entries.next()?;
        let filled = std::iter::once(first).chain(entries).find(|entry| !entry.text.trim().is_empty());
        Some(filled.unwrap_or(first))
    }

    /// Returns what is written for a key, blank where the key is missing.
    pub(super) fn text(&self, key: &str) -> &str {
        self.get(key).map_or("", |entry| &entry.text)
    }
}

/// Reads a block's text.
pub(super) fn read(text: &str) -> Result<Block, Unreadable> {
    let document = Document::parse(text).map_err(|error| Unreadable {
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        message: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let reader = Reader { text, editable: document.clone().into_mut() };
    let mut block = Block::default();
    for (key, item) in document.as_table() {
        match item.as_array_of_tables() {
            Some(tables) if key.eq_ignore_ascii_case("conflict") && tables.len() == 1 => {
                for table in tables {
                    reader.conflict(key, table, &mut block);
                }
            }
            _ => {
                let text = standing_alone(key, reader.editable.get(key));
                block.foreign.push((1, text));
            }
        }
    }
    let last = block.fields.last_mut().unwrap_or(&mut block.main);
    last.comments.extend(own_comments(reader.raw(Some(document.trailing()))));
    Ok(block)
}

struct Reader<'a> {
    text: &'a str,
    /// The same document without its places, from which parts can be printed.
    editable: DocumentMut,
}

impl Reader<'_> {
    fn conflict(&self, root_key: &str, table: &Table, block: &mut Block) {
        block.main = self.section(table);
        let editable = self.editable.get(root_key).and_then(|item| item.get(0));
        for (key, item) in table {
            match item {
                Item::Value(value) if has_place(key, self.slice(value.span())) => {}
                Item::ArrayOfTables(fields) if key.eq_ignore_ascii_case("field") => {
                    for field in fields {
                        self.field(field, block);
                    }
                }
                other => {
                    let line = other.span().map_or(1, |span| line_at(self.text, span.start));
                    let text = standing_alone(key, editable.and_then(|table| table.get(key)));
                    block.foreign.push((line, text));
                }
            }
        }
    }

    fn field(&self, table: &Table, block: &mut Block) {
        let above = self.raw(table.decor().prefix());
        let lines: Vec<_> = above.rsplit_once('\n').map_or("", |(lines, _indent)| lines).lines().collect();
        let own_start = lines.iter().rposition(|line| line.trim().is_empty());
        let (before, own) = lines.split_at(own_start.unwrap_or(0));
        let previous = block.fields.last_mut().unwrap_or(&mut block.main);
        previous.comments.extend(before.iter().copied().filter_map(own_comment));
        let mut section = Section::default();
        section.comments.extend(own.iter().copied().filter_map(own_comment));
        let inner = self.section(table);
        section.comments.extend(inner.comments);
        section.entries = inner.entries;
        for (key, item) in table {
            if !matches!(item, Item::Value(value) if has_place(key, self.slice(value.span()))) {
                let line = item.span().map_or(1, |span| line_at(self.text, span.start));
                block.foreign.push((line, format!("{key} = {}", self.slice(item.span()).trim())));
            }
        }
        block.fields.push(section);
    }

    fn section(&self, table: &Table) -> Section {
        let mut section = Section::default();
        section.comments.extend(own_comments(self.raw(table.decor().suffix())));
        for (name, item) in table {
            let (Some((key, _)), Item::Value(value)) = (table.get_key_value(name), item) else { continue };
            section.comments.extend(own_comments(self.raw(key.leaf_decor().prefix())));
            section.comments.extend(own_comments(self.raw(value.decor().suffix())));
            let (key_span, value_span) = (key.span().unwrap_or_default(), value.span().unwrap_or_default());
            let written = self.slice(Some(value_span.clone()));
            if !has_place(name, written) {
                continue;
            }
            section.entries.push(Entry {
                line: line_at(self.text, key_span.start),
                key: name.to_lowercase(),
                text: value.as_str().unwrap_or(written).to_owned(),
                source: self.slice(Some(key_span.start..value_span.end)).to_owned(),
            });
        }
        section
    }

    fn raw(&self, raw: Option<&RawString>) -> &str {
        raw.map_or("", |raw| self.slice(raw.span()))
    }

    fn slice(&self, span: Option<Range<usize>>) -> &str {
        span.and_then(|span| self.text.get(span)).unwrap_or_default()
    }
}

/// Only answers may run over several lines; other such text is set aside.
fn has_place(key: &str, written: &str) -> bool {
    !written.contains('\n') || matches!(key.to_lowercase().as_str(), "answer" | "value")
}

fn standing_alone(key: &str, item: Option<&Item>) -> String {
    let mut alone = DocumentMut::new();
    alone.insert(key, item.cloned().unwrap_or_default());
    alone.to_string()
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(text: &str) -> Vec<(usize, String)> {
        read(text).unwrap().foreign
    }

    #[test]
    fn of_one_key_written_twice_the_one_that_says_something_counts() {
        let block = read("[[conflict]]\nanswer = \"\"\nAnswer = \"left\"\nANSWER = \"right\"\n").unwrap();
        assert_eq!(block.main.text("answer"), "left");
        let block = read("[[conflict]]\nanswer = \"\"\nAnswer = \" \"\n").unwrap();
        assert_eq!(block.main.text("answer"), "");
        assert_eq!(block.main.text("value"), "");
    }

    #[test]
    fn only_a_conflict_and_its_fields_are_read_and_the_rest_is_kept_as_it_stands() {
        let text = "[[conflict]]\nid = \"C1\"\n[[other]]\nanswer = \"left\"\n";
        assert_eq!(read(text).unwrap().main.text("id"), "C1");
        assert_eq!(foreign(text), [(1, "[[other]]\nanswer = \"left\"\n".to_owned())]);
        let two = "[[conflict]]\nid = \"C1\"\n[[conflict]]\nid = \"C2\"\n";
        assert_eq!(read(two).unwrap().main.text("id"), "");
        assert_eq!(foreign(two), [(1, two.to_owned())]);
        let inner = "[[conflict]]\nid = \"C1\"\n[[conflict.note]]\nanswer = \"left\"\n";
        assert!(read(inner).unwrap().fields.is_empty());
        assert_eq!(foreign(inner), [(3, "[[note]]\nanswer = \"left\"\n".to_owned())]);
    }

    #[test]
    fn a_text_over_several_lines_has_a_place_only_as_an_answer() {
        let text = "[[conflict]]\nid = \"C1\"\nnote = '''a\nb'''\nanswer = '''c\nd'''\n";
        assert_eq!(foreign(text), [(3, "note = '''a\nb'''\n".to_owned())]);
        assert_eq!(read(text).unwrap().main.text("answer"), "c\nd");
        assert_eq!(read(text).unwrap().main.text("note"), "");
    }
}
