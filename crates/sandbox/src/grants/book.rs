//! The book of grants: exchanging a code and rotating a refresh token are one step each.

use std::collections::HashMap;

use super::{
    Digest, Ending, GrantInfo, Holder, Mint, Refusal, digest,
    jwt::access_token,
    record::{AccessRecord, Code, Grant, GrantId, RefreshRecord},
};
use crate::{AccountId, UserId, clock::Moment};

/// A pair that was granted.
pub(crate) struct Issued {
    pub(crate) user: UserId,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) now: Moment,
    pub(crate) access_expires: Moment,
}

/// How long the tokens of a new pair live, in seconds, whether the access token before them dies,
/// and what they say of the domain and the host that all accounts share.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) access: u64,
    pub(crate) refresh: u64,
    pub(crate) kill_old_access: bool,
    pub(crate) base_domain: String,
    pub(crate) api_domain: Option<String>,
}

/// A refresh as it reached the token endpoint.
pub(crate) struct Refresh<'a> {
    pub(crate) token: Digest,
    pub(crate) client_id: &'a str,
    pub(crate) account: AccountId,
    /// Let it through though the token was spent since it came.
    pub(crate) even_if_spent: bool,
}

/// Every code, token and grant of the sandbox, by digest.
pub(crate) struct Book {
    mint: Mint,
    codes: HashMap<Digest, Code>,
    refresh_tokens: HashMap<Digest, RefreshRecord>,
    access_tokens: HashMap<Digest, AccessRecord>,
    grants: HashMap<GrantId, Grant>,
    next_grant: GrantId,
    access_swept_at: usize,
}

impl Book {
    pub(crate) fn new(mint: Mint) -> Self {
        Self {
            mint,
            codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            grants: HashMap::new(),
            next_grant: 1,
            access_swept_at: 1024,
        }
    }

    /// Writes down that `holder` allowed access.
    pub(crate) fn issue_code(&mut self, holder: Holder, expires: Moment) -> String {
        let code = self.mint.code();
        self.codes.insert(digest(&code), Code { holder, expires, spent: false });
        code
    }

