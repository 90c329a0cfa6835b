//! TLS by rustls, with ring.

use std::fmt;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

use super::Stream;
use crate::{Cause, Error};

/// What was chosen for TLS.
#[derive(Clone, Default)]
pub(crate) struct TlsOptions {
    /// Trusted instead of those of the system.
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) identity: Option<(Vec<CertificateDer<'static>>, Arc<PrivateKeyDer<'static>>)>,
    pub(crate) accept_any: bool,
    /// Used as it is.
    pub(crate) config: Option<Arc<ClientConfig>>,
}

/// TLS, ready to be used for any number of connections.
#[derive(Clone)]
pub(crate) struct Tls(TlsConnector);

impl TlsOptions {
    pub(crate) fn add_roots(&mut self, pem: &[u8]) -> Result<(), Error> {
        self.roots.extend(certificates(pem)?);
        Ok(())
    }

    pub(crate) fn set_identity(&mut self, chain: &[u8], key: &[u8]) -> Result<(), Error> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| Error::Config(format!("no private key: {error}")))?;
        self.identity = Some((chain, Arc::new(key)));
        Ok(())
    }

    /// Reads the certificates of the system, unless there are others. That takes a moment, so it is done once for a client.
    pub(crate) fn build(&self) -> Result<Tls, Error> {
        if let Some(config) = &self.config {
            return Ok(Tls(TlsConnector::from(Arc::clone(config))));
        }
        let wrong = |error: TlsError| Error::Config(format!("TLS: {error}"));
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?;
        let builder = if self.accept_any {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
        } else {
            builder.with_root_certificates(self.trusted()?)
        };
        let config = match &self.identity {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(wrong)?,
            None => builder.with_no_client_auth(),
        };
        Ok(Tls(TlsConnector::from(Arc::new(config))))
    }

    fn trusted(&self) -> Result<RootCertStore, Error> {
        let mut store = RootCertStore::empty();
        if !self.roots.is_empty() {
            for root in &self.roots {
                store
                    .add(root.clone())
                    .map_err(|error| Error::Config(format!("no root certificate: {error}")))?;
            }
            return Ok(store);
        }
        let found = rustls_native_certs::load_native_certs();
        // Systems come with some that cannot be read. That matters if there is no other.
        let (added, _) = store.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found
                .errors
                .first()
                .map_or_else(String::new, |error| format!(": {error}"));
            return Err(Error::Config(format!(
                "the system has no root certificates{why}"
            )));
        }
        Ok(store)
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(Error::Config("there is no certificate in the PEM".into())),
        Err(error) => Err(Error::Config(format!("no certificate: {error}"))),
    }
}

impl Tls {
    pub(super) async fn connect(&self, host: &str, tcp: TcpStream) -> Result<Stream, Cause> {
        let failed = |error| Cause::Tls(Arc::new(error));
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| failed(std::io::Error::other(error)))?;
        let stream = self.0.connect(name, tcp).await.map_err(failed)?;
        Ok(Box::new(stream))
    }
}

/// Believes every certificate: [`Builder::danger_accept_any_certificate`](crate::Builder::danger_accept_any_certificate).
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Without the private key.
impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("roots", &self.roots.len())
            .field("identity", &self.identity.is_some())
            .field("accept_any", &self.accept_any)
            .finish_non_exhaustive()
    }
}
