//! `idle`: memory and the rate of `/status` while thousands of clients keep connections open.

use amo_connect_tests::KeptConnection;
use futures_util::{StreamExt as _, stream};

use crate::database::Database;
use crate::figures::{count, figure, median};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::status::{CONNECTIONS, STATUS};
use crate::table::{self, Goal, Table, verdict};
use crate::users;
use crate::wrk::Wrk;

/// So many are opened at a time.
const OPENED_AT_ONCE: usize = 64;

pub(crate) async fn measure(plan: &Plan) {
    let wrk = Wrk::new();
    let what = format!("{} idle connections", figure(count(plan.idle)));
    let mut table =
        Table::new([&what, "memory, MB", "without them, MB", "`/status` a second", "without them", "ratio"]);
    let mut verdicts = Vec::new();
    for database in Database::each().await {
        users::connect_all(&*database.open().await.storage).await;
        let busy = Instance::start(&plan.binary, &database.url(), &[]).await;
        let free = Instance::start(&plan.binary, &database.url(), &[]).await;
        let idle: Vec<_> =
            stream::iter(0..plan.idle).map(|_| opened(&busy.address)).buffer_unordered(OPENED_AT_ONCE).collect().await;
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for round in 0..=plan.rounds {
            let [loaded, other] = [&busy, &free].map(|instance| instance.url(STATUS));
            let loaded = wrk.as_users(&loaded, CONNECTIONS, plan.round).await.a_second;
            let other = wrk.as_users(&other, CONNECTIONS, plan.round).await.a_second;
            // The first round warms up.
            if round > 0 {
                with.push(loaded);
                without.push(other);
            }
        }
        let [(memory, _), (lean, _)] = [&busy, &free].map(Instance::memory);
        for mut connection in idle {
            // None was closed meanwhile.
            assert_eq!(connection.ask("GET /healthz HTTP/1.1").await.unwrap().status, 200);
        }
        let ratio = median(with.iter().zip(&without).map(|(with, without)| with / without));
        let (kind, [with, without]) = (database.kind(), [with, without].map(median));
        table.row([kind.to_owned(), figure(memory), figure(lean), figure(with), figure(without), figure(ratio)]);
        verdicts.push(verdict(&format!("{kind}, memory"), memory, " MB", Goal::AtMost(150.0)));
        verdicts.push(verdict(&format!("{kind}, `/status` beside that without them"), ratio, "", Goal::AtLeast(0.8)));
    }
    table::print(&table, &verdicts);
}

/// A connection that has asked once: a server closes one that never asks.
async fn opened(address: &str) -> KeptConnection {
    let mut connection = KeptConnection::to(address).await.unwrap();
    assert_eq!(connection.ask("GET /healthz HTTP/1.1").await.unwrap().status, 200);
    connection
}
