//! `Debug`, and the documents of stores, of every public type that has a secret in it.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use amo_connect::wiring;
use amo_connect_adapters::amo::OauthAmoClient;
use amo_connect_adapters::backend::Place;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{PgOptions, PgTokenStore, PgUrl};
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore};
use amo_connect_contract::fixtures::{at, host, user};
use amo_connect_domain::authorization::callback::{Callback, Given};
use amo_connect_domain::authorization::code::{Admitted, Exchange, ExchangeStatus};
use amo_connect_domain::connection::import::Import;
use amo_connect_domain::connection::{ConnectionState, CrmConnection, Grant};
use amo_connect_domain::idempotency::IdempotencyKey;
use amo_connect_domain::ids::Epoch;
use amo_connect_domain::ports::RefreshRequest;
use amo_connect_domain::refresh::lease::RefreshLease;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, CodeHash, Issued, RefreshToken, State, TokenPair};
use amo_connect_domain::usecase::Candidate;
use amo_connect_tests::{PgDatabase, World, test_server};
use serde::Serialize;

use crate::outputs::Outputs;
use crate::planted::{Kind, Secrets, distinctive, plain};
use crate::sources::Sources;

/// Our crates, except those of tests.
const CRATES: [&str; 3] = ["domain", "adapters", "app"];

/// What others make to keep a secret in.
const FOREIGN: [&str; 6] = [
    "SecretString",
    "SecretBox",
    "Zeroizing",
    "tokio_postgres::Config",
    "jsonwebtoken::DecodingKey",
    "jsonwebtoken::EncodingKey",
];

/// Values of the types, shown in all ways.
#[derive(Default)]
struct Table {
    secrets: Secrets,
    outputs: Outputs,
    names: BTreeSet<&'static str>,
}

impl Table {
    fn show(&mut self, name: &'static str, value: &impl Debug) {
        assert!(self.names.insert(name), "{name} is there twice");
        self.outputs.take(format!("{name} as Debug"), format!("{value:?} {value:#?}"));
    }

    fn show_document(&mut self, name: &'static str, value: &(impl Debug + Serialize)) {
        self.show(name, value);
        self.outputs.take(format!("{name} as a document"), serde_json::to_string(value).unwrap());
    }

    /// Values of the domain.
    fn domain(&mut self) {
        let code = AuthorizationCode::new(self.secrets.plant(Kind::Code, distinctive()));
        let state = State::new(self.secrets.plant(Kind::State, distinctive()));
        let access = AccessToken::new(self.secrets.plant(Kind::AccessToken, distinctive()));
        let refresh = RefreshToken::new(self.secrets.plant(Kind::RefreshToken, distinctive()));
        let key = IdempotencyKey::new(self.secrets.plant(Kind::IdempotencyKey, distinctive())).unwrap();
        let tokens =
            TokenPair { access: access.clone(), refresh: refresh.clone(), issued_at: at(0), expires_at: at(9) };
        let grant = Grant { host: host(1), account: None, tokens: tokens.clone() };
        let status = ExchangeStatus::Waiting { grant: Box::new(grant.clone()), claim_by: at(9) };
        let exchange = Exchange {
            code: CodeHash::of(&code),
            came_with: None,
            attempt: None,
            user: None,
            claim_needed: true,
            host: host(1),
            epoch: Epoch::default(),
            status: status.clone(),
            admitted_at: at(0),
        };
        let imported =
            Import { user: user("olena"), host: host(1), account: None, token: refresh.clone(), replaces: true };
        let mut connection = CrmConnection::new(user("olena"));
        connection.connect(grant.clone(), at(0));
        let connected = ConnectionState::Connected(grant.clone());
        self.show("IdempotencyKey", &key);
        self.show(
            "Callback",
            &Callback {
                code: Given::One(code.clone()),
                state: Given::One(state.clone()),
                host: Given::Absent,
                denial: None,
                is_installation: false,
            },
        );
        self.show(
            "Issued",
            &Issued {
                access: access.clone(),
                refresh: refresh.clone(),
                expires_in: Duration::ZERO,
                account: None,
                host: None,
            },
        );
        self.show("Candidate", &Candidate { user: user("olena"), host: host(1), token: refresh.clone() });
        self.show("Import", &imported);
        self.show("AuthorizationCode", &code);
        self.show("State", &state);
        self.show("AccessToken", &access);
        self.show("RefreshToken", &refresh);
        self.show_document("TokenPair", &tokens);
        self.show_document("Grant", &grant);
        self.show_document("ConnectionState", &connected);
        self.show_document("ExchangeStatus", &status);
        self.show_document("Exchange", &exchange);
        self.show("Admitted", &Admitted::OnRecord(exchange));
        self.show_document("ConnectionParts", &connection.clone().into_parts());
        let lease = RefreshLease {
            owner: None,
            until: at(0),
            generation: connection.generation,
            in_doubt: false,
            tries: 0,
            lasts: None,
            accusation: None,
        };
        self.show("RefreshRequest", &RefreshRequest::Granted(Box::new(connection.clone()), lease));
        self.show_document("CrmConnection", &connection);
    }

