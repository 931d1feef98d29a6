//! What may happen in one step of a world.

use tandem::model::{Coupling, Side};

use super::oracle;
use super::tables::customers;
use super::world::World;

impl World {
    /// Takes one step.
    pub async fn step(&mut self) {
        let side = if self.random.bool() { Side::Left } else { Side::Right };
        // Who is away comes back before long.
        if self.random.u32(..8) == 0 {
            self.machine(side).is_away = false;
        }
        match self.random.u32(..100) {
            0..=49 => {
                self.clock.tick();
                self.someone_acts(side);
            }
            50..=54 => {
                self.clock.tick();
                self.two_edit_the_same();
            }
            55..=74 => {
                self.run().await;
            }
            75..=79 => {
                self.run_and_die().await;
                oracle::after_death(self);
            }
            80..=83 => self.answer().await,
            84..=86 => self.answer_in_the_file(),
            87..=93 => self.clock.advance(self.random.i64(1..400)),
            94..=95 => self.clock.advance(4000),
            96 => self.machine(side).is_away = true,
            97 => self.close(),
            _ => {
                let mut machine = self.machine(Side::Right);
                machine.server.oldest_token = machine.server.version;
            }
        }
    }

    /// Somebody does something.
    pub fn someone_acts(&self, side: Side) {
        let now = self.now(side);
        let mut machine = self.machine(side);
        machine.server.pass_time(now);
        self.people.act(&mut machine, now);
    }

    /// The two rows of a coupling are edited in the same second.
    fn two_edit_the_same(&mut self) {
        let couplings = self.customers_coupled();
        if couplings.is_empty() {
            return;
        }
        let coupling = &couplings[self.random.usize(..couplings.len())];
        for side in Side::BOTH {
            let (row, now) = (&coupling.rows[side], self.now(side));
            let mut machine = self.machine(side);
            machine.server.pass_time(now);
            let is_there = machine.server.table(&customers(side)).rows.contains_key(row);
            if is_there && !machine.server.unheard.contains(row) {
                self.people.edit(&mut machine, row, now);
            }
        }
    }

    /// Returns the couplings of customers.
    pub fn customers_coupled(&mut self) -> Vec<Coupling> {
        self.store().snapshot().unwrap().couplings(&"CUSTOMER".into(), None, 10_000).unwrap()
    }
}
