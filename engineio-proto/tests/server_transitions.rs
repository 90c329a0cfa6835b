//! Every input in every state of a server session, as one table: `server_transitions.txt`.
//!
//! The table is reviewed by people and walked by this test, completely. After an intended change, run it with
//! `UPDATE_TABLES=1` and read the difference.

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use engineio_proto::reject::Reject;
use engineio_proto::server::{Config, Event, Opening, Session};
use engineio_proto::{
    ContentType, DecodeError, Frame, LinkId, Message, Revision, Sid, Time, Transport,
    TransportFault,
};
use support::{at, compare_with_table};

/// A session in some state, and the links that belong to the picture.
struct Subject {
    session: Session,
    link: Option<LinkId>,
    now: Time,
}

/// Said of frames where there is no link; such lines are left out.
const NO_LINK: &str = "no link";

type Set = fn(Revision) -> Subject;
type Input = fn(&mut Subject) -> String;

const STATES: &[(&str, Set)] = &[
    ("polling", polling),
    ("polling, GET waits", |revision| {
        with(polling(revision), get)
    }),
    ("polling, POST is read", |revision| {
        with(polling(revision), start_post)
    }),
    ("polling, POST is dispatched", |revision| {
        with(polling(revision), |s| {
            start_post(s);
            s.session.handle_post(body(revision, "4x"), s.now).unwrap();
            while s.session.poll_event().is_some() {}
        })
    }),
    ("polling, message waits", |revision| {
        with(polling(revision), send)
    }),
    ("probing, GET waits", |revision| {
        with(polling(revision), |s| {
            get(s);
            open_link(s);
        })
    }),
    ("probed", |revision| with(polling(revision), probe)),
    ("probed, GET waits", |revision| {
        with(polling(revision), |s| {
            probe(s);
            get(s);
        })
    }),
    ("upgraded", |revision| {
        with(polling(revision), |s| {
            probe(s);
            frame(s, "5");
            while s.session.poll_event().is_some() {}
        })
    }),
    ("upgraded, GET waits", |revision| {
        with(polling(revision), |s| {
            get(s);
            let link = open_link(s);
            s.session.handle_frame(link, Frame::text("5"), s.now);
            while s.session.poll_event().is_some() {}
        })
    }),
    ("upgraded while a POST was read", |revision| {
        with(polling(revision), |s| {
            start_post(s);
            let link = open_link(s);
            s.session.handle_frame(link, Frame::text("5"), s.now);
        })
    }),
    ("link", link),
    ("link, message waits", |revision| with(link(revision), send)),
    ("closing, polling", |revision| {
        with(polling(revision), |s| {
            send(s);
            s.session.close(s.now);
        })
    }),
    ("closing, link", |revision| {
        with(link(revision), |s| {
            send(s);
            s.session.close(s.now);
        })
    }),
    ("closed, polling", |revision| {
        with(polling(revision), |s| s.session.abort())
    }),
    ("closed, GET waits", |revision| {
        with(polling(revision), |s| {
            get(s);
            s.session.abort();
        })
    }),
    ("closed, link", |revision| {
        with(link(revision), |s| s.session.abort())
    }),
];

