//! `start`: from the start of the process to the first 200 of `/readyz`.

use crate::database::Database;
use crate::figures::{figure, median, milliseconds, percentile};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::table::{self, Goal, Table, verdict};

/// So many starts a round.
const STARTS: usize = 5;

pub(crate) async fn measure(plan: &Plan) {
    let [postgres, sqlite] = Database::each().await;
    let mut starts = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..STARTS * plan.rounds {
        let new = tempfile::tempdir().unwrap();
        let new = format!("sqlite:{}", new.path().join("new.db").display());
        for (url, starts) in [postgres.url(), sqlite.url(), new].iter().zip(&mut starts) {
            let instance = Instance::start(&plan.binary, url, &[]).await;
            starts.push(milliseconds(instance.started_within));
            instance.stop().await;
        }
    }
    let mut table = Table::new(["to the first 200 of `/readyz`", "median, ms", "slowest, ms"]);
    let mut verdicts = Vec::new();
    let whats = [("PostgreSQL, migrated", 50.0), ("SQLite, migrated", 50.0), ("SQLite, a new file", 150.0)];
    for ((what, goal), starts) in whats.into_iter().zip(starts) {
        let middle = median(starts.iter().copied());
        table.row([what.to_owned(), figure(middle), figure(percentile(starts, 100))]);
        verdicts.push(verdict(what, middle, " ms", Goal::AtMost(goal)));
    }
    table::print(&table, &verdicts);
}
