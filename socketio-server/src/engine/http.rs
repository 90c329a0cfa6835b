//! Requests: which session they are for, what they do to it, and how they are answered.

mod answer;
mod polling;
mod upgrade;

use std::sync::Arc;

use engineio_proto::ContentType;
use engineio_proto::admit::{Admission, Known, Method, admit};
use engineio_proto::query::Query;
use engineio_proto::reject::{BadRequest, Reject};
use engineio_proto::server::{self, Opening, Session};
use http::header::CONTENT_TYPE;
use http::{Request, Response};

use self::upgrade::WebSocketHandshake;
use super::connection::Connection;
use super::driver::Driver;
use super::machine::{Machine, Protocol};
use super::registry::Registry;
use super::{Clock, ids};
use crate::door::{Answering, AnyBody, Door, Handshake, Options, ResponseBody};

/// What answers are made of.
pub(crate) type Answer = Response<ResponseBody>;

/// What a request leads to.
enum Work<P: Protocol> {
    Answer(Answer),
    Get(Arc<Connection<P>>),
    Post(Arc<Connection<P>>, ContentType, AnyBody),
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
}

impl<P: Protocol> Core<P> {
    pub(crate) fn new(options: Options, protocol: Arc<P>) -> Arc<Self> {
        Arc::new(Self {
            prefix: options.prefix(),
            session_options: Arc::new(options.sessions.clone()),
            options,
            protocol,
            clock: Clock::start(),
            sessions: Registry::new(),
        })
    }

    /// Answers a request.
    async fn serve(self: Arc<Self>, request: Request<AnyBody>) -> Answer {
        let origins = &self.options.origins;
        if request.method() == http::Method::OPTIONS && origins.answers_preflight() {
            let mut answer = answer::empty(http::StatusCode::NO_CONTENT);
            origins.decorate(request.headers(), answer.headers_mut());
            origins.decorate_preflight(request.headers(), answer.headers_mut());
            return answer;
        }
        let mut cross = http::HeaderMap::new();
        origins.decorate(request.headers(), &mut cross);
        let is_upgrade = upgrade::is_asked_for(request.headers());
        let answer = match self.route(request, is_upgrade) {
            Ok(Work::Answer(answer)) => Ok(answer),
            Ok(Work::Get(connection)) => polling::get(&connection).await,
            Ok(Work::Post(connection, content, body)) => {
                let max = self.options.sessions.max_payload_bytes();
                polling::post(&connection, content, body, max).await
            }
            Err(reject) => Err(reject),
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(reject) => {
                tracing::debug!(%reject, "refused a request");
                if is_upgrade {
                    answer::refuse_upgrade(&reject)
                } else {
                    answer::refuse(&reject)
                }
            }
        };
        answer.headers_mut().extend(cross);
        answer
    }

    /// Decides what a request leads to. What takes time is left to the caller, who then has nothing of the request's head
    /// any more: each piece of it would keep hyper's whole read buffer for as long as a poll waits.
    fn route(
        self: &Arc<Self>,
        mut request: Request<AnyBody>,
        is_upgrade: bool,
    ) -> Result<Work<P>, Reject> {
        let upgrade = is_upgrade
            .then(|| upgrade::take(&mut request))
            .transpose()?;
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let connection = query.sid().and_then(|sid| self.find(sid));
        let known = connection.as_ref().map(|connection| {
            connection.session(|session| Known {
                transport: session.transport(),
                revision: session.revision(),
            })
        });
        let method = method(request.method());
        let admission = admit(
            &query,
            method,
            is_upgrade,
            known,
            &self.options.sessions.admission(),
        )?;
        if !self.options.origins.allows(request.headers()) {
            tracing::warn!(
                origin = ?request.headers().get(http::header::ORIGIN),
                "refused a page of another origin; the option `origins` of the server allows it"
            );
            return Err(Reject::forbidden());
        }
        match (admission, connection, upgrade) {
            (Admission::Handshake, _, Some(upgrade)) => {
                let answer = WebSocketHandshake::check(&request)?;
                let opening = Opening::from_query(self.new_id()?, &query);
                let handshake = self.handshake(&request);
                Ok(Work::Answer(
                    self.open_link(answer, upgrade, opening, handshake),
                ))
            }
            (Admission::Handshake, _, None) => {
                let opening = Opening::from_query(self.new_id()?, &query);
                let now = self.clock.now();
                let options = Arc::clone(&self.session_options);
                let session = Session::accept_polling(options, opening, now);
                Ok(Work::Get(self.add(session, self.handshake(&request))))
            }
            (Admission::Get, Some(connection), _) => Ok(Work::Get(connection)),
            (Admission::Post, Some(connection), _) => {
                let content_type = request.headers().get(CONTENT_TYPE);
                let content =
                    ContentType::from_header(content_type.and_then(|value| value.to_str().ok()));
                Ok(Work::Post(connection, content, request.into_body()))
            }
            (Admission::Upgrade, Some(connection), Some(upgrade)) => {
                let handshake = WebSocketHandshake::check(&request)?;
                let base64 = query.base64();
                let answer = self.upgrade(handshake, upgrade, &connection, base64)?;
                Ok(Work::Answer(answer))
            }
            (_, None, _) => Err(Reject::UnknownSid),
            (Admission::Upgrade, _, None) => Err(Reject::BadRequest(BadRequest::NotAnUpgrade)),
        }
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

    /// A session begins: it can be asked for from now on, and its driver runs.
    fn add(self: &Arc<Self>, session: Session, handshake: Handshake) -> Arc<Connection<P>> {
        let sid = session.sid().clone();
        let handshake = Arc::new(handshake);
        let machine = self.protocol.accept(session, &handshake, self.clock.now());
        let connection = Connection::new(
            Arc::clone(&self.protocol),
            machine,
            self.clock,
            handshake,
            self.protocol.local(),
        );
        // Ids have 120 random bits; one that is taken does not happen.
        self.sessions.insert(sid, Arc::clone(&connection));
        self.protocol.opened(&connection);
        tokio::spawn(Driver::new(Arc::clone(self), Arc::clone(&connection)));
        connection
    }

    fn handshake(&self, request: &Request<AnyBody>) -> Handshake {
        Handshake::of_request(request, Clock::calendar())
    }

    fn new_id(&self) -> Result<engineio_proto::Sid, Reject> {
        ids::random().map_err(|_| Reject::BadRequest(BadRequest::IdGeneration))
    }
}

fn method(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        http::Method::OPTIONS => Method::Options,
        _ => Method::Other,
    }
}

impl<P: Protocol> Door for Core<P> {
    fn is_for_us(&self, path: &str) -> bool {
        path.starts_with(self.prefix.as_str())
    }

    fn answer(self: Arc<Self>, request: Request<AnyBody>) -> Answering {
        Box::pin(self.serve(request))
    }
}

impl<P: Protocol> std::fmt::Debug for Core<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}
