//! A client, a server, and an application on each side.

mod rules;

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::{Ref, RefCell};
use core::time::Duration;

use engineio_proto::Time;
use engineio_proto::testing::{self as engine, Network, Side};

use super::client_app::ClientApp;
use super::plan::{How, Op, namespace};
use super::server_app::ServerApp;
use super::setup::Setup;
use super::world::World;
use crate::{Namespace, client, server};

/// Two connections with applications, one clock, and a network between them.
///
/// It is a [`engine::Pair`] whose machines are the applications, so its rules hold here too. The applications panic
/// when a connection breaks a rule that holds always:
///
/// - an event appears in no namespace but its own, with the attachments that it was sent with;
/// - nothing is handed out before a namespace was joined (missed events excepted, and then it was recovered), and
///   nothing afterwards;
/// - one client has at most one socket in a namespace, and each end learns once that it was left;
/// - an acknowledgement that is expected ends once, with the answer to its event or an error; retried ones in order.
///
/// What depends on the plan is for the test to say, with the methods that return a `Result`: the error says what is wrong.
#[derive(Debug)]
pub struct Pair {
    inner: engine::Pair<ClientApp, ServerApp>,
    world: Rc<RefCell<World>>,
}

impl Pair {
    /// Both ends, before the client has made its first request.
    ///
    /// ```
    /// use engineio_proto::testing::{Network, Notice, Op as Net, Side};
    /// use socketio_proto::testing::{Op, Pair, Setup};
    ///
    /// let mut pair = Pair::new(Setup::default(), Network::new(1));
    /// pair.run(&[Op::Join(0), Op::wait(1_000), Op::emit(Side::Server, 0), Op::wait(1_000)]);
    /// // The connection is lost; meanwhile there is news.
    /// pair.run(&[Op::Net(Net::CutAll(Notice::Both)), Op::wait(10), Op::emit(Side::Server, 0)]);
    /// pair.settle();
    /// let [first, second] = pair.client().record().stays(&"/".parse().unwrap()) else { panic!() };
    /// assert_eq!((first.received.len(), second.received.len()), (1, 1));
    /// assert!(second.recovered);
    /// assert_eq!(pair.nothing_is_missing(), Ok(()));
    /// ```
    pub fn new(setup: Setup, network: Network) -> Self {
        let Setup {
            engine,
            recovery,
            window,
            codec,
            server,
            client,
        } = setup;
        let world = World::new(Arc::clone(&codec), recovery, window);
        let world = Rc::new(RefCell::new(world));
        let (server, client) = (Arc::new(server), Arc::new(client));
        let of_server = Rc::clone(&world);
        let inner = engine::Pair::above(
            engine,
            network,
            |session, now| {
                let connection = client::Connection::new(session, client, now);
                ClientApp::new(connection, codec, now)
            },
            move |session, now| {
                let connection = server::Connection::new(session, Arc::clone(&server), now);
                ServerApp::new(connection, Rc::clone(&of_server), now)
            },
        );
        Self { inner, world }
    }

    // --- what happens ---------------------------------------------------------------------------------------

    /// Does what the plan says, one after the other.
    pub fn run(&mut self, plan: &[Op]) {
        for op in plan {
            self.perform(*op);
        }
    }

    /// Delays end, and so much time passes that whatever was under way has arrived, whoever lost the other has noticed,
    /// and a client that wants to has come back.
    pub fn settle(&mut self) {
        self.inner.settle();
    }

    /// Time passes.
    pub fn advance(&mut self, duration: Duration) {
        self.inner.advance(duration);
    }

    fn perform(&mut self, op: Op) {
        let now = self.inner.now();
        let client = self.inner.client_machine_mut();
        client.set_time(now);
        match op {
            Op::Net(op) => self.inner.disturb(op),
            Op::Join(to) => client.join(&namespace(to)),
            Op::Leave(to) => client.leave(&namespace(to)),
            Op::Kick(to) => self.each_server(|server| server.kick(&namespace(to))),
            Op::ShutDown => self.each_server(|server| server.shut_down(now)),
            Op::Decide(decision) => self.world.borrow_mut().decision = decision,
            Op::Emit {
                by: Side::Client,
                to,
                how,
                attachments,
            } => client.emit(&namespace(to), how, attachments),
            Op::Emit {
                by: Side::Server,
                to,
                how,
                attachments,
            } => self.emit_by_server(&namespace(to), how, attachments),
        }
    }

    fn emit_by_server(&mut self, namespace: &Namespace, how: How, attachments: u8) {
        if matches!(how, How::Acked(_) | How::Retried(..)) {
            return self.each_server(|server| server.emit(namespace, how, attachments));
        }
        // What the connections have to report comes first: whoever has gone is not sent anything.
        self.each_server(ServerApp::catch_up);
        let broadcast = self
            .world
            .borrow_mut()
            .broadcast(namespace, how.kind(), attachments);
        let (item, packet) = broadcast;
        self.each_server(|server| server.send(namespace, item, &packet));
    }

    fn each_server(&mut self, mut each: impl FnMut(&mut ServerApp)) {
        let now = self.inner.now();
        for server in self.inner.server_machines_mut() {
            server.set_time(now);
            each(server);
        }
    }

    // --- what happened --------------------------------------------------------------------------------------

    /// The client.
    pub fn client(&self) -> &ClientApp {
        self.inner.client_machine()
    }

    /// What the connections of the server share.
    pub fn world(&self) -> Ref<'_, World> {
        self.world.borrow()
    }

    /// The sessions beneath.
    pub fn sessions(&self) -> &engine::Pair<ClientApp, ServerApp> {
        &self.inner
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.inner.now()
    }
}
