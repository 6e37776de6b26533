//! `amo-connect migrate`.

use super::{Failure, print};
use crate::config::Given;
use crate::wiring;

/// Brings the database up to date and says what it did.
pub(super) async fn run(settings: &Given) -> Result<(), Failure> {
    let taken = wiring::migrate(&*settings.check_database()?).await?;
    if taken.is_empty() {
        return print("The database is up to date.");
    }
    taken.iter().try_for_each(|name| print(&format!("Applied {name}.")))
}