const INPUTS: &[(&str, Input)] = &[
    ("GET", |s| answer(s.session.handle_get(s.now))),
    ("GET aborted", |s| silent(s, Session::handle_get_aborted)),
    ("POST, text", |s| {
        answer(s.session.start_post(ContentType::Text, s.now))
    }),
    ("POST, octet-stream", |s| {
        answer(s.session.start_post(ContentType::Binary, s.now))
    }),
    ("body 4m", |s| post(s, "4m")),
    ("body 1", |s| post(s, "1")),
    ("body 2", |s| post(s, "2")),
    ("body 3", |s| post(s, "3")),
    ("body x", |s| post(s, "x")),
    ("body too large", |s| {
        answer(s.session.handle_post(Bytes::from(vec![b'4'; 2_000]), s.now))
    }),
    ("POST aborted", |s| silent(s, Session::handle_post_aborted)),
    ("POST too large", |s| {
        silent(s, Session::handle_post_too_large)
    }),
    ("POST answered", |s| answer(s.session.finish_post())),
    ("open websocket", |s| {
        let link = s.session.open_link(Transport::WEBSOCKET, false, s.now);
        s.link = link.clone().ok().or(s.link);
        answer(link.map(drop))
    }),
    ("open unknown", |s| {
        answer(
            s.session
                .open_link(Transport::custom("pigeon"), false, s.now)
                .map(drop),
        )
    }),
    ("frame 0", |s| frame(s, "0")),
    ("frame 1", |s| frame(s, "1")),
    ("frame 2", |s| frame(s, "2")),
    ("frame 2probe", |s| frame(s, "2probe")),
    ("frame 3", |s| frame(s, "3")),
    ("frame 4m", |s| frame(s, "4m")),
    ("frame 5", |s| frame(s, "5")),
    ("frame 6", |s| frame(s, "6")),
    ("frame x", |s| frame(s, "x")),
    ("frame empty", |s| frame(s, "")),
    ("frame binary", |s| {
        on_link(s, |s, link| {
            s.session
                .handle_frame(link, Frame::binary(vec![4, 1]), s.now)
        })
    }),
    ("frame bad base64", |s| frame(s, "b?")),
    ("frame too large", |s| {
        on_link(s, |s, link| {
            s.session
                .handle_decode_error(link, DecodeError::TooLarge, s.now)
        })
    }),
    ("frame not UTF-8", |s| {
        on_link(s, |s, link| {
            s.session
                .handle_decode_error(link, DecodeError::InvalidUtf8, s.now)
        })
    }),
    ("link closed", |s| {
        on_link(s, |s, link| s.session.handle_link_closed(link, s.now))
    }),
    ("link failed", |s| {
        on_link(s, |s, link| {
            s.session
                .handle_link_failed(link, TransportFault::Link, s.now)
        })
    }),
    ("upgrade timeout", |s| wait(s, 10_000)),
    ("ping interval", |s| wait(s, 25_000)),
    ("interval and timeout", |s| {
        wait(s, 25_000);
        wait(s, 20_000)
    }),
    ("send", |s| {
        format!("{:?}", s.session.send(Message::text("out")))
    }),
    ("close", |s| silent(s, Session::close)),
    ("abort", |s| silent(s, |session, _| session.abort())),
];

#[test]
fn every_state_answers_every_input() {
    let mut table = String::new();
    for revision in [Revision::V4, Revision::V3] {
        for (state, set) in STATES {
            writeln!(table, "# {revision:?}: {state}").unwrap();
            for (name, input) in INPUTS {
                let mut subject = set(revision);
                let answer = input(&mut subject);
                if answer == NO_LINK {
                    continue;
                }
                writeln!(table, "{name:22} {answer:34} {}", outcome(&mut subject)).unwrap();
            }
            table.push('\n');
        }
    }
    compare_with_table("server_transitions.txt", &table);
}

/// What a driver would see and do next.
fn outcome(subject: &mut Subject) -> String {
    let Subject { session, link, now } = subject;
    let mut seen = Vec::new();
    let mut payload = BytesMut::new();
    if session.poll_payload(&mut payload).is_some() {
        let body = String::from_utf8_lossy(&payload).replace('\u{1e}', "|");
        seen.push(format!("answers {body}"));
    }
    if let Some(link) = *link {
        while let Some(frame) = session.poll_frame(link) {
            seen.push(format!(
                "writes {}",
                String::from_utf8_lossy(&[frame.prefix(), frame.body()].concat())
            ));
        }
        if session.is_link_finished(link) {
            seen.push("ends link".into());
        }
    }
    while let Some(event) = session.poll_event() {
        seen.push(match event {
            Event::Message(message) => format!("event {:?}", message.payload()),
            Event::Upgrade(transport) => format!("event upgrade {transport}"),
            Event::Close(reason) => format!("event close {reason}"),
            other => format!("event {other:?}"),
        });
    }
    if let Some(deadline) = session.poll_timeout() {
        assert!(deadline > *now, "a deadline that has passed");
    }
    let state = match (session.is_open(), session.close_reason()) {
        (true, None) => "open",
        (false, Some(_)) => "closed",
        (false, None) => "closing",
        (true, Some(_)) => "both",
    };
    seen.push(state.into());
    seen.join("; ")
}

