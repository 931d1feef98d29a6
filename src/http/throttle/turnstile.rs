//! One throttle for all requests of a connection: they wait their turn, first come, first served.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::gate::{Entry, Gate, Limits, Ticket, Usage};
use crate::http::{HttpError, Response};

/// The throttle of one connection.
#[derive(Debug)]
pub(in crate::http) struct Throttle {
    gate: Mutex<Gate>,
    /// Held by the request that is next. Whoever waits for it waits in line.
    turn: tokio::sync::Mutex<()>,
    ended: Notify,
}

impl Throttle {
    /// Makes a throttle with untouched budgets. What would have to wait for longer than `longest_wait` because of a
    /// pause or of the day's budget is turned away.
    pub(in crate::http) fn new(limits: &Limits, longest_wait: Duration) -> Self {
        Self {
            gate: Mutex::new(Gate::new(limits, longest_wait)),
            turn: tokio::sync::Mutex::default(),
            ended: Notify::new(),
        }
    }

    /// Returns how many requests may be under way at once at present.
    pub(in crate::http) fn parallelism(&self) -> usize {
        self.gate().parallelism()
    }

    /// Keeps inside these limits as well.
    pub(in crate::http) fn narrow(&self, limits: &Limits) {
        self.gate().narrow(limits);
    }

    /// Returns what is used of the budgets at present.
    pub(in crate::http) fn usage(&self) -> Usage {
        self.gate().usage(Instant::now())
    }

    /// Waits until a request with that many operations may leave. It counts as under way until the place is dropped.
    pub(in crate::http) async fn place(&self, operations: u32) -> Result<Place<'_>, HttpError> {
        let _turn = self.turn.lock().await;
        loop {
            let entry = self.gate().enter(Instant::now(), operations);
            match entry {
                Entry::Granted(ticket) => return Ok(Place { throttle: self, ticket }),
                Entry::NotSoon(error) => return Err(error),
                // Whoever has the turn is the only one who waits for this, so one notice is enough.
                Entry::WhenOthersEnd => self.ended.notified().await,
                Entry::At(moment) => {
                    let wait_ms = (moment - Instant::now()).as_millis();
                    debug!(wait_ms, "Waiting to stay inside the service's limits");
                    sleep_until(moment).await;
                }
            }
        }
    }

    /// Lets the throttle learn from the answer to one operation of a batch, as if it were an answer of its own.
    pub(in crate::http) fn answered_inside(&self, departure: Departure, part: &Response) {
        self.gate().learn(Instant::now(), departure.0, part);
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right of one request to be under way.
#[derive(Debug)]
pub(in crate::http) struct Place<'a> {
    throttle: &'a Throttle,
    ticket: Ticket,
}

/// When a request left, as far as the throttle cares.
#[derive(Clone, Copy, Debug)]
pub struct Departure(Ticket);

