//! Where the phone's pages answer.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{self, ServiceConfig};
use amo_connect_sandbox::AccountInfo;
use maud::Markup;

use super::{DemoUser, PhonePage, phone_page, return_page};
use crate::pages::Nonce;

/// Adds the phone at `/`, and at `/app/callback` the app that its deep link opens.
pub fn routes(users: Vec<DemoUser>, amo: Vec<AccountInfo>) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let people = Arc::new((users, amo));
    move |config| {
        for (path, render) in [("/", phone_page as Render), ("/app/callback", return_page)] {
            let people = people.clone();
            config.route(path, web::get().to(move || std::future::ready(answer(&people, render))));
        }
    }
}

type Render = fn(&PhonePage<'_>) -> Markup;

fn answer((users, amo): &(Vec<DemoUser>, Vec<AccountInfo>), render: Render) -> HttpResponse {
    let nonce = Nonce::random();
    let mut response = HttpResponse::Ok();
    response.content_type(ContentType::html());
    for header in headers(nonce.as_str()) {
        response.insert_header(header);
    }
    response.body(render(&PhonePage { users, amo, nonce: nonce.as_str() }).into_string())
}

/// The headers of the phone's pages besides `Content-Type`; `nonce` is new for each answer.
pub fn headers(nonce: &str) -> [(&'static str, String); 5] {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    [
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
    ]
}
