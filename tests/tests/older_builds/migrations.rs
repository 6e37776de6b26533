//! Expand, then contract: what a migration may do while builds of the last release still serve.

use std::collections::BTreeMap;

use crate::released::{KINDS, Kind, releases, root};

/// The migrations of a database: what each does, by its version.
fn migrations(kind: Kind) -> BTreeMap<String, String> {
    let folder = root().join("migrations").join(kind.name());
    let version = |name: &str| name.split_once('_').unwrap().0.to_owned();
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let up = std::fs::read_to_string(entry.path().join("up.sql")).unwrap();
            (version(entry.file_name().to_str().unwrap()), up)
        })
        .collect()
}

/// The statements of a script, in capitals, without comments and line ends.
fn statements(script: &str) -> Vec<String> {
    let code: Vec<_> = script.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code)).collect();
    let plain = |statement: &str| statement.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    code.join(" ").split(';').map(plain).filter(|statement| !statement.is_empty()).collect()
}

/// The oldest migration that a build has to know after this script, as the script says.
fn stated(script: &str) -> Option<String> {
    let mut stating = statements(script)
        .into_iter()
        .filter(|statement| statement.contains("SCHEMA_COMPATIBILITY") && !statement.starts_with("CREATE TABLE"));
    let statement = stating.next()?;
    assert_eq!(stating.next(), None, "it is said twice");
    Some(statement.rsplit('\'').nth(1)?.to_owned())
}

/// The statements after which a build that does not know the script may fail: it asks for what is gone,
/// or writes what is refused.
fn contracting(script: &str) -> Vec<String> {
    let made_here: Vec<_> = statements(script)
        .iter()
        .filter_map(|statement| statement.strip_prefix("CREATE TABLE "))
        .filter_map(|rest| rest.split([' ', '(']).next().map(ToOwned::to_owned))
        .collect();
    let is_of_new_table = |statement: &str| {
        let of = statement.split([' ', '(']).skip_while(|word| !["TABLE", "ON"].contains(word)).nth(1);
        of.is_some_and(|table| made_here.iter().any(|made| made == table))
    };
    let contracts = |statement: &String| {
        let has = |words: &str| statement.contains(words);
        let adds_needed_column = has("ADD COLUMN") && has("NOT NULL") && !has("DEFAULT");
        let alters = statement.starts_with("ALTER TABLE")
            && (["DROP COLUMN", "RENAME", "SET NOT NULL", " TYPE ", "ADD CONSTRAINT", "ADD CHECK", "ADD UNIQUE"]
                .into_iter()
                .any(has)
                || adds_needed_column);
        let others = ["DROP TABLE", "CREATE UNIQUE INDEX", "CREATE TRIGGER", "CREATE RULE", "DROP VIEW"];
        alters || others.iter().any(|words| statement.starts_with(words))
    };
    statements(script).into_iter().filter(contracts).filter(|statement| !is_of_new_table(statement)).collect()
}

/// What is wrong with the migrations since the release whose newest migration is `released`.
fn faults(migrations: &BTreeMap<String, String>, released: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = String::new();
    for (version, script) in migrations {
        let stated = stated(script);
        let is_new = version.as_str() > released;
        match &stated {
            None if is_new => faults.push(format!(
                "{version} does not say which builds can serve its schema: it has to set oldest_migration of \
                 schema_compatibility"
            )),
            Some(oldest) if is_new && !migrations.contains_key(oldest) => {
                faults.push(format!("{version} names {oldest}, which is no migration"));
            }
            Some(oldest) if is_new && oldest.as_str() > released => faults.push(format!(
                "{version} needs builds that know {oldest}, which the last release does not: expand in one release, \
                 contract in a later one"
            )),
            Some(oldest) if *oldest < before => faults.push(format!("{version} takes back what {before} has said")),
            _ => {}
        }
        if is_new && !contracting(script).is_empty() && stated.as_ref().is_none_or(|oldest| *oldest <= before) {
            faults.push(format!(
                "{version} contracts ({}), and does not raise oldest_migration above {before:?}",
                contracting(script).join("; ")
            ));
        }
        before = stated.unwrap_or(before);
    }
    faults
}

