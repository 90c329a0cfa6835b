//! A client as a test holds it.

use std::fmt;
use std::sync::Arc;

use engineio_proto::Transport;
use engineio_proto::client::Session;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::{
    AckError, AckId, Args, Arguments, DisconnectReason, Emit, Encoded, Namespace, Outgoing,
    RawValue, SocketId,
};

use super::driver::{Connection, Inbox};
use super::{TestError, raw};
use crate::EmitError;

/// A client in a namespace. Events wait in it until the test asks for them.
///
/// Dropping it leaves nothing behind: the connection ends when the last client on it is dropped.
pub struct TestClient {
    connection: Arc<Connection>,
    namespace: Namespace,
    inbox: Arc<Inbox>,
    id: SocketId,
}

impl TestClient {
    pub(super) async fn join(
        connection: Arc<Connection>,
        namespace: Namespace,
        auth: Option<RawValue>,
    ) -> Result<Self, TestError> {
        let inbox = connection.inbox(&namespace);
        *inbox.lock() = Default::default();
        if let Some(reason) = connection.closed() {
            return Err(TestError::Disconnected(reason));
        }
        let asked = connection.with(|machine| machine.connect(&namespace, auth));
        asked.map_err(|_| TestError::Encode(socketio_proto::EncodeError::InvalidPayload))?;
        let id = wait(&inbox, |inbox| {
            match (&inbox.id, &inbox.refused, inbox.ended) {
                (Some(id), ..) => Some(Ok(id.clone())),
                (None, Some(error), _) => Some(Err(TestError::Refused(error.clone()))),
                (None, None, Some(reason)) => Some(Err(TestError::Disconnected(reason))),
                (None, None, None) => None,
            }
        });
        let id = id.await?;
        Ok(Self {
            connection,
            namespace,
            inbox,
            id,
        })
    }

    /// Joins another namespace on the same connection.
    ///
    /// # Errors
    ///
    /// It is refused, or the connection has ended.
    ///
    /// # Panics
    ///
    /// If no namespace can have this name.
    #[track_caller]
    pub fn of(
        &self,
        namespace: &str,
    ) -> impl Future<Output = Result<Self, TestError>> + Send + use<> {
        let (connection, namespace) = (Arc::clone(&self.connection), name(namespace));
        Self::join(connection, namespace, None)
    }

