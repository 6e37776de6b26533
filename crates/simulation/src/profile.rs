//! What schedules are about.

use clap::ValueEnum;

/// What people mostly do in a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// They connect, read, and lose their connections.
    #[default]
    Tokens,
    /// They write with keys, and ask again.
    Writes,
    /// They read and connect while a stranger and other tenants ask for all they can.
    Shares,
}
