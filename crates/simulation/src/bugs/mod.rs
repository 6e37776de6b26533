//! Mistakes that a service like this one can have, planted in the ports around the real use cases.

mod amo;
mod leases;
mod rows;
mod runtime;
mod shares;
mod store;
mod writes;

use clap::ValueEnum;

pub(crate) use store::{BuggyStore, Context, Notes};

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bug {
    /// The refresh lease is granted to every caller.
    NoLease,
    /// Leases are set and judged by the instance's clock.
    LeaseByInstanceClock,
    /// A lease is not renewed while amoCRM is slow.
    LeaseNotRenewed,
    /// A lease whose owner died is held for ever.
    LeaseNeverLapses,
    /// Every renewal of a lease succeeds, also of a former owner.
    RenewsForAnybody,
    /// The new owner of a lapsed lease does not learn of the doubt.
    DoubtForgotten,
    /// A token may be sent again at once after a failure.
    NoBackoff,
    /// The outcome of a refresh whose owner died is not found out until a caller comes.
    NoBackground,
    /// A code is granted to every caller.
    NoLeaseOnCodes,
    /// A rotated pair is refused if anything else in the row has changed.
    SaveRefusedByRevision,
    /// A rotated pair is saved whatever the row's generation.
    SaveOverReconnect,
    /// A rotated pair is said to be saved before it is.
    SaveAfterUse,
    /// A rotated pair is dropped when it cannot be saved at once.
    SaveGivesUp,
    /// Rows are written whole, as they were when they were read.
    LastWriterWins,
    /// A refusal is recorded although there is a newer pair.
    RefusalOverNewerPair,
    /// A disconnect changes the state, and neither epoch nor generation.
    DisconnectKeepsGeneration,
    /// A disconnect is answered before it is done.
    DisconnectAfterAnswer,
    /// A code that was brought before a disconnect is admitted as if it came after.
    AdmitsPastDisconnects,
    /// Connections are found by their account.
    ConnectionByAccount,
    /// A caller's wait has no timeout.
    NoTimeouts,
    /// A refresh ends when its caller goes away.
    CancelsWithItsCaller,
    /// The client sends a token again when the answer is lost.
    ClientResends,
    /// A lost answer is taken for a request that did nothing.
    UnknownTakenForUnavailable,
    /// An account that moved is taken for one whose grant is dead.
    MoveTakenForDeadGrant,
    /// A ban is taken for a dead grant.
    BanTakenForDeadGrant,
    /// A pair that comes in an odd answer is dropped.
    OddAnswerDropped,
    /// A host without authority is believed when it says that an account is not there.
    AuthorityIgnored,
    /// An account may be looked up at any time.
    LooksUpAtAnyTime,
    /// A process waits by the wall clock, which people set.
    WaitsByTheWallClock,
    /// A lease that ends too late is taken over at once.
    LeaseAheadTakenOver,
    /// A lease that ends too late is kept to its end.
    LeaseAheadStands,
    /// Every stranger's code has a place.
    PlacesForAll,
    /// A code that a user vouches for needs a place too.
    PlacesForUsers,
    /// A write with a key is granted to every caller, and nothing is kept of it.
    NoWriteRecord,
    /// A write is recorded a while after it was sent.
    WriteRecordedAfterSending,
    /// A write that is done is not kept.
    DoneNotKept,
    /// A key is anybody's, and not its user's.
    KeyWithoutUser,
    /// A key answers also for another body.
    BodyIgnored,
    /// A key answers also after a disconnect.
    KeyOutlivesDisconnect,
    /// A write whose outcome is unknown is taken for one that was not done.
    RepeatsOnUnknown,
    /// A write that is not found is taken for one that was not done, also while amoCRM may still do it.
    LateAnswerTakenForNone,
    /// A write that is not found stays in doubt for ever.
    WriteDoubtStands,
    /// An object that is another key's is taken for what a write has made.
    ClaimsNotChecked,
    /// An object that somebody else made is taken for what a write has made.
    AuthorIgnored,
    /// A write whose answer is lost is taken for one that was not sent.
    LostWriteTakenForNotSent,
    /// The client sends a write again when the answer is lost.
    ClientResendsWrites,
    /// A write waits in the client before it is sent.
    ClientSendsWritesLate,
    /// Exchanges go first, and nobody waits for another instance.
    ExchangesFirst,
    /// Exchanges of all users are taken in the order of their arrival.
    ExchangesOfAllAreOnes,
    /// Each instance shares the turns that it gets among those who wait there.
    SharesOfOneInstance,
    /// Any account probes for the integration.
    AnyAccountProbes,
}
