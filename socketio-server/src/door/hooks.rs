//! What the application says about requests: whether they are let in, and which headers their answers have.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use http::request::Parts;
use http::{Extensions, HeaderMap};

use super::handshake::{Handshake, Peer};

/// Functions of the application that are called for requests.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(super) allow_request: Option<Arc<Allow>>,
    pub(super) initial_headers: Vec<Arc<InitialHeaders>>,
    pub(super) headers: Vec<Arc<Headers>>,
    pub(super) peer: Option<Arc<FindPeer>>,
    /// Which extensions of the first request are kept: each copies one.
    pub(super) kept: Vec<fn(&Extensions, &mut Extensions)>,
}

type Deciding = Pin<Box<dyn Future<Output = Decision> + Send>>;
type Decision = Result<(), Cow<'static, str>>;
type Allow = dyn Fn(Arc<Handshake>) -> Deciding + Send + Sync;
type InitialHeaders = dyn Fn(&mut HeaderMap, &Handshake) + Send + Sync;
type Headers = dyn Fn(&mut HeaderMap, &Parts) + Send + Sync;
type FindPeer = dyn Fn(&Extensions) -> Option<std::net::SocketAddr> + Send + Sync;

impl Hooks {
    pub(crate) fn allow_request<F, Fut, E>(&mut self, allow: F)
    where
        F: Fn(Arc<Handshake>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Cow<'static, str>>,
    {
        self.allow_request = Some(Arc::new(move |handshake| {
            let deciding = allow(handshake);
            Box::pin(async move { deciding.await.map_err(Into::into) })
        }));
    }

    pub(crate) fn initial_headers(
        &mut self,
        set: impl Fn(&mut HeaderMap, &Handshake) + Send + Sync + 'static,
    ) {
        self.initial_headers.push(Arc::new(set));
    }

    pub(crate) fn headers(&mut self, set: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static) {
        self.headers.push(Arc::new(set));
    }

    pub(crate) fn peer(
        &mut self,
        find: impl Fn(&Extensions) -> Option<std::net::SocketAddr> + Send + Sync + 'static,
    ) {
        self.peer = Some(Arc::new(find));
    }

    pub(crate) fn keep_extension<T: Clone + Send + Sync + 'static>(&mut self) {
        self.kept.push(|found, kept| {
            if let Some(found) = found.get::<T>() {
                kept.insert(found.clone());
            }
        });
    }

    /// What is kept of the extensions of a first request.
    pub(crate) fn kept(&self, found: &Extensions) -> Extensions {
        let mut kept = Extensions::new();
        self.kept.iter().for_each(|copy| copy(found, &mut kept));
        kept
    }

    /// Asks whether a client may have a session. Who panics says no.
    pub(crate) async fn ask(&self, handshake: &Arc<Handshake>) -> Decision {
        let Some(allow) = &self.allow_request else {
            return Ok(());
        };
        let panicked = || Err(Cow::Borrowed("Forbidden"));
        let Ok(mut deciding) = catch(|| allow(Arc::clone(handshake))) else {
            return panicked();
        };
        poll_fn(|cx| match catch(|| deciding.as_mut().poll(cx)) {
            Ok(poll) => poll,
            Err(Panicked) => Poll::Ready(panicked()),
        })
        .await
    }

    /// From where a request came, if the application knows.
    pub(crate) fn find_peer(&self, extensions: &Extensions) -> Option<Peer> {
        let find = self.peer.as_ref()?;
        find(extensions).map(Peer::new)
    }

    /// The headers that every answer to this request has.
    pub(crate) fn answer_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        for set in &self.headers {
            set(headers, request);
        }
    }

    /// The headers that the first answer to a client has besides.
    pub(crate) fn first_headers(&self, headers: &mut HeaderMap, handshake: &Handshake) {
        for set in &self.initial_headers {
            set(headers, handshake);
        }
    }
}

struct Panicked;

/// The panic was reported by the process' hook; what is left to do is to refuse.
fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| {
        tracing::error!("`allow_request` panicked; the request is refused");
        Panicked
    })
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
