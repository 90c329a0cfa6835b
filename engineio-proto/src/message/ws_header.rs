//! The WebSocket header in front of a message.

/// The header of an unmasked, unfragmented WebSocket frame (RFC 6455, section 5.2), and room for the one byte
/// that revision 3 puts before binary payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WsHeader {
    bytes: [u8; HEADER_ROOM + 1],
    len: u8,
}

impl WsHeader {
    pub(crate) const NONE: Self = Self {
        bytes: [0; HEADER_ROOM + 1],
        len: 0,
    };
    /// FIN and opcode 1.
    pub(crate) const TEXT: u8 = 0x81;
    /// FIN and opcode 2.
    pub(crate) const BINARY: u8 = 0x82;

    pub(crate) fn new(first: u8, payload: usize) -> Self {
        Self::write(first, payload, |header| {
            let mut new = Self::NONE;
            for byte in header {
                new.push(*byte);
            }
            new
        })
    }

    /// Hands the header over where it is written. Each of its three forms comes as an array, so that copying it takes no
    /// loop and no call.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each arm has compared the length"
    )]
    #[inline(always)]
    pub(super) fn write<R>(first: u8, payload: usize, to: impl FnOnce(&[u8]) -> R) -> R {
        if payload < 126 {
            to(&[first, payload as u8])
        } else if payload <= 0xffff {
            let [a, b] = (payload as u16).to_be_bytes();
            to(&[first, 126, a, b])
        } else {
            let [a, b, c, d, e, f, g, h] = (payload as u64).to_be_bytes();
            to(&[first, 127, a, b, c, d, e, f, g, h])
        }
    }

    /// Appends one byte of payload. At most once: there is room for no more.
    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(usize::from(self.len)) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// Bytes of the header that an unmasked frame begins with.
    pub(super) fn len_in(frame: &[u8]) -> usize {
        match frame.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Bytes reserved in front of a text that is being built: the longest unmasked WebSocket header.
pub(super) const HEADER_ROOM: usize = 10;
