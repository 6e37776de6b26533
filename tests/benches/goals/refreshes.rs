//! `refreshes`: how many connections are refreshed a second, beside two durable writes each.

use crate::database::Database;
use crate::durable::Durable;
use crate::figures::{figure, median};
use crate::plan::Plan;
use crate::refresher::{self, Refresher};
use crate::table::{self, Goal, Table, verdict};
use crate::users::USERS;

const AT_ONCE: usize = 64;

pub(crate) async fn measure(plan: &Plan) {
    let mut table =
        Table::new(["each of another connection", "refreshes a second", "pairs of durable writes a second", "ratio"]);
    let mut verdicts = Vec::new();
    for database in Database::each().await {
        let amo = refresher::crm();
        refresher::connect_all(&*database.open().await.storage, &amo).await;
        let refresher = Refresher::on(&database, &amo).await;
        let mut durable = Durable::beside(&database).await;
        let (mut single, mut many) = (Vec::new(), Vec::new());
        for round in 0..=plan.rounds {
            let one = refresher.refresh((0..USERS).cycle(), 1, plan.round).await;
            let writes = durable.one_by_one(plan.round).await;
            let at_once = refresher.refresh((0..USERS).cycle(), AT_ONCE, plan.round).await;
            let writes_at_once = durable.at_once(plan.round).await;
            // The first round warms up.
            if round > 0 {
                single.push((one, writes));
                many.push((at_once, writes_at_once));
            }
        }
        let kind = durable.kind();
        let mut row = |what: String, rounds: &[(f64, f64)]| {
            let ratio = median(rounds.iter().map(|(refreshes, writes)| refreshes / writes));
            let [done, written] = [median(rounds.iter().map(|one| one.0)), median(rounds.iter().map(|one| one.1))];
            table.row([what, figure(done), figure(written), figure(ratio)]);
            ratio
        };
        let one = row(format!("{kind}, one after another"), &single);
        let at_once = row(format!("{kind}, {AT_ONCE} at once"), &many);
        if matches!(database, Database::Postgres(_)) {
            verdicts.push(verdict(&format!("{kind}, one after another"), one, "", Goal::AtLeast(0.7)));
            verdicts.push(verdict(&format!("{kind}, {AT_ONCE} at once"), at_once, "", Goal::AtLeast(0.7)));
        } else {
            verdicts.push(verdict(&format!("{kind}, {AT_ONCE} at once"), at_once, "", Goal::AtLeast(3.0)));
        }
    }
    table::print(&table, &verdicts);
}
