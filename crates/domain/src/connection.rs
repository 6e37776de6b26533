//! The aggregate [`CrmConnection`]: one user's connection, its states and its transitions.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::after;
use crate::host::AccountHost;
use crate::ids::{AccountId, Epoch, Generation, Revision, UserId};
use crate::token::TokenPair;

/// What amoCRM gave us: the right to act for a user in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The account's host, where tokens are refreshed and the API is called.
    pub host: AccountHost,
    /// The account's number; `None` until amoCRM has told it.
    pub account: Option<AccountId>,
    /// The tokens.
    pub tokens: TokenPair,
}

/// The account a connection that ended was to, so that the app can say what to re-connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerAccount {
    /// Its host.
    pub host: AccountHost,
    /// Its number, where it was known.
    pub account: Option<AccountId>,
}

/// Why a user has to connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReauthReason {
    /// amoCRM refused the refresh token for certain.
    GrantRevoked,
    /// amoCRM refused it after an earlier sending whose answer was lost.
    RotationLost,
}

/// The state of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Never connected, or disconnected.
    Disconnected,
    /// Usable, whether or not the access token has expired: it can be renewed.
    Connected(Grant),
    /// The grant is dead; only the user can give another.
    NeedsReauth {
        /// What to re-connect.
        former: FormerAccount,
        /// Why.
        reason: ReauthReason,
        /// Since when.
        since: Timestamp,
    },
    /// An administrator switched the integration off in amoCRM.
    Revoked(FormerAccount),
}

/// What keeps amoCRM from answering though the connection is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemCode {
    /// amoCRM bans this account's calls.
    ProviderBlocked,
    /// amoCRM does not answer, or not sensibly.
    ProviderDown,
    /// amoCRM's limit of calls is used up.
    RateLimited,
    /// amoCRM does not accept the integration's own credentials: the operator's mistake.
    Misconfigured,
    /// amoCRM refuses this account though other accounts of the integration are served.
    AccountRefused,
    /// The account's subscription has ended.
    PaymentRequired,
}

/// A problem and its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub code: ProblemCode,
    /// Since when.
    pub since: Timestamp,
}

/// The first pause before the next refresh when two pairs in a row were refused at their use.
const FIRST_PUT_OFF: Duration = Duration::from_mins(1);

/// The longest such pause.
pub const LONGEST_PUT_OFF: Duration = Duration::from_hours(1);

/// Pairs in a row whose access tokens amoCRM refused at their use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedPairs {
    /// How many.
    pub count: u32,
    /// The newest of them.
    pub last: Generation,
    /// When that one was first refused, by the store's clock.
    pub since: Timestamp,
}

impl RefusedPairs {
    /// Whether another refresh is no cure: it is the account that is refused.
    pub fn is_accounts(&self) -> bool {
        self.count >= 2
    }

    /// Until when the next refresh is put off: from the second pair on for a minute, doubling to
    /// an hour. A refusal that is dated in the future puts nothing off.
    pub fn put_off_until(&self, store_now: Timestamp) -> Option<Timestamp> {
        let doubled = 2_u32.saturating_pow(self.count.checked_sub(2)?);
        let until = after(self.since, FIRST_PUT_OFF.saturating_mul(doubled).min(LONGEST_PUT_OFF));
        (self.since <= store_now && store_now < until).then_some(until)
    }
}

/// A transition that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tokens are of another generation: newer, disconnected or re-connected")]
pub struct AnotherGeneration;

/// One user's connection to amoCRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmConnection {
    /// Whose it is. Nobody else ever sees, uses or refreshes it.
    pub user: UserId,
    /// The row's revision as loaded.
    pub revision: Revision,
    /// How many connects and disconnects there were.
    pub epoch: Epoch,
    /// How many token pairs there were.
    pub generation: Generation,
    /// Where it stands.
    pub state: ConnectionState,
    /// When the user connected, while the connection or its memory lasts.
    pub connected_at: Option<Timestamp>,
    /// When the tokens were last renewed.
    pub refreshed_at: Option<Timestamp>,
    /// What keeps amoCRM from answering, if anything does.
    pub problem: Option<Problem>,
    /// Pairs in a row that amoCRM refused at their use, if the last that was used was one.
    pub refused: Option<RefusedPairs>,
}

