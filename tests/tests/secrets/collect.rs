//! What is taken from a service to be searched, and the search at the end.

use crate::planted::Kind;
use crate::stage::Stage;

impl Stage {
    /// Takes what a scrape shows.
    pub(crate) async fn scrape(&self) {
        let request = self.service().http().get(format!("{}/metrics", self.service().base));
        self.outputs.take("the metrics", request.send().await.unwrap().text().await.unwrap());
    }

    /// Takes what the database holds now.
    pub(crate) async fn take_database(&self) {
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = file.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().contains("test.db") {
                self.outputs.take("the database", std::fs::read(path).unwrap());
            }
        }
        let Some((database, _)) = &self.postgres else { return };
        let outside = "schemaname NOT IN ('pg_catalog', 'information_schema')";
        let tables = format!("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE {outside}");
        for table in database.values(&tables).await {
            for output in ["hex", "escape"] {
                let rows = format!("SET bytea_output = '{output}'; SELECT r::text FROM {table} r");
                self.outputs.take("the database", database.values(&rows).await.join("\n"));
            }
        }
        let statements = database.values("SELECT query FROM pg_stat_activity").await;
        self.outputs.take("the database's statements", statements.join("\n"));
    }

    /// Fails if a secret is where it does not belong.
    pub(crate) async fn check(self) {
        let said = self.wire.harvest(&self.secrets);
        let exports = self.collector.received_requests().await.unwrap();
        assert!(exports.iter().all(|export| export.headers.contains_key("x-api-key")));
        let exported: Vec<u8> = exports.into_iter().flat_map(|export| export.body).collect();
        for known in ["GET /api/amo-crm/leads", "exchange", "refresh", "amo_connect_http_requests_total"] {
            let is_there = exported.windows(known.len()).any(|part| part == known.as_bytes());
            assert!(is_there, "the collector has nothing of {known}");
        }
        self.outputs.take("traces and metrics by OTLP", exported);
        // The search finds what is there: these have gone over the wire.
        let known: Vec<_> = self.secrets.found_in(&said).into_iter().map(|found| found.kind).collect();
        for kind in [Kind::ClientSecret, Kind::Code, Kind::AccessToken, Kind::RefreshToken, Kind::Content] {
            assert!(known.contains(&kind), "no {kind:?} has gone to amoCRM and back");
        }
        let places =
            ["the log", "an answer", "the metrics", "the database", "a command's result", "traces and metrics"];
        let surprises = self.surprises.into_inner().unwrap();
        self.outputs.check(&self.secrets, &places);
        assert!(surprises.is_empty(), "not what was to be played: {surprises:#?}");
    }
}
