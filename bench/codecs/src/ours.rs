//! socketio-proto.

use std::hint::black_box;

use bytes::Bytes;
use engineio_proto::{Frame, Message, Packet as EnginePacket, Revision, WsFrame};
use serde::Serialize;
use socketio_proto::{
    AckId, Args, Arguments, Body, Codec, DecodeError, Decoder, Emit, Encoded, Json, Limits,
    Namespace, Outgoing, Packet, Protocol,
};

use crate::data::{
    ACK_ID, EVENT, EVENT_NAME, Small, Three, UPLOAD, UPLOAD_NAME, blob, small, three,
};

pub(crate) struct Ours {
    codec: Json,
    decoder: Decoder,
    event: Message,
    upload: Message,
    blob: Bytes,
    small: Small,
    three: Three,
    encoded: Encoded,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let codec = Json::new();
        Self {
            decoder: codec.decoder(Protocol::V5, Limits::default()),
            event: arrived(EVENT),
            upload: arrived(UPLOAD),
            blob: blob(),
            small: small(),
            three: three(),
            encoded: emit(&codec, EVENT_NAME, &small()),
            codec,
        }
    }

    pub(crate) fn take_message(&mut self) {
        black_box(black_box(&self.event).clone());
    }

    pub(crate) fn decode_packet(&mut self) {
        black_box(self.event_args());
    }

    pub(crate) fn decode_event(&mut self) {
        let args = self.event_args();
        black_box(args.event_name());
    }

    pub(crate) fn decode_event_into_struct(&mut self) {
        black_box(self.small());
    }

    pub(crate) fn decode_event_into_json(&mut self) {
        black_box(self.json());
    }

    pub(crate) fn decode_attachments_into_struct(&mut self) {
        black_box(self.three());
    }

    pub(crate) fn encode_event(&mut self) {
        black_box(self.event());
    }

    pub(crate) fn encode_ack(&mut self) {
        black_box(self.ack());
    }

    pub(crate) fn encode_attachments(&mut self) {
        black_box(self.upload());
    }

    pub(crate) fn frame_for_one(&mut self) {
        black_box(self.frame());
    }

    // --- the same with what comes out -----------------------------------------------------------------------

    pub(crate) fn small(&mut self) -> Small {
        let args = self.event_args();
        black_box(args.event_name());
        args.deserialize().expect("it is one")
    }

    pub(crate) fn json(&mut self) -> serde_json::Value {
        let args = self.event_args();
        black_box(args.event_name());
        args.deserialize().expect("it is one")
    }

    pub(crate) fn three(&mut self) -> Three {
        let first = self.decoder.decode(black_box(&self.upload).clone());
        assert!(matches!(first, Ok(None)));
        for _ in 0..2 {
            let more = self.decoder.decode(Message::binary(self.blob.clone()));
            assert!(matches!(more, Ok(None)));
        }
        let args = args(self.decoder.decode(Message::binary(self.blob.clone())));
        black_box(args.event_name());
        args.deserialize().expect("it is one")
    }

    pub(crate) fn event(&self) -> Encoded {
        emit(&self.codec, EVENT_NAME, black_box(&self.small))
    }

    pub(crate) fn ack(&self) -> Encoded {
        let id = AckId(u64::from(ACK_ID));
        let ack = Outgoing::Ack(id, Arguments::new(black_box(&self.small)));
        let encoded = self.codec.encode(&Namespace::ROOT, &ack);
        encoded.expect("it can be sent")
    }

    pub(crate) fn upload(&self) -> Encoded {
        emit(&self.codec, UPLOAD_NAME, black_box(&self.three))
    }

    pub(crate) fn frame(&self) -> WsFrame {
        let message = black_box(&self.encoded).messages()[0].clone();
        let frame = EnginePacket::Message(message).into_frame(Revision::V4, false);
        frame.to_ws()
    }

    fn event_args(&mut self) -> Args {
        args(self.decoder.decode(black_box(&self.event).clone()))
    }
}

/// A text as the transport hands it over.
fn arrived(text: &str) -> Message {
    let frame = Frame::text(["4", text].concat());
    match EnginePacket::from_frame(frame, Revision::V4) {
        Ok(EnginePacket::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn args(packet: Result<Option<Packet>, DecodeError>) -> Args {
    match packet {
        Ok(Some(Packet {
            body: Body::Event { args, .. },
            ..
        })) => args,
        other => panic!("{other:?}"),
    }
}

fn emit<T: Serialize>(codec: &Json, name: &str, value: &T) -> Encoded {
    let emit = Emit::new(name, Arguments::new(value));
    codec
        .encode(&Namespace::ROOT, &emit.into())
        .expect("it can be sent")
}
