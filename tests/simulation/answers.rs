//! People answering what they are asked, by command and in the inbox file.

use std::fs;

use tandem::agent::{Command, Reply};
use tandem::model::{ConflictId, Side};

use super::memory_system::connection;
use super::tables::customers;
use super::world::World;

const UNANSWERED: &str = "answer = \"\"";

impl World {
    /// Somebody answers an open conflict by command.
    pub async fn answer(&mut self) {
        let choice = self.random.usize(..4);
        let desk = self.desk().expect("the store opens");
        let Ok(Reply::Conflicts(conflicts)) = desk.handle(&Command::Conflicts).await else { return };
        let Some(conflict) = conflicts.first() else { return };
        let words = match (conflict.fields.is_empty(), choice) {
            (false, 0 | 1) => connection(Side::Left),
            (false, _) => connection(Side::Right),
            (true, 0 | 1) => "restore",
            (true, _) => "delete",
        };
        let (id, asked) = (ConflictId(conflict.id), format!("answers {words} to {conflict:?}"));
        self.say(|| asked);
        self.answer_with(id, words).await;
    }

    pub async fn answer_with(&mut self, id: ConflictId, words: &str) {
        self.note_answer(Some(id));
        let command = Command::Answer { conflict: id.0, words: vec![words.to_owned()] };
        let outcome = self.desk().expect("the store opens").handle(&command).await;
        self.say(|| format!("answered: {outcome:?}"));
    }

    /// Somebody writes an answer into the inbox file; the next run finds it.
    pub fn answer_in_the_file(&mut self) {
        let path = self.config.inbox_file();
        let Ok(text) = fs::read_to_string(&path) else { return };
        let blocks: Vec<_> = text.match_indices("[[conflict]]").map(|(at, _)| at).collect();
        if blocks.is_empty() {
            return;
        }
        let from = blocks[self.random.usize(..blocks.len())];
        let block = text[from..].split("\n[[conflict]]").next().unwrap_or_default();
        let is_deletion = block.contains("restore: create the row again");
        let words = match (is_deletion, self.random.bool()) {
            (true, true) => "restore",
            (true, false) => "delete",
            (false, true) => connection(Side::Left),
            (false, false) => connection(Side::Right),
        };
        let Some(at) = block.find(UNANSWERED) else { return };
        let (before, after) = text.split_at(from + at);
        let after = &after[UNANSWERED.len()..];
        // Which conflict the block is about is said in the file; any of those open may be meant.
        self.note_answer(None);
        self.say(|| format!("writes {words} into {block}"));
        fs::write(path, format!("{before}answer = \"{words}\"{after}")).unwrap();
    }

    /// Notes that a conflict was answered; all that are open where it is not known which.
    fn note_answer(&mut self, id: Option<ConflictId>) {
        let conflicts = self.store().snapshot().unwrap().conflicts().unwrap();
        for conflict in conflicts.iter().filter(|conflict| id.is_none_or(|id| id == conflict.id)) {
            for side in Side::BOTH {
                let machine = self.machine(side);
                let row = machine.server.table(&customers(side)).rows.get(&conflict.rows[side]);
                let tag = row.map(|row| row.value("tag").clone());
                drop(machine);
                tag.iter().for_each(|tag| self.people.answer(tag));
            }
        }
    }
}
