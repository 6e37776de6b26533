//! The files, and the settings of each connection to them.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ports::{StoreError, StoreHealth as _, TokenStore as _};
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;

use super::fixtures::*;
use crate::cipher::TokenKeys;
use crate::sqlite::pool::{Use, connect};
use crate::sqlite::{OpenError, SqliteOptions, SqliteTokenStore, migrate};

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_their_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = scratch.file().into_os_string();
        file.push(suffix);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_could_read_is_made_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = Scratch::new();
    drop(scratch.store().await);
    fs::set_permissions(scratch.file(), fs::Permissions::from_mode(0o666)).unwrap();
    let _store = scratch.store().await;
    assert_eq!(fs::metadata(scratch.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_at_the_end_of_a_link_are_made_private_too() {
    use std::os::unix::fs::PermissionsExt as _;

    let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
    let store = scratch.store().await;
    fill(&store).await;
    std::os::unix::fs::symlink(scratch.file(), elsewhere.file()).unwrap();
    let log = scratch.file().with_file_name("amo-connect.db-wal");
    for file in [scratch.file(), log.clone()] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let linked = elsewhere.store().await;
    linked.ready().await.unwrap();
    for file in [scratch.file(), log] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_emptied_after_a_disconnect_that_wiped_tokens_and_after_no_other() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    let log = scratch.file().with_file_name("amo-connect.db-wal");
    let length = || fs::metadata(&log).unwrap().len();
    for _ in 0..2 {
        store.disconnect(&user("nobody"), Actor::User).await.unwrap();
        assert_ne!(length(), 0);
    }
    // She is connected; a grant waits for his claim.
    for name in ["olena", "ivan"] {
        store.disconnect(&user(name), Actor::User).await.unwrap();
        assert_eq!(length(), 0, "{name}");
        store.disconnect(&user(name), Actor::User).await.unwrap();
        assert_ne!(length(), 0, "{name} has no tokens any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_up_to_date_is_opened_while_somebody_writes() {
    let scratch = Scratch::new();
    drop(scratch.store().await);
    let _writing = scratch.raw_with("BEGIN IMMEDIATE");
    let options = SqliteOptions { busy_timeout: Duration::from_millis(100), ..options() };
    let opened = SqliteTokenStore::open(&scratch.file(), TokenKeys::parse(KEY).unwrap(), options).await;
    assert_eq!(opened.unwrap().connection(&user("olena")).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_neither_served_nor_made_anew() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    fill(&store).await;
    fs::remove_file(scratch.file()).unwrap();
    for _ in 0..10 {
        assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.connection(&user("olena")).await, Err(StoreError::Unavailable(_))));
    }
    assert!(!scratch.file().exists());

    // What SQLite keeps beside a file that is gone may have its last rows.
    let refused = migrate(&scratch.file()).await.unwrap_err();
    assert!(matches!(refused, OpenError::NoDatabase { .. }), "{refused:?}");
    for suffix in ["wal", "shm"] {
        fs::remove_file(scratch.file().with_file_name(format!("amo-connect.db-{suffix}"))).unwrap();
    }
    drop(scratch.store().await);
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))), "another file is not ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_directory_is_named() {
    let scratch = Scratch::new();
    let path = scratch.file().join("nowhere").join("amo-connect.db");
    let error = SqliteTokenStore::open(&path, TokenKeys::parse(KEY).unwrap(), options()).await.unwrap_err();
    assert!(matches!(error, OpenError::NoDirectory { .. }), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused() {
    let scratch = Scratch::new();
    fs::write(scratch.file(), "Dear diary, ".repeat(400)).unwrap();
    let error = migrate(&scratch.file()).await.unwrap_err();
    assert!(matches!(error, OpenError::NoDatabase { .. }), "{error:?}");
    fs::write(scratch.file(), [&b"SQLite format 3\0"[..], &[0; 4080]].concat()).unwrap();
    let error = migrate(&scratch.file()).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "file is not a database");
}

/// The files in the scratch directory and what is in them.
fn all(scratch: &Scratch) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(scratch.file().parent().unwrap()).unwrap();
    let mut all: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    all.sort();
    all
}

