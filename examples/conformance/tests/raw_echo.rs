//! The profiles `eio4` and `eio3`, judged as the suites of the protocol judge them.

#[path = "../../../socketio-server/tests/support/dialect.rs"]
mod dialect;
mod support;

use std::thread::sleep;
use std::time::{Duration, Instant};

use dialect::{BOTH, Dialect};
use support::Program;
use support::client::Received;

/// One profile, and the revision that is spoken in it.
struct Profile {
    program: Program,
    dialect: Dialect,
}

fn profiles() -> [Profile; 2] {
    BOTH.map(|dialect| Profile {
        program: Program::start(&format!("eio{}", dialect.0)),
        dialect,
    })
}

impl Profile {
    fn open(&self) -> String {
        self.program.open(&format!("{}&b64=1", self.query()))
    }

    fn query(&self) -> String {
        self.dialect.query()
    }

    fn poll(&self, sid: &str) -> String {
        self.dialect.poll(sid)
    }

    fn payload(&self, packets: &[&str]) -> String {
        self.dialect.payload(packets)
    }

    /// Heartbeats do not matter to most tests.
    fn next_message(&self, websocket: &mut support::client::WebSocket) -> Received {
        loop {
            match websocket.receive() {
                Received::Text(text) if text == "2" => websocket.send("3"),
                other => return other,
            }
        }
    }
}

/// The object of the open packet.
fn open_object(text: &str) -> (String, Vec<String>) {
    let start = text.find("0{").expect("an open packet") + 1;
    let object = &text[start..];
    let keys = object
        .split('"')
        .enumerate()
        .filter(|(at, _)| at % 2 == 1)
        .map(|(_, key)| key.to_owned())
        .collect();
    (object.to_owned(), keys)
}

#[test]
fn messages_come_back_unchanged_and_in_order_on_both_transports() {
    for profile in profiles() {
        let sid = profile.open();
        let payload = profile.payload(&["4hello", "bAQIDBA==", "4€ 😀"]);
        let posted = profile.program.post(&profile.poll(&sid), &payload);
        assert_eq!(posted.said(), (200, "ok"));
        assert_eq!(profile.program.get(&profile.poll(&sid)).text(), payload);

        let mut websocket = profile.program.websocket(&profile.query());
        websocket.text();
        for at in 0..100 {
            websocket.send(&format!("4{at}"));
            websocket.send_frame(0x82, &profile.dialect.binary(&[at, 0, 255]));
        }
        for at in 0..100u8 {
            let text = profile.next_message(&mut websocket);
            assert_eq!(text, Received::Text(format!("4{at}")));
            let binary = profile.next_message(&mut websocket);
            assert_eq!(
                binary,
                Received::Binary(profile.dialect.binary(&[at, 0, 255]))
            );
        }
    }
}

