//! How a client is let in, and with whom it shares a connection.

use serde_json::{Value as Json, json};

use super::{Case, Outcome, next, same};

pub(super) async fn headers_and_queries_reach_the_server(case: Case<'_>) -> Outcome {
    let socket = case
        .client("/")
        .header("x-probe", "a header")
        .query("who", "a b&c")
        .connect()
        .await?;
    let welcome = next(&socket, "welcome").await?.data::<Json>()?;
    if case.server.kind.is_node {
        same(&welcome["query"]["who"], &json!("a b&c"))?;
        same(
            welcome["sid"].as_str().map(str::to_owned),
            socket.id().map(|id| id.as_str().to_owned()),
        )?;
    }
    same(
        socket.emit_with_ack::<String>("header", ()).await?,
        "a header".into(),
    )?;
    socket.close().await;
    Ok(())
}

pub(super) async fn namespaces_share_a_connection(case: Case<'_>) -> Outcome {
    let root = case.connect().await?;
    let chat = root.client().of("/chat").connect().await?;
    next(&chat, "welcome").await?;
    root.emit("echo", "root")?;
    chat.emit("echo", "chat")?;
    same(
        next(&root, "echo-back").await?.data::<String>()?,
        "root".into(),
    )?;
    same(
        next(&chat, "echo-back").await?.data::<String>()?,
        "chat".into(),
    )?;
    chat.disconnect();
    same(root.emit_with_ack::<u8>("echo-ack", 1).await?, 1)?;
    chat.connect().await?;
    same(chat.emit_with_ack::<u8>("echo-ack", 2).await?, 2)?;
    drop(chat);
    root.close().await;
    Ok(())
}

pub(super) async fn a_refusal_comes_with_its_data(case: Case<'_>) -> Outcome {
    let is_4 = case.server.kind.is_python_socketio_4();
    let with = |token: &str| {
        let builder = case.client("/admin").auth(json!({ "token": token }));
        if is_4 {
            builder.query("token", token)
        } else {
            builder
        }
    };
    let refused = with("wrong").connect().await;
    let error = refused.err().ok_or("it was let in")?;
    let refusal = error
        .refusal()
        .ok_or_else(|| format!("no refusal: {error}"))?;
    if case.server.kind.revision_3 {
        // It carries the bare data.
        same(
            refusal.data().map(ToString::to_string),
            Some(json!({ "code": 401 }).to_string()),
        )?;
    } else {
        same(refusal.message(), "unauthorized")?;
        same(
            refusal.data().map(ToString::to_string),
            Some(json!({ "code": 401 }).to_string()),
        )?;
    }
    let socket = with("secret").connect().await?;
    same(socket.emit_with_ack::<u8>("echo-ack", 1).await?, 1)?;
    socket.close().await;
    let unknown = case.client("/unknown").connect().await;
    let is_refused = unknown.err().is_some_and(|error| error.refusal().is_some());
    same(is_refused, !is_4)?;
    Ok(())
}
