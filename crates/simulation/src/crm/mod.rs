//! The model of amoCRM: codes and refresh tokens work once, and a new grant ends no older one.

mod names;
mod objects;

use std::time::Duration;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, Issued, RefreshToken};
use jiff::Timestamp;

use names::host;
pub(crate) use names::{account_id, account_of, amo_user, code, code_of, is_odd_answer, pair_of, pair_of_access};
pub(crate) use objects::{Hand, Objects, Version};

use crate::executor::{Home, micros};

/// How long a code can be exchanged.
const CODE_TERM: Duration = Duration::from_mins(20);

/// The number of a token pair, over all grants.
pub(crate) type PairId = usize;

/// The number of a grant.
pub(crate) type GrantId = usize;

/// The number of a code.
pub(crate) type CodeId = usize;

/// Whether a process of the service read a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The answer is on its way.
    OnItsWay,
    /// It was read, by this life of an instance.
    Read(Home),
    /// The answer was lost on its way.
    Lost,
    /// This life of an instance ended before the answer came.
    ReaderGone(Home),
}

/// A token pair.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) grant: GrantId,
    /// The pair whose refresh token was exchanged for it; `None` for a code's.
    pub(crate) before: Option<PairId>,
    /// The pair that its refresh token was exchanged for.
    pub(crate) next: Option<PairId>,
    pub(crate) delivery: Delivery,
    access_ends: u64,
}

/// The right that one press of *Allow* gave.
#[derive(Debug)]
pub(crate) struct Grant {
    /// Who pressed it.
    pub(crate) user: usize,
    pub(crate) account: usize,
    pub(crate) code: CodeId,
    pub(crate) revoked: bool,
    /// Its newest pair.
    pub(crate) newest: PairId,
}

/// An authorization code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) user: usize,
    pub(crate) account: usize,
    pub(crate) grant: Option<GrantId>,
    given_at: u64,
    revoked: bool,
}

/// A token request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Exchange(CodeId),
    Refresh(PairId),
}

/// How amoCRM processes a write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processing {
    /// What it says instead of doing it.
    pub(crate) instead: Option<AmoError>,
    /// Whether it puts a new lead together with one that is called the same.
    pub(crate) merges: bool,
}

/// amoCRM.
#[derive(Debug)]
pub(crate) struct Crm {
    pub(crate) codes: Vec<Code>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) pairs: Vec<Pair>,
    /// What each account holds. Empty if nobody writes: then reads tell only by which grant they were made.
    pub(crate) objects: Vec<Objects>,
    /// How often each account has moved to another host.
    moves: Vec<usize>,
    /// How long an access token lives.
    life: Duration,
    /// Whether access tokens tell their account.
    tells_account: bool,
    /// What a host answers whose account has moved.
    gone: AmoError,
}

impl Crm {
    pub(crate) fn new(accounts: usize, life: Duration, tells_account: bool, gone: AmoError) -> Self {
        let (moves, objects) = (vec![0; accounts], Vec::new());
        Self { codes: Vec::new(), grants: Vec::new(), pairs: Vec::new(), objects, moves, life, tells_account, gone }
    }

    /// From now on accounts hold what is written to them.
    pub(crate) fn keep_objects(&mut self) {
        self.objects = self.moves.iter().map(|_| Objects::default()).collect();
    }

    /// What the account of `grant` holds, if anybody writes.
    pub(crate) fn objects_of(&self, grant: GrantId) -> Option<&Objects> {
        self.objects.get(self.grants[grant].account)
    }

    /// Where `account` answers.
    pub(crate) fn host(&self, account: usize) -> AccountHost {
        host(account, self.moves[account])
    }

    /// `account` moves to another host.
    pub(crate) fn relocate(&mut self, account: usize) {
        self.moves[account] += 1;
    }

    /// `user` presses *Allow* in `account`.
    pub(crate) fn allow(&mut self, user: usize, account: usize, now: u64) -> CodeId {
        self.codes.push(Code { user, account, grant: None, given_at: now, revoked: false });
        self.codes.len() - 1
    }

    /// A code that `user` has made up, for `account`.
    pub(crate) fn garbage(&mut self, user: usize, account: usize, now: u64) -> CodeId {
        self.codes.push(Code { user, account, grant: None, given_at: now, revoked: true });
        self.codes.len() - 1
    }

