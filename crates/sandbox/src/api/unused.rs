//! What these accounts do not use: customers are switched off, there are no lists (catalogs) and no
//! widgets. Who reads finds nothing; who writes is told so.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web::{self, ServiceConfig},
};

use super::problem::problem;

/// Adds the addresses.
pub(super) fn routes(config: &mut ServiceConfig) {
    for path in ["/customers", "/catalogs", "/widgets"] {
        config.service(web::resource([path.to_owned(), format!("{path}/{{rest:.*}}")]).to(unused));
    }
}

async fn unused(request: HttpRequest) -> HttpResponse {
    if request.method() == Method::GET {
        return HttpResponse::NoContent().finish();
    }
    let detail = match request.path() {
        path if path.contains("/customers") => "Customers are switched off in this account",
        path if path.contains("/catalogs") => "Lists are not available in this account",
        _ => "Widgets are not available in this account",
    };
    problem(StatusCode::FORBIDDEN, "Forbidden", detail)
}