#[test]
fn the_open_packet_has_its_five_keys_and_the_upgrades_of_its_transport() {
    let keys = [
        "sid",
        "upgrades",
        "pingInterval",
        "pingTimeout",
        "maxPayload",
    ];
    for profile in profiles() {
        let query = profile.query();
        let target = format!("/engine.io/?{query}&transport=polling");
        let (object, found) = open_object(profile.program.get(&target).text());
        for key in keys {
            assert!(found.iter().any(|name| name == key), "{object}");
        }
        for value in [
            r#""upgrades":["websocket"]"#,
            r#""pingInterval":300"#,
            r#""pingTimeout":200"#,
            r#""maxPayload":1000000"#,
        ] {
            assert!(object.contains(value), "{object}");
        }
        assert_eq!(object.matches(':').count(), keys.len(), "{object}");
        let open = profile.program.websocket(&query).text();
        assert!(open_object(&open).0.contains(r#""upgrades":[]"#));
    }
}

#[test]
fn faults_of_a_handshake_are_answered_400_over_http_and_refused_over_websocket() {
    for profile in profiles() {
        let eio = profile.query();
        let mut queries = vec![eio.clone(), format!("{eio}&transport=abc")];
        if profile.dialect.0 == 4 {
            queries.push("transport=polling".into());
            queries.push("EIO=abc&transport=polling".into());
        }
        for query in queries {
            let answer = profile.program.get(&format!("/engine.io/?{query}"));
            assert_eq!(answer.status, 400, "{query}");
        }
        for method in ["POST", "PUT"] {
            let request = format!("{method} /engine.io/?{eio}&transport=polling");
            assert_eq!(
                profile.program.request(&request, b"").status,
                400,
                "{method}"
            );
        }
        let mut refused = vec![format!("{eio}&transport=abc"), format!("{eio}&sid=abc")];
        if profile.dialect.0 == 4 {
            refused.push("EIO=abc".into());
            refused.push(String::new());
        }
        for query in refused {
            // The client adds `transport=websocket`; the first of two of a name does not count.
            let target = if query.contains("transport=") {
                upgrade_request(&format!("/engine.io/?{query}"))
            } else {
                upgrade_request(&format!("/engine.io/?{query}&transport=websocket"))
            };
            assert_eq!(profile.program.request(&target, b"").status, 400, "{query}");
        }
    }
}

fn upgrade_request(target: &str) -> String {
    format!(
        "GET {target}\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
}

#[test]
fn a_body_that_is_no_payload_is_answered_400_and_ends_the_session() {
    for profile in profiles() {
        let sid = profile.open();
        assert_eq!(profile.program.post(&profile.poll(&sid), "abc").status, 400);
        assert_eq!(profile.program.get(&profile.poll(&sid)).status, 400);
    }
}

#[test]
fn of_two_polls_the_second_is_refused_and_the_first_hears_the_end() {
    for profile in profiles() {
        let sid = profile.open();
        let first = profile
            .program
            .begin(&format!("GET {}", profile.poll(&sid)), b"");
        assert!(first.is_held(50));
        assert_eq!(profile.program.get(&profile.poll(&sid)).status, 400);
        let close = profile.payload(&["1"]);
        assert_eq!(first.answer().said(), (200, close.as_str()));
        assert_eq!(profile.program.get(&profile.poll(&sid)).status, 400);
        assert_eq!(profile.program.post(&profile.poll(&sid), "4x").status, 400);
    }
}

#[test]
fn a_poll_that_is_given_up_ends_the_session() {
    for profile in profiles() {
        let sid = profile.open();
        let poll = profile
            .program
            .begin(&format!("GET {}", profile.poll(&sid)), b"");
        assert!(poll.is_held(50));
        poll.abort();
        sleep(Duration::from_millis(50));
        assert_eq!(profile.program.get(&profile.poll(&sid)).status, 400);
    }
}

#[test]
fn revision_3_answers_binary_in_its_binary_form_unless_base64_was_asked_for() {
    let program = Program::start("eio3");
    let sid = program.open("EIO=3");
    let poll = format!("/engine.io/?EIO=3&transport=polling&sid={sid}");
    assert_eq!(program.post(&poll, "6:4hello6:b4AQID").said(), (200, "ok"));
    let answer = program.get(&poll);
    let expected = [&[0, 6, 0xff][..], b"4hello", &[1, 4, 0xff, 4, 1, 2, 3][..]].concat();
    assert_eq!(answer.body, expected);
    assert_eq!(
        answer.header("content-type"),
        Some("application/octet-stream")
    );
    let sid = program.open("EIO=3&b64=1");
    let poll = format!("/engine.io/?EIO=3&b64=1&transport=polling&sid={sid}");
    program.post(&poll, "6:b4AQID");
    assert_eq!(program.get(&poll).text(), "6:b4AQID");
}

#[test]
fn revision_4_pings_and_takes_who_does_not_answer_for_gone() {
    let program = Program::start("eio4");
    let poll = |sid: &str| format!("/engine.io/?EIO=4&transport=polling&sid={sid}");
    let sid = program.open("EIO=4");
    for _ in 0..3 {
        assert_eq!(program.get(&poll(&sid)).text(), "2");
        assert_eq!(program.post(&poll(&sid), "3").said(), (200, "ok"));
    }
    // The suite looks exactly interval and timeout after the handshake.
    for _ in 0..10 {
        let sid = program.open("EIO=4");
        sleep(Duration::from_millis(500));
        assert_eq!(program.get(&poll(&sid)).status, 400);
    }
    let mut websocket = program.websocket("EIO=4");
    websocket.text();
    for _ in 0..3 {
        assert_eq!(websocket.text(), "2");
        websocket.send("3");
    }
    let start = Instant::now();
    assert_eq!(websocket.text(), "2");
    assert_eq!(websocket.receive(), Received::Close(None));
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_millis(450) && waited < Duration::from_millis(900),
        "{waited:?}"
    );
}

#[test]
fn revision_3_is_pinged_by_its_clients_and_takes_who_does_not_for_gone() {
    let program = Program::start("eio3");
    let poll = |sid: &str| format!("/engine.io/?EIO=3&transport=polling&sid={sid}");
    let sid = program.open("EIO=3");
    for _ in 0..3 {
        sleep(Duration::from_millis(300));
        assert_eq!(program.post(&poll(&sid), "1:2").said(), (200, "ok"));
        assert_eq!(program.get(&poll(&sid)).text(), "1:3");
    }
    for _ in 0..10 {
        let sid = program.open("EIO=3");
        sleep(Duration::from_millis(500));
        assert_eq!(program.post(&poll(&sid), "1:2").status, 400);
    }
    let mut websocket = program.websocket("EIO=3");
    websocket.text();
    websocket.send("2");
    assert_eq!(websocket.text(), "3");
    assert_eq!(websocket.receive(), Received::Close(None));
}

#[test]
fn a_close_packet_releases_the_poll_and_closes_a_websocket() {
    for profile in profiles() {
        let sid = profile.open();
        let poll = profile
            .program
            .begin(&format!("GET {}", profile.poll(&sid)), b"");
        assert!(poll.is_held(50));
        let close = profile.payload(&["1"]);
        let closed = profile.program.post(&profile.poll(&sid), &close);
        assert_eq!(closed.said(), (200, "ok"));
        let noop = profile.payload(&["6"]);
        assert_eq!(poll.answer().said(), (200, noop.as_str()));
        assert_eq!(profile.program.get(&profile.poll(&sid)).status, 400);

        let mut websocket = profile.program.websocket(&profile.query());
        websocket.text();
        websocket.send("1");
        assert_eq!(websocket.receive(), Received::Close(None));
    }
}

#[test]
fn an_upgrade_is_probed_then_completed_and_ends_polling() {
    for profile in profiles() {
        let sid = profile.open();
        let poll = profile
            .program
            .begin(&format!("GET {}", profile.poll(&sid)), b"");
        assert!(poll.is_held(20));
        let query = format!("{}&sid={sid}", profile.query());
        let mut websocket = profile.program.websocket(&query);
        websocket.send("2probe");
        assert_eq!(websocket.text(), "3probe");
        let noop = profile.payload(&["6"]);
        assert_eq!(poll.answer().said(), (200, noop.as_str()));
        let following = profile.program.get(&profile.poll(&sid));
        assert_eq!(following.said(), (200, noop.as_str()));
        websocket.send("5");
        websocket.send("4over");
        let echoed = profile.next_message(&mut websocket);
        assert_eq!(echoed, Received::Text("4over".into()));
        assert_eq!(profile.program.get(&profile.poll(&sid)).status, 400);
        assert_eq!(profile.program.post(&profile.poll(&sid), "4x").status, 400);
        assert!(profile.program.try_websocket(&query, "").is_err());
        websocket.send("4still");
        let echoed = profile.next_message(&mut websocket);
        assert_eq!(echoed, Received::Text("4still".into()));
    }
}

#[test]
fn a_text_frame_that_is_no_packet_closes_the_websocket() {
    for profile in profiles() {
        let mut websocket = profile.program.websocket(&profile.query());
        websocket.text();
        websocket.send("abc");
        assert_eq!(websocket.receive(), Received::Close(None));
    }
}

#[test]
fn pages_of_any_origin_are_let_in() {
    for profile in profiles() {
        let request = format!(
            "GET /engine.io/?{}&transport=polling\nOrigin: https://example.com",
            profile.query()
        );
        let answer = profile.program.request(&request, b"");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let websocket = profile
            .program
            .try_websocket(&profile.query(), "Origin: https://example.com");
        assert!(websocket.is_ok());
    }
}

#[test]
fn revision_3_is_refused_where_it_is_not_allowed() {
    let program = Program::start("eio4");
    let answer = program.get("/engine.io/?EIO=3&transport=polling");
    assert_eq!(
        answer.said(),
        (
            400,
            r#"{"code":5,"message":"Unsupported protocol version"}"#
        )
    );
}
