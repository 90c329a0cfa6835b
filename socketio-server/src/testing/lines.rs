//! What the connection of test clients has open: requests of polling, a WebSocket, or one that is on its way.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;

use engineio_proto::client::Request;
use engineio_proto::{Frame, LinkId, Time, Transport, TransportFault};
use http::StatusCode;
use socketio_proto::client::Connection;

use super::TestError;
use super::polling::{Answer, Line};
use super::wire::{Opening, Wire};

/// What is open, and what is under way.
pub(super) struct Lines {
    opening: Arc<Opening>,
    /// Used again for the next request.
    idle: Vec<Line>,
    get: Option<Asked>,
    post: Option<Asked>,
    dialled: Option<(LinkId, Dialled)>,
    link: Option<(LinkId, Wire)>,
}

type Asked = Pin<Box<dyn Future<Output = (Line, Result<Answer, TestError>)> + Send>>;
type Dialled = Pin<Box<dyn Future<Output = Result<Wire, TestError>> + Send>>;

/// What came of it.
pub(super) enum Heard {
    Get(Result<Answer, TestError>),
    Post(Result<Answer, TestError>),
    Opened(LinkId, Result<Wire, TestError>),
    /// A frame, or the end.
    Link(LinkId, Option<Frame>),
}

impl Lines {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            opening: Arc::new(opening),
            idle: Vec::new(),
            get: None,
            post: None,
            dialled: None,
            link: None,
        }
    }

    /// Makes the first request.
    pub(super) async fn begin(
        &mut self,
        machine: &mut Connection,
        now: Time,
    ) -> Result<(), TestError> {
        self.start(machine);
        match self.next(false).await {
            Heard::Get(Ok(answer)) if answer.status != StatusCode::OK => Err(answer.refusal()),
            Heard::Get(Err(error)) | Heard::Opened(_, Err(error)) => Err(error),
            heard => {
                self.hear(machine, heard, now);
                Ok(())
            }
        }
    }

    /// Does what the machine wants to have done.
    pub(super) fn start(&mut self, machine: &mut Connection) {
        loop {
            if let Some(request) = machine.poll_request() {
                let query = machine.query(Transport::POLLING);
                let line = self.idle.pop();
                let line = line.unwrap_or_else(|| Line::new(Arc::clone(&self.opening)));
                match request {
                    Request::Get => self.get = Some(Box::pin(line.ask(query, None))),
                    Request::Post(body) => {
                        self.post = Some(Box::pin(line.ask(query, Some(body))));
                    }
                }
            } else if let Some(connect) = machine.poll_connect() {
                let query = machine.query(connect.transport);
                let opening = Arc::clone(&self.opening);
                let dialled = async move { opening.websocket(&query).await };
                self.dialled = Some((connect.link, Box::pin(dialled)));
            } else {
                return;
            }
        }
    }

    /// Has frames leave by the link, and ends it after them if it is finished.
    pub(super) async fn send(&mut self, frames: &[Frame], is_finished: bool) {
        let Some((_, wire)) = &mut self.link else {
            return;
        };
        for frame in frames {
            wire.send(frame).await;
        }
        if is_finished {
            wire.close().await;
            self.link = None;
        }
    }

    pub(super) fn link(&self) -> Option<LinkId> {
        self.link.as_ref().map(|(id, _)| *id)
    }

    /// What comes of anything that is under way. Who hangs looks at nothing. Nothing is lost if this is dropped halfway.
    pub(super) async fn next(&mut self, hangs: bool) -> Heard {
        let dialled = self.dialled.as_mut().map(|(_, dialled)| dialled);
        let link = self.link.as_mut().map(|(id, wire)| (*id, wire));
        let received = async {
            match link {
                Some((id, wire)) => Heard::Link(id, wire.next().await),
                None => pending().await,
            }
        };
        tokio::select! {
            (line, answer) = done(self.get.as_mut()), if !hangs => {
                self.get = None;
                self.idle.push(line);
                Heard::Get(answer)
            }
            (line, answer) = done(self.post.as_mut()) => {
                self.post = None;
                self.idle.push(line);
                Heard::Post(answer)
            }
            wire = done(dialled) => match self.dialled.take() {
                Some((id, _)) => Heard::Opened(id, wire),
                None => pending().await,
            },
            heard = received, if !hangs => heard,
        }
    }

    /// Tells the machine.
    pub(super) fn hear(&mut self, machine: &mut Connection, heard: Heard, now: Time) {
        match heard {
            Heard::Get(Ok(answer)) => {
                let status = answer.status.as_u16();
                machine.handle_get_response(status, answer.content, answer.body, now);
            }
            Heard::Post(Ok(answer)) => machine.handle_post_response(answer.status.as_u16(), now),
            Heard::Get(Err(_)) | Heard::Post(Err(_)) => {
                machine.handle_request_failed(TransportFault::Request);
            }
            Heard::Opened(id, Ok(wire)) => {
                self.link = Some((id, wire));
                machine.handle_link_open(id, now);
            }
            Heard::Opened(id, Err(_)) => machine.handle_link_failed(id, TransportFault::Link, now),
            Heard::Link(id, Some(frame)) => machine.handle_frame(id, frame, now),
            Heard::Link(id, None) => {
                self.link = None;
                machine.handle_link_closed(id, now);
            }
        }
    }

    /// Ends everything without a word, as when a cable is pulled and the system notices.
    pub(super) fn cut(&mut self, machine: &mut Connection, now: Time) {
        match self.link.take() {
            Some((id, _)) => machine.handle_link_closed(id, now),
            None => {
                // There is always a request under way, or to be made.
                let _ = machine.poll_request();
                machine.handle_request_failed(TransportFault::Request);
            }
        }
        (self.get, self.post, self.dialled) = (None, None, None);
        self.idle.clear();
    }
}

/// The outcome of something, if it is under way.
async fn done<F: Future + Unpin>(under_way: Option<&mut F>) -> F::Output {
    match under_way {
        Some(under_way) => under_way.await,
        None => pending().await,
    }
}
