//! Tables and verdicts in Markdown.

use std::fmt;

use crate::figures::figure;

/// A table whose first column is text, and whose others are figures.
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const COLUMNS: usize>(head: [&str; COLUMNS]) -> Self {
        Self { head: head.map(str::to_owned).into(), rows: Vec::new() }
    }

    pub(crate) fn row<const COLUMNS: usize>(&mut self, cells: [String; COLUMNS]) {
        assert_eq!(COLUMNS, self.head.len());
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        writeln!(f, "{}", line(&self.head))?;
        writeln!(f, "|---|{}", "---:|".repeat(self.head.len() - 1))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))
    }
}

/// Prints a table, and the verdicts on its figures.
pub(crate) fn print(table: &Table, verdicts: &[String]) {
    println!("{table}");
    for line in verdicts {
        println!("{line}");
    }
}

/// What a figure is to be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// A line that says whether `figure` is what it is to be, and by how much it is not.
pub(crate) fn verdict(what: &str, measured: f64, unit: &str, goal: Goal) -> String {
    let (word, wanted, reached) = match goal {
        Goal::AtLeast(least) => ("at least", least, measured >= least),
        Goal::AtMost(most) => ("at most", most, measured <= most),
    };
    let judged = if reached {
        "reached".to_owned()
    } else if wanted == 0.0 {
        format!("missed by {}{unit}", figure(measured))
    } else {
        format!("missed by {:.0} %", ((measured - wanted) / wanted).abs() * 100.0)
    };
    format!("- {what}: {}{unit}; the goal is {word} {}{unit}: **{judged}**", figure(measured), figure(wanted))
}
