//! How a line is written: no value can end a line, forge one, or move the cursor of a terminal.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{FormatFields, Writer};

/// Fields for people: `name=value`, where a value that is more than one word is in quotes.
pub(super) struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut text = Text { writer, is_first: true, result: Ok(()) };
        fields.record(&mut text);
        text.result
    }
}

struct Text<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl Text<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        if field.name() != "message" {
            write!(self.writer, "{field}=")?;
        }
        Escaped(&mut self.writer).write_fmt(value)
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        let is_word = !value.is_empty() && !value.contains([' ', '=', '"', '\\']);
        let written = if is_word || field.name() == "message" {
            self.write(field, format_args!("{value}"))
        } else {
            self.write(field, format_args!("{value:?}"))
        };
        self.result = self.result.and(written);
    }
}

/// Writes control characters, and what changes the direction of text, as escapes.
struct Escaped<'w, 'a>(&'w mut Writer<'a>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if is_steering(character) {
                write!(self.0, "{}", character.escape_unicode())?;
            } else {
                self.0.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Control characters, line and paragraph separators, and marks, embeddings and isolates of direction.
pub(super) fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_line_or_steers_a_terminal_is_written_as_an_escape() {
        let mut line = String::new();
        write!(Escaped(&mut Writer::new(&mut line)), "olena\nERROR\u{1b}[2J\r\t\u{9b}\u{202e}ї").unwrap();
        assert_eq!(line, "olena\\u{a}ERROR\\u{1b}[2J\\u{d}\\u{9}\\u{9b}\\u{202e}ї");
    }
}
