//! The tables that are moved, with all their columns as they are: tokens stay sealed.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use crate::rows::schema;

/// Tables that are not moved: what is in them is of no use elsewhere.
pub(super) const LEFT: [&str; 6] =
    ["__diesel_schema_migrations", "code_places", "heartbeat", "key_rings", "schema_compatibility", "sqlite_sequence"];

/// A row of a table that is moved.
#[async_trait]
pub(super) trait Moved: Sized + PartialEq + Send + Sync {
    /// The table.
    const NAME: &'static str;
    /// What its rows are known by.
    type Key: Clone + Ord + Send + Sync;

    fn key(&self) -> Self::Key;

    /// In the order of the keys, those after `after`.
    fn page(source: &mut SqliteConnection, after: Option<Self::Key>, limit: i64) -> QueryResult<Vec<Self>>;

    fn count(source: &mut SqliteConnection) -> QueryResult<i64>;

    /// Adds those that are not there.
    async fn put(target: &mut AsyncPgConnection, rows: &[Self]) -> QueryResult<usize>;

    /// Those with these keys, in any order.
    async fn stored(target: &mut AsyncPgConnection, keys: Vec<Self::Key>) -> QueryResult<Vec<Self>>;

    async fn stored_count(target: &mut AsyncPgConnection) -> QueryResult<i64>;
}

macro_rules! tables {
    ($($table:ident by $key:ident: $key_type:ty { $($column:ident: $type:ty),+ $(,)? })+) => {
        /// The tables that are moved.
        pub(super) const MOVED: &[&str] = &[$(stringify!($table)),+];

        $(
            pub(super) mod $table {
                use super::*;
                use schema::$table;

                // Not `Selectable`: a row of fewer columns than the table has must not compile.
                #[derive(PartialEq, Queryable, Insertable)]
                #[diesel(table_name = $table)]
                pub(in crate::transfer) struct Row {
                    $($column: $type,)+
                }

                #[async_trait]
                impl Moved for Row {
                    const NAME: &'static str = stringify!($table);
                    type Key = $key_type;

                    fn key(&self) -> Self::Key {
                        self.$key.clone()
                    }

                    fn page(
                        source: &mut SqliteConnection,
                        after: Option<Self::Key>,
                        limit: i64,
                    ) -> QueryResult<Vec<Self>> {
                        let all = $table::table.order($table::$key).limit(limit).select($table::all_columns);
                        match after {
                            Some(after) => diesel::RunQueryDsl::load(all.filter($table::$key.gt(after)), source),
                            None => diesel::RunQueryDsl::load(all, source),
                        }
                    }

                    fn count(source: &mut SqliteConnection) -> QueryResult<i64> {
                        diesel::RunQueryDsl::get_result($table::table.count(), source)
                    }

                    async fn put(target: &mut AsyncPgConnection, rows: &[Self]) -> QueryResult<usize> {
                        let insert = diesel::insert_into($table::table).values(rows).on_conflict_do_nothing();
                        diesel_async::RunQueryDsl::execute(insert, target).await
                    }

                    async fn stored(target: &mut AsyncPgConnection, keys: Vec<Self::Key>) -> QueryResult<Vec<Self>> {
                        let found = $table::table.filter($table::$key.eq_any(keys)).select($table::all_columns);
                        diesel_async::RunQueryDsl::load(found, target).await
                    }

                    async fn stored_count(target: &mut AsyncPgConnection) -> QueryResult<i64> {
                        diesel_async::RunQueryDsl::get_result($table::table.count(), target).await
                    }
                }
            }
        )+

        /// Does `$work` with the row type of each table, in their order.
        macro_rules! each_table {
            (|$row:ident| $work:expr) => {
                $({
                    type $row = tables::$table::Row;
                    $work
                })+
            };
        }
    };
}

