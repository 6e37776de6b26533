//! `latency`: one caller on one connection, beside an older binary where one is given.

use crate::database::Database;
use crate::figures::{figure, median};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::status::STATUS;
use crate::table::{self, Goal, Table, verdict};
use crate::users;
use crate::wrk::{Loaded, Wrk, medians};

pub(crate) async fn measure(plan: &Plan) {
    let wrk = Wrk::new();
    let mut table = Table::new(["`/status`, one connection", "p50, ms", "p99, ms", "a second"]);
    let mut verdicts = Vec::new();
    for database in Database::each().await {
        users::connect_all(&*database.open().await.storage).await;
        let mut binaries = vec![("this binary", &plan.binary)];
        binaries.extend(plan.against.iter().map(|other| ("the other one", other)));
        let mut subjects: Vec<(&str, Instance, Vec<Loaded>)> = Vec::new();
        for (whose, binary) in binaries {
            // An older binary serves the newer schema.
            let instance = Instance::start(binary, &database.url(), &[]).await;
            subjects.push((whose, instance, Vec::new()));
        }
        for round in 0..=plan.rounds {
            // Whoever is asked first finds the machine at rest.
            let first = round % subjects.len();
            for place in 0..subjects.len() {
                let next = (first + place) % subjects.len();
                let (_, instance, rounds) = &mut subjects[next];
                let loaded = wrk.as_users(&instance.url(STATUS), 1, plan.round).await;
                // The first round warms up.
                rounds.extend((round > 0).then_some(loaded));
            }
        }
        let kind = database.kind();
        for (whose, _, rounds) in &subjects {
            let Loaded { a_second, p50, p99 } = medians(rounds);
            table.row([format!("{kind}, {whose}"), figure(p50), figure(p99), figure(a_second)]);
        }
        if let [(_, _, ours), (_, _, others)] = &subjects[..] {
            for (what, of) in [("p50", (|one| one.p50) as fn(&Loaded) -> f64), ("p99", |one| one.p99)] {
                let ratio = median(ours.iter().zip(others).map(|(ours, other)| of(ours) / of(other)));
                verdicts.push(verdict(
                    &format!("{kind}, {what} beside the other binary's"),
                    ratio,
                    "",
                    Goal::AtMost(1.0),
                ));
            }
        }
    }
    table::print(&table, &verdicts);
}
