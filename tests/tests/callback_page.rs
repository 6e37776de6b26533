//! What the callback's page is on the wire: its headers, its language, its values, its reference.

use std::collections::HashSet;
use std::time::Duration;

use amo_connect_tests::{ACCOUNT, Answer, KEPT, Process, World, word_after};

/// What anybody may put into a code or a state.
const HOSTILE: [&str; 14] = [
    "def50200\"><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "';alert(1)//",
    "`${alert(1)}`",
    "&quot;&#x22;&amp;success=true",
    "<!-- ]]> -->",
    "a#b?c=d&success=true",
    "%22%3E%00",
    "a\r\nSet-Cookie: a=b",
    "\0\u{1}\u{7f}\u{85}",
    "\u{202e}gpj.exe\u{2066}",
    "\u{2028}\u{2029}\u{feff}",
    "javascript:alert(1)",
    "+ \\ я",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_outcomes_answer_shuts_everything_but_its_own_style_and_script() {
    let world = World::start_with(|settings| settings.address_rate = Some("1".to_owned())).await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let connected = [("code", code.as_str()), ("state", &attempt.state), ("referer", &referer)];
    let pages: [(u16, &[(&str, &str)]); 4] =
        [(200, &connected), (200, &connected), (200, &[("error", "access_denied")]), (400, &[("error", "x")])];
    let mut nonces = HashSet::new();
    for (status, query) in pages {
        assert_eq!(shut(&world.callback(query).await, &mut nonces), status);
    }
    // A burst of five has been spent, except what time gives back.
    while shut(&world.callback(&[]).await, &mut nonces) != 429 {}
}

/// Sees that the page of `answer` is shut; the status of it.
fn shut(answer: &Answer, nonces: &mut HashSet<String>) -> u16 {
    let policy = answer.header("content-security-policy");
    let nonce = policy.split('\'').find_map(|word| word.strip_prefix("nonce-")).unwrap_or_default();
    assert!(nonce.len() >= 32, "{policy}");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(answer.text.matches(&format!("<script nonce=\"{nonce}\">")).count(), 1);
    assert_eq!(answer.text.matches(&format!("<style nonce=\"{nonce}\">")).count(), 2);
    assert!(nonces.insert(nonce.to_owned()), "the nonce of another answer");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
        ("vary", "Accept-Language"),
        ("content-language", "en"),
    ] {
        assert_eq!(answer.header(name), value, "{name} at {}", answer.status);
    }
    answer.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_the_browsers_first_language() {
    let world = World::start().await;
    let url = world.url("/callback?error=access_denied");
    for (lines, language, heading) in [
        (vec!["uk-UA,uk;q=0.9,en;q=0.8"], "uk", "Авторизацію відхилено"),
        (vec!["ru"], "ru", "Авторизация отклонена"),
        (vec!["en", "uk"], "en", "Authorization was declined"),
        (vec!["en;q=0.5", "uk"], "uk", "Авторизацію відхилено"),
        (vec!["\u{443}\u{43a}"], "en", "Authorization was declined"),
        (vec![], "en", "Authorization was declined"),
    ] {
        let request = lines.iter().fold(world.http().get(&url), |request, line| {
            request.header("Accept-Language", reqwest::header::HeaderValue::from_bytes(line.as_bytes()).unwrap())
        });
        let page = Answer::to(request).await;
        assert_eq!(page.header("content-language"), language, "{lines:?}");
        assert!(page.text.contains(&format!("<html lang=\"{language}\">")));
        assert!(page.text.contains(&format!("<h1>{heading}</h1>")), "{}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_code_or_state_is_a_value_of_the_link_and_nothing_else() {
    let world = World::start().await;
    let harmless = world.callback(&[("error", "access_denied"), ("state", "own")]).await;
    let host = world.sandbox.host(ACCOUNT).unwrap();
    for value in HOSTILE {
        let attempt = world.attempt("olena").await;
        for query in [
            vec![("error", "access_denied"), ("state", value)],
            vec![("code", value), ("state", &attempt.state), ("referer", &host)],
            vec![("code", "def50200"), ("state", value), ("referer", "evil.example")],
        ] {
            let page = world.callback(&query).await;
            let state = query.iter().find(|(name, _)| *name == "state").map(|(_, state)| (*state).to_owned());
            assert_eq!(page.link_parameter("state"), state, "{value:?}");
            assert!(page.deep_link().bytes().all(|byte| byte.is_ascii_graphic()), "{}", page.deep_link());
            assert_eq!(page.link_parameter("success"), None);
            assert_eq!(page.text.matches('<').count(), harmless.text.matches('<').count(), "{}", page.text);
            assert_eq!(page.header("set-cookie"), "");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_on_the_page_is_in_the_log_and_nothing_of_the_redirect_is() {
    let folder = tempfile::tempdir().unwrap();
    let (process, guide) = Process::sandbox(&KEPT, folder.path()).await;
    let phone = word_after(&guide, "Open ");
    let url = format!("{phone}api/amo-crm/callback?error=access_denied&state=mystate");
    let page = Answer::to(reqwest::Client::builder().build().unwrap().get(url)).await;
    let (_, rest) = page.text.split_once("Reference: ").unwrap();
    let reference = rest.split('<').next().unwrap();
    assert_eq!(reference.len(), 8, "{reference}");
    let logged = tokio::time::timeout(Duration::from_secs(20), process.until_logged(reference));
    let line = logged.await.expect("a line with the page's reference");
    assert!(line.contains("\"callback.outcome\":\"Declined\""), "{line}");
    assert!(line.contains(page.header("x-request-id")), "{line}");
    assert!(!line.contains("mystate"), "{line}");
    process.stop().await;
}
