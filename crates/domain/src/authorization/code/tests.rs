//! The decisions about a code, one by one.

use super::*;
use crate::connection::ReauthReason;
use crate::ids::AccountId;
use crate::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn grant(account: u64) -> Grant {
    let issued = Issued {
        access: AccessToken::new("access"),
        refresh: RefreshToken::new("refresh"),
        expires_in: Duration::from_hours(24),
        account: None,
        host: None,
    };
    Grant {
        host: AccountHost::stored(format!("a{account}.amocrm.ru")),
        account: Some(AccountId(account)),
        tokens: issued.into_pair(at(0)),
    }
}

fn connected_to(name: &str, account: u64) -> CrmConnection {
    let mut connection = CrmConnection::new(user(name));
    connection.connect(grant(account), at(0));
    connection
}

fn admit(on_record: Option<Exchange>, origin: Origin, connection: Option<&CrmConnection>, second: i64) -> Admitted {
    let request = Admission {
        code: CodeHash::of(&AuthorizationCode::new("code")),
        came_with: None,
        origin,
        host: AccountHost::stored("a1.amocrm.ru"),
        caller: None,
    };
    Exchange::admit(on_record, &request, None, connection, LeaseOwner([1; 16]), at(second), at(second))
}

fn granted(admitted: Admitted) -> Exchange {
    match admitted {
        Admitted::Granted(exchange) => exchange,
        other => panic!("{other:?}"),
    }
}

fn app(name: &str) -> Origin {
    app_as_of(name, Epoch(0))
}

fn app_as_of(name: &str, as_of: Epoch) -> Origin {
    Origin::App { attempt: None, user: user(name), as_of }
}

fn waiting() -> Exchange {
    let mut exchange = granted(admit(None, Origin::Unsolicited, None, 0));
    assert_eq!(exchange.receive(grant(1), None, at(1)), None);
    exchange
}

#[test]
fn a_code_is_sent_by_one_at_a_time() {
    let first = granted(admit(None, Origin::Unsolicited, None, 0));
    assert!(matches!(admit(Some(first.clone()), Origin::Unsolicited, None, 14), Admitted::OnRecord(_)));
    assert!(matches!(admit(Some(first), Origin::Unsolicited, None, 15), Admitted::Granted(_)));
}

#[test]
fn a_code_that_another_user_sent_is_not_sent_for_me() {
    let mut theirs = granted(admit(None, app("olena"), None, 0));
    theirs.status = ExchangeStatus::Interrupted;
    assert!(matches!(admit(Some(theirs), app("ivan"), None, 60), Admitted::OnRecord(_)));
}

#[test]
fn an_ownerless_grant_becomes_the_first_claimers() {
    let mut exchange = waiting();
    let connection = exchange.claim(CrmConnection::new(user("olena")), Epoch(0), at(2)).unwrap();
    assert_eq!(connection.grant(), Some(&grant(1)));
    assert_eq!(exchange.status, ExchangeStatus::Connected(connection.epoch));
    assert_eq!(exchange.claim(CrmConnection::new(user("ivan")), Epoch(0), at(3)), Err(ClaimRefusal::AnotherUser));
}

#[test]
fn a_late_claim_finds_the_grant_wiped() {
    let mut exchange = waiting();
    let late = at(1).saturating_add(CLAIM_TERM).unwrap();
    assert_eq!(exchange.claim(CrmConnection::new(user("olena")), Epoch(0), late), Err(ClaimRefusal::NotWaiting));
    assert_eq!(exchange.status, ExchangeStatus::Unclaimed);
}

#[test]
fn an_unsolicited_code_never_replaces_a_connected_account() {
    let mut exchange = waiting();
    assert_eq!(exchange.claim(connected_to("olena", 2), Epoch(1), at(2)), Err(ClaimRefusal::OtherAccount));
    assert_eq!(exchange.status, ExchangeStatus::OtherAccount);
}

