//! The profile `sio-client`: the server that the tests of the JavaScript client talk to.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use socketio_server::engine::Origins;
use socketio_server::{
    Ack, AckError, Bytes, ConnectError, Data, EmitError, Handshake, Namespace, Object, Server,
    Socket, Value, Values,
};

use crate::arguments::Arguments;
use crate::host;

/// Each handshake is let in this late: the tests have deadlines that must pass first.
const HESITATION: Duration = Duration::from_millis(10);

pub(crate) async fn serve(arguments: &Arguments) -> Result<(), String> {
    let io = Server::builder()
        .ping_interval(Duration::from_millis(2000))
        .ping_timeout(Duration::from_millis(20_000))
        .origins(Origins::any())
        .allow_request(async |_| {
            tokio::time::sleep(HESITATION).await;
            Ok::<_, &str>(())
        })
        .fallback(host::Pages::new(arguments))
        .build();
    for name in ["/timeout_socket", "/valid", "/asd"] {
        io.of(name);
    }
    let ids = io.of("/foo");
    ids.on("getId", async |socket: Socket| Ack(socket.id().clone()));
    let abc = io.of("/abc");
    abc.on_connect(async |socket: Socket| {
        socket.emit("handshake", &socket.handshake().to_object())
    });
    io.of("/no").auth(async |_: Handshake| {
        Err::<(), _>(ConnectError::new("Auth failed (custom namespace)"))
    });
    let root = io
        .of("/")
        .auth(async |handshake: Handshake| match handshake.query("fail") {
            Some(value) if !value.is_empty() => {
                Err(ConnectError::new("Auth failed (main namespace)"))
            }
            _ => Ok(Parts::default()),
        });
    text(&root);
    binary(&root);
    host::serve(arguments, move |listener| {
        let io = io.clone();
        async move { io.serve(listener).await }
    })
    .await
}

/// What has come of a message in several events.
#[derive(Default)]
struct Parts(Mutex<u8>);

impl Parts {
    /// Notes part `number`, counted from 1, if it is as it should be and the one before it was noted.
    fn note(&self, number: u8, is_right: bool) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = match is_right && number == *last + 1 {
            true => number,
            false => u8::from(is_right && number == 1),
        };
    }

    fn last(&self) -> u8 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(root: &Namespace<Parts>) {
    root.on("getId", async |socket: Socket| Ack(socket.id().clone()));
    root.on("getHandshake", async |handshake: Handshake| {
        Ack(handshake.to_object())
    });
    root.on("echo", async |Data(value): Data<Value>| Ack(value));
    root.on("hi", async |socket: Socket| socket.emit("hi", &()));
    root.on("ack", async |socket: Socket| {
        let (a, b): (u64, Value) = socket.emit_with_ack("ack", &()).await?;
        if a == 5
            && b.get("test")
                .is_some_and(|test| test.as_bool() != Some(false))
        {
            socket.emit("got it", &())?;
        }
        Ok::<_, AckError>(())
    });
    root.on("getAckDate", async || Ack(now()));
    root.on("getDate", async |socket: Socket| {
        socket.emit("takeDate", &now())
    });
    root.on("getDateObj", async |socket: Socket| {
        let mut object = Object::new();
        object.insert("date", now());
        socket.emit("takeDateObj", &object)
    });
    root.on("getUtf8", async |socket: Socket| {
        let texts = [
            "てすと",
            "Я Б Г Д Ж Й",
            "Ä ä Ü ü ß",
            "utf8 — string",
            "utf8 — string",
        ];
        texts
            .iter()
            .try_for_each(|text| socket.emit("takeUtf8", text))
    });
    root.on("false", async |socket: Socket| socket.emit("false", &false));
}

fn binary(root: &Namespace<Parts>) {
    const BYTES: Bytes = Bytes::from_static(b"asdfasdf");
    root.on("doge", async |socket: Socket| socket.emit("doge", &BYTES));
    root.on("getbin", async |socket: Socket| {
        socket.emit("takebin", &BYTES)
    });
    root.on("buffa", async |socket: Socket, Data(_): Data<Bytes>| {
        socket.emit("buffack", &())
    });
    root.on("blob", async |socket: Socket, Data(_): Data<Bytes>| {
        socket.emit("back", &())
    });
    for (event, answer) in [("jsonbuff", "jsonbuff-ack"), ("jsonblob", "jsonblob-ack")] {
        root.on(
            event,
            async move |socket: Socket, Data(object): Data<Value>| {
                let member = |name| object.get(name);
                let is_right = member("hello").and_then(Value::as_str) == Some("lol")
                    && member("message").and_then(Value::as_bytes).is_some()
                    && member("goodbye").and_then(Value::as_str) == Some("gotcha");
                match is_right {
                    true => socket.emit(answer, &()),
                    false => Ok(()),
                }
            },
        );
    }
    root.on(
        "abuff1",
        async |socket: Socket<Parts>, Data(Values(args)): Data<Values>| {
            socket.data().note(1, is_binary(&args));
        },
    );
    root.on("abuff2", async |socket: Socket<Parts>| {
        match socket.data().last() {
            1 => socket.emit("abuff2-ack", &()),
            _ => Ok(()),
        }
    });
    root.on(
        "blob1",
        async |socket: Socket<Parts>, Data(Values(args)): Data<Values>| {
            socket.data().note(1, is_binary(&args));
        },
    );
    root.on(
        "blob2",
        async |socket: Socket<Parts>, Data(text): Data<String>| {
            socket.data().note(2, text == "second");
        },
    );
    root.on(
        "blob3",
        async |socket: Socket<Parts>, Data(Values(args)): Data<Values>| {
            socket.data().note(3, is_binary(&args));
            if socket.data().last() == 3 {
                socket.emit("blob3-ack", &())?;
            }
            Ok::<_, EmitError>(())
        },
    );
}

fn is_binary(args: &[Value]) -> bool {
    args.first().is_some_and(|value| value.as_bytes().is_some())
}

/// The time as `Date.prototype.toISOString` writes it.
fn now() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    iso_date(since)
}

fn iso_date(since: Duration) -> String {
    let seconds = since.as_secs();
    let (mut year, mut day) = (1970, seconds / 86_400);
    let days_of = |year: u64| 365 + u64::from(is_leap(year));
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    format!(
        "{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        day + 1,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        since.subsec_millis(),
    )
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_javascript() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20.000Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso_date(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn parts_count_in_their_order_only() {
        let parts = Parts::default();
        parts.note(2, true);
        assert_eq!(parts.last(), 0);
        for number in 1..=3 {
            parts.note(number, true);
        }
        assert_eq!(parts.last(), 3);
        parts.note(1, true);
        parts.note(2, false);
        assert_eq!(parts.last(), 0);
    }
}
