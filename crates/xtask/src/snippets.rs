//! What parses the documentation's Swift and Kotlin, whose compilers are not here.

use std::path::PathBuf;

use crate::packages;

/// Where the grammars are.
const GRAMMARS: &str = "snippets";

/// Installs what is missing, at the versions of the lock file.
pub fn install() -> Result<(), String> {
    let python = packages::python_since((3, 10))?;
    packages::python(&python, "tests/snippets/requirements.txt", GRAMMARS)
}

/// The Python that has the grammars, for `tests/snippets/parse.py`.
pub fn python() -> PathBuf {
    packages::workspace().join("target").join(GRAMMARS).join("bin/python")
}