    /// An administrator switches the integration off in `account`.
    pub(crate) fn revoke(&mut self, account: usize) {
        self.grants.iter_mut().filter(|grant| grant.account == account).for_each(|grant| grant.revoked = true);
        self.codes.iter_mut().filter(|code| code.account == account).for_each(|code| code.revoked = true);
    }

    /// Every access token ends now.
    pub(crate) fn expire_access(&mut self, now: u64) {
        self.pairs.iter_mut().for_each(|pair| pair.access_ends = pair.access_ends.min(now));
    }

    /// The account that a token request is for.
    pub(crate) fn account(&self, ask: Ask) -> usize {
        match ask {
            Ask::Exchange(code) => self.codes[code].account,
            Ask::Refresh(pair) => self.grants[self.pairs[pair].grant].account,
        }
    }

    /// Does what a token request asks for.
    pub(crate) fn process(&mut self, ask: Ask, sent_to: &AccountHost, now: u64) -> Result<PairId, AmoError> {
        if *sent_to != self.host(self.account(ask)) {
            return Err(if matches!(ask, Ask::Exchange(_)) { AmoError::NotFound } else { self.gone });
        }
        match ask {
            Ask::Exchange(id) => {
                let code = &mut self.codes[id];
                if code.grant.is_some() || code.revoked || now >= code.given_at + micros(CODE_TERM) {
                    return Err(AmoError::CodeRejected);
                }
                let grant = self.grants.len();
                code.grant = Some(grant);
                let (user, account) = (code.user, code.account);
                self.grants.push(Grant { user, account, code: id, revoked: false, newest: 0 });
                Ok(self.issue(grant, None, now))
            }
            Ask::Refresh(id) => {
                let grant = self.pairs[id].grant;
                if self.pairs[id].next.is_some() || self.grants[grant].revoked {
                    return Err(AmoError::GrantRevoked);
                }
                Ok(self.issue(grant, Some(id), now))
            }
        }
    }

    /// Where the account of a refresh token answers, if the token is good.
    pub(crate) fn locate(&self, pair: PairId) -> Option<AccountHost> {
        let grant = &self.grants[self.pairs[pair].grant];
        let good = self.pairs[pair].next.is_none() && !grant.revoked;
        good.then(|| self.host(grant.account))
    }

    fn issue(&mut self, grant: GrantId, before: Option<PairId>, now: u64) -> PairId {
        let id = self.pairs.len();
        let access_ends = now + micros(self.life);
        self.pairs.push(Pair { grant, before, next: None, delivery: Delivery::OnItsWay, access_ends });
        self.grants[grant].newest = id;
        if let Some(before) = before {
            self.pairs[before].next = Some(id);
        }
        id
    }

    /// The answer that brings `pair`.
    pub(crate) fn issued(&self, pair: PairId, odd_answer: bool) -> Issued {
        let account = self.grants[self.pairs[pair].grant].account;
        Issued {
            access: AccessToken::new(format!("{}access-{pair}", if odd_answer { "odd-" } else { "" })),
            refresh: RefreshToken::new(format!("refresh-{pair}")),
            expires_in: self.life,
            account: self.tells_account.then(|| account_id(account)),
            host: None,
        }
    }

    /// Does what a write asks for, or says what is in `instead`. A lead may be put together with one that is there.
    pub(crate) fn write(
        &mut self,
        (sent_to, token): (&AccountHost, PairId),
        write: &Write,
        how: Processing,
        at: Timestamp,
        now: u64,
    ) -> Result<Option<WrittenObject>, AmoError> {
        let grant = self.opened(sent_to, token, now)?;
        if let Some(refusal) = how.instead {
            return Err(refusal);
        }
        let Grant { user, account, .. } = self.grants[grant];
        let by = Hand { author: amo_user(user), at, now };
        let objects = &mut self.objects[account];
        match how.merges.then(|| objects.merge(write, by)).flatten() {
            Some(merged) => Ok(Some(merged)),
            None => objects.write(write, by),
        }
    }

    /// The grant that an access token opens.
    pub(crate) fn opened(&self, sent_to: &AccountHost, token: PairId, now: u64) -> Result<GrantId, AmoError> {
        let pair = &self.pairs[token];
        let grant = &self.grants[pair.grant];
        if *sent_to != self.host(grant.account) {
            return Err(AmoError::NotFound);
        }
        if grant.revoked || now >= pair.access_ends {
            return Err(AmoError::AccessRefused);
        }
        Ok(pair.grant)
    }
}
