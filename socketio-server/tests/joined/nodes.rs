//! Several servers that an adapter joins: here by calling each other, in one process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use socketio_adapter::{
    AckRequest, Adapter, AdapterFactory, Answer, Broadcast, Description, Host, Local, Replies,
    Reply, Target,
};
use socketio_server::testing::{TestClient, TestServer};
use socketio_server::{EmitError, Room, Server, ServerEvent, Socket, Value};
use tokio::sync::oneshot;

/// A namespace on one of the nodes.
#[derive(Debug)]
struct Node {
    local: Arc<Local>,
    host: Arc<dyn Host>,
    /// It is known to be there and says nothing.
    is_silent: Arc<AtomicBool>,
}

/// Joins servers.
#[derive(Clone, Debug, Default)]
struct Cluster {
    nodes: Arc<Mutex<Vec<Arc<Node>>>>,
    /// Of the server that is made next.
    is_silent: Arc<AtomicBool>,
}

impl Cluster {
    fn server(&mut self) -> Server {
        self.is_silent = Arc::default();
        Server::builder().adapter(self.clone()).build()
    }
}

impl AdapterFactory for Cluster {
    fn create(&self, host: Arc<dyn Host>, local: Arc<Local>) -> Arc<dyn Adapter> {
        let own = Arc::new(Node {
            local,
            host,
            is_silent: Arc::clone(&self.is_silent),
        });
        self.nodes.lock().unwrap().push(Arc::clone(&own));
        let nodes = Arc::clone(&self.nodes);
        Arc::new(Joined { own, nodes })
    }
}

#[derive(Debug)]
struct Joined {
    own: Arc<Node>,
    nodes: Arc<Mutex<Vec<Arc<Node>>>>,
}

impl Joined {
    /// The other nodes, and how many of them say nothing.
    fn others(&self) -> (Vec<Arc<Node>>, usize) {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let others = nodes.iter().filter(|node| {
            !Arc::ptr_eq(node, &self.own) && node.host.namespace() == self.own.host.namespace()
        });
        let (silent, others): (Vec<_>, Vec<_>) = others
            .cloned()
            .partition(|node| node.is_silent.load(Ordering::Relaxed));
        (others, silent.len())
    }

    fn reachable(&self, target: &Target) -> Vec<Arc<Node>> {
        match target.is_local() || target.is_nobody() {
            true => Vec::new(),
            false => self.others().0,
        }
    }

    fn gather<T: Send + 'static>(&self, ask: impl Fn(&Node) -> Vec<T>) -> Replies<T> {
        let (others, missing) = self.others();
        Replies::new(others.iter().flat_map(|node| ask(node)).collect(), missing)
    }
}

impl Adapter for Joined {
    fn local(&self) -> &Arc<Local> {
        &self.own.local
    }

    fn broadcast(&self, event: &mut Broadcast<'_>, target: &Target) {
        self.local().deliver(event, target);
        for node in self.reachable(target) {
            let mut letter = event.to_letter().unwrap();
            if let Some(ack) = event.ack() {
                letter = letter.with_ack(AckRequest {
                    id: node.host.next_ack_id(),
                    ..ack.clone()
                });
            }
            node.local.deliver(&letter.open(), target);
        }
        if let Some(ack) = event.ack() {
            ack.answers.asked_all(self.others().1);
        }
    }

    fn join(&self, target: &Target, rooms: &[Room]) {
        self.local().join_all(target, rooms);
        let others = self.reachable(target);
        others
            .iter()
            .for_each(|node| node.local.join_all(target, rooms));
    }

    fn leave(&self, target: &Target, rooms: &[Room]) {
        self.local().leave_all(target, rooms);
        let others = self.reachable(target);
        others
            .iter()
            .for_each(|node| node.local.leave_all(target, rooms));
    }

    fn disconnect(&self, target: &Target, close: bool) {
        let mut nodes = self.reachable(target);
        nodes.push(Arc::clone(&self.own));
        for node in nodes {
            for recipient in node.local.select(target).iter() {
                recipient.disconnect(close);
            }
        }
    }

    fn fetch(&self, target: &Target, _: Duration) -> Answer<Replies<Description>> {
        let replies = self.gather(|node| {
            let describe = |recipient: &Arc<dyn socketio_adapter::Recipient>| {
                let mut description = recipient.describe();
                description.rooms = node.local.rooms_of(recipient.id()).unwrap();
                description
            };
            node.local.select(target).iter().map(describe).collect()
        });
        Box::pin(async move { replies })
    }

    fn count(&self, target: &Target, _: Duration) -> Answer<Replies<usize>> {
        let replies = self.gather(|node| vec![node.local.select(target).iter().count()]);
        Box::pin(async move { replies })
    }