impl Place<'_> {
    /// Returns what tells the throttle later that something was learned from this request's answer.
    pub(in crate::http) const fn departure(&self) -> Departure {
        Departure(self.ticket)
    }

    /// Lets the throttle learn from the answer.
    pub(in crate::http) fn answered(&self, response: &Response) {
        self.throttle.gate().learn(Instant::now(), self.ticket, response);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.throttle.gate().leave(Instant::now(), self.ticket);
        self.throttle.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use fastrand::Rng;
    use tokio::task::JoinSet;
    use tokio::time::sleep;

    use super::*;

    const LONGEST_WAIT: Duration = Duration::from_secs(30);

    fn limits(requests: u32, window_secs: u64, running: usize) -> Limits {
        Limits { requests, window: Duration::from_secs(window_secs), running, per_day: None }
    }

    fn response(status: u16, headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Response::new(status, headers.collect(), Vec::new())
    }

    /// A service that refuses exactly what exceeds its limits, each counted at the moment of its arrival.
    struct Service {
        limits: Limits,
        seen: Mutex<Seen>,
    }

    #[derive(Default)]
    struct Seen {
        arrivals: VecDeque<Instant>,
        running: usize,
        most_running: usize,
        answered: usize,
        refused: usize,
    }

    impl Service {
        fn new(limits: Limits) -> Arc<Self> {
            Arc::new(Self { limits, seen: Mutex::default() })
        }

        async fn answer(&self, to_arrive: Duration, to_answer: Duration) -> Response {
            sleep(to_arrive).await;
            if self.refuses() {
                return response(429, &[("retry-after", "1")]);
            }
            sleep(to_answer).await;
            let mut seen = self.seen.lock().unwrap();
            seen.running -= 1;
            seen.answered += 1;
            response(200, &[])
        }

        fn refuses(&self) -> bool {
            let now = Instant::now();
            let mut seen = self.seen.lock().unwrap();
            while seen.arrivals.front().is_some_and(|arrival| now - *arrival >= self.limits.window) {
                seen.arrivals.pop_front();
            }
            let is_over =
                seen.arrivals.len() >= self.limits.requests as usize || seen.running >= self.limits.running;
            if is_over {
                seen.refused += 1;
                return true;
            }
            seen.arrivals.push_back(now);
            seen.running += 1;
            seen.most_running = seen.most_running.max(seen.running);
            false
        }
    }

    /// Sends that many requests from many tasks at once, each until it is answered. Returns the time it took.
    async fn send_all(service: &Arc<Service>, announced: Limits, requests: usize) -> Duration {
        let throttle = Arc::new(Throttle::new(&announced, LONGEST_WAIT));
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for task in 0..40 {
            let (service, throttle) = (Arc::clone(service), Arc::clone(&throttle));
            tasks.spawn(async move {
                let mut random = Rng::with_seed(task);
                let mut left = requests / 40;
                while left > 0 {
                    let place = throttle.place(1).await.unwrap();
                    let way = Duration::from_millis(random.u64(1..100));
                    let work = Duration::from_millis(random.u64(1..300));
                    let response = service.answer(way, work).await;
                    place.answered(&response);
                    left -= usize::from(response.status == 200);
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_with_the_announced_limits_never_refuses_and_is_made_full_use_of() {
        for announced in [limits(6000, 300, 5), limits(6000, 300, 20)] {
            let service = Service::new(announced);
            let took = send_all(&service, announced, 20_000).await;
            let seen = service.seen.lock().unwrap();
            assert_eq!((seen.answered, seen.refused), (20_000, 0));
            assert!(seen.most_running > announced.running * 3 / 4, "{}", seen.most_running);
            // Three windows have to pass at least; a fifth more is what care costs.
            assert!(took > 3 * announced.window, "{took:?}");
            assert!(took < announced.window * 36 / 10, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_bears_less_than_announced_is_adapted_to() {
        let service = Service::new(limits(6000, 300, 6));
        send_all(&service, limits(6000, 300, 52), 4000).await;
        let seen = service.seen.lock().unwrap();
        assert_eq!(seen.answered, 4000);
        assert!(seen.refused > 0 && seen.refused < 4000 / 10, "{}", seen.refused);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_up_every_request_and_is_as_long_as_asked() {
        let throttle = Throttle::new(&limits(6000, 300, 5), LONGEST_WAIT);
        let place = throttle.place(1).await.unwrap();
        place.answered(&response(429, &[("retry-after", "17")]));
        drop(place);
        let asked_at = Instant::now();
        for _ in 0..3 {
            drop(throttle.place(1).await.unwrap());
            assert_eq!(asked_at.elapsed(), Duration::from_secs(17));
        }
        let place = throttle.place(1).await.unwrap();
        place.answered(&response(503, &[("retry-after", "31")]));
        drop(place);
        let turned_away = throttle.place(1).await.unwrap_err();
        assert_eq!(turned_away, HttpError::Paused { wait: Duration::from_secs(31) });
    }

    /// What is refused inside a batch holds up everything as well, and one burst of refusals slows down once.
    #[tokio::test(start_paused = true)]
    async fn a_refusal_inside_a_batch_counts_as_one_of_the_whole() {
        let throttle = Throttle::new(&limits(6000, 300, 4), LONGEST_WAIT);
        let (one, other) = (throttle.place(50).await.unwrap(), throttle.place(50).await.unwrap());
        let departures = [one.departure(), other.departure()];
        for place in [one, other] {
            place.answered(&response(200, &[]));
        }
        let asked_at = Instant::now();
        for departure in departures {
            throttle.answered_inside(departure, &response(429, &[("retry-after", "5")]));
            throttle.answered_inside(departure, &response(429, &[]));
        }
        assert_eq!(throttle.parallelism(), 2);
        drop(throttle.place(1).await.unwrap());
        assert_eq!(asked_at.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn places_go_to_those_who_asked_first() {
        let throttle = Arc::new(Throttle::new(&limits(6000, 300, 1), LONGEST_WAIT));
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = throttle.place(1).await.unwrap();
        let mut tasks = JoinSet::new();
        for number in 0..10 {
            let (throttle, order) = (Arc::clone(&throttle), Arc::clone(&order));
            tasks.spawn(async move {
                let _place = throttle.place(1).await.unwrap();
                order.lock().unwrap().push(number);
            });
            tokio::task::yield_now().await;
        }
        drop(first);
        tasks.join_all().await;
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
    }

    /// A request that is given up while it waits or while it is under way leaves nothing behind.
    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_given_up_frees_its_place() {
        let throttle = Throttle::new(&limits(6000, 300, 1), LONGEST_WAIT);
        let held = throttle.place(1).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(1), throttle.place(1)).await;
        assert!(waited.is_err());
        drop(held);
        drop(throttle.place(1).await.unwrap());
    }
}
