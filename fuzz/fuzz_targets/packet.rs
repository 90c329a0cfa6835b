// Invariant: a packet that was decoded encodes to a frame that decodes to it again, and to the same bytes unless the
// frame held base64 or data that its type ignores.
#![no_main]

use bytes::Bytes;
use engineio_proto::{Frame, Packet, Revision, Text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, data)) = input.split_first() else {
        return;
    };
    let revision = if choice & 1 == 0 {
        Revision::V4
    } else {
        Revision::V3
    };
    let bytes = Bytes::copy_from_slice(data);
    let frame = if choice & 2 == 0 {
        let Ok(text) = Text::try_from(bytes) else {
            return;
        };
        Frame::text(text)
    } else {
        Frame::binary(bytes)
    };
    let Ok(packet) = Packet::from_frame(frame.clone(), revision) else {
        return;
    };
    for base64 in [false, true] {
        let again = packet.clone().into_frame(revision, base64);
        assert_eq!(Packet::from_frame(again, revision).as_ref(), Ok(&packet));
    }
    let again = packet.clone().into_frame(revision, false);
    let carries_data = match &packet {
        Packet::Close | Packet::Upgrade | Packet::Noop => false,
        Packet::Open(_) | Packet::Ping(_) | Packet::Pong(_) => frame.is_text(),
        Packet::Message(_) => true,
    };
    if carries_data && !(frame.is_text() && data.starts_with(b"b")) {
        let again = [again.prefix(), again.body()].concat();
        assert_eq!(again, data, "{packet:?}");
    }
});
