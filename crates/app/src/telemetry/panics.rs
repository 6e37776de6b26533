//! A panic is a line of the log: it waits for nobody, as every line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook};

/// From now on panics are logged. A backtrace is there if `RUST_BACKTRACE` asks for it.
pub(super) fn log() {
    set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or_default();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| tracing::field::display(&backtrace));
    let place = panic.location().map_or_else(|| "a place without a name".to_owned(), ToString::to_string);
    tracing::error!(panic.message = message, backtrace, "the program panicked at {place}");
}

#[cfg(test)]
mod tests {
    use std::panic::{catch_unwind, take_hook};
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::telemetry::json::json;
    use crate::telemetry::queue::{Lines, Queue};

    #[test]
    #[expect(clippy::panic, reason = "that is what is logged")]
    fn a_panic_is_one_line_that_names_its_place() {
        let (queue, mut output) = (Arc::new(Queue::default()), Vec::new());
        let before = take_hook();
        log();
        let panicked =
            tracing::subscriber::with_default(json(Lines(Arc::clone(&queue))), || catch_unwind(|| panic!("one\ntwo")));
        set_hook(before);
        assert!(panicked.is_err());
        while !queue.wait_until_written(Duration::ZERO) {
            queue.write_waiting(Duration::ZERO, &mut output);
        }
        let line: serde_json::Value = serde_json::from_slice(&output).unwrap();
        let place = format!("the program panicked at {}:", file!());
        assert!(line["message"].as_str().unwrap().starts_with(&place), "{line}");
        assert_eq!((&line["level"], &line["panic.message"]), (&"ERROR".into(), &"one\ntwo".into()));
    }
}
