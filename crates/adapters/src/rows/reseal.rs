//! What `keys rotate` asks of a store: all tokens sealed under the first key, while others serve.

use amo_connect_domain::ports::StoreError;

use super::store::{Database, Store};

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

#[expect(private_bounds, reason = "databases are ours alone; their stores are everybody's")]
impl<D: Database> Store<D> {
    /// How many rows have sealed tokens.
    pub async fn sealed(&self) -> Result<u64, StoreError> {
        self.database.read(|session| Box::pin(session.sealed())).await
    }

    /// Seals the tokens of up to `limit` rows behind `cursor` anew, under the first key. It can
    /// be stopped after any batch and begun again from the start: what is done is passed over.
    pub async fn reseal(&self, cursor: Cursor, limit: u32) -> Result<Resealed, StoreError> {
        self.database.wipe(move |session| Box::pin(session.reseal(cursor, limit.into()))).await
    }
}
