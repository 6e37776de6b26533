//! Tables of a Markdown page.

/// The rows of all tables on `page` whose first heading is `heading`, each as its cells.
pub(super) fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let mut rows = Vec::new();
    let mut wanted = None;
    for line in page.lines() {
        let Some(cells) = cells(line) else {
            wanted = None;
            continue;
        };
        match wanted {
            None => wanted = Some(cells[0] == heading),
            Some(true) if !is_rule(&cells) => rows.push(cells),
            Some(_) => {}
        }
    }
    rows
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    // A bar within code is text, as in `GET|POST`.
    let mut in_code = false;
    let is_border = |letter: char| {
        in_code ^= letter == '`';
        letter == '|' && !in_code
    };
    Some(inner.split(is_border).map(str::trim).collect())
}

fn is_rule(cells: &[&str]) -> bool {
    cells.iter().all(|cell| cell.chars().all(|letter| matches!(letter, '-' | ':')))
}

/// The codes of a cell, each with the text since the one before.
pub(super) fn codes(cell: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = cell.split('`').collect();
    parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

#[test]
fn rows_are_those_of_the_tables_with_the_heading() {
    let page = "| a | b |\n|---|:--|\n| `x` (`y`) | `1|2` |\n| z | |\n\n| c | d |\n|---|---|\n| no | no |\n";
    assert_eq!(rows(page, "a"), [vec!["`x` (`y`)", "`1|2`"], vec!["z", ""]]);
    assert_eq!(codes("`x` (`y`), z"), [("", "x"), (" (", "y")]);
}
