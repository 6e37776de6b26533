//! What is refused, and what it says.

use amo_connect_sandbox::Faults;
use amo_connect_tests::{ACCOUNT, start, until};

use crate::stage::{NEW, OLD, OTHER, OTHER_OLD, Stage};

fn both(first: &str, last: &str) -> String {
    format!("{first},{last}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_key_that_a_running_instance_cannot_open_is_refused() {
    let stage = Stage::on_postgres().await;
    let old = stage.serve(OLD).await;
    let told = stage.refusal(&both(NEW, OLD)).await;
    assert_eq!(told.matches("1 of the running instances cannot open what is sealed under new").count(), 1, "{told}");
    let told = stage.refusal(OTHER_OLD).await;
    assert!(told.contains("the key old is not the key that running instances have under this name"), "{told}");
    old.into_process().stop().await;
    // What stopped in order is forgotten at once.
    stage.serve(&both(NEW, OLD)).await.into_process().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_the_key_that_others_seal_under_is_refused() {
    let stage = Stage::on_sqlite().await;
    let new = stage.serve(&both(NEW, OLD)).await;
    let told = stage.refusal(OLD).await;
    assert!(told.contains("running instances seal under new, which is not in TOKEN_KEYS"), "{told}");
    drop(new);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_anew_while_an_instance_seals_under_the_old_key() {
    let stage = Stage::on_sqlite().await;
    let service = stage.serve(&both(OLD, NEW)).await;
    stage.connect_users(&service).await;
    let (code, printed, told) = stage.rotate(&both(NEW, OLD)).await;
    assert_eq!((code, printed.as_str()), (Some(1), ""), "{told}");
    assert!(told.contains("1 of the running instances still seal under old: put new first"), "{told}");
    let (code, printed, told) = stage.rotate(&both(OLD, NEW)).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(printed.contains("Sealed anew: 0."), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_anew_while_a_command_refreshes_under_the_old_key() {
    let stage = Stage::on_sqlite().await;
    let service = stage.serve(OLD).await;
    stage.connect_by(&service, "olena", ACCOUNT).await;
    service.into_process().stop().await;
    stage.sandbox.set_faults(Faults { token_latency_ms: 5_000, ..Faults::default() }).unwrap();
    let before = stage.sandbox.stats().token_requests;
    let settings = stage.settings_with(&both(OLD, NEW));
    let refresh = start(&["connections", "refresh", "olena"], &settings, &[], &stage.folder());
    until("the token is sent", async || stage.sandbox.stats().token_requests > before).await;
    let (code, _, told) = stage.rotate(&both(NEW, OLD)).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("1 of the running instances still seal under old: put new first"), "{told}");
    let (code, _, told) = refresh.ended().await;
    assert_eq!(code, Some(0), "{told}");
    let (code, printed, told) = stage.rotate(&both(NEW, OLD)).await;
    assert_eq!((code, printed.contains("Sealed anew: 1.")), (Some(0), true), "{printed}{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_open_nothing_are_refused_unless_that_is_allowed() {
    let stage = Stage::on_sqlite().await;
    let service = stage.serve(OLD).await;
    stage.connect_users(&service).await;
    service.into_process().stop().await;
    for wrong in [NEW, OTHER_OLD] {
        let told = stage.refusal(wrong).await;
        assert!(
            told.contains("20 of 20 records with tokens are sealed under keys that are not in it: old (20)"),
            "{told}"
        );
    }
    let settings = stage.settings_with(NEW);
    let served = amo_connect_tests::Served::begin(&settings, &[("ALLOW_MISSING_KEYS", "true")], &stage.folder());
    let line = served.process().until_logged("stored tokens cannot be opened with TOKEN_KEYS").await;
    assert!(line.contains("ERROR") || line.contains("\"level\":\"ERROR\""), "{line}");
    served.process().until_logged("serving").await;
    served.into_process().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_nobody_can_open_does_not_hide_which_keys_are_out_of_use() {
    let stage = Stage::on_sqlite().await;
    let lost = stage.serve(OTHER).await;
    stage.connect_by(&lost, "lost", ACCOUNT).await;
    lost.into_process().stop().await;
    let (settings, further) = (stage.settings_with(OLD), [("ALLOW_MISSING_KEYS", "true")]);
    let service = amo_connect_tests::Served::start_with(&settings, &further, &stage.folder()).await;
    stage.connect_users(&service).await;
    service.into_process().stop().await;
    let (code, printed, told) = stage.rotate(&both(NEW, OLD)).await;
    assert_eq!((code, printed.contains("Sealed anew: 20.")), (Some(1), true), "{printed}{told}");
    assert!(told.contains("nothing is sealed under the other keys: old"), "{told}");
    assert!(told.contains("1 rows cannot be opened with TOKEN_KEYS and were left as they are: other (1)"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_records_that_nobody_can_open_are_told_and_do_not_stop_a_start() {
    let stage = Stage::on_postgres().await;
    // One in a hundred and one.
    let lost = stage.serve(NEW).await;
    stage.connect_by(&lost, "lost", ACCOUNT).await;
    lost.into_process().stop().await;
    let told = stage.refusal(OLD).await;
    assert!(told.contains("1 of 1 records"), "{told}");
    let settings = stage.settings_with(OLD);
    let further = [("ALLOW_MISSING_KEYS", "true")];
    let service = amo_connect_tests::Served::start_with(&settings, &further, &stage.folder()).await;
    for number in 0..100 {
        stage.connect_by(&service, &format!("u{number}"), ACCOUNT).await;
    }
    service.into_process().stop().await;
    let service = stage.serve(OLD).await;
    assert_eq!(service.process().times_logged("stored tokens cannot be opened with TOKEN_KEYS"), 1);
}