impl CrmConnection {
    /// A user who never connected.
    pub fn new(user: UserId) -> Self {
        Self {
            user,
            revision: Revision::default(),
            epoch: Epoch::default(),
            generation: Generation::default(),
            state: ConnectionState::Disconnected,
            connected_at: None,
            refreshed_at: None,
            problem: None,
            refused: None,
        }
    }

    /// The usable grant, if there is one.
    pub fn grant(&self) -> Option<&Grant> {
        match &self.state {
            ConnectionState::Connected(grant) => Some(grant),
            _ => None,
        }
    }

    /// Replaces whatever there was by `grant`.
    pub fn connect(&mut self, grant: Grant, now: Timestamp) {
        self.epoch = self.epoch.next();
        self.generation = self.generation.next();
        self.state = ConnectionState::Connected(grant);
        self.connected_at = Some(now);
        self.refreshed_at = None;
        self.problem = None;
        self.refused = None;
    }

    /// Ends the connection at the user's wish. What began before it is void, so this is
    /// an event even for a user who is not connected.
    pub fn disconnect(&mut self) {
        self.epoch = self.epoch.next();
        self.generation = self.generation.next();
        self.state = ConnectionState::Disconnected;
        self.connected_at = None;
        self.refreshed_at = None;
        self.problem = None;
        self.refused = None;
    }

    /// Takes the pair that amoCRM gave for the tokens of generation `spent`. Nothing but a
    /// different generation is in its way; a recorded rotation loss is healed.
    pub fn rotate(&mut self, spent: Generation, pair: TokenPair, now: Timestamp) -> Result<(), AnotherGeneration> {
        if self.generation != spent {
            return Err(AnotherGeneration);
        }
        let (host, account) = match &self.state {
            ConnectionState::Connected(grant) => (grant.host.clone(), grant.account),
            ConnectionState::NeedsReauth { former, .. } => (former.host.clone(), former.account),
            ConnectionState::Disconnected | ConnectionState::Revoked(_) => return Err(AnotherGeneration),
        };
        self.generation = spent.next();
        self.state = ConnectionState::Connected(Grant { host, account, tokens: pair });
        self.refreshed_at = Some(now);
        self.problem = None;
        Ok(())
    }

    /// Records that amoCRM refused generation `spent` for certain. The tokens are forgotten.
    pub fn refuse(&mut self, spent: Generation, reason: ReauthReason, now: Timestamp) -> Result<(), AnotherGeneration> {
        match &self.state {
            ConnectionState::Connected(grant) if self.generation == spent => {
                let former = FormerAccount { host: grant.host.clone(), account: grant.account };
                self.state = ConnectionState::NeedsReauth { former, reason, since: now };
                self.problem = None;
                Ok(())
            }
            _ => Err(AnotherGeneration),
        }
    }

    /// Records that the integration was switched off in amoCRM, if the tokens still are of
    /// `generation`. They are forgotten.
    pub fn revoke(&mut self, generation: Generation) -> Result<(), AnotherGeneration> {
        let former = match &self.state {
            ConnectionState::Connected(grant) => FormerAccount { host: grant.host.clone(), account: grant.account },
            ConnectionState::NeedsReauth { former, .. } => former.clone(),
            ConnectionState::Disconnected | ConnectionState::Revoked(_) => return Err(AnotherGeneration),
        };
        if self.generation != generation {
            return Err(AnotherGeneration);
        }
        self.state = ConnectionState::Revoked(former);
        self.problem = None;
        Ok(())
    }

    /// Follows the account to `host`, if the tokens still are of `generation`.
    pub fn follow(&mut self, generation: Generation, host: AccountHost) -> Result<(), AnotherGeneration> {
        match &mut self.state {
            ConnectionState::Connected(grant) if self.generation == generation => {
                grant.host = host;
                Ok(())
            }
            _ => Err(AnotherGeneration),
        }
    }

    /// Notes what keeps amoCRM from answering, or that nothing does, if the tokens still are of
    /// `generation`. A problem that lasts keeps its beginning.
    pub fn note(
        &mut self,
        generation: Generation,
        problem: Option<ProblemCode>,
        now: Timestamp,
    ) -> Result<(), AnotherGeneration> {
        if self.generation != generation || self.grant().is_none() {
            return Err(AnotherGeneration);
        }
        self.problem = match (problem, self.problem) {
            (Some(code), Some(known)) if known.code == code => Some(known),
            (code, _) => code.map(|code| Problem { code, since: now }),
        };
        Ok(())
    }

