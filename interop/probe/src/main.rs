//! What our codecs make of packets and frames, for a program that asks line by line.
//!
//! Each line of standard input is a question in JSON, and is answered by one line:
//!
//! | question | answer |
//! |---|---|
//! | `{"codec":"json-v5","frames":[...]}` | `packets` and `end`: `ready`, `waiting`, or `refused` with an `error` |
//! | `{"codec":"json-v5","packet":{...}}` | `frames`, or an `error` |
//!
//! Whatever panics is answered with `panic`, and the next question is asked.
//!
//! Values are tagged as in the vectors of `socketio-proto/tests/vectors`, and so are the answers as a whole.
#![expect(clippy::print_stdout, reason = "the answers go there")]

mod write;

#[path = "../../../socketio-proto/tests/reference/mod.rs"]
mod reference;

use std::io::{self, BufRead};
use std::panic;

use reference::{Answer, End, Tagged};
use socketio_proto::{Codec, Json, Limits, MessagePack, Protocol};

fn main() -> io::Result<()> {
    for question in io::stdin().lock().lines() {
        let question = question?;
        let answer = panic::catch_unwind(|| answer(Tagged::plain(&question)));
        let answer = answer.unwrap_or_else(|_| {
            let panic = Tagged::Text("the reason stands in the standard error".to_owned());
            Tagged::Object(vec![("panic".to_owned(), panic)])
        });
        println!("{}", write::tagged(&answer));
    }
    Ok(())
}

fn answer(mut question: Tagged) -> Tagged {
    let codec = question.take("codec").into_text();
    let frames = question.take("frames");
    let packet = question.take("packet").untag();
    let (codec, protocol, packet): (&dyn Codec, _, _) = match codec.as_str() {
        "json-v4" => (
            &Json::new(),
            Protocol::V4,
            packet.without_undefined_members(),
        ),
        "json-v5" => (
            &Json::new(),
            Protocol::V5,
            packet.without_undefined_members(),
        ),
        "msgpack" => (&MessagePack::new(), Protocol::V5, packet),
        other => panic!("there is no codec {other}"),
    };
    if frames.is_undefined() {
        encode(codec, packet)
    } else {
        decode(codec, protocol, frames.untag().into_items())
    }
}

fn decode(codec: &dyn Codec, protocol: Protocol, frames: Vec<Tagged>) -> Tagged {
    let mut decoder = codec.decoder(protocol, Limits::default());
    let Answer { packets, end } = reference::decode(&mut decoder, frames);
    let mut answer = Tagged::Object(Vec::new());
    answer.put("packets", Tagged::Array(packets));
    answer.put("end", Tagged::Text(end.name().to_owned()));
    if let End::Refused(error) = end {
        answer.put("error", Tagged::Text(error));
    }
    answer
}

fn encode(codec: &dyn Codec, packet: Tagged) -> Tagged {
    let mut answer = Tagged::Object(Vec::new());
    match reference::encode(codec, packet) {
        Ok(encoded) => answer.put("frames", Tagged::Array(reference::frames(&encoded))),
        Err(error) => answer.put("error", Tagged::Text(error.to_string())),
    }
    answer
}
