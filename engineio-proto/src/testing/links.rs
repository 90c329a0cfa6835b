//! The links between the two ends, and what travels on them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem;

use bytes::{Bytes, BytesMut};

use super::framing::Framing;
use super::plan::Side;
use super::setup::Setup;
use crate::{DecodeError, Frame, LinkId, Transport};

/// One link: two ends that may end at different times.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) transport: Transport,
    client: Half,
    server: Half,
    /// What is sent is gone, either way.
    pub(super) dead: bool,
    /// The client decided for it.
    pub(super) chosen: bool,
    /// The server followed that decision.
    pub(super) followed: bool,
}

/// One end of a link.
pub(super) struct Half {
    pub(super) phase: Phase,
    framing: Option<Box<dyn Framing>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The client waits for the answer to its request for a link.
    Opening(LinkId),
    /// The server waits for the first frame to learn which session it is for.
    Unknown,
    Open(LinkId),
    /// Not opened yet (the server's end), or over.
    Gone,
}

impl Link {
    /// As the client asks for it.
    pub(super) fn new(setup: &Setup, transport: Transport, client: Phase) -> Self {
        let half = |phase| {
            let framing = setup.framing.map(|make| make(setup.max_payload));
            Half { phase, framing }
        };
        Self {
            transport,
            client: half(client),
            server: half(Phase::Gone),
            dead: false,
            chosen: false,
            followed: false,
        }
    }

    pub(super) fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Whether it is the session's link to this end.
    pub(super) fn decided(&self, side: Side) -> bool {
        match side {
            Side::Client => self.chosen,
            Side::Server => self.followed,
        }
    }

    pub(super) fn phase(&self, side: Side) -> Phase {
        match side {
            Side::Client => self.client.phase,
            Side::Server => self.server.phase,
        }
    }
}

impl Half {
    /// The link at this end, if it can carry frames.
    pub(super) fn open(&self) -> Option<LinkId> {
        match self.phase {
            Phase::Open(link) => Some(link),
            Phase::Opening(_) | Phase::Unknown | Phase::Gone => None,
        }
    }

    /// Ends this half; the link that it was, if it was one.
    pub(super) fn end(&mut self) -> Option<LinkId> {
        match mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Opening(link) | Phase::Open(link) => Some(link),
            Phase::Unknown | Phase::Gone => None,
        }
    }

    /// Frames in the form in which they travel: each as a whole, or all of them as bytes.
    pub(super) fn write(&mut self, frames: &[Frame]) -> Written {
        match &mut self.framing {
            None => Written::Frames(frames.iter().map(as_received).collect()),
            Some(framing) => {
                let mut out = BytesMut::new();
                for frame in frames {
                    framing.write(frame, &mut out);
                }
                Written::Bytes(out.freeze())
            }
        }
    }

    /// Bytes that arrived at this end: the frames that they complete, and the error after them.
    pub(super) fn read(&mut self, bytes: &[u8]) -> (Vec<Frame>, Result<(), DecodeError>) {
        let mut frames = Vec::new();
        let result = match &mut self.framing {
            Some(framing) => framing.read(bytes, &mut frames),
            None => Ok(()),
        };
        (frames, result)
    }
}

impl fmt::Debug for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.phase, f)
    }
}

/// What goes on the network for some frames.
pub(super) enum Written {
    Frames(Vec<Frame>),
    Bytes(Bytes),
}

/// A frame as it is at the other end: its bytes and nothing of what the sender knew about them.
fn as_received(frame: &Frame) -> Frame {
    match frame.to_text() {
        Some(text) => Frame::text(text.as_str()),
        None => Frame::binary([frame.prefix(), frame.body()].concat()),
    }
}
