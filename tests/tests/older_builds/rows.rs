//! Rows of every table, as a build writes them, and what any build has to read of them.

use std::time::Duration;

use amo_connect_contract::fixtures::{
    at, attempt, back_off, by_app, by_attempt, client, code, grant, host, lease_request, owner, pair, served,
    unsolicited, user,
};
use amo_connect_domain::authorization::attempt::AttemptState;
use amo_connect_domain::authorization::code::ExchangeStatus;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionState, CrmConnection, Problem, ProblemCode, ReauthReason};
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::ids::{AccountId, Epoch, Generation};
use amo_connect_domain::ports::{RefreshRequest, Storage};
use amo_connect_domain::refresh::backoff::Backoff;

/// The tables of a release, in the order in which they are filled again.
pub(crate) const TABLES: [&str; 8] =
    ["connections", "attempts", "exchanges", "looks", "audit", "turns", "clients", "host_look_ups"];

const MINUTE: Duration = Duration::from_mins(1);

fn connected(name: &str) -> CrmConnection {
    let mut connection = CrmConnection::new(user(name));
    connection.connect(grant(1, name), at(0));
    connection
}

/// Users in every state, codes and attempts that wait, backoffs, a move, a check.
pub(crate) async fn fill(store: &impl Storage) {
    for name in ["olena", "in doubt", "accused", "held", "gone"] {
        store.save(&connected(name), None).await.unwrap();
    }
    let mut troubled = connected("troubled");
    troubled.note(Generation(1), Some(ProblemCode::AccountRefused), at(7)).unwrap();
    troubled.refuse_access(Generation(1), at(8)).unwrap();
    store.save(&troubled, None).await.unwrap();
    let mut dead = connected("dead");
    dead.refuse(Generation(1), ReauthReason::GrantRevoked, at(5)).unwrap();
    store.save(&dead, None).await.unwrap();
    store.disconnect(&user("gone"), Actor::User).await.unwrap();

    for (name, in_doubt, accused) in [("in doubt", true, None), ("accused", false, Some(client(1)))] {
        store.lease_refresh(&user(name), &lease_request(Generation(1), owner(1))).await.unwrap();
        let backoff = Backoff { accused, ..back_off(in_doubt, MINUTE) };
        store.back_off_refresh(&user(name), owner(1), &backoff).await.unwrap().unwrap();
    }
    store.lease_refresh(&user("held"), &lease_request(Generation(1), owner(2))).await.unwrap();

    let (spent, open) = (attempt("spent", &user("ivan"), 0), attempt("open", &user("ivan"), 1));
    store.open_attempt(&spent).await.unwrap();
    store.open_attempt(&open).await.unwrap();
    store.admit_code(&by_attempt(code("of ivan"), &spent, true), owner(1), at(0)).await.unwrap();
    store.save_grant(code("of ivan"), &grant(2, "of ivan"), &served(), at(1)).await.unwrap();
    store.admit_code(&unsolicited(code("of nobody")), owner(1), at(0)).await.unwrap();
    store.save_grant(code("of nobody"), &grant(3, "of nobody"), &served(), at(1)).await.unwrap();
    store.admit_code(&by_app(code("refused"), &user("ivan")), owner(1), at(0)).await.unwrap();
    store.end_exchange(code("refused"), owner(1), true).await.unwrap();
    store.request_check(AccountId(1)).await.unwrap();
    store.save_move(&host(8), &FoundHost { host: host(9), account: Some(AccountId(8)) }).await.unwrap();
}

/// What [`fill`] wrote is read as it was meant, and can be used.
pub(crate) async fn assert_read(store: &impl Storage) {
    let row = async |name: &str| store.connection(&user(name)).await.unwrap().unwrap();
    for name in ["olena", "in doubt", "accused", "held", "troubled"] {
        let read = row(name).await;
        assert_eq!(read.grant(), Some(&grant(1, name)), "{name}");
        assert_eq!((read.generation, read.connected_at), (Generation(1), Some(at(0))), "{name}");
    }
    let troubled = row("troubled").await;
    assert_eq!(troubled.problem, Some(Problem { code: ProblemCode::AccountRefused, since: at(7) }));
    assert_eq!(troubled.refused.map(|refused| refused.count), Some(1));
    let dead = row("dead").await;
    let is_dead = |state: &ConnectionState| {
        matches!(state, ConnectionState::NeedsReauth { reason: ReauthReason::GrantRevoked, .. })
    };
    assert!(is_dead(&dead.state), "{:?}", dead.state);
    assert!(row("gone").await.grant().is_none());
    assert_eq!(store.audit(&user("gone"), 10).await.unwrap().len(), 2, "connected and disconnected");

    assert_eq!(
        store.attempt_by_state(attempt("open", &user("ivan"), 1).state_hash).await.unwrap().unwrap().state,
        AttemptState::Open
    );
    let exchange = store.exchange(code("of ivan")).await.unwrap().unwrap();
    let ExchangeStatus::Waiting { grant: waiting, .. } = exchange.status else { panic!("{exchange:?}") };
    assert_eq!(*waiting, grant(2, "of ivan"));
    let refused = store.exchange(code("refused")).await.unwrap().unwrap();
    assert_eq!(refused.status, ExchangeStatus::CodeRefused);
    assert!(store.awaits_claim(&user("ivan"), at(2)).await.unwrap());
    store.claim(code("of nobody"), &user("maria"), Epoch::default(), at(2)).await.unwrap();
    assert_eq!(row("maria").await.grant(), Some(&grant(3, "of nobody")));
    assert_eq!(store.take_checks(10).await.unwrap(), [AccountId(1)]);
    let moved = store.request_look_up(&host(8), Some(AccountId(8))).await.unwrap();
    assert_eq!(moved, LookUpDecision::MovedTo(host(9)));

    // The pair of a refresh that the older build began.
    store.save_rotated(&user("held"), Generation(1), &pair("next"), &served(), at(9)).await.unwrap();
    assert_eq!(row("held").await.grant().unwrap().tokens, pair("next"));
    let asked = store.lease_refresh(&user("olena"), &lease_request(Generation(1), owner(3))).await.unwrap();
    assert!(matches!(asked, RefreshRequest::Granted(..)), "{asked:?}");
    store.disconnect(&user("olena"), Actor::User).await.unwrap();
    assert!(row("olena").await.grant().is_none());
}
