//! `instances`: two instances on one PostgreSQL, together, beside one.

use crate::database::Database;
use crate::figures::{count, figure, median};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::refresher::{self, Refresher};
use crate::status::{CONNECTIONS, STATUS};
use crate::table::Table;
use crate::users::{self, USERS};
use crate::wrk::Wrk;

/// Half of the callers ask each instance.
const HALF: usize = CONNECTIONS / 2;

pub(crate) async fn measure(plan: &Plan) {
    let mut table = Table::new(["one PostgreSQL, 64 callers", "one instance, a second", "two together", "ratio"]);
    let mut row = |what: &str, rounds: &[(f64, f64)]| {
        let ratio = median(rounds.iter().map(|(one, two)| two / one));
        let [one, two] = [median(rounds.iter().map(|round| round.0)), median(rounds.iter().map(|round| round.1))];
        table.row([what.to_owned(), figure(one), figure(two), figure(ratio)]);
    };
    row("`/status`", &statuses(plan).await);
    let (apart, same) = refreshes(plan).await;
    row("refreshes, each of a connection of its own", &apart);
    row("refreshes, both asked for the same connections", &same);
    println!("{table}");
}

async fn statuses(plan: &Plan) -> Vec<(f64, f64)> {
    let (wrk, database) = (Wrk::new(), Database::postgres().await);
    users::connect_all(&*database.open().await.storage).await;
    let first = Instance::start(&plan.binary, &database.url(), &[]).await;
    let second = Instance::start(&plan.binary, &database.url(), &[]).await;
    let urls = [&first, &second].map(|instance| instance.url(STATUS));
    let mut rounds = Vec::new();
    for _ in 0..=plan.rounds {
        let alone = wrk.as_users(&urls[0], CONNECTIONS, plan.round).await;
        let [one, other] = [&urls[0], &urls[1]].map(|url| wrk.as_users(url, HALF, plan.round));
        let (one, other) = tokio::join!(one, other);
        rounds.push((alone.a_second, one.a_second + other.a_second));
    }
    // The first round warms up.
    rounds.split_off(1)
}

/// Of connections of their own, and of the same ones.
async fn refreshes(plan: &Plan) -> (Vec<(f64, f64)>, Vec<(f64, f64)>) {
    let (amo, database) = (refresher::crm(), Database::postgres().await);
    refresher::connect_all(&*database.open().await.storage, &amo).await;
    let [first, second] = [Refresher::on(&database, &amo).await, Refresher::on(&database, &amo).await];
    let (mut apart, mut same) = (Vec::new(), Vec::new());
    for _ in 0..=plan.rounds {
        let alone = first.refresh((0..USERS).cycle(), CONNECTIONS, plan.round).await;
        let (one, other) = tokio::join!(
            first.refresh((0..USERS / 2).cycle(), HALF, plan.round),
            second.refresh((USERS / 2..USERS).cycle(), HALF, plan.round),
        );
        apart.push((alone, one + other));
        // What amoCRM was asked counts: who comes second gets the first one's pair.
        let (before, begun) = (amo.asked().len(), std::time::Instant::now());
        let _ = tokio::join!(
            first.refresh((0..USERS).cycle(), HALF, plan.round),
            second.refresh((0..USERS).cycle(), HALF, plan.round),
        );
        let sent = amo.asked().len() - before;
        same.push((alone, count(sent) / begun.elapsed().as_secs_f64()));
    }
    (apart.split_off(1), same.split_off(1))
}
