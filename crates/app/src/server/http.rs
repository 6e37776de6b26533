//! HTTP on a listener: actix's server and its HTTP, over connections with limits of ours.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::clients::{self, ClientStream, Clients, Connection, Ending};
use crate::budgets::{ARRIVING, LINGER};
use crate::error::ApiError;
use crate::problem::Problem;

/// actix's own limit to a stop, out of the way: [`Running::stop`](super::Running::stop) is given the real one.
const LONGEST_STOP_S: u64 = 24 * 60 * 60;

/// How long a client who is refused has to send its request: what comes after the end makes it a reset, and the answer
/// may be lost with it.
const REFUSAL_TIMEOUT: Duration = Duration::from_millis(100);

/// Serves what `app` makes to the clients that come to `listener`.
pub(super) fn serve<F, I, S, B>(
    workers: usize,
    listener: TcpListener,
    clients: &Arc<Clients>,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr()?;
    let clients = Arc::clone(clients);
    // Connections wait in the listener while too many others have no place yet.
    let most_of_a_worker = (clients.most() + ARRIVING).div_ceil(workers);
    let builder = Server::build().workers(workers).max_concurrent_connections(most_of_a_worker);
    let builder = builder.disable_signals().shutdown_timeout(LONGEST_STOP_S);
    let stop = builder.graceful_shutdown_signal();
    let listening = builder.listen("amo-connect", listener, move || {
        let (clients, stop) = (Arc::clone(&clients), stop.clone());
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let app = apply_fn_factory(map_config(app, |()| AppConfig::default()), |request: Request, app: &_| {
            let connection = request.conn_data::<Arc<Connection>>().cloned();
            let answer = Service::call(app, request);
            served(connection, answer)
        });
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stop = stop.clone();
                async move { stop.notified().await }
            })
            // The clients' limits are elsewhere.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            // A caller that goes away is noticed at once. No browser and no app closes only one half.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .on_connect_ext(|stream: &ClientStream, data| {
                data.insert(stream.connection());
            })
            .finish(app);
        apply_fn_factory(http, move |socket: TcpStream, http: &_| {
            let (peer, clients) = (socket.peer_addr().ok(), Arc::clone(&clients));
            let admitted = clients.admit(socket).map(|stream| {
                let connection = stream.connection();
                (connection, Service::call(http, (stream, Protocol::Http1, peer)))
            });
            async move {
                let ending = match admitted {
                    Ok((connection, connected)) => clients::ending(&connection, connected.await.as_ref().err()),
                    Err(socket) => {
                        refuse(socket).await;
                        Some(Ending::Refused)
                    }
                };
                clients.ended(ending, peer.map(|peer| peer.ip()));
                Ok(())
            }
        })
    })?;
    Ok(listening.run())
}

/// `answer`, while which the client waits for us.
async fn served<T>(connection: Option<Arc<Connection>>, answer: impl Future<Output = T>) -> T {
    let _serving = connection.as_ref().map(|connection| connection.serve());
    answer.await
}

/// Says that there is no room.
async fn refuse(mut socket: TcpStream) {
    let problem = Problem::of(&ApiError::Overloaded, uuid::Uuid::new_v4().to_string());
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nconnection: close";
    let answer = format!("{head}\r\nretry-after: 1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let _ = socket.try_write(answer.as_bytes());
    let _ = socket.shutdown().await;
    if timeout(REFUSAL_TIMEOUT, socket.readable()).await.is_ok() {
        let _ = socket.try_read(&mut [0; 4096]);
    }
}
