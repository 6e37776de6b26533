//! Puts each request into the journal once it is answered, or once its client has hung up.

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::{Bytes, Data},
};

use super::{Answer, Body, Seen, seen::Said};
use crate::{cut, world::World};

/// Answers a request and puts it into the journal, unless it is one of the controls.
pub(crate) async fn record(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let world = request.app_data::<Data<World>>().filter(|_| !request.path().starts_with("/_sandbox")).cloned();
    let Some(world) = world else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let seen = Seen::new(Said {
        began: world.state().now(),
        method: request.method().clone(),
        uri: request.uri().clone(),
        body: Body::default(),
        world: world.clone(),
    });
    request.extensions_mut().insert(seen.clone());
    let recorder = Recorder(seen);
    if has_body(&request) {
        let bytes = match request.extract::<Bytes>().await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(recorder.answered(request.error_response(error))),
        };
        request.set_payload(Payload::from(bytes.clone()));
        recorder.0.add_body(Body::of_request(request.headers().get(header::CONTENT_TYPE).cloned(), bytes));
    }
    match next.call(request).await {
        Ok(answered) => Ok(recorder.answered(answered.map_into_boxed_body())),
        Err(error) => {
            let status = error.as_response_error().status_code().as_u16();
            recorder.0.finish(Some(Answer { status, location: None, body: Body::default() }));
            Err(error)
        }
    }
}

fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// Whatever becomes of a request, it ends in the journal.
struct Recorder(Seen);

impl Recorder {
    /// Takes note of the answer, and gives it back as it was.
    fn answered(self, answered: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let (request, response) = answered.into_parts();
        let (response, body) = response.into_parts();
        let (body, bytes) = match body.try_into_bytes() {
            Ok(bytes) => (BoxBody::new(bytes.clone()), Some(bytes)),
            Err(body) => (body, None),
        };
        let response = response.set_body(body);
        self.0.finish(answer(&response, bytes));
        ServiceResponse::new(request, response)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.finish(None);
    }
}

/// What the client gets of `response`, whose body is `bytes`.
fn answer(response: &HttpResponse, bytes: Option<Bytes>) -> Option<Answer> {
    let begun = response.extensions().get::<cut::Begun>().map(|begun| begun.0.clone());
    let bytes = match begun {
        Some(nothing) if nothing.is_empty() => return None,
        Some(begun) => begun,
        None => bytes.unwrap_or_default(),
    };
    let header = |name| response.headers().get(name).cloned();
    Some(Answer {
        status: response.status().as_u16(),
        location: header(header::LOCATION),
        body: Body::of_answer(header(header::CONTENT_TYPE), bytes),
    })
}
