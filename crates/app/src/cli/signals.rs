//! The signals that tell a process to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How a process is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By `SIGTERM` or `SIGHUP`: an init system, or a terminal that is closed.
    Terminate,
    /// By `SIGINT`: somebody at the keyboard, who does not want to wait.
    Interrupt,
}

/// `SIGTERM`, `SIGHUP` and `SIGINT`, which do nothing of themselves from the moment this is made.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Ends when the process is told to stop.
    pub(super) async fn told(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.hang_up.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }

    /// Ends when somebody at the keyboard has had enough of waiting.
    pub(super) async fn interrupted(&mut self) {
        self.interrupt.recv().await;
    }
}
