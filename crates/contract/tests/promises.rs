//! Each MUST in a port's documentation has a case, and each promise in a list is still made.

use amo_connect_contract::token_store::promises;
use amo_connect_contract::{amo_client, key_registry, observer, rate_limit_store};

/// The sentences of the documentation in `source`, without its markup.
fn sentences(source: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let documented = |line: &&str| line.starts_with("///");
    for block in source.lines().map(str::trim).collect::<Vec<_>>().split(|line| !documented(line)) {
        let lines = block.iter().map(|line| line.trim_start_matches("///").trim());
        let text = lines.filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ");
        sentences.extend(plain(&text).split_inclusive(". ").map(|sentence| sentence.trim().to_owned()));
    }
    sentences
}

/// `text` without backticks and links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(']') {
        plain.push_str(before);
        rest = after.strip_prefix('(').and_then(|link| link.split_once(')')).map_or(after, |(_, after)| after);
    }
    (plain + rest).replace(['`', '['], "")
}

fn assert_all_have_cases(source: &str, promises: &[&str]) {
    let sentences = sentences(source);
    let unchecked: Vec<_> = sentences
        .iter()
        .filter(|sentence| sentence.contains("MUST") && !promises.contains(&sentence.as_str()))
        .collect();
    assert!(unchecked.is_empty(), "promises without a case: {unchecked:#?}");
    let unmade: Vec<_> = promises.iter().filter(|promise| !sentences.iter().any(|made| made == *promise)).collect();
    assert!(unmade.is_empty(), "cases for promises that the port does not make: {unmade:#?}");
}

/// One test per port of a database.
macro_rules! ports {
    ($($port:ident in $file:literal has $test:ident),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                let promises: Vec<_> = promises::$port::CASES.iter().map(|case| case.promise).collect();
                assert_all_have_cases(include_str!(concat!("../../domain/src/ports/", $file)), &promises);
            }
        )+
    };
}

ports! {
    token_store in "token_store.rs" has every_promise_of_the_token_store_has_a_case,
    host_look_up_store in "host_look_up_store.rs" has every_promise_of_the_host_look_up_store_has_a_case,
    import_store in "import_store.rs" has every_promise_of_the_import_store_has_a_case,
    idempotency_store in "idempotency_store.rs" has every_promise_of_the_idempotency_store_has_a_case,
    revocation_queue in "revocation_queue.rs" has every_promise_of_the_revocation_queue_has_a_case,
    audit_log in "audit_log.rs" has every_promise_of_the_audit_log_has_a_case,
    maintenance in "maintenance.rs" has every_promise_of_maintenance_has_a_case,
    store_health in "store_health.rs" has every_promise_of_the_store_health_has_a_case,
}

#[test]
fn every_promise_of_the_rate_limit_store_has_a_case() {
    let promises: Vec<_> = rate_limit_store::CASES.iter().map(|case| case.promise).collect();
    assert_all_have_cases(include_str!("../../domain/src/ports/rate_limit_store.rs"), &promises);
}

#[test]
fn every_promise_of_the_key_registry_has_a_case() {
    let promises: Vec<_> = key_registry::CASES.iter().map(|case| case.promise).collect();
    assert_all_have_cases(include_str!("../../domain/src/ports/key_registry.rs"), &promises);
}

#[test]
fn every_promise_of_the_amo_client_has_a_case() {
    let promises: Vec<_> = amo_client::CASES.iter().map(|case| case.promise).collect();
    let ports = [
        include_str!("../../domain/src/ports/amo_client.rs"),
        include_str!("../../domain/src/ports/token_endpoint.rs"),
        include_str!("../../domain/src/ports/crm_api.rs"),
        include_str!("../../domain/src/ports/amo_error.rs"),
    ];
    assert_all_have_cases(&ports.concat(), &promises);
}

#[test]
fn every_promise_of_the_observer_has_a_case() {
    let promises: Vec<_> = observer::CASES.iter().map(|case| case.promise).collect();
    assert_all_have_cases(include_str!("../../domain/src/ports/observer.rs"), &promises);
}

#[test]
fn a_promise_is_found_through_its_markup() {
    let source = "
        /// A thing. MUST use [`Entity::of`](crate::Entity), or
        /// fail.
        ///
        /// # Errors
        /// MUST say so.
        fn thing();";
    assert_eq!(sentences(source), ["A thing.", "MUST use Entity::of, or fail.", "MUST say so."]);
}
