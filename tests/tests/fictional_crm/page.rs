//! `docs/writing-an-adapter.md` says what is so: its Rust is that of the files it links.

use std::path::{Path, PathBuf};

const ELISION: &str = "// …";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn page() -> String {
    std::fs::read_to_string(docs().join("writing-an-adapter.md")).unwrap()
}

/// Where the links of `text` lead.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link).collect()
}

/// The lines of `text`, without indentation and empty ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// Whether the pieces of `snippet`, between its elisions, stand in `source` one after the other.
fn is_in(snippet: &str, source: &str) -> bool {
    let (snippet, source) = (lines(snippet), lines(source));
    let mut rest = source.as_slice();
    snippet.split(|line| *line == ELISION).all(|piece| {
        let found = rest.windows(piece.len()).position(|window| window == piece);
        found.is_some_and(|at| {
            rest = &rest[at + piece.len()..];
            true
        })
    })
}

#[test]
fn the_rust_on_the_page_is_the_rust_that_runs() {
    let page = page();
    let mut blocks = page.split("```rust\n").enumerate();
    let (_, mut before) = blocks.next().unwrap();
    let mut said = String::new();
    for (number, text) in blocks {
        said += before;
        let (snippet, after) = text.split_once("```").unwrap();
        // A block is from a Rust file that was linked shortly before it.
        let is_rust = |link: &&str| Path::new(link).extension().is_some_and(|extension| extension == "rs");
        let files: Vec<_> = links(&said).into_iter().filter(is_rust).rev().take(3).collect();
        let found = files.iter().any(|file| is_in(snippet, &std::fs::read_to_string(docs().join(file)).unwrap()));
        assert!(found, "block {number} is in none of {files:?}:\n{snippet}");
        before = after;
    }
    assert!(page.matches("```rust\n").count() >= 9);
}

#[test]
fn a_snippet_is_found_in_pieces_and_in_order_alone() {
    let source = "fn a() {\n    b();\n\n    c();\n}\n";
    assert!(is_in("fn a() {\n// …\nc();", source));
    assert!(is_in("b();\nc();", source));
    assert!(!is_in("c();\n// …\nb();", source));
    assert!(!is_in("fn a() {\nc();", source));
}
