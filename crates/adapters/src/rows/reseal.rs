//! What `keys rotate` asks of a store: all tokens sealed under the first key, while others serve.

use async_trait::async_trait;

use super::failure::Failure;

/// How far a walk through the sealed rows has come. It begins at the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Behind the connection with this key.
    Connections(Vec<u8>),
    /// Behind the exchange with this key; all connections are done.
    Exchanges(Vec<u8>),
}

impl Default for Cursor {
    fn default() -> Self {
        Self::Connections(Vec::new())
    }
}

/// What became of a batch of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many rows with sealed tokens were looked at.
    pub seen: usize,
    /// How many of them were sealed anew; the others were under the first key already, or were
    /// changed by somebody else meanwhile, who seals under it too.
    pub resealed: usize,
    /// How many cannot be opened with any of the keys. They are left as they are.
    pub unreadable: usize,
    /// Where to go on; `None` when all is done.
    pub next: Option<Cursor>,
}

/// A row's primary key and its sealed tokens.
pub(crate) type SealedRow = (Vec<u8>, Vec<u8>);

/// The sealed tokens in `connections` and `exchanges`.
#[async_trait]
pub(crate) trait SealedRows: Send {
    /// How many connections and how many exchanges have sealed tokens.
    async fn count_sealed(&mut self) -> Result<(i64, i64), Failure>;
    /// Keys and sealed tokens, in the order of the keys.
    async fn sealed_connections(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
    /// Changes nothing, and returns 0, if the tokens are not `old` any more.
    async fn replace_sealed_connection(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure>;
    async fn sealed_exchanges(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure>;
    async fn replace_sealed_exchange(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure>;
}
