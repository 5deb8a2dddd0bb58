//! TLS: who is trusted, and who we say we are.

use bpmtop::engine::{Authorities, ClientCertificate, ClientOptions, Problem, TlsFault, Unreachable};

use super::scripted::authority::{Authority, Pair};
use super::scripted::{Reply, ScriptedEngine};
use super::{calm, options, told, version};

fn trusting(authority: &Authority, address: &str) -> ClientOptions {
    ClientOptions { authorities: Authorities::from_pem(authority.pem.as_bytes()).expect("an authority"), ..options(address) }
}

fn showing(pair: &Pair, options: ClientOptions) -> ClientOptions {
    ClientOptions { client_certificate: Some(ClientCertificate::from_pem(pair.together().as_bytes(), None).expect("a certificate")), ..options }
}

#[tokio::test]
async fn a_companys_own_authority_is_trusted_when_it_is_named_and_only_then() {
    let company = Authority::new("company");
    let engine = ScriptedEngine::start_tls(company.issue("localhost").server(None), calm).await;
    assert_eq!(version(trusting(&company, &engine.secure_url())).await.expect("an answer"), "7.24.0");
    let stranger = version(options(&engine.secure_url())).await.expect_err("not trusted");
    let other = version(trusting(&Authority::new("another"), &engine.secure_url())).await.expect_err("not trusted");
    assert_eq!(told(&stranger), told(&other));
    insta::assert_snapshot!(told(&stranger), @"[TLS] TLS: the server's certificate is signed by an authority this machine does not trust (GET https://localhost/engine-rest/version) | Point ca_file (or --ca-file) to a PEM file of the company's certificate authority, or add it to this machine.");
    assert_eq!(engine.asked().len(), 1);
}

#[tokio::test]
async fn a_bundle_may_hold_several_authorities() {
    let (company, other) = (Authority::new("company"), Authority::new("other"));
    let engine = ScriptedEngine::start_tls(company.issue("localhost").server(None), calm).await;
    let bundle = format!("# ours\n{}\n{}", other.pem, company.pem);
    let authorities = Authorities::from_pem(bundle.as_bytes()).expect("a bundle");
    version(ClientOptions { authorities, ..options(&engine.secure_url()) }).await.expect("an answer");
}

#[tokio::test]
async fn an_expired_certificate_and_another_name_have_their_own_words() {
    let company = Authority::new("company");
    let expired = ScriptedEngine::start_tls(company.issue_expired("localhost").server(None), calm).await;
    let elsewhere = ScriptedEngine::start_tls(company.issue("engine.example.com").server(None), calm).await;
    let expired = version(trusting(&company, &expired.secure_url())).await.expect_err("expired");
    let misnamed = version(trusting(&company, &elsewhere.secure_url())).await.expect_err("another name");
    insta::assert_snapshot!(format!("{}\n{}", told(&expired), told(&misnamed)), @r"
    [TLS] TLS: the server's certificate has expired or is not valid yet (GET https://localhost/engine-rest/version) | Renew the certificate, or check the clock of this machine.
    [TLS] TLS: the server's certificate is made out to another host name (GET https://localhost/engine-rest/version) | Use the host name the certificate was made out to.
    ");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_demands_one() {
    let (company, staff) = (Authority::new("company"), Authority::new("staff"));
    let engine = ScriptedEngine::start_tls(company.issue("localhost").server(Some(&staff)), calm).await;
    let ann = staff.issue("ann");
    assert_eq!(version(showing(&ann, trusting(&company, &engine.secure_url()))).await.expect("an answer"), "7.24.0");
    let apart = ClientCertificate::from_pem(ann.certificate.as_bytes(), Some(ann.key.as_bytes())).expect("a certificate");
    version(ClientOptions { client_certificate: Some(apart), ..trusting(&company, &engine.secure_url()) }).await.expect("an answer");
}

#[tokio::test]
async fn a_missing_an_expired_and_an_unknown_client_certificate_have_their_own_words() {
    let (company, staff) = (Authority::new("company"), Authority::new("staff"));
    let engine = ScriptedEngine::start_tls(company.issue("localhost").server(Some(&staff)), calm).await;
    let ask = |pair: Option<Pair>| {
        let options = trusting(&company, &engine.secure_url());
        version(match pair {
            Some(pair) => showing(&pair, options),
            None => options,
        })
    };
    let missing = ask(None).await.expect_err("none shown");
    let expired = ask(Some(staff.issue_expired("ann"))).await.expect_err("expired");
    let unknown = ask(Some(Authority::new("others").issue("ann"))).await.expect_err("unknown");
    insta::assert_snapshot!([missing, expired, unknown].iter().map(told).collect::<Vec<_>>().join("\n"), @r"
    [TLS] TLS: the server demands a client certificate (GET https://localhost/engine-rest/version) | Set client_certificate (and client_key, if the key has a file of its own) for this engine.
    [TLS] TLS: the server says that the client certificate has expired (GET https://localhost/engine-rest/version) | Renew the certificate in client_certificate, or check the clocks of both machines.
    [TLS] TLS: the server does not know the authority of the client certificate (GET https://localhost/engine-rest/version) | Name the certificate made for this server in client_certificate, with those that lead to its authority below it.
    ");
    assert_eq!(engine.asked().len(), 0);
}

#[tokio::test]
async fn the_page_of_a_web_server_that_misses_the_certificate_is_understood() {
    for (page, shown) in [("No required SSL certificate was sent", false), ("The SSL certificate error", true)] {
        let page = format!("<html><head><title>400 {page}</title></head></html>");
        let engine = ScriptedEngine::always(Reply::html(400, &page)).await;
        let error = version(options(&engine.url())).await.expect_err("a page");
        let Problem::Unreachable(Unreachable::Tls(fault)) = error.problem() else { panic!("{error}") };
        assert_eq!(matches!(fault, TlsFault::CertificateRefused(_)), shown, "{error}");
        assert_eq!(matches!(fault, TlsFault::CertificateDemanded), !shown, "{error}");
    }
}

#[test]
fn files_that_are_no_certificates_say_what_to_do() {
    let ann = Authority::new("staff").issue("ann");
    let bob = Authority::new("staff").issue("bob");
    let encrypted = format!("{}-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n", ann.certificate);
    let old_style = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
    let read = |certificate: &str, key: Option<&str>| ClientCertificate::from_pem(certificate.as_bytes(), key.map(str::as_bytes)).expect_err("unusable");
    for (error, way_out) in [
        (read(&encrypted, None), "openssl pkey -in"),
        (read(&ann.certificate, Some(old_style)), "openssl pkey -in"),
        (read(&ann.certificate, None), "name its file in client_key"),
        (read(&ann.certificate, Some("nothing")), "no private key in PEM form"),
        (read(&ann.certificate, Some(&bob.key)), "does not belong to the first certificate"),
        (read(&ann.key, None), "openssl pkcs12 -nodes"),
        (Authorities::from_pem(b"\x30\x82\x01").expect_err("no PEM"), "openssl x509 -inform der"),
        (Authorities::from_pem(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").expect_err("no certificate"), "certificate 1 of it"),
        (Authorities::from_pem(b"-----BEGIN CERTIFICATE-----\nMIIB\n").expect_err("cut off"), "it is damaged"),
    ] {
        assert!(error.contains(way_out), "{error}");
        assert!(!error.contains("MIIB"), "{error}");
    }
    let shown = format!("{:?}", ClientCertificate::from_pem(ann.together().as_bytes(), None));
    assert_eq!(shown, "Ok(ClientCertificate)");
}