    fn rooms(&self, _: Duration) -> Answer<Option<Replies<Room>>> {
        let replies = self.gather(|node| node.local.rooms());
        Box::pin(async move { Some(replies) })
    }

    fn server_emit(&self, name: &str, arguments: &[Value]) {
        for node in self.others().0 {
            node.host.server_event(name, arguments.to_vec(), None);
        }
    }

    fn server_ask(
        &self,
        name: &str,
        arguments: &[Value],
        timeout: Duration,
    ) -> Answer<Replies<Option<Value>>> {
        let (others, mut missing) = self.others();
        let mut asked = Vec::new();
        for node in others {
            let (send, answer) = oneshot::channel();
            let reply = Reply::new(move |answer| {
                let _ = send.send(answer);
            });
            node.host
                .server_event(name, arguments.to_vec(), Some(reply));
            asked.push(answer);
        }
        Box::pin(async move {
            let mut replies = Vec::new();
            for answer in asked {
                match tokio::time::timeout(timeout, answer).await {
                    Ok(Ok(answer)) => replies.push(answer),
                    _ => missing += 1,
                }
            }
            Replies::new(replies, missing)
        })
    }

    fn nodes(&self) -> Answer<usize> {
        let (others, silent) = self.others();
        let nodes = 1 + others.len() + silent;
        Box::pin(async move { nodes })
    }
}

/// Two servers, and a client on each.
struct Pair {
    cluster: Cluster,
    here: Server,
    there: Server,
    a: TestClient,
    b: TestClient,
}

async fn pair() -> Pair {
    let mut cluster = Cluster::default();
    let (here, there) = (cluster.server(), cluster.server());
    let a = TestServer::new(&here).client("/").await.unwrap();
    let b = TestServer::new(&there).client("/").await.unwrap();
    Pair {
        cluster,
        here,
        there,
        a,
        b,
    }
}

