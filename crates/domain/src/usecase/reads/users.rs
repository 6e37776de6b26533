//! Who a user is in the account, and who else works there.

use std::sync::Arc;

use futures_util::future::try_join;

use crate::connection::Grant;
use crate::crm::account::{AmoAccount, User};
use crate::crm::page::PageRequest;
use crate::ids::UserId;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::{Forbidden, ReadError, Reader, Reading};

/// Users a page.
const PAGE: u32 = 250;

/// The most pages of users that are read.
const MOST_PAGES: u32 = 20;

/// The most bytes of names and addresses on all of these, for they are kept: four hundred for each user.
const MOST_TEXT: usize = 2_000_000;

/// The users of an account, or that the right to list them is missing.
pub(crate) type ListedUsers = Result<Arc<Vec<User>>, Forbidden>;

/// Whose leads or tasks are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Responsible {
    /// Those of the user who connected.
    Me,
    /// Those of this user.
    User(u64),
}

/// Who a user is in the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The account, and the user's number there.
    pub account: Arc<AmoAccount>,
    /// The user's name, where the CRM lets the user see it.
    pub name: Option<String>,
    /// Whether the CRM lets the user list users, and calls this one an administrator.
    pub is_admin: bool,
}

impl UseCases {
    /// Who `user` is in the account.
    pub async fn me(&self, user: &UserId) -> Result<Profile, ReadError> {
        let profile = |reader: Reader| async move {
            let (account, users) = try_join(self.own_account(&reader), self.users_of(&reader)).await?;
            let is_kept = !account.is_served() && !users.is_served();
            let own =
                users.what.ok().and_then(|users| users.iter().find(|one| Some(one.id) == account.what.user).cloned());
            let is_admin = own.as_ref().is_some_and(|own| own.is_admin);
            let profile = Profile { account: account.what, name: own.and_then(|own| own.name), is_admin };
            Ok(if is_kept { Reading::kept(profile) } else { Reading::served(profile, None) })
        };
        self.read(user, profile).await
    }

    /// The users of `user`'s account.
    pub async fn users(&self, user: &UserId) -> Result<Arc<Vec<User>>, ReadError> {
        Ok(self.read(user, |reader| async move { self.users_of(&reader).await }).await??)
    }

    /// The number in the CRM of whoever is responsible.
    pub(crate) async fn number_of(
        &self,
        reader: &Reader,
        responsible: Option<Responsible>,
    ) -> Result<Option<u64>, AmoError> {
        match responsible {
            None => Ok(None),
            Some(Responsible::User(number)) => Ok(Some(number)),
            // Without a number all would be shown for the user's own.
            Some(Responsible::Me) => Ok(Some(self.own_account(reader).await?.what.user.ok_or(AmoError::Protocol)?)),
        }
    }

    /// The account, if it was read within the last ten minutes.
    pub(crate) fn known_account(&self, reader: &Reader) -> Option<Arc<AmoAccount>> {
        self.reads.cache.account(&reader.holder, self.runtime.instant())
    }

    /// The account, as it was within the last ten minutes.
    pub(crate) async fn own_account(&self, reader: &Reader) -> Result<Reading<Arc<AmoAccount>>, AmoError> {
        if let Some(account) = self.known_account(reader) {
            return Ok(Reading::kept(account));
        }
        let (this, reader) = (self.clone(), reader.clone());
        let asking = self.reads.accounts.join(reader.flight_key(), move || async move {
            let Grant { host, tokens, .. } = &reader.grant;
            let account = Arc::new(retried_if_lost(|| this.amo.account(host, &tokens.access)).await?);
            this.reads.cache.keep_account(&reader.holder, &account, this.runtime.instant());
            Ok(account)
        });
        Ok(Reading::served(asking.await?, None))
    }

    /// The users, as they were within the last minute.
    pub(crate) async fn users_of(&self, reader: &Reader) -> Result<Reading<ListedUsers>, AmoError> {
        if let Some(users) = self.reads.cache.users(&reader.holder, self.runtime.instant()) {
            return Ok(Reading::kept(Ok(users)));
        }
        let (this, reader) = (self.clone(), reader.clone());
        let asking = self.reads.users.join(reader.flight_key(), move || async move { this.all_users(&reader).await });
        Ok(Reading::served(asking.await?, None))
    }

    async fn all_users(&self, reader: &Reader) -> Result<ListedUsers, AmoError> {
        let Grant { host, tokens, .. } = &reader.grant;
        let (mut users, mut text) = (Vec::new(), 0);
        for page in 1..=MOST_PAGES {
            let page = PageRequest { page, limit: PAGE };
            let listed = retried_if_lost(|| self.amo.users(host, &tokens.access, page)).await;
            let listed = match listed {
                // A missing right is an answer: the connection is good, and so is the access token.
                Err(AmoError::Forbidden) => return Ok(Err(Forbidden)),
                listed => listed?,
            };
            text += listed.items.iter().map(length).sum::<usize>();
            if text > MOST_TEXT {
                return Err(AmoError::Protocol);
            }
            users.extend(listed.items);
            if !listed.has_more {
                break;
            }
        }
        let users = Arc::new(users);
        self.reads.cache.keep_users(&reader.holder, &users, self.runtime.instant());
        Ok(Ok(users))
    }
}

fn length(user: &User) -> usize {
    [&user.name, &user.email].into_iter().flatten().map(String::len).sum()
}
