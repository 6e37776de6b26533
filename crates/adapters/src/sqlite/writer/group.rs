//! A group: its members' work in one transaction, and what becomes of them if that fails.

use std::mem;
use std::time::Instant;

use diesel_async::SimpleAsyncConnection as _;

use super::Writer;
use super::commit_marker::CommitMarker;
use super::queue::Waiting;
use crate::rows::{DatabaseError, Durability, kind};
use crate::sqlite::database::SqliteRows;
use crate::sqlite::pool::{Connection, Use, connect};
use crate::sqlite::wal;

/// Begins a transaction that is on disk when it is committed, and with it all before it. The
/// one before may have been begun [`BEGIN_RELAXED`].
const BEGIN_DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";

/// Begins a transaction that a power cut may take back.
const BEGIN_RELAXED: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

/// What is kept from one group to the next.
pub(super) struct WriteConnection {
    pub(super) connection: Option<Connection>,
    pub(super) marker: CommitMarker,
}

/// How the transaction of a group ended.
enum End {
    /// What each member came to stands.
    Settled,
    /// No member was run.
    NotBegun(DatabaseError),
    /// Nothing is left of it.
    RolledBack(DatabaseError),
    /// It may be there or not.
    Unknown(DatabaseError),
}

/// What members are to be told.
#[derive(Default)]
pub(super) struct Answers(Vec<(Waiting, Option<DatabaseError>)>);

impl Answers {
    /// Tells them.
    pub(super) fn tell(self) {
        for (waiting, error) in self.0 {
            match error {
                None => waiting.member.tell(),
                Some(error) => waiting.member.refuse(error),
            }
        }
    }

    /// What each came to. The database forgets first what some of them have wiped; the others do not wait for that.
    async fn settle(&mut self, writer: &Writer, kept: &mut WriteConnection, group: Vec<Waiting>) {
        let wiped = |waiting: &Waiting| waiting.write.durability == Durability::Erased && waiting.member.succeeded();
        let (wiping, others): (Vec<_>, Vec<_>) = group.into_iter().partition(wiped);
        self.0.extend(others.into_iter().map(|waiting| (waiting, None)));
        if let (false, Some(connection)) = (wiping.is_empty(), &mut kept.connection) {
            mem::take(self).tell();
            wal::empty(connection, writer.busy_timeout).await;
        }
        self.0.extend(wiping.into_iter().map(|waiting| (waiting, None)));
    }

    fn refuse(&mut self, group: impl IntoIterator<Item = Waiting>, error: DatabaseError) {
        self.0.extend(group.into_iter().map(|waiting| (waiting, Some(error))));
    }
}

/// Writes a group. Its members hear what is returned.
pub(super) async fn write(writer: &Writer, kept: &mut WriteConnection, mut group: Vec<Waiting>) -> Answers {
    let mut answers = Answers::default();
    let error = match settle(writer, kept, &mut group).await {
        End::Settled => {
            answers.settle(writer, kept, group).await;
            return answers;
        }
        End::RolledBack(error) if group.len() > 1 => error,
        End::NotBegun(error) | End::RolledBack(error) | End::Unknown(error) => {
            answers.refuse(group, error);
            return answers;
        }
    };
    tracing::warn!(%error, members = group.len(), "a group of writes was rolled back; each is run alone");
    let mut members = group.into_iter();
    while let Some(member) = members.next() {
        mem::take(&mut answers).tell();
        let mut alone = vec![member];
        match settle(writer, kept, &mut alone).await {
            End::Settled => answers.settle(writer, kept, alone).await,
            End::RolledBack(error) | End::Unknown(error) => answers.refuse(alone, error),
            // The next would wait as long for the same.
            End::NotBegun(error) => answers.refuse(alone.into_iter().chain(members.by_ref()), error),
        }
    }
    answers
}

/// Runs the members' work in a transaction. Looks how it ended, if this is not told.
async fn settle(writer: &Writer, kept: &mut WriteConnection, group: &mut Vec<Waiting>) -> End {
    match transact(writer, kept, group).await {
        End::Unknown(error) => look(writer, kept, error).await,
        end => end,
    }
}