impl Pair {
    fn socket_of_b(&self) -> Socket {
        self.there.socket(self.b.id().as_str()).unwrap()
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Player {
    name: String,
}

#[tokio::test]
async fn rooms_reach_over_all_nodes() {
    let pair = pair().await;
    let Pair { here, a, b, .. } = &pair;
    here.sockets()[0].join("room");
    pair.socket_of_b().join(["room", "other"]);
    here.to(["room", "other"]).emit("both", &1).unwrap();
    here.local().to("room").emit("near", &2).unwrap();
    here.to_socket(b.id()).emit("private", &3).unwrap();
    // From a socket, all others on all nodes.
    here.sockets()[0].broadcast().emit("others", &4).unwrap();
    here.emit("end", &5).unwrap();
    for (client, events) in [
        (a, &["both", "near", "end"][..]),
        (b, &["both", "private", "others", "end"][..]),
    ] {
        for event in events {
            client.next::<u32>(event).await.unwrap();
        }
    }
    assert_eq!(here.server_count().await, 2);
    assert_eq!(here.count_sockets().await.unwrap(), 2);
    assert_eq!(here.to("other").count_sockets().await.unwrap(), 1);
    assert_eq!(here.local().to("other").count_sockets().await.unwrap(), 0);
    let named = |rooms: Vec<Room>| {
        let named = rooms
            .iter()
            .map(Room::as_str)
            .filter(|room| room.len() < 10);
        named.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(named(here.rooms()), ["room"]);
    assert_eq!(named(here.fetch_rooms().await.unwrap()), ["other", "room"]);
}

#[tokio::test]
async fn sockets_of_other_nodes_are_fetched_and_can_be_acted_on() {
    let pair = pair().await;
    let Pair { here, a, b, .. } = &pair;
    pair.socket_of_b().attributes().set("name", "Bob").unwrap();
    let mut sockets = here.fetch_sockets().await.unwrap();
    sockets.retain(|socket| socket.as_local().is_none());
    let [remote] = &sockets[..] else {
        panic!("{sockets:?}")
    };
    assert_eq!(remote.id(), b.id());
    let bob = remote.read_attributes::<Player>().unwrap();
    assert_eq!(bob.name, "Bob");
    remote.emit("hello", &1).unwrap();
    assert_eq!(b.next::<u32>("hello").await.unwrap(), 1);
    let asking = remote.emit_with_ack::<String>("who", &(), Duration::from_secs(60));
    let answering = async { b.recv().await.unwrap().ack(&"Bob").unwrap() };
    let (answer, ()) = tokio::join!(asking, answering);
    assert_eq!(answer.unwrap(), "Bob");
    remote.join("room");
    assert!(pair.socket_of_b().is_in("room"));
    remote.leave("room");
    assert!(!pair.socket_of_b().is_in("room"));
    remote.disconnect(false);
    b.disconnected().await;
    assert!(pair.there.is_empty() && a.try_recv().is_none());
    assert_eq!(here.count_sockets().await.unwrap(), 1);
}

#[tokio::test]
async fn answers_come_from_all_nodes_and_those_that_are_silent_are_counted() {
    let mut pair = pair().await;
    let mut answers = pair.here.emit_with_ack::<u32>("n", &());
    pair.a.recv().await.unwrap().ack(&1).unwrap();
    pair.b.recv().await.unwrap().ack(&2).unwrap();
    let mut all = Vec::new();
    while let Some((from, answer)) = answers.next().await {
        all.push((from.unwrap(), answer.unwrap()));
    }
    all.sort_by_key(|(_, answer)| *answer);
    assert_eq!(all, [(pair.a.id().clone(), 1), (pair.b.id().clone(), 2)]);
    assert_eq!(answers.missing_nodes(), 0);

    let third = pair.cluster.server();
    third.emit("nobody is there", &()).unwrap();
    pair.cluster.is_silent.store(true, Ordering::Relaxed);
    for client in [&pair.a, &pair.b] {
        assert_eq!(client.recv().await.unwrap().name(), "nobody is there");
    }
    let mut answers = pair.here.local().emit_with_ack::<u32>("n", &());
    pair.a.recv().await.unwrap().ack(&3).unwrap();
    assert_eq!(answers.next().await.unwrap().1, Ok(3));
    assert!(answers.next().await.is_none());
    assert_eq!(answers.missing_nodes(), 1);
    let error = pair.here.fetch_sockets().await.unwrap_err();
    assert_eq!((error.missing_nodes, error.sockets.len()), (1, 2));
    let error = pair.here.count_sockets().await.unwrap_err();
    assert_eq!((error.missing_nodes, error.known), (Some(1), 2));
    let error = pair.here.fetch_rooms().await.unwrap_err();
    assert_eq!((error.missing_nodes, error.known.len()), (Some(1), 2));
}

#[tokio::test(start_paused = true)]
async fn servers_talk_to_each_other() {
    let pair = pair().await;
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let failed: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&failed);
    pair.there.on_error(move |failure| {
        let what = (failure.event().to_owned(), failure.error().to_string());
        noted.lock().unwrap().push(format!("{what:?}"));
        None
    });
    for (name, server) in [("here", &pair.here), ("there", &pair.there)] {
        let heard = Arc::clone(&heard);
        server.on_server_event("news", move |event: ServerEvent| {
            let (n, text): (u32, String) = event.arguments().unwrap();
            let line = format!("{name} heard {} {n} {text}", event.name());
            heard.lock().unwrap().push(line);
            async move {
                event.reply(&name).unwrap();
                event.reply(&"a second answer").unwrap();
            }
        });
    }
    pair.there.on_server_event("bad", |event| {
        assert_ne!(event.name(), "bad");
        async {}
    });
    pair.there
        .on_server_event("worse", async |_| panic!("of no use later"));
    pair.here.server_side_emit("news", &(1, "one")).unwrap();
    let told = pair.here.server_side_emit_with_ack("news", &(2, "two"));
    let told = told.await.unwrap();
    assert_eq!(told.answers, [Some(Value::from("there"))]);
    assert_eq!(told.missing_nodes, 0);
    let lines = ["there heard news 1 one", "there heard news 2 two"];
    assert_eq!(*heard.lock().unwrap(), lines);
    // Nobody answers what nobody listens to, or what panics.
    for event in ["nothing", "bad", "worse"] {
        let told = pair.here.server_side_emit_with_ack(event, &()).await;
        assert_eq!(told.unwrap().missing_nodes, 1, "{event}");
    }
    let failed = failed.lock().unwrap().clone();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].contains("bad") && failed[1].contains("worse"));
    for reserved in ["connect", "connection", "new_namespace"] {
        let refused = pair.here.server_side_emit(reserved, &());
        assert!(matches!(refused, Err(EmitError::Encode(_))), "{refused:?}");
    }
    // Alone there is nobody to answer.
    let alone = Server::new();
    let told = alone.server_side_emit_with_ack("news", &()).await.unwrap();
    assert_eq!((told.answers.len(), told.missing_nodes), (0, 0));
    pair.cluster.is_silent.store(true, Ordering::Relaxed);
    let told = pair.here.server_side_emit_with_ack("news", &(3, "x")).await;
    assert_eq!(told.unwrap().missing_nodes, 1);
}
