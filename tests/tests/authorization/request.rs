//! Where a token stands in a request, and what is told of the answer.

use amo_connect_tests::Answer;

/// Something that may be a JWT, where it stands.
pub(crate) struct Placed {
    /// What it is, as the golden file has it.
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) query: Option<(&'static str, String)>,
}

impl Placed {
    /// No token at all.
    pub(crate) fn nothing() -> Self {
        Self { kind: "no JWT", headers: Vec::new(), query: None }
    }

    /// `Authorization: Bearer`, as RFC 6750 has it.
    pub(crate) fn bearer(kind: &'static str, token: &str) -> Self {
        Self::header(kind, "authorization", format!("Bearer {token}"))
    }

    pub(crate) fn header(kind: &'static str, name: &'static str, value: String) -> Self {
        Self { kind, headers: vec![(name, value)], query: None }
    }

    pub(crate) fn query(kind: &'static str, name: &'static str, value: &str) -> Self {
        Self { kind, headers: Vec::new(), query: Some((name, value.to_owned())) }
    }

    /// The same with another header.
    pub(crate) fn and(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The status of an answer, and the code of a problem.
pub(crate) fn told(answer: &Answer) -> String {
    if answer.header("content-type") == "application/problem+json" && !answer.text.is_empty() {
        format!("{} {}", answer.status, answer.problem().code)
    } else {
        answer.status.to_string()
    }
}
