//! What the services of all tests are set to.

use std::net::TcpListener;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use amo_connect::config::Given;

/// The deep link the tests configure.
pub const DEEP_LINK: &str = "foryoure://amo-crm/callback";

/// The secret that the app and the services of all tests share.
pub const JWT_SECRET: &str = "the secret that the app and the service share";
const TOKEN_KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How many ports each test process has to itself.
const PORTS_A_PROCESS: u32 = 8;

/// A port that nobody takes between two starts of a service: below those that the system gives
/// away by itself, and this process's own among the tests that run beside it.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(PORTS_A_PROCESS);
    let mut ports = std::iter::repeat_with(|| first.wrapping_add(NEXT.fetch_add(1, Relaxed)) % 22_000 + 10_000);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", u16::try_from(*port).unwrap())).is_ok());
    u16::try_from(free.unwrap()).unwrap()
}

/// The settings of a service at a free port of this machine.
pub(crate) fn at_a_free_port() -> Given {
    let bind = format!("127.0.0.1:{}", free_port());
    Given {
        amo_client_id: Some("sandbox".to_owned()),
        amo_client_secret: Some("sandbox-secret".to_owned()),
        amo_redirect_uri: Some(format!("http://{bind}/api/amo-crm/callback")),
        app_deep_link: Some(DEEP_LINK.to_owned()),
        jwt_secret: Some(JWT_SECRET.to_owned()),
        token_keys: Some(TOKEN_KEYS.to_owned()),
        bind: Some(bind),
        drain_delay: Some("0s".to_owned()),
        ..Given::default()
    }
}
