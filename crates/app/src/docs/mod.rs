//! `GET /docs`: the OpenAPI document as a page, to read and to try. It loads nothing, and speaks to its own service alone.

mod markup;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::openapi;

const STYLE: &str = include_str!("docs.css");
const SCRIPT: &str = include_str!("docs.js");

static BODY: LazyLock<String> = LazyLock::new(|| markup::body(openapi::document()).into_string());

/// The page; `nonce` is that of this answer's `Content-Security-Policy`.
pub fn page(nonce: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                title { "amo-connect: the API" }
                style nonce=(nonce) { (PreEscaped(STYLE)) }
            }
            body {
                (PreEscaped(&*BODY))
                script nonce=(nonce) { (PreEscaped(SCRIPT)) }
            }
        }
    }
}
