//! `status`: `GET /status` with a JWT by 1,000 users on 64 connections, beside what it stands on.

use crate::bare::Bare;
use crate::database::Database;
use crate::express::Express;
use crate::figures::{figure, median};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::table::{Goal, Table, verdict};
use crate::wrk::{Loaded, Wrk, medians};
use crate::{selects, users};

pub(crate) const CONNECTIONS: usize = 64;
pub(crate) const STATUS: &str = "/api/amo-crm/status";

/// The service on one database, and what it was measured at.
struct Subject {
    database: Database,
    instance: Instance,
    health: Vec<Loaded>,
    status: Vec<Loaded>,
    told: Vec<f64>,
}

pub(crate) async fn measure(plan: &Plan) {
    let (wrk, bare, express) = (Wrk::new(), Bare::start().await, Express::start().await);
    let mut subjects = Vec::new();
    for database in Database::each().await {
        users::connect_all(&*database.open().await.storage).await;
        let instance = Instance::start(&plan.binary, &database.url(), &[]).await;
        subjects.push(Subject { database, instance, health: Vec::new(), status: Vec::new(), told: Vec::new() });
    }
    let (mut nothing, mut jwt, mut baseline, mut bench) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=plan.rounds {
        let within = plan.round;
        nothing.push(wrk.as_nobody(&bare.url("/bare"), CONNECTIONS, within).await);
        jwt.push(wrk.as_users(&bare.url("/jwt"), CONNECTIONS, within).await);
        baseline.push(wrk.as_users(&express.url(STATUS), CONNECTIONS, within).await);
        for subject in &mut subjects {
            subject.health.push(wrk.as_nobody(&subject.instance.url("/healthz"), CONNECTIONS, within).await);
            subject.status.push(wrk.as_users(&subject.instance.url(STATUS), CONNECTIONS, within).await);
            subject.told.push(selects::in_a_loop(&subject.database, within).await);
            if let Database::Postgres(database) = &subject.database {
                bench.push(selects::by_pgbench(&database.url(), CONNECTIONS, within).await);
            }
        }
        if round == 0 {
            let of_subjects = subjects.iter_mut().flat_map(|subject| [&mut subject.health, &mut subject.status]);
            of_subjects.chain([&mut nothing, &mut jwt, &mut baseline]).for_each(Vec::clear);
            subjects.iter_mut().map(|subject| &mut subject.told).chain([&mut bench]).for_each(Vec::clear);
        }
    }
    tell(&subjects, [&nothing, &jwt, &baseline], median(bench));
}

fn tell(subjects: &[Subject], [nothing, jwt, baseline]: [&[Loaded]; 3], bench: f64) {
    let mut table = Table::new(["64 connections", "a second", "p50, ms", "p99, ms", "of `/healthz`", "× Express"]);
    let express = medians(baseline);
    let mut row = |what: String, loaded: &Loaded, of_health: String| {
        let times = figure(loaded.a_second / express.a_second);
        table.row([what, figure(loaded.a_second), figure(loaded.p50), figure(loaded.p99), of_health, times]);
    };
    let none = String::new;
    row("a bare route of actix-web".to_owned(), &medians(nothing), none());
    row("a route that checks a JWT".to_owned(), &medians(jwt), none());
    for subject in subjects {
        let kind = subject.database.kind();
        row(format!("`/healthz`, the service on {kind}"), &medians(&subject.health), none());
        row(format!("**`/status`, {kind}**"), &medians(&subject.status), figure(ratio(subject, |one| one.a_second)));
    }
    row("`/status`, Express and pg, two workers".to_owned(), &express, none());
    println!("{table}");
    println!("The database alone, rows a second:\n");
    let mut table = Table::new(["the row of a user", "a second", "`/status` of it"]);
    for subject in subjects {
        let (kind, status) = (subject.database.kind(), medians(&subject.status).a_second);
        if matches!(subject.database, Database::Postgres(_)) {
            let what = format!("`pgbench`, prepared, {CONNECTIONS} connections");
            table.row([what, figure(bench), figure(status / bench)]);
        }
        let told = median(subject.told.iter().copied());
        table.row([format!("{kind}, one connection in a loop"), figure(told), figure(status / told)]);
    }
    println!("{table}");
    for subject in subjects {
        let kind = subject.database.kind();
        let rate = medians(&subject.status).a_second;
        println!(
            "{}",
            verdict(&format!("{kind}, of `/healthz`"), ratio(subject, |one| one.a_second), "", Goal::AtLeast(0.4))
        );
        println!("{}", verdict(&format!("{kind}, times Express"), rate / express.a_second, "", Goal::AtLeast(20.0)));
        let worst = ratio(subject, |one| one.p99);
        println!(
            "{}",
            verdict(&format!("{kind}, p99 beside `/healthz`'s in the same round"), worst, "", Goal::AtMost(1.5))
        );
    }
}

/// `/status` beside `/healthz`, each in the same round.
fn ratio(subject: &Subject, of: fn(&Loaded) -> f64) -> f64 {
    median(subject.status.iter().zip(&subject.health).map(|(status, health)| of(status) / of(health)))
}
