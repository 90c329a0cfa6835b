//! What rooms, broadcasts and the provided half of adapters promise, one sentence each.

use std::ptr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use socketio_adapter::{
    AckRequest, Adapter, Answer, Answered, Answers, Asked, Broadcast, Flags, Letter, Local,
    MemoryAdapter, Replies, Room, Target,
};
use socketio_proto::{
    AckError, AckId, Arguments, Bytes, Codec, EncodeError, Encoded, Json, Namespace, SocketId,
    Value,
};

use crate::support::{Inbox, ids};

fn json() -> Arc<dyn Codec> {
    Arc::new(Json::new())
}

/// Sockets of these ids, each in the rooms that follow its id.
fn local(sockets: &[(&str, &[&str])]) -> (Arc<Local>, Vec<Arc<Inbox>>) {
    let json = json();
    let local = Arc::new(Local::new());
    let inboxes = sockets.iter().map(|(id, rooms)| {
        let inbox = Inbox::new(id, &json);
        assert!(local.insert(inbox.clone(), *rooms));
        inbox
    });
    let inboxes = inboxes.collect();
    (local, inboxes)
}

fn to(rooms: &[&str]) -> Target {
    let mut target = Target::all();
    target.to(rooms);
    target
}

fn ready<T>(mut answer: Answer<T>) -> T {
    match answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("an answer that needs no other node has to be there at once"),
    }
}

fn text(packet: &Encoded) -> String {
    String::from_utf8(packet.messages()[0].wire().to_vec()).unwrap()
}

#[test]
fn an_empty_list_of_rooms_is_nobody() {
    let (local, _) = local(&[("a", &["x"]), ("b", &[])]);
    assert!(local.select(&to(&[])).is_empty());
    assert_eq!(ids(&local.select(&Target::all())), ["a", "b"]);
}

#[test]
fn a_socket_is_reached_by_its_id_until_it_leaves_that_room() {
    let (local, inboxes) = local(&[("a", &[]), ("b", &["a"])]);
    assert_eq!(ids(&local.select(&to(&["a"]))), ["a", "b"]);
    assert!(local.leave(&SocketId::from("a"), "a"));
    assert_eq!(ids(&local.select(&to(&["a"]))), ["b"]);
    assert_eq!(local.rooms_of(&SocketId::from("a")), Some(vec![]));
    assert!(local.join(&SocketId::from("a"), "a"));
    assert_eq!(ids(&local.select(&to(&["a"]))), ["a", "b"]);
    assert!(local.remove(&*inboxes[0]).is_some());
    assert_eq!(ids(&local.select(&to(&["a"]))), ["b"]);
}

#[test]
fn everybody_in_the_room_of_an_id_is_left_out_with_it() {
    let (local, _) = local(&[("a", &[]), ("b", &["a"]), ("c", &[])]);
    let mut target = Target::all();
    target.except(SocketId::from("a"));
    assert_eq!(ids(&local.select(&target)), ["c"]);
}

#[test]
fn a_broadcast_to_one_room_takes_the_list_as_it_is() {
    let (local, inboxes) = local(&[("a", &["x"]), ("b", &["x"]), ("c", &[])]);
    let list = |target: &Target| {
        local
            .select(target)
            .iter()
            .next()
            .map(ptr::from_ref)
            .unwrap()
    };
    assert_eq!(list(&to(&["x"])), list(&to(&["x"])));
    assert_eq!(list(&Target::all()), list(&Target::all()));

    // Somebody leaves while it is under way: it goes on as it began.
    let begun = local.select(&to(&["x"]));
    assert!(local.remove(&*inboxes[0]).is_some());
    assert_eq!(ids(&begun), ["a", "b"]);
    assert_eq!(ids(&local.select(&to(&["x"]))), ["b"]);
}

#[test]
fn a_socket_of_the_same_id_is_refused_and_cannot_remove_the_first() {
    let (local, inboxes) = local(&[("a", &["x"])]);
    let second = Inbox::new("a", &json());
    assert!(!local.insert(second.clone(), "y"));
    assert!(local.remove(&*second).is_none());
    assert!(!local.has_room("y"));
    assert_eq!(
        local.remove(&*inboxes[0]),
        Some(vec![Room::from("a"), Room::from("x")])
    );
    assert!(!local.join(&SocketId::from("a"), "z") && !local.has_room("z"));
}

