//! Every input in every state of a client session, as one table: `client_transitions.txt`.
//!
//! The table is reviewed by people and walked by this test, completely. After an intended change, run it with
//! `UPDATE_TABLES=1` and read the difference.

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::client::{Config, Event, Request, Session};
use engineio_proto::{
    ContentType, DecodeError, Frame, LinkId, Message, Revision, Time, Transport, TransportFault,
};
use support::{at, compare_with_table};

const OPEN: &str = r#"{"sid":"sid","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100}"#;

struct Subject {
    session: Session,
    revision: Revision,
    link: Option<LinkId>,
    now: Time,
}

type Set = fn(Revision) -> Subject;
type Input = fn(&mut Subject);

const STATES: &[(&str, Set)] = &[
    ("connecting by polling", |revision| {
        with(new(revision, &[Transport::POLLING]), |s| requests(s, "GET"))
    }),
    ("connecting by link", |revision| {
        with(new(revision, &[Transport::WEBSOCKET]), connect)
    }),
    ("link open, no open packet yet", |revision| {
        with(new(revision, &[Transport::WEBSOCKET]), |s| {
            connect(s);
            link_open(s);
        })
    }),
    ("polling, GET waits", polling),
    ("polling, GET and POST wait", |revision| {
        with(polling(revision), |s| {
            s.session.send(Message::text("out")).unwrap();
            requests(s, "POST");
        })
    }),
    ("opening a link", |revision| {
        with(upgrading(revision), connect)
    }),
    ("probing", probing),
    ("pausing, GET waits", |revision| {
        with(probing(revision), |s| frame(s, "3probe"))
    }),
    ("upgraded", |revision| {
        with(probing(revision), |s| {
            frame(s, "3probe");
            answer_get(s, 200, "6");
            while s.session.poll_event().is_some() {}
        })
    }),
    ("link", link),
    ("closing, POST waits", |revision| {
        with(polling(revision), |s| {
            s.session.close(s.now);
            requests(s, "POST");
        })
    }),
    ("closing, link", |revision| {
        with(link(revision), |s| {
            s.session.send(Message::text("kept")).unwrap();
            s.session.close(s.now);
        })
    }),
    ("closed", |revision| {
        with(polling(revision), |s| s.session.abort())
    }),
];

