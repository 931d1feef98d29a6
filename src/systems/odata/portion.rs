//! How much to ask for at once: less after the service took too long over it, slowly more while all goes well.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::http::{HttpError, Response};

/// The preference that names the size of pages.
const PAGE_SIZE: &str = "odata.maxpagesize=";

/// Returns whether what was asked for was too much: to repeat it would only take as long again.
pub fn is_too_much(answer: Result<&Response, &HttpError>) -> bool {
    match answer {
        Ok(response) => matches!(response.status, 408 | 413 | 504),
        Err(error) => matches!(error, HttpError::TimedOut),
    }
}

/// How much of one service is asked for at once.
#[derive(Debug, Default)]
pub struct Portions {
    pub(super) batch: BatchSize,
    pub(super) pages: PageSizes,
}

/// How many operations go into one batch.
#[derive(Debug, Default)]
pub struct BatchSize(Mutex<Option<BatchLimit>>);

#[derive(Debug)]
struct BatchLimit {
    operations: usize,
    /// Batches of that size that went well in a row.
    successes: usize,
}

impl BatchSize {
    /// Returns how many of those operations to send at once.
    pub fn of(&self, operations: usize) -> usize {
        self.limit().as_ref().map_or(operations, |limit| operations.min(limit.operations))
    }

    /// Takes in that so many were too much: half of them may be sent from here on.
    pub fn was_too_much(&self, operations: usize) {
        let mut limit = self.limit();
        let half = (operations / 2).max(1);
        let least = limit.as_ref().map_or(half, |limit| limit.operations.min(half));
        *limit = Some(BatchLimit { operations: least, successes: 0 });
    }

    /// Takes in that so many went well. After a round of batches as large as may be, one operation more may be tried.
    pub fn went_well(&self, operations: usize) {
        if let Some(limit) = self.limit().as_mut().filter(|limit| operations >= limit.operations) {
            limit.successes += 1;
            if limit.successes > limit.operations {
                *limit = BatchLimit { operations: limit.operations + 1, successes: 0 };
            }
        }
    }

    fn limit(&self) -> MutexGuard<'_, Option<BatchLimit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many rows go into one page of each set.
///
/// A page only ever gets smaller within one listing: where the service counts pages, a smaller one shows rows again,
/// while a larger one would pass over some.
#[derive(Debug, Default)]
pub struct PageSizes(Mutex<BTreeMap<String, u64>>);

impl PageSizes {
    /// Returns how many rows to ask for at an address, of those wanted. A listing that begins may try a few more than
    /// the one before.
    pub fn at(&self, url: &str, wanted: u64) -> u64 {
        let mut limits = self.limits();
        let Some(limit) = limits.get_mut(set(url)) else { return wanted };
        if !is_continued(url) {
            *limit = limit.saturating_add((*limit / 16).max(1));
        }
        wanted.min(*limit)
    }

    /// Takes in that so many rows were too much at an address. Returns how many to ask for instead.
    pub fn were_too_much(&self, url: &str, rows: u64) -> u64 {
        let half = (rows / 2).max(1);
        self.limits().insert(set(url).to_owned(), half);
        half
    }

    fn limits(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A preference, cut at the size of pages it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference<'a> {
    before: &'a str,
    /// The size of pages, if it names one.
    pub rows: Option<u64>,
    after: &'a str,
}

impl<'a> Preference<'a> {
    /// Cuts a preference.
    pub fn of(text: &'a str) -> Self {
        let whole = Self { before: text, rows: None, after: "" };
        let Some(at) = text.find(PAGE_SIZE).map(|at| at + PAGE_SIZE.len()) else { return whole };
        let (before, rest) = text.split_at(at);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (rows, after) = rest.split_at(digits);
        rows.parse().map_or(whole, |rows| Self { before, rows: Some(rows), after })
    }

    /// Writes it with another size of pages.
    pub fn with_rows(self, rows: Option<u64>) -> String {
        match rows {
            Some(rows) => format!("{}{rows}{}", self.before, self.after),
            None => self.before.to_owned(),
        }
    }
}

/// Returns the address of the set that is listed.
fn set(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// Returns whether an address goes on with a listing.
fn is_continued(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["skiptoken", "$skip", "%24skip"].iter().any(|word| url.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_took_too_long_or_was_too_large_was_too_much() {
        for (status, expected) in [
            (200, false),
            (400, false),
            (408, true),
            (412, false),
            (413, true),
            (429, false),
            (500, false),
            (502, false),
            (503, false),
            (504, true),
        ] {
            let answer = Response::new(status, Vec::new(), Vec::new());
            assert_eq!(is_too_much(Ok(&answer)), expected, "{status}");
        }
        assert!(is_too_much(Err(&HttpError::TimedOut)));
        assert!(!is_too_much(Err(&HttpError::NoAnswer { detail: String::new() })));
    }

    #[test]
    fn batches_are_halved_and_grow_again_one_by_one() {
        let size = BatchSize::default();
        assert_eq!(size.of(50), 50);
        size.went_well(50);
        assert_eq!(size.of(1000), 1000, "nothing was too much yet");
        size.was_too_much(50);
        size.was_too_much(50);
        assert_eq!((size.of(50), size.of(7)), (25, 7), "two at once halve once");
        size.went_well(7);
        assert_eq!(size.of(50), 25, "a small batch proves nothing");
        for _ in 0..25 {
            size.went_well(25);
        }
        assert_eq!(size.of(50), 25);
        size.went_well(25);
        assert_eq!(size.of(50), 26);
        for _ in 0..9 {
            size.was_too_much(size.of(50));
        }
        assert_eq!(size.of(50), 1);
    }

    #[test]
    fn pages_shrink_within_a_listing_and_grow_only_where_one_begins() {
        let sizes = PageSizes::default();
        let (first, next) = ("https://x/api/rows?$select=a", "https://x/api/rows?$skiptoken=2");
        assert_eq!(sizes.at(first, 1000), 1000);
        assert_eq!(sizes.were_too_much(first, 1000), 500);
        assert_eq!(sizes.at(next, 1000), 500);
        assert_eq!(sizes.were_too_much(next, 500), 250);
        assert_eq!(sizes.at(next, 1000), 250);
        assert_eq!(sizes.at(next, 100), 100);
        assert_eq!(sizes.at("https://x/api/others", 1000), 1000, "another set is not concerned");
        assert_eq!(sizes.at("https://x/api/rows?%24skip=250", 1000), 250);
        assert_eq!(sizes.at(first, 1000), 265);
        assert_eq!(sizes.at(first, 1000), 281);
        for _ in 0..22 {
            sizes.at(first, 1000);
        }
        assert_eq!(sizes.at(first, 1000), 1000);
        assert_eq!(sizes.were_too_much(first, 1), 1);
    }

    #[test]
    fn a_preference_keeps_what_it_says_beside_the_size_of_pages() {
        let check = |text: &str, rows: Option<u64>, with_7: &str| {
            let preference = Preference::of(text);
            assert_eq!(preference.rows, rows, "{text}");
            assert_eq!(preference.with_rows(rows.map(|_| 7)), with_7);
            assert_eq!(preference.with_rows(rows), text);
        };
        check("odata.maxpagesize=1000", Some(1000), "odata.maxpagesize=7");
        check(
            "odata.track-changes,odata.maxpagesize=5,x=1",
            Some(5),
            "odata.track-changes,odata.maxpagesize=7,x=1",
        );
        check("odata.track-changes", None, "odata.track-changes");
        check("odata.maxpagesize=many", None, "odata.maxpagesize=many");
    }
}
