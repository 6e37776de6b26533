//! Schedules of shares: honest users read, refresh and connect, while a stranger posts garbage codes at their account on
//! all instances, and while accounts stay banned whose users keep asking.
//!
//! amoCRM and the store have no faults here, and the honest users ask for less than their share: none of them has to be
//! refused.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::rate_limit::{Pace, PaceScope};
use amo_connect_domain::token::CodeHash;
use amo_connect_domain::usecase::{AccessError, LeadRequest, ReadError};
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::actors::longest_wait;
use crate::crm::code;
use crate::executor::{Home, Sim};
use crate::faults::from;
use crate::invariants::Invariant;
use crate::setup::{Setup, user_id};
use crate::world::World;

/// Whose account it is that the stranger posts codes at.
const VICTIM: usize = 0;

/// The accounts that are banned.
const BANNED: std::ops::RangeInclusive<usize> = 1..=3;

/// Whose account has no ban and no stranger.
const QUIET: usize = 4;

/// How many users of the victim account read. Each has one read under way at a time, so few would wait for each other
/// alone.
const READERS: usize = 24;

/// One user of each banned account, and one of the quiet account.
const OTHERS: [(usize, usize); 4] = [(READERS, 1), (READERS + 1, 2), (READERS + 2, 3), (READERS + 3, QUIET)];

/// Users of the victim account who are not connected yet.
const NEW: [usize; 2] = [READERS + 4, READERS + 5];

/// The first of the strangers.
const STRANGER: usize = READERS + 6;

/// The users of a stranger with many of them: a user may have few codes that are not settled. Exchanges are taken in
/// turn by user, so beside so many nobody new is sure to connect.
const MANY: usize = 60;

/// How often each of them reads. With contacts, names of stages and refreshes that is three calls a second for all of
/// them, which is what reads are sure of while all classes wait.
const READ_EVERY_MS: u64 = 32_000;

/// How long the stranger posts codes.
const FLOOD: Duration = Duration::from_secs(40);

/// How long accounts stay banned.
const BANS: Duration = Duration::from_mins(5);

/// For so long the bans of other accounts may keep a user from amoCRM: the first pause of the circuit breaker, the next
/// time that the user asks, and a pause more for a probe that failed.
const LONGEST_WITHOUT: Duration = Duration::from_secs(45);

/// Makes `setup` one of shares.
pub(crate) fn set_up(sim: &Sim, setup: &mut Setup) {
    (setup.users, setup.accounts) = (STRANGER + MANY, 5);
    (setup.contended, setup.clocks_jump, setup.require_claim) = (false, false, false);
    // Where a clock is far ahead every read refreshes its token first, and then users ask for more than their share.
    setup.skews.fill(SignedDuration::ZERO);
    setup.token_life = Duration::from_secs([60, 600][sim.pick(2)]);
    setup.pace = Some(Pace::per_second(std::num::NonZeroU32::MIN.saturating_add(6), PaceScope::Account));
}

/// The users who connect before anything else happens, and their accounts.
fn old() -> impl Iterator<Item = (usize, usize)> {
    (0..READERS).map(|user| (user, VICTIM)).chain(OTHERS)
}

impl World {
    /// The old users connect; then comes the flood; then the bans.
    pub(crate) async fn play_shares(self: Arc<Self>) {
        // A proxy may lead all honest users to one instance.
        let instance = self.sim.chance(0.6).then_some(0);
        for (user, account) in old() {
            self.connect_in(user, account, instance).await;
        }
        self.flood(instance).await;
        self.bans(instance).await;
        self.checker().check_calls();
        self.checker().close();
        self.sim.stop();
    }

