//! Rooms, and what goes to many.

use std::time::Duration;

use socketio_server::{Ack, Arguments, Data, Error, Namespace, Socket, Target, Value, Values};

use super::{Client, rooms_of};

pub(super) fn register(namespace: &Namespace<Client>) {
    namespace.on(
        "join",
        async |socket: Socket<Client>, Data(room): Data<String>| {
            socket.join(room);
            Ack(rooms_of(&socket))
        },
    );
    namespace.on(
        "leave",
        async |socket: Socket<Client>, Data(room): Data<String>| {
            socket.leave(room);
            Ack(rooms_of(&socket))
        },
    );
    namespace.on("rooms", async |socket: Socket<Client>| {
        Ack(rooms_of(&socket))
    });

    forward(namespace, "to-room", |socket, args| match args {
        [Value::String(room), args @ ..] => Some((socket.to(room), args)),
        _ => None,
    });
    forward(namespace, "to-rooms", |socket, args| match args {
        [Value::Array(rooms), args @ ..] => {
            let rooms: Option<Vec<&str>> = rooms.iter().map(Value::as_str).collect();
            Some((socket.to(rooms?), args))
        }
        _ => None,
    });
    forward(namespace, "in-room", |socket, args| match args {
        [Value::String(room), args @ ..] => Some((socket.namespace().to(room), args)),
        _ => None,
    });
    forward(namespace, "to-except", |socket, args| match args {
        [Value::String(room), Value::String(other), args @ ..] => {
            Some((socket.to(room).except(other), args))
        }
        _ => None,
    });
    forward(namespace, "to-sid", |socket, args| match args {
        [Value::String(id), args @ ..] => Some((socket.namespace().to(id), args)),
        _ => None,
    });
    forward(namespace, "broadcast", |socket, args| {
        Some((socket.broadcast(), args))
    });
    forward(namespace, "to-all", |socket, args| {
        Some((socket.namespace().target(), args))
    });

    namespace.on("room-ask", room_ask);
    namespace.on("fetch", async |socket: Socket, Data(room): Data<String>| {
        let members = socket.namespace().to(room).fetch_sockets().await?;
        let mut ids: Vec<String> = members
            .iter()
            .map(|member| member.id().to_string())
            .collect();
        ids.sort();
        Ok::<_, Error>(Ack(ids))
    });
    namespace.on(
        "sockets-join",
        async |socket: Socket, Data(rooms): Data<(String, String)>| {
            let (room, other) = rooms;
            socket.namespace().to(room).sockets_join(other);
            Ack(())
        },
    );
    namespace.on(
        "sockets-leave",
        async |socket: Socket, Data(rooms): Data<(String, String)>| {
            let (room, other) = rooms;
            socket.namespace().to(room).sockets_leave(other);
            Ack(())
        },
    );
}

/// To whom, and what is left of the arguments.
type Chosen<'a> = (Target, &'a [Value]);

/// Handles an event that says to whom another one goes: `choose` takes that from the front of the arguments, and what is
/// left is the name of the other event and its arguments.
fn forward(
    namespace: &Namespace<Client>,
    event: &str,
    choose: for<'a> fn(&Socket, &'a [Value]) -> Option<Chosen<'a>>,
) {
    namespace.on(
        event,
        async move |socket: Socket, Data(Values(args)): Data<Values>| {
            let chosen = choose(&socket, &args);
            let Some((target, [Value::String(event), args @ ..])) = chosen else {
                return Err(Error::new("neither a target nor an event"));
            };
            Ok(target.emit_arguments(event, Arguments::from_values(args))?)
        },
    );
}

async fn room_ask(
    socket: Socket,
    Data((room, ms, event, argument)): Data<(String, u64, String, Value)>,
) -> Ack<(bool, Vec<Value>)> {
    let members = socket
        .namespace()
        .to(room)
        .timeout(Duration::from_millis(ms));
    let answers = members
        .emit_with_ack::<Value>(&event, &argument)
        .all()
        .await;
    let failed = answers.iter().any(|(_, answer)| answer.is_err());
    let replies = answers.into_iter().filter_map(|(_, answer)| answer.ok());
    Ack((failed, replies.collect()))
}
