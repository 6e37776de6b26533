//! A store that is no database, on files of JSON: the worked example of `docs/writing-an-adapter.md`,
//! compiled and run.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

mod backend;
mod file;
mod harness;
mod keys;
mod rate_limits;
mod records;
mod sealed;
mod store;
mod token_store;
mod upkeep;
mod writes;

use amo_connect_adapters::Cursor;
use amo_connect_adapters::backend::{Backend as _, OpenOptions};
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::migrate::Pending;
use amo_connect_contract::fixtures::host;
use amo_connect_contract::token_store::TokenStoreHarness;
use amo_connect_contract::{FakeAccount, FakeAmo};
use amo_connect_domain::ports::Stores;
use amo_connect_tests::{RunningApp, TestApp};
use backend::Folder;
use harness::{FileHarness, NEW_KEY, OLD_KEY};

mod tokens {
    amo_connect_contract::token_store_contract!(super::FileHarness);
}

mod key_registry {
    amo_connect_contract::key_registry_contract!(super::FileHarness);
}

mod limits {
    amo_connect_contract::rate_limit_store_contract!(super::FileHarness);
}

/// The app, with a user who has connected.
async fn connected(app: TestApp) -> RunningApp {
    let amo = FakeAmo::new().with_account(&host(1), FakeAccount::empty(1));
    let app = app.amo(amo.clone()).start().await;
    app.connect_with("olena", amo.allow(&host(1)).expose(), host(1).as_str()).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_on_it_and_finds_everything_after_a_restart() {
    let harness = <FileHarness as TokenStoreHarness>::fresh().await;
    let mut app = connected(TestApp::new().store_of(&harness)).await;
    app.restart().await;
    assert_eq!(app.get("olena", "/leads").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_names_it_and_its_keys_can_be_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("files:{}", folder.path().join("made here").display());
    let options = OpenOptions { pending: Pending::Apply, connections: None };
    let open = async |keys: &str| Folder::named(&url).open(TokenKeys::parse(keys).unwrap(), options).await.unwrap();
    let old = open(OLD_KEY).await;
    connected(TestApp::new().stores(Stores::from(old.storage.clone()))).await.stop().await;
    let both = open(&format!("{NEW_KEY},{OLD_KEY}")).await;
    assert_eq!(both.sealed.sealed().await.unwrap(), 1);
    let done = both.sealed.reseal(Cursor::default(), 100).await.unwrap();
    assert_eq!((done.seen, done.resealed, done.unreadable, done.next), (1, 1, 0, None));
    let users = old.storage.users(None, 10).await.unwrap();
    assert!(old.storage.connection(&users[0]).await.is_err(), "it is sealed under the new key");
    let new = open(NEW_KEY).await;
    assert!(new.storage.connection(&users[0]).await.unwrap().unwrap().grant().is_some());
}