async fn transact(writer: &Writer, kept: &mut WriteConnection, group: &mut Vec<Waiting>) -> End {
    let (connection, marker) = match kept.ready(writer) {
        Ok(ready) => ready,
        Err(error) => return End::NotBegun(error),
    };
    // Alone, a member that fails leaves nothing behind because its transaction does not.
    let shared = group.len() > 1;
    let relaxed = group.iter().all(|waiting| waiting.write.durability == Durability::Relaxed);
    if let Err(error) = connection.batch_execute(if relaxed { BEGIN_RELAXED } else { BEGIN_DURABLE }).await {
        return End::NotBegun(DatabaseError::of(&error));
    }

    let (begun, mut ran) = (Instant::now(), 0);
    for waiting in group.iter_mut() {
        if ran > 0 && begun.elapsed() >= writer.group_end.longest_work {
            break;
        }
        ran += 1;
        let ended = run(writer, connection, waiting, shared).await;
        if let Err(error) = ended {
            kept.roll_back().await;
            return End::RolledBack(error);
        }
    }
    if ran < group.len() {
        writer.state().queue.give_back(group.split_off(ran));
    }

    if group.iter().all(|waiting| !waiting.member.succeeded()) {
        kept.roll_back().await;
        return End::Settled;
    }
    if let Err(error) = marker.write_if_changed(connection, shared).await {
        kept.roll_back().await;
        return End::RolledBack(DatabaseError::of(&error));
    }
    match connection.batch_execute((writer.group_end.commit)()).await {
        Ok(()) => End::Settled,
        Err(error) if kept.roll_back().await => End::RolledBack(DatabaseError::of(&error)),
        Err(error) => End::Unknown(DatabaseError::of(&error)),
    }
}

/// Runs one member's work. What it did is undone if it failed, and the work of the others stays.
async fn run(
    writer: &Writer,
    connection: &mut Connection,
    waiting: &mut Waiting,
    shared: bool,
) -> Result<(), DatabaseError> {
    let failed = |error| DatabaseError::of(&error);
    if shared {
        connection.batch_execute("SAVEPOINT member").await.map_err(failed)?;
    }
    waiting.member.run(&mut SqliteRows { connection, clock: &writer.clock }, &writer.keys).await;
    if shared {
        // SQLite itself may have undone everything. Then this fails.
        let end = if waiting.member.succeeded() { "RELEASE member" } else { "ROLLBACK TO member; RELEASE member" };
        connection.batch_execute(end).await.map_err(failed)?;
    }
    Ok(())
}

/// Looks whether a group was committed.
async fn look(writer: &Writer, kept: &mut WriteConnection, error: DatabaseError) -> End {
    // Another connection sees what everybody sees.
    kept.connection = None;
    let unknown = End::Unknown(error);
    let Ok((connection, marker)) = kept.ready(writer) else { return unknown };
    if connection.batch_execute(BEGIN_DURABLE).await.is_err() {
        return unknown;
    }
    let end = match marker.is_there(connection).await {
        // What can be seen may not be on disk. What is committed durably after it takes it there.
        Ok(Some(true)) => {
            if marker.write(connection, false).await.is_ok() && connection.batch_execute("COMMIT").await.is_ok() {
                return End::Settled;
            }
            unknown
        }
        Ok(Some(false)) => End::RolledBack(error),
        Ok(None) | Err(_) => unknown,
    };
    kept.roll_back().await;
    end
}

impl WriteConnection {
    pub(super) fn new() -> Self {
        Self { connection: None, marker: CommitMarker::new() }
    }

    /// Has a connection ready, to the file that was opened.
    fn ready(&mut self, writer: &Writer) -> Result<(&mut Connection, &mut CommitMarker), DatabaseError> {
        writer.file.check()?;
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let opened = connect(&writer.path, Use::Writing, writer.busy_timeout).map_err(|error| kind(&error))?;
            self.marker.reset();
            Connection::new(opened)
        };
        Ok((self.connection.insert(connection), &mut self.marker))
    }

    /// Undoes an open transaction. Returns whether there was one.
    async fn roll_back(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let rolled_back = connection.batch_execute("ROLLBACK").await.is_ok();
        if !rolled_back {
            // To close the connection undoes all the same.
            self.connection = None;
        }
        rolled_back
    }
}
