//! The parser of socketioxide.

use std::hint::black_box;

use bytes::Bytes;
use engineioxide_core::Packet as EnginePacket;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketioxide_core::packet::{Packet, PacketData};
use socketioxide_core::parser::{Parse, ParseConfig, ParseError, ParserState};
use socketioxide_core::{Str, Value};
use socketioxide_parser_common::CommonParser;

use crate::data::{
    ACK_ID, EVENT, EVENT_NAME, Small, Three, UPLOAD, UPLOAD_NAME, blob, small, three,
};

pub(crate) struct Theirs {
    config: ParseConfig,
    state: ParserState,
    event: Str,
    upload: Str,
    blob: Bytes,
    small: Small,
    three: Three,
}

impl Theirs {
    pub(crate) fn new() -> Self {
        Self {
            config: ParseConfig::default(),
            state: ParserState::default(),
            event: Str::from(EVENT.to_owned()),
            upload: Str::from(UPLOAD.to_owned()),
            blob: blob(),
            small: small(),
            three: three(),
        }
    }

    pub(crate) fn take_message(&mut self) {
        black_box(black_box(&self.event).clone());
    }

    pub(crate) fn decode_packet(&mut self) {
        black_box(self.event_value());
    }

    pub(crate) fn decode_event(&mut self) {
        let value = self.event_value();
        black_box(CommonParser.read_event(&value).expect("it has a name"));
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
        black_box(encode_event(EVENT_NAME, black_box(&self.small)));
    }

    pub(crate) fn encode_ack(&mut self) {
        black_box(encode_ack(black_box(&self.small)));
    }

    pub(crate) fn encode_attachments(&mut self) {
        black_box(encode_event(UPLOAD_NAME, black_box(&self.three)));
    }

    pub(crate) fn frame_for_one(&mut self) {
        black_box(self.frame());
    }

    // --- the same with what comes out -----------------------------------------------------------------------

    pub(crate) fn small(&mut self) -> Small {
        decode(self.event_value())
    }

    pub(crate) fn json(&mut self) -> serde_json::Value {
        decode(self.event_value())
    }

    pub(crate) fn three(&mut self) -> Three {
        let upload = black_box(&self.upload).clone();
        let first = CommonParser.decode_str(&self.config, &self.state, upload);
        assert!(matches!(first, Err(ParseError::NeedsMoreBinaryData)));
        let attachment = || CommonParser.decode_bin(&self.config, &self.state, self.blob.clone());
        for _ in 0..2 {
            let more = attachment();
            assert!(matches!(more, Err(ParseError::NeedsMoreBinaryData)));
        }
        decode(value(attachment().expect("it is complete")))
    }

    /// What the transport is given for each recipient: its text, without the header of a WebSocket.
    pub(crate) fn frame(&self) -> String {
        EnginePacket::Message(black_box(&self.event).clone()).into()
    }

    fn event_value(&mut self) -> Value {
        let text = black_box(&self.event).clone();
        let packet = CommonParser.decode_str(&self.config, &self.state, text);
        value(packet.expect("it is a packet"))
    }
}

#[cfg(test)]
impl Theirs {
    pub(crate) fn event(&self) -> (String, Vec<Bytes>) {
        parts(encode_event(EVENT_NAME, &self.small))
    }

    pub(crate) fn ack(&self) -> (String, Vec<Bytes>) {
        parts(encode_ack(&self.small))
    }

    pub(crate) fn upload(&self) -> (String, Vec<Bytes>) {
        parts(encode_event(UPLOAD_NAME, &self.three))
    }
}

#[cfg(test)]
fn parts(value: Value) -> (String, Vec<Bytes>) {
    match value {
        Value::Str(text, attachments) => {
            let attachments = attachments.map(Vec::from).unwrap_or_default();
            (text.to_string(), attachments)
        }
        Value::Bytes(_) => panic!("it is text"),
    }
}

fn encode_event<T: Serialize>(name: &str, argument: &T) -> Value {
    let value = CommonParser.encode_value(argument, Some(name));
    CommonParser.encode(Packet::event("/", value.expect("it can be sent")))
}

fn encode_ack<T: Serialize>(argument: &T) -> Value {
    let value = CommonParser.encode_value(argument, None);
    CommonParser.encode(Packet::ack(
        "/",
        value.expect("it can be sent"),
        ACK_ID.into(),
    ))
}

/// The name, which says which handler gets the event, and the argument of that handler.
fn decode<T: DeserializeOwned>(mut value: Value) -> T {
    black_box(CommonParser.read_event(&value).expect("it has a name"));
    CommonParser
        .decode_value(&mut value, true)
        .expect("it is one")
}

fn value(packet: Packet) -> Value {
    match packet.inner {
        PacketData::Event(value, _) | PacketData::BinaryEvent(value, _) => value,
        _ => panic!("it is an event"),
    }
}
