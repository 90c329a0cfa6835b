//! What must hold between the two ends, whatever the plan was.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Pair;
use crate::DisconnectReason;
use crate::testing::plan::namespaces;
use crate::testing::record::{Item, Kind, Stay};

impl Pair {
    /// Whatever happened: in each stay each side received what the other sent in it, from the first event on, with nothing
    /// missing in between, doubled, or out of order; and all of it, if the stay goes on or the one who sent it ended it.
    ///
    /// Call it after [`settle`](Self::settle).
    ///
    /// # Errors
    ///
    /// If it does not hold.
    pub fn events_are_in_order(&self) -> Result<(), String> {
        let world = self.world();
        for namespace in namespaces() {
            let of_server = world.record.stays(&namespace);
            let of_client = self.client().record().stays(&namespace);
            let mut may_show = false;
            for client in of_client {
                let mut same = of_server.iter().filter(|server| server.is_same_as(client));
                let (Some(server), None) = (same.next(), same.next()) else {
                    return Err(format!("{namespace}: nobody, or two, for {client:?}"));
                };
                self.compare(client, server)
                    .map_err(|error| format!("{namespace}: {error}: {client:?}, {server:?}"))?;
                if server.shown && !may_show {
                    return Err(format!("{namespace}: a session came back that was over"));
                }
                may_show = client.ended.is_some_and(DisconnectReason::is_recoverable);
            }
            for server in of_server {
                let has_other = of_client.iter().any(|client| server.is_same_as(client));
                if !has_other && !server.received.is_empty() {
                    return Err(format!(
                        "{namespace}: events of a client that was not in: {server:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn compare(&self, client: &Stay, server: &Stay) -> Result<(), &'static str> {
        if (&client.id, client.recovered) != (&server.id, server.recovered) {
            return Err("the ends mean different sockets");
        }
        if client.missed != server.missed {
            return Err("what was missed did not come before CONNECT");
        }
        if !server.sent.starts_with(&client.received) {
            return Err("the client did not receive what the server sent");
        }
        if !client.sent.starts_with(&server.received) {
            return Err("the server did not receive what the client sent");
        }
        let goes_on = self.inner.is_open() && client.ended.is_none() && server.ended.is_none();
        let put_out = client.ended == Some(DisconnectReason::IoServerDisconnect);
        if (goes_on || put_out) && client.received != server.sent {
            return Err("the client did not receive all that the server sent");
        }
        let left = server.ended == Some(DisconnectReason::ClientNamespaceDisconnect);
        if (goes_on || left) && server.received != client.sent {
            return Err("the server did not receive all that the client sent");
        }
        Ok(())
    }

    /// With recovery: from the moment at which a client joined, it received each stored event once and in order, whatever
    /// connections were lost in between, until it was told that the server does not know it any more. If it is in, it
    /// received all.
    ///
    /// # Errors
    ///
    /// If it does not hold.
    pub fn nothing_is_missing(&self) -> Result<(), String> {
        let world = self.world();
        for namespace in namespaces() {
            let Some(storage) = world.storage(&namespace) else {
                continue;
            };
            let stored: Vec<Item> = storage.items().collect();
            let mut next = 0;
            for client in self.client().record().stays(&namespace) {
                let mut of_server = world.record.stays(&namespace).iter();
                let Some(server) = of_server.find(|server| server.is_same_as(client)) else {
                    return Err(format!("{namespace}: nobody for {client:?}"));
                };
                if !client.recovered {
                    next = server.floor;
                }
                let plain = client.received.iter();
                for item in plain.filter(|item| item.kind == Kind::Plain) {
                    if stored.get(next) != Some(item) {
                        let expected = stored.get(next);
                        return Err(format!(
                            "{namespace}: {item:?} instead of {expected:?} in {client:?}, {server:?}"
                        ));
                    }
                    next += 1;
                }
            }
            if self.inner.is_open() && self.client().is_joined(&namespace) && next < stored.len() {
                return Err(format!(
                    "{namespace}: the client received {next} of {}",
                    stored.len()
                ));
            }
        }
        Ok(())
    }

    /// After [`settle`](Self::settle): if the session is open, both ends agree about who is in what, nobody waits for an
    /// answer, and nothing waits to be sent to where the client is.
    ///
    /// # Errors
    ///
    /// If it does not hold.
    pub fn both_ends_agree(&self) -> Result<(), String> {
        if !self.inner.is_open() {
            return Ok(());
        }
        let client = self.client();
        let Some(server) = self.inner.server_machine() else {
            return Err(String::from("the client is open to nobody"));
        };
        for namespace in namespaces() {
            if client.is_joining(&namespace) {
                return Err(format!("{namespace}: the client waits for an answer"));
            }
            let at = server.joined().find(|(joined, _)| **joined == namespace);
            match (client.is_joined(&namespace), at) {
                (false, None) => {}
                (true, Some((_, stay))) => {
                    let world = self.world();
                    let of_server = world.record.stays(&namespace).get(stay);
                    let of_client = client.record().stays(&namespace).last();
                    let same = |(a, b): (&Stay, &Stay)| a.is_same_as(b);
                    if !of_server.zip(of_client).is_some_and(same) {
                        return Err(format!("{namespace}: {of_client:?} is not {of_server:?}"));
                    }
                    if client.pending(&namespace) > 0 {
                        return Err(format!("{namespace}: something has not left"));
                    }
                }
                (joined, _) => {
                    return Err(format!(
                        "{namespace}: the client is in: {joined}, the server thinks otherwise"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every acknowledgement that was expected has ended: within its time, or with its socket. Call it when all have
    /// had their time; [`settle`](Self::settle) gives more than the plans of this harness allow them. Retries count only
    /// while they can be sent.
    ///
    /// # Errors
    ///
    /// If one has not.
    pub fn acknowledgements_have_ended(&self) -> Result<(), String> {
        let world = self.world();
        let client = self.client();
        for (side, record) in [("server", &world.record), ("client", client.record())] {
            for (id, expected) in &record.acks {
                let waits = expected.item.kind == Kind::Retried
                    && !(self.inner.is_open() && client.is_joined(&expected.namespace));
                if expected.result.is_none() && !waits {
                    return Err(format!("the {side}'s {id} has not ended: {expected:?}"));
                }
            }
        }
        Ok(())
    }

    /// Retried events arrive in the order in which they were sent, each at least once or its acknowledgement fails, and
    /// what is sent again has the same id.
    ///
    /// # Errors
    ///
    /// If it does not hold.
    pub fn retries_are_in_order(&self) -> Result<(), String> {
        let world = self.world();
        let client = self.client().record();
        for namespace in namespaces() {
            let arrived = world.record.retried.get(&namespace);
            let arrived = arrived.map_or(&[][..], Vec::as_slice);
            if !arrived.is_sorted_by_key(|(item, _)| item.number) {
                return Err(format!("{namespace}: out of order: {arrived:?}"));
            }
            for (item, id) in client.retried.get(&namespace).into_iter().flatten() {
                let mut same = arrived.iter().filter(|(other, _)| other == item);
                if let Some((_, other)) = same.clone().find(|(_, other)| other != id) {
                    return Err(format!(
                        "{namespace}: {item:?} has the ids {id} and {other}"
                    ));
                }
                let answered = client
                    .acks
                    .get(id)
                    .is_some_and(|expected| expected.result == Some(Ok(())));
                if answered && same.next().is_none() {
                    return Err(format!("{namespace}: {item:?} was answered by nobody"));
                }
            }
        }
        Ok(())
    }
}
