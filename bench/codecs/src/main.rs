//! The codec of socketio-proto and the parser of socketioxide, side by side: the same operations on the same text.
//!
//!     bench-codecs                           the operations, one in a line
//!     bench-codecs OPERATION SIDE TIMES      runs one of them so many times, for `ours` or for `theirs`
//!
//! `bench/beside.sh` counts the instructions of each. The tests of this program show that both sides do the same.

mod data;
mod ours;
mod theirs;

use std::process::ExitCode;

use ours::Ours;
use theirs::Theirs;

/// Something that both can do.
struct Operation {
    name: &'static str,
    ours: fn(&mut Ours),
    theirs: fn(&mut Theirs),
}

const OPERATIONS: &[Operation] = &[
    // The loop, and what a decoder is given, which it takes.
    Operation {
        name: "take a message",
        ours: Ours::take_message,
        theirs: Theirs::take_message,
    },
    // Text to a packet that nobody asks for anything.
    Operation {
        name: "decode a packet",
        ours: Ours::decode_packet,
        theirs: Theirs::decode_packet,
    },
    // ... and its name, by which a handler is found.
    Operation {
        name: "decode an event",
        ours: Ours::decode_event,
        theirs: Theirs::decode_event,
    },
    // ... and its argument, as that handler gets it.
    Operation {
        name: "decode an event into a struct",
        ours: Ours::decode_event_into_struct,
        theirs: Theirs::decode_event_into_struct,
    },
    Operation {
        name: "decode an event into a serde_json::Value",
        ours: Ours::decode_event_into_json,
        theirs: Theirs::decode_event_into_json,
    },
    Operation {
        name: "decode 3 attachments into a struct",
        ours: Ours::decode_attachments_into_struct,
        theirs: Theirs::decode_attachments_into_struct,
    },
    Operation {
        name: "encode an event",
        ours: Ours::encode_event,
        theirs: Theirs::encode_event,
    },
    Operation {
        name: "encode an acknowledgement",
        ours: Ours::encode_ack,
        theirs: Theirs::encode_ack,
    },
    Operation {
        name: "encode 3 attachments",
        ours: Ours::encode_attachments,
        theirs: Theirs::encode_attachments,
    },
    // An encoded packet that many get, until it is what one of them writes to a WebSocket.
    Operation {
        name: "frame a broadcast for one recipient",
        ours: Ours::frame_for_one,
        theirs: Theirs::frame_for_one,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, side, times] = &arguments[..] else {
        for operation in OPERATIONS {
            println!("{}", operation.name);
        }
        return ExitCode::SUCCESS;
    };
    let found = OPERATIONS.iter().find(|operation| operation.name == name);
    let (Some(operation), Ok(times)) = (found, times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    match side.as_str() {
        "ours" => {
            let mut ours = Ours::new();
            (0..times).for_each(|_| (operation.ours)(&mut ours));
        }
        "theirs" => {
            let mut theirs = Theirs::new();
            (0..times).for_each(|_| (operation.theirs)(&mut theirs));
        }
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::data::{ACK, EVENT, UPLOAD, blob, small, three};
    use super::*;

    #[test]
    fn both_decode_the_same() {
        let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
        assert_eq!(ours.small(), small());
        assert_eq!(theirs.small(), small());
        assert_eq!(ours.json(), theirs.json());
        assert_eq!(ours.three(), three());
        assert_eq!(theirs.three(), three());
    }

    #[test]
    fn both_encode_the_same() {
        let (ours, theirs) = (Ours::new(), Theirs::new());
        for (text, ours, theirs) in [
            (EVENT, ours.event(), theirs.event()),
            (ACK, ours.ack(), theirs.ack()),
        ] {
            assert_eq!(ours.messages()[0].wire(), ["4", text].concat().as_bytes());
            assert_eq!(theirs, (text.to_owned(), vec![]));
        }
        let upload = ours.upload();
        let wire: Vec<&[u8]> = upload.messages().iter().map(|m| m.wire()).collect();
        let text = ["4", UPLOAD].concat();
        assert_eq!(wire, [text.as_bytes(), &blob(), &blob(), &blob()]);
        assert_eq!(theirs.upload(), (UPLOAD.to_owned(), vec![blob(); 3]));
    }

    #[test]
    fn both_frame_the_same() {
        let (ours, theirs) = (Ours::new(), Theirs::new());
        let text = ["4", EVENT].concat();
        let frame = ours.frame();
        let ours = [frame.header(), frame.body()].concat();
        let header = [0x81, u8::try_from(text.len()).unwrap()];
        assert_eq!(ours, [&header, text.as_bytes()].concat());
        assert_eq!(theirs.frame(), text);
    }

    #[test]
    fn each_operation_runs_on_both_sides() {
        let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
        for operation in OPERATIONS {
            for _ in 0..2 {
                (operation.ours)(&mut ours);
                (operation.theirs)(&mut theirs);
            }
        }
    }
}