#[test]
fn the_last_release_can_serve_the_schema_of_this_build() {
    let last = releases().pop().unwrap();
    for kind in KINDS {
        let migrations = migrations(kind);
        assert!(migrations.contains_key(&last.migration), "{last:?}");
        assert_eq!(faults(&migrations, &last.migration), [""; 0], "{kind:?}");
    }
}

#[test]
fn both_databases_have_the_same_migrations_and_say_the_same_of_them() {
    let [sqlite, postgres] = KINDS.map(|kind| {
        migrations(kind).into_iter().map(|(version, script)| (version, stated(&script))).collect::<Vec<_>>()
    });
    assert_eq!(sqlite, postgres);
}

#[test]
fn each_release_has_its_statements_and_rows_on_record() {
    for release in releases() {
        for kind in KINDS {
            for what in ["statements", "rows"] {
                assert!(release.recorded(kind, what).is_file(), "{release:?} {kind:?} {what}");
            }
        }
    }
}

/// Migrations 1 and 2 are released; 2 made the table. What is wrong with `script` as migration 3.
fn faults_of(script: &str) -> Vec<String> {
    let made = "CREATE TABLE schema_compatibility (id INT); INSERT INTO schema_compatibility VALUES (1, '1');";
    let migrations = [("1", "CREATE TABLE a (b INT);"), ("2", made), ("3", script)];
    faults(&migrations.map(|(version, script)| (version.to_owned(), script.to_owned())).into(), "2")
}

const STATES_1: &str = "UPDATE schema_compatibility SET oldest_migration = '1';";

#[test]
fn a_migration_that_expands_and_says_so_is_taken() {
    for script in [
        "ALTER TABLE a ADD COLUMN c INT;",
        "ALTER TABLE a ADD COLUMN c INT NOT NULL DEFAULT 0;",
        "CREATE TABLE n (c INT NOT NULL); CREATE UNIQUE INDEX n_by_c ON n (c);",
        "CREATE INDEX a_by_b ON a (b); DROP INDEX a_by_c; -- DROP TABLE a;\n",
    ] {
        assert_eq!(faults_of(&format!("{script} {STATES_1}")), [""; 0], "{script}");
    }
}

#[test]
fn a_migration_that_says_nothing_is_refused() {
    for script in ["ALTER TABLE a ADD COLUMN c INT;", "UPDATE schema_compatibility SET oldest_migration = '9';"] {
        assert_eq!(faults_of(script).len(), 1, "{script}");
    }
}

#[test]
fn a_migration_that_contracts_has_to_raise_the_oldest_build() {
    for script in [
        "DROP TABLE a;",
        "ALTER TABLE a DROP COLUMN b;",
        "ALTER TABLE a RENAME COLUMN b TO c;",
        "ALTER TABLE a\n    ALTER COLUMN b SET NOT NULL;",
        "ALTER TABLE a ALTER COLUMN b TYPE TEXT;",
        "ALTER TABLE a ADD COLUMN c INT NOT NULL;",
        "CREATE UNIQUE INDEX a_by_b ON a (b);",
    ] {
        assert_eq!(faults_of(&format!("{script} {STATES_1}")).len(), 1, "{script}");
        let raised = STATES_1.replace("'1'", "'2'");
        assert_eq!(faults_of(&format!("{script} {raised}")), [""; 0], "{script}");
    }
}

#[test]
fn what_the_last_release_does_not_know_cannot_be_needed() {
    let needs_itself = STATES_1.replace("'1'", "'3'");
    let faults = faults_of(&format!("ALTER TABLE a DROP COLUMN b; {needs_itself}"));
    assert!(faults.len() == 1 && faults[0].contains("contract in a later one"), "{faults:?}");
}
