//! What is shipped beside the binary: the systemd unit, the image and the manifests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod recipe;
mod sandbox;
mod service_manager;
mod shipped_files;

use std::fs;
use std::path::Path;

/// A file of the repository.
fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
