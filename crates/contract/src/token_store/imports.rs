//! Imported tokens: each becomes one connection, once.

use amo_connect_domain::connection::audit::{Actor, AuditEvent};
use amo_connect_domain::connection::import::{Import, NotImported};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::RefreshToken;
use futures_util::future::join_all;

use super::TokenStoreHarness;
use super::steps::{Store, connect, connection, is_held, lease};
use crate::fixtures::{at, grant, host, owner, pair, served, user};

fn import(name: &str, token: &str) -> Import {
    Import {
        user: user(name),
        host: host(7),
        account: Some(AccountId(7)),
        token: RefreshToken::new(token),
        replaces: false,
    }
}

async fn audit(store: &Store, name: &str) -> Vec<(AuditEvent, Actor)> {
    let entries = store.audit(&user(name), 100).await.unwrap();
    entries.into_iter().map(|entry| (entry.event, entry.actor)).collect()
}

pub(super) async fn an_imported_token_is_leased_as_any_other(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let asked = import("olena", "r");
    let imported = store.import(&asked, at(3)).await.unwrap().unwrap();
    let generation = imported.generation;
    let (leased, granted) = lease(&other, &olena, generation, owner(1)).await;
    let tokens = &leased.grant().unwrap().tokens;
    assert_eq!((tokens.refresh.expose(), tokens.access.expose()), ("r", ""));
    assert_eq!(leased.account().unwrap(), (&host(7), Some(AccountId(7))));
    assert!(!granted.in_doubt, "it was never sent");
    other.save_rotated(&olena, generation, &pair("second"), &served(), at(4)).await.unwrap();
    let record = store.import_record(asked.hash()).await.unwrap().unwrap();
    assert_eq!((record.user, record.generation, record.token), (olena, generation, asked.hash()));
    assert_eq!(audit(&store, "olena").await, [(AuditEvent::Connected, Actor::Operator)]);
    assert_eq!(store.import_record(import("olena", "other").hash()).await.unwrap(), None);
}

pub(super) async fn a_token_is_imported_once_by_many(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let names: Vec<_> = (0..8).map(|number| format!("user {}", number / 2)).collect();
    let tries = names.iter().enumerate().map(|(number, name)| {
        let store = if number % 2 == 0 { &store } else { &other };
        async move { store.import(&import(name, "r"), at(0)).await }
    });
    // Who comes second to a unique key may be told that the database failed.
    let taken = join_all(tries).await.into_iter().filter(|tried| matches!(tried, Ok(Ok(_)))).count();
    assert_eq!(taken, 1);
    let record = store.import_record(import("olena", "r").hash()).await.unwrap().unwrap();
    for replaces in [false, true] {
        let again = Import { replaces, ..import("olena", "r") };
        assert_eq!(store.import(&again, at(0)).await.unwrap(), Err(NotImported::OnRecord(record.clone())));
    }
}

pub(super) async fn a_token_whose_connection_has_ended_is_not_imported_again(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let asked = import("olena", "r");
    store.import(&asked, at(0)).await.unwrap().unwrap();
    store.disconnect(&olena, Actor::User).await.unwrap();
    let again = store.import(&Import { replaces: true, ..asked }, at(1)).await.unwrap();
    assert!(matches!(again, Err(NotImported::OnRecord(_))), "{again:?}");
    assert_eq!(connection(&store, &olena).await.grant(), None);
}

pub(super) async fn a_connection_stays_unless_it_is_to_be_replaced(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    connect(&store, &olena, 1, "x").await;
    assert_eq!(store.import(&import("olena", "r"), at(2)).await.unwrap(), Err(NotImported::Connected));
    assert_eq!(connection(&store, &olena).await.grant(), Some(&grant(1, "x")));
    assert_eq!(store.import_record(import("olena", "r").hash()).await.unwrap(), None, "it can be imported later");
    let replaced = Import { replaces: true, ..import("olena", "r") };
    let imported = store.import(&replaced, at(3)).await.unwrap().unwrap();
    assert_eq!(connection(&store, &olena).await, imported);
    assert_eq!(audit(&store, "olena").await[1..], [(AuditEvent::Replaced, Actor::Operator)]);
}

pub(super) async fn an_import_ends_the_lease_on_the_old_tokens(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let before = connect(&store, &olena, 1, "x").await;
    lease(&store, &olena, before.generation, owner(1)).await;
    let replaced = Import { replaces: true, ..import("olena", "r") };
    let imported = store.import(&replaced, at(3)).await.unwrap().unwrap();
    assert!(!store.renew_refresh_lease(&olena, owner(1)).await.unwrap());
    assert!(!is_held(&store, &olena, imported.generation, owner(2)).await);
}
