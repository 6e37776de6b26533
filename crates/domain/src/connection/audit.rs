//! The audit trail: what happened to a connection, when, and by whom. Each entry is computed from
//! the change of the row itself, so every change has its entry. It holds no token.

use std::time::Duration;

use jiff::Timestamp;

use crate::connection::{ConnectionState, CrmConnection, ProblemCode, ReauthReason};
use crate::host::AccountHost;
use crate::ids::{AccountId, UserId};
use crate::refresh::lease::RefreshLease;

const DAY: Duration = Duration::from_hours(24);

/// How long entries are kept.
pub const AUDIT_MEMORY: Duration = Duration::from_hours(400 * 24);

/// Entries about problems that a user leaves in a day. amoCRM's owner can have it fail and work again as often as they
/// like.
pub const PROBLEM_ENTRIES_A_DAY: usize = 20;

/// So many of a user's newest entries are looked at before one about a problem is added.
pub const ENTRIES_LOOKED_AT: u32 = 100;

/// Who caused a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Actor {
    /// The user, by the app or the browser.
    User,
    /// amoCRM, by what it answered.
    Amo,
    /// An administrator in amoCRM, by the disconnect hook.
    Administrator,
    /// The operator of the service, by a command.
    Operator,
    /// The service itself.
    Service,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AuditEvent {
    /// The user connected.
    Connected,
    /// The user connected over a connection they had.
    Replaced,
    /// The connection was ended and its tokens wiped.
    Disconnected,
    /// The outcome of a refresh is unknown; the token will be sent again.
    Doubted,
    /// amoCRM refused the grant for good.
    NeedsReauth(ReauthReason),
    /// The integration was switched off in amoCRM.
    Revoked,
    /// A late pair arrived after its rotation was recorded as lost.
    Healed,
    /// amoCRM could not be used.
    ProblemBegan(ProblemCode),
    /// It could be used again.
    ProblemEnded(ProblemCode),
    /// The account answers at another host.
    Moved,
    /// amoCRM was asked, after its hook, and still serves the connection.
    Kept,
}

/// One entry of a connection's audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditEntry {
    /// When, by the store's clock: one clock for all instances.
    pub at: Timestamp,
    /// Whose connection.
    pub user: UserId,
    /// By whom.
    pub actor: Actor,
    /// What.
    pub event: AuditEvent,
    /// The account's host as it was after that, where there was one.
    pub host: Option<AccountHost>,
    /// The account's number, where it was known.
    pub account: Option<AccountId>,
}

impl AuditEntry {
    /// An entry about `connection` as it is.
    pub fn about(connection: &CrmConnection, event: AuditEvent, actor: Actor, at: Timestamp) -> Self {
        let (host, account) = match connection.account() {
            Some((host, account)) => (Some(host.clone()), account),
            None => (None, None),
        };
        Self { at, user: connection.user.clone(), actor, event, host, account }
    }

    /// The entries that a change of the row from `before` to `after` makes; `by` says who ended it, if it
    /// was ended, or that an operator imported it.
    pub fn of_change(before: Option<&CrmConnection>, after: &CrmConnection, by: Actor, at: Timestamp) -> Vec<Self> {
        let was = before.map_or(&ConnectionState::Disconnected, |before| &before.state);
        let new_epoch = before.is_none_or(|before| before.epoch != after.epoch);
        let connected_by = if by == Actor::Operator { by } else { Actor::User };
        let mut events = Vec::new();
        match (was, &after.state) {
            (ConnectionState::Connected(_), ConnectionState::Connected(_)) if new_epoch => {
                events.push((AuditEvent::Replaced, connected_by));
            }
            (_, ConnectionState::Connected(_)) if new_epoch => events.push((AuditEvent::Connected, connected_by)),
            (ConnectionState::Connected(old), ConnectionState::Connected(new)) if old.host != new.host => {
                events.push((AuditEvent::Moved, Actor::Amo));
            }
            (ConnectionState::NeedsReauth { .. } | ConnectionState::Revoked(_), ConnectionState::Connected(_)) => {
                events.push((AuditEvent::Healed, Actor::Service));
            }
            (ConnectionState::Disconnected, ConnectionState::Disconnected) => {}
            (_, ConnectionState::Disconnected) => events.push((AuditEvent::Disconnected, by)),
            (ConnectionState::Connected(_), ConnectionState::NeedsReauth { reason, .. }) => {
                events.push((AuditEvent::NeedsReauth(*reason), Actor::Amo));
            }
            (ConnectionState::Connected(_) | ConnectionState::NeedsReauth { .. }, ConnectionState::Revoked(_)) => {
                events.push((AuditEvent::Revoked, Actor::Administrator));
            }
            _ => {}
        }
        let problem = |connection: &CrmConnection| connection.problem.map(|problem| problem.code);
        let (old, new) = (before.and_then(problem), problem(after));
        if old != new && !new_epoch {
            // A problem that ends with the grant was not solved.
            let solved = old.filter(|_| after.grant().is_some());
            events.extend(solved.map(|code| (AuditEvent::ProblemEnded(code), Actor::Amo)));
            events.extend(new.map(|code| (AuditEvent::ProblemBegan(code), Actor::Amo)));
        }
        events.into_iter().map(|(event, actor)| Self::about(after, event, actor, at)).collect()
    }

