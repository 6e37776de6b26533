//! The documented rotation, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use amo_connect_tests::{ACCOUNT, Served};
use tokio::task::JoinHandle;

use crate::stage::{NEW, OLD, Stage, USERS, user};

/// Users who ask for their leads, each at one instance after the other, until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    asking: Vec<JoinHandle<Vec<String>>>,
}

/// An instance that may be asked: none is sent a request while it is replaced, as by a proxy that drains it.
type Place = Arc<tokio::sync::RwLock<Option<Served>>>;

impl Load {
    fn begin(places: &[Place; 2]) -> Self {
        let (stop, served) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let ask = |number: usize| {
            let (places, stop, served) = (places.clone(), Arc::clone(&stop), Arc::clone(&served));
            tokio::spawn(async move {
                let mut failed = Vec::new();
                for place in places.iter().cycle() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let place = place.read().await;
                    let Some(service) = &*place else { continue };
                    let answer = service.get(&user(number), "/leads?limit=1").await;
                    if answer.status == 200 {
                        served.fetch_add(1, Ordering::Relaxed);
                    } else {
                        failed.push(format!("{answer:?}"));
                    }
                }
                failed
            })
        };
        Self { asking: (0..USERS).map(ask).collect(), stop, served }
    }

    /// Ends when so many more were served.
    async fn go_on(&self, requests: usize) {
        let until = self.served.load(Ordering::Relaxed) + requests;
        amo_connect_tests::until("requests are served", async || self.served.load(Ordering::Relaxed) >= until).await;
    }

    async fn end(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for asking in self.asking {
            failed.extend(asking.await.unwrap());
        }
        (self.served.load(Ordering::Relaxed), failed)
    }
}

/// Replaces both instances in turn by such with these keys. New users connect in between.
async fn roll(stage: &Stage, places: &[Place; 2], load: &Load, keys: &str) {
    for (number, place) in places.iter().enumerate() {
        let old = place.write().await.take();
        if let Some(old) = old {
            old.into_process().stop().await;
        }
        let new = stage.serve(keys).await;
        stage.connect_by(&new, &format!("{number} of {keys}"), ACCOUNT).await;
        *place.write().await = Some(new);
        load.go_on(USERS).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_rotation_fails_no_request() {
    let stage = Stage::on_postgres().await;
    let places: [Place; 2] = [Place::default(), Place::default()];
    let first = stage.serve(OLD).await;
    stage.connect_users(&first).await;
    *places[0].write().await = Some(first);
    *places[1].write().await = Some(stage.serve(OLD).await);
    let load = Load::begin(&places);
    load.go_on(USERS).await;

    roll(&stage, &places, &load, &format!("{OLD},{NEW}")).await;
    roll(&stage, &places, &load, &format!("{NEW},{OLD}")).await;
    let (code, printed, told) = stage.rotate(&format!("{NEW},{OLD}")).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(printed.starts_with("Sealed anew: "), "{printed}");
    assert!(told.contains("nothing is sealed under the other keys: old"), "{told}");
    roll(&stage, &places, &load, NEW).await;

    let (served, failed) = load.end().await;
    assert_eq!(failed, [""; 0], "{served} requests were served");
    assert!(served >= 7 * USERS, "{served}");
    eprintln!("{served} requests were served during the rotation");
}
