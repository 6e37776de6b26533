//! The nonce of one answer's `Content-Security-Policy`.

use uuid::Uuid;

/// A value that nobody can guess and no other answer has.
#[derive(Clone)]
pub struct Nonce(String);

impl Nonce {
    /// A fresh one, from the operating system's randomness.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// As the header and the markup have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_answers_share_a_nonce_and_none_needs_quoting() {
        let (one, other) = (Nonce::random(), Nonce::random());
        assert_ne!(one.as_str(), other.as_str());
        assert!(one.as_str().len() >= 32 && one.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
