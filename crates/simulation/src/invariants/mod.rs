//! The invariants of every schedule, and the checker that finds a broken one.

mod background;
mod calls;
mod ends;
mod rows;
mod sendings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use amo_connect_domain::connection::ConnectionState;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::{AccountId, Epoch, Generation, LeaseOwner};

use crate::crm::{CodeId, Crm, GrantId, PairId};
use crate::executor::Home;

use calls::Call;
pub(crate) use calls::CallId;
pub(crate) use ends::Lost;

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A code or token was sent again before the lease of its last sending was over.
    SentAgain,
    /// A token was sent by an instance that had read its successor, or under a lease granted
    /// after the successor was stored.
    SentAfterItsSuccessor,
    /// Two tokens of one connection were under way at a time.
    TwoAtATime,
    /// A living process dropped a token request.
    Dropped,
    /// A pair was used before it was durable.
    UsedUnsaved,
    /// A pair that was read by a process that lived was not saved.
    NeverSaved,
    /// A connection was given up while amoCRM held a live grant for it that was readable.
    GivenUpAlive,
    /// A connection's tokens gave way to those of an earlier grant.
    ReconnectUndone,
    /// After a disconnect there was a token, or an answer, from before it.
    CameBack,
    /// A user had, or was answered with, what was issued to another.
    AnothersTokens,
    /// A state or a reason that is not true.
    Untrue,
    /// In calm times the outcome of a refresh in doubt was not asked for in time.
    Tardy,
    /// A call that took longer than it may, or never ended.
    EndlessWait,
    /// An account was looked up twice within a minute.
    LookedUpTooOften,
    /// A connection that was neither usable nor truthfully ended when all was well again.
    NeverSettled,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SentAgain => "sent again before the lease of its last sending was over",
            Self::SentAfterItsSuccessor => "sent after its successor was read or stored",
            Self::TwoAtATime => "two tokens of one connection under way at a time",
            Self::Dropped => "a token request dropped by a living process",
            Self::UsedUnsaved => "a pair used before it was durable",
            Self::NeverSaved => "a pair read by a living process and never saved",
            Self::GivenUpAlive => "given up while amoCRM holds a readable grant",
            Self::ReconnectUndone => "a re-connect undone by an earlier grant",
            Self::CameBack => "came back after a disconnect",
            Self::AnothersTokens => "another user's tokens",
            Self::Untrue => "an untrue state, reason or answer",
            Self::Tardy => "a doubt not resolved in time",
            Self::EndlessWait => "a wait without an end",
            Self::LookedUpTooOften => "looked up twice within a minute",
            Self::NeverSettled => "never settled",
        })
    }
}

/// An invariant that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which one.
    pub invariant: Invariant,
    /// How.
    pub how: String,
}

/// What is sent to the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    Code(CodeId),
    Token(PairId),
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(id) => write!(f, "code-{id}"),
            Self::Token(id) => write!(f, "refresh-{id}"),
        }
    }
}

/// A lease, as its owner knows it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
struct Lease {
    owner: LeaseOwner,
    secret: Secret,
    home: Home,
    granted_at: u64,
    /// When it, or the backoff after it, ends.
    until: u64,
    /// Until when its owner believes that it holds it, whatever the store's clock has done.
    believed_until: u64,
    /// It ended because its token was spent, or its code answered.
    over: bool,
    /// Its owner ended it with a backoff.
    backed_off: bool,
    /// Its owner ended it with a backoff, and no sending was in doubt.
    certain: bool,
    /// The store's clock jumped forward while it was held.
    jumped: bool,
}

/// What an answer shows about a sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Its outcome.
    Certain,
    /// The account is at another host: the token may be sent there, and its outcome is in doubt.
    Moved,
    /// Nothing.
    Nothing,
}

/// A secret that left for amoCRM.
#[derive(Debug)]
struct Sending {
    secret: Secret,
    to_host: AccountHost,
    lease: usize,
    home: Home,
    /// amoCRM's answer, once there was one.
    answer: Option<Answer>,
    /// When its sender stopped waiting.
    ended_at: Option<u64>,
}

/// What is known of a code beside what amoCRM knows.
#[derive(Debug, Default)]
struct CodeFacts {
    /// The call that began its attempt.
    attempt: Option<CallId>,
    /// Whether the store knows it as that attempt's.
    of_attempt: bool,
    /// Who sent it to the app's endpoint, by which calls.
    claims: Vec<(usize, CallId)>,
    /// Whether its grant is not needed: disconnected, or another account's.
    disposed: bool,
}

