//! The invariants of every schedule, and the checker that finds a broken one.

mod background;
mod calls;
mod ends;
mod invariant;
mod places;
mod rows;
mod sendings;
mod writes;

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
pub use invariant::{Broken, Invariant};
use places::StrangersCode;
use writes::Writes;
pub(crate) use writes::{AskedId, OrderId, Told, Wanted, WriteSendingId, read_by};

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
    /// When it was answered.
    disconnected_at: u64,
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
    strangers: Vec<StrangersCode>,
    /// When the store's clock jumped last.
    last_jump: Option<u64>,
    writes: Writes,
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
            disconnected_at: 0,
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
            strangers: Vec::new(),
            last_jump: None,
            writes: Writes::default(),
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
