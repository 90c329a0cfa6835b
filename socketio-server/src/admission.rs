//! Who is let in: the way of a client from CONNECT to a socket, or to a refusal.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use engineio_proto::Revision;
use socketio_proto::server::{Accept, ConnectRequest, Gone};
use socketio_proto::{Codec, ConnectError, Namespace as Name, SocketId};

use crate::Handshake;
use crate::dispatch::{Client, Membership, Posted, downgrade};
use crate::error::Error;
use crate::event::{Asking, Connected, Joining};
use crate::hooks::{Failure, FailureKind, panicked};
use crate::member::{Member, Phase};
use crate::namespace::{Claim, Common, Params, Parent};
use crate::run;

/// What was decided about a request.
pub(crate) struct Decision {
    request: ConnectRequest,
    result: Result<Candidate, ConnectError>,
}

/// A socket that may come in.
pub(crate) struct Candidate {
    member: Arc<Member>,
    claim: Option<Claim>,
}

/// If nothing comes of it, whoever has a handle on the socket hears that it has left.
impl Drop for Candidate {
    fn drop(&mut self) {
        if self.member.phase() == Phase::Joining {
            self.member.left(Vec::new());
        }
    }
}

/// All that a decision needs; nothing in it keeps the connection.
struct Question {
    name: Name,
    handshake: Handshake,
    sid: engineio_proto::Sid,
    codec: Arc<dyn Codec>,
    client: Weak<Client>,
    common: Arc<Common>,
}

impl Question {
    /// As the application sees it.
    fn asking(&self, params: Params) -> Asking {
        Asking {
            handshake: self.handshake.clone(),
            namespace: self.name.clone(),
            params,
            states: Arc::clone(&self.common.states),
        }
    }
}

/// Where the namespace may come from.
enum Place {
    There(Claim),
    /// It comes into being if one of these functions agrees.
    Perhaps(Vec<Arc<Parent>>),
}

/// A client asks to be let in.
pub(crate) fn begin(client: &Arc<Client>, request: ConnectRequest) {
    let sio = &client.protocol;
    let name = request.namespace().clone();
    let Some(place) = find(client, &name) else {
        let error = ConnectError::new("Invalid namespace");
        // The client may be gone.
        let _ = client.with(|machine| machine.inner.refuse(request, &error));
        return;
    };
    let (revision, sid, codec) = client.identity();
    let auth = request.auth().cloned();
    let question = Question {
        name: name.clone(),
        handshake: Handshake::new(Arc::clone(&client.handshake), auth, revision),
        sid,
        codec,
        client: downgrade(client),
        common: Arc::clone(&sio.common),
    };
    let mut deciding = Box::pin(decide(question, place));
    // Most decisions need no waiting.
    match deciding
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(result) => conclude(client, Decision { request, result }),
        Poll::Pending => later(client, name, request, deciding),
    }
}

/// The rest of a decision, in a task that can be given up.
fn later(
    client: &Arc<Client>,
    name: Name,
    request: ConnectRequest,
    deciding: Pin<Box<impl Future<Output = Result<Candidate, ConnectError>> + Send + 'static>>,
) {
    let weak = downgrade(client);
    let task = client.protocol.common.spawn(async move {
        let result = deciding.await;
        if let Some(client) = weak.upgrade() {
            client.post(Posted::Decided(Box::new(Decision { request, result })));
        }
    });
    let Some(task) = task else { return };
    let mut inside = client.local.lock();
    inside.deciding.retain(|(_, task)| !task.is_finished());
    inside.deciding.push((name, task));
}

/// The client does not want it any more.
pub(crate) fn give_up(client: &Arc<Client>, name: &Name) {
    let mut inside = client.local.lock();
    let deciding = &mut inside.deciding;
    let at = deciding.iter().position(|(asked, _)| asked == name);
    let task = at.map(|at| deciding.swap_remove(at));
    drop(inside);
    if let Some((_, task)) = task {
        task.abort();
    }
}

/// Lets a client in, or turns it away. It is told first, and then everything else happens.
pub(crate) fn conclude(client: &Arc<Client>, decision: Decision) {
    let Decision { request, result } = decision;
    let mut candidate = match result {
        Ok(candidate) => candidate,
        Err(error) => {
            // The client may be gone.
            let _ = client.with(|machine| machine.inner.refuse(request, &error));
            return;
        }
    };
    let member = Arc::clone(&candidate.member);
    let accept = Accept::new(member.id.clone());
    let accepted = client.with(|machine| {
        machine.inner.accept(request, accept)?;
        // Under the lock of the connection, so that nothing overtakes what was sent before.
        for packet in &member.let_in() {
            // If it is too much, the connection ends and says so.
            let _ = machine.inner.send(&member.nsp.name, packet);
        }
        Ok::<_, Gone>(())
    });
    if accepted.is_err() {
        return;
    }
    let nsp = &member.nsp;
    nsp.shared.meter.joined();
    let membership = Membership {
        member: Arc::clone(&member),
        claim: candidate.claim.take(),
        backlog: VecDeque::new(),
    };
    let mut inside = client.local.lock();
    if inside.memberships.is_empty() {
        // Nearly all clients are in one namespace.
        inside.memberships.reserve_exact(1);
    }
    inside.memberships.push(membership);
    drop(inside);
    if !member.enter() {
        tracing::error!("two sockets have the same id");
    }
    let table = nsp.shared.listeners.table();
    run::start_all(table.connected.as_deref(), &Connected { member });
}

