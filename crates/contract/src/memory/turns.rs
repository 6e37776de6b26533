//! [`MemoryTurnBook`]: the book of turns in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{StoreError, TurnBook};
use amo_connect_domain::rate_limit::{BANS_MEET, Heard, Line, Pace, Probe, Turn, Turns};
use async_trait::async_trait;
use jiff::Timestamp;

use super::store::PlaysDead;
use crate::clock::TestClock;
use crate::fixtures::at;
use crate::turn_book::TurnBookHarness;

/// A [`TurnBook`] in memory. Its clones are handles on the same book, as another process would
/// have them.
#[derive(Clone)]
pub struct MemoryTurnBook {
    lines: Arc<Mutex<Lines>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    down: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Lines {
    accounts: HashMap<AccountHost, Line>,
    integration: Line,
}

impl MemoryTurnBook {
    /// An empty book that goes by `clock`.
    pub fn at(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { lines: Arc::default(), clock: Arc::new(clock), down: Arc::default() }
    }

    /// While `down`, every method answers [`StoreError::Unavailable`].
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Lines, Timestamp) -> T) -> Result<T, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(Box::new(PlaysDead)));
        }
        Ok(work(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner), (self.clock)()))
    }
}

impl Lines {
    fn of(&self, account: &AccountHost) -> Turns {
        Turns { account: self.accounts.get(account).copied().unwrap_or_default(), integration: self.integration }
    }

    fn put(&mut self, account: &AccountHost, turns: Turns) {
        self.accounts.insert(account.clone(), turns.account);
        self.integration = turns.integration;
    }
}

#[async_trait]
impl TurnBook for MemoryTurnBook {
    async fn take_turn(&self, account: &AccountHost, pace: Pace, patience: Duration) -> Result<Turn, StoreError> {
        self.with(|lines, now| {
            let mut turns = lines.of(account);
            let turn = turns.take(pace, patience, now);
            lines.put(account, turns);
            turn
        })
    }

    async fn hear(&self, account: &AccountHost, heard: Heard, probe: Option<Probe>) -> Result<(), StoreError> {
        self.with(|lines, now| {
            let lately = now.saturating_sub(BANS_MEET).unwrap_or(Timestamp::MIN);
            let is_banned = |line: &Line| line.ban.is_some_and(|ban| ban.since > lately && ban.since <= now);
            let banned = lines.accounts.iter().filter(|(other, line)| *other != account && is_banned(line)).count();
            let mut turns = lines.of(account);
            turns.hear(heard, probe, banned, now);
            lines.put(account, turns);
        })
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.with(|lines, now| {
            let oldest = now.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN);
            let is_over = |at: Option<Timestamp>| at.is_none_or(|at| at < oldest);
            let is_kept = |line: &Line| !(is_over(line.next_at) && is_over(line.ban.map(|ban| ban.probe_at)));
            lines.accounts.retain(|_, line| is_kept(line));
            if !is_kept(&lines.integration) {
                lines.integration = Line::default();
            }
        })
    }
}

impl fmt::Debug for MemoryTurnBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTurnBook").field("lines", &self.lines).finish_non_exhaustive()
    }
}

/// A book in memory, for [`turn_book_contract!`](crate::turn_book_contract).
#[derive(Debug)]
pub struct MemoryTurnBookHarness {
    book: MemoryTurnBook,
    clock: TestClock,
}

#[async_trait]
impl TurnBookHarness for MemoryTurnBookHarness {
    async fn fresh() -> Self {
        let clock = TestClock::at(at(365 * 24 * 3600));
        let book = MemoryTurnBook::at({
            let clock = clock.clone();
            move || clock.now()
        });
        Self { book, clock }
    }

    fn book(&self) -> Arc<dyn TurnBook> {
        Arc::new(self.book.clone())
    }

    async fn second_handle(&self) -> Arc<dyn TurnBook> {
        self.book()
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}
