//! Where the phone's pages answer.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{self, ServiceConfig};
use amo_connect_sandbox::{AccountInfo, Sandbox};
use maud::Markup;

use super::baseline::Baseline;
use super::drawer::{self, Drawer};
use super::{DemoUser, PhonePage, phone_page, return_page};
use crate::pages::{Nonce, client_headers};

/// Adds the phone at `/`, the app that its deep link opens at `/app/callback`, and under
/// `/app/amo` the drawer with what happens at `sandbox`.
pub fn routes(users: Vec<DemoUser>, sandbox: Arc<Sandbox>) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let users = Arc::new(users);
    let drawer = Arc::new(Drawer { baseline: Baseline::of(&sandbox), sandbox });
    move |config| {
        for (path, render) in [("/", phone_page as Render), ("/app/callback", return_page)] {
            let (users, drawer) = (users.clone(), drawer.clone());
            config
                .route(path, web::get().to(move || std::future::ready(answer(&users, &drawer.baseline.homes, render))));
        }
        drawer::routes(&drawer, config);
    }
}

type Render = fn(&PhonePage<'_>) -> Markup;

fn answer(users: &[DemoUser], amo: &[AccountInfo], render: Render) -> HttpResponse {
    let nonce = Nonce::random();
    let mut response = HttpResponse::Ok();
    response.content_type(ContentType::html());
    for header in client_headers(nonce.as_str()) {
        response.insert_header(header);
    }
    response.body(render(&PhonePage { users, amo, nonce: nonce.as_str() }).into_string())
}
