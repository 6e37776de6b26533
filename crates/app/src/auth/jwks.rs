//! The app's key set (JWKS), kept through an outage of its host.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use amo_connect_adapters::http::{HttpClient, HttpLimits};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::keys::Key;

/// How often an unknown key id may ask the host.
const ASKED_EVERY: Duration = Duration::from_mins(1);

/// How often the set is fetched anyway.
const FETCHED_EVERY: Duration = Duration::from_mins(10);

/// How soon after a failure the set is fetched again that was never fetched: nobody is served without it. The pause
/// doubles up to [`ASKED_EVERY`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long the host may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest set that is read.
const LONGEST_SET: usize = 256 * 1024;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The set has none of this id.
    Unknown,
    /// The set was never fetched.
    NeverFetched,
}

/// Keys by their ids, those of one id as none.
type Keys = HashMap<Option<String>, Option<Arc<Key>>>;

/// The keys of one address.
pub struct KeySet {
    url: Url,
    http: HttpClient,
    /// `None` before the first good answer.
    keys: RwLock<Option<Keys>>,
    /// When the host was last asked.
    asked_at: Mutex<Option<Instant>>,
    asked_every: Duration,
    fetched_every: Duration,
    first_pause: Duration,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl KeySet {
    /// The set at `url`, which is not fetched yet.
    ///
    /// # Errors
    /// If there can be no HTTP client.
    pub fn new(url: Url) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let limits = HttpLimits {
            connect_timeout: TIMEOUT,
            timeout: TIMEOUT,
            longest_body: LONGEST_SET,
            is_local: url.scheme() == "http",
            // The operator's own backend, wherever it is.
            private_addresses: true,
        };
        let http = HttpClient::unpooled(limits)?;
        Ok(Self {
            url,
            http,
            keys: RwLock::default(),
            asked_at: Mutex::default(),
            asked_every: ASKED_EVERY,
            fetched_every: FETCHED_EVERY,
            first_pause: FIRST_PAUSE,
        })
    }

    /// The key with this id; without an id, the only key. An unknown one asks the host, at most once a
    /// minute. Nobody waits for that who has a key.
    pub(super) async fn key(self: &Arc<Self>, id: Option<&str>) -> Result<Arc<Key>, NoKey> {
        if let Ok(key) = self.known(id) {
            return Ok(key);
        }
        let this = Arc::clone(self);
        // A caller that goes away does not end it: others wait for the same answer.
        let asked = tokio::spawn(async move {
            let mut asked_at = this.asked_at.lock().await;
            if asked_at.is_none_or(|asked_at| asked_at.elapsed() >= this.asked_every) {
                *asked_at = Some(Instant::now());
                this.fetch().await;
            }
        });
        // If it panicked, the set is as it was.
        let _ = asked.await;
        self.known(id)
    }