    /// The same, and shows something for it.
    ///
    /// # Errors
    ///
    /// As above.
    ///
    /// # Panics
    ///
    /// As above.
    pub async fn of_with<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        auth: &T,
    ) -> Result<Self, TestError> {
        let auth = raw(&socketio_proto::Value::from_serialize(auth)?)?;
        Self::join(Arc::clone(&self.connection), name(namespace), Some(auth)).await
    }

    /// The id that the server gave it.
    pub fn id(&self) -> &SocketId {
        &self.id
    }

    /// The transport that is used now.
    pub fn transport(&self) -> Transport {
        self.connection.session(Session::transport)
    }

    /// Waits until the client has gone over to a WebSocket, or until it is clear that it will not: it does not want to, the server does
    /// not offer it, or the connection has ended. The transport that is used then.
    pub async fn upgraded(&self) -> Transport {
        self.connection.upgraded().await
    }

    /// Sends an event.
    ///
    /// # Errors
    ///
    /// It cannot be encoded, or the socket is disconnected.
    pub fn emit<T: Serialize>(&self, event: &str, arguments: &T) -> Result<(), EmitError> {
        let packet = self.encode(&Emit::new(event, Arguments::new(arguments)).into())?;
        self.connection
            .with(|machine| machine.send(&self.namespace, &packet))?;
        Ok(())
    }

    /// Sends an event, and waits for the acknowledgement. A test that wants to see a timeout puts one around it.
    ///
    /// # Errors
    ///
    /// It cannot be sent, the socket is disconnected meanwhile, or the answer is of another type.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        arguments: &impl Serialize,
    ) -> Result<T, TestError> {
        let id = self.connection.next_ack_id();
        let packet = self.encode(
            &Emit::new(event, Arguments::new(arguments))
                .with_id(id)
                .into(),
        )?;
        let answer = self.connection.await_ack(&self.namespace, id);
        let sent = self
            .connection
            .with(|machine| machine.send_with_ack(&self.namespace, &packet, id, None));
        sent.map_err(|_| TestError::Ack(AckError::Disconnected))?;
        let args = answer.await.map_err(|_| AckError::Disconnected)??;
        Ok(args.deserialize()?)
    }

    /// The next event, whatever it is.
    ///
    /// # Errors
    ///
    /// The socket was disconnected, and there is nothing left.
    pub async fn recv(&self) -> Result<TestEvent<'_>, TestError> {
        let next = wait(&self.inbox, |inbox| {
            let ended = inbox
                .ended
                .map(|reason| Err(TestError::Disconnected(reason)));
            inbox.events.pop_front().map(Ok).or(ended)
        });
        let (id, args) = next.await?;
        Ok(TestEvent {
            client: self,
            id,
            args,
        })
    }

    /// The arguments of the next event, which has to be this one.
    ///
    /// # Errors
    ///
    /// It is another one, or of another type; or the socket was disconnected.
    pub async fn next<T: DeserializeOwned>(&self, event: &str) -> Result<T, TestError> {
        let next = self.recv().await?;
        if next.name() != event {
            return Err(TestError::AnotherEvent {
                expected: event.to_owned(),
                came: next.name().to_owned(),
            });
        }
        next.data()
    }

    /// An event that has arrived and was not asked for yet, without waiting.
    pub fn try_recv(&self) -> Option<TestEvent<'_>> {
        let (id, args) = self.inbox.lock().events.pop_front()?;
        Some(TestEvent {
            client: self,
            id,
            args,
        })
    }

    /// Leaves the namespace.
    pub fn disconnect(&self) {
        self.connection
            .with(|machine| machine.disconnect(&self.namespace));
    }

    /// Closes the connection, with all who are on it.
    pub fn close(&self) {
        self.connection.close();
    }

    /// Ends the connection without a word, as when a network cable is pulled and the system notices.
    pub fn cut(&self) {
        self.connection.cut();
    }

    /// Stops reading, or goes on: a client that is slow, or that hangs. It answers no ping meanwhile, and does not give up
    /// the server either.
    pub fn pause(&self, yes: bool) {
        self.connection.pause(yes);
    }

    /// Waits until the socket is disconnected, and says why, as the client sees it.
    pub async fn disconnected(&self) -> DisconnectReason {
        wait(&self.inbox, |inbox| inbox.ended).await
    }

    fn encode(&self, packet: &Outgoing<'_>) -> Result<Encoded, socketio_proto::EncodeError> {
        self.connection.codec.encode(&self.namespace, packet)
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("namespace", &self.namespace)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An event that a [`TestClient`] was sent.
#[derive(Debug)]
pub struct TestEvent<'a> {
    client: &'a TestClient,
    id: Option<AckId>,
    args: Args,
}

impl TestEvent<'_> {
    /// The name.
    pub fn name(&self) -> &str {
        self.args.event_name()
    }

    /// The arguments, not decoded.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The arguments as a type.
    ///
    /// # Errors
    ///
    /// They are of another one.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, TestError> {
        Ok(self.args.deserialize()?)
    }

    /// Whether the server asked for an acknowledgement.
    pub fn wants_ack(&self) -> bool {
        self.id.is_some()
    }

    /// Acknowledges it. Does nothing if the server did not ask.
    ///
    /// # Errors
    ///
    /// The answer cannot be encoded, or the socket is disconnected.
    pub fn ack<T: Serialize>(self, answer: &T) -> Result<(), EmitError> {
        let Some(id) = self.id else { return Ok(()) };
        let packet = self
            .client
            .encode(&Outgoing::Ack(id, Arguments::new(answer)))?;
        let namespace = &self.client.namespace;
        let connection = &self.client.connection;
        connection.with(|machine| machine.send_reserved(namespace, &packet))?;
        Ok(())
    }
}

/// Waits until `look` finds something.
async fn wait<T>(
    inbox: &Inbox,
    mut look: impl FnMut(&mut super::driver::InboxState) -> Option<T>,
) -> T {
    loop {
        let changed = inbox.changed.notified();
        tokio::pin!(changed);
        // From here on no change is missed.
        changed.as_mut().enable();
        if let Some(found) = look(&mut inbox.lock()) {
            return found;
        }
        changed.await;
    }
}

#[track_caller]
pub(super) fn name(name: &str) -> Namespace {
    match Namespace::new(name) {
        Ok(name) => name,
        Err(error) => panic!("{name:?} cannot be the name of a namespace: {error}"),
    }
}
