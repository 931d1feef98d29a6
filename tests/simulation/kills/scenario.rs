//! A scenario is data: how the mappings are, what was before, what happens, and what the quiet world must be.

use tandem::model::Side;

use crate::simulation::ambush::Request;
use crate::simulation::circumstances::Circumstances;
use crate::simulation::tables;
use crate::simulation::trouble::Rates;

/// Values by column, as people write them; of a currency its code.
pub type Values = &'static [(&'static str, &'static str)];

/// One thing that may go on between people, systems and Tandem.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub books: Books,
    /// What happened before; nobody is killed in it.
    pub before: Vec<Act>,
    /// What happens; here the kills come.
    pub acts: Vec<Act>,
    /// What is on both sides when all is quiet, and what is asked and what waits.
    pub quiet: &'static [&'static str],
    /// Other courses of the same events: what they lead to without a kill may come of a kill, too.
    pub or: Vec<Vec<Act>>,
}

impl Scenario {
    /// A scenario in which nothing is said yet but its name.
    pub const fn of(name: &'static str) -> Self {
        Self { name, books: Books::CUSTOMERS, before: vec![], acts: vec![], quiet: &[], or: vec![] }
    }
}

/// The mappings of a scenario and what people allowed.
#[derive(Clone, Copy, Debug)]
pub struct Books {
    pub deletion: &'static str,
    pub currencies: bool,
    pub approved: bool,
    /// Lines of `[brakes]`.
    pub limits: &'static str,
    /// Lines of the customers' mapping that are other ones.
    pub changed: &'static [(&'static str, &'static str)],
}

impl Books {
    /// Customers alone; deletions are left alone.
    pub const CUSTOMERS: Self = Self {
        deletion: "ignore",
        currencies: false,
        approved: true,
        limits: "deletes_percent = 100",
        changed: &[],
    };

    /// Customers and the currencies they pay in.
    pub const WITH_CURRENCIES: Self = Self { currencies: true, ..Self::CUSTOMERS };

    pub const fn deleting(deletion: &'static str) -> Self {
        Self { deletion, ..Self::CUSTOMERS }
    }

    pub const fn changed(changed: &'static [(&'static str, &'static str)]) -> Self {
        Self { changed, ..Self::CUSTOMERS }
    }

    /// Returns the mappings by name.
    pub fn mappings(&self) -> Vec<(&'static str, String)> {
        let circumstances = Circumstances::plain(self.deletion);
        let [currency, (name, mut text)] =
            tables::mappings(&circumstances).try_into().expect("a plain world has two mappings");
        if !self.currencies {
            let from = text.find("[[field]]\nid = \"currency\"").unwrap();
            let to = text[from + 1..].find("[[field]]").unwrap() + from + 1;
            text.replace_range(from..to, "");
            text = text.replace("depends_on = [\"CURRENCY\"]\n", "");
        }
        for (from, to) in self.changed {
            assert!(text.contains(from), "the mapping has no {from:?}: {text}");
            text = text.replace(from, to);
        }
        if self.currencies { vec![currency, (name, text)] } else { vec![(name, text)] }
    }
}

/// What happens. Rows go by the tag that people gave them.
#[derive(Clone, Debug)]
pub enum Act {
    Person(Side, Deed),
    /// A run of all mappings.
    Run,
    /// The same, with a sweep for deletions.
    Sweep,
    Order(Order),
    /// The process ends in peace and is started again.
    Restart,
    /// Seconds go by.
    Wait(i64),
    /// Somebody edits the inbox file: within the block of a row, the n-th of these lines becomes another.
    Write {
        row: &'static str,
        nth: usize,
        line: &'static str,
        becomes: &'static str,
    },
    /// A system is as bad as that from here on.
    Trouble(Side, Rates),
    Ambush {
        side: Side,
        on: Request,
        after: u64,
        meets: Meets,
    },
    /// Lists do not show a row for so many seconds, although it is there.
    Hide(Side, &'static str, i64),
    /// This is seen by now, with no need of the sweeps that find everything when all is quiet.
    Shows(&'static str),
    /// Delta tokens from before are refused.
    Forget(Side),
    /// The mappings are other ones from here on.
    Remap(Books),
    /// A row changes, and nothing tells of it: neither its version nor its stamp.
    Smuggle(Side, &'static str, Values),
    /// A system is copied.
    Keep(Side),
    /// A system is what it was when it was copied.
    SetBack(Side),
    /// The store is copied while nothing runs.
    BackUp,
    /// The copy takes the store's place.
    Restore,
}

/// What people tell Tandem by command.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Somebody agrees to the flow of data and runs.
    FirstSync,
    /// Answers the open conflict of a row.
    Answer(&'static str, &'static str),
    /// Approves the plan that waits.
    Approve,
    /// Undoes the last run.
    UndoLast,
    /// Lets held rows go on.
    Resume,
    /// Compares everything, and has what is strange looked at.
    Repair,
    /// Goes on from how a system is found.
    Rebaseline(Side),
}

/// What a request meets in an ambush.
#[derive(Clone, Debug)]
pub enum Meets {
    SignedOut,
    Throttled,
    Forgotten,
    Person(Deed),
}

/// What a person does in a system.
#[derive(Clone, Debug)]
pub enum Deed {
    Create(&'static str, Values),
    Edit(&'static str, Values),
    Delete(&'static str),
    Currency(&'static str),
    /// Undoes a deletion.
    Revive(&'static str),
}

pub const fn creates(side: Side, row: &'static str, values: Values) -> Act {
    Act::Person(side, Deed::Create(row, values))
}

pub const fn edits(side: Side, row: &'static str, values: Values) -> Act {
    Act::Person(side, Deed::Edit(row, values))
}

pub const fn deletes(side: Side, row: &'static str) -> Act {
    Act::Person(side, Deed::Delete(row))
}

pub const fn answers(row: &'static str, words: &'static str) -> Act {
    Act::Order(Order::Answer(row, words))
}

pub const fn mints(side: Side, code: &'static str) -> Act {
    Act::Person(side, Deed::Currency(code))
}

/// Two rows in step: made on the left and synced.
pub fn in_step(rows: &[(&'static str, Values)]) -> Vec<Act> {
    let mut acts: Vec<_> = rows.iter().map(|(row, values)| creates(Side::Left, row, values)).collect();
    acts.push(Act::Run);
    acts
}