#[test]
fn nor_the_account_of_a_connection_that_has_ended_by_itself() {
    let ended = |end: fn(&mut CrmConnection)| {
        let mut connection = connected_to("olena", 2);
        end(&mut connection);
        connection
    };
    let lapsed =
        ended(|connection| connection.refuse(connection.generation, ReauthReason::GrantRevoked, at(1)).unwrap());
    let revoked = ended(|connection| connection.revoke(connection.generation).unwrap());
    for connection in [lapsed, revoked] {
        let mut exchange = waiting();
        assert_eq!(exchange.claim(connection.clone(), Epoch(1), at(2)), Err(ClaimRefusal::OtherAccount));
        let mut exchange = waiting();
        let mut theirs = connection;
        theirs.disconnect();
        let epoch = theirs.epoch;
        assert!(exchange.claim(theirs, epoch, at(2)).is_ok(), "who has disconnected has no account");
    }
}

#[test]
fn a_claim_of_the_same_account_renews_the_connection() {
    let mut exchange = waiting();
    let before = connected_to("olena", 1);
    let after = exchange.claim(before.clone(), before.epoch, at(2)).unwrap();
    assert_eq!(after.epoch, before.epoch.next());
}

#[test]
fn a_disconnect_wins_over_a_claim_begun_before_it() {
    let mut exchange = waiting();
    let asked = CrmConnection::new(user("olena"));
    let mut after = asked.clone();
    after.disconnect();
    assert_eq!(exchange.claim(after.clone(), asked.epoch, at(2)), Err(ClaimRefusal::NotWaiting));
    assert_eq!(exchange.status, ExchangeStatus::Void);

    let mut exchange = waiting();
    after.connect(grant(1), at(1));
    assert_eq!(exchange.claim(after, asked.epoch, at(2)), Err(ClaimRefusal::NotWaiting));
    assert_eq!(exchange.status, ExchangeStatus::Void, "also if the user has connected anew since");
}

#[test]
fn of_two_attempts_at_once_the_later_grant_replaces_the_earlier() {
    let attempt = |id| Origin::Attempt { id: AttemptId([id; 16]), user: user("olena"), claim_needed: false };
    let begin = |id| {
        let opened = Attempt::open(AttemptId([id; 16]), user("olena"), StateHash([id; 32]), at(0));
        let request = Admission {
            code: CodeHash([id; 32]),
            came_with: None,
            origin: attempt(id),
            host: AccountHost::stored("a1.amocrm.ru"),
            caller: None,
        };
        granted(Exchange::admit(None, &request, Some(&opened), None, LeaseOwner([id; 16]), at(0), at(0)))
    };
    let (mut first, mut second) = (begin(1), begin(2));
    let connected = first.receive(grant(1), Some(CrmConnection::new(user("olena"))), at(1)).unwrap();
    let replaced = second.receive(grant(2), Some(connected), at(2)).unwrap();
    assert_eq!(replaced.grant(), Some(&grant(2)));
}

#[test]
fn a_disconnect_voids_an_exchange_in_flight() {
    let before = connected_to("olena", 1);
    let mut exchange = granted(admit(None, app_as_of("olena", before.epoch), Some(&before), 0));
    let mut after = before;
    after.disconnect();
    assert_eq!(exchange.receive(grant(1), Some(after), at(1)), None);
    assert_eq!(exchange.status, ExchangeStatus::Void);
}

#[test]
fn a_disconnect_wins_over_a_code_that_was_not_admitted_yet() {
    let asked = connected_to("olena", 1);
    let mut after = asked.clone();
    after.disconnect();
    let mut exchange = granted(admit(None, app_as_of("olena", asked.epoch), Some(&after), 0));
    assert_eq!(exchange.receive(grant(1), Some(after), at(1)), None);
    assert_eq!(exchange.status, ExchangeStatus::Void);
}

#[test]
fn a_pair_that_arrives_after_its_code_was_recorded_as_refused_still_counts() {
    let mut exchange = granted(admit(None, app("olena"), None, 0));
    exchange.status = ExchangeStatus::CodeRefused;
    let connection = exchange.receive(grant(1), Some(CrmConnection::new(user("olena"))), at(1));
    assert_eq!(connection.unwrap().grant(), Some(&grant(1)));
}

