//! What happens when the page says something.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use socketio_server::{
    Ack, ConnectError, Data, EmitError, FailureKind, Handshake, Object, Server, ServerBuilder,
    Socket, State, Target, Value,
};

use crate::chat::{Chat, Entered};
use crate::message::{Draft, Login, MAX_PICTURE, Message, Place, Refusal, name};

/// How long the pages of others may take to say that a message has arrived.
const DELIVERY: Duration = Duration::from_secs(20);

/// Who a socket is: what `auth` returns, and every handler has.
struct Guest {
    name: String,
    key: String,
    /// Where this page was before its connection was lost.
    rooms: Vec<String>,
}

/// Who is in a room now, and what has changed.
#[derive(Serialize)]
struct People<'a> {
    room: &'a str,
    people: Vec<String>,
    came: Option<&'a str>,
    left: Option<&'a str>,
}

/// How far a message got.
#[derive(Serialize)]
struct Delivered<'a> {
    id: &'a str,
    to: &'a BTreeSet<String>,
    of: usize,
}

pub(crate) fn builder() -> ServerBuilder {
    Server::builder()
        .state(Chat::new())
        .max_payload(MAX_PICTURE + 50_000)
        // Somebody who comes back into eight rooms is sent what was said in all of them.
        .buffer_limit(32 << 20, 65_536)
        // A closed laptop is noticed after half a minute at most.
        .ping_interval(Duration::from_secs(20))
        .ping_timeout(Duration::from_secs(10))
}

pub(crate) fn register(io: &Server) {
    // What a handler refuses is told to who asked; what is our own fault is not.
    io.on_error(|failure| {
        let words = match failure.kind() {
            FailureKind::Returned => failure.error().to_string(),
            kind => {
                eprintln!("{}: {kind:?}: {}", failure.event(), failure.error());
                "something went wrong".into()
            }
        };
        Some(Value::Object(Object::from_iter([("error", words)])))
    });

    let chat = io.auth(async |handshake: Handshake, State(chat): State<Chat>| {
        let login: Login = handshake.auth()?;
        let name = name(&login.name).map_err(|refusal| ConnectError::new(refusal.0))?;
        if !chat.is_free(&name, &login.key) {
            return Err(ConnectError::new(format!(
                "Somebody called {name} is here already."
            )));
        }
        Ok(Guest {
            name,
            key: login.key,
            rooms: login.rooms,
        })
    });
    chat.on_connect(welcome);
    chat.on(
        "enter",
        async |socket: Socket<Guest>, Data(room): Data<String>, State(chat): State<Chat>| {
            enter(&socket, &chat, &room).map(Ack)
        },
    );
    chat.on(
        "leave",
        async |socket: Socket<Guest>, Data(room): Data<String>, State(chat): State<Chat>| {
            chat.leave(socket.id(), &room);
            socket.leave(in_room(&room));
            tell(&socket, &chat, &room, None, Some(&socket.data().name))?;
            Ok::<_, EmitError>(Ack(true))
        },
    );
    chat.on("message", message);
    chat.on(
        "typing",
        async |socket: Socket<Guest>, Data(place): Data<Place>| {
            // Nobody misses it if a connection is too slow for it.
            others(&socket, &place)
                .volatile()
                .emit("typing", &(&socket.data().name, &place))
        },
    );
    chat.on_disconnect(async |socket: Socket<Guest>, State(chat): State<Chat>| {
        for room in chat.depart(socket.id()) {
            tell(&socket, &chat, &room, None, Some(&socket.data().name))?;
        }
        socket.namespace().emit("everybody", &chat.everybody())
    });
}

