//! The connection that a request came in on, past the web server, for answers that it would not give.

use std::any::Any;
use std::io;
use std::time::Duration;

use actix_web::{HttpRequest, dev::Extensions, rt::net::TcpStream};
use socket2::{SockRef, Socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::dress::{Dressed, End};

/// Longer than any client waits for the end of an answer.
const LONGEST_OPEN: Duration = Duration::from_mins(2);

/// A second handle of a connection.
struct Connection(Socket);

/// Keeps a handle of each connection beside it.
pub(crate) fn on_connect(connection: &dyn Any, beside: &mut Extensions) {
    if let Some(connection) = connection.downcast_ref::<TcpStream>()
        && let Ok(handle) = SockRef::from(connection).try_clone()
    {
        beside.insert(Connection(handle));
    }
}

/// A handle of the connection that `request` came in on.
pub(crate) fn connection(request: &HttpRequest) -> Option<Socket> {
    request.conn_data::<Connection>().and_then(|connection| connection.0.try_clone().ok())
}

/// Writes `answer` and does what comes after its last byte, except that the web server has to
/// close its own handle of the connection then.
pub(crate) async fn write(connection: Socket, answer: &Dressed) -> io::Result<()> {
    if answer.end == End::Reset {
        connection.set_linger(Some(Duration::ZERO))?;
    }
    let mut connection = TcpStream::from_std(connection.into())?;
    connection.write_all(&answer.bytes).await?;
    if answer.end == End::StayOpen {
        let mut rest = Vec::new();
        let closed = connection.read_to_end(&mut rest);
        // Whichever end closes it, the answer is over.
        let _ = tokio::time::timeout(LONGEST_OPEN, closed).await;
    }
    Ok(())
}
