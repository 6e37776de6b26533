//! Values that tests are made of. What is made from the same name is equal.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fixture that cannot be made is the test's mistake"
)]

use std::time::Duration;

use amo_connect_domain::authorization::attempt::Attempt;
use amo_connect_domain::authorization::code::{Admission, Origin};
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::{ConnectionParts, CrmConnection, Grant};
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::idempotency::{IdempotencyKey, KeyHash, RequestHash, WriteKind, WriteRequest};
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, UserId};
use amo_connect_domain::ports::Served;
use amo_connect_domain::rate_limit::{Demand, Permit, Share, Waiting};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::LeaseRequest;
use amo_connect_domain::token::{
    AccessToken, AuthorizationCode, CodeHash, Issued, RefreshToken, State, StateHash, TokenPair,
};
use amo_connect_domain::usecase::Settings;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

/// The seconds of 2026-11-23T10:00:00Z, where the tests' time begins.
const BEGIN: i64 = 1_795_428_000;

/// So many seconds after the tests' beginning.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

/// `moment`, and `duration` more.
pub fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.checked_add(duration).unwrap()
}

/// A user.
pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A lease's owner.
pub fn owner(number: u8) -> LeaseOwner {
    LeaseOwner([number; 16])
}

/// The account host of account `number`.
pub fn host(number: u64) -> AccountHost {
    AccountHost::stored(format!("account{number}.amocrm.ru"))
}

/// One read that waits, and is likely to make so many `calls`.
pub fn demand(calls: u32) -> Demand {
    Demand { asker: 0, waiting: vec![Waiting { share: Share::Read, callers: 1, calls }] }
}

/// What amoCRM issues; the tokens are `access-NAME` and `refresh-NAME`.
pub fn issued(name: &str) -> Issued {
    Issued {
        access: AccessToken::new(format!("access-{name}")),
        refresh: RefreshToken::new(format!("refresh-{name}")),
        expires_in: Duration::from_hours(24),
        account: None,
        host: None,
    }
}

/// What amoCRM issues in account `number`: its access tokens are JWTs that tell it.
pub fn issued_in(number: u64, name: &str) -> Issued {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"account_id":{number},"name":"{name}"}}"#));
    let access = AccessToken::new(format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl"));
    Issued { access, account: Some(AccountId(number)), ..issued(name) }
}

/// A pair issued at the tests' beginning.
pub fn pair(name: &str) -> TokenPair {
    issued(name).into_pair(at(0))
}

/// A grant of account `number` with the pair of this name.
pub fn grant(number: u64, name: &str) -> Grant {
    Grant { host: host(number), account: Some(AccountId(number)), tokens: pair(name) }
}

/// The hash of the code of this name.
pub fn code(name: &str) -> CodeHash {
    CodeHash::of(&AuthorizationCode::new(format!("code-{name}")))
}

/// The hash of the state of this name.
pub fn state(name: &str) -> StateHash {
    StateHash::of(Some(&State::new(format!("state-{name}"))))
}

/// A contact with everything that is read of one.
pub fn contact(id: u64) -> Contact {
    Contact {
        id,
        name: Some(format!("Гість {id}")),
        phones: vec![reached("+380 44 000-00-00", Some("WORK")), reached("+380 67 000-00-00", None)],
        emails: vec![reached("guest@example.com", Some("PRIV"))],
    }
}

/// A phone number or an e-mail address.
pub fn reached(value: &str, kind: Option<&str>) -> Reached {
    Reached { value: value.to_owned(), kind: kind.map(str::to_owned) }
}

/// A stage; those of a pipeline go by their numbers.
pub fn stage(id: u64, kind: StageKind) -> Stage {
    let (name, sort) = (format!("stage {id}"), id.cast_signed());
    Stage { id, name, sort, is_editable: true, color: None, kind, type_number: None }
}

/// The main pipeline, of these stages.
pub fn pipeline(id: u64, stages: Vec<Stage>) -> Pipeline {
    let (is_main, is_unsorted_on, is_archived) = (true, false, false);
    Pipeline { id, name: "Продажі".to_owned(), sort: 7, is_main, is_unsorted_on, is_archived, stages }
}

