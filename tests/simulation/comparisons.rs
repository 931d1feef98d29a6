//! One seed lived twice under different circumstances: what must not matter does not matter.

use std::collections::BTreeMap;

use tandem::agent::{Command, Reply};
use tandem::model::{Pair, Side, Value};

use super::circumstances::{Circumstances, Sizes};
use super::memory_system::connection;
use super::oracle;
use super::server::Stored;
use super::tables::{cards, currencies, customers};
use super::trouble::Rates;
use super::world::World;

/// Lives through a seed with all clocks right, and again with each off by days. Returns both worlds' rows.
pub async fn with_skewed_clocks(seed: u64, steps: u64) -> [Vec<String>; 2] {
    let (rates, circumstances) = World::draw(seed);
    let skews = [(0, Pair::new(0, 0)), (-3, Pair::new(5, -7))];
    let mut worlds = Vec::new();
    for (own, skews) in skews {
        let day = 24 * 60 * 60;
        let circumstances = Circumstances {
            own_skew: own * day,
            skews: skews.map(|days| days * day),
            ..circumstances.clone()
        };
        let mut world = World::under(seed, rates, circumstances);
        for _ in 0..steps {
            world.step().await;
        }
        oracle::judge(&mut world).await;
        worlds.push(exactly(&world));
    }
    [worlds.remove(0), worlds.remove(0)]
}

/// Every row with its id and version; stamps by the right clock.
fn exactly(world: &World) -> Vec<String> {
    let mut rows = Vec::new();
    for side in Side::BOTH {
        let machine = world.machine(side);
        for (name, table) in &machine.server.tables {
            for (id, Stored { version, stamp, values }) in &table.rows {
                let stamp = stamp - machine.skew;
                rows.push(format!("{side:?} {name} {id} {version} {stamp} {values:?}"));
            }
        }
    }
    rows
}

/// A world at rest, up to what the servers assigned: by side and tag the values people see, and what they are asked.
pub type Rest = BTreeMap<(String, Value), Vec<String>>;

/// Returns the first place where two such lives differ, with what is there.
pub fn first_difference(one: &[Rest], other: &[Rest]) -> Option<String> {
    one.iter().zip(other).enumerate().find_map(|(phase, (one, other))| {
        let mut places = one.keys().chain(other.keys());
        let place = places.find(|place| one.get(*place) != other.get(*place))?;
        Some(format!("phase {phase}, {place:?}: {:?} or {:?}", one.get(place), other.get(place)))
    })
}

/// Lives through phases of edits, each ended by quiet, with pages, batches and faults of that kind. Returns what each
/// phase ends with.
pub async fn in_phases(seed: u64, sizes: Sizes, has_faults: bool) -> Vec<Rest> {
    let (rates, circumstances) = World::draw(seed);
    // What a plug-in does and what people do meanwhile depends on when a request comes; the rest must not matter.
    let rates = if has_faults { Rates { plug_in: 0, busy: 0, ..rates } } else { Rates::default() };
    let mut world = World::under(seed, Rates::default(), Circumstances { sizes, ..circumstances });
    let mut rests = Vec::new();
    for _ in 0..4 {
        for act in 0..12 {
            world.clock.tick();
            world.someone_acts(if act % 2 == 0 { Side::Left } else { Side::Right });
        }
        for side in Side::BOTH {
            world.machine(side).rates = rates;
        }
        for _ in 0..3 {
            world.run_sweeping(false).await;
        }
        world.heal();
        let (report, is_quiet) = oracle::quiet(&mut world).await;
        assert!(is_quiet && report.failures.is_empty(), "seed {seed}: {:?}", report.failures);
        rests.push(at_rest(&mut world));
        answer_all(&mut world).await;
    }
    rests
}

fn at_rest(world: &mut World) -> Rest {
    let mut rest = Rest::new();
    let conflicts = world.store().snapshot().unwrap().conflicts().unwrap();
    for side in Side::BOTH {
        let machine = world.machine(side);
        for table in [customers(side), cards()] {
            for (id, row) in &machine.server.table(&table).rows {
                let mut seen: Vec<_> = ["name", "phone", "street", "city", "note", "blocked"]
                    .map(|field| format!("{field} {:?}", row.value(field)))
                    .into();
                if let Value::Reference(currency) = row.value("currency") {
                    let currency = &machine.server.table(&currencies(side)).rows[currency];
                    seen.push(format!("currency {:?}", currency.value("code")));
                }
                let asked = conflicts.iter().filter(|conflict| conflict.rows[side] == *id);
                seen.extend(asked.map(|conflict| format!("asked about {:?}", conflict.kind)));
                rest.entry((format!("{side:?} {table}"), row.value("tag").clone())).or_default().extend(seen);
            }
        }
    }
    rest
}

/// Somebody answers everything that is asked, each kind of question the same way.
async fn answer_all(world: &mut World) {
    let desk = world.desk().unwrap();
    let Ok(Reply::Conflicts(conflicts)) = desk.handle(&Command::Conflicts).await else { return };
    for conflict in conflicts {
        let words = if conflict.fields.is_empty() { "restore" } else { connection(Side::Left) };
        let command = Command::Answer { conflict: conflict.id, words: vec![words.to_owned()] };
        // One answer may settle what another was to be about.
        let _ = desk.handle(&command).await;
    }
}

/// Lives through a seed, comes to rest, loses the store and starts over. Returns what is wrong then.
pub async fn with_lost_store(seed: u64, steps: u64) -> Vec<String> {
    let (rates, circumstances) = World::draw(seed);
    // A partner outside the filter is not looked for by who knows nothing.
    let circumstances = Circumstances { matches_tags: true, has_filter: false, ..circumstances };
    let mut world = World::under(seed, rates, circumstances);
    for _ in 0..steps {
        world.step().await;
    }
    let mut wrong = oracle::judge(&mut world).await;
    let before = (times(&world), deletions(&world));
    world.lose_store();
    let (report, is_quiet) = oracle::quiet(&mut world).await;
    if !is_quiet || !report.failures.is_empty() {
        wrong.push(format!("I29: no rest without the store: {:?}", report.failures));
    }
    let history = world.history();
    for (place, times) in times(&world) {
        // Of a row that was deleted and made anew, copies are left that are not the same row.
        if history.was_deleted(None, &place.1) {
            continue;
        }
        let most = before.0.get(&place).copied().unwrap_or_default().max(1);
        if times > most {
            wrong.push(format!("I29: {place:?} is there {times} times after the store was lost"));
        }
    }
    if deletions(&world) != before.1 {
        wrong.push("I29: something is deleted after the store was lost".to_owned());
    }
    wrong
}

/// How often a tag is there, by table.
fn times(world: &World) -> BTreeMap<(String, Value), usize> {
    let mut times = BTreeMap::new();
    for side in Side::BOTH {
        for (name, table) in &world.machine(side).server.tables {
            for row in table.rows.values().filter(|row| !row.value("tag").is_blank()) {
                *times.entry((format!("{side:?} {name}"), row.value("tag").clone())).or_default() += 1;
            }
        }
    }
    times
}

fn deletions(world: &World) -> usize {
    Side::BOTH.into_iter().map(|side| world.machine(side).deeds.deleted.len()).sum()
}
