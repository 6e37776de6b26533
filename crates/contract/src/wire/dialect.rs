//! What differs between CRMs that speak HTTP: how they are asked, and how they answer.

use amo_connect_domain::host::AccountHost;
use serde_json::Value;

use super::Request;
use crate::fake::{Asked, Reply};

/// One CRM's way of speaking. Sockets, and what goes wrong with them, are the server's.
pub trait Dialect: Send + Sync + 'static {
    /// What `request` asks of the account at `host`, or what this CRM would not take about it.
    fn understand(&self, request: &Request, host: &AccountHost) -> Result<Asked, &'static str>;

    /// How it puts `reply` into words. `None` if it has none: the connection is closed.
    ///
    /// It is asked for good news, for its refusals and for [`Reply::Incomplete`]. What every web
    /// server can do (a 204, a ban, a failure, a redirect, silence, a cut) is done for it.
    fn answer(&self, asked: &Asked, reply: &Reply) -> Option<Words>;
}

/// An answer of a CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`.
    pub kind: &'static str,
    /// The body.
    pub body: String,
}

impl Words {
    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, kind: "application/json", body: body.to_string() }
    }
}
