//! Floods of requests that are cheap to send.

use std::time::Duration;

use reqwest::header::HeaderValue;
use serde_json::{Map, json};

use super::{Answers, Attack, gate};
use crate::accounts;
use crate::call::client;
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(30);

/// How many users disconnect again and again.
pub(crate) const DISCONNECTERS: usize = 200;

/// How many members the JWT has that is too long.
const MEMBERS: usize = 5_000;

/// Sends what the attack sends to the instance that stays.
pub(super) async fn flood(stage: &Stage, attack: Attack, answers: &Answers) {
    let base = format!("http://{}", stage.instances.address(crate::instances::STAYS));
    let api = format!("{base}/api/amo-crm");
    let http = client(PATIENCE, 300);
    match attack {
        Attack::Disconnects => {
            let jwts: Vec<_> = (0..DISCONNECTERS).map(|place| accounts::jwt(&format!("leaver-{place}"))).collect();
            gate::send(attack, answers, 600, 200, |number| {
                let place = number % jwts.len();
                let post = http.post(format!("{api}/disconnect")).bearer_auth(&jwts[place]);
                post.header("X-Forwarded-For", accounts::address(68, place))
            })
            .await;
        }
        Attack::Readyz => {
            gate::send(attack, answers, 1_000, 100, |number| {
                http.get(format!("{base}/readyz")).header("X-Forwarded-For", accounts::address(69, number % 250))
            })
            .await;
        }
        Attack::Hooks => {
            gate::send(attack, answers, 600, 200, |number| {
                let account = accounts::number(number % accounts::SHARED);
                let query = format!("account_id={account}&client_uuid=sandbox&signature={number:064x}");
                let get = http.get(format!("{api}/hooks/disconnected?{query}"));
                get.header("X-Forwarded-For", accounts::address(70, number % 250))
            })
            .await;
        }
        Attack::LongTokens => {
            let jwt = long_token();
            gate::send(attack, answers, 400, 100, |number| {
                let get = http.get(format!("{api}/status")).bearer_auth(&jwt);
                get.header("X-Forwarded-For", accounts::address(71, number % 250))
            })
            .await;
        }
        _ => {
            gate::send(attack, answers, 600, 100, |number| {
                let odd = [b"203.0.113.9, \xd1\x85".as_slice(), number.to_string().as_bytes()].concat();
                let odd = HeaderValue::from_bytes(&odd).unwrap();
                http.get(format!("{api}/status")).header("X-Forwarded-For", odd)
            })
            .await;
        }
    }
}

/// A JWT of some 58 kB, signed as the app signs.
fn long_token() -> String {
    let mut claims: Map<_, _> = (0..MEMBERS).map(|number| (format!("{number:04}"), json!(0))).collect();
    claims.insert("sub".to_owned(), json!("mallory"));
    claims.insert("exp".to_owned(), json!(4_000_000_000_u64));
    amo_connect_tests::signed(&claims.into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_token_is_as_long_as_the_one_that_was_found() {
        let length = super::long_token().len();
        assert!((50_000..70_000).contains(&length), "{length}");
    }
}
