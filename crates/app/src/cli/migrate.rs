//! `amo-connect migrate`.

use super::{Failure, print};
use crate::config::ServeArgs;
use crate::wiring;

/// Brings the database up to date and says what it did.
pub(super) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let taken = wiring::migrate(&*args.check_database()?).await?;
    if taken.is_empty() {
        return print("The database is up to date.");
    }
    taken.iter().try_for_each(|name| print(&format!("Applied {name}.")))
}
