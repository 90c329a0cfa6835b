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

    #[expect(
        clippy::cast_possible_truncation,
        reason = "each arm has compared the length"
    )]
    pub(crate) fn new(first: u8, payload: usize) -> Self {
        let mut bytes = [0; HEADER_ROOM + 1];
        bytes[0] = first;
        let len = if payload < 126 {
            bytes[1] = payload as u8;
            2
        } else if payload <= 0xffff {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(payload as u16).to_be_bytes());
            4
        } else {
            bytes[1] = 127;
            bytes[2..10].copy_from_slice(&(payload as u64).to_be_bytes());
            10
        };
        Self { bytes, len }
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
