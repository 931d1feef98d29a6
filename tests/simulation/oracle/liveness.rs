//! I26, I27: while some trouble lasts, the rest goes on, and what is wrong is said.

use super::{Scope, View, is_about_an_empty_table, may_stop_for_an_empty_table, quiet};
use crate::simulation::lasting::{Kind, Lasting};
use crate::simulation::tables::customers;
use crate::simulation::world::World;

/// Ends all other trouble, waits for quiet, and returns what is wrong although it need not be.
pub async fn judge(world: &mut World, kind: Kind) -> Vec<String> {
    world.calm();
    let mut wrong = Vec::new();
    let (report, _) = quiet(world).await;
    let side = kind.side();
    let machine = world.machine(side);
    let tag = match &machine.lasting {
        Some(Lasting::LockedRow(row) | Lasting::UnreadableRow(row)) => {
            let row = machine.server.table(&customers(side)).rows.get(row);
            row.map(|row| row.value("tag").clone())
        }
        _ => None,
    };
    let is_struck = machine.lasting.is_some();
    drop(machine);
    let is_of_a_row = matches!(kind, Kind::LockedRow(_) | Kind::UnreadableRow(_));
    let may_be_silent = is_of_a_row || matches!(kind, Kind::ThrottledWrites(_));
    if report.failures.is_empty() && is_struck && !may_be_silent {
        wrong.push(format!("I27: {kind:?} is not said"));
    }
    // The whole connection waits for a person then, whatever else there is.
    if report.failures.iter().any(is_about_an_empty_table) && may_stop_for_an_empty_table(world) {
        return labelled(kind, wrong);
    }
    let mut view = View::of(world);
    match kind {
        Kind::CardsUnreadable => view.cards = None,
        Kind::CurrenciesUnreadable(_) => {
            view.cards = None;
            view.scope = Scope { references_are_missing: true, ..Scope::default() };
        }
        Kind::LockedRow(_) | Kind::UnreadableRow(_) => {
            view.scope = Scope { except: tag, ..Scope::default() };
        }
        Kind::ThrottledWrites(_) => {
            view.check_edits_from(side, &mut wrong);
            return labelled(kind, wrong);
        }
        Kind::Down(_) => return labelled(kind, wrong),
    }
    view.check_rows(&mut wrong);
    view.check_couplings(&mut wrong);
    view.check_cards(&mut wrong);
    labelled(kind, wrong)
}

fn labelled(kind: Kind, wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().map(|wrong| format!("while {kind:?}: {wrong}")).collect()
}
