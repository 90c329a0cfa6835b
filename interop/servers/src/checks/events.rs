//! Events and answers, both ways.

use serde_json::{Value as Json, json};
use socketio_client::{Ack, Args, Bytes, FromIncoming, HandlerError, Incoming};

use super::{Case, Outcome, PATIENCE, counted, next, same};

pub(super) async fn values_arrive_as_they_were_sent(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    // python-engineio 3 counts characters of a body where the protocol counts units of UTF-16, and hands on empty binary data
    // as nothing.
    let (crab, short) = if case.server.kind.is_python_socketio_4() {
        ("", Bytes::from_static(b"x"))
    } else {
        ("\u{1f980}", Bytes::new())
    };
    let text = format!("gr\u{fc}\u{df}e {crab} \u{2028} \"\\");
    let nested = json!({ "a": [1, 2.5, -3, true, null, { "b": text }], "empty": {} });
    socket.emit("echo", ("text", &nested, 42))?;
    let event = next(&socket, "echo-back").await?;
    same(
        event.data::<(String, Json, u32)>()?,
        ("text".into(), nested.clone(), 42),
    )?;

    let bytes = Bytes::from_static(&[0, 1, 30, 255]);
    socket.emit("echo", (&bytes, &nested, &short))?;
    let event = next(&socket, "echo-back").await?;
    same(
        event.data::<(Bytes, Json, Bytes)>()?,
        (bytes.clone(), nested, short),
    )?;

    let described: Json = socket.emit_with_ack("describe", (1, "x", &bytes)).await?;
    same(described, json!([1, "x", "bin:4:286"]))?;
    socket.emit("echo", ())?;
    // A server that recovers sessions puts an offset behind the arguments of every event.
    let offset = usize::from(case.server.kind.recovery);
    same(next(&socket, "echo-back").await?.args().len(), offset)?;
    socket.close().await;
    Ok(())
}

struct All(Args);

impl FromIncoming for All {
    fn from_incoming(incoming: &Incoming) -> Result<Self, HandlerError> {
        let event = incoming.event().ok_or(HandlerError::Missing("an event"))?;
        Ok(Self(event.args().clone()))
    }
}

pub(super) async fn answers_go_both_ways(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    let bytes = Bytes::from_static(&[7; 300]);
    let back: (String, Bytes) = socket.emit_with_ack("echo-ack", ("x", &bytes)).await?;
    same(back, ("x".into(), bytes.clone()))?;
    // Many at a time find their events.
    let asked: Vec<_> = (0..50u32)
        .map(|n| socket.emit_with_ack::<u32>("echo-ack", n))
        .collect();
    for (n, answer) in asked.into_iter().enumerate() {
        same(answer.await?, u32::try_from(n)?)?;
    }
    socket.on("question", async |all: All| {
        Ack((all.0.len(), Bytes::from_static(b"\0\x01")))
    });
    socket.emit("ask-me", ("how", &bytes))?;
    let event = next(&socket, "answer").await?;
    same(
        event.data::<(usize, Bytes)>()?,
        (2, Bytes::from_static(b"\0\x01")),
    )?;
    socket.close().await;
    Ok(())
}

pub(super) async fn large_payloads_go_both_ways(case: Case<'_>) -> Outcome {
    let socket = case.connect().await?;
    socket.emit("push-binary", 1_000_000)?;
    let bytes: Bytes = next(&socket, "binary").await?.data()?;
    same(bytes.len(), 1_000_000)?;
    same(
        bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| usize::from(*byte) == at % 256),
        true,
    )?;
    socket.emit("push-text", 1_000_000)?;
    let text: String = next(&socket, "text").await?.data()?;
    same(text.len(), 1_000_000)?;
    let sum = bytes
        .iter()
        .fold(0u32, |sum, byte| (sum + u32::from(*byte)) % 65_536);
    let described: Json = socket
        .emit_with_ack("describe", (&bytes, text.len()))
        .timeout(PATIENCE)
        .await?;
    same(described, json!([format!("bin:1000000:{sum}"), 1_000_000]))?;
    let back: String = socket
        .emit_with_ack("echo-ack", &text)
        .timeout(PATIENCE)
        .await?;
    same(back == text, true)?;
    socket.close().await;
    Ok(())
}

pub(super) async fn floods_keep_their_order(case: Case<'_>) -> Outcome {
    // At once, so that the upgrade falls into it.
    let socket = case.client("/").connect().await?;
    socket.emit("flood", 500)?;
    if !case.server.kind.threads {
        socket.emit("flood-binary", 300)?;
    }
    // Each flood in order, and the welcome somewhere in between.
    let (mut texts, mut binaries, mut ends, mut welcomes) = (0, 0, 0, 0);
    let mut has_all_asked = !case.server.kind.threads;
    while ends < 2 || welcomes < 1 {
        // A server with threads may send something else between an event and its binary data.
        if !has_all_asked && ends == 1 && welcomes == 1 {
            socket.emit("flood-binary", 300)?;
            has_all_asked = true;
        }
        let event = tokio::time::timeout(PATIENCE, socket.recv())
            .await
            .map_err(|_| format!("nothing more after {texts} texts, {binaries} binaries"))?
            .ok_or("closed")?;
        match event.name() {
            "seq" => {
                same(event.data::<u32>()?, texts)?;
                texts += 1;
            }
            "bseq" => {
                let (n, bytes): (u32, Bytes) = event.data()?;
                same(
                    (n, bytes.to_vec()),
                    (binaries, vec![u8::try_from(binaries % 256)?]),
                )?;
                binaries += 1;
            }
            "flood-end" => ends += 1,
            "welcome" => welcomes += 1,
            other => return Err(format!("{other} was not asked for").into()),
        }
    }
    same((texts, binaries, welcomes), (500, 300, 1))?;
    socket.close().await;
    Ok(())
}

pub(super) async fn what_is_sent_in_a_burst_arrives_in_order(case: Case<'_>) -> Outcome {
    let socket = case.client("/").open()?;
    for n in 0..500 {
        socket.emit("count", n)?;
    }
    counted(&socket, 500).await?;
    socket.close().await;
    Ok(())
}
