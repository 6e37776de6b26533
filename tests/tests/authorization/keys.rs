//! JWTs that are verified with a public key, or with a key of the app's key set.

use std::path::Path;

use amo_connect_tests::{Answer, Process, Served, World};
use jsonwebtoken::Algorithm;
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::signer::Signer;

async fn status(served: &Served, token: &str) -> Answer {
    Answer::to(served.http().get(served.url("/status")).bearer_auth(token)).await
}

/// A service with this variable in the place of the secret.
async fn served_with(world: &World, variable: (&str, &str)) -> Served {
    let settings = amo_connect::config::Given { jwt_secret: None, ..world.settings.clone() };
    Served::start_with(&settings, &[variable], &world.folder()).await
}

fn file(folder: &Path, content: &str) -> String {
    let path = folder.join("key.pem");
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_verifies_its_own_algorithm_and_no_other() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let world = World::without_service().await;
        let (app, other) = (Signer::new(algorithm), Signer::new(algorithm));
        let served = served_with(&world, ("JWT_PUBLIC_KEY_FILE", &file(&world.folder(), &app.public_pem()))).await;
        assert_eq!(status(&served, &app.token(None)).await.status, 200, "{algorithm:?}");
        assert_eq!(status(&served, &app.token(Some("any"))).await.status, 200, "{algorithm:?}");
        // The public key is no secret, and so no secret of HS256's.
        let confused = Signer::of_secret(app.public_pem().as_bytes());
        for refused in [other.token(None), confused.token(None)] {
            assert_eq!(status(&served, &refused).await.status, 401, "{algorithm:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_serves_by_key_id_and_a_service_starts_without_its_host() {
    let world = World::without_service().await;
    let (one, two) = (Signer::new(Algorithm::RS256), Signer::new(Algorithm::ES256));
    let host = MockServer::start().await;
    let served = served_with(&world, ("JWT_JWKS_URL", &format!("{}/keys", host.uri()))).await;
    let answer = status(&served, &one.token(Some("one"))).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.problem().code, "auth_unavailable");
    served.into_process().kill().await;

    let keys = json!({ "keys": [one.jwk("one"), two.jwk("two")] });
    Mock::given(path("/keys")).respond_with(ResponseTemplate::new(200).set_body_json(keys)).mount(&host).await;
    let world = World::without_service().await;
    let served = served_with(&world, ("JWT_JWKS_URL", &format!("{}/keys", host.uri()))).await;
    served.process().until_logged("key set fetched").await;
    for (token, expected) in [
        (one.token(Some("one")), 200),
        (two.token(Some("two")), 200),
        (one.token(Some("two")), 401),
        (one.token(Some("three")), 401),
        // Of two keys none is meant.
        (one.token(None), 401),
    ] {
        assert_eq!(status(&served, &token).await.status, expected);
    }
    // Each service has asked once.
    assert_eq!(host.received_requests().await.unwrap().len(), 2, "unknown keys asked again within a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_over_eight_kilobytes_is_refused_unread() {
    let world = World::start().await;
    let answer = Answer::to(world.http().get(world.url("/status")).bearer_auth("a".repeat(8 * 1024 + 1))).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("longer than 8 kB"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_key_is_given_and_it_can_be_used() {
    let world = World::without_service().await;
    let folder = world.folder();
    let too_wide = file(&folder, &KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().public_key_pem());
    let one_of_three = "JWT_SECRET: is required, or JWT_PUBLIC_KEY_FILE, or JWT_JWKS_URL";
    let both = "JWT_SECRET: is given, and JWT_PUBLIC_KEY_FILE or JWT_JWKS_URL is too";
    let secret = ("JWT_SECRET", "a secret of at least 32 bytes, as serve wants it");
    let set = ("JWT_JWKS_URL", "https://app.example/keys");
    for (variables, line) in [
        (&[][..], one_of_three),
        (&[secret, set][..], both),
        (&[("JWT_PUBLIC_KEY_FILE", too_wide.as_str())][..], "JWT_PUBLIC_KEY_FILE: its file has no public key"),
        (&[("JWT_PUBLIC_KEY_FILE", "hunter2")][..], "JWT_PUBLIC_KEY_FILE: its file cannot be read: entity not found"),
        (&[("JWT_JWKS_URL", "http://app.example/keys")][..], "JWT_JWKS_URL: must be https"),
    ] {
        let (code, _, complaint) = Process::start(&["serve"], variables, &folder).ended().await;
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains(line) && !complaint.contains("hunter2"), "{line}: {complaint}");
        assert_eq!(complaint.matches("JWT_").count(), line.matches("JWT_").count(), "{complaint}");
    }
    // A JWT for development needs the secret.
    let (code, _, complaint) = Process::start(&["jwt", "--user", "olena"], &[], &folder).ended().await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("JWT_SECRET: is required\n"), "{complaint}");
}
