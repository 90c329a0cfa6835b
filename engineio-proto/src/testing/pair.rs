//! A client, a server, one clock, and the network between them.

mod accident;
mod again;
mod http;
mod link;
mod perform;
mod speech;
mod step;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use self::again::Lost;
use self::http::Exchange;
use self::step::Pace;
use super::end::End;
use super::links::Link;
use super::machine::{ClientMachine, ServerMachine};
use super::network::{Lanes, Network};
use super::plan::{Notice, Op, Side};
use super::setup::Setup;
use crate::{Message, SendError, Sid, Time, client, server};

/// A client and a server session, one clock, and a network between them.
///
/// Instead of sessions it drives any [`ClientMachine`] and [`ServerMachine`], that is, whatever is built on sessions:
/// see [`above`](Self::above).
///
/// Time passes only when a method says so: [`advance`](Self::advance) and [`settle`](Self::settle) jump from one
/// event to the next, so that hours of protocol take milliseconds. Nothing happens between two operations unless time
/// passes; what was sent in one go is therefore pulled in one go.
///
/// # Panics
///
/// Any method that lets time pass panics when one of the two sessions breaks a rule that holds always:
///
/// - it does not spin: after `handle_timeout(t)` the next deadline is later than `t`, and a bounded number of
///   things happens at one moment;
/// - a session that has not ended has a deadline, and one that has ended has none; what is built on it forgets
///   none;
/// - it owes no more than its limits allow, and puts no more into one body than the peer takes, unless one packet
///   alone is larger;
/// - each side says only what is for it to say there and then: the opening once and first, probes and nothing else on a
///   link that is tried, pings and pongs from the right side, nothing after a close packet;
/// - events make sense: each session is opened once and closed once, with nothing before and nothing after;
/// - the client has at most one `GET` and one `POST` under way, none between the answer to its probe and its
///   decision for the link, and none after that;
/// - the server leaves no `GET` waiting when its session has ended.
///
/// What depends on the plan is for the test to say: see [`End::received_beginning_of`], [`is_open`](Self::is_open),
/// [`everything_arrived`](Self::everything_arrived), [`both_ended`](Self::both_ended).
#[derive(Debug)]
pub struct Pair<C: ClientMachine = client::Session, S: ServerMachine = server::Session> {
    setup: Setup,
    now: Time,
    lanes: Lanes<Parcel>,
    settling: Duration,

    client: C,
    server: Option<S>,
    /// Machines of the server whose client has gone on to another session.
    lost: Vec<Lost<S>>,
    make_server: MakeServer<S>,
    client_config: Arc<client::Config>,
    server_config: Arc<server::Config>,
    /// The id of the present session, and how many there have been.
    sid: Sid,
    sessions: usize,
    client_events: Vec<C::Event>,
    server_events: Vec<S::Event>,
    client_end: End,
    server_end: End,

    get: Exchange,
    post: Exchange,
    links: Vec<Link>,
    /// The link whose probe was answered, so that the client may not make requests.
    pausing: Option<usize>,

    /// The server has said its first packet.
    server_spoke: bool,

    /// Until when an end takes nothing from its session.
    held: [Time; 2],
    /// Everything was cut, and who noticed.
    dead: Option<Notice>,
    /// The next request for a link to upgrade to is refused.
    refusal: bool,
    numbered: usize,
    pace: Pace,
    travelled: usize,
    trace: Vec<String>,
}

/// Puts a machine on a session that the server accepted.
struct MakeServer<S>(Box<dyn FnMut(server::Session, Time) -> S>);

impl<S> fmt::Debug for MakeServer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MakeServer")
    }
}

/// What travels.
#[derive(Debug)]
enum Parcel {
    Request(http::Request),
    Answer(http::Answer),
    Link(link::Travelling),
}

