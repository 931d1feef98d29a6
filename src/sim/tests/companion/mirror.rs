//! The law of the change feed: whoever follows it as the contract says has, in the end, exactly the rows there are.

use std::collections::BTreeMap;

use super::*;
use crate::sim::disturbance::Disturbance;
use crate::sim::profile::Profile;
use crate::sim::sequence::Sequence;

/// A follower of one set, with a watermark for its rows and one for tombstones.
#[derive(Default)]
struct Mirror {
    rows: BTreeMap<String, String>,
    changes: u64,
    deletions: u64,
}

impl Mirror {
    /// Reads both feeds once. A tombstone counts only with a 404 on the row.
    fn follow(&mut self, world: &mut World) {
        let (deleted, deletions) = feed(world, "deletedRows", self.deletions);
        let (changed, changes) = feed(world, "customers", self.changes);
        for row in changed {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            self.rows.insert(text("id"), text("city"));
        }
        for tombstone in deleted.iter().filter(|row| row["entitySetName"] == "customers") {
            let id = tombstone["systemId"].as_str().unwrap();
            if get(world, &format!("customers({id})")).status == 404 {
                self.rows.remove(id);
            }
        }
        (self.changes, self.deletions) = (changes, deletions);
    }
}

/// Does something at random to a customer, through either API and as anyone.
fn disturb(world: &mut World, sequence: &mut Sequence, step: usize) {
    let ids = texts(&get(world, "customers?$select=id"), "id");
    let id = &ids[sequence.below(ids.len())];
    let path = format!("customers({id})");
    let body = json!({"city": format!("City {step}")});
    let uuid = |id: &str| Uuid::parse_str(id).unwrap();
    match sequence.below(9) {
        0 => drop(post(world, "customers", &json!({"displayName": "Neu", "city": "Neustadt"}))),
        1 => drop(person(world, "DELETE", &path, &Value::Null)),
        2 | 3 => drop(send(world, "PATCH", &path, &["If-Match: *"], &body)),
        4 => {
            let target = format!("{}/{path}", super::super::business_central::root(world));
            let request = request("PATCH", &target, &["If-Match: *"], &body.to_string());
            world.business_central.answer(&request, &mut Vec::new());
        }
        5 => world.business_central.hold_row_versions(true),
        6 => world.business_central.hold_row_versions(false),
        7 => drop(world.business_central.merge("customers", uuid(id), uuid(&ids[sequence.below(ids.len())]))),
        _ => drop(person(world, "PATCH", &path, &body)),
    }
}

#[test]
fn whoever_follows_the_feed_has_every_row_in_the_end() {
    for seed in 1..=5 {
        let faults = vec![Profile::LateRows];
        let mut world = installed();
        let disturbance = std::sync::Arc::new(Disturbance::new(&faults, seed));
        world.business_central.disturb(disturbance.clone());
        let (mut mirror, mut sequence) = (Mirror::default(), Sequence::new(seed));
        for step in 0..120 {
            disturb(&mut world, &mut sequence, step);
            if sequence.below(4) == 0 {
                mirror.follow(&mut world);
            }
        }
        disturbance.calm();
        world.business_central.hold_row_versions(false);
        for _ in 0..4 {
            mirror.follow(&mut world);
        }
        let found = rows(&get(&mut world, "customers?$select=id,city"));
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let found: BTreeMap<_, _> = found.iter().map(|row| (text(row, "id"), text(row, "city"))).collect();
        assert_eq!(mirror.rows, found, "seed {seed}");
        assert!(disturbance.struck()[&Profile::LateRows] > 0);
    }
}
