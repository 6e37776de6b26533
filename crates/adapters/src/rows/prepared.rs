//! Statements that stay prepared, though diesel would prepare them again each time.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// A statement whose SQL is the same each time, whatever its values. A connection keeps it prepared.
///
/// diesel prepares every `UPDATE` and every `ON CONFLICT … DO UPDATE` again, since a changeset may
/// leave columns out: on PostgreSQL that is one more round trip. The rows here never do, they write
/// `NULL` (`treat_none_as_null`). A statement is found by its SQL, so that one which did differ
/// would be kept beside the others, and never run in their place.
pub(crate) struct Prepared<Q>(pub(crate) Q);

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}