fn config() -> Arc<Config> {
    let mut config = Config::default();
    config.max_payload(1_000).revision_3(true);
    Arc::new(config)
}

fn opening(revision: Revision) -> Opening {
    Opening::new(Sid::new("sid").unwrap()).revision(revision)
}

/// A polling session whose handshake is done.
fn polling(revision: Revision) -> Subject {
    let mut session = Session::accept_polling(config(), opening(revision), at(0));
    session.handle_get(at(0)).unwrap();
    assert!(session.poll_payload(&mut BytesMut::new()).is_some());
    Subject {
        session,
        link: None,
        now: at(1),
    }
}

/// A session that began with a WebSocket, whose handshake is done.
fn link(revision: Revision) -> Subject {
    let (mut session, link) =
        Session::accept_link(config(), opening(revision), Transport::WEBSOCKET, at(0));
    assert!(session.poll_frame(link).is_some());
    Subject {
        session,
        link: Some(link),
        now: at(1),
    }
}

fn with<R>(mut subject: Subject, change: impl FnOnce(&mut Subject) -> R) -> Subject {
    change(&mut subject);
    subject
}

fn get(s: &mut Subject) {
    s.session.handle_get(s.now).unwrap();
}

fn start_post(s: &mut Subject) {
    s.session.start_post(ContentType::Text, s.now).unwrap();
}

fn send(s: &mut Subject) {
    s.session.send(Message::text("kept")).unwrap();
}

fn open_link(s: &mut Subject) -> LinkId {
    let link = s
        .session
        .open_link(Transport::WEBSOCKET, false, s.now)
        .unwrap();
    s.link = Some(link);
    link
}

fn probe(s: &mut Subject) {
    let link = open_link(s);
    s.session.handle_frame(link, Frame::text("2probe"), s.now);
    assert_eq!(s.session.poll_frame(link), Some(Frame::text("3probe")));
}

fn body(revision: Revision, packet: &str) -> Bytes {
    match revision {
        Revision::V4 => packet.to_owned().into(),
        Revision::V3 => format!("{}:{packet}", packet.len()).into(),
    }
}

fn post(s: &mut Subject, packet: &str) -> String {
    let body = body(s.session.revision(), packet);
    answer(s.session.handle_post(body, s.now))
}

fn frame(s: &mut Subject, text: &str) -> String {
    on_link(s, |s, link| {
        s.session.handle_frame(link, Frame::text(text), s.now)
    })
}

fn on_link(s: &mut Subject, input: impl FnOnce(&mut Subject, LinkId)) -> String {
    match s.link {
        None => NO_LINK.into(),
        Some(link) => {
            input(s, link);
            String::new()
        }
    }
}

fn wait(s: &mut Subject, millis: u64) -> String {
    s.now = at(s.now.as_micros() / 1_000 + millis);
    s.session.handle_timeout(s.now);
    String::new()
}

/// For inputs that are not answered.
fn silent(s: &mut Subject, input: impl FnOnce(&mut Session, Time)) -> String {
    let now = s.now;
    input(&mut s.session, now);
    String::new()
}

fn answer(result: Result<(), Reject>) -> String {
    match result {
        Ok(()) => "ok".into(),
        Err(reject) => format!(
            "{} {}",
            reject.status(),
            reject.code().map_or("-".into(), |code| code.to_string())
        ),
    }
}
