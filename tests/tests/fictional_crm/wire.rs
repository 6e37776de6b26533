//! One request to a CRM: sent once, nowhere else, and read up to a limit.

use std::io::Read as _;
use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use flate2::read::GzDecoder;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::answers::Refused;

const LONGEST_BODY: usize = 1 << 20;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    is_gzip: bool,
    /// As much of the body as came.
    body: Vec<u8>,
    /// Why that is not all.
    loss: Option<Loss>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    NotSent,
    TimedOut,
    Cut,
    TooLong,
}

/// Makes the client: no redirect is followed, nothing is sent again, nobody is waited for forever.
pub(crate) fn client(longest_wait: Duration) -> Client {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .http1_ignore_invalid_headers_in_responses(true)
        .timeout(longest_wait);
    client.build().unwrap()
}

pub(crate) async fn send(request: RequestBuilder) -> Result<Answer, Loss> {
    let mut response = request.send().await.map_err(|error| Loss::of(&error))?;
    let seconds = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let is_gzip = response.headers().get("content-encoding").is_some_and(|coding| coding == "gzip");
    let mut body = Vec::new();
    let loss = read(&mut response, &mut body).await.err();
    Ok(Answer { status: response.status(), retry_after: seconds.map(Duration::from_secs), is_gzip, body, loss })
}

async fn read(response: &mut Response, body: &mut Vec<u8>) -> Result<(), Loss> {
    while let Some(chunk) = response.chunk().await.map_err(|error| Loss::of(&error))? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(Loss::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

impl Loss {
    fn of(error: &reqwest::Error) -> Self {
        match error {
            error if error.is_connect() || error.is_builder() => Self::NotSent,
            error if error.is_timeout() => Self::TimedOut,
            _ => Self::Cut,
        }
    }

    /// A code or a refresh token works once: if it may have been sent, nobody knows what became of it.
    pub(crate) fn of_tokens(self) -> AmoError {
        match self {
            Self::NotSent => AmoError::Unreachable,
            Self::TimedOut | Self::Cut | Self::TooLong => AmoError::OutcomeUnknown,
        }
    }

    /// A read can be asked again.
    pub(crate) fn of_a_read(self) -> AmoError {
        match self {
            Self::NotSent => AmoError::Unreachable,
            // No connection is kept, so the next one is new.
            Self::Cut => AmoError::ConnectionLost,
            Self::TimedOut => AmoError::TimedOut,
            Self::TooLong => AmoError::Protocol,
        }
    }
}

impl Answer {
    /// The body, if all of it came.
    pub(crate) fn whole(&self) -> Result<&[u8], Loss> {
        self.loss.map_or(Ok(&self.body), Err)
    }

    /// Whatever came of the body, as it was before a coding that nobody asked for.
    pub(crate) fn plain(&self) -> Vec<u8> {
        if !self.is_gzip {
            return self.body.clone();
        }
        let mut plain = Vec::new();
        // An error ends it, and leaves what came before.
        let _ = GzDecoder::new(&*self.body).take(LONGEST_BODY as u64).read_to_end(&mut plain);
        plain
    }

    /// What Harbour itself says that it refuses.
    pub(crate) fn refused(&self) -> Option<String> {
        serde_json::from_slice(&self.plain()).ok().map(|Refused { refused }| refused)
    }

    /// What a read brought.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, AmoError> {
        match (self.status.as_u16(), self.refused().as_deref()) {
            (200, _) => serde_json::from_slice(self.whole().map_err(Loss::of_a_read)?).or(Err(AmoError::Protocol)),
            (401, _) => Err(AmoError::AccessRefused),
            (403, Some("right")) => Err(AmoError::Forbidden),
            (503, Some("pace")) => Err(self.refusal()),
            (504, _) => Err(AmoError::TimedOut),
            (500..=599, _) => Err(AmoError::Unavailable),
            _ => Err(self.refusal()),
        }
    }

    /// What a failure means that is the same for tokens and for reads.
    pub(crate) fn refusal(&self) -> AmoError {
        match (self.status.as_u16(), self.refused()) {
            (402, _) => AmoError::PaymentRequired,
            // Harbour speaks for itself in JSON. A page is its web server's, which bans us.
            (403, None) => AmoError::Blocked,
            (404, _) => AmoError::NotFound,
            (300..=399 | 410 | 421, _) => AmoError::Moved,
            (503, Some(_)) => AmoError::RateLimited { retry_after: self.retry_after },
            _ => AmoError::Protocol,
        }
    }
}