    /// Records that amoCRM refused the access token of `generation` at its use. Each pair counts
    /// once, and only while it is the newest.
    pub fn refuse_access(&mut self, generation: Generation, store_now: Timestamp) -> Result<(), AnotherGeneration> {
        if self.generation != generation || self.grant().is_none() {
            return Err(AnotherGeneration);
        }
        if self.refused.is_none_or(|refused| refused.last != generation) {
            let count = self.refused.map_or(1, |refused| refused.count.saturating_add(1));
            self.refused = Some(RefusedPairs { count, last: generation, since: store_now });
        }
        Ok(())
    }

    /// Records that amoCRM served the access token of `generation`.
    pub fn accept_access(&mut self, generation: Generation) -> Result<(), AnotherGeneration> {
        if self.generation != generation {
            return Err(AnotherGeneration);
        }
        self.refused = None;
        Ok(())
    }

    /// Until when refused access tokens put the next refresh off, by the store's clock.
    pub fn refresh_put_off_until(&self, store_now: Timestamp) -> Option<Timestamp> {
        self.refused.and_then(|refused| refused.put_off_until(store_now))
    }

    /// The account it is, or was, to.
    pub fn account(&self) -> Option<(&AccountHost, Option<AccountId>)> {
        match &self.state {
            ConnectionState::Connected(grant) => Some((&grant.host, grant.account)),
            ConnectionState::NeedsReauth { former, .. } | ConnectionState::Revoked(former) => {
                Some((&former.host, former.account))
            }
            ConnectionState::Disconnected => None,
        }
    }

    /// Whether amoCRM's word that the integration was switched off may be about it.
    pub fn may_be_revoked(&self) -> bool {
        matches!(
            self.state,
            ConnectionState::Connected(_) | ConnectionState::NeedsReauth { reason: ReauthReason::GrantRevoked, .. }
        )
    }