/// An attempt of `user`, open since `second`; its id and state follow from `name`.
pub fn attempt(name: &str, user: &UserId, second: i64) -> Attempt {
    let state = state(name);
    let mut id = [0; 16];
    id.copy_from_slice(&state.0[..16]);
    Attempt::open(AttemptId(id), user.clone(), state, at(second))
}

/// A browser's request to exchange `code` for the user of `attempt`.
pub fn by_attempt(code: CodeHash, attempt: &Attempt, claim_needed: bool) -> Admission {
    let origin = Origin::Attempt { id: attempt.id, user: attempt.user.clone(), claim_needed };
    Admission { code, came_with: Some(attempt.state_hash), origin, host: host(1), caller: None }
}

/// A request to exchange `code` for nobody known. It needs no place, as if it had been admitted long ago.
pub fn unsolicited(code: CodeHash) -> Admission {
    Admission { code, came_with: None, origin: Origin::Unsolicited, host: host(1), caller: None }
}

/// The request of a browser in network `number` to exchange `code` for nobody known, at the account host of that number.
pub fn by_stranger(code: CodeHash, number: u8) -> Admission {
    Admission { host: host(number.into()), caller: Some(network(number)), ..unsolicited(code) }
}

/// A network of strangers.
pub fn network(number: u8) -> CallerNetwork {
    CallerNetwork([number; 8])
}

/// An app's request to exchange `code` for `user`, who was never connected when they asked.
pub fn by_app(code: CodeHash, user: &UserId) -> Admission {
    by_app_as_of(code, user, Epoch::default())
}

/// An app's request to exchange `code` for `user`, whose epoch was `as_of` when they asked.
pub fn by_app_as_of(code: CodeHash, user: &UserId, as_of: Epoch) -> Admission {
    let origin = Origin::App { attempt: None, user: user.clone(), as_of };
    Admission { code, came_with: None, origin, host: host(1), caller: None }
}

/// A client.
pub fn client(number: u8) -> ClientFingerprint {
    ClientFingerprint([number; 8])
}

/// A token request of client 1 that amoCRM served, before any accusation.
pub fn served() -> Served {
    Served { client: client(1), sent_at: Timestamp::MIN }
}

/// A request of client 1 for the right to send the refresh token of `generation`.
pub fn lease_request(generation: Generation, owner: LeaseOwner) -> LeaseRequest {
    LeaseRequest { generation, owner, client: client(1), by_hand: false }
}

/// A backoff after a sending in which no client was accused.
pub fn back_off(in_doubt: bool, pause: Duration) -> Backoff {
    Backoff { in_doubt, pause, accused: None, was_sent: true }
}

/// The hash of this key of `user`.
pub fn write_key(user: &UserId, name: &str) -> KeyHash {
    KeyHash::of(user, &IdempotencyKey::new(name).unwrap())
}

/// A request to make a lead in account 1. Its key is `name`, and `user` was never connected.
pub fn write_request(user: &UserId, name: &str) -> WriteRequest {
    WriteRequest {
        user: user.clone(),
        key: write_key(user, name),
        request: RequestHash::of(&IdempotencyKey::new(name).unwrap(), "POST", "/leads", b"{}"),
        account: AccountId(1),
        author: Some(5),
        epoch: Epoch::default(),
        kind: WriteKind::Lead,
        target: None,
    }
}

/// A permit to call `host`, which no rate limiter issued.
pub fn permit<K>(host: &AccountHost) -> Permit<K> {
    Permit::for_testing(host)
}

/// `connection` with other parts.
///
/// # Panics
/// If no connection can have them.
pub fn altered(connection: CrmConnection, change: impl FnOnce(&mut ConnectionParts)) -> CrmConnection {
    let mut parts = connection.into_parts();
    change(&mut parts);
    CrmConnection::restore(parts).unwrap()
}

/// Settings of use cases beside [`host`]s: nothing has to be claimed, and the states of apps are taken.
pub fn settings() -> Settings {
    Settings {
        allowed_hosts: AllowedHosts::parse("amocrm.ru").unwrap(),
        default_host: None,
        require_claim: false,
        accept_foreign_state: true,
        refresh_margin: Duration::from_mins(5),
        keepalive_after: Duration::from_hours(30 * 24),
    }
}
