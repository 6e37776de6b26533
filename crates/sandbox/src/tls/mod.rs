//! TLS: with a certificate of the caller's, or with one of an authority that is made for it.

mod authority;
mod front;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};

use crate::SandboxError;
use authority::Authority;
pub(crate) use front::Front;

/// With what the sandbox answers over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// A certificate and its key, both in PEM. After the certificate may stand those that signed it.
    Files {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of its key.
        key: PathBuf,
    },
    /// A certificate that is made at each start, for all names of the sandbox and for this machine,
    /// and signed by an authority that is kept in a folder: `ca.pem`, and its key `ca-key.pem`.
    SelfSigned {
        /// The folder; it is made if it is not there.
        folder: PathBuf,
    },
}

impl Tls {
    /// The file of the authority that clients must trust, if it is one of ours.
    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        match self {
            Self::Files { .. } => None,
            Self::SelfSigned { folder } => Some(Authority::file(folder)),
        }
    }

    /// What a server with these `names` needs, at `now` in seconds since 1970.
    pub(crate) fn server(&self, names: &[String], now: u64) -> Result<Arc<ServerConfig>, SandboxError> {
        let (chain, key) = match self {
            Self::Files { certificate, key } => (certificates(certificate)?, private_key(key)?),
            Self::SelfSigned { folder } => Authority::open(folder, now)?.certificate_for(names, now)?,
        };
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| self.refused(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn refused(&self, error: &rustls::Error) -> SandboxError {
        match self {
            Self::Files { certificate, key } => match error {
                rustls::Error::InconsistentKeys(_) => {
                    bad(key, format!("it is not the key of the certificate {}", certificate.display()))
                }
                error => bad(certificate, format!("it cannot be used with the key {}: {error}", key.display())),
            },
            Self::SelfSigned { folder } => bad(folder, error.to_string()),
        }
    }
}

type Chain = Vec<CertificateDer<'static>>;

fn certificates(file: &Path) -> Result<Chain, SandboxError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Chain, _>>);
    match read {
        Ok(chain) if chain.is_empty() => Err(bad(file, "there is no certificate in it, in PEM")),
        Ok(chain) => Ok(chain),
        Err(error) => Err(unreadable(file, &error)),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, SandboxError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| match error {
        pem::Error::NoItemsFound => bad(file, "there is no private key in it, in PEM"),
        error => unreadable(file, &error),
    })
}

fn unreadable(file: &Path, error: &pem::Error) -> SandboxError {
    match error {
        pem::Error::Io(error) => bad(file, format!("it cannot be read: {error}")),
        error => bad(file, format!("it is not good PEM: {error}")),
    }
}

fn bad(file: &Path, detail: impl Into<String>) -> SandboxError {
    SandboxError::Tls { file: file.to_owned(), detail: detail.into() }
}
