//! The trace of a run, recorded only if it will be read.

pub(crate) mod rows;
mod writes;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::executor::Home;

/// One line of the trace.
pub(crate) struct Line {
    at: u64,
    home: Home,
    text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Duration::from_micros(self.at).as_secs_f64();
        match self.home {
            Home::Outside => write!(f, "{seconds:13.6}       {}", self.text),
            Home::Instance { number, life } => write!(f, "{seconds:13.6} {number}.{life:<3} {}", self.text),
        }
    }
}

/// The trace of a run.
pub(crate) struct Trace {
    lines: Option<Mutex<Vec<Line>>>,
}

impl Trace {
    pub(crate) fn new(kept: bool) -> Self {
        Self { lines: kept.then(Mutex::default) }
    }

    pub(crate) fn note(&self, at: u64, home: Home, text: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let line = Line { at, home, text: text() };
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let Some(lines) = &self.lines else { return Vec::new() };
        lines.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Line::to_string).collect()
    }
}
