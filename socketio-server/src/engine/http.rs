//! Requests: which session they are for, what they do to it, and how they are answered.

mod answer;
mod entrance;
mod polling;
mod refusal;
mod upgrade;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engineio_proto::ContentType;
use engineio_proto::admit::{Admission, Known, Method, admit};
use engineio_proto::query::Query;
use engineio_proto::reject::{BadRequest, Reject};
use engineio_proto::server::{self, Opening, Session};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;

pub use self::entrance::Entrance;
pub(crate) use self::polling::WaitingGet;
pub use self::refusal::Refused;

use self::answer::Dress;
use self::upgrade::WebSocketHandshake;
use super::connection::Connection;
use super::driver::Driver;
use super::machine::{Machine, Protocol};
use super::meter::Meter;
use super::registry::Registry;
use super::{Clock, ids};
use crate::door::{
    Answering, AnyBody, Client, Door, Entering, Files, Gate, Handshake, Options, Peer, ResponseBody,
};

/// What answers are made of.
pub(crate) type Answer = Response<ResponseBody>;

/// What a request leads to.
enum Work<P: Protocol> {
    Open(Opening, Newcomer, Option<Upgrade>),
    Get(Arc<Connection<P>>),
    Post(Arc<Connection<P>>, ContentType),
    Try(Arc<Connection<P>>, Upgrade, bool),
}

/// The session that a request names.
type Named<P> = Option<Arc<Connection<P>>>;

/// A client that was admitted and has no session yet.
struct Newcomer {
    handshake: Arc<Handshake>,
    entering: Entering,
}

/// A connection that becomes a WebSocket.
struct Upgrade {
    handshake: WebSocketHandshake,
    connection: OnUpgrade,
}

/// Everything that requests share.
pub(crate) struct Core<P: Protocol> {
    pub(crate) options: Options,
    prefix: String,
    /// Shared by all sessions.
    session_options: Arc<server::Config>,
    pub(crate) protocol: Arc<P>,
    pub(crate) clock: Clock,
    pub(crate) sessions: Registry<Connection<P>>,
    gate: Gate,
    pub(crate) meter: Meter,
    /// How many sessions there have been.
    count: AtomicU64,
}

impl<P: Protocol> Core<P> {
    pub(crate) fn new(options: Options, protocol: Arc<P>) -> Arc<Self> {
        Arc::new(Self {
            prefix: options.prefix(),
            session_options: Arc::new(options.sessions.clone()),
            gate: Gate::new(&options),
            meter: Meter::new(),
            count: AtomicU64::new(0),
            options,
            protocol,
            clock: Clock::start(),
            sessions: Registry::new(),
        })
    }

    /// Lets no new client in, and ends the listeners. Sessions go on.
    pub(crate) fn close_gate(&self) {
        self.gate.close();
    }

    /// Decides what a request leads to, before anything of its body is read. What takes time is left to the caller, who then has
    /// nothing of the request's head any more: each piece of it would keep hyper's whole read buffer for as long as a
    /// poll waits.
    fn route(
        &self,
        mut parts: Parts,
        client: Client,
        is_upgrade: bool,
    ) -> Result<Work<P>, Refused> {
        let connection = parts.extensions.remove::<OnUpgrade>();
        let connection = match (is_upgrade, connection) {
            // A layer around this service may not have passed it on.
            (true, None) => return Err(Reject::BadRequest(BadRequest::NotAnUpgrade).into()),
            (_, connection) => connection.filter(|_| is_upgrade),
        };
        let upgrade = |connection| {
            let handshake = WebSocketHandshake::check(&parts.headers)?;
            Ok::<_, Refused>(Upgrade {
                handshake,
                connection,
            })
        };
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let (admission, session) = self.admission(&query, &parts.method, is_upgrade)?;
        self.check_origin(&parts, &client)?;
        if query.jsonp().is_some() {
            self.check_script(&parts, &client)?;
        }
        match (admission, session, connection) {
            (Admission::Handshake, _, connection) => {
                let upgrade = connection.map(upgrade).transpose()?;
                let newcomer = self.enter(&parts, client)?;
                let opening = Opening::from_query(self.new_id()?, &query);
                Ok(Work::Open(opening, newcomer, upgrade))
            }
            (Admission::Get, Some(session), _) => Ok(Work::Get(session)),
            (Admission::Post, Some(session), _) => {
                let content_type = parts.headers.get(CONTENT_TYPE);
                let content =
                    ContentType::from_header(content_type.and_then(|value| value.to_str().ok()));
                Ok(Work::Post(session, content))
            }
            (Admission::Upgrade, Some(session), Some(connection)) => {
                Ok(Work::Try(session, upgrade(connection)?, query.base64()))
            }
            (_, None, _) => Err(Reject::UnknownSid.into()),
            (Admission::Upgrade, _, None) => {
                Err(Reject::BadRequest(BadRequest::NotAnUpgrade).into())
            }
        }
    }

