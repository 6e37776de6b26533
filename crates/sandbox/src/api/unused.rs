//! What these accounts do not use: customers are switched off, there are no lists (catalogs) and no
//! widgets. Who reads finds nothing; who writes is told so.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
};

use super::problem::problem;
use crate::endpoint::{Endpoint, delete, get, patch, post};

/// What is answered for them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let paths = ["/customers", "/catalogs", "/widgets"].map(|path| [path.to_owned(), format!("{path}/{{below:.*}}")]);
    let of_path = |path: &String| [get(path, unused), post(path, unused), patch(path, unused), delete(path, unused)];
    paths.iter().flatten().flat_map(of_path).collect()
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
