//! What a plan tells the client's application to do.

use alloc::sync::Arc;
use core::time::Duration;

use engineio_proto::Time;

use super::super::plan::How;
use super::super::record::encode;
use super::{ClientApp, State};
use crate::Namespace;
use crate::client::Retry;

impl ClientApp {
    /// Joins a namespace, on a new session if there is none. Joining again must change nothing.
    pub(in crate::testing) fn join(&mut self, namespace: &Namespace) {
        self.fetch();
        if self.state(namespace) != State::Out {
            self.connection.connect(namespace, None);
            return;
        }
        self.door(namespace).wanted = true;
        if self.ended {
            self.again = self.again.or(Some(self.now));
        } else if !self.closed {
            self.attempts += 1;
            self.ask(namespace, Some(self.attempts));
        }
        self.fetch();
    }

    pub(in crate::testing) fn leave(&mut self, namespace: &Namespace) {
        self.fetch();
        // In protocol 4 it is in the root without asking, so that its next attempt would be none.
        if self.is_of_protocol_4() && namespace.is_root() && !self.is_joined(namespace) {
            return;
        }
        self.connection.disconnect(namespace);
        let door = self.door(namespace);
        door.wanted = false;
        if matches!(door.state, State::Asking(_)) {
            door.state = State::Out;
            door.early.clear();
        }
        self.fetch();
        assert_eq!(
            self.state(namespace),
            State::Out,
            "who leaves has left at once"
        );
    }

    pub(in crate::testing) fn emit(&mut self, namespace: &Namespace, how: How, attachments: u8) {
        self.fetch();
        if self.closed {
            return;
        }
        let codec = Arc::clone(&self.codec);
        let kind = how.kind();
        let item = self.record.next_item(namespace, kind);
        let id = matches!(how, How::Acked(_) | How::Retried(..))
            .then(|| self.record.expect(namespace, item));
        let packet = encode(&*codec, namespace, item, attachments, id, None);
        match (how, id) {
            (How::Retried(retries, timeout), Some(id)) => {
                let timeout = Duration::from_millis(u64::from(timeout));
                let retries = u32::from(retries);
                let event = Retry {
                    id,
                    packet,
                    retries,
                    timeout,
                };
                let sent = self.connection.send_retried(namespace, event, self.now);
                assert_eq!(sent, Ok(()), "what is sent is taken");
                let retried = self.record.retried.entry(namespace.clone());
                retried.or_default().push((item, id));
                return self.fetch();
            }
            (How::Acked(timeout), Some(id)) => {
                let deadline = self.now + Duration::from_millis(u64::from(timeout));
                let sent = self
                    .connection
                    .send_with_ack(namespace, &packet, id, Some(deadline));
                assert_eq!(sent, Ok(()), "what is sent is taken");
            }
            (How::Volatile, _) => {
                if !self.connection.send_volatile(namespace, &packet) {
                    return;
                }
                assert_eq!(
                    self.state(namespace),
                    State::In,
                    "volatile events leave at once"
                );
            }
            _ => {
                let sent = self.connection.send(namespace, &packet);
                assert_eq!(sent, Ok(()), "what is sent is taken");
            }
        }
        match self.state(namespace) {
            State::In => self.stay_mut(namespace).sent.push(item),
            _ => self.door(namespace).pending.push((item, id)),
        }
        self.fetch();
    }

    pub(in crate::testing) fn close(&mut self, now: Time) {
        self.now = now;
        self.fetch();
        self.give_up();
        self.connection.close(now);
        self.fetch();
        self.assert_everything_is_left();
    }

    pub(in crate::testing) fn abort(&mut self) {
        self.fetch();
        self.give_up();
        self.connection.abort();
        self.fetch();
        self.assert_everything_is_left();
    }

    fn give_up(&mut self) {
        self.closed = true;
        self.again = None;
        for door in self.doors.values_mut() {
            door.wanted = false;
            door.early.clear();
            if matches!(door.state, State::Asking(_)) {
                door.state = State::Out;
            }
        }
    }

    pub(super) fn assert_everything_is_left(&self) {
        assert!(
            self.doors.values().all(|door| door.state == State::Out),
            "a close leaves every namespace"
        );
    }
}