    /// Whether the request is one, and the session that it names.
    fn admission(
        &self,
        query: &Query<'_>,
        method: &http::Method,
        is_upgrade: bool,
    ) -> Result<(Admission, Named<P>), Refused> {
        let connection = query.sid().and_then(|sid| self.find(sid));
        let known = connection.as_ref().map(|connection| {
            connection.session(|session| Known {
                transport: session.transport(),
                revision: session.revision(),
            })
        });
        let method = match *method {
            http::Method::GET => Method::Get,
            http::Method::POST => Method::Post,
            http::Method::OPTIONS => Method::Options,
            _ => Method::Other,
        };
        let config = self.options.sessions.admission();
        let admission = admit(query, method, is_upgrade, known, &config)?;
        Ok((admission, connection))
    }

    /// The session of this id, as it is at this moment: its timer may be about to fire, and what is past its deadline is over.
    fn find(&self, sid: &str) -> Option<Arc<Connection<P>>> {
        let connection = self.sessions.get(sid)?;
        let deadline = connection.lock().machine.poll_timeout();
        if deadline.is_some_and(|deadline| deadline <= self.clock.now()) {
            connection.input(Machine::handle_timeout);
        }
        Some(connection)
    }

    /// Whether a page may send this, and to this name.
    fn check_origin(&self, parts: &Parts, client: &Client) -> Result<(), Refused> {
        let host = client.host.as_deref();
        if !self.options.hosts.allow(&parts.headers, host) {
            return Err(Refused::forbidden("hosts"));
        }
        if !self.options.origins.allows(&parts.headers, host) {
            let origin = parts.headers.get(http::header::ORIGIN);
            tracing::debug!(?origin, "a page of another origin");
            return Err(Refused::forbidden("cors"));
        }
        Ok(())
    }

    /// The same for a page that fetches the answer as a script, for which browsers name no origin.
    fn check_script(&self, parts: &Parts, client: &Client) -> Result<(), Refused> {
        let host = client.host.as_deref();
        if !self.options.origins.allows_script(&parts.headers, host) {
            tracing::debug!("a script for a page of another origin");
            return Err(Refused::forbidden("cors"));
        }
        Ok(())
    }

    /// Whether one more client can be taken; what it said, to be kept with it.
    fn enter(&self, parts: &Parts, client: Client) -> Result<Newcomer, Refused> {
        let sessions = || self.sessions.len();
        let entering = self.gate.admit(sessions, self.clock.now())?;
        let handshake = Handshake::copy(
            &parts.uri,
            &parts.headers,
            client.address,
            client.secure,
            Clock::calendar(),
        );
        let kept = self.options.hooks.kept(&parts.extensions);
        Ok(Newcomer {
            handshake: Arc::new(handshake.with_extensions(kept)),
            entering,
        })
    }

    /// The application decides.
    async fn ask(&self, handshake: &Arc<Handshake>) -> Result<(), Refused> {
        let decision = self.options.hooks.ask(handshake).await;
        decision.map_err(Refused::by_application)
    }

    /// Who sent the request.
    fn client(&self, parts: &Parts) -> Client {
        let found = self.options.hooks.find_peer(&parts.extensions);
        let peer = found.or_else(|| parts.extensions.get::<Peer>().copied());
        self.options.proxies.client(peer, &parts.headers)
    }

    /// A client comes: it is answered its first poll, or gets its WebSocket.
    async fn open(
        self: &Arc<Self>,
        opening: Opening,
        newcomer: Newcomer,
        upgrade: Option<Upgrade>,
        dress: &mut Dress,
    ) -> Result<Answer, Refused> {
        self.ask(&newcomer.handshake).await?;
        let hooks = &self.options.hooks;
        hooks.first_headers(&mut dress.headers, &newcomer.handshake);
        if let Some(upgrade) = upgrade {
            return Ok(self.open_link(upgrade, opening, newcomer));
        }
        let cookie = self.options.cookie.as_ref();
        dress.cookie = cookie.and_then(|cookie| cookie.header(opening.sid().as_str()));
        let options = Arc::clone(&self.session_options);
        let session = Session::accept_polling(options, opening, self.clock.now());
        Ok(polling::Get::new(&self.add(session, newcomer), self).await?)
    }

