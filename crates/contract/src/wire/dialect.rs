//! What differs between CRMs that speak HTTP: how they are asked, and how they answer.

use std::fmt::Display;

use amo_connect_domain::host::AccountHost;
use serde_json::Value;

use super::Request;
use crate::fake::{Asked, Reply};

/// One CRM's way of speaking. Sockets, and what goes wrong with them, are the server's.
pub trait Dialect: Send + Sync + 'static {
    /// What `request` asks of the account at `host`, or what this CRM would not take about it.
    fn understand(&self, request: &Request, host: &AccountHost) -> Result<Asked, &'static str>;

    /// How it puts `reply` into words: good news, nothing, its refusals, its limit, a ban, a failure.
    ///
    /// Where it has none, `None`, the server speaks for it as most do: 204 for [`Reply::Nothing`],
    /// 429 for [`Reply::TooManyCalls`], a page with 403 for [`Reply::Banned`], a page for a failure and a
    /// redirect. What happens to a connection (silence, a cut, an endless or garbled body) it is
    /// not asked about.
    fn answer(&self, asked: &Asked, reply: &Reply) -> Option<Words>;
}

/// An answer of a CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`.
    pub kind: &'static str,
    /// Headers of its own.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Words {
    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, kind: "application/json", headers: Vec::new(), body: body.to_string() }
    }

    /// The same with another header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &dyn Display) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}
