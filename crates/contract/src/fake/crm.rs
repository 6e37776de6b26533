//! The CRM behind the fake: accounts, codes and tokens.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};
use jiff::Timestamp;

use super::writing::second;
use super::{Asked, FakeAccount, Reply};
use crate::fixtures::at;

/// All that the fake knows. Codes and tokens lead to the host they are good for.
pub(super) struct Crm {
    pub(super) script: VecDeque<Reply>,
    pub(super) asked: Vec<Asked>,
    pub(super) accounts: HashMap<String, FakeAccount>,
    pub(super) life: Duration,
    pub(super) shard: Option<AccountHost>,
    pub(super) has_authority: bool,
    pub(super) has_look_ups: bool,
    pub(super) access: HashMap<String, AccountHost>,
    pub(super) clock: Box<dyn Fn() -> Timestamp + Send>,
    /// With which lead the next one is put together that is made.
    pub(super) merged_with: Option<u64>,
    pub(super) carried_out: Vec<Write>,
    codes: HashMap<String, AccountHost>,
    refresh: HashMap<String, AccountHost>,
    issued: u64,
}

impl Default for Crm {
    fn default() -> Self {
        Self {
            script: VecDeque::new(),
            asked: Vec::new(),
            accounts: HashMap::new(),
            life: Duration::from_hours(24),
            shard: None,
            has_authority: true,
            has_look_ups: true,
            access: HashMap::new(),
            clock: Box::new(|| at(0)),
            merged_with: None,
            carried_out: Vec::new(),
            codes: HashMap::new(),
            refresh: HashMap::new(),
            issued: 0,
        }
    }
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("asked", &self.asked).field("script", &self.script).finish_non_exhaustive()
    }
}

impl Crm {
    pub(super) fn allow(&mut self, host: &AccountHost) -> AuthorizationCode {
        let code = format!("fake-code-{}", self.next());
        self.codes.insert(code.clone(), host.clone());
        AuthorizationCode::new(code)
    }

    pub(super) fn revoke(&mut self, host: &AccountHost) {
        for secrets in [&mut self.codes, &mut self.refresh, &mut self.access] {
            secrets.retain(|_, account| account != host);
        }
    }

    pub(super) fn move_account(&mut self, from: &AccountHost, to: &AccountHost) {
        if let Some(account) = self.accounts.remove(from.as_str()) {
            self.accounts.insert(to.as_str().to_owned(), account);
        }
        for secrets in [&mut self.codes, &mut self.refresh, &mut self.access] {
            secrets.values_mut().filter(|host| *host == from).for_each(|host| *host = to.clone());
        }
    }

    pub(super) fn locate(&self, token: &RefreshToken) -> Option<FoundHost> {
        let host = self.refresh.get(token.expose())?.clone();
        let account = self.accounts.get(host.as_str()).map(|account| account.number);
        Some(FoundHost { host, account })
    }

    pub(super) fn exchange(&mut self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        if self.codes.get(code.expose()) != Some(host) {
            return Err(AmoError::CodeRejected);
        }
        self.codes.remove(code.expose());
        Ok(self.issue(host))
    }

    pub(super) fn refresh(&mut self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError> {
        if self.refresh.get(token.expose()) != Some(host) {
            return Err(AmoError::GrantRevoked);
        }
        self.refresh.remove(token.expose());
        Ok(self.issue(host))
    }

    /// The account that `token` opens at `host`.
    pub(super) fn opened(&self, host: &AccountHost, token: &AccessToken) -> Result<&FakeAccount, AmoError> {
        if self.access.get(token.expose()) != Some(host) {
            return Err(AmoError::AccessRefused);
        }
        self.accounts.get(host.as_str()).ok_or(AmoError::NotFound)
    }

    /// Does `write` in the account that `token` opens at `host`.
    pub(super) fn write(
        &mut self,
        host: &AccountHost,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        self.opened(host, token)?;
        let account = self.accounts.get_mut(host.as_str()).ok_or(AmoError::NotFound)?;
        let now = second((self.clock)());
        let known = if matches!(write, Write::Lead(_)) { self.merged_with.take() } else { None };
        let made = match known {
            Some(id) => account.merge_into(id, now).map(Some),
            None => account.write(write, now),
        }?;
        self.carried_out.push(write.clone());
        Ok(made)
    }

    fn issue(&mut self, host: &AccountHost) -> Issued {
        let number = self.next();
        let (access, refresh) = (format!("fake-access-{number}"), format!("fake-refresh-{number}"));
        self.access.insert(access.clone(), host.clone());
        self.refresh.insert(refresh.clone(), host.clone());
        Issued {
            access: AccessToken::new(access),
            refresh: RefreshToken::new(refresh),
            expires_in: self.life,
            account: self.accounts.get(host.as_str()).map(|account| account.number),
            host: None,
        }
    }

    fn next(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }
}
