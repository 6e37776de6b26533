//! A phone that asks for leads, and may be gone before they come.

use amo_connect_tests::{Service, jwt};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// A request that has been sent, and its connection.
pub(crate) struct Phone(TcpStream);

impl Phone {
    /// Asks `service` for `user`'s leads.
    pub(crate) async fn asks(service: &Service, user: &str) -> Self {
        let address = service.base.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /api/amo-crm/leads?limit=5 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
            jwt(user)
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        Self(connection)
    }

    /// Hangs up at once, with a reset: a connection that is only closed may still be written to,
    /// and its request goes on.
    pub(crate) fn hangs_up(self) {
        self.0.set_zero_linger().unwrap();
    }
}
