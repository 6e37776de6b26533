//! What the server answers, declared as a list of endpoints: a method, a path and a handler.
//!
//! The web server is built from these lists and from nothing else, so a test can compare them with
//! the README.

use actix_web::{FromRequest, Handler, Resource, Responder, Route, http::Method, web};

/// A method and a path, and what answers a request for them.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    /// The path as actix-web reads it, without that of the scope it is in.
    pub(crate) path: String,
    handler: Route,
}

impl Endpoint {
    fn new<F, Args>(method: Method, path: String, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self { method, path, handler: web::to(handler) }
    }
}

/// Declares a function for each method: `get("/leads", leads::list)`.
macro_rules! methods {
    ($($name:ident = $method:ident),* $(,)?) => {
        $(
            #[doc = concat!("`", stringify!($method), "` of a path.")]
            pub(crate) fn $name<F, Args>(path: impl Into<String>, handler: F) -> Endpoint
            where
                F: Handler<Args>,
                Args: FromRequest + 'static,
                F::Output: Responder + 'static,
            {
                Endpoint::new(Method::$method, path.into(), handler)
            }
        )*
    };
}

methods![get = GET, post = POST, patch = PATCH, delete = DELETE];

/// The endpoints as resources, one a path. `other_method` answers the methods that a path does not have.
pub(crate) fn resources(endpoints: Vec<Endpoint>, other_method: fn() -> Route) -> Vec<Resource> {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for Endpoint { method, path, handler } in endpoints {
        let route = handler.method(method);
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((path, vec![route])),
        }
    }
    let resource = |(path, routes): (_, Vec<Route>)| {
        routes.into_iter().fold(web::resource(path), Resource::route).default_service(other_method())
    };
    paths.into_iter().map(resource).collect()
}
