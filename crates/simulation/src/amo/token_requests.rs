//! Token requests, on their way to the model of amoCRM and back.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::Issued;
use futures_util::FutureExt as _;
use futures_util::future::pending;

use super::ModelAmo;
use crate::crm::{Ask, Delivery, PairId};
use crate::executor::Home;
use crate::invariants::{Answer, Invariant, Secret};
use crate::world::World;

impl ModelAmo {
    /// Sends a token request and waits for what comes back.
    pub(super) async fn send(&self, ask: Ask, host: &AccountHost) -> Result<Issued, AmoError> {
        let secret = match ask {
            Ask::Exchange(code) => Secret::Code(code),
            Ask::Refresh(pair) => Secret::Token(pair),
        };
        let world = &self.world;
        let now = world.now();
        world.note(self.home, || format!("amoCRM ← {secret} at {host}"));
        let (account, sending) = {
            let crm = world.crm();
            (crm.account(ask), world.checker().sending(&crm, secret, host, self.home, now))
        };
        world.judge();
        let fate = world.faults().token_call(&world.sim, account, now);
        let mut request = Request {
            world: Arc::clone(world),
            home: self.home,
            ask,
            host: host.clone(),
            arrives: false,
            done: None,
            answered: false,
        };
        match fate.done_after {
            Some(there) if there <= fate.answered_after => {
                request.arrives = fate.outlives_sender;
                world.sim.sleep(there).await;
                request.process();
                world.sim.sleep(fate.answered_after.saturating_sub(there)).await;
            }
            Some(there) => {
                self.process_late(&request, there);
                world.sim.sleep(fate.answered_after).await;
            }
            None => world.sim.sleep(fate.answered_after).await,
        }
        if fate.dies_on_answer {
            world.crash_home(self.home);
            pending::<()>().await;
        }
        let answer = request.answer(fate.instead, fate.odd_answer);
        let known = match answer {
            Err(AmoError::OutcomeUnknown | AmoError::Protocol) => Answer::Nothing,
            Err(AmoError::Moved) => Answer::Moved,
            _ => Answer::Certain,
        };
        world.checker().answered(sending, known, world.now());
        world.note(self.home, || match &answer {
            Ok(_) => format!("amoCRM → {secret} was exchanged for {:?}", request.done),
            Err(error) => format!("amoCRM → {secret}: {error:?}"),
        });
        answer
    }

    /// amoCRM processes it after its sender stopped waiting.
    fn process_late(&self, request: &Request, after: Duration) {
        let mut late =
            Request { world: Arc::clone(&self.world), host: request.host.clone(), answered: true, ..*request };
        let later = async move {
            late.world.sim.sleep(after).await;
            late.process();
            late.deliver(Delivery::Lost);
        };
        self.world.sim.spawn(Home::Outside, later.boxed());
    }
}

/// A token request under way.
struct Request {
    world: Arc<World>,
    home: Home,
    ask: Ask,
    host: AccountHost,
    /// Whether amoCRM processes it although its sender died.
    arrives: bool,
    /// The outcome at amoCRM.
    done: Option<Result<PairId, AmoError>>,
    /// Whether nobody waits for the answer any more.
    answered: bool,
}

impl Request {
    fn process(&mut self) {
        let done = self.world.crm().process(self.ask, &self.host, self.world.now());
        self.world.note(Home::Outside, || format!("amoCRM processes {:?}: {done:?}", self.ask));
        self.done = Some(done);
    }

    fn deliver(&self, how: Delivery) {
        if let Some(Ok(pair)) = self.done {
            self.world.crm().pairs[pair].delivery = how;
        }
    }

    /// What the sender reads.
    fn answer(&mut self, instead: Option<AmoError>, odd_answer: bool) -> Result<Issued, AmoError> {
        self.answered = true;
        if let Some(error) = instead {
            self.deliver(Delivery::Lost);
            return Err(error);
        }
        let pair = self.done.unwrap_or(Err(AmoError::OutcomeUnknown))?;
        self.deliver(Delivery::Read(self.home));
        Ok(self.world.crm().issued(pair, odd_answer))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        if self.world.is_alive(self.home) {
            self.world.accuse(Invariant::Dropped, || format!("{:?} was dropped by {:?}", self.ask, self.home));
        }
        if self.arrives && self.done.is_none() {
            self.process();
        }
        self.deliver(Delivery::ReaderGone(self.home));
    }
}
