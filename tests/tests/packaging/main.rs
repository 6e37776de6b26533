//! What is shipped beside the binary: the systemd unit, the image and the manifests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod service_manager;
mod shipped_files;
