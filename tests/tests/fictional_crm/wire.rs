//! One request to a CRM: sent once, nowhere else, and read up to a limit.

use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use reqwest::{Client, RequestBuilder, Response, StatusCode};

const LONGEST_BODY: usize = 1 << 20;

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
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
pub(crate) fn client(patience: Duration) -> Client {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(patience);
    client.build().unwrap()
}

pub(crate) async fn send(request: RequestBuilder) -> Result<Answer, Loss> {
    let mut response = request.send().await.map_err(|error| Loss::of(&error))?;
    let seconds = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let body = read(&mut response).await?;
    Ok(Answer { status: response.status(), retry_after: seconds.map(Duration::from_secs), body })
}

async fn read(response: &mut Response) -> Result<Vec<u8>, Loss> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Loss::of(&error))? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(Loss::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
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
    /// What a failure means that is the same for tokens and for reads.
    pub(crate) fn refusal(&self) -> AmoError {
        match self.status.as_u16() {
            402 => AmoError::PaymentRequired,
            403 => AmoError::Blocked,
            404 => AmoError::NotFound,
            300..=399 | 410 | 421 => AmoError::Moved,
            429 => AmoError::RateLimited { retry_after: self.retry_after },
            _ => AmoError::Protocol,
        }
    }
}
