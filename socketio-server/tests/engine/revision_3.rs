//! What clients 2.x do otherwise: `allowEIO3`.

use crate::support::client::Received;
use crate::support::dialect::Dialect;
use crate::support::serve;

#[test]
fn revision_3_is_spoken_where_it_is_allowed() {
    let server = serve(|engine| engine.revision_3(true));
    let poll = |sid: &str| format!("/engine.io/?EIO=3&transport=polling&sid={sid}");
    let sid = server.open("EIO=3&b64=1");
    assert_eq!(server.post(&poll(&sid), "2:4€6:b4AQID").said(), (200, "ok"));
    assert_eq!(server.get(&poll(&sid)).text(), "2:4€6:b4AQID");
    server.post(&poll(&sid), "1:2");
    assert_eq!(server.get(&poll(&sid)).text(), "1:3");

    let sid = server.open("EIO=3");
    let body = [1, 4, 0xff, 4, 1, 2, 3];
    let request = format!(
        "POST {}\nContent-Type: application/octet-stream",
        poll(&sid)
    );
    assert_eq!(server.request(&request, &body).said(), (200, "ok"));
    let answer = server.get(&poll(&sid));
    assert_eq!(
        answer.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(answer.body, body);

    let mut websocket = server.websocket("EIO=3");
    websocket.text();
    websocket.send_frame(0x82, &[4, 1, 2]);
    assert_eq!(websocket.receive(), Received::Binary(vec![4, 1, 2]));
    websocket.send("2");
    assert_eq!(websocket.text(), "3");
}

#[test]
fn lengths_count_utf_16_units_in_text_and_bytes_in_bytes() {
    let server = serve(|engine| engine.revision_3(true));
    let poll = |sid: &str| Dialect(3).poll(sid);
    let sid = server.open("EIO=3&b64=1");
    let text = "4\u{20ac}\u{1f600}";
    let payload = format!("4:{text}");
    assert_eq!(server.post(&poll(&sid), &payload).said(), (200, "ok"));
    assert_eq!(server.get(&poll(&sid)).text(), payload);

    let sid = server.open("EIO=3");
    server.post(&poll(&sid), &format!("{payload}6:b4AQID"));
    let answer = server.get(&poll(&sid));
    let head = [0, 8, 0xff];
    let expected = [&head[..], text.as_bytes(), &[1, 4, 0xff, 4, 1, 2, 3]].concat();
    assert_eq!(answer.body, expected, "text and binary in one answer");
    server.post(&poll(&sid), &payload);
    let answer = server.get(&poll(&sid));
    assert_eq!(answer.text(), payload, "text alone stays text");
}

#[test]
fn binary_bodies_that_are_no_payload_are_refused() {
    let server = serve(|engine| engine.revision_3(true));
    for body in [
        &[2u8, 1, 0xff, b'4'][..],
        &[0, 0xff, b'4'],
        &[0, 2, 0xff, b'4'],
        &[0, 10, 0xff, b'4'],
        &[1, 1, 0xff, 9],
        &[0, 1, 0xff, b'7'],
        &[0],
    ] {
        let sid = server.open("EIO=3");
        let request = format!(
            "POST {}\nContent-Type: application/octet-stream",
            Dialect(3).poll(&sid)
        );
        let answer = server.request(&request, body);
        assert_eq!(answer.said(), (400, ""), "{body:?}");
        assert!(server.reason().starts_with("parse error"), "{body:?}");
    }
    let long = [&[0u8][..], &[9; 400], &[0xff]].concat();
    let sid = server.open("EIO=3");
    let request = format!(
        "POST {}\nContent-Type: application/octet-stream",
        Dialect(3).poll(&sid)
    );
    assert_eq!(server.request(&request, &long).said(), (400, ""));
}

#[test]
fn the_two_revisions_live_side_by_side() {
    let server = serve(|engine| engine.revision_3(true));
    let mut three = server.websocket("EIO=3");
    let mut four = server.websocket("EIO=4");
    three.text();
    four.text();
    three.send_frame(0x82, &[4, 7]);
    four.send_frame(0x82, &[4, 7]);
    assert_eq!(three.receive(), Received::Binary(vec![4, 7]));
    assert_eq!(four.receive(), Received::Binary(vec![4, 7]));
    three.send_frame(0x82, &[9, 7]);
    assert_eq!(three.receive(), Received::Close(None), "no type 9");
    four.send_frame(0x82, &[9, 7]);
    assert_eq!(four.receive(), Received::Binary(vec![9, 7]));
}