    fn known(&self, id: Option<&str>) -> Result<Arc<Key>, NoKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.as_ref().ok_or(NoKey::NeverFetched)?;
        let key = match id {
            Some(id) => keys.get(&Some(id.to_owned())),
            None => keys.values().next().filter(|_| keys.len() == 1),
        };
        key.cloned().flatten().ok_or(NoKey::Unknown)
    }

    /// Fetches the set now, again soon until there is one, and then again and again.
    pub async fn keep_fetching(&self) {
        let mut pause = self.first_pause;
        loop {
            *self.asked_at.lock().await = Some(Instant::now());
            self.fetch().await;
            if self.keys.read().unwrap_or_else(PoisonError::into_inner).is_some() {
                tokio::time::sleep(self.fetched_every).await;
            } else {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ASKED_EVERY);
            }
        }
    }

    /// Takes the host's answer for the set, if it is a good one. A key that it has no more is gone.
    async fn fetch(&self) {
        let answer = match self.http.get(self.url.clone()).await {
            Ok(answer) => answer,
            Err(loss) => return tracing::warn!(error = %loss, "key set not fetched"),
        };
        let body = answer.whole().ok().filter(|_| answer.status.is_success());
        let Some(set) = body.and_then(|body| serde_json::from_slice::<Set>(body).ok()) else {
            return tracing::warn!(http.status = answer.status.as_u16(), "key set not fetched: it is no key set");
        };
        let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let usable = jwks.filter_map(|jwk| Some((jwk.common.key_id.clone(), Arc::new(Key::from_jwk(&jwk)?))));
        let mut keys = Keys::new();
        for (id, key) in usable {
            // Of two keys with one id, or without one, a token cannot say which it means.
            keys.entry(id).and_modify(|known| *known = None).or_insert(Some(key));
        }
        if keys.is_empty() {
            return tracing::warn!("key set not fetched: it has no key for RS256, ES256 or EdDSA");
        }
        let doubled = keys.values().filter(|key| key.is_none()).count();
        if doubled > 0 {
            tracing::warn!(ids = doubled, "the key set has two keys of one id: tokens that name it are refused");
        }
        tracing::info!(keys = keys.len() - doubled, "key set fetched");
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A host that answers each request with the next of `answers`, and then not at all. Returns its
    /// address and how often it was asked.
    async fn host(answers: Vec<(u16, Value)>) -> (Url, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap()).parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            let mut silent = Vec::new();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut head = [0; 4096];
                let _ = socket.read(&mut head).await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let Some((status, body)) = answers.next() else {
                    silent.push(socket);
                    continue;
                };
                let body = body.to_string();
                let head =
                    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                socket.write_all((head + &body).as_bytes()).await.unwrap();
            }
        });
        (url, asked)
    }

    /// An Ed25519 key of a set.
    fn key(id: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "alg": "EdDSA",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
    }

    fn set(url: Url, asked_every: Duration) -> Arc<KeySet> {
        Arc::new(KeySet { asked_every, ..KeySet::new(url).unwrap() })
    }

    async fn has(set: &Arc<KeySet>, id: &str) -> Result<(), NoKey> {
        set.key(Some(id)).await.map(drop)
    }

    #[tokio::test]
    async fn a_good_answer_replaces_the_set_and_a_bad_one_changes_nothing() {
        let answers = vec![
            (200, json!({ "keys": [key("one")] })),
            (500, json!({ "keys": [key("two")] })),
            (200, json!({ "error": "keys" })),
            (200, json!({ "keys": [] })),
            (200, json!({ "keys": [key("two")] })),
        ];
        let (url, asked) = host(answers).await;
        let set = set(url, Duration::ZERO);
        assert_eq!(has(&set, "one").await, Ok(()));
        for _ in 0..3 {
            assert_eq!(has(&set, "two").await, Err(NoKey::Unknown));
            assert_eq!(has(&set, "one").await, Ok(()));
        }
        assert_eq!(has(&set, "two").await, Ok(()));
        assert_eq!(asked.load(Ordering::SeqCst), 5);
        assert_eq!(set.known(Some("one")).err(), Some(NoKey::Unknown));
    }

    #[tokio::test]
    async fn unknown_keys_ask_once_a_minute_together() {
        let (url, asked) = host(vec![(200, json!({ "keys": [key("one")] }))]).await;
        let set = set(url, ASKED_EVERY);
        let all = futures_util::future::join_all((0..20).map(|_| has(&set, "unheard of"))).await;
        assert!(all.iter().all(|outcome| *outcome == Err(NoKey::Unknown)));
        assert_eq!(has(&set, "one").await, Ok(()));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn who_has_a_key_waits_for_no_fetch() {
        let (url, asked) = host(vec![(200, json!({ "keys": [key("one")] }))]).await;
        let set = set(url, Duration::ZERO);
        assert_eq!(has(&set, "one").await, Ok(()));
        let waiting = tokio::spawn({
            let set = Arc::clone(&set);
            async move { has(&set, "two").await }
        });
        while asked.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(has(&set, "one").now_or_never(), Some(Ok(())));
        waiting.abort();
    }

    #[tokio::test]
    async fn the_set_is_fetched_again_and_again_and_nobody_has_to_ask() {
        let answers = ["one", "two"].map(|id| (200, json!({ "keys": [key(id)] })));
        let (url, asked) = host(answers.into()).await;
        let set = Arc::new(KeySet { fetched_every: Duration::ZERO, ..KeySet::new(url).unwrap() });
        let fetching = tokio::spawn({
            let set = Arc::clone(&set);
            async move { set.keep_fetching().await }
        });
        while asked.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        assert_eq!(set.known(Some("two")).map(drop), Ok(()));
        assert_eq!(set.known(Some("one")).err(), Some(NoKey::Unknown));
        fetching.abort();
    }

    #[tokio::test]
    async fn a_set_that_was_never_fetched_is_fetched_again_soon() {
        let (url, asked) = host(vec![(503, json!({})), (200, json!({ "keys": [key("one")] }))]).await;
        let set = Arc::new(KeySet { first_pause: Duration::ZERO, ..KeySet::new(url).unwrap() });
        let fetching = tokio::spawn({
            let set = Arc::clone(&set);
            async move { set.keep_fetching().await }
        });
        while set.known(Some("one")).is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        fetching.abort();
    }

    #[tokio::test]
    async fn a_set_that_was_never_fetched_knows_nobody() {
        let (url, _) = host(vec![(503, json!({}))]).await;
        assert_eq!(has(&set(url, ASKED_EVERY), "one").await, Err(NoKey::NeverFetched));
    }

    #[tokio::test]
    async fn two_keys_of_one_id_are_nobodys() {
        let mut unnamed = key("");
        unnamed.as_object_mut().unwrap().remove("kid");
        for (twice, id) in [(key("one"), Some("one")), (unnamed, None)] {
            let (url, _) = host(vec![(200, json!({ "keys": [twice, twice] }))]).await;
            let set = set(url, ASKED_EVERY);
            assert_eq!(set.key(id).await.err(), Some(NoKey::Unknown), "{id:?}");
        }
    }

    #[tokio::test]
    async fn keys_for_anything_but_known_signatures_are_left_out() {
        let with = |name: &str, value: Value| {
            let mut odd = key("odd");
            odd[name] = value;
            odd
        };
        let odd = [
            with("use", json!("enc")),
            with("key_ops", json!(["sign"])),
            with("alg", json!("ES256")),
            with("crv", json!("P-384")),
            with("x", json!(7)),
            json!({ "kty": "oct", "kid": "odd", "k": "c2VjcmV0" }),
        ];
        for odd in odd {
            let (url, _) = host(vec![(200, json!({ "keys": [odd, key("one")] }))]).await;
            let set = set(url, ASKED_EVERY);
            assert_eq!((has(&set, "odd").await, has(&set, "one").await), (Err(NoKey::Unknown), Ok(())), "{odd}");
            assert!(set.key(None).await.is_ok(), "one key needs no id");
        }
    }
}
