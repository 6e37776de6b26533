//! Writes, on their way to the model of amoCRM and back.
//!
//! Once a write has left, its way does not depend on its sender any more, who may have stopped waiting, or died.

use std::sync::{Arc, Mutex, PoisonError};

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::AccessToken;
use futures_util::FutureExt as _;
use futures_util::future::pending;

use super::ModelAmo;
use crate::crm::{Ask, PairId, Processing, pair_of_access};
use crate::executor::Home;
use crate::invariants::{Invariant, Told, WriteSendingId};
use crate::world::World;
use crate::writes::faults::{Death, WriteFate};

/// What amoCRM says to a write.
type Answer = Result<Option<WrittenObject>, AmoError>;

/// What amoCRM has said to one write, once it has.
type Said = Arc<Mutex<Option<Answer>>>;

impl ModelAmo {
    /// Sends a write and waits for what comes back.
    pub(super) async fn send_write(&self, host: &AccountHost, token: &AccessToken, write: &Write) -> Answer {
        let world = &self.world;
        let pair = pair_of_access(token).ok_or(AmoError::AccessRefused)?;
        let account = world.crm().account(Ask::Refresh(pair));
        let sending = world.note_write(pair, write);
        world.note(self.home, || format!("amoCRM ← write {sending} with access-{pair} at {host}: {write:?}"));
        let is_banned = world.faults().bans(account, world.now());
        let fate = world.write_faults().write_call(&world.sim, is_banned, world.patience());
        let request = Request { world: Arc::clone(world), home: self.home, sending, is_over: false };
        let said = Said::default();
        self.process_later(sending, (host, pair), write, &fate, &said);
        if fate.death == Some(Death::AtOnce) {
            self.die().await;
        }
        world.sim.sleep(fate.told_after).await;
        if fate.death == Some(Death::OnAnswer) {
            self.die().await;
        }
        let heard = said.lock().unwrap_or_else(PoisonError::into_inner).filter(|_| !fate.is_answer_lost);
        request.told(fate.unsent.map_or_else(|| heard.unwrap_or(Err(AmoError::OutcomeUnknown)), Err))
    }

    async fn die(&self) {
        self.world.crash_home(self.home);
        pending::<()>().await;
    }

    /// amoCRM processes it, whatever becomes of its sender, unless it is lost on its way.
    fn process_later(
        &self,
        sending: WriteSendingId,
        (host, pair): (&AccountHost, PairId),
        write: &Write,
        fate: &WriteFate,
        said: &Said,
    ) {
        let Some(after) = fate.read_after else { return };
        let (world, said) = (Arc::clone(&self.world), Arc::clone(said));
        let (host, write) = (host.clone(), write.clone());
        let how = Processing { instead: fate.refusal, merges: fate.merges };
        let arriving = async move {
            world.sim.sleep(after).await;
            let outcome = world.process_write(sending, (&host, pair), &write, how);
            *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        };
        self.world.sim.spawn(Home::Outside, arriving.boxed());
    }
}

impl World {
    /// amoCRM does what a write asks for.
    fn process_write(
        &self,
        sending: WriteSendingId,
        sent: (&AccountHost, PairId),
        write: &Write,
        how: Processing,
    ) -> Answer {
        let (now, at) = (self.now(), self.amo_clock());
        let outcome = self.crm().write(sent, write, how, at, now);
        self.checker().write_processed(sending, outcome, now);
        self.note(Home::Outside, || format!("amoCRM processes write {sending}: {outcome:?}"));
        outcome
    }
}

/// A write under way.
struct Request {
    world: Arc<World>,
    home: Home,
    sending: WriteSendingId,
    /// Whether its sender knows how it ended, or knows that it cannot be known.
    is_over: bool,
}

impl Request {
    /// What the sender reads.
    fn told(mut self, answer: Answer) -> Answer {
        self.is_over = true;
        let told = match answer {
            Ok(_) => Told::Done,
            Err(AmoError::OutcomeUnknown) => Told::Unknown,
            Err(AmoError::Refused { .. } | AmoError::Forbidden | AmoError::NotFound) => Told::Refused,
            Err(_) => Told::NotDone,
        };
        self.world.checker().write_told(self.sending, told);
        self.world.note(self.home, || format!("amoCRM → write {}: {answer:?}", self.sending));
        answer
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.is_over && self.world.is_alive(self.home) {
            self.world.accuse(Invariant::Dropped, || format!("write {} was dropped by {:?}", self.sending, self.home));
        }
    }
}
