//! `million`: `/status` and the background's keep-alive over a million stored connections, beside a thousand.

use std::time::{Duration, Instant};

use amo_connect_contract::FakeAmo;
use amo_connect_tests::KeptConnection;

use crate::database::Database;
use crate::figures::{count, figure, median, milliseconds};
use crate::instance::Instance;
use crate::plan::Plan;
use crate::refresher::{self, Refresher};
use crate::status::{CONNECTIONS, STATUS};
use crate::table::{self, Goal, Table, verdict};
use crate::users::USERS;
use crate::wrk::{Loaded, Wrk, medians};

/// Forty days in microseconds: longer than `KEEPALIVE_AFTER`.
const FORTY_DAYS: &str = "3456000000000";

/// The columns of a stored row are those of a real one, except what indexes tell rows apart by.
const FILLER: &str = "account_id = account_id + i, issued_at = issued_at + i";

/// A database, and what was measured of it.
struct Subject {
    database: Database,
    amo: FakeAmo,
    refresher: Refresher,
    status: Vec<Loaded>,
    keepalive: Vec<Duration>,
    empty: Vec<Duration>,
    memory: f64,
}

pub(crate) async fn measure(plan: &Plan) {
    let wrk = Wrk::new();
    let many = figure(count(plan.many));
    let mut rates = Table::new(["`/status`, stored connections", "a second", "p99, ms"]);
    let mut rounds =
        Table::new(["keep-alive, stored connections", "a thousand due, s", "a round with nothing due, ms"]);
    let mut verdicts = Vec::new();
    for few in Database::each().await {
        let full = few.another().await;
        let mut subjects = Vec::new();
        for (database, stored) in [(few, 0), (full, plan.many)] {
            subjects.push(Subject::prepare(database, stored).await);
        }
        for round in 0..=plan.rounds.min(3) {
            for subject in &mut subjects {
                subject.keep_alive().await;
            }
            if round == 0 {
                // The first round warms up.
                for subject in &mut subjects {
                    subject.keepalive.clear();
                    subject.empty.clear();
                }
            }
        }
        let mut instances = Vec::new();
        for subject in &subjects {
            // It looks whether it can open stored tokens before it starts.
            let further = [("ALLOW_MISSING_KEYS", "true")];
            instances.push(Instance::start(&plan.binary, &subject.database.url(), &further).await);
        }
        for round in 0..=plan.rounds {
            for (subject, instance) in subjects.iter_mut().zip(&instances) {
                let loaded = wrk.as_users(&instance.url(STATUS), CONNECTIONS, plan.round).await;
                subject.status.extend((round > 0).then_some(loaded));
            }
        }
        for (subject, instance) in subjects.iter_mut().zip(&instances) {
            // A scrape counts all connections.
            let scraped = KeptConnection::to(&instance.address).await.unwrap().ask("GET /metrics HTTP/1.1").await;
            assert_eq!(scraped.unwrap().status, 200);
            subject.memory = instance.memory().0;
        }
        tell(&subjects, &many, (&mut rates, &mut rounds), &mut verdicts);
    }
    println!("{rates}");
    table::print(&rounds, &verdicts);
}

fn tell(subjects: &[Subject], many: &str, (rates, rounds): (&mut Table, &mut Table), verdicts: &mut Vec<String>) {
    let [few, full] = subjects else { unreachable!("there are two") };
    let kind = few.database.kind();
    for (subject, stored) in [(few, "1,000"), (full, many)] {
        let loaded = medians(&subject.status);
        rates.row([format!("{kind}, {stored}"), figure(loaded.a_second), figure(loaded.p99)]);
        let middle = |durations: &[Duration]| median(durations.iter().copied().map(milliseconds));
        let (due, empty) = (middle(&subject.keepalive) / 1e3, middle(&subject.empty));
        rounds.row([format!("{kind}, {stored}"), figure(due), figure(empty)]);
    }
    let rate = median(full.status.iter().zip(&few.status).map(|(full, few)| full.a_second / few.a_second));
    verdicts.push(verdict(&format!("{kind}, `/status` beside that with a thousand"), rate, "", Goal::AtLeast(0.9)));
    let pairs = full.keepalive.iter().zip(&few.keepalive);
    let slower = median(pairs.map(|(full, few)| full.as_secs_f64() / few.as_secs_f64()));
    verdicts.push(verdict(&format!("{kind}, keep-alive beside that with a thousand"), slower, "", Goal::AtMost(2.0)));
    verdicts.push(verdict(&format!("{kind}, memory after it, with {many}"), full.memory, " MB", Goal::AtMost(60.0)));
}