#[test]
fn a_pair_whose_code_was_recorded_as_refused_never_outlives_a_disconnect() {
    for connects_again in [false, true] {
        let mut exchange = granted(admit(None, app("olena"), None, 0));
        exchange.status = ExchangeStatus::CodeRefused;
        exchange.claim_needed = !connects_again;
        let mut since = CrmConnection::new(user("olena"));
        since.disconnect();
        if connects_again {
            since.connect(grant(2), at(1));
        }
        exchange.void();
        assert_eq!(exchange.receive(grant(1), Some(since), at(2)), None);
        assert_eq!(exchange.status, ExchangeStatus::Void);
    }
}

#[test]
fn a_pair_is_taken_once() {
    let mut exchange = waiting();
    assert_eq!(exchange.receive(grant(2), None, at(2)), None);
    let ExchangeStatus::Waiting { grant: kept, .. } = &exchange.status else { panic!() };
    assert_eq!(**kept, grant(1));
}

#[test]
fn a_code_without_an_attempt_renews_an_account_by_its_number_and_else_by_its_host() {
    let claimed = |number: Option<u64>, host: u64, known: Option<u64>| {
        let mut exchange = granted(admit(None, Origin::Unsolicited, None, 0));
        let new = Grant { host: grant(host).host, account: number.map(AccountId), ..grant(1) };
        assert_eq!(exchange.receive(new, None, at(1)), None);
        let mut connection = CrmConnection::new(user("olena"));
        connection.connect(Grant { account: known.map(AccountId), ..grant(1) }, at(0));
        let as_of = connection.epoch;
        exchange.claim(connection, as_of, at(2)).map(drop)
    };
    assert_eq!(claimed(Some(1), 2, Some(1)), Ok(()), "it has moved");
    assert_eq!(claimed(Some(2), 1, Some(1)), Err(ClaimRefusal::OtherAccount));
    assert_eq!(claimed(None, 1, Some(1)), Ok(()));
    assert_eq!(claimed(Some(1), 2, None), Err(ClaimRefusal::OtherAccount));
}

#[test]
fn a_code_came_with_its_state_alone_unless_that_is_unknown() {
    let state = |name: &str| StateHash::of(Some(&crate::token::State::new(name)));
    let known = Exchange { came_with: Some(state("hers")), ..waiting() };
    assert!(known.came_with(state("hers")) && !known.came_with(state("another")));
    assert!(waiting().came_with(state("any")));
}

#[test]
fn a_record_that_is_put_back_has_no_attempt() {
    let attempt = Some(crate::ids::AttemptId([1; 16]));
    assert_eq!(Exchange { attempt, ..waiting() }.restored(), waiting());
}

#[test]
fn a_record_is_over_when_it_is_older_than_the_memory() {
    let day = i64::try_from(MEMORY.as_secs()).unwrap();
    let is_over = |now, as_of| waiting().is_over(at(now), at(as_of), at(now));
    assert!(!is_over(day, day) && is_over(day + 1, day + 1));
    assert!(!is_over(day + 1, day) && !is_over(day, day + 1), "by both clocks");
}

#[test]
fn a_wait_is_shortened_only_where_a_clock_ahead_has_made_it() {
    let term = i64::try_from(CLAIM_TERM.as_secs()).unwrap();
    let skew = i64::try_from(CLOCK_SKEW.as_secs()).unwrap();
    let claim_by = |exchange: &Exchange| match &exchange.status {
        ExchangeStatus::Waiting { claim_by, .. } => *claim_by,
        other => panic!("{other:?}"),
    };
    // It was received at second 1.
    assert_eq!(claim_by(&waiting()), at(1 + term));
    let mut latest = waiting();
    assert!(!latest.shorten_wait(at(1 - skew)), "so far two clocks may be apart");
    let mut ahead = waiting();
    assert!(ahead.shorten_wait(at(-skew)));
    assert_eq!(claim_by(&ahead), at(term - skew));
    assert!(!granted(admit(None, Origin::Unsolicited, None, 0)).shorten_wait(at(0)), "it does not wait");
}
