//! What one process takes at most, with the reason for each number. What limits one thing alone stands beside it, as
//! the size of a body does; `docs/limits.md` has the table of all, and of what a client gets when one is used up.

use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections of clients, if there are descriptors enough. An idle one takes some 15 kB.
const MOST_CLIENTS: usize = 10_000;

/// Connections of whoever scrapes `ADMIN_BIND`.
pub const ADMIN_CLIENTS: usize = 32;

/// Connections to one listener that have just come, and have no place among the others yet.
pub const ARRIVING: usize = 64;

/// The fewest connections of clients, however few descriptors there are.
const FEWEST_CLIENTS: usize = 16;

/// Tasks of the process: calls of use cases, and the exchanges, refreshes and saves that go on without their callers.
/// Callers wait 15 s at most, so this many serve some hundred callers a second of the slowest kind, and a task takes a
/// few kB.
pub const TASKS: usize = 4_096;

/// Descriptors for calls to amoCRM, under way and kept. Half of them serve 2,048 calls at a time: at amoCRM's seven a
/// second and account, nearly three hundred accounts that answer after a second.
const MOST_FOR_AMO: usize = 4_096;

/// What calls to amoCRM have of few descriptors: one part in so many.
const PART_FOR_AMO: usize = 4;

/// Descriptors for everything else: standard streams, listeners, log, `/proc`, connections of commands, and name
/// servers that are being asked.
const FOR_THE_PROCESS: usize = 96;

/// actix serves with no more threads.
const MOST_WORKERS: usize = 512;

/// Descriptors of a worker: its poll, its waker and its timer.
const FOR_A_WORKER: usize = 4;

/// Descriptors of a connection to the database: SQLite has a file, its log and its index.
const FOR_THE_DATABASE: usize = 3;

/// From the first byte of a request to the last of its head, and for a body that nobody wants. A phone on a bad line
/// needs a few seconds; a body that is wanted has a limit of its own.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take for a part of an answer, [`ANSWER_PART`] or less: some 1 kB a second.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What a client has to take of a long answer in this time, to be waited for as long again.
pub const ANSWER_PART: usize = 32 * 1024;

/// An answer that takes no part of [`LONG_ANSWERS`].
pub const SHORT_ANSWER: usize = 64 * 1024;

/// Bytes of longer answers that clients have not taken yet: a page of 250 leads with many fields has some 500 kB.
pub const LONG_ANSWERS: usize = 64 * 1024 * 1024;

/// What one user has of these.
pub const LONG_ANSWERS_OF_A_USER: usize = LONG_ANSWERS / 8;

/// How long a stop waits for clients who send or read slowly. The answers themselves are waited for longer.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// How long a connection is read after an answer that came before the end of its request, so that the client sees the
/// answer and no reset.
pub const LINGER: Duration = Duration::from_secs(1);

/// What is read of a connection at once, before what was read is looked at: of more, a client could make thousands of
/// requests that wait, each a hundred times as large as what it has sent.
pub const READ_AT_ONCE: usize = 4 * 1024;

/// What is read of a connection while a request of it is served: twice the largest body.
pub const READ_AHEAD: usize = 32 * 1024;

/// Requests of one user that are under way, so that nobody takes all tasks. An app asks for a few things at one time.
pub const REQUESTS_OF_A_USER: usize = 64;

/// How the descriptors of this process are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// All that there are.
    pub descriptors: usize,
    /// Connections of clients.
    pub clients: usize,
    /// Calls to amoCRM that are under way, and as many connections that are kept for the next one.
    pub amo_calls: usize,
}

impl Budgets {
    /// Those of this process, which has so many connections to its database.
    pub fn of_process(database: usize) -> Self {
        let kept_back = FOR_THE_PROCESS + FOR_A_WORKER * 2 * workers() + FOR_THE_DATABASE * database;
        Self::within(descriptors(getrlimit(Resource::Nofile)), kept_back + ADMIN_CLIENTS + 2 * ARRIVING)
    }

    fn within(descriptors: usize, kept_back: usize) -> Self {
        let amo = (descriptors / PART_FOR_AMO).clamp(FEWEST_CLIENTS, MOST_FOR_AMO);
        let clients = descriptors.saturating_sub(amo + kept_back).clamp(FEWEST_CLIENTS, MOST_CLIENTS);
        Self { descriptors, clients, amo_calls: amo / 2 }
    }
}

/// Threads that serve HTTP, and as many that do everything else: one of each for each core.
pub fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS)
}

/// Takes as many descriptors as this process may have. What it started with is a limit for programs of another kind.
pub fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // It may not: then it goes on with what it has, and the line of the start says how many that are.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn descriptors(limit: Rlimit) -> usize {
    limit.current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_budgets_together_are_no_more_than_the_descriptors_and_the_database_has_its_own() {
        for descriptors in [512, 1_024, 4_096, 65_536, 1_048_576, usize::MAX] {
            let kept_back = 290;
            let budgets = Budgets::within(descriptors, kept_back);
            assert!(budgets.clients + 2 * budgets.amo_calls + kept_back <= descriptors, "{budgets:?}");
            assert!(budgets.clients >= FEWEST_CLIENTS && budgets.amo_calls >= FEWEST_CLIENTS / 2, "{budgets:?}");
        }
        assert_eq!(
            Budgets::within(1_048_576, 200),
            Budgets { descriptors: 1_048_576, clients: 10_000, amo_calls: 2_048 }
        );
    }
}