/// Somebody has come, or has come back. Runs before any event of the socket.
async fn welcome(socket: Socket<Guest>, State(chat): State<Chat>) -> Result<(), EmitError> {
    let guest = socket.data();
    if !chat.arrive(socket.id(), &guest.name, &guest.key) {
        socket.disconnect();
        return Ok(());
    }
    socket.join(in_person(&guest.name));
    socket.emit("welcome", &guest.name)?;
    socket.namespace().emit("everybody", &chat.everybody())?;
    socket.emit("rooms", &chat.rooms())?;
    for room in &guest.rooms {
        // A room that cannot be entered any more is missing then.
        if let Ok(entered) = enter(&socket, &chat, room) {
            socket.emit("entered", &entered)?;
        }
    }
    Ok(())
}

fn enter(
    socket: &Socket<Guest>,
    chat: &Chat,
    room: &str,
) -> Result<Entered, Box<dyn std::error::Error + Send + Sync>> {
    let room = name(room)?;
    // First the room and then what was said in it: so nothing is missed in between. The page knows what it has twice by its id.
    socket.join(in_room(&room));
    let entered = match chat.enter(socket.id(), &room) {
        Ok(entered) => entered,
        Err(refusal) => {
            socket.leave(in_room(&room));
            return Err(refusal.into());
        }
    };
    tell(socket, chat, &room, Some(&socket.data().name), None)?;
    Ok(entered)
}

/// Tells a room who is in it, and everybody how many are in which.
fn tell(
    socket: &Socket<Guest>,
    chat: &Chat,
    room: &str,
    came: Option<&str>,
    left: Option<&str>,
) -> Result<(), EmitError> {
    let people = chat.people_in(room);
    // Not if the same person is still there in another tab.
    let left = left.filter(|name| !people.iter().any(|there| there == name));
    socket.to(in_room(room)).emit(
        "people",
        &People {
            room,
            people,
            came,
            left,
        },
    )?;
    socket.namespace().emit("rooms", &chat.rooms())
}

/// Passes a message on. The acknowledgement says that it is here; the event `delivered` says later who has it.
async fn message(
    socket: Socket<Guest>,
    Data(draft): Data<Draft>,
    State(chat): State<Chat>,
) -> Result<Ack<u64>, Refusal> {
    let name = &socket.data().name;
    let message = draft.into_message(name)?;
    let readers: BTreeSet<String> = match &message.place {
        Place::Room(room) => {
            if !chat.say(socket.id(), room, &message)? {
                return Ok(Ack(message.at()));
            }
            chat.people_in(room)
                .into_iter()
                .filter(|reader| reader != name)
                .collect()
        }
        Place::Person(person) if chat.is_here(person) => BTreeSet::from([person.clone()]),
        Place::Person(person) => return Err(Refusal(format!("{person} is not here"))),
    };
    let at = message.at();
    let answers = others(&socket, &message.place)
        .timeout(DELIVERY)
        .emit_with_ack::<bool>("message", &message);
    tokio::spawn(follow(socket, chat, message, readers, answers));
    Ok(Ack(at))
}

/// Tells the author who has a message, as one page after the other says so.
async fn follow(
    socket: Socket<Guest>,
    chat: Chat,
    message: Message,
    readers: BTreeSet<String>,
    mut answers: socketio_server::AckStream<bool>,
) {
    let mut to = BTreeSet::new();
    while let Some((id, answer)) = answers.next().await {
        let name = id
            .filter(|_| answer.is_ok())
            .and_then(|id| chat.name_of(&id));
        if let Some(name) = name.filter(|name| readers.contains(name))
            && to.insert(name)
        {
            let delivered = Delivered {
                id: &message.id,
                to: &to,
                of: readers.len(),
            };
            if socket.emit("delivered", &delivered).is_err() {
                return;
            }
        }
    }
}

/// Everybody in a place, and the other tabs of who speaks, but not this one.
fn others(socket: &Socket<Guest>, place: &Place) -> Target {
    match place {
        Place::Room(room) => socket.to(in_room(room)),
        Place::Person(person) => socket.to([in_person(person), in_person(&socket.data().name)]),
    }
}

// The names of rooms are chosen by people, and so are their own. What stands in front keeps them apart.

fn in_room(room: &str) -> String {
    format!("room:{room}")
}

fn in_person(name: &str) -> String {
    format!("person:{name}")
}