#[test]
fn an_event_is_encoded_once_for_all_who_speak_a_codec() {
    let (local, inboxes) = local(&[("a", &["x"]), ("b", &["x"])]);
    let other: Arc<dyn Codec> = Arc::new(Json::new().max_attachments(0));
    let strict = Inbox::new("c", &other);
    assert!(local.insert(strict.clone(), "x"));

    let event = Broadcast::new(&Namespace::ROOT, "e", Arguments::new(&"text"));
    assert_eq!(local.deliver(&event, &to(&["x"])), 3);
    let first = inboxes[0].received();
    assert_eq!(text(&first[0]), r#"42["e","text"]"#);
    let address = |packet: &Encoded| packet.messages()[0].wire().as_ptr();
    assert_eq!(address(&first[0]), address(&inboxes[1].received()[0]));
    assert_ne!(address(&first[0]), address(&strict.received()[0]));
    assert_eq!(event.fault(), None);

    // What one codec cannot encode still reaches those who speak another, and the caller hears of it.
    let bytes = Bytes::from_static(b"1");
    let event = Broadcast::new(&Namespace::ROOT, "e", Arguments::new(&bytes));
    assert_eq!(local.deliver(&event, &to(&["x"])), 3);
    assert_eq!(
        (inboxes[0].received().len(), strict.received().len()),
        (2, 1)
    );
    assert_eq!(event.fault(), Some(EncodeError::TooManyAttachments(0)));
}

#[test]
fn an_offset_is_the_last_argument_also_if_the_event_was_looked_at_before() {
    let json = json();
    let mut event = Broadcast::new(&Namespace::ROOT, "e", Arguments::new(&1));
    assert_eq!(text(&event.encoded(&json).unwrap()), r#"42["e",1]"#);
    event.set_offset("o1");
    assert_eq!(text(&event.encoded(&json).unwrap()), r#"42["e",1,"o1"]"#);
    assert_eq!(event.offset().map(|offset| &**offset), Some("o1"));
}

#[test]
fn a_letter_says_what_the_broadcast_said() {
    let json = json();
    let mut flags = Flags::default();
    flags.volatile = true;
    flags.compress = false;
    let mut event = Broadcast::new(
        &Namespace::new("/n").unwrap(),
        "e",
        Arguments::new(&("a", 2)),
    );
    event.set_offset("o");
    let event = event.with_flags(flags);
    let letter: Letter = event.to_letter().unwrap();
    let there = std::thread::spawn({
        let letter = letter.clone();
        move || {
            letter
                .open()
                .encoded(&(Arc::new(Json::new()) as Arc<dyn Codec>))
        }
    });
    let there = there.join().unwrap().unwrap();
    assert_eq!(event.encoded(&json).unwrap(), there);
    assert_eq!(letter.arguments(), [Value::from("a"), Value::from(2)]);
    assert_eq!((letter.flags(), letter.name()), (flags, "e"));
    assert!(!there.messages()[0].compress());
}

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Answers for Heard {
    fn asked(&self, whom: Asked) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{} {whom:?}", whom.count()));
    }
    fn answered(&self, from: Option<&SocketId>, result: Result<Answered, AckError>) {
        self.0.lock().unwrap().push(format!("{from:?} {result:?}"));
    }
    fn asked_all(&self, missing_nodes: usize) {
        self.0
            .lock()
            .unwrap()
            .push(format!("all, without {missing_nodes}"));
    }
}

#[test]
fn who_is_asked_is_told_before_anybody_is_also_when_it_is_nobody() {
    let (local, inboxes) = local(&[("a", &["x"])]);
    let adapter = MemoryAdapter::new(local);
    for rooms in [&["x"], &["y"]] {
        let heard = Arc::new(Heard::default());
        let mut event = Broadcast::new(&Namespace::ROOT, "q", Arguments::new(&()));
        event = event.with_ack(AckRequest {
            id: AckId(7),
            timeout: Duration::from_secs(1),
            answers: Arc::clone(&heard) as Arc<dyn Answers>,
        });
        adapter.broadcast(&mut event, &to(rooms));
        let asked = match rooms[0] {
            "x" => "1 Sockets([\"a\"])",
            _ => "0 Sockets([])",
        };
        assert_eq!(*heard.0.lock().unwrap(), [asked, "all, without 0"]);
    }
    assert_eq!(text(&inboxes[0].received()[0]), r#"427["q"]"#);
}

#[test]
fn alone_an_adapter_knows_of_nobody_else() {
    let (local, inboxes) = local(&[("a", &["x"]), ("b", &["x"]), ("c", &[])]);
    let adapter: Arc<dyn Adapter> = Arc::new(MemoryAdapter::new(local));
    let second = Duration::from_secs(1);
    adapter.join(&to(&["x"]), &[Room::from("y")]);
    adapter.leave(&to(&["a"]), &[Room::from("x")]);
    assert_eq!(ids(&adapter.local().select(&to(&["x"]))), ["b"]);
    assert_eq!(ids(&adapter.local().select(&to(&["y"]))), ["a", "b"]);
    adapter.disconnect(&to(&["x"]), true);
    adapter.disconnect(&to(&["c"]), false);
    let told: Vec<Vec<bool>> = inboxes.iter().map(|inbox| inbox.disconnects()).collect();
    assert_eq!(told, [vec![], vec![true], vec![false]]);

    assert_eq!(
        ready(adapter.fetch(&Target::all(), second)),
        Replies::none()
    );
    assert_eq!(
        ready(adapter.count(&Target::all(), second)),
        Replies::none()
    );
    assert_eq!(ready(adapter.rooms(second)), Some(Replies::none()));
    assert_eq!(ready(adapter.server_ask("e", &[], second)), Replies::none());
    assert_eq!(ready(adapter.nodes()), 1);
    assert!(!adapter.can_recover() && ready(adapter.recover("p", None)).is_none());
    let ran = Arc::new(Mutex::new(false));
    let run = Arc::clone(&ran);
    adapter.in_order(Box::new(move || *run.lock().unwrap() = true));
    assert!(*ran.lock().unwrap() && !adapter.holds_back());
}

#[test]
fn an_answer_of_another_node_is_its_first_argument() {
    let value = Answered::Value(Some(Value::from(3)));
    assert_eq!(value.first(), Some(Value::from(3)));
    assert_eq!(value.into_args().unwrap().deserialize::<u8>().unwrap(), 3);
    assert!(Answered::Value(None).into_args().unwrap().is_empty());
}

#[test]
fn many_rooms_of_one_socket_cost_no_more_than_their_number() {
    // Two sockets that share all their rooms: each that leaves moves the other. Were rooms searched for one by one, this
    // would be ten thousand million steps.
    let rooms: Vec<Room> = (0..100_000)
        .map(|n| Room::from(format!("room {n}")))
        .collect();
    let json = json();
    let local = Local::new();
    let [a, b] = ["a", "b"].map(|id| Inbox::new(id, &json));
    assert!(local.insert(a.clone(), &rooms) && local.insert(b.clone(), &rooms));
    let mut target = Target::all();
    assert_eq!(
        local
            .select(target.to(&rooms).except(&rooms[..1]))
            .iter()
            .count(),
        0
    );
    assert_eq!(local.remove(&*a).map(|left| left.len()), Some(100_001));
    assert_eq!(local.rooms().len(), 100_001);
    assert_eq!(local.remove(&*b).map(|left| left.len()), Some(100_001));
    assert!(local.rooms().is_empty());
}

#[test]
fn a_room_that_is_named_again_and_again_is_gone_through_once() {
    let json = json();
    let local = Local::new();
    let inboxes: Vec<_> = (0..2000)
        .map(|n| Inbox::new(&n.to_string(), &json))
        .collect();
    for inbox in &inboxes {
        assert!(local.insert(inbox.clone(), ["x", "y"]));
    }
    // Gone through each time, these would be eight hundred million sockets.
    let names: Vec<&str> = ["x", "y"].into_iter().cycle().take(400_000).collect();
    let mut target = to(&names);
    assert_eq!(local.select(&target).iter().count(), 2000);
    assert_eq!(local.select(target.except(&names)).iter().count(), 0);
}
