//! Links: what carries frames in order, both ways.

use std::fmt;
use std::task::{Context, Poll};

use engineio_proto::{DecodeError, Frame, TransportFault};

/// What a link has received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// A frame.
    Frame(Frame),
    /// Bytes that are no whole frame yet, or an answer to something of the link's own. They count as life.
    Activity,
    /// The other side closed in an orderly way.
    Closed,
    /// The link failed.
    Failed(TransportFault),
    /// What arrived is no frame.
    Invalid(DecodeError),
}

impl Received {
    /// Whether nothing comes after this.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Closed | Self::Failed(_) | Self::Invalid(_))
    }
}

/// Carries frames of Engine.IO in order, both ways: a WebSocket, a pipe, whatever you have.
///
/// The driver of a session owns its links and calls them from one task. As with any future, whoever returns
/// [`Poll::Pending`] has arranged for the task to be woken.
pub trait Link: Send + fmt::Debug + 'static {
    /// Appends what has been received. `Ready` if something was appended; after `Closed`, `Failed` and `Invalid` it is not
    /// called again.
    fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()>;

    /// Whether another frame can be taken. If not, [`poll_flush`](Self::poll_flush) changes it.
    fn has_room(&self) -> bool;

    /// Takes a frame to be sent.
    fn send(&mut self, frame: Frame);

    /// Sends what was taken. The number of bytes that left is added to `progress`, also if it is pending then.
    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        progress: &mut usize,
    ) -> Poll<Result<(), TransportFault>>;

    /// Closes, after [`poll_flush`](Self::poll_flush) is done: says goodbye if the link knows how, and waits for the answer. It is
    /// dropped when it is ready, or after a few seconds.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()> {
        (**self).poll_receive(cx, received)
    }

    fn has_room(&self) -> bool {
        (**self).has_room()
    }

    fn send(&mut self, frame: Frame) {
        (**self).send(frame);
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        progress: &mut usize,
    ) -> Poll<Result<(), TransportFault>> {
        (**self).poll_flush(cx, progress)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_close(cx)
    }
}
