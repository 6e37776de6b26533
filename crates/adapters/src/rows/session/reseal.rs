//! Sealing stored tokens anew, under the first key.

use super::Session;
use crate::cipher::RowIdentity;
use crate::rows::failure::Failure;
use crate::rows::reseal::{Cursor, Resealed};
use crate::rows::{connection, exchange};

impl Session<'_> {
    pub(crate) async fn sealed(self) -> Result<u64, Failure> {
        let (connections, exchanges) = self.rows.count_sealed().await?;
        Ok(connections.cast_unsigned() + exchanges.cast_unsigned())
    }

    /// Seals up to `limit` rows after `cursor` anew. Each is written only where it still is what
    /// was read: a rotation, a claim or a disconnect that came between has the last word.
    pub(crate) async fn reseal(self, cursor: Cursor, limit: i64) -> Result<Resealed, Failure> {
        let (batch, exhausted) = match &cursor {
            Cursor::Connections(after) => {
                (self.rows.sealed_connections(after, limit).await?, Some(Cursor::Exchanges(Vec::new())))
            }
            Cursor::Exchanges(after) => (self.rows.sealed_exchanges(after, limit).await?, None),
        };
        let mut done = Resealed { seen: batch.len(), ..Resealed::default() };
        for (key, sealed) in &batch {
            let row: RowIdentity = match cursor {
                Cursor::Connections(_) => connection::identity(key),
                Cursor::Exchanges(_) => exchange::identity(key),
            };
            let Ok(anew) = self.keys.reseal(sealed, &row) else {
                done.unreadable += 1;
                continue;
            };
            let Some(anew) = anew else { continue };
            done.resealed += match cursor {
                Cursor::Connections(_) => self.rows.replace_sealed_connection(key, sealed, &anew).await?,
                Cursor::Exchanges(_) => self.rows.replace_sealed_exchange(key, sealed, &anew).await?,
            };
        }
        done.next = match batch.into_iter().next_back() {
            Some((last, _)) if matches!(cursor, Cursor::Connections(_)) => Some(Cursor::Connections(last)),
            Some((last, _)) => Some(Cursor::Exchanges(last)),
            None => exhausted,
        };
        Ok(done)
    }
}