    /// Values of the adapters and of the service, which they are put together from.
    async fn adapters(&mut self) {
        let world = World::without_service().await;
        let mut settings = world.settings.clone();
        let keys = format!("planted:{}", self.secrets.plant(Kind::TokenKey, key()));
        settings.token_keys = Some(keys.clone());
        settings.amo_client_secret = Some(self.secrets.plant(Kind::ClientSecret, distinctive()));
        settings.jwt_secret = Some(self.secrets.plant(Kind::JwtSecret, distinctive()));
        let config = settings.check().unwrap();
        let amo = config.amo.clone();
        self.show("AmoSettings", &amo);
        self.show("OauthAmoClient", &OauthAmoClient::new(amo).unwrap());
        let parsed = || TokenKeys::parse(&keys).unwrap();
        self.show("TokenKeys", &parsed());
        let file = world.folder().join("shown.db");
        self.show("Sqlite", &SqliteTokenStore::open(&file, parsed(), SqliteOptions::default()).await.unwrap());
        let database = PgDatabase::migrated(&test_server()).await;
        let password = self.secrets.plant(Kind::DatabasePassword, plain());
        let url: PgUrl = database.url().replace("postgres@", &format!("postgres:{password}@")).parse().unwrap();
        self.show("PgUrl", &url);
        self.show("Place", &Place::Postgres(&url));
        self.show("Postgres", &PgTokenStore::open(&url, parsed(), PgOptions::default()).await.unwrap());
        let state = wiring::assemble(config.storage, config.amo, &config.service).await.unwrap();
        self.show("UseCases", &state.use_cases);
    }
}

/// A new key of `TOKEN_KEYS`, as settings have it.
fn key() -> String {
    let entry = TokenKeys::generate_entry().unwrap();
    entry.split_once(':').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_type_with_a_secret_in_it_is_shown_without_it() {
    let mut table = Table::default();
    table.domain();
    table.adapters().await;
    table.outputs.check(&table.secrets, &["State as Debug", "CrmConnection as a document", "TokenKeys as Debug"]);

    let sources = Sources::of(&CRATES);
    let holders = sources.holders(&FOREIGN).into_iter().filter(|one| one.is_public && sources.has_debug(one));
    let names: BTreeSet<_> = holders.map(|one| one.name.as_str()).collect();
    assert_eq!(names, table.names, "each such type has a value in the table, and no other one");
}

/// Texts that are named like secrets and are none.
const HARMLESS: [&str; 6] = [
    // The CRM's names for its fields, and for what can be chosen in them.
    "domain::crm::custom_field::CustomField.code",
    "domain::crm::custom_field::CustomValue.choice_code",
    // The code of an error.
    "app::telemetry::repeats::Failure.code",
    // The ids of keys.
    "adapters::rows::key_ring::KeyRingRow.keys",
    "app::key_guard::KeysRefused.keys",
    "app::metrics::Metrics.seen_keys",
];

/// What a secret is called.
const SECRET_NAMES: [&str; 12] = [
    "secret",
    "token",
    "code",
    "state",
    "password",
    "jwt",
    "authorization",
    "credential",
    "signature",
    "key",
    "bearer",
    "cookie",
];

/// What a secret is that has no type of its own.
const PLAIN: [&str; 6] = ["String", "str", "u8", "Bytes", "Url", "Value"];

/// A `Debug` that is derived shows nothing if no part shows anything: so no part may be a plain text.
#[test]
fn no_secret_is_a_plain_text_in_a_type_that_has_a_debug() {
    let sources = Sources::of(&CRATES);
    let mut found = BTreeSet::new();
    for one in sources.types.iter().filter(|one| sources.has_debug(one)) {
        for (place, _) in one.body.iter().enumerate().filter(|(_, token)| *token == ":") {
            let name = &one.body[place - 1];
            let of =
                one.body[place + 1..].iter().take_while(|token| *token != "," && *token != ":").collect::<Vec<_>>();
            let is_plain = of.iter().any(|token| PLAIN.contains(&token.as_str()));
            if is_plain && SECRET_NAMES.iter().any(|secret| name.contains(secret)) {
                found.insert(format!("{}.{name}", sources.path(one)));
            }
        }
    }
    assert_eq!(found, HARMLESS.map(str::to_owned).into_iter().collect(), "a secret has a type that does not show it");
}

#[test]
fn nothing_that_shows_a_type_takes_a_secret_out_of_its_own() {
    let sources = Sources::of(&CRATES);
    assert!(sources.shown.len() > 20, "nothing was looked at");
    for shown in &sources.shown {
        let takes = shown.body.iter().any(|token| token == "expose" || token == "expose_secret");
        assert!(!takes, "{shown:?}");
    }
}
