//! In which order the codes of strangers are sent.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what a test stands on fails it")]

#[expect(dead_code, reason = "some of it is for the limited client's tests alone")]
#[path = "rate_limited_client/virtual_time.rs"]
mod virtual_time;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::fixtures::{at, grant, host, settings, user};
use amo_connect_contract::{Asked, FakeAmo, MemoryTokenStore, TestClock};
use amo_connect_domain::authorization::callback::Parameters;
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ports::{NoObserver, Runtime as _, Storage, TokenStore as _};
use amo_connect_domain::usecase::UseCases;
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use futures_util::FutureExt as _;
use futures_util::future::{join_all, select};

use crate::virtual_time::Virtual;

/// How often the clock of the store is moved.
const TICK: Duration = Duration::from_millis(50);

/// Fewer than may wait.
const STRANGERS: u8 = 12;

#[test]
fn strangers_are_served_in_the_order_of_their_coming() {
    let store = MemoryTokenStore::with_clock(TestClock::still(at(0)));
    let time = Virtual::default();

    let amo = FakeAmo::new().with_accounts(1..=u64::from(STRANGERS));
    let storage: Arc<dyn Storage> = Arc::new(store.clone());
    let client = RateLimitedClient::unlimited(Arc::new(amo.clone()));
    let use_cases = UseCases::new(storage.into(), client, Arc::new(time.clone()), Arc::new(NoObserver), settings());

    // Hosts with a connection, which have no other limit than that of all.
    for number in 1..=STRANGERS {
        let mut connection = CrmConnection::new(user(&format!("user-{number}")));
        connection.connect(grant(u64::from(number), "x"), at(0));
        store.save(&connection, None).now_or_never().unwrap().unwrap();
    }
    let strangers = (1..=STRANGERS).map(|number| {
        let query = format!("code=made-up-{number}&referer={}", host(u64::from(number)));
        let callback = use_cases.read_callback(&Parameters::parse(&query));
        use_cases.receive_callback(callback, CallerNetwork([number; 8]))
    });
    let ticking = async {
        loop {
            time.sleep(TICK).await;
            store.test_clock().advance(TICK);
        }
    };
    // They come in this order.
    time.run(select(pin!(join_all(strangers)), pin!(ticking)));

    let asked = amo.asked();
    let sent: Vec<_> = asked.iter().filter(|asked| matches!(asked, Asked::Exchange { .. })).map(Asked::host).collect();
    let coming: Vec<_> = (1..).map(host).take(sent.len()).collect();
    assert!(sent.len() >= 4, "{sent:?}");
    assert_eq!(sent, coming.iter().collect::<Vec<_>>());
}
