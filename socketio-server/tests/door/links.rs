//! Clients that come over something else than HTTP.

use std::sync::Arc;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use socketio_server::engine::{Engine, Frame, Link, Received, Transport, TransportFault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::support::client::frame;

/// A link in memory: two channels.
#[derive(Debug)]
struct Channels {
    receive: mpsc::UnboundedReceiver<Frame>,
    send: mpsc::UnboundedSender<Frame>,
}

impl Link for Channels {
    fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()> {
        self.receive.poll_recv(cx).map(|frame| {
            received.push(frame.map_or(Received::Closed, Received::Frame));
        })
    }

    fn has_room(&self) -> bool {
        true
    }

    fn send(&mut self, frame: Frame) {
        let _ = self.send.send(frame);
    }

    fn poll_flush(
        &mut self,
        _cx: &mut Context<'_>,
        _progress: &mut usize,
    ) -> Poll<Result<(), TransportFault>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

fn channels() -> (
    Channels,
    mpsc::UnboundedSender<Frame>,
    mpsc::UnboundedReceiver<Frame>,
) {
    let (to_server, receive) = mpsc::unbounded_channel();
    let (send, from_server) = mpsc::unbounded_channel();
    (Channels { receive, send }, to_server, from_server)
}

fn echo() -> Engine {
    Engine::builder()
        .transports([Transport::POLLING, Transport::WEBTRANSPORT])
        .allow_request(async |request| match request.query("token").as_deref() {
            Some("no") => Err("not you"),
            _ => Ok(()),
        })
        .serve(async |socket| {
            while let Some(message) = socket.recv().await {
                if socket.send(message).is_err() {
                    break;
                }
            }
        })
}

fn request(query: &str) -> http::Request<()> {
    let uri = format!("/engine.io/?{query}");
    http::Request::builder().uri(uri).body(()).unwrap()
}

fn text(frame: Option<Frame>) -> String {
    let frame = frame.expect("a frame");
    frame.to_text().expect("text").as_str().to_owned()
}

#[tokio::test]
async fn a_link_of_ones_own_carries_a_session() {
    let engine = echo();
    let (link, to_server, mut from_server) = channels();
    let entrance = engine
        .admit(request("EIO=4"), Transport::WEBTRANSPORT)
        .await;
    entrance.unwrap().serve_link(link);
    assert!(text(from_server.recv().await).starts_with("0{"));
    to_server.send(Frame::text("4hello")).unwrap();
    assert_eq!(text(from_server.recv().await), "4hello");
    assert_eq!(engine.sessions(), 1);
    drop(to_server);
    assert!(
        from_server.recv().await.is_none(),
        "the link is dropped when it has ended"
    );
    while engine.sessions() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_link_of_ones_own_is_refused_like_any_other() {
    let engine = echo();
    for (query, status, message) in [
        ("EIO=3", 400, "Unsupported protocol version"),
        ("EIO=4&sid=nobody", 400, "Session ID unknown"),
        ("EIO=4&token=no", 403, "not you"),
    ] {
        let refused = engine.admit(request(query), Transport::WEBTRANSPORT).await;
        let refused = refused.unwrap_err();
        assert_eq!((refused.status(), refused.message()), (status, message));
    }
    let mut foreign = request("EIO=4");
    let origin = "https://evil.example".parse().unwrap();
    foreign.headers_mut().insert("origin", origin);
    foreign
        .headers_mut()
        .insert("host", "example.com".parse().unwrap());
    let refused = engine
        .admit(foreign, Transport::WEBTRANSPORT)
        .await
        .unwrap_err();
    assert_eq!((refused.status(), refused.option()), (403, Some("cors")));
    assert_eq!(engine.sessions(), 0);
    let not_offered = engine.admit(request("EIO=4"), Transport::WEBSOCKET).await;
    assert_eq!(not_offered.unwrap_err().message(), "Transport unknown");
    // Let in, but gone before the link was there.
    drop(
        engine
            .admit(request("EIO=4"), Transport::WEBTRANSPORT)
            .await
            .unwrap(),
    );
    assert_eq!(engine.sessions(), 0);
}

#[tokio::test]
async fn a_session_that_polls_goes_over_to_a_link_of_ones_own() {
    let engine = echo();
    let service = engine.service();
    let poll = |query: &str| {
        let request = request(query).map(|()| String::new());
        let answering = hyper::service::Service::call(&service, request);
        async {
            let answer = answering.await.unwrap();
            let body = http_body_util::BodyExt::collect(answer.into_body())
                .await
                .unwrap();
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        }
    };
    let open = poll("EIO=4&transport=polling").await;
    let sid = open.split('"').nth(3).unwrap().to_owned();
    let with_sid = format!("EIO=4&sid={sid}");
    // A link that never comes does no harm.
    drop(
        engine
            .admit(request(&with_sid), Transport::WEBTRANSPORT)
            .await
            .unwrap(),
    );
    let (link, to_server, mut from_server) = channels();
    let entrance = engine
        .admit(request(&with_sid), Transport::WEBTRANSPORT)
        .await;
    entrance.unwrap().serve_link(link);
    to_server.send(Frame::text("2probe")).unwrap();
    assert_eq!(text(from_server.recv().await), "3probe");
    to_server.send(Frame::text("5")).unwrap();
    to_server.send(Frame::text("4over")).unwrap();
    assert_eq!(text(from_server.recv().await), "4over");
}

#[tokio::test]
async fn a_stream_that_became_a_websocket_elsewhere_is_served() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reasons);
    let engine = Engine::builder().serve(move |socket| {
        let seen = Arc::clone(&seen);
        async move {
            while let Some(message) = socket.recv().await {
                let _ = socket.send(message);
            }
            seen.lock().unwrap().push(socket.close_reason());
        }
    });
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let entrance = engine
        .admit(request("EIO=4"), Transport::WEBSOCKET)
        .await
        .unwrap();
    let early = frame(0x81, b"4early");
    let (first, rest) = early.split_at(3);
    entrance.serve_websocket(theirs, Bytes::copy_from_slice(first));
    let (mut read, mut write) = tokio::io::split(ours);
    write.write_all(rest).await.unwrap();
    let mut head = [0; 2];
    read.read_exact(&mut head).await.unwrap();
    let mut open = vec![0; usize::from(head[1])];
    read.read_exact(&mut open).await.unwrap();
    assert!(open.starts_with(b"0{"));
    let mut echoed = [0; 8];
    read.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"\x81\x064early");
    drop((read, write));
    while engine.sessions() > 0 {
        tokio::task::yield_now().await;
    }
}
