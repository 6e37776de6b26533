//! The callback page's markup.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::texts::{OutcomeTexts, Texts};
use amo_connect_domain::usecase::CallbackOutcome;

use super::Language;
use super::outcome::is_mendable;

const STYLE: &str = include_str!("callback.css");
const SCRIPT: &str = include_str!("callback.js");

/// The page after amoCRM's redirect.
#[derive(Clone, Copy)]
pub struct CallbackPage<'a> {
    /// What happened.
    pub outcome: CallbackOutcome,
    /// Where the button leads, as [`DeepLink::with`](crate::deep_link::DeepLink::with) wrote it.
    pub deep_link: &'a str,
    /// What it speaks.
    pub language: Language,
    /// The nonce of this answer's `Content-Security-Policy`.
    pub nonce: &'a str,
    /// What a user can tell to support, and support finds in the log.
    pub reference: &'a str,
}

/// The page: it loads nothing, and goes nowhere until its button is tapped.
pub fn callback_page(page: &CallbackPage<'_>) -> Markup {
    let words = Texts::of(page.language);
    let outcome = OutcomeTexts::of(page.outcome, page.language);
    html! {
        (DOCTYPE)
        html lang=(page.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                meta name="format-detection" content="telephone=no";
                meta name="robots" content="noindex, nofollow";
                title { (outcome.heading) }
                style nonce=(page.nonce) { (PreEscaped(STYLE)) }
                noscript { style nonce=(page.nonce) { "button{display:none}" } }
            }
            body {
                main {
                    (emblem(page.outcome))
                    h1 { (outcome.heading) }
                    p {
                        (outcome.sentence)
                        @if is_mendable(page.outcome) { " " a href="" { (words.reload.0) } (words.reload.1) }
                    }
                    // A plain link to an app failed on users' iPhones: only where no script runs.
                    button id="return" type="button" data-link=(page.deep_link) { (words.button) }
                    noscript { p { (words.no_script) " " a href=(page.deep_link) { (words.button) } } }
                    p { (outcome.quiet) }
                    small { (words.reference) ": " (page.reference) }
                }
                script nonce=(page.nonce) { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Two rings, the app and the CRM: linked, touching, or apart.
fn emblem(outcome: CallbackOutcome) -> Markup {
    let (tone, left, right) = match outcome {
        CallbackOutcome::Connected => ("good", 37, 59),
        CallbackOutcome::AwaitingClaim | CallbackOutcome::AwaitingOwner => ("good", 33, 63),
        CallbackOutcome::WidgetInstall
        | CallbackOutcome::CrmUnavailable
        | CallbackOutcome::StorageUnavailable
        | CallbackOutcome::TryAgain => ("wait", 29, 67),
        CallbackOutcome::Declined
        | CallbackOutcome::Failed
        | CallbackOutcome::MissingCode
        | CallbackOutcome::LinkExpired
        | CallbackOutcome::InvalidAccountHost
        | CallbackOutcome::InvalidCode => ("bad", 26, 70),
    };
    html! {
        svg class=(tone) viewBox="0 0 96 56" aria-hidden="true" {
            circle cx=(left) cy="28" r="19" {}
            circle cx=(right) cy="28" r="19" {}
        }
    }
}
