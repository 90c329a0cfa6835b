//! One encoding for everybody: every transport, both revisions, and one id for all acknowledgements.

use std::sync::Arc;

use bytes::BytesMut;
use engineio_proto::server::{Config as EngineConfig, Opening, Session};
use engineio_proto::{ContentType, Frame, LinkId, Revision, Sid, Time, Transport};
use socketio_proto::server::{Accept, Config, Connection, Event};
use socketio_proto::{
    AckError, AckId, Arguments, Bytes, Codec, Emit, Encoded, Json, Namespace, SocketId,
};

const NOW: Time = Time::from_micros(1);
const LATER: Time = Time::from_micros(1_000_001);

/// A client in the root namespace that has read everything.
struct Recipient {
    connection: Connection,
    revision: Revision,
    /// `None` on polling.
    link: Option<LinkId>,
}

impl Recipient {
    fn new(revision: Revision, transport: Transport, base64: bool) -> Self {
        let config = Arc::new(EngineConfig::default());
        let opening = Opening::new(Sid::new("session").unwrap());
        let opening = opening.revision(revision).base64(base64);
        let (session, link) = if transport.is_link() {
            let (session, link) = Session::accept_link(config, opening, transport, NOW);
            (session, Some(link))
        } else {
            (Session::accept_polling(config, opening, NOW), None)
        };
        let mut recipient = Self {
            connection: Connection::new(session, Arc::new(Config::default()), NOW),
            revision,
            link,
        };
        // In revision 3 every client is in the root without asking.
        if revision == Revision::V4 {
            recipient.receive("40");
        }
        let [Event::Connect(request)] = <[Event; 1]>::try_from(recipient.events()).unwrap() else {
            panic!("it has asked")
        };
        let accept = Accept::new(SocketId::from("session"));
        recipient.connection.accept(request, accept).unwrap();
        match link {
            Some(_) => drop(recipient.frames()),
            None => drop(recipient.body()),
        }
        recipient
    }

    /// Sends an event and awaits its acknowledgement.
    fn send(&mut self, packet: &Encoded, id: AckId) {
        let root = &Namespace::ROOT;
        self.connection.expect_ack(root, id, Some(LATER)).unwrap();
        self.connection.send(root, packet).unwrap();
    }

    fn receive(&mut self, packet: &str) {
        if let Some(link) = self.link {
            let frame = Frame::text(packet.to_owned());
            return self.connection.handle_frame(link, frame, NOW);
        }
        let body = match self.revision {
            Revision::V4 => packet.to_owned(),
            Revision::V3 => format!("{}:{packet}", packet.len()),
        };
        self.connection.start_post(ContentType::Text, NOW).unwrap();
        self.connection.handle_post(body.into(), NOW).unwrap();
    }

    /// The answer to a `GET`.
    fn body(&mut self) -> Bytes {
        self.connection.handle_get(NOW).unwrap();
        let mut body = BytesMut::new();
        let answer = self.connection.poll_payload(&mut body);
        assert!(answer.is_some(), "there is something to say");
        body.freeze()
    }

    fn frames(&mut self) -> Vec<Frame> {
        let link = self.link.expect("it has one");
        std::iter::from_fn(|| self.connection.poll_frame(link)).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        let events = std::iter::from_fn(|| self.connection.poll_event()).collect();
        // If they came in a `POST`, it is over; what it is answered is of no interest here.
        let _ = self.connection.finish_post();
        events
    }

    fn acks(&mut self) -> Vec<(AckId, Result<u32, AckError>)> {
        let ack = |event| match event {
            Event::Ack { id, result, .. } => {
                (id, result.map(|args| args.deserialize().expect("a number")))
            }
            other => panic!("{other:?}"),
        };
        self.events().into_iter().map(ack).collect()
    }
}

#[test]
fn one_encoding_and_one_id_serve_every_transport_and_revision() {
    const TEXT: &str = r#"451-7["news",{"_placeholder":true,"num":0}]"#;
    const ID: AckId = AckId(7);
    let attachment = Bytes::from_static(&[1, 2, 3]);
    let emit = Emit::new("news", Arguments::new(&attachment)).with_id(ID);
    let encoded = Json::new().encode(&Namespace::ROOT, &emit.into()).unwrap();
    let on_links = [
        (Revision::V4, Transport::WEBSOCKET, &[][..]),
        (Revision::V4, Transport::WEBTRANSPORT, &[]),
        // The type of the packet goes before binary.
        (Revision::V3, Transport::WEBSOCKET, &[4]),
    ];
    let in_base64 = format!("{}:{TEXT}6:b4AQID", TEXT.len());
    // A type, the digits of the length, and 255 stand before each packet.
    let in_bytes = [&[0, 4, 3, 255], TEXT.as_bytes(), &[1, 4, 255, 4, 1, 2, 3]].concat();
    let on_polling = [
        (Revision::V4, false, format!("{TEXT}\u{1e}bAQID").into()),
        (Revision::V3, true, in_base64.into_bytes()),
        (Revision::V3, false, in_bytes),
    ];

    let mut recipients = Vec::new();
    for (revision, transport, prefix) in on_links {
        let mut recipient = Recipient::new(revision, transport, false);
        recipient.send(&encoded, ID);
        let frames = recipient.frames();
        let [text, binary] = &frames[..] else {
            panic!("{frames:?}")
        };
        assert_eq!(text.body(), TEXT.as_bytes());
        assert_eq!((binary.prefix(), binary.body()), (prefix, &attachment[..]));
        // No copy of either.
        for (frame, message) in frames.iter().zip(&encoded) {
            assert_eq!(frame.body().as_ptr(), message.wire().as_ptr());
        }
        recipients.push(recipient);
    }
    for (revision, base64, body) in on_polling {
        let mut recipient = Recipient::new(revision, Transport::POLLING, base64);
        recipient.send(&encoded, ID);
        assert_eq!(recipient.body(), body, "{revision:?}");
        recipients.push(recipient);
    }

    // Each answers for itself, and the last one not at all.
    let mut silent = recipients.pop().expect("there are six");
    for (answer, recipient) in (0..).zip(&mut recipients) {
        recipient.receive(&format!("437[{answer}]"));
        assert_eq!(recipient.acks(), [(ID, Ok(answer))]);
    }
    silent.connection.handle_timeout(LATER);
    assert_eq!(silent.acks(), [(ID, Err(AckError::Timeout))]);
}
