//! [`FakeAmo`]: a CRM in memory, for tests of everything else, and what a CRM is asked and answers.

mod account;
mod asked;
mod crm;
mod crm_api;
mod dress;
mod gate;
mod harness;
mod meaning;
mod redirect;
mod reply;
mod token_endpoint;
mod writing;

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::AuthorizationCode;
use jiff::Timestamp;
use url::Url;

pub use account::FakeAccount;
pub use asked::Asked;
pub use dress::Dress;
pub use gate::Gate;
pub use harness::FakeAmoHarness;
pub use redirect::{amo_denial, amo_redirect};
pub use reply::Reply;

use crate::fixtures::host;
use crm::Crm;

/// An [`AmoClient`](amo_connect_domain::ports::AmoClient) that is a whole CRM in memory. Its clones are one.
///
/// It rotates as amoCRM does: a code and a refresh token work once, the old access token lives
/// on. What is written is there from then on, made by the account's user. What it [`will`](Self::will) answer instead
/// goes first, a reply a call.
#[derive(Clone, Debug)]
pub struct FakeAmo {
    crm: Arc<Mutex<Crm>>,
    allowed: AllowedHosts,
    page: Url,
    gate: Option<Gate>,
    silent: Option<fn(&Asked) -> bool>,
}

impl Default for FakeAmo {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeAmo {
    /// A CRM without accounts, for the hosts of amoCRM and Kommo.
    ///
    /// # Panics
    /// Never: its addresses are good ones.
    #[expect(clippy::unwrap_used, reason = "the addresses are constants")]
    pub fn new() -> Self {
        let allowed = AllowedHosts::parse("amocrm.ru,amocrm.com,kommo.com").unwrap();
        let page = Url::parse("https://www.amocrm.ru/oauth?mode=popup").unwrap();
        Self { crm: Arc::default(), allowed, page, gate: None, silent: None }
    }

    /// Lays an answer ready for the next call that has none.
    pub fn answer_next(&self, reply: Reply) {
        self.crm().script.push_back(reply);
    }

    /// The same for several calls, a reply each.
    pub fn answer_each(&self, replies: impl IntoIterator<Item = Reply>) {
        self.crm().script.extend(replies);
    }

    /// The same CRM, with an answer ready for the next call that has none.
    #[must_use]
    pub fn will(self, reply: Reply) -> Self {
        self.answer_next(reply);
        self
    }

    /// The same CRM with this account at `host`.
    #[must_use]
    pub fn with_account(self, host: &AccountHost, account: FakeAccount) -> Self {
        self.crm().accounts.insert(host.as_str().to_owned(), account);
        self
    }

    /// The same CRM with an empty account of each number, at the host of that number.
    #[must_use]
    pub fn with_accounts(self, numbers: impl IntoIterator<Item = u64>) -> Self {
        numbers.into_iter().fold(self, |crm, number| crm.with_account(&host(number), FakeAccount::empty(number)))
    }

    /// The same CRM with access tokens that live so long.
    #[must_use]
    pub fn with_life(self, life: Duration) -> Self {
        self.crm().life = life;
        self
    }

    /// The same CRM, whose access tokens name `host` as the one that knows where accounts are.
    #[must_use]
    pub fn with_shard(self, host: &AccountHost) -> Self {
        self.crm().shard = Some(host.clone());
        self
    }

    /// The same CRM, of whose hosts none is named by an access token: what they say of an account
    /// is no word of those who must know.
    #[must_use]
    pub fn without_authority(self) -> Self {
        self.crm().has_authority = false;
        self
    }

    /// The same CRM, whose accounts never move: none is looked up.
    #[must_use]
    pub fn without_look_ups(self) -> Self {
        self.crm().has_look_ups = false;
        self
    }

    /// The same CRM behind a gate, where token requests, writes, and requests for the account wait until they are let go.
    pub fn gated(&self) -> (Self, Gate) {
        let gate = Gate::new();
        (Self { gate: Some(gate.clone()), ..self.clone() }, gate)
    }

    /// The same CRM, which never answers such writes, and such requests for notes, tasks and events.
    #[must_use]
    pub fn silent(self, to: fn(&Asked) -> bool) -> Self {
        Self { silent: Some(to), ..self }
    }

    /// Ends only if `asked` is answered.
    async fn hear(&self, asked: &Asked) {
        if self.silent.is_some_and(|is_silent| is_silent(asked)) {
            self.crm().asked.push(asked.clone());
            pending::<()>().await;
        }
    }

    async fn pass_the_gate(&self) {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
    }

    /// Somebody presses *Allow* in the account at `host`: the code that the redirect brings.
    pub fn allow(&self, host: &AccountHost) -> AuthorizationCode {
        self.crm().allow(host)
    }

    /// The query of the hook by which it says that the integration was switched off in `account`.
    pub fn signed_hook(account: AccountId) -> String {
        redirect::hook(account)
    }

    /// Every access token ends now; refresh tokens live on.
    pub fn expire_access_tokens(&self) {
        self.crm().access.clear();
    }

    /// An administrator switches the integration off in the account at `host`.
    pub fn revoke(&self, host: &AccountHost) {
        self.crm().revoke(host);
    }

    /// The account at `from` answers at `to` from now on, with all its tokens.
    pub fn move_account(&self, from: &AccountHost, to: &AccountHost) {
        self.crm().move_account(from, to);
    }

    /// Its clock, by which it dates what is written. Without one it is always the tests' beginning.
    pub fn set_clock(&self, now: impl Fn() -> Timestamp + Send + 'static) {
        self.crm().clock = Box::new(now);
    }

    /// It puts the next lead that is made together with this one, which is there.
    pub fn merge_next_lead(&self, into: u64) {
        self.crm().merged_with = Some(into);
    }

    /// The writes that it has carried out, in order, whatever it has answered.
    pub fn carried_out(&self) -> Vec<Write> {
        self.crm().carried_out.clone()
    }

    /// The account at `host` as it is now.
    pub fn account_at(&self, host: &AccountHost) -> Option<FakeAccount> {
        self.crm().accounts.get(host.as_str()).cloned()
    }

    /// Everything it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.crm().asked.clone()
    }

    fn crm(&self) -> MutexGuard<'_, Crm> {
        self.crm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one call: as scripted, else by `answer`.
    fn call<T>(
        &self,
        asked: &Asked,
        scripted: impl FnOnce(Reply) -> Option<T>,
        answer: impl FnOnce(&mut Crm) -> Result<T, AmoError>,
    ) -> Result<T, AmoError> {
        if !self.allowed.permits(asked.host()) {
            return Err(AmoError::HostNotAllowed);
        }
        let mut crm = self.crm();
        let reply = crm.script.pop_front();
        if reply != Some(Reply::Unreachable) {
            crm.asked.push(asked.clone());
        }
        let Some(reply) = reply.map(|reply| reply.to(asked)) else { return answer(&mut crm) };
        if reply.is_lost_after_the_deed() {
            // What it did and nobody read is done all the same.
            let _ = answer(&mut crm);
        }
        match reply.error(asked) {
            Some(error) => Err(error),
            None => scripted(reply).ok_or_else(|| Reply::Garbled.error(asked).unwrap_or(AmoError::Protocol)),
        }
    }
}
