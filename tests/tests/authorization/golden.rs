//! The golden files: what each route answers to whom, and which tokens none takes that needs one.

use std::fmt::Write as _;
use std::path::Path;

use crate::routes::Row;

/// Set to anything, the files are written instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

/// What was answered.
#[derive(Default)]
pub(crate) struct Table {
    with_jwt: String,
    without: String,
    refused: String,
}

impl Table {
    /// These are refused by every route that needs a JWT.
    pub(crate) fn refused(&mut self, kinds: impl Iterator<Item = &'static str>) {
        for kind in kinds {
            writeln!(self.refused, "401 unauthorized  {kind}").unwrap();
        }
    }

    /// What a route answers to tokens that are good.
    pub(crate) fn row(&mut self, row: &Row, answers: Vec<(&str, String)>) {
        let into = if row.needs_jwt() { &mut self.with_jwt } else { &mut self.without };
        writeln!(into, "{} {}", row.method, row.template).unwrap();
        for (kind, told) in answers {
            writeln!(into, "  {told}  {kind}").unwrap();
        }
    }

    /// Compares the table with the golden file of this name.
    pub(crate) fn compare(&self, name: &str) {
        let Self { with_jwt, without, refused } = self;
        let now = format!(
            "# Every route below that needs a JWT refuses these, and sends nothing to amoCRM\n\n{refused}\n\
             # Routes that need a JWT\n\n{with_jwt}\n\
             # Routes that need none, and answer to each of the above what they answer to no JWT\n\n{without}"
        );
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/authorization/{name}.txt"));
        if std::env::var_os(UPDATE).is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &now).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        let changed: Vec<_> = now.lines().zip(golden.lines()).filter(|(now, golden)| now != golden).take(3).collect();
        assert!(
            now == golden,
            "{} is not what is answered now, from {changed:?} on. If that is meant: \
             {UPDATE}=1 cargo nextest run -p amo-connect-tests --test authorization",
            path.display()
        );
    }
}
