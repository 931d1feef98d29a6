//! What people tell Tandem, again where a kill came before it was heard.

use std::fs;

use tandem::agent::{Command, Reply};
use tandem::model::{Conflict, Pair, Side};

use super::scenario::Order;
use super::stage::Stage;
use crate::simulation::memory_system::connection;

impl Stage {
    /// Gives an order.
    pub(super) async fn order(&mut self, order: &Order) {
        let ida = || "Ida".to_owned();
        match order {
            Order::FirstSync => {
                let first = Command::Sync { approve_as: Some(ida()), sweep: false, mappings: Vec::new() };
                self.insist(&first).await;
            }
            Order::Answer(row, words) => self.answer(row, words).await,
            Order::Approve => self.approve().await,
            Order::UndoLast => {
                let last = self.calm_store().snapshot().unwrap().runs(1).unwrap().pop().unwrap();
                self.insist(&Command::Undo { run: last.id.0, dry_run: false }).await;
            }
            Order::Resume => {
                self.insist(&Command::Resume { mapping: "CUSTOMER".to_owned(), row: None }).await;
            }
            Order::Repair => {
                let (mapping, most_findings) = (None, 10);
                self.insist(&Command::Verify { mapping, repair: true, most_findings }).await;
            }
            Order::Rebaseline(side) => {
                let (connection, agreed_by) = (connection(*side).to_owned(), Some(ida()));
                self.insist(&Command::Rebaseline { connection, agreed_by }).await;
            }
        }
    }

    /// Gives a command until it was carried out to its end.
    async fn insist(&mut self, command: &Command) {
        loop {
            if let Some(outcome) = self.work(async |desk| desk.handle(command).await).await {
                if let Err(error) = outcome {
                    self.wrong.push(format!("{command:?} is not taken: {error:?}"));
                }
                return;
            }
        }
    }

    /// Approves the plan that waits, again where the approval was not taken before the kill.
    async fn approve(&mut self) {
        let mut is_first = true;
        loop {
            let Some(Ok(Reply::Status(status))) =
                self.work(async |desk| desk.handle(&Command::Status).await).await
            else {
                continue;
            };
            let Some(brake) = status.brakes.into_iter().next() else {
                match is_first {
                    true => self.wrong.push("I15: no plan waits".to_owned()),
                    // Taken; what of it is not done yet goes on.
                    false => self.run(false).await,
                }
                return;
            };
            is_first = false;
            let command = Command::Approve { plan: brake.plan, by: "Ida".to_owned() };
            if let Some(outcome) = self.work(async |desk| desk.handle(&command).await).await {
                if let Err(error) = outcome {
                    self.wrong.push(format!("the approval is not taken: {error:?}"));
                }
                return;
            }
        }
    }

    /// Answers by command, again where the answer was not taken before the kill.
    async fn answer(&mut self, row: &str, words: &str) {
        let Some(mut conflict) = self.conflict_of(row).await else { return };
        let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
        loop {
            let command = Command::Answer { conflict: conflict.id.0, words: words.clone() };
            if let Some(outcome) = self.work(async |desk| desk.handle(&command).await).await {
                if let Err(error) = outcome {
                    self.wrong.push(format!("{words:?} is not taken: {error:?}, {conflict:?}"));
                }
                return;
            }
            match self.find_conflict(row) {
                Some(open) if open.answer.is_none() && open.stamp == conflict.stamp => conflict = open,
                // Taken, or carried out already, wholly or as far as it went.
                _ => return self.run(false).await,
            }
        }
    }

    pub(super) async fn write(&mut self, row: &str, nth: usize, line: &str, becomes: &str) {
        let Some(conflict) = self.conflict_of(row).await else { return };
        let page = fs::read_to_string(self.inbox()).unwrap_or_default();
        let block = page.find(&format!("row = \"CUSTOMER · {}\"", conflict.label));
        let place = block.and_then(|block| {
            let found = page[block..].match_indices(&format!("\n{line}\n")).nth(nth)?;
            Some(block + found.0 + 1)
        });
        let Some(place) = place else {
            self.wrong.push(format!("the inbox has no {line:?} for {row}: {page}"));
            return;
        };
        let page = format!("{}{becomes}{}", &page[..place], &page[place + line.len()..]);
        fs::write(self.inbox(), page).unwrap();
    }

    /// Returns the open conflict of a row; where there is none yet, people wait until all is quiet.
    async fn conflict_of(&mut self, row: &str) -> Option<Conflict> {
        if self.find_conflict(row).is_none() {
            self.go_quiet().await;
        }
        let found = self.find_conflict(row);
        if found.is_none() {
            self.wrong.push(format!("nothing is asked about {row}"));
        }
        found
    }

    fn find_conflict(&mut self, row: &str) -> Option<Conflict> {
        let rows = Pair::from_fn(|side| self.find(side, row));
        let store = self.calm_store();
        let open = store.snapshot().unwrap().conflicts().unwrap();
        open.into_iter().find(|conflict| {
            Side::BOTH.iter().any(|side| rows[*side].as_ref() == Some(&conflict.rows[*side]))
        })
    }
}
