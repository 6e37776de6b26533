//! What stands before every request of the API: faults, the access token, the limits, the wait.

use std::{future::Ready, time::Duration};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::ErrorInternalServerError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use uuid::Uuid;

use super::problem;
use crate::{
    AccountId, BadContextUser, Failure, Switches, UserId, cut,
    faults::Part,
    hosts::Host,
    journal::Seen,
    server::host_index,
    state::State,
    store::{Account, Author},
    world::World,
};

/// The header that names the user with whose rights a request runs.
const CONTEXT_USER: &str = "x-context-user-id";

/// The header of every answer that names the request, 32 hexadecimal digits.
const REQUEST_ID: &str = "x-request-id";

/// Who asks, and the account that is asked.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) author: Author,
    /// The host of the account, for links.
    pub(crate) host: Host,
    /// How the switches stood when the request came.
    pub(crate) switches: Switches,
}

impl Caller {
    /// The account that is asked.
    pub(crate) fn account<'w>(&self, world: &'w World) -> Result<&'w Account, Error> {
        world.account(self.account).map_err(Error::from)
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        std::future::ready(caller.ok_or_else(|| ErrorInternalServerError("no guard")))
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What becomes of a request.
enum Verdict {
    Fails(Failure),
    Unauthorized,
    OverLimit,
    Unpaid,
    Moved,
    Forbidden,
    Served(Box<Caller>),
}

/// Judges a request when it comes, lets it wait, and answers it.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(world) = request.app_data::<Data<World>>().cloned() else {
        return Err(ErrorInternalServerError("no world"));
    };
    let (verdict, failure, wait) = judge(request.request(), &world);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let verdict = match verdict {
        Verdict::Served(caller) => as_user(request.request(), &world, caller),
        refused => refused,
    };
    if let Verdict::Served(caller) = &verdict {
        Seen::of(request.request()).note(|known| known.user = Some(caller.author.user));
    }
    let answered = if let Verdict::Served(caller) = verdict {
        request.extensions_mut().insert(*caller);
        next.call(request).await?.map_into_boxed_body()
    } else {
        let refused = refuse(&verdict, request.request(), &world.state());
        request.into_response(refused)
    };
    let mut answered = match failure {
        Some(failure) => spoil(failure, answered),
        None => answered,
    };
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().simple().to_string()) {
        answered.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id);
    }
    Ok(answered)
}

/// What becomes of a request, what spoils the answer to it, and how long it waits.
fn judge(request: &HttpRequest, world: &World) -> (Verdict, Option<Failure>, Duration) {
    let mut state = world.state();
    state.stats.api_requests += 1;
    let account = state.hosts.account_at(host_index(request, world));
    let wait = state.latency(account, Part::Api);
    let Some(account) = account else { return (Verdict::Moved, None, wait) };
    *state.stats.api_requests_by_account.entry(account).or_default() += 1;
    let failure = state.next_failure(Some(account), Part::Api);
    let seen = Seen::of(request);
    seen.note(|known| (known.account, known.fault) = (Some(account), failure));
    match failure {
        Some(failure) if failure.comes_first() => (Verdict::Fails(failure), None, wait),
        failure => (admit(request, account, &mut state, &seen), failure, wait),
    }
}

/// Whether the access token and the limits let a request in.
fn admit(request: &HttpRequest, account: AccountId, state: &mut State, seen: &Seen) -> Verdict {
    let now = state.now();
    let holder = bearer(request).and_then(|token| state.book.holder_of_access(token, now));
    let holder = holder.filter(|holder| holder.account == account).cloned();
    let client_id = holder.as_ref().map(|holder| holder.client_id.as_str());
    let is_over_limit = !state.within_limits(account, client_id, Part::Api);
    seen.note(|known| {
        known.client_id = client_id.map(str::to_owned);
        known.user = holder.as_ref().map(|holder| holder.user);
        known.is_over_limit = is_over_limit;
    });
    if is_over_limit {
        return Verdict::OverLimit;
    }
    let Some(holder) = holder else {
        state.stats.unauthorized += 1;
        return Verdict::Unauthorized;
    };
    if state.is_unpaid(account) {
        return Verdict::Unpaid;
    }
    let host = state.hosts.of(account);
    let author = Author { user: holder.user, is_full: holder.is_full, client_id: Some(holder.client_id) };
    Verdict::Served(Box::new(Caller { account, author, host, switches: state.switches.clone() }))
}

/// With whose rights a request runs: those of the user of `X-Context-User-ID`, which needs a token
/// that an administrator granted, or those of who granted.
fn as_user(request: &HttpRequest, world: &World, mut caller: Box<Caller>) -> Verdict {
    let Ok(account) = world.account(caller.account) else { return Verdict::Unauthorized };
    let is_active = |user: UserId| account.store.read().user(user).is_some_and(|user| user.is_active);
    if let Some(value) = request.headers().get(CONTEXT_USER) {
        let user = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok()).map(UserId::from);
        let is_free = |user: UserId| account.store.read().user(user).is_some_and(|user| user.is_free);
        let position = match user.filter(|&user| is_active(user) && !is_free(user)) {
            _ if !caller.author.is_full => caller.switches.context_user_of_user,
            None => caller.switches.unknown_context_user,
            Some(user) => {
                (caller.author.user, caller.author.is_full) = (user, false);
                return Verdict::Served(caller);
            }
        };
        match position {
            BadContextUser::Unauthorized => return Verdict::Unauthorized,
            BadContextUser::Forbidden => return Verdict::Forbidden,
            BadContextUser::Ignored => {}
        }
    }
    if caller.author.is_full || is_active(caller.author.user) {
        Verdict::Served(caller)
    } else if caller.switches.deactivated_user == StatusCode::FORBIDDEN {
        Verdict::Forbidden
    } else {
        Verdict::Unauthorized
    }
}

fn refuse(verdict: &Verdict, request: &HttpRequest, state: &State) -> HttpResponse {
    let switches = &state.switches;
    match verdict {
        Verdict::Fails(failure) => cut::instead(*failure, request.path(), switches.too_many),
        Verdict::OverLimit => cut::over_limit(switches.too_many),
        Verdict::Unpaid => problem::problem(
            StatusCode::PAYMENT_REQUIRED,
            "Payment Required",
            "The subscription of the account is over",
        ),
        Verdict::Forbidden => problem::forbidden(),
        Verdict::Moved => problem::moved(switches.moved_status, &problem::attempt(request)),
        Verdict::Unauthorized | Verdict::Served(_) => problem::unauthorized(switches.unauthorized),
    }
}

fn spoil(failure: Failure, served: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, response) = served.into_parts();
    ServiceResponse::new(request, cut::spoilt(failure, response))
}