    /// Fills in the account's number once amoCRM has told it with tokens of `generation`.
    pub fn learn_account(&mut self, generation: Generation, account: AccountId) -> Result<(), AnotherGeneration> {
        match &mut self.state {
            ConnectionState::Connected(grant) if self.generation == generation => {
                grant.account.get_or_insert(account);
                Ok(())
            }
            _ => Err(AnotherGeneration),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::token::{AccessToken, Issued, RefreshToken};

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn pair(name: &str) -> TokenPair {
        Issued {
            access: AccessToken::new(name),
            refresh: RefreshToken::new(name),
            expires_in: Duration::from_hours(24),
            account: None,
        }
        .into_pair(now())
    }

    fn connected() -> CrmConnection {
        let mut connection = CrmConnection::new(UserId::new("olena").unwrap());
        let host = AccountHost::stored("example.amocrm.ru");
        connection.connect(Grant { host, account: Some(AccountId(7)), tokens: pair("first") }, now());
        connection
    }

    fn access(connection: &CrmConnection) -> Option<&str> {
        connection.grant().map(|grant| grant.tokens.access.expose())
    }

    #[test]
    fn a_rotation_replaces_the_pair_and_raises_the_generation() {
        let mut connection = connected();
        let spent = connection.generation;
        connection.rotate(spent, pair("second"), now()).unwrap();
        assert_eq!(access(&connection), Some("second"));
        assert_eq!(connection.generation, spent.next());
        assert_eq!(connection.rotate(spent, pair("late"), now()), Err(AnotherGeneration));
        assert_eq!(access(&connection), Some("second"));
    }

    #[test]
    fn a_late_pair_heals_a_rotation_that_was_given_up() {
        let mut connection = connected();
        let spent = connection.generation;
        connection.refuse(spent, ReauthReason::RotationLost, now()).unwrap();
        assert_eq!(access(&connection), None);
        connection.rotate(spent, pair("second"), now()).unwrap();
        let grant = connection.grant().unwrap();
        assert_eq!((grant.host.as_str(), grant.account), ("example.amocrm.ru", Some(AccountId(7))));
    }

    #[test]
    fn a_late_pair_never_undoes_a_disconnect_or_a_reconnect() {
        let mut connection = connected();
        let spent = connection.generation;
        connection.disconnect();
        assert_eq!(connection.rotate(spent, pair("late"), now()), Err(AnotherGeneration));
        assert_eq!(connection.state, ConnectionState::Disconnected);

        let grant = Grant { host: AccountHost::stored("b.amocrm.ru"), account: None, tokens: pair("again") };
        connection.connect(grant, now());
        assert_eq!(connection.rotate(spent, pair("late"), now()), Err(AnotherGeneration));
        assert_eq!(access(&connection), Some("again"));
    }

    #[test]
    fn a_refusal_counts_only_for_the_generation_that_was_refused() {
        let mut connection = connected();
        let spent = connection.generation;
        connection.rotate(spent, pair("second"), now()).unwrap();
        assert_eq!(connection.refuse(spent, ReauthReason::GrantRevoked, now()), Err(AnotherGeneration));
        assert_eq!(access(&connection), Some("second"));
    }

    #[test]
    fn generations_and_epochs_only_rise() {
        let mut connection = connected();
        let (generation, epoch) = (connection.generation, connection.epoch);
        connection.disconnect();
        assert!(connection.generation > generation && connection.epoch > epoch);
    }

    #[test]
    fn a_revocation_counts_only_for_the_generation_that_was_asked_for() {
        let mut connection = connected();
        let asked = connection.generation;
        connection.rotate(asked, pair("second"), now()).unwrap();
        assert_eq!(connection.revoke(asked), Err(AnotherGeneration));
        connection.revoke(asked.next()).unwrap();
        assert!(matches!(&connection.state, ConnectionState::Revoked(former) if former.account == Some(AccountId(7))));
        assert_eq!(connection.rotate(asked.next(), pair("late"), now()), Err(AnotherGeneration));
    }

    #[test]
    fn a_problem_that_lasts_keeps_its_beginning() {
        let mut connection = connected();
        let generation = connection.generation;
        let later = Timestamp::from_second(60).unwrap();
        connection.note(generation, Some(ProblemCode::ProviderDown), now()).unwrap();
        connection.note(generation, Some(ProblemCode::ProviderDown), later).unwrap();
        assert_eq!(connection.problem.unwrap().since, now());
        connection.note(generation, Some(ProblemCode::RateLimited), later).unwrap();
        assert_eq!(connection.problem.unwrap().since, later);
        connection.note(generation, None, later).unwrap();
        assert_eq!(connection.problem, None);
        assert_eq!(connection.note(generation.next(), None, later), Err(AnotherGeneration));
    }

    #[test]
    fn refused_pairs_are_counted_once_each_until_one_is_served() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut connection = connected();
        let count = |connection: &CrmConnection| connection.refused.map(|refused| refused.count);
        for second in [5, 6] {
            connection.refuse_access(connection.generation, at(second)).unwrap();
            assert_eq!(count(&connection), Some(1));
        }
        assert_eq!(connection.refresh_put_off_until(at(6)), None);
        let old = connection.generation;
        for (number, wait) in [(2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1920), (8, 3600), (9, 3600)] {
            connection.rotate(connection.generation, pair("next"), now()).unwrap();
            connection.refuse_access(connection.generation, at(100)).unwrap();
            assert_eq!(count(&connection), Some(number));
            let until = at(100 + wait);
            assert_eq!(connection.refresh_put_off_until(at(100)), Some(until), "after {number}");
            assert_eq!(connection.refresh_put_off_until(until), None);
            assert_eq!(connection.refresh_put_off_until(at(99)), None, "dated in the future");
        }
        assert_eq!(connection.refuse_access(old, at(200)), Err(AnotherGeneration));
        assert_eq!(connection.accept_access(old), Err(AnotherGeneration));
        connection.accept_access(connection.generation).unwrap();
        assert_eq!(connection.refused, None);
        connection.refuse_access(connection.generation, at(200)).unwrap();
        let grant = connection.grant().unwrap().clone();
        connection.connect(grant, now());
        assert_eq!(connection.refused, None, "a new connection begins anew");
    }

    #[test]
    fn an_account_once_known_is_not_replaced() {
        let mut connection = connected();
        let generation = connection.generation;
        assert_eq!(connection.learn_account(generation.next(), AccountId(8)), Err(AnotherGeneration));
        connection.learn_account(generation, AccountId(8)).unwrap();
        assert_eq!(connection.grant().unwrap().account, Some(AccountId(7)));
    }
}
