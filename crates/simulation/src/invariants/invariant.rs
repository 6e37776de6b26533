//! The invariants by their names.

use std::fmt;

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A code or token was sent again before the lease of its last sending was over.
    SentAgain,
    /// A token was sent by an instance that had read its successor, or under a lease granted
    /// after the successor was stored.
    SentAfterItsSuccessor,
    /// Two tokens of one connection were under way at a time.
    TwoAtATime,
    /// A living process dropped a token request.
    Dropped,
    /// A pair was used before it was durable.
    UsedUnsaved,
    /// A pair that was read by a process that lived was not saved.
    NeverSaved,
    /// A connection was given up while amoCRM held a live grant for it that was readable.
    GivenUpAlive,
    /// A connection's tokens gave way to those of an earlier grant.
    ReconnectUndone,
    /// After a disconnect there was a token, or an answer, from before it.
    CameBack,
    /// A user had, or was answered with, what was issued to another.
    AnothersTokens,
    /// A state or a reason that is not true.
    Untrue,
    /// The store, which loses nothing here, was said to have lost tokens.
    FalseAlarm,
    /// In calm times the outcome of a refresh in doubt was not asked for in time.
    Tardy,
    /// A call that took longer than it may, or never ended.
    EndlessWait,
    /// An account was looked up twice within a minute.
    LookedUpTooOften,
    /// More codes of strangers were under way than there are places.
    TooManyStrangers,
    /// A code that a user vouches for was refused, though the user had few.
    RefusedForStrangers,
    /// A connection that was neither usable nor truthfully ended when all was well again.
    NeverSettled,
    /// A write was sent again although it had been carried out.
    WrittenTwice,
    /// A write was sent again while an earlier sending of it could still be carried out.
    WrittenInDoubt,
    /// A write with a key was sent without a record of it.
    SentUnrecorded,
    /// Two keys have one object.
    ClaimedTwice,
    /// A write was answered as done and is not there, or is another's, or is shown as it was before.
    NotWritten,
    /// A write was answered as not done that was done, or may have been.
    WrittenUntold,
    /// A key was answered by the write of another user, body, account or epoch.
    AnothersKey,
    /// A write whose outcome stayed unknown when all was well again, though it could be found out.
    NeverCertain,
    /// An honest user of an account that amoCRM serves was refused by the rate limiter because of others.
    Starved,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SentAgain => "sent again before the lease of its last sending was over",
            Self::SentAfterItsSuccessor => "sent after its successor was read or stored",
            Self::TwoAtATime => "two tokens of one connection under way at a time",
            Self::Dropped => "a token request dropped by a living process",
            Self::UsedUnsaved => "a pair used before it was durable",
            Self::NeverSaved => "a pair read by a living process and never saved",
            Self::GivenUpAlive => "given up while amoCRM holds a readable grant",
            Self::ReconnectUndone => "a re-connect undone by an earlier grant",
            Self::CameBack => "came back after a disconnect",
            Self::AnothersTokens => "another user's tokens",
            Self::Untrue => "an untrue state, reason or answer",
            Self::FalseAlarm => "tokens said to be lost by the store that were not",
            Self::Tardy => "a doubt not resolved in time",
            Self::EndlessWait => "a wait without an end",
            Self::LookedUpTooOften => "looked up twice within a minute",
            Self::TooManyStrangers => "too many codes of strangers under way",
            Self::RefusedForStrangers => "a user's code refused for strangers",
            Self::NeverSettled => "never settled",
            Self::WrittenTwice => "written twice",
            Self::WrittenInDoubt => "written again while an earlier sending may be carried out",
            Self::SentUnrecorded => "a write with a key sent without a record of it",
            Self::ClaimedTwice => "an object of two keys",
            Self::NotWritten => "a write answered as done that is not there",
            Self::WrittenUntold => "a write answered as not done that was, or may be",
            Self::AnothersKey => "answered by another write",
            Self::NeverCertain => "a write never certain",
            Self::Starved => "refused because of strangers or other tenants",
        })
    }
}

/// An invariant that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which one.
    pub invariant: Invariant,
    /// How.
    pub how: String,
}
