//! The id of a request, which ties an answer to the log.

use std::future::Future;

use actix_web::http::header::{HeaderMap, HeaderName};

/// The header that brings it, and that answers have.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// The id that the caller sent, if it is sane, or a new one.
pub fn of(headers: &HeaderMap) -> String {
    let sent = headers.get(HEADER).and_then(|id| id.to_str().ok()).filter(|id| is_sane(id));
    sent.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// Answers a request under this id.
pub async fn scope<T>(id: String, answer: impl Future<Output = T>) -> T {
    CURRENT.scope(id, answer).await
}

fn is_sane(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_sane;

    #[test]
    fn a_callers_request_id_is_kept_only_if_it_is_sane() {
        assert!(is_sane("7f0e-A_b.1"));
        for id in ["", "a b", "a\"b", "ї", &"a".repeat(129)] {
            assert!(!is_sane(id), "{id}");
        }
    }
}