impl Pair {
    /// Both ends, before the client has made its first request: nothing happens until time passes.
    ///
    /// ```
    /// use engineio_proto::testing::{Network, Op, Pair, Setup, Side};
    /// use engineio_proto::{CloseReason, Transport};
    ///
    /// let mut pair = Pair::new(Setup::default(), Network::new(1));
    /// pair.run(&[Op::send(Side::Client, 5), Op::Advance(1_000), Op::send(Side::Server, 5)]);
    /// pair.settle();
    /// assert!(pair.everything_arrived());
    /// assert_eq!(pair.server().upgrades(), [Transport::WEBSOCKET]);
    ///
    /// pair.run(&[Op::CutLinks(engineio_proto::testing::Notice::Nobody)]);
    /// pair.settle();
    /// assert_eq!(pair.server().closed(), Some(CloseReason::PingTimeout));
    /// assert_eq!(pair.client().closed(), Some(CloseReason::PingTimeout));
    /// ```
    pub fn new(setup: Setup, network: Network) -> Self {
        Self::above(setup, network, |session, _| session, |session, _| session)
    }

    // --- what the applications do ---

    /// One side sends a message. It is noted as sent if it was accepted.
    ///
    /// # Errors
    ///
    /// What the session said. Before the client's first request has arrived, a server has no session: closed.
    pub fn send(&mut self, by: Side, message: Message) -> Result<(), SendError> {
        let (end, sent) = match (by, &mut self.server) {
            (Side::Client, _) => (&mut self.client_end, self.client.send(message.clone())),
            (Side::Server, Some(server)) => (&mut self.server_end, server.send(message.clone())),
            (Side::Server, None) => (&mut self.server_end, Err(SendError::Closed)),
        };
        match sent {
            Ok(()) => end.sent.push(message),
            Err(_) => end.refused += 1,
        }
        self.check_limits(by);
        sent
    }

    /// Does what the plan says, one after the other.
    pub fn run(&mut self, plan: &[Op]) {
        for op in plan {
            self.disturb(*op);
            if let Op::Send { by, kind, size } = *op {
                self.numbered += 1;
                // Refused messages are counted by the end.
                let _ = self.send(by, kind.message(usize::from(size), self.numbered));
            }
        }
    }
}

impl<C: ClientMachine, S: ServerMachine> Pair<C, S> {
    /// The same with machines that are built on sessions. `client` and `server` build them; the server has one for
    /// each session of the client, see [`restart_client`](Self::restart_client).
    ///
    /// ```
    /// use engineio_proto::testing::{Network, Pair, Setup, Side};
    ///
    /// // Sessions are machines, too.
    /// let (setup, network) = (Setup::default(), Network::new(1));
    /// let mut pair = Pair::above(setup, network, |session, _now| session, |session, _now| session);
    /// pair.settle();
    /// assert!(pair.is_open());
    /// ```
    pub fn above(
        setup: Setup,
        network: Network,
        client: impl FnOnce(client::Session, Time) -> C,
        server: impl FnMut(server::Session, Time) -> S + 'static,
    ) -> Self {
        let settling = setup.patience() * 2
            + setup.upgrade_timeout
            + setup.close_timeout
            + network.longest_latency() * 20
            + SETTLING_MORE;
        let client_config = setup.client_config();
        let session = client::Session::new(client_config.clone(), Time::ZERO);
        Self {
            now: Time::ZERO,
            lanes: Lanes::new(&network),
            settling,
            client: client(session, Time::ZERO),
            server: None,
            lost: Vec::new(),
            make_server: MakeServer(Box::new(server)),
            client_config,
            server_config: setup.server_config(),
            sid: sid(1),
            sessions: 1,
            client_events: Vec::new(),
            server_events: Vec::new(),
            client_end: End::default(),
            server_end: End::default(),
            get: Exchange::default(),
            post: Exchange::default(),
            links: Vec::new(),
            pausing: None,
            server_spoke: false,
            held: [Time::ZERO; 2],
            dead: None,
            refusal: false,
            numbered: 0,
            pace: Pace::default(),
            travelled: 0,
            trace: Vec::new(),
            setup,
        }
    }

    // --- what happened so far ---

    /// The client's end of the present session.
    pub fn client(&self) -> &End {
        &self.client_end
    }

    /// The server's end of the present session.
    pub fn server(&self) -> &End {
        &self.server_end
    }

