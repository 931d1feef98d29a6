//! The services' own limits: so many requests in a sliding window, so many at a time. Counts what it refuses.

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
            dataverse_concurrent: 52,
            business_central_running: 5,
            business_central_queued: 95,
            service_time: Duration::from_millis(20),
        }
    }
}

/// Guards one service.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    running: Semaphore,
    /// Those that may run or wait.
    admitted: Semaphore,
    recent: Mutex<VecDeque<Instant>>,
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
        }
    }

    /// Takes a place for a request, or refuses it with the seconds after which there is room again.
    pub(crate) fn admit(&self, now: Instant) -> Result<SemaphorePermit<'_>, u64> {
        let place = self.admitted.try_acquire().map_err(|_| 1_u64)?;
        let mut recent = lock(&self.recent);
        while recent.front().is_some_and(|first| now.duration_since(*first) >= self.limits.window) {
            recent.pop_front();
        }
        if let Some(first) = recent.front().filter(|_| recent.len() >= self.limits.requests) {
            let left = self.limits.window.saturating_sub(now.duration_since(*first));
            return Err(left.as_secs() + 1);
        }
        recent.push_back(now);
        Ok(place)
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
        let at = |secs: u64| limiter.admit(start + Duration::from_secs(secs)).map(drop);
        assert_eq!([at(0), at(1), at(2), at(4)], [Ok(()), Ok(()), Ok(()), Err(7)]);
        assert_eq!([at(10), at(10), at(11)], [Ok(()), Err(2), Ok(())]);
    }

    #[test]
    fn only_so_many_requests_run_or_wait_at_a_time() {
        for (service, places) in [(Service::Dataverse, 2), (Service::BusinessCentral, 3)] {
            let limiter = Limiter::new(service, Limits { requests: 100, ..limits() });
            let taken: Vec<_> = (0..places).map(|_| limiter.admit(Instant::now()).unwrap()).collect();
            assert_eq!(limiter.admit(Instant::now()).map(drop), Err(1));
            drop(taken);
            assert_eq!(limiter.admit(Instant::now()).map(drop), Ok(()));
        }
    }
}
