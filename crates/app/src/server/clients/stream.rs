//! The stream of a client's connection, which tells what passes, and ends when it is told to.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Connection, Place};
use crate::budgets::READ_AT_ONCE;

/// A client's connection. Dropping it closes it.
pub(in crate::server) struct ClientStream {
    socket: TcpStream,
    connection: Arc<Connection>,
    /// Bytes that were read since what was read was last looked at.
    read: usize,
    _place: Place,
    _open: TaskTrackerToken,
}

impl ClientStream {
    pub(super) fn new(socket: TcpStream, connection: Arc<Connection>, place: Place, open: TaskTrackerToken) -> Self {
        Self { socket, connection, read: 0, _place: place, _open: open }
    }

    /// What is known of it.
    pub(in crate::server) fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.connection.check(context)?;
        if !this.connection.may_read() {
            return Poll::Pending;
        }
        if this.read >= READ_AT_ONCE {
            this.read = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.filled().len();
        let Poll::Ready(read) = Pin::new(&mut this.socket).poll_read(context, into) else {
            this.read = 0;
            return Poll::Pending;
        };
        let bytes = into.filled().len() - before;
        if bytes > 0 {
            this.read += bytes;
            this.connection.has_read(bytes);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.connection.check(context)?;
        let Poll::Ready(written) = Pin::new(&mut this.socket).poll_write(context, bytes) else {
            this.connection.is_blocked();
            return Poll::Pending;
        };
        let written = written?;
        this.connection.has_written(written, written == bytes.len());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.connection.check(context)?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.connection.check(context)?;
        ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
        Poll::Ready(Ok(()))
    }
}
