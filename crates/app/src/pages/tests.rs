//! What every callback page keeps: its words, its size, its silence, its contrast.

use amo_connect_domain::usecase::CallbackOutcome;

use super::*;

const NONCE: &str = "bm9uY2U";
const LANGUAGES: [Language; 3] = [Language::English, Language::Ukrainian, Language::Russian];
const OUTCOMES: [CallbackOutcome; 13] = [
    CallbackOutcome::Connected,
    CallbackOutcome::AwaitingClaim,
    CallbackOutcome::AwaitingOwner,
    CallbackOutcome::WidgetInstall,
    CallbackOutcome::Declined,
    CallbackOutcome::Failed,
    CallbackOutcome::MissingCode,
    CallbackOutcome::LinkExpired,
    CallbackOutcome::InvalidAccountHost,
    CallbackOutcome::InvalidCode,
    CallbackOutcome::CrmUnavailable,
    CallbackOutcome::StorageUnavailable,
    CallbackOutcome::TryAgain,
];

fn page(outcome: CallbackOutcome, language: Language, deep_link: &str) -> String {
    with_reference(outcome, language, deep_link, "7f3a-90c1")
}

fn with_reference(outcome: CallbackOutcome, language: Language, deep_link: &str, reference: &str) -> String {
    callback_page(&CallbackPage { outcome, deep_link, language, nonce: NONCE, reference }).into_string()
}

fn every_page(deep_link: &str) -> impl Iterator<Item = (CallbackOutcome, Language, String)> {
    OUTCOMES.into_iter().flat_map(move |outcome| {
        LANGUAGES.into_iter().map(move |language| (outcome, language, page(outcome, language, deep_link)))
    })
}

/// A link with a code and a state as long as amoCRM's longest known ones.
fn long_link() -> String {
    let (code, state) = (format!("def50200{}", "a".repeat(1000)), format!("ac1_{}", "A".repeat(43)));
    format!("foryoure://amo-crm/callback?success=true&code={code}&state={state}")
}

#[test]
fn the_sentences_that_users_know_stand_in_one_piece() {
    let english = |outcome| page(outcome, Language::English, "foryoure://x");
    for (outcome, sentence) in [
        (CallbackOutcome::Connected, "✓ Authorization successful!"),
        (CallbackOutcome::Connected, "Your AMO CRM account has been successfully connected."),
        (CallbackOutcome::Connected, "Nothing happened? Open the app yourself: your account is already connected."),
        (CallbackOutcome::AwaitingOwner, "✓ Authorization successful!"),
        (CallbackOutcome::AwaitingOwner, "Your AMO CRM account has been successfully connected."),
        (CallbackOutcome::AwaitingOwner, "Nothing happened? Open the app and connect again."),
        (CallbackOutcome::AwaitingClaim, "✓ Authorization successful!"),
        (CallbackOutcome::AwaitingClaim, "Return to the app to finish connecting."),
        (CallbackOutcome::AwaitingClaim, "Nothing happened? Open the app and connect again."),
        (CallbackOutcome::WidgetInstall, "Open the app to connect"),
        (CallbackOutcome::Declined, "Authorization was declined"),
        (CallbackOutcome::Failed, "✗ Authorization failed"),
        (CallbackOutcome::MissingCode, "✗ Authorization code is missing"),
        (CallbackOutcome::LinkExpired, "This link has expired"),
        (CallbackOutcome::InvalidAccountHost, "✗ Authorization failed"),
        (CallbackOutcome::InvalidCode, "✗ Authorization failed"),
        (CallbackOutcome::TryAgain, "Please try again in a moment"),
    ] {
        assert!(english(outcome).contains(&format!(">{sentence}<")), "{outcome:?}: {sentence}");
    }
    assert!(!english(CallbackOutcome::AwaitingClaim).contains("successfully connected"));
    assert!(!english(CallbackOutcome::AwaitingOwner).contains("already connected"));
}

#[test]
fn no_page_without_saved_tokens_can_be_read_as_being_connected() {
    for (outcome, language, html) in every_page("foryoure://x") {
        let claims = ["✓", "is connected", "successfully", "already connected", "уже підключено", "уже подключён"];
        let claims = claims.iter().any(|claim| html.contains(claim));
        assert_eq!(claims, outcome::is_success(outcome), "{outcome:?} {language:?}");
    }
}

#[test]
fn a_failure_that_a_reload_mends_says_so_and_no_other_does() {
    for (outcome, language, html) in every_page("foryoure://x") {
        let mendable = matches!(
            outcome,
            CallbackOutcome::CrmUnavailable | CallbackOutcome::StorageUnavailable | CallbackOutcome::TryAgain
        );
        assert_eq!(html.contains("<a href=\"\">"), mendable, "{outcome:?} {language:?}");
    }
    let html = page(CallbackOutcome::CrmUnavailable, Language::English, "foryoure://x");
    assert!(html.contains("<a href=\"\">Reload this page</a> in a moment to try again."));
}