impl Subject {
    /// All users, and `stored` others whose tokens nobody asks for.
    async fn prepare(database: Database, stored: usize) -> Self {
        let amo = refresher::crm();
        refresher::connect_all(&*database.open().await.storage, &amo).await;
        if stored > 0 {
            fill(&database, stored).await;
        }
        let refresher = Refresher::on(&database, &amo).await;
        let (status, keepalive, empty) = (Vec::new(), Vec::new(), Vec::new());
        Self { database, amo, refresher, status, keepalive, empty, memory: 0.0 }
    }

    /// Lets the users' tokens age, and runs background rounds until all are refreshed; then one more.
    async fn keep_alive(&mut self) {
        let age = format!("UPDATE connections SET issued_at = issued_at - {FORTY_DAYS} WHERE substr(user_id, 1, 5) = ");
        let prefix = match &self.database {
            Database::Postgres(_) => "'user-'::bytea",
            Database::Sqlite(_) => "CAST('user-' AS BLOB)",
        };
        self.database.execute(&format!("{age}{prefix}")).await;
        let before = self.amo.asked().len();
        let begun = Instant::now();
        while self.amo.asked().len() < before + USERS {
            self.refresher.use_cases.background_round().await.unwrap();
            self.refresher.idle().await;
        }
        self.keepalive.push(begun.elapsed());
        let begun = Instant::now();
        self.refresher.use_cases.background_round().await.unwrap();
        self.empty.push(begun.elapsed());
        assert_eq!(self.amo.asked().len(), before + USERS, "nothing was due any more");
    }
}

/// Multiplies the row of one user. The tokens of the others cannot be opened, and nobody does.
async fn fill(database: &Database, stored: usize) {
    let columns = match database {
        Database::Postgres(database) => {
            let names = "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'connections'";
            database.values(names).await
        }
        Database::Sqlite(folder) => crate::database::columns(&crate::database::file(folder), "connections"),
    };
    let columns: Vec<&str> = columns.iter().map(String::as_str).filter(|name| *name != "user_id").collect();
    let values: Vec<String> = columns.iter().map(|name| filler(name)).collect();
    let (names, values) = (columns.join(", "), values.join(", "));
    let (numbers, user, template) = match database {
        Database::Postgres(_) => {
            (format!("generate_series(1, {stored}) n(i)"), "('filler-' || i)::bytea", "'user-0000'::bytea")
        }
        Database::Sqlite(_) => {
            let numbers = format!(
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {stored}) SELECT i FROM n)"
            );
            (numbers, "CAST('filler-' || i AS BLOB)", "CAST('user-0000' AS BLOB)")
        }
    };
    let fill = format!(
        "INSERT INTO connections (user_id, {names}) SELECT {user}, {values} FROM connections, {numbers} WHERE user_id = {template}"
    );
    database.execute(&fill).await;
    let tidy = match database {
        Database::Postgres(_) => "VACUUM ANALYZE connections",
        Database::Sqlite(_) => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    database.execute(tidy).await;
}

/// What a stored row has in this column.
fn filler(column: &str) -> String {
    FILLER
        .split(", ")
        .filter_map(|line| line.split_once(" = "))
        .find_map(|(name, value)| (name == column).then(|| value.to_owned()))
        .unwrap_or_else(|| column.to_owned())
}