const INPUTS: &[(&str, Input)] = &[
    ("GET 200 open", |s| answer_get(s, 200, &format!("0{OPEN}"))),
    ("GET 200 bad open", |s| answer_get(s, 200, "0{}")),
    ("GET 200 close", |s| answer_get(s, 200, "1")),
    ("GET 200 ping", |s| answer_get(s, 200, "2")),
    ("GET 200 pong", |s| answer_get(s, 200, "3")),
    ("GET 200 message", |s| answer_get(s, 200, "4m")),
    ("GET 200 noop", |s| answer_get(s, 200, "6")),
    ("GET 200 unknown", |s| answer_get(s, 200, "x")),
    ("GET 200 empty", |s| {
        s.session
            .handle_get_response(200, ContentType::Text, Bytes::new(), s.now)
    }),
    ("GET 200 too large", |s| {
        answer_get(s, 200, &format!("4{}", "m".repeat(1_000)))
    }),
    ("GET 400", |s| answer_get(s, 400, "x")),
    ("POST 200", |s| s.session.handle_post_response(200, s.now)),
    ("POST 413", |s| s.session.handle_post_response(413, s.now)),
    ("request failed", |s| {
        s.session.handle_request_failed(TransportFault::Request)
    }),
    ("link opens", link_open),
    ("frame open", |s| frame(s, &format!("0{OPEN}"))),
    ("frame 1", |s| frame(s, "1")),
    ("frame 2", |s| frame(s, "2")),
    ("frame 3", |s| frame(s, "3")),
    ("frame 3probe", |s| frame(s, "3probe")),
    ("frame 4m", |s| frame(s, "4m")),
    ("frame 5", |s| frame(s, "5")),
    ("frame 6", |s| frame(s, "6")),
    ("frame x", |s| frame(s, "x")),
    ("frame binary", |s| {
        on_link(s, |s, link| {
            s.session
                .handle_frame(link, Frame::binary(vec![4, 1]), s.now)
        })
    }),
    ("frame too large", |s| {
        on_link(s, |s, link| {
            s.session
                .handle_decode_error(link, DecodeError::TooLarge, s.now)
        });
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
    ("5 s", |s| wait(s, 5_000)),
    ("10 s", |s| wait(s, 10_000)),
    ("20 s", |s| wait(s, 20_000)),
    ("45 s", |s| wait(s, 45_000)),
    ("send", |s| {
        let _ = s.session.send(Message::text("out"));
    }),
    ("close", |s| s.session.close(s.now)),
    ("abort", |s| s.session.abort()),
];

#[test]
fn every_state_answers_every_input() {
    let mut table = String::new();
    for revision in [Revision::V4, Revision::V3] {
        for (state, set) in STATES {
            writeln!(table, "# {revision:?}: {state}").unwrap();
            for (name, input) in INPUTS {
                let mut subject = set(revision);
                if (name.starts_with("frame") || name.starts_with("link")) && subject.link.is_none()
                {
                    continue;
                }
                input(&mut subject);
                writeln!(table, "{name:22} {}", outcome(&mut subject)).unwrap();
            }
            table.push('\n');
        }
    }
    compare_with_table("client_transitions.txt", &table);
}

/// What a driver would see and do next.
fn outcome(subject: &mut Subject) -> String {
    let Subject {
        session, link, now, ..
    } = subject;
    let mut seen = Vec::new();
    // Twice, because an event may be what leads to the next request.
    for _ in 0..2 {
        while let Some(request) = session.poll_request() {
            seen.push(match request {
                Request::Get => "GET".into(),
                Request::Post(body) => format!(
                    "POST {}",
                    String::from_utf8_lossy(&body).replace('\u{1e}', "|")
                ),
            });
        }
        while let Some(connect) = session.poll_connect() {
            seen.push(format!("opens {}", connect.transport));
        }
        if let Some(link) = *link {
            while let Some(frame) = session.poll_frame(link) {
                let text = [frame.prefix(), frame.body()].concat();
                seen.push(format!("writes {}", String::from_utf8_lossy(&text)));
            }
        }
        while let Some(event) = session.poll_event() {
            seen.push(match event {
                Event::Open(open) => format!("event open {}", open.sid),
                Event::Message(message) => format!("event {:?}", message.payload()),
                Event::Upgrade(transport) => format!("event upgrade {transport}"),
                Event::UpgradeFailed(transport) => format!("event no {transport}"),
                Event::Close(reason) => format!("event close {reason}"),
                other => format!("event {other:?}"),
            });
        }
    }
    if link.is_some_and(|link| session.is_link_finished(link)) {
        seen.push("ends link".into());
    }
    if let Some(deadline) = session.poll_timeout() {
        assert!(deadline > *now, "a deadline that has passed");
    }
    seen.push(match (session.is_open(), session.close_reason()) {
        (true, _) => "open".into(),
        (false, Some(_)) => "closed".into(),
        (false, None) => "neither".to_owned(),
    });
    seen.join("; ")
}

fn new(revision: Revision, transports: &[Transport]) -> Subject {
    let mut config = Config::default();
    config
        .revision(revision)
        .transports(transports.iter().copied())
        .max_payload(1_000);
    Subject {
        session: Session::new(Arc::new(config), at(0)),
        revision,
        link: None,
        now: at(1),
    }
}

/// The handshake is done, and the next `GET` is under way.
fn polling(revision: Revision) -> Subject {
    with(new(revision, &[Transport::POLLING]), handshake)
}

fn upgrading(revision: Revision) -> Subject {
    with(
        new(revision, &[Transport::POLLING, Transport::WEBSOCKET]),
        handshake,
    )
}

fn probing(revision: Revision) -> Subject {
    with(upgrading(revision), |s| {
        connect(s);
        link_open(s);
        let link = s.link.unwrap();
        assert_eq!(s.session.poll_frame(link), Some(Frame::text("2probe")));
    })
}

fn link(revision: Revision) -> Subject {
    with(new(revision, &[Transport::WEBSOCKET]), |s| {
        connect(s);
        link_open(s);
        frame(s, &format!("0{OPEN}"));
        assert!(matches!(s.session.poll_event(), Some(Event::Open(_))));
    })
}

fn handshake(s: &mut Subject) {
    requests(s, "GET");
    answer_get(s, 200, &format!("0{OPEN}"));
    assert!(matches!(s.session.poll_event(), Some(Event::Open(_))));
    requests(s, "GET");
}

fn requests(s: &mut Subject, what: &str) {
    let request = s.session.poll_request();
    assert!(
        matches!(
            (&request, what),
            (Some(Request::Get), "GET") | (Some(Request::Post(_)), "POST")
        ),
        "{request:?} instead of {what}"
    );
}

fn connect(s: &mut Subject) {
    s.link = Some(s.session.poll_connect().expect("a link to open").link);
}

fn link_open(s: &mut Subject) {
    on_link(s, |s, link| s.session.handle_link_open(link, s.now));
}

fn answer_get(s: &mut Subject, status: u16, packet: &str) {
    let body = match s.revision {
        Revision::V4 => packet.to_owned(),
        Revision::V3 => format!("{}:{packet}", packet.len()),
    };
    s.session
        .handle_get_response(status, ContentType::Text, Bytes::from(body), s.now);
}

fn frame(s: &mut Subject, text: &str) {
    on_link(s, |s, link| {
        s.session.handle_frame(link, Frame::text(text), s.now)
    });
}

fn on_link(s: &mut Subject, input: impl FnOnce(&mut Subject, LinkId)) {
    if let Some(link) = s.link {
        input(s, link);
    }
}

fn wait(s: &mut Subject, millis: u64) {
    s.now = at(s.now.as_micros() / 1_000 + millis);
    s.session.handle_timeout(s.now);
}

fn with(mut subject: Subject, change: impl FnOnce(&mut Subject)) -> Subject {
    change(&mut subject);
    subject
}
