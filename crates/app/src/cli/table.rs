//! Tables for people.

use std::io::IsTerminal as _;

use comfy_table::{ContentArrangement, Table, presets};
use console::Term;

use crate::deep_link::is_seen;

/// A table without colours and lines. On a terminal it is as wide as that, and long cells wrap; for a
/// pipe each row is a line.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let width = std::io::stdout().is_terminal().then(|| Term::stdout().size_checked()).flatten();
    drawn(head, rows, width.map(|(_, columns)| columns))
}

fn drawn<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head).add_rows(rows);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// `text` as a terminal can show it: whoever chose it must not tell the terminal what to do, or begin
/// a line.
pub(super) fn shown(text: &str) -> String {
    let is_plain = |sign: char| sign == ' ' || (is_seen(sign) && !sign.is_whitespace());
    text.chars().map(|sign| if is_plain(sign) { sign.to_string() } else { sign.escape_default().to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [[String; 2]; 2] {
        [["olena", "connected"], ["ivan", "a problem that has many words to say of itself"]]
            .map(|row| row.map(str::to_owned))
    }

    #[test]
    fn for_a_pipe_each_row_is_a_line_without_colours() {
        let table = drawn(["user", "state"], rows(), None);
        let expected = ["user   state", "olena  connected", "ivan   a problem that has many words to say of itself"];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected);
        assert!(!table.contains('\u{1b}'));
    }

    #[test]
    fn on_a_terminal_no_line_is_longer_than_it() {
        let table = drawn(["user", "state"], rows(), Some(24));
        assert!(table.lines().all(|line| line.chars().count() <= 24), "{table}");
        assert!(table.lines().count() > 3 && !table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn nobodys_name_tells_a_terminal_what_to_do() {
        for (name, told) in [
            ("olena o'brien", "olena o'brien"),
            ("їжак", "їжак"),
            ("a\nuser  connected", r"a\nuser  connected"),
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("a\u{202e}b\u{85}c\u{a0}d", r"a\u{202e}b\u{85}c\u{a0}d"),
        ] {
            assert_eq!(shown(name), told);
        }
    }
}
