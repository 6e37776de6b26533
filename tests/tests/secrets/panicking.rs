//! A panic whose own words have a secret: neither the line of the log nor the answer has them.

use std::process::Stdio;

use amo_connect::config::{LogFormat, LogsConfig};
use amo_connect::telemetry::{self, Subject};
use amo_connect_contract::FakeAmo;
use amo_connect_contract::fixtures::host;
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::ports::{MockAmoClient, TokenEndpoint as _};
use amo_connect_tests::TestApp;
use tokio::process::Command;

use crate::outputs::Outputs;
use crate::planted::{Kind, Secrets, plain};

/// The code that the process which panics is given. Without it this test starts that process.
const GIVEN: &str = "SECRETS_OF_A_PANIC";

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_shows_no_words_that_were_put_together_at_run_time() {
    #[expect(clippy::disallowed_methods, reason = "it speaks to itself by a variable")]
    if let Ok(code) = std::env::var(GIVEN) {
        return panic_with(code).await;
    }
    let (secrets, outputs) = (Secrets::default(), Outputs::default());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "panicking::a_panic_shows_no_words_that_were_put_together_at_run_time", "--nocapture"]);
    command.env(GIVEN, secrets.plant(Kind::Code, plain())).env("RUST_BACKTRACE", "1").stdin(Stdio::null());
    let output = command.output().await.unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    assert_eq!(log.matches("the program panicked at tests/tests/secrets/panicking.rs:").count(), 4, "{log}");
    assert!(log.contains("a text of the program"), "{log}");
    outputs.take("the log", log);
    outputs.take("the answers", output.stdout);
    outputs.check(&secrets, &["the log", "the answers"]);
}

/// A service whose amoCRM client panics whenever it is sent this code, in a handler and in tasks.
#[expect(clippy::panic, reason = "that is what is looked at")]
async fn panic_with(code: String) {
    let logs = LogsConfig { format: Some(LogFormat::Json), directives: "trace".to_owned() };
    let logging = telemetry::init(&logs, Subject::Service, None);
    let words: [fn(&str); 4] = [
        |code| panic!("the code is {code}"),
        // The words of a library that repeat a text, and a list of bytes.
        |code| drop(code[..=code.len()].to_owned()),
        |code| drop(String::from_utf8([code.as_bytes(), &[0xff]].concat()).unwrap()),
        |_| panic!("a text of the program"),
    ];
    let mut amo = MockAmoClient::new();
    amo.expect_fingerprint().return_const(ClientFingerprint::default());
    amo.expect_read_callback().returning(|parameters| FakeAmo::new().read_callback(parameters));
    amo.expect_token_host().returning(Clone::clone);
    amo.expect_authorization_url().returning(|_, _| "https://www.amocrm.ru/oauth".parse().unwrap());
    // Each expectation is used up by one call: its lock is poisoned by the panic.
    for word in words {
        amo.expect_exchange().times(1).returning(move |_, code| {
            word(code.expose());
            unreachable!()
        });
    }
    let app = TestApp::new().amo(amo).start().await;
    for number in 0..words.len() {
        let user = format!("user-{number}");
        let attempt = app.attempt(&user).await;
        let code = format!("{code}{number}");
        let page = app.callback(&[("code", &code), ("state", &attempt.state), ("referer", host(1).as_str())]).await;
        assert!(page.status >= 500, "{page:?}");
        let shown = format!("{page:?}").replace(&attempt.state, "…");
        #[expect(clippy::print_stdout, reason = "the process that has started this one reads it")]
        {
            println!("{shown}");
        }
    }
    drop(logging);
    // The mock complains of its poisoned locks when it is dropped.
    std::process::exit(0);
}