/// Refused by whoever may fill the file, and left as it is.
async fn is_left(scratch: &Scratch) {
    let before = all(scratch);
    let options = SqliteOptions { busy_timeout: Duration::from_millis(300), ..options() };
    let refused = SqliteTokenStore::open(&scratch.file(), TokenKeys::parse(KEY).unwrap(), options).await.unwrap_err();
    assert!(matches!(refused, OpenError::NoDatabase { .. }), "{refused:?}");
    assert!(all(scratch) == before, "something was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_left_that_was_killed_while_it_made_the_file_is_no_obstacle() {
    let beside = |scratch: &Scratch, suffix: &str| scratch.file().with_file_name(format!("amo-connect.db-{suffix}"));
    // A journal of an empty database: not begun, begun, complete.
    let complete = [&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 0, 1, 2, 3, 4][..], &[0; 496]].concat();
    let begun = [&[0; 12][..], &[1, 2, 3, 4], &[0; 496]].concat();
    for journal in [Vec::new(), begun, complete.clone()] {
        let scratch = Scratch::new();
        fs::write(scratch.file(), "").unwrap();
        fs::write(beside(&scratch, "journal"), journal).unwrap();
        scratch.store().await.ready().await.unwrap();
    }
    // A journal of a database that had pages.
    let scratch = Scratch::new();
    fs::write(scratch.file(), "").unwrap();
    fs::write(beside(&scratch, "journal"), [&complete[..19], &[1], &complete[20..]].concat()).unwrap();
    is_left(&scratch).await;

    // Everything is in the log, and the process that wrote it died.
    let (dead, scratch) = (Scratch::new(), Scratch::new());
    let open = dead.raw_with("PRAGMA journal_mode = WAL; SELECT count(*) FROM sqlite_master");
    migrate(&dead.file()).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("amo-connect.db{suffix}");
        fs::copy(dead.file().with_file_name(&name), scratch.file().with_file_name(&name)).unwrap();
    }
    drop(open);
    assert_eq!(migrate(&scratch.file()).await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_which_nobody_knows_whose_it_is_is_left() {
    let (made, scratch) = (Scratch::new(), Scratch::new());
    let open = made.raw_with(
        "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE bookmarks (a); DROP TABLE bookmarks",
    );
    for suffix in ["", "-wal"] {
        let name = format!("amo-connect.db{suffix}");
        fs::copy(made.file().with_file_name(&name), scratch.file().with_file_name(&name)).unwrap();
    }
    drop(open);
    is_left(&scratch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_fills_at_the_last_moment_is_refused() {
    let scratch = Scratch::new();
    scratch.execute("PRAGMA user_version = 1");
    // Whoever looks at the file is in the way of a commit for a moment.
    let mut other = scratch.raw_with("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE");
    let file = scratch.file();
    let ours = tokio::spawn(async move { migrate(&file).await });
    // It has looked at the file, and waits for the lock.
    while fs::metadata(scratch.file()).unwrap().mode() & 0o777 != 0o600 {
        tokio::task::yield_now().await;
    }
    other.batch_execute("CREATE TABLE bookmarks (a); COMMIT").unwrap();
    let refused = ours.await.unwrap().unwrap_err();
    assert!(matches!(refused, OpenError::NoDatabase { .. }), "{refused:?}");
}

#[test]
fn a_name_that_may_hold_a_password_is_shown_by_no_error() {
    for (path, shown) in [("/srv/a b.db", true), ("/u/hunter2@host/db", false), ("/a password=hunter2", false)] {
        let error = OpenError::NoDatabase { path: std::path::Path::new(path).into(), what: "is a directory" };
        for text in [error.to_string(), format!("{error:?}")] {
            assert_eq!((text.contains(path), text.contains("hunter2")), (shown, false), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_a_path_whatever_it_looks_like() {
    let scratch = Scratch::new();
    let path = scratch.file().with_file_name("file:odd name?mode=memory#%20.db");
    let store = SqliteTokenStore::open(&path, TokenKeys::parse(KEY).unwrap(), options()).await.unwrap();
    store.ready().await.unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_has_our_settings() {
    #[derive(Debug, PartialEq, diesel::QueryableByName)]
    struct Settings {
        #[diesel(sql_type = diesel::sql_types::Text)]
        journal_mode: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        synchronous: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        timeout: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        foreign_keys: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        query_only: i64,
    }
    let scratch = Scratch::new();
    drop(scratch.store().await);
    for (purpose, query_only) in [(Use::Writing, 0), (Use::Reading, 1)] {
        let mut connection = connect(scratch.file().to_str().unwrap(), purpose, options().busy_timeout).unwrap();
        let query = diesel::sql_query(
            "SELECT * FROM pragma_journal_mode, pragma_synchronous, pragma_busy_timeout,
                           pragma_foreign_keys, pragma_query_only",
        );
        let settings: Settings = query.get_result(&mut connection).unwrap();
        let expected =
            Settings { journal_mode: "wal".to_owned(), synchronous: 2, timeout: 20_000, foreign_keys: 1, query_only };
        assert_eq!(settings, expected);
    }
}
