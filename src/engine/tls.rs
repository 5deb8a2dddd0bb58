//! Certificates as files hold them: authorities to trust, and the certificate a client shows. PEM only.

use std::fmt;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// Authorities that are trusted besides those of the platform.
#[derive(Clone, Default)]
pub struct Authorities(Vec<reqwest::Certificate>);

impl Authorities {
    /// Reads a bundle of certificates in PEM form.
    ///
    /// # Errors
    ///
    /// There is none in it, or one of them cannot be an authority's.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let certificates = certificates(pem)?;
        let mut trial = RootCertStore::empty();
        let mut authorities = Vec::new();
        for (place, certificate) in certificates.into_iter().enumerate() {
            let unreadable = |said: String| format!("certificate {} of it cannot be read ({said})", place + 1);
            authorities.push(reqwest::Certificate::from_der(&certificate).map_err(|error| unreadable(error.to_string()))?);
            trial.add(certificate).map_err(|error| unreadable(error.to_string()))?;
        }
        Ok(Self(authorities))
    }

    pub(super) fn certificates(&self) -> Vec<reqwest::Certificate> {
        self.0.clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.0.len())
    }
}

/// The certificate a client shows to a server that demands one, with its private key. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientCertificate(reqwest::Identity);

impl ClientCertificate {
    /// Reads a certificate, those that lead to its authority, and its private key, in PEM form. Without `key`, the private key is
    /// looked for beside the certificate.
    ///
    /// # Errors
    ///
    /// One of the two is missing, the key is encrypted or unusable, or the two do not belong together. No text repeats the key.
    pub fn from_pem(certificate: &[u8], key: Option<&[u8]>) -> Result<Self, String> {
        let key_text = String::from_utf8_lossy(key.unwrap_or(certificate));
        if key_text.contains("BEGIN ENCRYPTED PRIVATE KEY") || key_text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err("the private key is encrypted, and there is no way to give its passphrase here; \
                decrypt it into a file that only you can read: (umask 077; openssl pkey -in KEY.pem -out DECRYPTED.pem)"
                .to_owned());
        }
        let chain = certificates(certificate)?;
        let parsed = PrivateKeyDer::from_pem_slice(key_text.as_bytes()).map_err(|_| match key {
            Some(_) => "there is no private key in PEM form in it".to_owned(),
            None => "there is a certificate in it but no private key; put the key below the certificate, or name its file in client_key".to_owned(),
        })?;
        let provider = rustls::crypto::ring::default_provider();
        CertifiedKey::from_der(chain, parsed, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => "the private key does not belong to the first certificate".to_owned(),
            other => format!("the private key cannot be used ({other})"),
        })?;
        let both = [blocks(&String::from_utf8_lossy(certificate), "CERTIFICATE"), blocks(&key_text, "PRIVATE KEY")].concat();
        reqwest::Identity::from_pem(both.as_bytes()).map(Self).map_err(|error| format!("certificate and key cannot be used ({error})"))
    }

    pub(super) fn identity(&self) -> reqwest::Identity {
        self.0.clone()
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| format!("it is damaged ({error})"))?;
    if certificates.is_empty() {
        return Err(
            "there is no certificate in PEM form in it; a .p12 or .pfx file becomes one with: (umask 077; openssl pkcs12 -nodes -in FILE.p12 -out FILE.pem), \
            a binary .cer or .der file with: openssl x509 -inform der -in FILE.cer -out FILE.pem"
                .to_owned(),
        );
    }
    Ok(certificates)
}

/// The PEM blocks whose label ends like this, and nothing of what stands between them.
fn blocks(pem: &str, label: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in pem.lines() {
        inside |= line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{label}-----"));
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
        inside &= !line.starts_with("-----END ");
    }
    kept
}