    /// Spends a code and opens a grant.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        client_id: &str,
        account: AccountId,
        now: Moment,
        terms: &Terms,
    ) -> Result<Issued, Refusal> {
        let code = self.codes.get_mut(&digest(code)).ok_or(Refusal::CodeGarbage)?;
        if code.holder.account != account {
            return Err(Refusal::Account);
        }
        if code.expires <= now {
            return Err(Refusal::CodeExpired);
        }
        if code.spent {
            return Err(Refusal::CodeSpent);
        }
        if code.holder.client_id != client_id {
            return Err(Refusal::CodeOfAnotherClient);
        }
        code.spent = true;
        let grant = Grant {
            holder: code.holder.clone(),
            ending: None,
            issued: now,
            refreshes: 0,
            generation: 0,
            oldest_good: 0,
            access_expires: now,
            refresh_expires: now,
        };
        let id = self.next_grant;
        self.next_grant += 1;
        self.grants.insert(id, grant);
        self.issue_pair(id, now, terms).ok_or(Refusal::CodeGarbage)
    }

    /// Spends a refresh token: a compare-and-swap, so that of many only one wins.
    pub(crate) fn rotate(&mut self, refresh: &Refresh<'_>, now: Moment, terms: &Terms) -> Result<Issued, Refusal> {
        let record = self.refresh_tokens.get_mut(&refresh.token).ok_or(Refusal::RefreshGarbage)?;
        let grant = self.grants.get_mut(&record.grant).ok_or(Refusal::RefreshGarbage)?;
        if grant.holder.client_id != refresh.client_id {
            return Err(Refusal::RefreshOfAnotherClient);
        }
        if grant.holder.account != refresh.account {
            return Err(Refusal::Account);
        }
        if record.expires <= now {
            return Err(Refusal::RefreshExpired);
        }
        match grant.ending {
            Some(Ending::Disabled) => return Err(Refusal::Disabled),
            Some(Ending::Revoked) => return Err(Refusal::RefreshSpent),
            None if record.spent && !refresh.even_if_spent => return Err(Refusal::RefreshSpent),
            None => {}
        }
        record.spent = true;
        grant.refreshes += 1;
        let id = record.grant;
        self.issue_pair(id, now, terms).ok_or(Refusal::RefreshGarbage)
    }

    fn issue_pair(&mut self, id: GrantId, now: Moment, terms: &Terms) -> Option<Issued> {
        self.sweep_access(now);
        let grant = self.grants.get_mut(&id)?;
        grant.generation += 1;
        if terms.kill_old_access {
            grant.oldest_good = grant.generation;
        }
        grant.access_expires = now.after(terms.access);
        grant.refresh_expires = now.after(terms.refresh);
        let access_expires = grant.access_expires;
        let refresh_token = self.mint.refresh_token();
        let access_token = access_token(&grant.holder, now, access_expires, terms, self.mint.unique());
        let record = RefreshRecord { grant: id, expires: grant.refresh_expires, spent: false };
        self.refresh_tokens.insert(digest(&refresh_token), record);
        let record = AccessRecord { grant: id, generation: grant.generation, expires: access_expires };
        self.access_tokens.insert(digest(&access_token), record);
        Some(Issued { user: grant.holder.user, access_token, refresh_token, now, access_expires })
    }

    /// Forgets access tokens that have expired, where there are many.
    fn sweep_access(&mut self, now: Moment) {
        if self.access_tokens.len() >= self.access_swept_at {
            self.access_tokens.retain(|_, record| record.expires > now);
            self.access_swept_at = (self.access_tokens.len() * 2).max(1024);
        }
    }

    /// Who an access token lets in, if it does.
    pub(crate) fn holder_of_access(&self, token: &str, now: Moment) -> Option<&Holder> {
        let record = self.access_tokens.get(&digest(token))?;
        let grant = self.grants.get(&record.grant)?;
        let good = grant.ending.is_none() && record.expires > now && record.generation >= grant.oldest_good;
        good.then_some(&grant.holder)
    }

    /// Whose a refresh token is, if it would still be taken.
    pub(crate) fn holder_of_refresh(&self, token: &Digest, now: Moment) -> Option<&Holder> {
        let record = self.refresh_tokens.get(token)?;
        let grant = self.grants.get(&record.grant)?;
        let good = grant.ending.is_none() && !record.spent && record.expires > now;
        good.then_some(&grant.holder)
    }

    /// Ends all grants of `account`, or those of one integration in it; says how many.
    pub(crate) fn end(&mut self, account: AccountId, client_id: Option<&str>, ending: Ending) -> usize {
        self.of_account(account)
            .filter(|grant| client_id.is_none_or(|id| grant.holder.client_id == id))
            .filter(|grant| grant.ending.is_none())
            .map(|grant| grant.ending = Some(ending))
            .count()
    }

    /// Ends the access tokens of `account`, and leaves its refresh tokens; says of how many grants.
    pub(crate) fn expire_access(&mut self, account: AccountId, now: Moment) -> usize {
        self.of_account(account)
            .filter(|grant| grant.ending.is_none())
            .map(|grant| {
                grant.oldest_good = grant.generation + 1;
                grant.access_expires = grant.access_expires.min(now);
            })
            .count()
    }

    fn of_account(&mut self, account: AccountId) -> impl Iterator<Item = &mut Grant> {
        self.grants.values_mut().filter(move |grant| grant.holder.account == account)
    }

    /// The grants that can still be refreshed, the oldest first.
    pub(crate) fn live(&self, now: Moment) -> Vec<GrantInfo> {
        let mut live: Vec<_> =
            self.grants.iter().filter(|(_, grant)| grant.ending.is_none() && grant.refresh_expires > now).collect();
        live.sort_by_key(|(id, _)| **id);
        live.into_iter()
            .map(|(_, grant)| GrantInfo {
                account: grant.holder.account,
                user: grant.holder.user,
                is_full: grant.holder.is_full,
                client_id: grant.holder.client_id.clone(),
                issued_at: grant.issued.unix(),
                refreshes: grant.refreshes,
                access_expires_at: grant.access_expires.unix(),
                refresh_expires_at: grant.refresh_expires.unix(),
            })
            .collect()
    }
}
