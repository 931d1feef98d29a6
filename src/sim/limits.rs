//! The services' own limits: so many requests and so much work in a sliding window, so many requests at a time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::faults::{Service, lock};

/// The limits of both systems. The defaults are the announced ones; tests take smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many requests each service takes in a window.
    pub requests: usize,
    /// The sliding window.
    pub window: Duration,
    /// How long the requests of a window may take together at Dataverse.
    pub execution: Duration,
    /// How many requests Dataverse takes at a time; more are refused.
    pub dataverse_concurrent: usize,
    /// How many requests Business Central works on at a time; more wait.
    pub business_central_running: usize,
    /// How many requests may wait at Business Central; more are refused.
    pub business_central_queued: usize,
    /// How long each request takes.
    pub service_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 6000,
            window: Duration::from_secs(300),
            execution: Duration::from_secs(1200),
            dataverse_concurrent: 52,
            business_central_running: 5,
            business_central_queued: 95,
            service_time: Duration::from_millis(20),
        }
    }
}

/// Which limit a request would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    Requests,
    ExecutionTime,
    Concurrency,
}

/// A refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) facet: Facet,
    /// The seconds after which there is room again; more for those who did not wait.
    pub(crate) retry_after_secs: u64,
}

/// What is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remaining {
    pub(crate) requests: usize,
    pub(crate) execution: Duration,
}

/// Guards one service.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    running: Semaphore,
    /// Those that may run or wait.
    admitted: Semaphore,
    recent: Mutex<Recent>,
    counts_execution: bool,
}

/// What a window holds.
#[derive(Debug, Default)]
struct Recent {
    requests: VecDeque<Instant>,
    /// When requests ended, and how long they took.
    work: VecDeque<(Instant, Duration)>,
    /// Until when callers were asked to wait, and how many times they came too early.
    pause: Option<(Instant, u64)>,
}

impl Recent {
    fn forget(&mut self, now: Instant, window: Duration) {
        let is_old = |at: &Instant| now.duration_since(*at) >= window;
        while self.requests.front().is_some_and(is_old) {
            self.requests.pop_front();
        }
        while self.work.front().is_some_and(|(at, _)| is_old(at)) {
            self.work.pop_front();
        }
    }

    fn worked(&self) -> Duration {
        self.work.iter().map(|(_, took)| *took).sum()
    }

    /// Refuses, with a pause that grows for each request that came during the last one.
    fn refuse(&mut self, now: Instant, facet: Facet, secs: u64) -> Refusal {
        let early = match self.pause {
            Some((until, early)) if now < until => early + 1,
            _ => 0,
        };
        let retry_after_secs = secs + early;
        self.pause = Some((now + Duration::from_secs(retry_after_secs), early));
        Refusal { facet, retry_after_secs }
    }
}

