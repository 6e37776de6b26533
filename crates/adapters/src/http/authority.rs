//! An authority that a client trusts instead of the machine's, and why TLS with a host failed.

use std::error::Error;
use std::{fmt, io};

use reqwest::Certificate;
use rustls::CertificateError;

use super::Loss;

/// What cannot be trusted as an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAuthority {
    /// There is no certificate in it.
    Empty,
    /// It is not the PEM that it looks like.
    Pem,
    /// One of its certificates is not that of an authority.
    Certificate,
}

impl fmt::Display for BadAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no certificate in it, in PEM",
            Self::Pem => "it is not good PEM",
            Self::Certificate => "a certificate in it is damaged",
        })
    }
}

impl Error for BadAuthority {}

/// The certificates of a file in PEM.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, BadAuthority> {
    let found = Certificate::from_pem_bundle(pem).or(Err(BadAuthority::Pem))?;
    if found.is_empty() { Err(BadAuthority::Empty) } else { Ok(found) }
}

/// Why a host did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// As for every request.
    pub loss: Loss,
    /// What was wrong with TLS, if it was that.
    pub tls: Option<TlsFault>,
}

/// What is wrong with the TLS of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Another authority has signed its certificate.
    Authority,
    /// Its certificate is for other names.
    Name,
    /// Its certificate is good at another time.
    Time,
    /// Its certificate is bad in another way.
    Certificate,
    /// It does not speak TLS.
    None,
}

impl NoAnswer {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let mut chain = std::iter::successors(error.source(), |error| Error::source(*error));
        Self { loss: Loss::of(error), tls: chain.find_map(tls_fault) }
    }
}

/// The fault of TLS that `error` is, or wraps: an error of I/O does not name the one within it as its source.
fn tls_fault(error: &(dyn Error + 'static)) -> Option<TlsFault> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().and_then(|inner| tls_fault(inner)),
        None => error.downcast_ref().and_then(TlsFault::of),
    }
}

impl TlsFault {
    fn of(error: &rustls::Error) -> Option<Self> {
        use CertificateError as Bad;
        match error {
            rustls::Error::InvalidCertificate(bad) => Some(match bad {
                Bad::UnknownIssuer | Bad::BadSignature => Self::Authority,
                Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Self::Name,
                Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                    Self::Time
                }
                _ => Self::Certificate,
            }),
            rustls::Error::InvalidMessage(_) => Some(Self::None),
            _ => None,
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(fault) = self.tls else { return self.loss.fmt(f) };
        f.write_str(match fault {
            TlsFault::Authority => "its certificate is not by the authority that is trusted",
            TlsFault::Name => "its certificate is not for this name or address",
            TlsFault::Time => "its certificate has expired or is not valid yet, by the clock of this machine",
            TlsFault::Certificate => "its certificate is bad",
            TlsFault::None => "what it answers is not TLS",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_certificate_is_told() {
        let fault = |bad| TlsFault::of(&rustls::Error::InvalidCertificate(bad));
        assert_eq!(fault(CertificateError::UnknownIssuer), Some(TlsFault::Authority));
        assert_eq!(fault(CertificateError::NotValidForName), Some(TlsFault::Name));
        assert_eq!(fault(CertificateError::Expired), Some(TlsFault::Time));
        assert_eq!(fault(CertificateError::NotValidYet), Some(TlsFault::Time));
        assert_eq!(fault(CertificateError::Revoked), Some(TlsFault::Certificate));
        assert_eq!(TlsFault::of(&rustls::Error::HandshakeNotComplete), None);
    }

    #[test]
    fn a_file_without_a_certificate_is_no_authority() {
        for (pem, bad) in [
            ("", BadAuthority::Empty),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", BadAuthority::Empty),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", BadAuthority::Pem),
        ] {
            assert_eq!(certificates(pem.as_bytes()).err(), Some(bad), "{pem}");
        }
    }
}
