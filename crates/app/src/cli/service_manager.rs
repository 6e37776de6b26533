//! What systemd is told of a unit with `Type=notify`: when it serves, and when it stops.
//! Without `NOTIFY_SOCKET` in the environment nobody is told.

use std::net::SocketAddr;

use sd_notify::NotifyState;

/// It serves at `address`: units that wait for it may start.
pub(super) fn ready(address: SocketAddr) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving at {address}"))]);
}

/// It was told to stop.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping; waiting for requests, refreshes and saves")]);
}

fn tell(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager was not told");
    }
}
