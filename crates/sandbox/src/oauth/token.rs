//! The token endpoint: a code or a refresh token for a new pair.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, rt,
    web::{Bytes, Data},
};
use serde::Serialize;
use socket2::Socket;

use super::{form::Form, refusal};
use crate::{
    AccountId, Dress, Failure, RefreshRace, RefreshRedirectUri, Switches, WrongRedirectUri, api, cut,
    faults::Part,
    grants::{Digest, Issued, Refresh, Refusal, digest},
    hosts::HostIndex,
    journal::Seen,
    raw,
    server::{host_header, host_index},
    world::World,
};

/// A request as it reached the endpoint.
struct Request {
    form: Form,
    host: HostIndex,
    is_www: bool,
    path: String,
    attempt: String,
    refresh_token: Option<Digest>,
    /// For answers that the web server would not give.
    connection: Option<Socket>,
    seen: Seen,
}

/// What is known of a request before any waiting.
struct Arrival {
    account: Option<AccountId>,
    failure: Option<Failure>,
    within_limits: bool,
    wait: Duration,
    /// Whether its refresh token was good when it came.
    was_live: bool,
}

/// The pair, in amoCRM's order.
#[derive(Serialize)]
struct Pair<'a> {
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_time: Option<u64>,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

/// `POST /oauth2/access_token`.
pub(crate) async fn access_token(request: HttpRequest, world: Data<World>, body: Bytes) -> HttpResponse {
    let form = Form::of_body(&request, &body);
    let refresh_token =
        (form.get("grant_type") == Some("refresh_token")).then(|| form.get("refresh_token").map(digest)).flatten();
    let request = Request {
        form,
        host: host_index(&request, &world),
        is_www: is_www(&request),
        path: request.path().to_owned(),
        attempt: api::attempt(&request),
        refresh_token,
        connection: raw::connection(&request),
        seen: Seen::of(&request),
    };
    // A client that closes the connection does not stop amoCRM: what it sent is processed all the same.
    let work = rt::spawn(async move { answer(&world.into_inner(), &request).await });
    work.await.unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
}

fn is_www(request: &HttpRequest) -> bool {
    host_header(request).and_then(|host| host.get(..4)).is_some_and(|label| label.eq_ignore_ascii_case("www."))
}

async fn answer(world: &Arc<World>, request: &Request) -> HttpResponse {
    let _on_its_way = request.refresh_token.map(|token| OnItsWay::new(world, token));
    let arrival = arrive(world, request);
    if !arrival.wait.is_zero() {
        tokio::time::sleep(arrival.wait).await;
    }
    let switches = world.state().switches.clone();
    if let Some(failure) = arrival.failure.filter(|failure| failure.comes_first()) {
        return cut::instead(failure, &request.path, switches.too_many);
    }
    if !arrival.within_limits {
        return spoilt(&arrival, cut::over_limit(switches.too_many));
    }
    match grant(world, request, &arrival) {
        Ok(issued) => {
            request.seen.note(|known| known.user = Some(issued.user));
            let pair = Pair::of(&issued, &switches, arrival.failure);
            let dress = if arrival.failure.is_none() { world.state().next_dress(arrival.account) } else { None };
            match dress.zip(request.connection.as_ref()) {
                Some((dress, connection)) => dressed(&pair, dress, connection, request).await,
                None => spoilt(&arrival, HttpResponse::Ok().json(pair)),
            }
        }
        Err(refused) => {
            world.state().stats.refused += 1;
            spoilt(
                &arrival,
                match refused {
                    Refused::Moved => api::moved(switches.moved_status, &request.attempt),
                    Refused::Here(refused) => refusal::answer(refused, &switches),
                },
            )
        }
    }
}

fn spoilt(arrival: &Arrival, response: HttpResponse) -> HttpResponse {
    match arrival.failure {
        Some(failure) => cut::spoilt(failure, response),
        None => response,
    }
}

/// Writes the pair past the web server, which then closes the connection without a word.
async fn dressed(pair: &Pair<'_>, dress: Dress, connection: &Socket, request: &Request) -> HttpResponse {
    let json = serde_json::to_string(pair).unwrap_or_default();
    let status = if let Dress::Status(status) = dress { status } else { 200 };
    request.seen.note(|known| known.dress = Some(dress));
    request.seen.answered(status, json.clone().into());
    if let Ok(connection) = connection.try_clone() {
        // A client that has gone away reads nothing.
        let _ = raw::write(connection, &dress.put_on(&json, &request.path)).await;
    }
    cut::silence()
}

