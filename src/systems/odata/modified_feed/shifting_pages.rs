//! A server that counts its pages off while people edit: nothing may be left out for good.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::Position;
use crate::model::{Row, RowId, Timestamp, Version, Watermark};
use crate::systems::{ChangeQuery, Cursor, RowError};

const OVERLAP: Duration = Duration::from_secs(2);
/// More than the time in which edits put a watermark into doubt.
const QUIET: i64 = 600;
const QUIET_POLLS: usize = 3;

/// What people do between two requests.
#[derive(Clone, Debug)]
enum Act {
    Nothing,
    Edit(usize),
    Delete(usize),
    Wait(u8),
}

fn edit() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Nothing),
        4 => any::<usize>().prop_map(Act::Edit),
        1 => any::<u8>().prop_map(Act::Wait),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![5 => edit(), 1 => any::<usize>().prop_map(Act::Delete)]
}

/// Rows by id with the second they were modified in, and the server's clock.
struct Server {
    rows: BTreeMap<u32, i64>,
    /// Rows that do not meet the condition; every other edit takes a row in or out.
    outside: BTreeSet<u32>,
    clock: i64,
    page_size: usize,
}

impl Server {
    fn act(&mut self, act: &Act) {
        let nth = |at: &usize| self.rows.keys().nth(at % self.rows.len().max(1)).copied();
        match act {
            Act::Nothing => {}
            Act::Edit(at) => {
                if let Some(id) = nth(at) {
                    self.rows.insert(id, self.clock);
                    if at % 2 == 0 && !self.outside.remove(&id) {
                        self.outside.insert(id);
                    }
                }
            }
            Act::Delete(at) => {
                if let Some(id) = nth(at) {
                    self.rows.remove(&id);
                }
            }
            Act::Wait(secs) => self.clock += i64::from(*secs),
        }
    }

    /// Answers a page and, if there is more, the place the next one is counted from.
    fn page(&self, position: &Position) -> (Vec<Result<Row, RowError>>, Option<usize>) {
        let (floor, has_condition) = (position.floor(OVERLAP), position.condition.is_some());
        let skip = position.link.as_deref().map_or(0, |link| link.parse().unwrap());
        let mut rows: Vec<_> = self.rows.iter().map(|(id, at)| (second(*at), *id)).collect();
        rows.retain(|(at, _)| floor.is_none_or(|floor| *at >= floor));
        rows.retain(|(_, id)| !has_condition || !self.outside.contains(id));
        rows.sort_unstable();
        let next = (rows.len() > skip + self.page_size).then_some(skip + self.page_size);
        let shown = rows.into_iter().skip(skip).take(self.page_size);
        (shown.map(|(at, id)| Ok(row(id, at))).collect(), next)
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn row(id: u32, at: Timestamp) -> Row {
    let id = RowId::new(format!("5c1e0000-0000-4000-8000-{id:012}"));
    let version = Some(Version::new(at.to_string()));
    Row { id, version, modified_at: Some(at), modified_by: None, values: [].into() }
}

/// The client: what it has seen of each row, and its watermark.
#[derive(Default)]
struct Client {
    seen: BTreeMap<RowId, Timestamp>,
    watermark: Option<Watermark>,
    /// What the first listing is asked to meet.
    condition: Option<String>,
}

impl Client {
    /// Reads to the end, with people at work before each request.
    fn poll(&mut self, server: &mut Server, acts: &mut impl Iterator<Item = Act>) {
        let mut cursor = self.watermark.clone().map_or(Cursor::Start, Cursor::Since);
        for _ in 0..1000 {
            server.act(&acts.next().unwrap_or(Act::Nothing));
            let is_start = cursor == Cursor::Start;
            let query = ChangeQuery { table: "customers".into(), columns: [].into(), cursor, filter: None };
            let mut position = Position::of(&query).unwrap();
            if is_start {
                position.condition.clone_from(&self.condition);
            }
            let (rows, next) = server.page(&position);
            for row in rows.iter().flatten() {
                self.seen.insert(row.id.clone(), row.modified_at.unwrap());
            }
            position.note(&rows, Some(second(server.clock)));
            match next {
                Some(next) => cursor = Cursor::Page(position.page(next.to_string(), OVERLAP)),
                None => {
                    self.watermark = position.watermark();
                    return;
                }
            }
        }
        panic!("the read does not end");
    }
}

/// People act in a few polls, then it is quiet; in the end the client has seen each row as it is, or at least each that meets
/// the condition of its first listing.
fn check(
    rows: BTreeMap<u32, i64>,
    page_size: usize,
    polls: Vec<Vec<Act>>,
    condition: Option<&str>,
) -> Result<(), TestCaseError> {
    let outside = rows.keys().copied().filter(|id| id % 3 == 0).collect();
    let mut server = Server { rows, outside, clock: 100, page_size };
    let mut client = Client { condition: condition.map(str::to_owned), ..Client::default() };
    for acts in polls {
        client.poll(&mut server, &mut acts.into_iter());
        server.clock += 1;
    }
    server.clock += QUIET;
    for _ in 0..QUIET_POLLS {
        client.poll(&mut server, &mut std::iter::empty());
    }
    let is_wanted = |id: &u32| condition.is_none() || !server.outside.contains(id);
    for (id, at) in server.rows.iter().filter(|(id, _)| is_wanted(id)) {
        let shown = row(*id, second(*at));
        prop_assert_eq!(client.seen.get(&shown.id), shown.modified_at.as_ref());
    }
    let watermark = client.watermark.clone();
    client.poll(&mut server, &mut std::iter::empty());
    prop_assert_eq!(client.watermark, watermark, "a quiet watermark stays");
    Ok(())
}

proptest! {
    /// I25: also where more rows share a stamp than fit a page.
    #[test]
    fn rows_edited_between_pages_push_no_other_out(
        stamps in prop::collection::vec(0_i64..4, 0..40),
        page_size in 1_usize..7,
        polls in prop::collection::vec(prop::collection::vec(edit(), 0..12), 1..4),
    ) {
        check((0_u32..).zip(stamps).collect(), page_size, polls, None)?;
    }

    /// I25: an edit that takes a row out of the condition hides it, and pushes no other out.
    #[test]
    fn rows_that_leave_the_condition_between_pages_push_no_other_out(
        stamps in prop::collection::vec(prop::sample::select(vec![0_i64, 0, 0, 9]), 8..24),
        page_size in 1_usize..4,
        polls in prop::collection::vec(prop::collection::vec(edit(), 0..6), 1..3),
    ) {
        check((0_u32..).zip(stamps).collect(), page_size, polls, Some("inside"))?;
    }

    /// I25: deletions leave no trace, so that it takes stamps that tell rows apart.
    #[test]
    fn rows_deleted_between_pages_push_no_other_out(
        count in 0_u32..40,
        page_size in 2_usize..7,
        polls in prop::collection::vec(prop::collection::vec(act(), 0..12), 1..4),
    ) {
        let spread = (0..count).map(|id| (id, i64::from(id) * 2));
        check(spread.collect(), page_size, polls, None)?;
    }
}

/// I25: without the edited row in sight nothing would tell that the pages shifted.
#[test]
fn a_row_that_is_edited_out_of_the_condition_takes_no_other_along() {
    let rows = [1, 2, 4, 5, 7, 8].map(|id| (id, 0)).into_iter().chain([(10, 9)]);
    check(rows.collect(), 2, vec![vec![Act::Nothing, Act::Nothing, Act::Edit(0)]], Some("inside")).unwrap();
}
