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
///
/// A link of two channels, and a client that comes over it:
///
/// ```
/// use std::task::{Context, Poll};
///
/// use socketio_server::engine::{Engine, Frame, Link, Received, Transport, TransportFault};
/// use tokio::sync::mpsc;
///
/// #[derive(Debug)]
/// struct Channels {
///     from_client: mpsc::UnboundedReceiver<Frame>,
///     to_client: mpsc::UnboundedSender<Frame>,
/// }
///
/// impl Link for Channels {
///     fn poll_receive(&mut self, cx: &mut Context<'_>, received: &mut Vec<Received>) -> Poll<()> {
///         self.from_client.poll_recv(cx).map(|frame| {
///             received.push(frame.map_or(Received::Closed, Received::Frame));
///         })
///     }
///
///     fn has_room(&self) -> bool {
///         true
///     }
///
///     fn send(&mut self, frame: Frame) {
///         // A client that has gone is noticed when receiving.
///         let _ = self.to_client.send(frame);
///     }
///
///     fn poll_flush(&mut self, _: &mut Context<'_>, _: &mut usize) -> Poll<Result<(), TransportFault>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
///         Poll::Ready(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pipe = Transport::custom("pipe");
/// let engine = Engine::builder()
///     .transports([Transport::POLLING, Transport::WEBSOCKET, pipe])
///     .serve(async |socket| while socket.recv().await.is_some() {});
/// let (_send, from_client) = mpsc::unbounded_channel();
/// let (to_client, mut receive) = mpsc::unbounded_channel();
/// let request = http::Request::get("/engine.io/?EIO=4").body(())?;
/// let entrance = engine.admit(request, pipe).await?;
/// entrance.serve_link(Channels { from_client, to_client });
/// let open = receive.recv().await.and_then(|frame| frame.to_text());
/// assert!(open.is_some_and(|open| open.as_str().starts_with("0{")));
/// # Ok(())
/// # }
/// ```
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
