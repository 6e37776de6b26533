//! An authority of one's own, kept in a folder, and the certificate that it signs at each start.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use jiff::{Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};

use super::{Chain, bad};
use crate::{SandboxError, grants::hex};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca-key.pem";

const DAY: u64 = 86_400;
/// How long the authority is good.
const AUTHORITY_DAYS: u64 = 3650;
/// How long a certificate is good. Some clients take none that is good for longer than 398 days.
const CERTIFICATE_DAYS: u64 = 397;

/// The authority of a folder.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The file that clients must trust.
    pub(super) fn file(folder: &Path) -> PathBuf {
        folder.join(CERTIFICATE)
    }

    /// Takes the authority of `folder`, and makes it if there is none.
    pub(super) fn open(folder: &Path, now: u64) -> Result<Self, SandboxError> {
        fs::create_dir_all(folder).map_err(|error| bad(folder, format!("this folder cannot be made: {error}")))?;
        let key = key(folder)?;
        let params = params(&key, now);
        let certificate = Self::file(folder);
        if fs::exists(&certificate).unwrap_or_default() {
            check(&certificate, &key)?;
        } else {
            let made = params.self_signed(&key).map_err(|error| bad(&certificate, error.to_string()))?;
            save(&certificate, &made.pem(), 0o644)?;
        }
        Ok(Self { issuer: Issuer::new(params, key) })
    }

    /// A certificate for these names and addresses, and for this machine.
    pub(super) fn certificate_for(
        &self,
        names: &[String],
        now: u64,
    ) -> Result<(Chain, PrivateKeyDer<'static>), SandboxError> {
        let signed = || {
            let key = KeyPair::generate()?;
            let names = names.iter().cloned().chain(["localhost".to_owned()]).collect::<Vec<_>>();
            let mut params = CertificateParams::new(names)?;
            let addresses = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            params.subject_alt_names.extend(addresses.map(SanType::IpAddress));
            limit(&mut params, now, CERTIFICATE_DAYS);
            params.distinguished_name.push(DnType::CommonName, "a sandbox, not amoCRM");
            params.use_authority_key_identifier_extension = true;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let certificate = params.signed_by(&key, &self.issuer)?;
            Ok((vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
        };
        signed().map_err(|error: rcgen::Error| bad(Path::new(CERTIFICATE), error.to_string()))
    }
}

/// What the certificate of an authority with this key says, whenever it is made.
fn params(key: &KeyPair, now: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit(&mut params, now, AUTHORITY_DAYS);
    // No two have one name, so that clients that trust several find the right one.
    let id: String = hex(&Sha256::digest(key.der_bytes())).chars().take(8).collect();
    params.distinguished_name.push(DnType::CommonName, format!("Authority of a sandbox, not of amoCRM ({id})"));
    params
}

/// Makes it good from yesterday, for machines whose clock is a little behind, and for so many days.
fn limit(params: &mut CertificateParams, now: u64, days: u64) {
    let ((year, month, day), last) = (date(now.saturating_sub(DAY)), date(now.saturating_add(days * DAY)));
    params.not_before = date_time_ymd(year, month, day);
    params.not_after = date_time_ymd(last.0, last.1, last.2);
}

/// The year, month and day of seconds since 1970.
fn date(seconds: u64) -> (i32, u8, u8) {
    let timestamp = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let day = timestamp.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    (day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs())
}

/// The key of the folder, made if there is none.
fn key(folder: &Path) -> Result<KeyPair, SandboxError> {
    let file = folder.join(KEY);
    if let Some(key) = read_key(&file)? {
        return Ok(key);
    }
    if fs::exists(folder.join(CERTIFICATE)).unwrap_or_default() {
        return Err(bad(
            &file,
            format!("it is not there, and {CERTIFICATE} beside it is; remove that or take another folder"),
        ));
    }
    let made = KeyPair::generate().map_err(|error| bad(&file, error.to_string()))?;
    save(&file, &made.serialize_pem(), 0o600)?;
    // Of two sandboxes that start at once, one has written it.
    Ok(read_key(&file)?.unwrap_or(made))
}

fn read_key(file: &Path) -> Result<Option<KeyPair>, SandboxError> {
    match fs::read_to_string(file) {
        // The reason is not told, for it may quote the key.
        Ok(text) => KeyPair::from_pem(&text).map(Some).or(Err(bad(file, "it is no private key in PEM"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(bad(file, format!("it cannot be read: {error}"))),
    }
}

/// Whether a certificate is the one of this key: its key stands in it.
fn check(file: &Path, key: &KeyPair) -> Result<(), SandboxError> {
    let kept = CertificateDer::from_pem_file(file).map_err(|error| super::unreadable(file, &error))?;
    let key = key.der_bytes();
    if kept.windows(key.len()).any(|bytes| bytes == key) {
        Ok(())
    } else {
        Err(bad(file, format!("{KEY} is not its key")))
    }
}

/// Writes a file whole or not at all, and leaves one that is there.
fn save(file: &Path, text: &str, permissions: u32) -> Result<(), SandboxError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = || {
        let mut made = tempfile::Builder::new();
        #[cfg(unix)]
        made.permissions(std::os::unix::fs::PermissionsExt::from_mode(permissions));
        #[cfg(not(unix))]
        let _ = permissions;
        let mut made = made.tempfile_in(folder)?;
        made.write_all(text.as_bytes())?;
        match made.persist_noclobber(file) {
            Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    };
    written().map_err(|error: std::io::Error| bad(file, format!("it cannot be written: {error}")))
}
