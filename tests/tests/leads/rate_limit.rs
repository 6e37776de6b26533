//! The rate limit, a 429 and a ban, with two instances and two accounts.

use std::time::{Duration, Instant};

use amo_connect_sandbox::{AccountId, Failure, Faults, Options, RateLimitScope, Switches};
use amo_connect_tests::{ACCOUNT, Answer, PgDatabase, RIVAL, World, jwt, test_server};
use futures_util::future::{Either, join_all, select};

use crate::steps::ids;

/// A service with the default pace, at an amoCRM that counts. Olena is of one account, Ivan of another.
async fn counting(switches: Switches, database: Option<&PgDatabase>) -> World {
    let mut world = World::without_service_over(Options { switches, ..Options::default() }).await;
    world.settings.user_rate = Some("0".to_owned());
    world.settings.address_rate = Some("0".to_owned());
    if let Some(database) = database {
        world.settings.database_url = Some(database.url());
    }
    if world.sandbox.switches().rate_limit_scope == RateLimitScope::Integration {
        world.settings.amo_rate_limit_scope = Some("integration".to_owned());
    }
    world.start_service().await;
    world.connect("olena", ACCOUNT).await;
    world.connect("ivan", RIVAL).await;
    world
}

/// How many were served. The others must have a `Retry-After`.
fn served_or_delayed(answers: &[Answer]) -> usize {
    let delayed = answers.iter().filter(|answer| answer.status != 200);
    for answer in delayed {
        assert_eq!(answer.problem(), (503, "rate_limited"), "{answer:?}");
        assert!((1..=15).contains(&answer.header("retry-after").parse::<u64>().unwrap()), "{answer:?}");
    }
    answers.iter().filter(|answer| answer.status == 200).count()
}

fn sent(world: &World, account: u64) -> u64 {
    let sent = world.sandbox.stats().api_requests_by_account;
    sent.get(&AccountId::from(account)).copied().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_callers_at_once_are_served_or_delayed_and_amocrm_counts_none_too_many() {
    let world = counting(Switches::default(), None).await;
    let paths: Vec<_> = (1..=30).map(|page| format!("/leads?limit=20&page={page}")).collect();
    let answers = join_all(paths.iter().map(|path| world.get("olena", path))).await;
    let served = served_or_delayed(&answers);
    let stats = world.sandbox.stats();
    assert_eq!(stats.over_limit, 0, "{stats:?}");
    assert!(served >= 10, "{served} of thirty");
}

/// An app that searches as its user types.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_its_permits_to_others() {
    let world = counting(Switches::default(), None).await;
    let before = sent(&world, ACCOUNT);
    let impatient = world.http();
    let typed = (1..=20).map(|page| {
        let request = impatient.get(world.url(&format!("/leads?limit=20&page={page}"))).bearer_auth(jwt("olena"));
        request.timeout(Duration::from_millis(100)).send()
    });
    let gone = join_all(typed).await;
    assert!(gone.iter().filter(|answer| answer.is_err()).count() > 15);
    assert_eq!(world.get("olena", "/leads?limit=20&page=21").await.status, 200);
    let sent = sent(&world, ACCOUNT) - before;
    assert!(sent <= 9, "{sent} calls, of which three were wanted");
}

/// Thirty-two callers at once: both users, at both instances.
async fn at_two_instances(switches: Switches) {
    let database = PgDatabase::empty(&test_server()).await;
    let one = counting(switches, Some(&database)).await;
    let two = one.another_instance().await;
    let mut asking = Vec::new();
    for page in 1..=8 {
        for service in [&*one, &*two] {
            asking.push(("olena", service, format!("/leads?limit=10&page={page}")));
            asking.push(("ivan", service, format!("/leads?limit=5&page={page}")));
        }
    }
    let answers = join_all(asking.iter().map(|(user, service, path)| service.get(user, path))).await;
    let stats = one.sandbox.stats();
    assert_eq!(stats.over_limit, 0, "{stats:?}");
    served_or_delayed(&answers);

    let seen_by = |name: &str| -> Vec<u64> {
        let hers = asking.iter().zip(&answers).filter(|((user, ..), answer)| *user == name && answer.status == 200);
        hers.flat_map(|(_, answer)| ids(&answer.json())).collect()
    };
    let (hers, his) = (seen_by("olena"), seen_by("ivan"));
    assert!(!hers.is_empty() && !his.is_empty(), "{answers:?}");
    assert!(his.iter().all(|lead| !hers.contains(lead)));
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_keep_to_the_limit_of_each_of_two_accounts() {
    at_two_instances(Switches::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_keep_to_one_limit_for_two_accounts() {
    at_two_instances(Switches { rate_limit_scope: RateLimitScope::Integration, ..Switches::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_at_one_instance_slows_that_account_at_the_other_and_no_other_account() {
    let database = PgDatabase::empty(&test_server()).await;
    let one = counting(Switches::default(), Some(&database)).await;
    let two = one.another_instance().await;
    let faults = Faults { fail_api: vec![Failure::Status(429)], ..Faults::default() };
    one.sandbox.set_account_faults(ACCOUNT, faults).unwrap();
    let begun = Instant::now();
    let limited = one.get("olena", "/pipelines").await;
    assert_eq!((limited.problem().code.as_str(), limited.header("retry-after")), ("rate_limited", "1"));

    let (hers, his) = (Box::pin(two.get("olena", "/pipelines")), Box::pin(two.get("ivan", "/pipelines")));
    let Either::Right((his, hers)) = select(hers, his).await else { panic!("he waited for her account") };
    assert_eq!((his.status, hers.await.status), (200, 200));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_opens_the_circuit_of_both_instances_until_a_probe_is_answered() {
    let database = PgDatabase::empty(&test_server()).await;
    let one = counting(Switches::default(), Some(&database)).await;
    let two = one.another_instance().await;
    let ban = Faults { api_outage: Some(Failure::Html403), ..Faults::default() };
    one.sandbox.set_account_faults(ACCOUNT, ban).unwrap();
    let banned = async |expected| {
        for service in [&*one, &*two, &*one, &*two] {
            let answer = service.get("olena", "/leads").await;
            assert_eq!(answer.problem(), (502, "crm_unavailable"));
            assert_eq!(service.state_of("olena").await, "connected");
        }
        assert_eq!(sent(&one, ACCOUNT), expected);
        assert_eq!(two.get("ivan", "/leads").await.status, 200);
    };
    let pass_the_pause = async || database.execute("UPDATE turns SET ban_probe_at = ban_since").await;

    banned(1).await;
    pass_the_pause().await;
    banned(2).await;
    one.sandbox.set_account_faults(ACCOUNT, Faults::default()).unwrap();
    banned(2).await;
    pass_the_pause().await;
    let all = join_all([&*one, &*two].map(|service| service.get("olena", "/pipelines"))).await;
    assert!(all.iter().any(|answer| answer.status == 200), "{all:?}");
    for service in [&*one, &*two] {
        assert_eq!(service.get("olena", "/leads").await.status, 200);
    }
    two.stop().await;
}
