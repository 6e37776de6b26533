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
        host: None,
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
fn a_move_that_was_found_with_earlier_tokens_is_not_followed() {
    let mut connection = connected();
    let spent = connection.generation;
    connection.rotate(spent, pair("second"), now()).unwrap();
    let elsewhere = AccountHost::stored("elsewhere.amocrm.ru");
    assert_eq!(connection.follow(spent, elsewhere.clone()), Err(AnotherGeneration));
    assert_eq!(connection.grant().unwrap().host.as_str(), "example.amocrm.ru");
    connection.follow(connection.generation, elsewhere).unwrap();
    assert_eq!(connection.grant().unwrap().host.as_str(), "elsewhere.amocrm.ru");
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
    assert_eq!(connection.refresh_backs_off_until(at(6)), None);
    let old = connection.generation;
    for (number, wait) in [(2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1920), (8, 3600), (9, 3600)] {
        connection.rotate(connection.generation, pair("next"), now()).unwrap();
        connection.refuse_access(connection.generation, at(100)).unwrap();
        assert_eq!(count(&connection), Some(number));
        let until = at(100 + wait);
        assert_eq!(connection.refresh_backs_off_until(at(100)), Some(until), "after {number}");
        assert_eq!(connection.refresh_backs_off_until(until), None);
        assert_eq!(connection.refresh_backs_off_until(at(99)), None, "dated in the future");
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

#[test]
fn parts_that_no_transition_leads_to_make_no_connection() {
    let connection = connected();
    assert_eq!(CrmConnection::restore(connection.clone().into_parts()), Ok(connection.clone()));
    let refused_later = RefusedPairs { count: 1, last: connection.generation.next(), since: now() };
    for change in [
        |parts: &mut ConnectionParts| parts.epoch = Epoch::default(),
        |parts: &mut ConnectionParts| parts.generation = Generation::default(),
    ] {
        let mut parts = connection.clone().into_parts();
        change(&mut parts);
        assert!(CrmConnection::restore(parts).is_err());
    }
    let parts = ConnectionParts { refused: Some(refused_later), ..connection.into_parts() };
    assert!(CrmConnection::restore(parts).is_err());
}
