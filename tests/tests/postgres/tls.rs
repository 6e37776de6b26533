//! `sslmode`, against servers with a certificate and without.

use std::path::Path;

use amo_connect_xtask::postgres::{Cluster, Options};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::steps::{free_port, open, refusal};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap()
}

/// A server called localhost, which takes nobody who is not encrypted.
fn server(authority: &Authority, port: u16) -> Cluster {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let options = Options {
        port: Some(port),
        settings: "ssl = on\nssl_cert_file = '../server.crt'\nssl_key_file = '../server.key'".to_owned(),
        access: "local all all trust\nhostssl all all 127.0.0.1/32 trust".to_owned(),
        files: vec![("server.crt", certificate.pem()), ("server.key", key.serialize_pem())],
    };
    Cluster::start(&options).unwrap()
}

fn save(folder: &Path, name: &str, authority: &Authority) -> String {
    let file = folder.join(name);
    std::fs::write(&file, authority.pem()).unwrap();
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sslmode_takes_whom_it_should() {
    let (port, ours, other) = (free_port(), authority(), authority());
    let _cluster = server(&ours, port);
    let folder = tempfile::tempdir().unwrap();
    let (ours, other) = (save(folder.path(), "ours.pem", &ours), save(folder.path(), "other.pem", &other));
    let url = |host: &str, query: &str| {
        format!("postgres://postgres@{host}:{port}/postgres?{query}").replace("OURS", &ours).replace("OTHER", &other)
    };
    for (host, query) in [
        ("127.0.0.1", ""),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "sslmode=require&sslrootcert=OURS"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=OURS"),
        ("localhost", "sslmode=verify-full&sslrootcert=OURS"),
    ] {
        assert!(open(&url(host, query)).await.is_ok(), "{host} {query}");
    }
    let untrusted = "the server's certificate is not to be trusted";
    for (host, query, why) in [
        ("127.0.0.1", "sslmode=disable", "the server refuses the user, the password or this machine"),
        ("127.0.0.1", "sslmode=require&sslrootcert=OTHER", untrusted),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=OTHER", untrusted),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=OURS", untrusted),
        ("localhost", "sslmode=verify-full&sslrootcert=OTHER", untrusted),
        ("localhost", "sslmode=verify-full", untrusted),
        ("localhost", "sslmode=verify-full&sslrootcert=/no/such/file", "is not a file of PEM certificates"),
    ] {
        let told = refusal(&url(host, query)).await;
        assert!(told.contains(why), "{host} {query}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_used_only_by_who_does_not_insist() {
    let port = free_port();
    let access = "local all all trust\nhost all all 127.0.0.1/32 trust".to_owned();
    let _cluster = Cluster::start(&Options { port: Some(port), access, ..Options::default() }).unwrap();
    let url = |sslmode: &str| format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode={sslmode}");
    for sslmode in ["disable", "prefer"] {
        assert!(open(&url(sslmode)).await.is_ok(), "{sslmode}");
    }
    for sslmode in ["require", "verify-full"] {
        let told = refusal(&url(sslmode)).await;
        assert!(told.contains("the server and we cannot agree on TLS"), "{sslmode}: {told}");
    }
}
