//! TLS to the server: whom each `sslmode` takes for it.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::OpenError;
use super::url::{PgUrl, Trust};

/// What PostgreSQL calls its protocol, for servers that are asked for TLS without preamble.
const ALPN: &[u8] = b"postgresql";

/// TLS as `url` wants it; `None` if it wants none.
pub(super) fn connector(url: &PgUrl) -> Result<Option<MakeRustlsConnect>, OpenError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = || url.roots.as_deref().map(read_roots).transpose();
    let verifier: Arc<dyn ServerCertVerifier> = match url.trust {
        Trust::Plain => return Ok(None),
        Trust::Prefer | Trust::Require => Arc::new(IssuedBy { roots: None, provider: Arc::clone(&provider) }),
        Trust::VerifyCa => Arc::new(IssuedBy { roots: roots()?, provider: Arc::clone(&provider) }),
        Trust::VerifyFull => match roots()? {
            Some(roots) => WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| OpenError::Tls(Error::General(error.to_string())))?,
            None => Arc::new(Verifier::new(Arc::clone(&provider)).map_err(OpenError::Tls)?),
        },
    };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(OpenError::Tls)?.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn read_roots(file: &Path) -> Result<RootCertStore, OpenError> {
    let unusable = || OpenError::RootCertificates(file.to_owned());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).or(Err(unusable()))? {
        roots.add(certificate.or(Err(unusable()))?).or(Err(unusable()))?;
    }
    if roots.is_empty() { Err(unusable()) } else { Ok(roots) }
}

/// Takes any server whose certificate comes from `roots`, whatever name it has; without
/// `roots`, any server at all. Whoever answers does have the key of the certificate it shows.
#[derive(Debug)]
struct IssuedBy {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for IssuedBy {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
