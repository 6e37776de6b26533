//! The integration as amoCRM sees it, and what amoCRM has said about it. It tells whose fault a
//! refusal is.
//!
//! amoCRM refuses a refresh with words that accuse the client: its id, secret or redirect URI are
//! wrong, or the account does not pay. Other requests show which of these it is: if amoCRM serves
//! another account of the same client *after* the accusation, it is the account.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// Names a client id, client secret and redirect URI without showing them. Instances with the same
/// three have the same fingerprint.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClientFingerprint(pub [u8; 8]);

impl ClientFingerprint {
    /// The fingerprint of a client with this secret and these other `names` that the CRM knows it by:
    /// a keyed hash, so that no value can be guessed from it. No name may hold a NUL.
    pub fn keyed(secret: &str, names: &[&str]) -> Self {
        // A key of any length will do.
        let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return Self::default() };
        for name in names {
            hash.update(name.as_bytes());
            hash.update(&[0]);
        }
        let hash: [u8; 32] = hash.finalize().into_bytes().into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for ClientFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientFingerprint(…)")
    }
}

/// What amoCRM has said about one client, by the store's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClientRecord {
    /// When it last accused the client.
    pub accused_at: Option<Timestamp>,
    /// The sending of the newest request that it served since it accused the client.
    pub served_at: Option<Timestamp>,
}

impl ClientRecord {
    /// Whether its newest statement is an accusation.
    pub fn is_accused(&self) -> bool {
        self.accused_at > self.served_at
    }

    /// The record after an accusation.
    #[must_use]
    pub fn accused(self, store_now: Timestamp) -> Self {
        Self { accused_at: self.accused_at.max(Some(store_now)), ..self }
    }

    /// The record after a request was served that was sent at `sent_at`, if that is
    /// new: it is recorded only after an accusation.
    pub fn served(self, sent_at: Timestamp) -> Option<Self> {
        let news = self.is_accused() && self.served_at < Some(sent_at);
        news.then_some(Self { served_at: Some(sent_at), ..self })
    }
}

/// amoCRM accused the client at the last sending of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Accusation {
    /// Which client.
    pub client: ClientFingerprint,
    /// When it was first accused over this generation of tokens, by the store's clock.
    pub since: Timestamp,
    /// When it was last accused over them.
    pub last: Timestamp,
    /// Whether it is the account's fault: others of the same client were served since.
    pub is_accounts: bool,
}

impl Accusation {
    /// The accusation that is on record now, after `earlier` over the same tokens. `record` is the
    /// client's as it was before.
    ///
    /// An accusation is dated when its answer is recorded, a served request when it was sent. So a
    /// request that was under way while the client was wrong does not end the accusation.
    pub fn new(earlier: Option<Self>, client: ClientFingerprint, record: &ClientRecord, store_now: Timestamp) -> Self {
        let earlier = earlier.filter(|earlier| earlier.client == client);
        let since = earlier.map_or(store_now, |earlier| earlier.since);
        let is_accounts = earlier.is_some_and(|earlier| earlier.is_accounts) || record.served_at > Some(since);
        Self { client, since, last: store_now, is_accounts }
    }

    /// Whether it no longer delays an instance with `client`. `record` is that client's.
    ///
    /// After the account's own fault the refresh backs off as after any failure. An accusation of a
    /// client ends once amoCRM serves that client. It does not delay another client that is not
    /// accused itself: in a rolling deploy amoCRM refuses the wrong instance and serves the right
    /// one.
    pub fn is_over_for(&self, client: ClientFingerprint, record: &ClientRecord) -> bool {
        !self.is_accounts && (record.served_at > Some(self.last) || (client != self.client && !record.is_accused()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: ClientFingerprint = ClientFingerprint([1; 8]);
    const OTHER: ClientFingerprint = ClientFingerprint([2; 8]);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(accused: Option<i64>, served: Option<i64>) -> ClientRecord {
        ClientRecord { accused_at: accused.map(at), served_at: served.map(at) }
    }

    #[test]
    fn clients_that_differ_have_fingerprints_that_differ() {
        let one = ClientFingerprint::keyed("secret", &["id", "https://a"]);
        assert_eq!(one, ClientFingerprint::keyed("secret", &["id", "https://a"]));
        for (secret, names) in [
            ("secret", ["ID", "https://a"]),
            ("Secret", ["id", "https://a"]),
            ("secret", ["id", "https://b"]),
            ("secret", ["idh", "ttps://a"]),
            ("", ["id", "https://a"]),
        ] {
            assert_ne!(one, ClientFingerprint::keyed(secret, &names), "{secret} {names:?}");
        }
        assert_eq!(format!("{one:?}"), "ClientFingerprint(…)");
    }

    #[test]
    fn a_client_is_at_fault_until_amocrm_serves_it_after_the_first_accusation() {
        let first = Accusation::new(None, OURS, &record(None, Some(9)), at(10));
        assert!(!first.is_accounts, "a refresh before the accusation does not count");
        let second = Accusation::new(Some(first), OURS, &record(Some(10), Some(10)), at(20));
        assert!(!second.is_accounts);
        assert_eq!((second.since, second.last), (at(10), at(20)));
        let third = Accusation::new(Some(second), OURS, &record(Some(20), Some(11)), at(30));
        assert!(third.is_accounts);
        assert!(Accusation::new(Some(third), OURS, &record(Some(40), None), at(40)).is_accounts);
    }

    #[test]
    fn an_accusation_of_another_client_does_not_count_for_this_one() {
        let theirs = Accusation::new(None, OTHER, &record(None, None), at(10));
        let ours = Accusation::new(Some(theirs), OURS, &record(Some(5), Some(15)), at(20));
        assert_eq!((ours.since, ours.is_accounts), (at(20), false));
        assert!(theirs.is_over_for(OURS, &record(None, None)));
        assert!(!theirs.is_over_for(OURS, &record(Some(12), None)), "both are wrong");
        assert!(!theirs.is_over_for(OTHER, &record(Some(10), None)));
    }

    #[test]
    fn the_first_served_request_ends_the_accusation() {
        let accusation = Accusation::new(None, OURS, &record(None, None), at(10));
        for (served, over) in [(None, false), (Some(10), false), (Some(11), true)] {
            assert_eq!(accusation.is_over_for(OURS, &record(Some(10), served)), over, "{served:?}");
        }
        let accounts = Accusation { is_accounts: true, ..accusation };
        assert!(!accounts.is_over_for(OURS, &record(Some(10), Some(11))));
    }

    #[test]
    fn being_served_is_news_only_after_an_accusation() {
        assert_eq!(record(None, None).served(at(1)), None);
        assert_eq!(record(Some(5), None).served(at(3)), Some(record(Some(5), Some(3))));
        assert_eq!(record(Some(5), Some(3)).served(at(2)), None);
        assert_eq!(record(Some(5), Some(3)).served(at(6)), Some(record(Some(5), Some(6))));
        assert_eq!(record(Some(5), Some(6)).served(at(7)), None);
        assert_eq!(record(Some(5), Some(6)).accused(at(9)).served(at(10)), Some(record(Some(9), Some(10))));
    }
}
