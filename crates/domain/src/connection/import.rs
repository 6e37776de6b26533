//! Importing a connection: a refresh token that an earlier service left takes the place of a consent.
//!
//! A token works once, and who imports may be killed at any moment and begin again. So the token is on
//! record, by its hash, from the moment on that it is stored: it is never stored again. What becomes of
//! it then is the refresh's business, as with any other.

use jiff::Timestamp;

use crate::connection::{ConnectionState, CrmConnection, Grant};
use crate::host::AccountHost;
use crate::ids::{AccountId, Generation, UserId};
use crate::token::{RefreshToken, RefreshTokenHash, TokenPair};

/// A refresh token that is to become a user's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Whose connection it becomes.
    pub user: UserId,
    /// The account's host.
    pub host: AccountHost,
    /// The account's number, where the CRM has told it.
    pub account: Option<AccountId>,
    /// The token.
    pub token: RefreshToken,
    /// Whether it replaces a connection that the user has, or has ended.
    pub replaces: bool,
}

/// What is on record of an imported token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ImportRecord {
    /// The token.
    pub token: RefreshTokenHash,
    /// Whose connection it became.
    pub user: UserId,
    /// Of which generation it is.
    pub generation: Generation,
}

/// Why a token is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotImported {
    /// It was imported before.
    OnRecord(ImportRecord),
    /// The user is connected.
    Connected,
    /// The user has disconnected.
    Disconnected,
}

impl Import {
    /// Decides whether the token becomes the user's connection, given what is on record of it and the
    /// connection as it is. Returns the connection as it is then, and the record of the token.
    pub fn decide(
        &self,
        on_record: Option<ImportRecord>,
        connection: Option<CrmConnection>,
        now: Timestamp,
    ) -> Result<(CrmConnection, ImportRecord), NotImported> {
        if let Some(record) = on_record {
            return Err(NotImported::OnRecord(record));
        }
        match connection.as_ref().map(|connection| &connection.state) {
            Some(ConnectionState::Connected(_)) if !self.replaces => return Err(NotImported::Connected),
            Some(ConnectionState::Disconnected) if !self.replaces => return Err(NotImported::Disconnected),
            _ => {}
        }
        let mut connection = connection.unwrap_or_else(|| CrmConnection::new(self.user.clone()));
        let tokens = TokenPair::imported(self.token.clone());
        connection.connect(Grant { host: self.host.clone(), account: self.account, tokens }, now);
        let generation = connection.generation;
        Ok((connection, ImportRecord { token: self.hash(), user: self.user.clone(), generation }))
    }

    /// The hash that the token is on record by.
    pub fn hash(&self) -> RefreshTokenHash {
        RefreshTokenHash::of(&self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::ReauthReason;
    use crate::ids::Epoch;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn import(replaces: bool) -> Import {
        Import {
            user: UserId::new("olena").unwrap(),
            host: AccountHost::stored("a"),
            account: Some(AccountId(7)),
            token: RefreshToken::new("r"),
            replaces,
        }
    }

    fn imported() -> CrmConnection {
        import(false).decide(None, None, now()).unwrap().0
    }

    #[test]
    fn an_imported_connection_can_be_refreshed_and_nothing_else() {
        let (connection, record) = import(false).decide(None, None, now()).unwrap();
        let grant = connection.grant().unwrap();
        assert_eq!((grant.host.as_str(), grant.account), ("a", Some(AccountId(7))));
        assert!(grant.tokens.access.expose().is_empty() && !grant.tokens.is_alive(now()));
        assert_eq!((connection.epoch, connection.generation), (Epoch(1), Generation(1)));
        assert_eq!((record.token, record.generation), (import(false).hash(), Generation(1)));
    }

    #[test]
    fn a_token_is_imported_once_whatever_became_of_it() {
        let (mut connection, record) = import(false).decide(None, None, now()).unwrap();
        let again = |connection: &CrmConnection, replaces| {
            import(replaces).decide(Some(record.clone()), Some(connection.clone()), now()).err()
        };
        for replaces in [false, true] {
            assert_eq!(again(&connection, replaces), Some(NotImported::OnRecord(record.clone())));
        }
        connection.refuse(connection.generation, ReauthReason::GrantRevoked, now()).unwrap();
        assert_eq!(again(&connection, true), Some(NotImported::OnRecord(record.clone())));
    }

    #[test]
    fn a_connection_that_the_user_has_or_has_ended_stays_unless_it_is_to_be_replaced() {
        let mut connection = imported();
        let decide =
            |connection: &CrmConnection, replaces| import(replaces).decide(None, Some(connection.clone()), now());
        assert_eq!(decide(&connection, false).err(), Some(NotImported::Connected));
        assert_eq!(decide(&connection, true).unwrap().0.generation, Generation(2));
        connection.disconnect();
        assert_eq!(decide(&connection, false).err(), Some(NotImported::Disconnected));
        assert_eq!(decide(&connection, true).unwrap().0.epoch, Epoch(3));
    }

    #[test]
    fn a_connection_that_the_crm_has_ended_is_replaced() {
        let mut refused = imported();
        refused.refuse(refused.generation, ReauthReason::GrantRevoked, now()).unwrap();
        let mut revoked = imported();
        revoked.revoke(revoked.generation).unwrap();
        for ended in [refused, revoked] {
            assert_eq!(import(false).decide(None, Some(ended), now()).unwrap().0.generation, Generation(2));
        }
    }
}