    async fn flood(self: &Arc<Self>, instance: Option<usize>) {
        self.note(Home::Outside, || "a stranger begins to post codes".to_owned());
        let until = from(self.now(), FLOOD);
        let strangers = if self.sim.chance(0.5) { MANY } else { 1 };
        let floods = (0..self.setup.skews.len()).map(|flooded| async move {
            while self.now() < until {
                let (this, stranger) = (Arc::clone(self), STRANGER + self.sim.pick(strangers));
                self.task(async move { this.post_garbage(stranger, flooded).await });
                self.sim.sleep(self.sim.millis(75, 175)).await;
            }
        });
        let readers = (0..READERS).map(|user| async move {
            self.sim.sleep(self.sim.millis(0, READ_EVERY_MS)).await;
            while self.now() < until {
                let this = Arc::clone(self);
                let read = async move |this: Arc<Self>, user| {
                    if let Err(error) = this.read_at(user, instance).await {
                        this.accuse(Invariant::Starved, || format!("user {user} asks for their share: {error:?}"));
                    }
                };
                self.task(async move { read(this, user).await });
                self.sim.sleep(self.sim.millis(READ_EVERY_MS - 1_000, READ_EVERY_MS + 1_000)).await;
            }
        });
        let new = if strangers == 1 { &NEW[..] } else { &[] };
        let newcomers = new.iter().map(|user| async move {
            self.sim.sleep(self.sim.millis(8_000, 25_000)).await;
            self.connect_in(*user, VICTIM, None).await;
        });
        futures_util::future::join3(join_all(floods), join_all(readers), join_all(newcomers)).await;
        // The last codes and reads.
        self.sim.sleep(Duration::from_secs(20)).await;
    }

    async fn bans(self: &Arc<Self>, instance: Option<usize>) {
        let until = from(self.now(), BANS);
        self.note(Home::Outside, || "three accounts are banned".to_owned());
        BANNED.for_each(|account| self.faults().ban(account, until));
        let users = old().map(|(user, account)| async move {
            let is_banned = BANNED.contains(&account);
            let mut good = self.now();
            while self.now() < until {
                let pause = if is_banned { self.sim.millis(100, 2_000) } else { self.sim.millis(1_000, 9_000) };
                self.sim.sleep(pause).await;
                if self.read_at(user, instance).await.is_ok() {
                    good = self.now();
                }
                if !is_banned && self.now() > from(good, LONGEST_WITHOUT) {
                    let since = Duration::from_micros(self.now() - good);
                    self.accuse(Invariant::Starved, || format!("user {user} is kept from amoCRM for {since:?}"));
                }
            }
        });
        join_all(users).await;
    }

    /// The stranger posts a code that amoCRM never gave, for the victim's account.
    async fn post_garbage(self: &Arc<Self>, stranger: usize, instance: usize) {
        let id = self.crm().garbage(stranger, VICTIM, self.now());
        self.code_ids().insert(CodeHash::of(&code(id)).0, id);
        let call = self.call("claim", longest_wait(15), None);
        self.checker().claimed(id, stranger, call.id);
        let host = self.named_host(id);
        self.ask_at(Some(instance), call, move |service| async move {
            service.claim(&user_id(stranger), code(id), None, host).await.map(drop)
        })
        .await;
    }

    /// `user` connects to `account`, at once.
    async fn connect_in(self: &Arc<Self>, user: usize, account: usize, instance: Option<usize>) {
        let id = self.crm().allow(user, account, self.now());
        self.code_ids().insert(CodeHash::of(&code(id)).0, id);
        let call = self.call("claim", longest_wait(15), None);
        self.checker().claimed(id, user, call.id);
        let host = self.named_host(id);
        let claimed = self.ask_at(instance, call, move |service| async move {
            service.claim(&user_id(user), code(id), None, host).await.map(drop)
        });
        match claimed.await {
            Some(Ok(())) => self.connected(id),
            other => self.accuse(Invariant::Starved, || format!("user {user} cannot connect: {other:?}")),
        }
    }

    async fn read_at(self: &Arc<Self>, user: usize, instance: Option<usize>) -> Result<(), AmoError> {
        self.tally().reads += 1;
        let call = self.call("read", longest_wait(15), None);
        let read = self.ask_at(instance, call, move |service| async move {
            service.leads(&user_id(user), &LeadRequest::default()).await.map(drop)
        });
        match read.await {
            Some(Ok(())) => Ok(()),
            Some(Err(ReadError::Amo(error) | ReadError::Access(AccessError::Amo(error)))) => Err(error),
            _ => Err(AmoError::Unavailable),
        }
    }
}