fn arrive(world: &World, request: &Request) -> Arrival {
    let mut state = world.state();
    state.stats.token_requests += 1;
    let account = state.hosts.account_at(request.host);
    let failure = state.next_failure(account, Part::Token);
    let client_id = request.form.get("client_id");
    let refused_already = failure.is_some_and(Failure::comes_first);
    let within_limits =
        refused_already || account.is_none_or(|account| state.within_limits(account, client_id, Part::Token));
    let now = state.now();
    let was_live = request.refresh_token.is_some_and(|token| state.book.holder_of_refresh(&token, now).is_some());
    let wait = state.latency(account, Part::Token);
    let client_id = client_id.filter(|client_id| world.integration(client_id).is_ok());
    request.seen.note(|known| {
        (known.account, known.fault) = (account, failure);
        known.client_id = client_id.map(str::to_owned);
        known.is_over_limit = !within_limits;
    });
    Arrival { account, failure, within_limits, wait, was_live }
}

enum Refused {
    /// Nobody lives at this host.
    Moved,
    /// The account's host refuses.
    Here(Refusal),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Here(refusal)
    }
}

/// Checks everything and spends the code or token, in one step.
fn grant(world: &World, request: &Request, arrival: &Arrival) -> Result<Issued, Refused> {
    if request.is_www {
        return Err(Refusal::NotAnAccountHost.into());
    }
    // The account may have moved while the request waited.
    let account = world.state().hosts.account_at(request.host).ok_or(Refused::Moved)?;
    if arrival.account != Some(account) {
        return Err(Refused::Moved);
    }
    let client_id = client(world, &request.form)?;
    let mut state = world.state();
    if state.is_unpaid(account) {
        return Err(Refusal::Client.into());
    }
    let (now, terms) = (state.now(), state.terms());
    if let Some(token) = request.refresh_token {
        let even_if_spent = arrival.was_live && state.switches.refresh_race == RefreshRace::AllWin;
        let refresh = Refresh { token, client_id, account, even_if_spent };
        let issued = state.book.rotate(&refresh, now, &terms)?;
        state.stats.refreshes += 1;
        return Ok(issued);
    }
    let code = match request.form.get("grant_type") {
        Some("authorization_code") => parameter(&request.form, "code")?,
        _ => return Err(Refusal::Parameter("refresh_token").into()),
    };
    let issued = state.book.exchange(code, client_id, account, now, &terms)?;
    state.stats.exchanges += 1;
    Ok(issued)
}

/// Checks the grant type and the client's identifier, secret and redirect URI.
fn client<'a>(world: &World, form: &'a Form) -> Result<&'a str, Refusal> {
    let grant_type = parameter(form, "grant_type")?;
    if !matches!(grant_type, "authorization_code" | "refresh_token") {
        return Err(Refusal::Parameter("grant_type"));
    }
    let client_id = parameter(form, "client_id")?;
    let secret = parameter(form, "client_secret")?;
    let switches = world.state().switches.clone();
    let may_lack_redirect_uri =
        grant_type == "refresh_token" && switches.refresh_redirect_uri == RefreshRedirectUri::Optional;
    let redirect_uri = match form.get("redirect_uri") {
        None if may_lack_redirect_uri => None,
        _ => Some(parameter(form, "redirect_uri")?),
    };
    let Ok(known) = world.integration(client_id) else {
        return Err(Refusal::Client);
    };
    if known.client_secret != secret {
        return Err(Refusal::Client);
    }
    if redirect_uri.is_some_and(|uri| uri != known.redirect_uri) {
        return Err(match switches.wrong_redirect_uri {
            WrongRedirectUri::Client => Refusal::Client,
            WrongRedirectUri::NotAssociated => Refusal::RedirectUri,
        });
    }
    Ok(client_id)
}

fn parameter<'a>(form: &'a Form, name: &'static str) -> Result<&'a str, Refusal> {
    form.get(name).ok_or(Refusal::Parameter(name))
}

impl<'a> Pair<'a> {
    fn of(issued: &'a Issued, switches: &Switches, failure: Option<Failure>) -> Self {
        let keeps_refresh_token = failure != Some(Failure::NoRefreshToken);
        Self {
            token_type: "Bearer",
            expires_in: issued.access_expires.since(issued.now).as_secs(),
            server_time: switches.server_time.then(|| issued.now.unix()),
            access_token: &issued.access_token,
            refresh_token: keeps_refresh_token.then_some(issued.refresh_token.as_str()),
        }
    }
}

/// Counts a refresh as on its way until it is answered or abandoned.
struct OnItsWay {
    world: Arc<World>,
    token: Digest,
}

impl OnItsWay {
    fn new(world: &Arc<World>, token: Digest) -> Self {
        world.state().refresh_began(token);
        Self { world: Arc::clone(world), token }
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.world.state().refresh_ended(&self.token);
    }
}