#[test]
fn every_page_has_one_heading_one_button_its_language_and_its_reference() {
    for (outcome, language, html) in every_page("foryoure://x") {
        let count = |text: &str| html.matches(text).count();
        assert!(html.starts_with("<!DOCTYPE html><html lang=\""), "{outcome:?}");
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
        assert_eq!((count("<main>"), count("<h1>"), count("<button ")), (1, 1, 1), "{outcome:?} {language:?}");
        assert_eq!(count("<button id=\"return\" type=\"button\" data-link=\"foryoure://x\">"), 1);
        assert!(html.contains("7f3a-90c1"));
        let (_, without_script) = html.split_once("<noscript><p>").unwrap();
        assert!(without_script.split("</noscript>").next().unwrap().contains("<a href=\"foryoure://x\">"));
    }
    assert!(page(CallbackOutcome::Connected, Language::English, "foryoure://x").contains(">Return to App</button>"));
}

#[test]
fn no_page_weighs_ten_kilobytes() {
    let link = long_link();
    for (outcome, language, html) in every_page(&link) {
        assert!(html.len() < 10_000, "{outcome:?} {language:?}: {} bytes", html.len());
    }
}

#[test]
fn no_page_loads_anything_or_moves_by_itself() {
    for (outcome, _, html) in every_page("foryoure://x") {
        for word in [
            "http:",
            "https:",
            " src=",
            "url(",
            "@import",
            "<link",
            "<iframe",
            "<form",
            "<img",
            "http-equiv",
            "refresh",
            "location",
            "setTimeout",
            "setInterval",
            "requestAnimationFrame",
            "animation",
            "transition",
            "@keyframes",
            "onload",
            "onclick",
            ".click(",
            " style=",
            "fetch(",
            "<base",
        ] {
            assert!(!html.contains(word), "{outcome:?} has {word}");
        }
        assert_eq!(html.matches("window.open(").count(), 1);
        assert!(html.contains("addEventListener('click'"));
        assert!(html.contains("dataset.link, '_self')"));
        assert_eq!(html.matches("<script").count(), html.matches("<script nonce=\"bm9uY2U\">").count());
        assert_eq!(html.matches("<style").count(), html.matches("<style nonce=\"bm9uY2U\">").count());
    }
}

#[test]
fn a_hostile_value_stays_text_even_in_a_link_that_was_never_encoded() {
    let hostile = "def50200\"><img src=x onerror=alert(1)></script><script>alert(2)</script>\u{2028}'&amp;`";
    let escaped = "def50200&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;/script&gt;\
                   &lt;script&gt;alert(2)&lt;/script&gt;\u{2028}'&amp;amp;`";
    for (outcome, language, html) in every_page(hostile) {
        assert_eq!(html.matches("<script").count(), 1, "{outcome:?} {language:?}");
        assert!(!html.contains("<img"));
        assert_eq!(html.matches(escaped).count(), 2, "in the button's attribute and in the link's");
        let (_, script) = html.split_once("<script").unwrap();
        assert!(!script.contains("def50200"), "a value never reaches the script");
    }
    let html = with_reference(CallbackOutcome::Failed, Language::English, "foryoure://x", hostile);
    assert_eq!(html.matches(escaped).count(), 1);
}

#[test]
fn the_answers_headers_shut_everything_but_its_own_style_and_script() {
    let headers = headers(NONCE, Language::Ukrainian);
    let value = |name: &str| headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str());
    assert_eq!(
        value("Content-Security-Policy"),
        Some(
            "default-src 'none'; script-src 'nonce-bm9uY2U'; style-src 'nonce-bm9uY2U'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(value("Referrer-Policy"), Some("no-referrer"));
    assert_eq!(value("Cache-Control"), Some("no-store"));
    assert_eq!(value("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(value("X-Frame-Options"), Some("DENY"));
    assert_eq!(value("X-Robots-Tag"), Some("noindex, nofollow"));
    assert_eq!(value("Vary"), Some("Accept-Language"));
    assert_eq!(value("Content-Language"), Some("uk"));
}

#[test]
fn text_has_a_contrast_of_four_and_a_half_and_shapes_of_three_in_both_colour_schemes() {
    let schemes = contrast::schemes(include_str!("callback.css"));
    for scheme in schemes {
        for (name, least) in [("ink", 7.0), ("soft", 4.5), ("good", 4.5), ("wait", 3.0), ("bad", 3.0)] {
            let found = contrast::between(scheme, name, "paper");
            assert!(found >= least, "--{name}: {found:.2} in{scheme}");
        }
    }
}
