//! What counts instructions, and how the machine gets it.

use crate::debian::{self, Look, Need};

/// Installs valgrind if it is not there.
pub fn install() -> Result<(), String> {
    let need = Need { what: "valgrind", look: Look::Program("valgrind"), package: "valgrind" };
    debian::install("the counts of instructions", &[need])
}
