//! The table of `docs/metrics.md`, which is made from the declarations.

use std::fmt::Write as _;

use super::declared::{ALL, Declared, Kind};

/// The table.
pub fn page() -> String {
    let mut page = "| metric | kind | labels | what it says |\n|---|---|---|---|\n".to_owned();
    for Declared { name, kind, labels, help } in ALL {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(page, "| `{name}` | {kind} | {} | {}. |", labels.join(", "), help.trim_ascii_start());
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const BEGIN: &str = "<!-- made from crates/app/src/metrics/declared.rs -->\n";
    const END: &str = "<!-- end -->";

    #[test]
    fn the_table_is_what_the_declarations_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
        let written = std::fs::read_to_string(&path).unwrap();
        let (head, rest) = written.split_once(BEGIN).unwrap();
        let (_, tail) = rest.split_once(END).unwrap();
        let now = format!("{head}{BEGIN}\n{}\n{END}{tail}", page());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            now,
            "UPDATE_GOLDEN=1 cargo nextest run -p amo-connect the_table_is writes it"
        );
    }

    #[test]
    fn names_are_as_prometheus_has_them_and_each_is_declared_once() {
        let mut names: Vec<_> = ALL.iter().map(|declared| declared.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for Declared { name, kind, .. } in ALL {
            assert!(name.starts_with("amo_connect_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(
                name.ends_with("_duration_seconds") || name.ends_with("_wait_seconds"),
                matches!(kind, Kind::Histogram(_)),
                "{name}"
            );
        }
    }
}