    /// Whether it says that a problem began or ended.
    pub fn is_about_a_problem(&self) -> bool {
        matches!(self.event, AuditEvent::ProblemBegan(_) | AuditEvent::ProblemEnded(_))
    }

    /// Those of a change's `entries` that are recorded, where the user's newest are `newest`: none about a problem once
    /// there are [`PROBLEM_ENTRIES_A_DAY`] of a day.
    pub fn to_record(entries: Vec<Self>, newest: &[Self]) -> Vec<Self> {
        let is_of_a_day = |old: &Self, at: Timestamp| at.duration_since(old.at).unsigned_abs() < DAY;
        let of_a_day = |at| newest.iter().filter(|old| old.is_about_a_problem() && is_of_a_day(old, at)).count();
        let is_recorded = |entry: &Self| !entry.is_about_a_problem() || of_a_day(entry.at) < PROBLEM_ENTRIES_A_DAY;
        entries.into_iter().filter(is_recorded).collect()
    }

    /// The entry that a new record of a refresh makes, if its outcome is newly in doubt.
    pub fn of_lease(
        connection: &CrmConnection,
        before: Option<&RefreshLease>,
        after: &RefreshLease,
        at: Timestamp,
    ) -> Option<Self> {
        let known = |lease: &RefreshLease| lease.in_doubt && lease.generation == after.generation;
        let is_new = after.in_doubt && !before.is_some_and(known);
        is_new.then(|| Self::about(connection, AuditEvent::Doubted, Actor::Service, at))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connection::Grant;
    use crate::token::{AccessToken, Issued, RefreshToken, TokenPair};

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn pair() -> TokenPair {
        let (access, refresh) = (AccessToken::new("a"), RefreshToken::new("r"));
        Issued { access, refresh, expires_in: Duration::from_hours(24), account: None, host: None }.into_pair(now())
    }

    fn grant(host: &str) -> Grant {
        Grant { host: AccountHost::stored(host), account: Some(AccountId(7)), tokens: pair() }
    }

    fn connection_with(problem: Option<ProblemCode>) -> CrmConnection {
        let mut connection = CrmConnection::new(UserId::new("ivan").unwrap());
        connection.connect(grant("a"), now());
        connection.note(connection.generation, problem, now()).unwrap();
        connection
    }

    fn events(before: Option<&CrmConnection>, after: &CrmConnection) -> Vec<(AuditEvent, Actor)> {
        events_by(Actor::Administrator, before, after)
    }

    fn events_by(by: Actor, before: Option<&CrmConnection>, after: &CrmConnection) -> Vec<(AuditEvent, Actor)> {
        let entries = AuditEntry::of_change(before, after, by, now());
        entries.into_iter().map(|entry| (entry.event, entry.actor)).collect()
    }

    #[test]
    fn each_change_of_a_connection_makes_its_entry() {
        let mut connection = CrmConnection::new(UserId::new("olena").unwrap());
        let mut step = |change: &dyn Fn(&mut CrmConnection)| {
            let before = connection.clone();
            change(&mut connection);
            events(Some(&before), &connection)
        };
        let problem = Some(ProblemCode::ProviderDown);
        let reason = ReauthReason::RotationLost;
        assert_eq!(step(&|one| one.connect(grant("a"), now())), [(AuditEvent::Connected, Actor::User)]);
        assert_eq!(step(&|one| one.rotate(one.generation, pair(), now()).unwrap()), []);
        assert_eq!(
            step(&|one| one.note(one.generation, problem, now()).unwrap()),
            [(AuditEvent::ProblemBegan(ProblemCode::ProviderDown), Actor::Amo)]
        );
        assert_eq!(step(&|one| one.note(one.generation, problem, now()).unwrap()), []);
        assert_eq!(
            step(&|one| one.note(one.generation, None, now()).unwrap()),
            [(AuditEvent::ProblemEnded(ProblemCode::ProviderDown), Actor::Amo)]
        );
        let moved = AccountHost::stored("b");
        assert_eq!(step(&|one| one.follow(one.generation, moved.clone()).unwrap()), [(AuditEvent::Moved, Actor::Amo)]);
        assert_eq!(
            step(&|one| one.refuse(one.generation, reason, now()).unwrap()),
            [(AuditEvent::NeedsReauth(reason), Actor::Amo)]
        );
        let mut troubled = connection_with(problem);
        let before = troubled.clone();
        let mut replaced = troubled.clone();
        replaced.connect(grant("b"), now());
        assert_eq!(events(Some(&before), &replaced), [(AuditEvent::Replaced, Actor::User)]);
        troubled.refuse(troubled.generation, reason, now()).unwrap();
        assert_eq!(events(Some(&before), &troubled), [(AuditEvent::NeedsReauth(reason), Actor::Amo)]);
        assert_eq!(
            step(&|one| one.rotate(one.generation, pair(), now()).unwrap()),
            [(AuditEvent::Healed, Actor::Service)]
        );
        assert_eq!(step(&|one| one.connect(grant("b"), now())), [(AuditEvent::Replaced, Actor::User)]);
        assert_eq!(step(&|one| one.revoke(one.generation).unwrap()), [(AuditEvent::Revoked, Actor::Administrator)]);
        assert_eq!(step(&CrmConnection::disconnect), [(AuditEvent::Disconnected, Actor::Administrator)]);
        assert_eq!(step(&CrmConnection::disconnect), []);
    }

    #[test]
    fn an_operator_who_imports_a_connection_has_connected_it() {
        let (one, mut other) = (connection_with(None), connection_with(None));
        other.connect(grant("b"), now());
        assert_eq!(events_by(Actor::Operator, None, &one), [(AuditEvent::Connected, Actor::Operator)]);
        assert_eq!(events_by(Actor::Operator, Some(&one), &other), [(AuditEvent::Replaced, Actor::Operator)]);
    }

    #[test]
    fn a_doubt_makes_one_entry() {
        let connection = CrmConnection::new(UserId::new("olena").unwrap());
        let lease = |in_doubt| RefreshLease {
            owner: None,
            until: now(),
            generation: connection.generation,
            in_doubt,
            tries: 1,
            lasts: None,
            accusation: None,
        };
        let told = |before: Option<&RefreshLease>, after: &RefreshLease| {
            AuditEntry::of_lease(&connection, before, after, now()).is_some()
        };
        assert!(told(None, &lease(true)) && told(Some(&lease(false)), &lease(true)));
        assert!(!told(Some(&lease(true)), &lease(true)) && !told(None, &lease(false)));
    }

    #[test]
    fn problems_leave_so_many_entries_a_day_and_other_changes_theirs() {
        let connection = connection_with(None);
        let entry = |event, hours: i64| {
            AuditEntry::about(&connection, event, Actor::Amo, Timestamp::from_second(hours * 3_600).unwrap())
        };
        let began = |hours| entry(AuditEvent::ProblemBegan(ProblemCode::ProviderDown), hours);
        let ended = |hours| entry(AuditEvent::ProblemEnded(ProblemCode::ProviderDown), hours);
        let recorded =
            |newest: &[AuditEntry]| AuditEntry::to_record(vec![ended(30), entry(AuditEvent::Moved, 30)], newest).len();
        let half: Vec<_> = (0..10).flat_map(|_| [began(10), ended(10)]).collect();
        assert_eq!((recorded(&[]), recorded(&half[1..]), recorded(&half)), (2, 2, 1));
        let old: Vec<_> = (0..20).map(|_| began(6)).collect();
        let ahead: Vec<_> = (0..20).map(|_| began(54)).collect();
        let others: Vec<_> = (0..20).map(|_| entry(AuditEvent::Moved, 29)).collect();
        for newest in [old, ahead, others] {
            assert_eq!(recorded(&newest), 2, "{newest:?}");
        }
    }

    #[test]
    fn entries_are_kept_for_four_hundred_days() {
        assert_eq!(AUDIT_MEMORY.as_secs(), 34_560_000);
    }
}