    /// One of the two.
    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client_end,
            Side::Server => &self.server_end,
        }
    }

    /// The client's session, for questions that [`End`] does not answer.
    pub fn client_session(&self) -> &client::Session {
        self.client.session()
    }

    /// The server's session, once the client's first request has arrived.
    pub fn server_session(&self) -> Option<&server::Session> {
        self.server.as_ref().map(S::session)
    }

    /// The client's machine.
    pub fn client_machine(&self) -> &C {
        &self.client
    }

    /// The client's machine, for its application. What it wants done is done when time passes.
    pub fn client_machine_mut(&mut self) -> &mut C {
        &mut self.client
    }

    /// The server's machine for the present session, once the client's first request has arrived.
    pub fn server_machine(&self) -> Option<&S> {
        self.server.as_ref()
    }

    /// All machines of the server that are not over, oldest first: those whose client has gone on to another session,
    /// and the present one.
    pub fn server_machines_mut(&mut self) -> impl Iterator<Item = &mut S> {
        let lost = self.lost.iter_mut().map(|lost| &mut lost.machine);
        lost.chain(&mut self.server)
    }

    /// What the client's machine reported that only its application understands, since this was last called.
    pub fn take_client_events(&mut self) -> Vec<C::Event> {
        core::mem::take(&mut self.client_events)
    }

    /// What the server's machines reported that only their application understands, since this was last called.
    pub fn take_server_events(&mut self) -> Vec<S::Event> {
        core::mem::take(&mut self.server_events)
    }

    /// How many sessions the client has begun.
    pub fn sessions(&self) -> usize {
        self.sessions
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Whether both ends are open.
    pub fn is_open(&self) -> bool {
        self.client_end.is_open() && self.server_end.is_open()
    }

    /// Whether each end has all that the other sent.
    pub fn everything_arrived(&self) -> bool {
        self.client_end.received == self.server_end.sent
            && self.server_end.received == self.client_end.sent
    }

    /// Whether both ends know that the connection is over. A server that never heard of the client knows too.
    pub fn both_ended(&self) -> bool {
        let server_knows = self.server_end.closed.is_some() || self.server.is_none();
        self.client_end.closed.is_some() && server_knows
    }

    /// How many things have gone over the network: frames or pieces of streams, requests, answers.
    pub fn travelled(&self) -> usize {
        self.travelled
    }

    /// What went over the network and what was done about it, with the time, if [`Setup::traced`] was called.
    pub fn trace(&self) -> &[String] {
        &self.trace
    }

    /// One side closes; what it sent before leaves first.
    pub fn close(&mut self, by: Side) {
        match (by, &mut self.server) {
            (Side::Client, _) => self.client.close(self.now),
            (Side::Server, Some(server)) => server.close(self.now),
            (Side::Server, None) => {}
        }
    }

    /// One side closes at once.
    pub fn abort(&mut self, by: Side) {
        match (by, &mut self.server) {
            (Side::Client, _) => self.client.abort(),
            (Side::Server, Some(server)) => server.abort(),
            (Side::Server, None) => {}
        }
    }

    // --- what happens to them ---

    /// Everything breaks for ever, and nobody is told: the same as [`Op::CutAll`] with [`Notice::Nobody`].
    pub fn cut(&mut self) {
        self.cut_all(Notice::Nobody);
    }

    /// Time passes, and with it all that is due.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step_until(end) {}
    }

    /// Stalls, holds and freezes end, and so much time passes that whatever was under way has arrived, and whoever lost
    /// the other has noticed.
    ///
    /// Afterwards either both ends are open and everything has arrived, or both know that the connection is over;
    /// if not, the sessions are wrong.
    pub fn settle(&mut self) {
        self.resume();
        self.advance(self.settling);
    }

    /// Ends every stall, hold and freeze.
    pub fn resume(&mut self) {
        self.lanes.resume();
        self.held = [Time::ZERO; 2];
        self.refusal = false;
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.setup.trace {
            let now = self.now;
            self.trace.push(alloc::format!("{now:?} {}", what()));
        }
    }
}

/// The id of the session with this number.
fn sid(number: usize) -> Sid {
    let id = alloc::format!("session-{number}-of-the-harness");
    Sid::new(&id).unwrap_or_else(|| unreachable!("it is visible ASCII"))
}

/// Time for closes that wait for something: the client's close timeout, the connect timeout, and a margin.
const SETTLING_MORE: Duration = Duration::from_secs(60);