fn find(client: &Arc<Client>, name: &Name) -> Option<Place> {
    let sio = &client.protocol;
    if let Some(nsp) = sio.namespace(name) {
        return Some(Place::There(Claim::new(nsp)));
    }
    let parents = sio.parents();
    // One that is there is not asked for again, whoever agreed to it.
    if let Some(claim) = parents
        .iter()
        .find_map(|parent| parent.claim_existing(name))
    {
        return Some(Place::There(claim));
    }
    let mut perhaps = Vec::new();
    for parent in parents.iter() {
        match parent.matches(name) {
            // The first that agrees has it; functions are asked in their turn.
            Some(params) if perhaps.is_empty() => {
                return Some(Place::There(parent.claim(name, params)));
            }
            Some(_) => perhaps.push(Arc::clone(parent)),
            None if parent.judge().is_some() => perhaps.push(Arc::clone(parent)),
            None => {}
        }
    }
    (!perhaps.is_empty()).then_some(Place::Perhaps(perhaps))
}

/// Whether a client may come in.
async fn decide(question: Question, place: Place) -> Result<Candidate, ConnectError> {
    let claim = match place {
        Place::There(claim) => claim,
        Place::Perhaps(parents) => ask(&question, parents).await?,
    };
    let shared = Arc::clone(&claim.nsp().shared);
    let examined = examine(question, claim).await;
    if examined.is_err() {
        shared.meter.refused();
    }
    examined
}

/// Auth, then middlewares. Nothing of the client is visible meanwhile.
async fn examine(question: Question, claim: Claim) -> Result<Candidate, ConnectError> {
    let nsp = Arc::clone(claim.nsp());
    let id = socket_id(&question)?;
    let Question {
        name,
        handshake,
        codec,
        client,
        common,
        ..
    } = &question;
    let member = Member::new(
        id,
        Arc::clone(&nsp),
        handshake.clone(),
        Arc::clone(codec),
        Weak::clone(client),
    );
    let claim = Some(claim);
    let candidate = Candidate { member, claim };
    let member = &candidate.member;
    let failed = |kind, error: &Error, member| {
        let failure = Failure {
            kind,
            error,
            namespace: name.as_str(),
            event: "connect",
            member,
            wants_answer: false,
        };
        common.hooks.failed(&failure, None);
        ConnectError::new("internal error")
    };
    let data: Box<dyn std::any::Any + Send + Sync> = match nsp.shared.auth() {
        None => Box::new(()),
        Some(auth) => {
            let asking = question.asking(nsp.params.clone());
            match caught(|| auth(&asking)).await {
                Ok(decided) => decided?,
                Err((kind, error)) => return Err(failed(kind, &error, None)),
            }
        }
    };
    // Nobody else has it yet, so it is empty.
    let _ = member.data.set(data);
    for step in nsp.shared.middlewares().iter() {
        let joining = Joining {
            member: Arc::clone(member),
        };
        match caught(|| step(&joining)).await {
            Ok(decided) => decided?,
            Err((kind, error)) => return Err(failed(kind, &error, Some(member))),
        }
    }
    Ok(candidate)
}

/// Asks functions, one after the other, whether there is such a namespace.
async fn ask(question: &Question, parents: Vec<Arc<Parent>>) -> Result<Claim, ConnectError> {
    for parent in parents {
        let Some(judge) = parent.judge() else {
            if let Some(params) = parent.matches(&question.name) {
                return Ok(parent.claim(&question.name, params));
            }
            continue;
        };
        let asking = question.asking(Params::default());
        match caught(|| Ok::<_, Error>(judge(asking))).await {
            Ok(true) => return Ok(parent.claim(&question.name, Params::default())),
            Ok(false) => {}
            Err((kind, error)) => {
                let failure = Failure {
                    kind,
                    error: &error,
                    namespace: question.name.as_str(),
                    event: "connect",
                    member: None,
                    wants_answer: false,
                };
                question.common.hooks.failed(&failure, None);
            }
        }
    }
    Err(ConnectError::new("Invalid namespace"))
}

/// Runs something of the user's to its end, and is told if it panics.
pub(crate) async fn caught<T>(
    call: impl FnOnce() -> Result<Pin<Box<dyn Future<Output = T> + Send>>, Error>,
) -> Result<T, (FailureKind, Error)> {
    let called = catch_unwind(AssertUnwindSafe(call));
    let mut future = match called {
        Ok(Ok(future)) => future,
        Ok(Err(error)) => return Err((FailureKind::Parameter, error)),
        Err(panic) => return Err((FailureKind::Panicked, panicked(&*panic))),
    };
    poll_fn(
        move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err((FailureKind::Panicked, panicked(&*panic)))),
        },
    )
    .await
}

/// The public id of a new socket. Clients 2.x compute it themselves, from the id of the session.
fn socket_id(question: &Question) -> Result<SocketId, ConnectError> {
    match (question.handshake.revision(), &question.name) {
        (Revision::V3, name) if name.is_root() => Ok(SocketId::from(question.sid.as_str())),
        (Revision::V3, name) => {
            let id = [name.as_str(), "#", question.sid.as_str()].concat();
            Ok(SocketId::from(id))
        }
        _ => match crate::engine::random_id() {
            Ok(id) => Ok(SocketId::from(id.as_str())),
            Err(error) => {
                tracing::error!(%error, "no id could be made for a socket");
                Err(ConnectError::new("internal error"))
            }
        },
    }
}
