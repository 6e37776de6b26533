//! What an import came to: counts, and a line of the report for each line of the file.

use amo_connect_domain::usecase::{Imported, Refused, Skipped};
use serde_json::{Value, json};

use super::super::super::{Failure, print, table};
use super::file::{Content, Line};

/// What became of a line.
pub(super) enum Outcome {
    /// It was not reached.
    NotTried,
    /// It makes no sense.
    Bad { field: &'static str, why: &'static str },
    /// An earlier line says the same.
    Duplicate { what: &'static str, of: usize },
    /// The user's row could not be read.
    Failed(String),
    /// It was tried.
    Imported(Imported),
}

impl Outcome {
    /// Whether it says of more than one token that something is wrong.
    pub(super) fn is_trouble(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Imported(Imported::Unfinished(_) | Imported::NotAsked(_)))
    }

    /// Its code, and the reason in words.
    fn told(&self, dry_run: bool) -> (&'static str, Option<String>) {
        let with = |code, reason: &str| (code, Some(reason.to_owned()));
        match self {
            Self::NotTried => ("not_tried", None),
            Self::Bad { field: "", why } => with("bad", why),
            Self::Bad { field, why } => ("bad", Some(format!("{field} {why}"))),
            Self::Duplicate { what, of } => ("skipped", Some(format!("the {what} is that of line {of}"))),
            Self::Failed(why) => with("unfinished", why),
            Self::Imported(outcome) => match outcome {
                Imported::Now if dry_run => ("ready", None),
                Imported::Now => ("imported", None),
                Imported::Before => with("imported", "by an earlier run"),
                Imported::Skipped(Skipped::Connected) => with("skipped", "the user is connected"),
                Imported::Skipped(Skipped::Disconnected) => with("skipped", "the user has disconnected"),
                Imported::Skipped(Skipped::AnotherUsers) => with("skipped", "the token was imported for another user"),
                Imported::Refused(Refused::Unknown) => with(
                    "refused",
                    "amoCRM does not know the token at this domain: it was used or revoked, or the domain is wrong; it was not sent",
                ),
                Imported::Refused(Refused::Elsewhere(host)) => {
                    ("refused", Some(format!("the token's account is at {host}; it was not sent")))
                }
                Imported::Refused(Refused::Refused(reason)) => with("refused", reason.code()),
                Imported::Refused(Refused::Revoked) => {
                    with("refused", "the integration was switched off in the account")
                }
                Imported::Unfinished(None) => with("unfinished", "another process is still at it"),
                Imported::Unfinished(Some(error)) => ("unfinished", Some(error.to_string())),
                Imported::NotAsked(error) => ("not_asked", Some(format!("{error}; it was not sent"))),
            },
        }
    }
}

struct Row {
    line: usize,
    user: Option<String>,
    outcome: Outcome,
}

/// The report.
pub(super) struct Report {
    dry_run: bool,
    rows: Vec<Row>,
}

impl Report {
    /// Before anything was tried.
    pub(super) fn new(dry_run: bool, lines: &[Line]) -> Self {
        let row = |line: &Line| {
            let (user, outcome) = match &line.content {
                Content::Candidate(candidate) => (Some(candidate.user.to_string()), Outcome::NotTried),
                Content::Duplicate { user, what, of } => (Some(user.to_string()), Outcome::Duplicate { what, of: *of }),
                Content::Bad { field, why } => (None, Outcome::Bad { field, why }),
            };
            Row { line: line.number, user, outcome }
        };
        Self { dry_run, rows: lines.iter().map(row).collect() }
    }

    /// Records what became of the line at `place`.
    pub(super) fn note(&mut self, place: usize, outcome: Outcome) {
        if let Some(row) = self.rows.get_mut(place) {
            row.outcome = outcome;
        }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many lines make no sense.
    pub(super) fn bad(&self) -> usize {
        self.count(&["bad"])
    }

    /// How many lines make no connection, and should.
    pub(super) fn left_out(&self) -> usize {
        self.count(&["bad", "refused", "unfinished", "not_asked", "not_tried"])
    }

    fn count(&self, codes: &[&str]) -> usize {
        self.rows.iter().filter(|row| codes.contains(&row.outcome.told(self.dry_run).0)).count()
    }

    /// Prints it.
    pub(super) fn print(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            return print(&serde_json::to_string_pretty(&self.json())?);
        }
        let is_plain = |row: &&Row| !matches!(row.outcome, Outcome::Imported(Imported::Now | Imported::Before));
        let rows = self.rows.iter().filter(is_plain).map(|row| {
            let (code, reason) = row.outcome.told(self.dry_run);
            let user = row.user.as_deref().map_or_else(|| "-".to_owned(), table::shown);
            [row.line.to_string(), user, code.replace('_', " "), reason.unwrap_or_else(|| "-".to_owned())]
        });
        let rows: Vec<_> = rows.collect();
        print(&self.summary())?;
        if rows.is_empty() {
            Ok(())
        } else {
            print(&format!("\n{}", table::table(["line", "user", "outcome", "reason"], rows)))
        }
    }

    fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.dry_run {
            parts.push(format!("Can be imported: {}", self.count(&["ready"])));
        }
        let before = self.before();
        let earlier = if before > 0 { format!(" ({before} by an earlier run)") } else { String::new() };
        if !self.dry_run || before > 0 {
            parts.push(format!("Imported: {}{earlier}", self.count(&["imported"])));
        }
        for (code, words) in [
            ("skipped", "skipped"),
            ("refused", "refused"),
            ("bad", "bad"),
            ("unfinished", "unfinished"),
            ("not_asked", "not asked"),
            ("not_tried", "not tried"),
        ] {
            match self.count(&[code]) {
                0 if !["skipped", "refused"].contains(&code) => {}
                count => parts.push(format!("{words}: {count}")),
            }
        }
        format!("{}.", parts.join(", "))
    }

    fn before(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.outcome, Outcome::Imported(Imported::Before))).count()
    }

    fn json(&self) -> Value {
        let line = |row: &Row| {
            let (outcome, reason) = row.outcome.told(self.dry_run);
            json!({ "line": row.line, "user": row.user, "outcome": outcome, "reason": reason })
        };
        json!({
            "dryRun": self.dry_run,
            "ready": self.count(&["ready"]),
            "imported": self.count(&["imported"]),
            "importedBefore": self.before(),
            "skipped": self.count(&["skipped"]),
            "refused": self.count(&["refused"]),
            "bad": self.bad(),
            "unfinished": self.count(&["unfinished"]),
            "notAsked": self.count(&["not_asked"]),
            "notTried": self.count(&["not_tried"]),
            "lines": self.rows.iter().map(line).collect::<Vec<_>>(),
        })
    }
}