/// A user's row as it was last seen.
#[derive(Debug)]
struct RowFacts {
    state: ConnectionState,
    epoch: Epoch,
    generation: Generation,
    pair: Option<PairId>,
    /// The grant that the newest epoch with tokens was of.
    grant: Option<(Epoch, GrantId)>,
    /// When the last disconnect that took effect had begun.
    disconnect_begun: Option<u64>,
    /// When the last disconnect that was answered had begun.
    disconnect_answered: Option<u64>,
}

/// Checks the invariants: it sees every store call, sending and answer.
#[derive(Debug)]
pub(crate) struct Checker {
    leases: Vec<Lease>,
    sendings: Vec<Sending>,
    /// When each pair was first durable.
    stored: Vec<Option<u64>>,
    codes: Vec<CodeFacts>,
    rows: Vec<RowFacts>,
    calls: Vec<Call>,
    alive: Vec<Home>,
    /// When the last instance started.
    last_born: u64,
    /// When the faults were over.
    calm_since: Option<u64>,
    checks_requested: BTreeSet<AccountId>,
    checks_under_way: BTreeSet<AccountId>,
    /// When each account was last allowed to be looked up.
    look_ups: BTreeMap<AccountId, u64>,
    /// When the store's clock jumped last.
    last_jump: Option<u64>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) broken: Option<Broken>,
    closed: bool,
}

impl Checker {
    pub(crate) fn new(users: usize) -> Self {
        let row = || RowFacts {
            state: ConnectionState::Disconnected,
            epoch: Epoch::default(),
            generation: Generation::default(),
            pair: None,
            grant: None,
            disconnect_begun: None,
            disconnect_answered: None,
        };
        Self {
            leases: Vec::new(),
            sendings: Vec::new(),
            stored: Vec::new(),
            codes: Vec::new(),
            rows: std::iter::repeat_with(row).take(users).collect(),
            calls: Vec::new(),
            alive: Vec::new(),
            last_born: 0,
            calm_since: None,
            checks_requested: BTreeSet::new(),
            checks_under_way: BTreeSet::new(),
            look_ups: BTreeMap::new(),
            last_jump: None,
            lost: Vec::new(),
            broken: None,
            closed: false,
        }
    }

    /// Checks nothing any more: the run is ending.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Notes that an invariant was broken; the first one counts.
    pub(crate) fn accuse(&mut self, invariant: Invariant, how: impl FnOnce() -> String) {
        if self.broken.is_none() && !self.closed {
            self.broken = Some(Broken { invariant, how: how() });
        }
    }

    pub(crate) fn sent(&self) -> usize {
        self.sendings.len()
    }

    fn stored_at(&self, pair: PairId) -> Option<u64> {
        self.stored.get(pair).copied().flatten()
    }

    fn note_stored(&mut self, pair: PairId, now: u64) {
        if self.stored.len() <= pair {
            self.stored.resize(pair + 1, None);
        }
        self.stored[pair].get_or_insert(now);
    }

    /// `call` began an attempt whose browser brings `code`.
    pub(crate) fn attempted(&mut self, code: CodeId, call: CallId) {
        self.code(code).attempt = Some(call);
    }

    /// `code` was admitted, as that of an attempt or not.
    pub(crate) fn admitted(&mut self, code: CodeId, of_attempt: bool) {
        self.code(code).of_attempt = of_attempt;
    }

    /// `user`'s app brings `code`.
    pub(crate) fn claimed(&mut self, code: CodeId, user: usize, call: CallId) {
        self.code(code).claims.push((user, call));
    }

    fn code(&mut self, code: CodeId) -> &mut CodeFacts {
        if self.codes.len() <= code {
            self.codes.resize_with(code + 1, CodeFacts::default);
        }
        &mut self.codes[code]
    }

    /// When the last call began that can give `grant` to `user`. A call begins with its first store
    /// call: before that its order cannot be known.
    fn begun(&self, crm: &Crm, grant: GrantId, user: usize) -> Option<u64> {
        let facts = self.codes.get(crm.grants[grant].code)?;
        if facts.of_attempt {
            return facts.attempt.and_then(|call| self.calls[call].store_asked_at);
        }
        let claims = facts.claims.iter().filter(|(claimer, _)| *claimer == user);
        claims.filter_map(|(_, call)| self.calls[*call].store_asked_at).max()
    }

    /// Whether `grant` became `user`'s by something that began before `disconnect_begun`.
    fn is_from_before(&self, crm: &Crm, grant: GrantId, user: usize, disconnect_begun: Option<u64>) -> bool {
        disconnect_begun.is_some_and(|disconnect| self.begun(crm, grant, user).is_none_or(|begun| begun < disconnect))
    }
}
