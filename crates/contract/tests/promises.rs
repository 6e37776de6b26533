//! Each MUST in a port's documentation has a case, and each promise in a list is still made.

use amo_connect_contract::{amo_client, key_registry, observer, rate_limit_store, token_store};

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

#[test]
fn every_promise_of_the_token_store_has_a_case() {
    let promises: Vec<_> = token_store::CASES.iter().map(|case| case.promise).collect();
    let ports = [
        include_str!("../../domain/src/ports/token_store.rs"),
        include_str!("../../domain/src/ports/host_look_up_store.rs"),
        include_str!("../../domain/src/ports/import_store.rs"),
        include_str!("../../domain/src/ports/idempotency_store.rs"),
        include_str!("../../domain/src/ports/revocation_queue.rs"),
        include_str!("../../domain/src/ports/audit_log.rs"),
        include_str!("../../domain/src/ports/maintenance.rs"),
        include_str!("../../domain/src/ports/store_health.rs"),
    ];
    assert_all_have_cases(&ports.concat(), &promises);
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
