//! Events, answers, and what the server knows of a client.

use std::time::Duration;

use socketio_server::{
    Ack, AckError, Args, Arguments, Bytes, Data, EmitError, Event, Namespace, Next, Object,
    Outcome, Socket, Value, Values,
};

use super::describe::describe;
use super::{Client, own_query};

/// What one event may ask for: clients send numbers of any size.
const MOST_BYTES: usize = 8 << 20;
const MOST_EVENTS: u64 = 100_000;

pub(super) fn register(namespace: &Namespace<Client>) {
    namespace.on_any(remember);
    namespace.use_event(refuse_forbidden);
    namespace.on("echo", async |socket: Socket, args: Args| {
        socket.emit_arguments("echo-back", Arguments::from(&args))
    });
    namespace.on("echo-ack", async |Data(args): Data<Values>| Ack(args));
    namespace.on("describe", async |Data(Values(args)): Data<Values>| {
        Ack(Value::Array(args.into_iter().map(describe).collect()))
    });
    namespace.on("ask-me", ask_me);
    namespace.on("ask-timeout", ask_timeout);
    namespace.on(
        "push-binary",
        async |socket: Socket, Data(n): Data<usize>| {
            let cycle: Vec<u8> = (0..=u8::MAX).collect();
            let n = n.min(MOST_BYTES);
            let mut bytes = cycle.repeat(n.div_ceil(cycle.len()));
            bytes.truncate(n);
            let bytes = Bytes::from(bytes);
            socket.emit("binary", &bytes)
        },
    );
    namespace.on("push-text", async |socket: Socket, Data(n): Data<usize>| {
        socket.emit("text", &"x".repeat(n.min(MOST_BYTES)))
    });
    namespace.on("flood", async |socket: Socket, Data(n): Data<u64>| {
        (0..n.min(MOST_EVENTS)).try_for_each(|i| socket.emit("seq", &i))?;
        socket.emit("flood-end", &n)
    });
    namespace.on(
        "flood-binary",
        async |socket: Socket, Data(n): Data<u64>| {
            let emit = |i: u64| socket.emit("bseq", &(i, Bytes::from(vec![i.to_le_bytes()[0]])));
            (0..n.min(MOST_EVENTS)).try_for_each(emit)?;
            socket.emit("flood-end", &n)
        },
    );
    namespace.on(
        "count",
        async |socket: Socket<Client>, Data(i): Data<u64>| {
            socket.data().with(|kept| {
                kept.disordered |= i != kept.numbers;
                kept.numbers += 1;
            });
        },
    );
    namespace.on("count-result", async |socket: Socket<Client>| {
        let (n, ordered) = socket.data().with(|kept| {
            let result = (kept.numbers, !kept.disordered);
            (kept.numbers, kept.disordered) = (0, false);
            result
        });
        let mut result = Object::new();
        result.insert("n", n);
        result.insert("ordered", ordered);
        Ack(result)
    });
    namespace.on("transport", async |socket: Socket<Client>| {
        Ack(transport(&socket))
    });
    namespace.on("handshake", async |socket: Socket<Client>| {
        Ack(handshake(&socket))
    });
    namespace.on(
        "volatile",
        async |socket: Socket, Data(Values(args)): Data<Values>| {
            if let [Value::String(event), args @ ..] = args.as_slice() {
                socket
                    .volatile()
                    .emit_arguments(event, Arguments::from_values(args))?;
            }
            Ok::<_, EmitError>(())
        },
    );
    namespace.on("last-any", async |socket: Socket<Client>| {
        let (event, args) = socket.data().with(|kept| kept.before.clone()).unzip();
        let mut seen = Object::new();
        seen.insert("event", event);
        seen.insert("args", args.map(|count| count as u64));
        Ack(seen)
    });
}

/// The name of the transport; of the last one, if the connection is over.
pub(super) fn transport(socket: &Socket<Client>) -> &'static str {
    socket
        .transport()
        .map_or("closed", |transport| transport.name())
}

async fn remember(socket: Socket<Client>, event: Event) {
    let seen = (event.name().to_owned(), event.args().len());
    socket
        .data()
        .with(|kept| kept.before = kept.last.replace(seen));
}

async fn refuse_forbidden(event: Event, next: Next) -> Result<Outcome, EmitError> {
    if event.name() != "forbidden" {
        return Ok(next.run(event).await);
    }
    event.socket().emit("mw-error", &"forbidden event")?;
    Ok(Outcome::Handled)
}

async fn ask_me(socket: Socket, Data(args): Data<Values>) -> Result<(), AckError> {
    let answer: Values = socket.emit_with_ack("question", &args).await?;
    Ok(socket.emit("answer", &answer)?)
}

async fn ask_timeout(socket: Socket, Data(ms): Data<u64>) -> Result<(), EmitError> {
    let asking = socket.emit_with_ack::<Values>("silent", &());
    match asking.timeout(Duration::from_millis(ms)).await {
        Ok(_) => socket.emit("not-timed-out", &()),
        Err(_) => socket.emit("timed-out", &()),
    }
}

fn handshake(socket: &Socket<Client>) -> Object {
    let handshake = socket.handshake();
    let whole = handshake.to_object();
    let mut told = Object::new();
    for name in [
        "auth", "url", "secure", "xdomain", "address", "issued", "time",
    ] {
        told.insert(name, whole.get(name).cloned().unwrap_or_default());
    }
    told.insert("query", own_query(handshake));
    told.insert("header", handshake.header("x-probe"));
    told
}
