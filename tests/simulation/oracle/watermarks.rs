//! I25: whatever was committed before a watermark, less its overlap, is stored. Looked at after each death.

use tandem::model::{ConnectionName, Content, CouplingState, RowId, Side, Version};

use super::books::Books;
use super::customer;
use crate::simulation::feeds::OVERLAP_SECS;
use crate::simulation::memory_system::connection;
use crate::simulation::server::{Stored, Traits, version_of};
use crate::simulation::tables::customers;
use crate::simulation::world::World;

/// Looks at the store that a dead process left, and notes what is wrong.
pub fn after_death(world: &mut World) {
    let store = world.store();
    let snapshot = store.snapshot().unwrap();
    let books = Books::of(&snapshot, &customer());
    let mut wrong = Vec::new();
    for side in Side::BOTH {
        let feed = snapshot.feed(&ConnectionName::new(connection(side)), &customers(side)).unwrap();
        // A mapping that was left out of a read is shown everything when it is back.
        let feed = feed.filter(|feed| feed.users.contains(&customer()));
        let Some(watermark) = feed.and_then(|feed| feed.watermark) else { continue };
        let mark: i64 = watermark.as_str().parse().unwrap();
        let is_covered = |row: &Stored| match Traits::of(side).lists_deletions {
            true => row.version <= mark.unsigned_abs(),
            false => row.stamp <= mark - OVERLAP_SECS,
        };
        let machine = world.machine(side);
        for (id, row) in &machine.server.table(&customers(side)).rows {
            let is_out = world.circumstances.has_filter && !row.value("blocked").is_blank();
            if is_covered(row) && !is_out && !is_stored(&books, side, id, row) {
                let (seen, coupling) = (books.seen(side, id), books.coupling_of(side, id));
                wrong.push(format!(
                    "I25: {id} on the {side:?} is behind the watermark {mark} and not stored: {row:?}, {seen:?}, {coupling:?}"
                ));
            }
        }
    }
    wrong.iter().for_each(|wrong| world.say(|| wrong.clone()));
    world.wrong.extend(wrong);
}

fn is_stored(books: &Books, side: Side, id: &RowId, row: &Stored) -> bool {
    let is_as_young = |version: &Version| number(version) >= number(&version_of(row));
    match (books.seen(side, id), books.coupling_of(side, id)) {
        (Some(seen), _) => match &seen.content {
            Content::Row(seen) => seen.version.as_ref().is_none_or(is_as_young),
            Content::Gone(_) | Content::Missing { .. } | Content::Unreadable(_) => true,
        },
        (None, Some(coupling)) => match coupling.state {
            // A version that is not known is read before anything is written.
            CouplingState::Active { .. } => coupling.versions[side].as_ref().is_none_or(is_as_young),
            CouplingState::Broken | CouplingState::Severed => true,
        },
        (None, None) => false,
    }
}

fn number(version: &Version) -> u64 {
    version.as_str().parse().unwrap()
}
