//! `DATABASE_URL`: a file of SQLite's or an address of PostgreSQL's, and nothing taken for either.

use crate::{KEYS, run};

/// Neither a path nor a PostgreSQL address, though some of them could be a file's name.
const NEITHER: [&str; 55] = [
    "host=db user=u password=hunter2 dbname=q",
    "dbname=q password=hunter2",
    "password = hunter2",
    "postgresql host=db password=hunter2",
    "postgre://u:hunter2@host/app",
    "Postgres://u:hunter2@host/app",
    "postgres:/u:hunter2@host/app",
    "postgres:u:hunter2@host/app",
    "postgres//u:hunter2@host/app",
    "//u:hunter2@host/app",
    "u:hunter2@host/app",
    "app/u:hunter2@host",
    "mysql://u:hunter2@host/app",
    "jdbc:postgresql://host/app?password=hunter2",
    "sqlite3:hunter2.db",
    "SQLITE:hunter2.db",
    "file:hunter2.db",
    "sqlite:file:hunter2.db",
    "sqlite://hunter2.db",
    "sqlite:postgres://u:hunter2@host/app",
    "sqlite:hunter2.db?mode=rwc",
    "hunter2.db?mode=rwc",
    "sqlite::memory:",
    ":memory:",
    "sqlite:",
    "sqlite://",
    "C:\\hunter2.db",
    // The forms of other programs and libraries.
    "Host=db;Username=u;Password=hunter2;Database=q",
    "Server=db;User Id=u;Password=hunter2",
    "HOST=db USER=u PASSWORD=hunter2",
    "PGHOST=db PGPASSWORD=hunter2",
    "Driver={PostgreSQL};Server=h;Pwd=hunter2",
    "Data Source=hunter2.db",
    "sqlite:host=db user=u password=hunter2",
    "sqlite:Password=hunter2",
    "sqlite:/run/postgresql user=u password=hunter2",
    "sqlite:/tmp/app.db;Password=hunter2",
    "./app.db&key=hunter2",
    "/tmp/app.db PWD=hunter2",
    "/tmp PASSWORD hunter2",
    "db -U u password hunter2",
    "u/hunter2@host/db",
    "u/hunter2@host",
    "hunter2@host.db",
    "sqlite:u/hunter2@host/db",
    "sqlite:///u:hunter2@host/db",
    r#"{"host":"db","password":"hunter2"}"#,
    r#"sqlite:{"password" "hunter2"}"#,
    r#"password="hunter2""#,
    r#""postgres://u:hunter2@host/app""#,
    "'hunter2.db'",
    "host db, password hunter2",
    "$HOME/hunter2.db",
    "app.db\nhunter2",
    "hunter2\\app.db",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_neither_a_file_nor_a_postgresql_address_is_refused_unrepeated() {
    let folder = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 6] = [
        &["serve"],
        &["migrate"],
        &["keys", "rotate"],
        &["connections", "list"],
        &["connections", "show", "olena"],
        &["connections", "disconnect", "olena"],
    ];
    for (place, url) in NEITHER.iter().enumerate() {
        // Each by one command, as a variable and as a flag; the first by all.
        let some = if place == 0 { &commands[..] } else { &commands[place % 6..=place % 6] };
        for command in some {
            for (arguments, variable) in [(&[][..], Some(*url)), (&["--database-url", url], None)] {
                let arguments = [command, arguments].concat();
                let mut variables = vec![("TOKEN_KEYS", KEYS)];
                variables.extend(variable.map(|url| ("DATABASE_URL", url)));
                let (code, output, complaint) = run(&arguments, &variables, folder.path()).await;
                assert_eq!((code, output.as_str()), (Some(1), ""), "{url} by {command:?}: {complaint}");
                assert!(complaint.contains("DATABASE_URL: "), "{url} by {command:?}: {complaint}");
                let right = ["sqlite:", "postgres://", "has quotes around it"];
                assert!(right.iter().any(|right| complaint.contains(right)), "{url}: {complaint}");
                assert!(!complaint.contains("hunter2"), "{url} by {command:?}: {complaint}");
                let made = std::fs::read_dir(folder.path()).unwrap().count();
                assert_eq!(made, 0, "{url} by {command:?} has made a file");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_relative_or_absolute_with_sqlite_or_without() {
    let folder = tempfile::tempdir().unwrap();
    let absolute = folder.path().join("d.db").display().to_string();
    let urls = [
        ("sqlite:a.db".to_owned(), "a.db"),
        ("b.db".to_owned(), "b.db"),
        ("./c:c=c.db".to_owned(), "c:c=c.db"),
        (absolute.clone(), "d.db"),
        (format!("sqlite:{}", absolute.replace("d.db", "e e.db")), "e e.db"),
        (format!("sqlite://{}", absolute.replace("d.db", "f.db")), "f.db"),
        // What is odd needs a path that is plainly one.
        ("sqlite:./g=g@g.db".to_owned(), "g=g@g.db"),
        (absolute.replace("d.db", "h#1,%20.db"), "h#1,%20.db"),
        ("комора (1).db".to_owned(), "комора (1).db"),
    ];
    for (url, file) in urls {
        let (code, output, complaint) = run(&["migrate"], &[("DATABASE_URL", &url)], folder.path()).await;
        assert_eq!(code, Some(0), "{url}: {complaint}");
        assert!(output.starts_with("Applied "), "{url}: {output}");
        assert!(folder.path().join(file).exists(), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_path_is_not_repeated_and_a_plain_one_is() {
    let folder = tempfile::tempdir().unwrap();
    for (url, repeated) in [("./u/hunter2@host/db", false), ("/u/hunter2=1/db", false), ("nowhere/a.db", true)] {
        let (code, _, complaint) = run(&["migrate"], &[("DATABASE_URL", url)], folder.path()).await;
        assert_eq!(code, Some(1), "{url}: {complaint}");
        assert!(complaint.contains("DATABASE_URL: ") && complaint.contains("does not exist"), "{url}: {complaint}");
        assert_eq!((complaint.contains(url), complaint.contains("hunter2")), (repeated, false), "{complaint}");
    }
}
