//! `memory`: what the service has in memory at rest, and after 64 connections have asked for a while.

use std::time::Duration;

use crate::database::Database;
use crate::figures::figure;
use crate::instance::Instance;
use crate::plan::Plan;
use crate::status::{CONNECTIONS, STATUS};
use crate::table::{self, Goal, Table, verdict};
use crate::users;
use crate::wrk::Wrk;

/// Until the first background rounds are over.
const AT_REST: Duration = Duration::from_secs(3);

pub(crate) async fn measure(plan: &Plan) {
    let wrk = Wrk::new();
    let mut table = Table::new([
        "resident, MB",
        "at rest",
        "of it not the binary's file",
        "under 64 connections",
        "of it not the binary's file",
    ]);
    let mut verdicts = Vec::new();
    for database in Database::each().await {
        users::connect_all(&*database.open().await.storage).await;
        let instance = Instance::start(&plan.binary, &database.url(), &[]).await;
        tokio::time::sleep(AT_REST).await;
        let (rest, rest_own) = instance.memory();
        // It keeps what it has once needed, so that the end shows the most.
        for _ in 0..plan.rounds {
            wrk.as_users(&instance.url(STATUS), CONNECTIONS, plan.round).await;
        }
        let (load, load_own) = instance.memory();
        let kind = database.kind();
        table.row([kind.to_owned(), figure(rest), figure(rest_own), figure(load), figure(load_own)]);
        verdicts.push(verdict(&format!("{kind}, at rest"), rest, " MB", Goal::AtMost(20.0)));
        verdicts.push(verdict(&format!("{kind}, under 64 connections"), load, " MB", Goal::AtMost(40.0)));
    }
    table::print(&table, &verdicts);
}
