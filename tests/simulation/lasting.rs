//! Trouble that lasts until the world is healed: the rest has to go on meanwhile.

use fastrand::Rng;
use tandem::model::{RowId, Side, TableName};

use super::tables::{cards, currencies};
use super::world::World;

/// What stays wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// A table of this system cannot be read.
    UnreadableTable(TableName),
    /// A row of this system can be read, and no write to it goes through.
    LockedRow(RowId),
    /// A row of this system cannot be decoded.
    UnreadableRow(RowId),
    /// Every write is refused for load.
    ThrottledWrites,
    /// The system is away.
    Down,
}

/// A kind of lasting trouble, and the side it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    CardsUnreadable,
    CurrenciesUnreadable(Side),
    LockedRow(Side),
    UnreadableRow(Side),
    ThrottledWrites(Side),
    Down(Side),
}

impl Kind {
    pub fn draw(random: &mut Rng, has_cards: bool) -> Self {
        let side = if random.bool() { Side::Left } else { Side::Right };
        match random.u32(..6) {
            0 if has_cards => Self::CardsUnreadable,
            0 | 1 => Self::CurrenciesUnreadable(side),
            2 => Self::LockedRow(side),
            3 => Self::UnreadableRow(side),
            4 => Self::ThrottledWrites(side),
            _ => Self::Down(side),
        }
    }

    /// Returns the side that is struck.
    pub const fn side(self) -> Side {
        match self {
            Self::CardsUnreadable => Side::Right,
            Self::CurrenciesUnreadable(side)
            | Self::LockedRow(side)
            | Self::UnreadableRow(side)
            | Self::ThrottledWrites(side)
            | Self::Down(side) => side,
        }
    }

    /// Returns the trouble itself; nothing where it needs a row and there is none.
    pub fn strike(self, row: Option<RowId>) -> Option<Lasting> {
        Some(match self {
            Self::CardsUnreadable => Lasting::UnreadableTable(cards()),
            Self::CurrenciesUnreadable(side) => Lasting::UnreadableTable(currencies(side)),
            Self::LockedRow(_) => Lasting::LockedRow(row?),
            Self::UnreadableRow(_) => Lasting::UnreadableRow(row?),
            Self::ThrottledWrites(_) => Lasting::ThrottledWrites,
            Self::Down(_) => Lasting::Down,
        })
    }
}

impl World {
    /// Draws what will stay wrong from the middle of this life on: mostly nothing.
    pub fn draw_lasting(&mut self) -> Option<Kind> {
        let is_struck = self.random.u32(..5) == 0;
        is_struck.then(|| Kind::draw(&mut self.random, self.circumstances.has_cards))
    }

    /// Lets something go wrong that stays so.
    pub fn strike(&mut self, kind: Kind) {
        // A row that is coupled: what happens to it is nobody else's business.
        let couplings = self.customers_coupled();
        let place = self.random.usize(..couplings.len().max(1));
        let row = couplings.get(place).map(|coupling| coupling.rows[kind.side()].clone());
        let lasting = kind.strike(row);
        self.say(|| format!("from here on: {lasting:?}"));
        self.machine(kind.side()).lasting = lasting;
    }
}
