//! The people outside: users with their phones and browsers, operators, administrators.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::authorization::callback::{Callback, Denial, Given};
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::crm::lead::Lead;
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::ports::{StoreError, TokenStore as _};
use amo_connect_domain::token::{CodeHash, State};
use amo_connect_domain::usecase::{
    AccessError, CallbackOutcome, ClaimError, LeadRequest, ReadError, Started, UseCases,
};
use futures_util::FutureExt as _;

use crate::crm::{CodeId, GrantId, account_id, code};
use crate::executor::Home;
use crate::observe::record;
use crate::setup::{number_of, user_id};
use crate::world::World;

/// How often a person tries again.
const TRIES: u32 = 3;

/// How long a call may take, beside its store calls, that is promised within so many seconds.
pub(crate) fn longest_wait(seconds: u64) -> Duration {
    Duration::from_secs(seconds + 1)
}

/// What a user sees of their connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Usable,
    NeedsReauth,
    Revoked,
    NotConnected,
    /// Not now.
    Trouble,
}

impl From<&ReadError> for Seen {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::Access(AccessError::NotConnected) => Self::NotConnected,
            ReadError::Access(AccessError::NeedsReauth) => Self::NeedsReauth,
            ReadError::Access(AccessError::Revoked) => Self::Revoked,
            _ => Self::Trouble,
        }
    }
}

pub(crate) fn grant_of(name: Option<&String>) -> Option<GrantId> {
    name.and_then(|name| name.parse().ok())
}

/// By which grants leads were read.
fn leads_by(leads: &[Lead]) -> Vec<GrantId> {
    let guest = |lead: &Lead| lead.guest.as_ref().and_then(|guest| grant_of(guest.name.as_ref()));
    leads.iter().flat_map(|lead| [grant_of(lead.lead.name.as_ref()), guest(lead)]).flatten().collect()
}

impl World {
    /// `user` reads their leads, or their pipelines.
    pub(crate) async fn read(self: &Arc<Self>, user: usize, gives_up_after: Option<Duration>) -> Option<Seen> {
        self.tally().reads += 1;
        let disconnected = self.checker().last_disconnect_answered(user);
        let pipelines = self.sim.chance(0.2);
        let seen = self.ask(self.call("read", longest_wait(15), gives_up_after), move |service| async move {
            if pipelines {
                let read = service.pipelines(&user_id(user)).await;
                let by = |all: &Vec<Pipeline>| all.iter().filter_map(|one| grant_of(Some(&one.name))).collect();
                read.map(|all| by(&all))
            } else {
                service.leads(&user_id(user), &all_leads()).await.map(|list| leads_by(&list.leads))
            }
        });
        let outcome = seen.await?;
        self.note(Home::Outside, || format!("user {user} reads: {outcome:?}"));
        match outcome {
            Ok(grants) => {
                let crm = self.crm();
                for grant in grants {
                    self.checker().read(&crm, user, grant, disconnected);
                }
                drop(crm);
                self.judge();
                Some(Seen::Usable)
            }
            Err(error) => Some(Seen::from(&error)),
        }
    }

    /// `user` disconnects.
    pub(crate) async fn disconnect(self: &Arc<Self>, user: usize) {
        let begun = self.now();
        self.note(Home::Outside, || format!("user {user} disconnects"));
        let done = self.ask(self.call("disconnect", longest_wait(0), None), move |service| async move {
            service.disconnect(&user_id(user), Actor::User).await.is_ok()
        });
        if done.await == Some(true) {
            self.note(Home::Outside, || format!("user {user} is disconnected"));
            self.tally().disconnects += 1;
            let waiting = self.waiting_for(user);
            let crm = self.crm();
            self.checker().disconnect_answered(&crm, user, (begun, self.now()), &waiting);
            drop(crm);
            self.judge();
        }
    }

    /// `user` connects by an attempt, through the browser.
    pub(crate) async fn connect_by_attempt(self: &Arc<Self>, user: usize) {
        let call = self.call("start", longest_wait(0), None);
        let begun = call.id;
        let start = |service: UseCases| async move { service.start(user_id(user), None).await };
        let Some(Ok(Started { state, .. })) = self.ask(call, start).await else { return };
        self.sim.sleep(self.sim.millis(100, 8_000)).await;
        if self.sim.chance(0.05) {
            self.redirect(Callback {
                code: Given::Absent,
                state: Given::One(state),
                host: Given::Absent,
                denial: Some(Denial::Declined),
                is_installation: false,
            })
            .await;
            return;
        }
        let code = self.allow(user);
        self.checker().attempted(code, begun);
        let claims = self.setup.require_claim || self.sim.chance(0.5);
        let twice = self.sim.chance(0.1);
        if twice {
            let (this, callback) = (Arc::clone(self), self.callback(code, Some(state.clone())));
            self.sim.spawn(Home::Outside, async move { _ = this.redirect(callback).await }.boxed());
        }
        self.browse(code, Some(state.clone())).await;
        if claims {
            let state = self.sim.chance(0.7).then_some(state);
            self.claim(user, code, state).await;
        }
    }

    /// `user`'s app makes its own state, or the app brings the code before any browser does.
    pub(crate) async fn connect_by_claim(self: &Arc<Self>, user: usize) {
        let code = self.allow(user);
        let state = self.sim.chance(0.5).then(|| State::new(format!("app-{code}")));
        if self.sim.chance(0.5) {
            self.browse(code, state.clone()).await;
        }
        self.claim(user, code, state).await;
    }

