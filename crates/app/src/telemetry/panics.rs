//! A panic is a line of the log: it waits for nobody, as every line. It repeats nothing that a secret can be in.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook};

/// From now on panics are logged. A backtrace is there if `RUST_BACKTRACE` asks for it.
pub(super) fn log() {
    set_hook(Box::new(tell));
}

/// What stands for a message that was put together at run time: a part of it can be a token, a code or a row.
const NOT_SHOWN: &str = "not shown: it may hold a secret";

fn tell(panic: &PanicHookInfo<'_>) {
    // A text of the program itself is static.
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or(NOT_SHOWN);
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

    /// The line of a panic.
    fn told(panics: fn()) -> serde_json::Value {
        let (queue, mut output) = (Arc::new(Queue::default()), Vec::new());
        let before = take_hook();
        log();
        let panicked = tracing::subscriber::with_default(json(Lines(Arc::clone(&queue))), || catch_unwind(panics));
        set_hook(before);
        assert!(panicked.is_err());
        while !queue.wait_until_written(Duration::ZERO) {
            queue.write_waiting(Duration::ZERO, &mut output);
        }
        serde_json::from_slice(&output).unwrap()
    }

    // One test: the hook is the whole process's.
    #[test]
    #[expect(clippy::panic, reason = "that is what is logged")]
    fn a_panic_is_one_line_that_names_its_place_and_repeats_no_value() {
        let line = told(|| panic!("one\ntwo"));
        let place = format!("the program panicked at {}:", file!());
        assert!(line["message"].as_str().unwrap().starts_with(&place), "{line}");
        assert_eq!((&line["level"], &line["panic.message"]), (&"ERROR".into(), &"one\ntwo".into()));
        let line = told(|| panic!("the token is {}", std::hint::black_box("def50200")));
        assert_eq!(line["panic.message"], NOT_SHOWN, "{line}");
        assert!(!line.to_string().contains("def50200"), "{line}");
    }
}
