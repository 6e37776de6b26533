//! A directory for each test, and the values that tests are made of.

use std::path::PathBuf;
use std::time::Duration;

use amo_connect_domain::authorization::attempt::Attempt;
use amo_connect_domain::authorization::code::{Admission, Origin};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, UserId};
use amo_connect_domain::ports::{Served, TokenStore as _};
use amo_connect_domain::refresh::lease::LeaseRequest;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, CodeHash, Issued, RefreshToken, State, StateHash};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::cipher::TokenKeys;
use crate::migrate::Pending;
use crate::sqlite::writer::GroupEnd;
use crate::sqlite::{Sqlite, SqliteOptions, SqliteTokenStore, StoreClock, migrate_with};

pub(super) const KEY: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub(super) const OTHER_KEY: &str = "two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A directory with a database file, gone with the value.
pub(in crate::sqlite) struct Scratch(TempDir);

impl Scratch {
    pub(in crate::sqlite) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(in crate::sqlite) fn file(&self) -> PathBuf {
        self.0.path().join("amo-connect.db")
    }

    pub(in crate::sqlite) async fn store(&self) -> SqliteTokenStore {
        self.store_with(KEY).await
    }

    pub(super) async fn store_with(&self, keys: &str) -> SqliteTokenStore {
        let keys = TokenKeys::parse(keys).unwrap();
        SqliteTokenStore::open(&self.file(), keys, options()).await.unwrap()
    }

    /// A store whose groups end otherwise, and the database below it.
    pub(in crate::sqlite) async fn store_that(
        &self,
        group_end: GroupEnd,
        options: SqliteOptions,
    ) -> (SqliteTokenStore, Sqlite) {
        let opened = migrate_with(&self.file(), Pending::Apply, options.busy_timeout).await.unwrap();
        let keys = TokenKeys::parse(KEY).unwrap();
        let database = Sqlite::new(opened.file, opened.identity, keys, options, group_end).unwrap();
        (SqliteTokenStore::new(database.clone(), opened.known, opened.schema), database)
    }

    /// A connection past the store.
    pub(in crate::sqlite) fn raw(&self) -> SqliteConnection {
        SqliteConnection::establish(self.file().to_str().unwrap()).unwrap()
    }

    /// The same, after these statements.
    pub(in crate::sqlite) fn raw_with(&self, sql: &str) -> SqliteConnection {
        let mut raw = self.raw();
        raw.batch_execute(sql).unwrap();
        raw
    }

    pub(in crate::sqlite) fn execute(&self, sql: &str) {
        self.raw_with(sql);
    }
}

/// The store's clock stands still, a year before the tests' time.
pub(in crate::sqlite) fn options() -> SqliteOptions {
    let clock = StoreClock::new(|| at(-365 * 24 * 3600));
    SqliteOptions { clock, busy_timeout: Duration::from_secs(20), ..SqliteOptions::default() }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_microsecond((1_795_428_000 + second) * 1_000_000 + 123_456).unwrap()
}

pub(in crate::sqlite) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(super) fn owner(number: u8) -> LeaseOwner {
    LeaseOwner([number; 16])
}

pub(super) fn grant(account: u64, name: &str) -> Grant {
    let issued = Issued {
        access: AccessToken::new(format!("access-{name}")),
        refresh: RefreshToken::new(format!("refresh-{name}")),
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

pub(in crate::sqlite) fn connected(name: &str) -> CrmConnection {
    let mut connection = CrmConnection::new(user(name));
    connection.connect(grant(1, name), at(0));
    connection
}

pub(in crate::sqlite) fn attempt(name: &str, user: UserId, second: i64) -> Attempt {
    let state = StateHash::of(Some(&State::new(name)));
    let mut id = [0; 16];
    id.copy_from_slice(&state.0[..16]);
    Attempt::open(AttemptId(id), user, state, at(second))
}

pub(super) fn code(name: &str) -> CodeHash {
    CodeHash::of(&AuthorizationCode::new(name))
}

pub(super) fn by_attempt(code: CodeHash, attempt: &Attempt) -> Admission {
    let origin = Origin::Attempt { id: attempt.id, user: attempt.user.clone(), claim_needed: true };
    Admission { code, came_with: Some(attempt.state_hash), origin, host: grant(1, "").host, caller: None }
}

pub(super) fn by_app(code: CodeHash, user: UserId, as_of: Epoch) -> Admission {
    let origin = Origin::App { attempt: None, user, as_of };
    Admission { code, came_with: None, origin, host: grant(1, "").host, caller: None }
}

pub(super) fn unsolicited(code: CodeHash) -> Admission {
    Admission { code, came_with: None, origin: Origin::Unsolicited, host: grant(1, "").host, caller: None }
}

/// A user who is connected, a grant that waits for its owner and one that waits for its
/// user's claim, a code in flight, an attempt, a lease.
pub(super) async fn fill(store: &SqliteTokenStore) {
    store.save(&connected("olena"), None).await.unwrap();
    let generation = connected("olena").generation;
    store.lease_refresh(&user("olena"), &lease_request(generation, owner(1))).await.unwrap();
    store.admit_code(&unsolicited(code("waiting")), owner(1), at(0)).await.unwrap();
    store.save_grant(code("waiting"), &grant(2, "waiting"), &served(), at(0)).await.unwrap();
    let ivans = attempt("ivan's", user("ivan"), 0);
    store.open_attempt(&ivans).await.unwrap();
    store.admit_code(&by_attempt(code("claimable"), &ivans), owner(1), at(0)).await.unwrap();
    store.save_grant(code("claimable"), &grant(3, "claimable"), &served(), at(0)).await.unwrap();
    store
        .admit_code(&by_app(code("in flight"), user("olena"), connected("olena").epoch), owner(1), at(0))
        .await
        .unwrap();
    store.open_attempt(&attempt("open", user("olena"), 0)).await.unwrap();
}

/// A token request that amoCRM served.
pub(super) fn served() -> Served {
    Served { client: ClientFingerprint::default(), sent_at: at(0) }
}

/// A request for the right to send the refresh token of `generation`.
pub(super) fn lease_request(generation: Generation, owner: LeaseOwner) -> LeaseRequest {
    LeaseRequest { generation, owner, client: ClientFingerprint::default(), by_hand: false }
}
