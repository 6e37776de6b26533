//! Answers that go wrong on the wire: cut off before the first byte, halfway, or within the JSON.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::{StatusCode, header},
    web::Bytes,
};

use crate::{Failure, TooMany};

/// A body that breaks off; the server then closes the connection.
struct Broken {
    promised: u64,
    begun: Option<Bytes>,
    /// Lets what is written reach the wire before the connection is closed.
    must_flush: bool,
}

impl MessageBody for Broken {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.promised)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        if let Some(bytes) = self.begun.take() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if std::mem::take(&mut self.must_flush) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose"))))
    }
}

/// What a client gets of the body of an answer that breaks off; nothing if it gets no answer at all.
pub(crate) struct Begun(pub(crate) Bytes);

/// No answer: the connection is closed without a byte.
pub(crate) fn silence() -> HttpResponse {
    let mut response = HttpResponse::Ok().body(Broken { promised: 1, begun: None, must_flush: false });
    response.extensions_mut().insert(Begun(Bytes::new()));
    response
}

/// What a request gets that a failure comes before. `path` is where it was sent to.
pub(crate) fn instead(failure: Failure, path: &str, too_many: TooMany) -> HttpResponse {
    match failure {
        Failure::Html403 => html(StatusCode::FORBIDDEN),
        Failure::Status(429) => over_limit(too_many),
        Failure::Status(status) => plain_status(status, path),
        _ => silence(),
    }
}

fn plain_status(status: u16, path: &str) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_redirection() {
        return HttpResponse::build(status).insert_header((header::LOCATION, path)).finish();
    }
    if status.is_server_error() {
        return html(status);
    }
    let title = status.canonical_reason().unwrap_or("Error");
    crate::api::problem(status, title, "The sandbox was told to answer so")
}

/// What was processed, and is answered badly.
pub(crate) fn spoilt(failure: Failure, response: HttpResponse) -> HttpResponse {
    match failure {
        Failure::DropAfter | Failure::Drop => silence(),
        Failure::Cut | Failure::BadJson => {
            let (mut response, body) = response.into_parts();
            let whole = body.try_into_bytes().unwrap_or_default();
            let half = whole.slice(..whole.len() / 2);
            if failure == Failure::Cut {
                if whole.is_empty() {
                    // There is nothing to break off within: a 204 would come through unharmed.
                    return silence();
                }
                response.extensions_mut().insert(Begun(half.clone()));
                let begun = (!half.is_empty()).then_some(half);
                let broken = Broken { promised: whole.len() as u64, begun, must_flush: true };
                return response.set_body(BoxBody::new(broken));
            }
            if half.is_empty() {
                return HttpResponse::Ok().content_type("application/hal+json").body("{\"_page\":1,");
            }
            response.set_body(BoxBody::new(half))
        }
        _ => response,
    }
}

/// 429, in the form the switch says.
pub(crate) fn over_limit(form: TooMany) -> HttpResponse {
    match form {
        TooMany::Html => html(StatusCode::TOO_MANY_REQUESTS),
        TooMany::Empty => HttpResponse::TooManyRequests().finish(),
        TooMany::RetryAfter => HttpResponse::TooManyRequests()
            .insert_header((header::RETRY_AFTER, "1"))
            .json(serde_json::json!({"retry_after": 1})),
    }
}

/// The page of a web server that stands before amoCRM.
pub(crate) fn html(status: StatusCode) -> HttpResponse {
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1>\
         </center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    HttpResponse::build(status).content_type("text/html").body(page)
}
