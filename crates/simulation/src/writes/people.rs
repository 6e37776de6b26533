//! Users who write: they ask again until they have an answer, with or without patience.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::usecase::{AccessError, ReadError, WriteAnswer, WriteError, WriteKey};
use futures_util::future::join;

use super::orders::write_key;
use crate::actors::longest_wait;
use crate::executor::Home;
use crate::invariants::{AskedId, OrderId, Wanted, read_by};
use crate::setup::user_id;
use crate::world::World;

/// How often a user asks for the same.
const TRIES: u32 = 4;

/// What a user has learned about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// How it ended.
    Certain,
    /// That the connection has ended.
    NoConnection,
    /// Nothing certain.
    Doubt,
}

impl From<&Result<WriteAnswer, WriteError>> for Heard {
    fn from(answer: &Result<WriteAnswer, WriteError>) -> Self {
        match answer {
            Ok(_)
            | Err(
                WriteError::Refused(_)
                | WriteError::NotFound
                | WriteError::KeyExpired
                | WriteError::KeyReused
                | WriteError::Read(ReadError::Forbidden),
            ) => Self::Certain,
            Err(WriteError::Read(ReadError::Access(
                AccessError::NotConnected | AccessError::NeedsReauth | AccessError::Revoked,
            ))) => Self::NoConnection,
            Err(_) => Self::Doubt,
        }
    }
}

impl World {
    /// Asks for a write until its end is certain, or its user has had enough.
    pub(super) async fn pursue(self: &Arc<Self>, order: OrderId) {
        for _ in 0..TRIES {
            let heard = self.ask_for(order, self.may_lose_patience()).await;
            let has_key = self.checker().wanted()[order].key().is_some();
            // Without a key another request is another write.
            if heard.is_some_and(|heard| heard != Heard::Doubt) || !has_key {
                return;
            }
            let pause = if self.sim.chance(0.7) { self.sim.millis(1, 15_000) } else { self.sim.millis(60_000, 90_000) };
            self.sim.sleep(pause).await;
            if self.checker().is_calm() {
                return;
            }
        }
    }

    /// Asks twice at a time for the same.
    pub(super) async fn ask_twice(self: &Arc<Self>, order: OrderId) {
        let later = async {
            self.sim.sleep(self.sim.millis(0, 1_000)).await;
            self.ask_for(order, None).await;
        };
        join(self.pursue(order), later).await;
    }

    /// Asks for a write once. `None` if nobody answered.
    pub(super) async fn ask_for(self: &Arc<Self>, order: OrderId, gives_up_after: Option<Duration>) -> Option<Heard> {
        self.tally().writes += 1;
        let Wanted { user, order: mut wanted, key_text, .. } = self.checker().wanted()[order].clone();
        let disconnected = self.checker().last_disconnect_answered(user);
        wanted.key = wanted.key.map(|key| self.as_sent(key, user, key_text.as_deref()));
        let call = self.call("write", longest_wait(15), gives_up_after);
        let asked = self.checker().write_asked(call.id, order, wanted.key.map(|key| key.key), self.now());
        self.note(Home::Outside, || format!("user {user} asks for order {order}"));
        let answer = self.ask(call, move |service| async move { service.write(user_id(user), wanted).await }).await?;
        self.note(Home::Outside, || format!("user {user} hears of order {order}: {answer:?}"));
        self.judge_answer(user, asked, &answer, disconnected);
        let heard = Heard::from(&answer);
        if heard == Heard::Certain {
            self.checker().heard_for_certain(order);
        }
        Some(heard)
    }

    fn judge_answer(
        &self,
        user: usize,
        asked: AskedId,
        answer: &Result<WriteAnswer, WriteError>,
        disconnected: Option<u64>,
    ) {
        let crm = self.crm();
        let mut checker = self.checker();
        checker.write_answered(&crm, asked, answer, self.now());
        if let Ok(answer) = answer
            && let Some(grant) = read_by(&answer.what)
        {
            checker.read(&crm, user, grant, disconnected);
        }
        drop((checker, crm));
        self.judge();
    }

    /// The key of an order as it is sent.
    fn as_sent(&self, key: WriteKey, user: usize, text: Option<&str>) -> WriteKey {
        let owner = self.bug.map_or(user, |bug| bug.owner_of_keys(user));
        let of_owner = text.and_then(|text| write_key(owner, text, ""));
        WriteKey { key: of_owner.map_or(key.key, |other| other.key), ..key }
    }

    /// Some callers go away.
    fn may_lose_patience(&self) -> Option<Duration> {
        self.sim.chance(0.2).then(|| self.sim.millis(1, 6_000))
    }
}