    /// A session begins: it can be asked for from now on, and its driver runs.
    fn add(self: &Arc<Self>, session: Session, newcomer: Newcomer) -> Arc<Connection<P>> {
        let sid = session.sid().clone();
        let (transport, revision) = (session.transport().name(), session.revision());
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let span = tracing::debug_span!("session", number);
        span.in_scope(|| tracing::debug!(transport, revision = revision.number(), "opened"));
        self.meter.opened(transport, revision);
        let Newcomer {
            handshake,
            entering,
        } = newcomer;
        let machine = self.protocol.accept(session, &handshake, self.clock.now());
        let connection = Connection::new(
            Arc::clone(&self.protocol),
            machine,
            self.clock,
            handshake,
            span,
            self.protocol.local(),
        );
        // Ids have 120 random bits; one that is taken does not happen.
        self.sessions.insert(sid, Arc::clone(&connection));
        drop(entering);
        let application = self.protocol.opened(&connection);
        let driver = Driver::new(Arc::clone(self), Arc::clone(&connection), application);
        tokio::spawn(driver);
        connection
    }

    fn new_id(&self) -> Result<engineio_proto::Sid, Reject> {
        ids::random().map_err(|_| Reject::BadRequest(BadRequest::IdGeneration))
    }

    /// The client's bundle that is asked for, if it is one and they are served.
    fn file(&self, parts: &Parts) -> Option<&'static str> {
        self.options.files.as_ref()?;
        if ![http::Method::GET, http::Method::HEAD].contains(&parts.method) {
            return None;
        }
        Files::name(parts.uri.path().strip_prefix(self.prefix.as_str())?)
    }
}

impl<P: Protocol> Door for Core<P> {
    fn is_for_us(&self, path: &str) -> bool {
        path.starts_with(self.prefix.as_str())
    }

    /// Each kind of request has a future of its own: one that waits holds no room for what another kind needs.
    fn answer(self: Arc<Self>, request: Request<AnyBody>) -> Answering {
        let (parts, body) = request.into_parts();
        let client = self.client(&parts);
        let mut dress = Dress::new(&self.options, &parts, client.host.as_deref());
        let origins = &self.options.origins;
        if parts.method == http::Method::OPTIONS && origins.answers_preflight() {
            origins.decorate_preflight(&parts.headers, &mut dress.headers);
            let answer = answer::empty(StatusCode::NO_CONTENT);
            return Answering::soon(async move { dress.finish(Ok(answer), &self.meter).await });
        }
        if let (Some(name), Some(files)) = (self.file(&parts), self.options.files.clone()) {
            let (headers, coding) = (parts.headers, dress.coding.take());
            return Answering::soon(async move {
                let answer = files.answer(name, &headers, coding).await;
                dress
                    .finish(answer.ok_or(Reject::TransportUnknown.into()), &self.meter)
                    .await
            });
        }
        let is_upgrade = dress.is_upgrade;
        match self.route(parts, client, is_upgrade) {
            Ok(Work::Get(connection)) => {
                let get = polling::Get::new(&connection, &self);
                Answering::Late(WaitingGet::new(get, dress))
            }
            Ok(Work::Post(connection, content)) => Answering::soon(async move {
                let answer = polling::post(&self, &connection, content, body).await;
                dress.finish(answer, &self.meter).await
            }),
            Ok(Work::Open(opening, newcomer, upgrade)) => Answering::soon(async move {
                let answer = self.open(opening, newcomer, upgrade, &mut dress).await;
                dress.finish(answer, &self.meter).await
            }),
            Ok(Work::Try(connection, upgrade, base64)) => {
                let answer = self.upgrade(upgrade, &connection, base64);
                Answering::soon(async move {
                    dress
                        .finish(answer.map_err(Refused::from), &self.meter)
                        .await
                })
            }
            Err(refused) => {
                Answering::soon(async move { dress.finish(Err(refused), &self.meter).await })
            }
        }
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn meter(&self) -> &Meter {
        &self.meter
    }
}

impl<P: Protocol> std::fmt::Debug for Core<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}