impl Limiter {
    pub(crate) fn new(service: Service, limits: Limits) -> Self {
        let (running, queued) = match service {
            Service::BusinessCentral => (limits.business_central_running, limits.business_central_queued),
            Service::Dataverse | Service::Token => (limits.dataverse_concurrent, 0),
        };
        Self {
            limits,
            running: Semaphore::new(running),
            admitted: Semaphore::new(running + queued),
            recent: Mutex::default(),
            counts_execution: service == Service::Dataverse,
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes a place for a request, or refuses it with the seconds after which there is room again.
    pub(crate) fn admit(&self, now: Instant) -> Result<SemaphorePermit<'_>, Refusal> {
        let window = self.limits.window;
        let mut recent = lock(&self.recent);
        recent.forget(now, window);
        let room_after = |at: &Instant| window.saturating_sub(now.duration_since(*at)).as_secs() + 1;
        let Ok(place) = self.admitted.try_acquire() else {
            return Err(recent.refuse(now, Facet::Concurrency, 1));
        };
        if let Some(secs) =
            recent.requests.front().filter(|_| recent.requests.len() >= self.limits.requests).map(room_after)
        {
            return Err(recent.refuse(now, Facet::Requests, secs));
        }
        let spent = self.counts_execution && recent.worked() >= self.limits.execution;
        if let Some(secs) = recent.work.front().filter(|_| spent).map(|(at, _)| room_after(at)) {
            return Err(recent.refuse(now, Facet::ExecutionTime, secs));
        }
        recent.requests.push_back(now);
        Ok(place)
    }

    /// Notes how long a request took.
    pub(crate) fn worked(&self, now: Instant, took: Duration) {
        lock(&self.recent).work.push_back((now, took));
    }

    /// Returns what is left of the window.
    pub(crate) fn remaining(&self, now: Instant) -> Remaining {
        let mut recent = lock(&self.recent);
        recent.forget(now, self.limits.window);
        Remaining {
            requests: self.limits.requests.saturating_sub(recent.requests.len()),
            execution: self.limits.execution.saturating_sub(recent.worked()),
        }
    }

    /// Waits for a turn and works as long as a request takes.
    pub(crate) async fn work(&self) {
        let Ok(_turn) = self.running.acquire().await else { return };
        tokio::time::sleep(self.limits.service_time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            requests: 3,
            window: Duration::from_secs(10),
            execution: Duration::from_secs(5),
            dataverse_concurrent: 2,
            business_central_running: 1,
            business_central_queued: 2,
            service_time: Duration::ZERO,
        }
    }

    #[test]
    fn a_window_takes_so_many_requests_and_says_when_there_is_room() {
        let limiter = Limiter::new(Service::Dataverse, limits());
        let start = Instant::now();
        let at = |secs: u64| {
            let admitted = limiter.admit(start + Duration::from_secs(secs)).map(drop);
            admitted.map_err(|refusal| {
                assert_eq!(refusal.facet, Facet::Requests);
                refusal.retry_after_secs
            })
        };
        assert_eq!([at(0), at(1), at(2), at(4)], [Ok(()), Ok(()), Ok(()), Err(7)]);
        // The window has room before the pause is over; who came into it waits a second longer.
        assert_eq!([at(10), at(10), at(11)], [Ok(()), Err(3), Ok(())]);
    }

    #[test]
    fn only_so_many_requests_run_or_wait_at_a_time() {
        for (service, places) in [(Service::Dataverse, 2), (Service::BusinessCentral, 3)] {
            let limiter = Limiter::new(service, Limits { requests: 100, ..limits() });
            let taken: Vec<_> = (0..places).map(|_| limiter.admit(Instant::now()).unwrap()).collect();
            let refusal = Refusal { facet: Facet::Concurrency, retry_after_secs: 1 };
            assert_eq!(limiter.admit(Instant::now()).map(drop), Err(refusal));
            drop(taken);
            assert_eq!(limiter.admit(Instant::now()).map(drop), Ok(()));
        }
    }

    #[test]
    fn the_pause_grows_for_those_who_do_not_wait() {
        let limiter = Limiter::new(Service::Dataverse, limits());
        let start = Instant::now();
        let at = |secs: u64| {
            let admitted = limiter.admit(start + Duration::from_secs(secs)).map(drop);
            admitted.map_err(|refusal| refusal.retry_after_secs)
        };
        assert_eq!([at(0), at(0), at(0)], [Ok(()); 3]);
        assert_eq!([at(1), at(2), at(3), at(9)], [Err(10), Err(10), Err(10), Err(5)]);
        assert_eq!(at(14), Ok(()));
    }

    #[test]
    fn work_counts_at_dataverse_until_it_leaves_the_window() {
        let start = Instant::now();
        let later = |secs: u64| start + Duration::from_secs(secs);
        for (service, expected) in [
            (Service::Dataverse, Err(Refusal { facet: Facet::ExecutionTime, retry_after_secs: 9 })),
            (Service::BusinessCentral, Ok(())),
        ] {
            let limiter = Limiter::new(service, limits());
            limiter.worked(start, Duration::from_secs(3));
            assert_eq!(limiter.admit(later(1)).map(drop), Ok(()));
            assert_eq!(
                limiter.remaining(later(1)),
                Remaining { requests: 2, execution: Duration::from_secs(2) }
            );
            limiter.worked(later(1), Duration::from_secs(2));
            assert_eq!(limiter.admit(later(2)).map(drop), expected);
            assert_eq!(limiter.admit(later(10)).map(drop), Ok(()));
        }
    }
}