    /// Somebody's browser brings a code without a state, and that is all.
    pub(crate) async fn intrude(self: &Arc<Self>) {
        let user = self.sim.pick(self.setup.users);
        let code = self.allow(user);
        self.sim.sleep(self.sim.millis(0, 3_000)).await;
        self.redirect(self.callback(code, None)).await;
    }

    /// `user` presses *Allow* in one of the accounts.
    fn allow(self: &Arc<Self>, user: usize) -> CodeId {
        let account = self.sim.pick(self.setup.accounts);
        let id = self.crm().allow(user, account, self.now());
        self.note(Home::Outside, || format!("user {user} allows account {account}: code-{id}"));
        self.code_ids().insert(CodeHash::of(&code(id)).0, id);
        id
    }

    fn callback(&self, id: CodeId, state: Option<State>) -> Callback {
        Callback {
            code: Given::One(code(id)),
            state: state.map_or(Given::Absent, Given::One),
            host: self.named_host(id),
            denial: None,
            is_installation: false,
        }
    }

    pub(crate) fn named_host(&self, id: CodeId) -> Given<String> {
        let crm = self.crm();
        Given::One(crm.host(crm.codes[id].account).as_str().to_owned())
    }

    async fn redirect(self: &Arc<Self>, callback: Callback) -> Option<CallbackOutcome> {
        let call = self.call("callback", longest_wait(20), self.may_give_up());
        // Few networks: strangers are in each other's way.
        let number = callback.code.one().map_or(0, |code| CodeHash::of(code).0[0] % 3);
        let network = CallerNetwork([number; 8]);
        let received =
            self.ask(call, move |service| async move { service.receive_callback(callback, network).await }).await;
        let outcome = received.map(|received| received.outcome);
        self.note(Home::Outside, || format!("the browser shows {outcome:?}"));
        outcome
    }

    /// The browser comes back with a code, and is reloaded while that may help.
    async fn browse(self: &Arc<Self>, id: CodeId, state: Option<State>) {
        for _ in 0..TRIES {
            match self.redirect(self.callback(id, state.clone())).await {
                Some(CallbackOutcome::Connected) => {
                    self.connected(id);
                    return;
                }
                None
                | Some(
                    CallbackOutcome::StorageUnavailable | CallbackOutcome::CrmUnavailable | CallbackOutcome::TryAgain,
                ) => {
                    self.sim.sleep(self.sim.millis(500, 30_000)).await;
                }
                Some(_) => return,
            }
        }
    }

    /// `user`'s app brings a code, again while that may help.
    async fn claim(self: &Arc<Self>, user: usize, id: CodeId, state: Option<State>) {
        for _ in 0..TRIES {
            let call = self.call("claim", longest_wait(15), self.may_give_up());
            self.checker().claimed(id, user, call.id);
            let host = self.named_host(id);
            let state = state.clone();
            let outcome = self.ask(call, move |service| async move {
                service.claim(&user_id(user), code(id), state, host).await.map(drop)
            });
            let outcome = outcome.await;
            self.note(Home::Outside, || format!("user {user} claims code-{id}: {outcome:?}"));
            match outcome {
                Some(Ok(())) => {
                    self.connected(id);
                    return;
                }
                None
                | Some(Err(
                    ClaimError::CrmUnavailable
                    | ClaimError::InProgress
                    | ClaimError::TooManyCodes(_)
                    | ClaimError::Store(StoreError::Unavailable(_)),
                )) => self.sim.sleep(self.sim.millis(500, 30_000)).await,
                Some(Err(_)) => return,
            }
        }
    }

    pub(crate) fn connected(&self, id: CodeId) {
        self.tally().connects += 1;
        let crm = self.crm();
        self.checker().reported_connected(&crm, id);
        drop(crm);
        self.judge();
    }

    /// Some callers go away.
    fn may_give_up(&self) -> Option<Duration> {
        self.sim.chance(0.15).then(|| self.sim.millis(1, 5_000))
    }

    /// `thief` brings a code that is known to be another's.
    pub(crate) async fn steal(self: &Arc<Self>, thief: usize) {
        let foreign = |id: &CodeId| {
            let record = record(self, CodeHash::of(&code(*id)));
            record.and_then(|record| record.user).is_some_and(|user| number_of(&user) != thief)
        };
        let codes = self.crm().codes.len();
        let Some(id) = (0..codes).rev().find(foreign) else { return };
        self.claim(thief, id, None).await;
    }

    /// Something else in `user`'s row changes: the operator's command, or another version of us.
    pub(crate) async fn touch(self: &Arc<Self>, user: usize) {
        if let Ok(Some(row)) = self.truth.connection(&user_id(user)).await {
            let _ = self.truth.save(&row, Some(row.revision)).await;
            self.note(Home::Outside, || format!("something touches the row of user {user}"));
        }
    }

    /// The hook, from amoCRM or repeated by somebody, that the integration was switched off in `account`.
    pub(crate) async fn hook(self: &Arc<Self>, account: usize) {
        self.note(Home::Outside, || format!("the hook of account {account}"));
        let call = self.call("hook", longest_wait(0), None);
        self.ask(call, move |service| async move { service.switched_off(account_id(account)).await.is_ok() }).await;
    }

    /// Old attempts and unclaimed grants are swept.
    pub(crate) async fn sweep(self: &Arc<Self>) {
        self.ask(self.call("sweep", longest_wait(0), None), |service| async move { service.sweep().await.is_ok() })
            .await;
    }
}

fn all_leads() -> LeadRequest {
    LeadRequest::default()
}