tables! {
    connections by user_id: Vec<u8> {
        user_id: Vec<u8>,
        revision: i64,
        epoch: i64,
        generation: i64,
        state: String,
        host: Option<String>,
        account_id: Option<i64>,
        tokens: Option<Vec<u8>>,
        issued_at: Option<i64>,
        expires_at: Option<i64>,
        reauth_reason: Option<String>,
        reauth_since: Option<i64>,
        connected_at: Option<i64>,
        refreshed_at: Option<i64>,
        problem: Option<String>,
        problem_since: Option<i64>,
        lease_owner: Option<Vec<u8>>,
        lease_until: Option<i64>,
        lease_generation: Option<i64>,
        lease_in_doubt: Option<bool>,
        lease_tries: Option<i64>,
        lease_for: Option<i64>,
        lease_lasts: Option<i64>,
        accused_client: Option<Vec<u8>>,
        accused_since: Option<i64>,
        accused_last: Option<i64>,
        accused_account: Option<bool>,
        refused_epoch: Option<i64>,
        refused_count: Option<i64>,
        refused_last: Option<i64>,
        refused_since: Option<i64>,
    }
    attempts by id: Vec<u8> {
        id: Vec<u8>,
        user_id: Vec<u8>,
        state_hash: Vec<u8>,
        state: String,
        code_hash: Option<Vec<u8>>,
        reason: Option<String>,
        opened_at: i64,
        expires_at: i64,
        deep_link: Option<String>,
    }
    exchanges by code_hash: Vec<u8> {
        code_hash: Vec<u8>,
        came_with: Option<Vec<u8>>,
        attempt_id: Option<Vec<u8>>,
        user_id: Option<Vec<u8>>,
        claim_needed: bool,
        host: String,
        epoch: i64,
        state: String,
        lease_owner: Option<Vec<u8>>,
        lease_until: Option<i64>,
        grant_host: Option<String>,
        account_id: Option<i64>,
        tokens: Option<Vec<u8>>,
        issued_at: Option<i64>,
        expires_at: Option<i64>,
        claim_by: Option<i64>,
        connected_epoch: Option<i64>,
        admitted_at: i64,
    }
    imports by token_hash: Vec<u8> {
        token_hash: Vec<u8>,
        user_id: Vec<u8>,
        generation: i64,
        imported_at: i64,
    }
    writes by key_hash: Vec<u8> {
        key_hash: Vec<u8>,
        user_id: Vec<u8>,
        request_hash: Vec<u8>,
        account_id: i64,
        author_id: Option<i64>,
        epoch: i64,
        kind: String,
        target_id: Option<i64>,
        object_id: Option<i64>,
        object_is_new: Option<bool>,
        comment_id: Option<i64>,
        begun_at: i64,
        state: String,
        lease_owner: Option<Vec<u8>>,
        lease_until: Option<i64>,
        sent_at: Option<i64>,
        sent_by: Option<Vec<u8>>,
        missing_comment: Option<bool>,
        done_at: Option<i64>,
    }
    clients by client: Vec<u8> {
        client: Vec<u8>,
        accused_at: Option<i64>,
        served_at: Option<i64>,
    }
    host_look_ups by subject: String {
        subject: String,
        found_host: Option<String>,
        account_id: Option<i64>,
        not_before: i64,
    }
    looks by account_id: i64 {
        account_id: i64,
        wanted: bool,
        under_way: bool,
        not_before: i64,
    }
    audit by id: i64 {
        id: i64,
        at: i64,
        user_id: Vec<u8>,
        actor: String,
        event: String,
        reason: Option<String>,
        host: Option<String>,
        account_id: Option<i64>,
    }
    turns by line: String {
        line: String,
        next_at: Option<i64>,
        ban_since: Option<i64>,
        ban_probe_at: Option<i64>,
        ban_probing: Option<bool>,
        ban_met: Option<i64>,
        put_off_for: Option<i64>,
        shares: Option<String>,
        unbanned_asked_at: Option<i64>,
        banned_asked_at: Option<i64>,
        banned_due_at: Option<i64>,
    }
}
pub(super) use each_table;
