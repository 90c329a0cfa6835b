//! Polling by script tags and forms.

use socketio_server::engine::Origins;

use crate::support::{Server, serve};

/// Opens a session; its id.
fn open(server: &Server, query: &str) -> String {
    let answer = server.get(&format!("/engine.io/?{query}&transport=polling"));
    let (_, rest) = answer.text().split_once(r#"\"sid\":\""#).unwrap();
    rest.split('\\').next().unwrap().to_owned()
}

#[test]
fn jsonp_answers_with_the_first_index_and_reads_forms() {
    let server = serve(|engine| engine.revision_3(true));
    let answer = server.get("/engine.io/?EIO=3&transport=polling&b64=1&j=12abc");
    assert!(answer.text().starts_with(r#"___eio[12]("#), "{answer:?}");
    let (_, rest) = answer.text().split_once(r#"\"sid\":\""#).unwrap();
    let sid = rest.split('\\').next().unwrap();
    let poll = format!("/engine.io/?EIO=3&transport=polling&b64=1&j=99&sid={sid}");
    assert_eq!(server.post(&poll, "d=3%3A4in").said(), (200, "ok"));
    assert_eq!(server.get(&poll).text(), r#"___eio[12]("3:4in");"#);
}

#[test]
fn a_script_calls_with_digits_only_and_no_line_end_that_breaks_it() {
    let server = serve(|engine| engine.revision_3(true));
    for (index, call) in [
        ("0", "___eio[0]("),
        ("12abc", "___eio[12]("),
        ("alert(1)//3", "___eio[13]("),
        ("%5D%3Bx%5B7", "___eio[7]("),
        ("", "___eio[]("),
    ] {
        let target = format!("/engine.io/?EIO=3&transport=polling&b64=1&j={index}");
        let answer = server.get(&target);
        assert!(answer.text().starts_with(call), "{index}: {answer:?}");
        assert!(answer.text().ends_with(");"), "{answer:?}");
        let text = Some("text/plain; charset=UTF-8");
        assert_eq!(answer.header("content-type"), text);
    }
    let sid = open(&server, "EIO=3&b64=1&j=1");
    let poll = format!("/engine.io/?EIO=3&transport=polling&b64=1&j=1&sid={sid}");
    let body = "d=6%3A4%E2%80%A8%E2%80%A9%22%3C%3E";
    assert_eq!(server.post(&poll, body).said(), (200, "ok"));
    let script = server.get(&poll).text().to_owned();
    assert!(!script.contains(['\u{2028}', '\u{2029}']), "{script}");
    assert!(script.contains(r"\u2028\u2029"), "{script}");
}

#[test]
fn forms_have_their_line_ends_restored_and_those_without_a_field_say_nothing() {
    let server = serve(|engine| engine.revision_3(true));
    let sid = open(&server, "EIO=3&b64=1&j=1");
    let poll = format!("/engine.io/?EIO=3&transport=polling&b64=1&j=1&sid={sid}");
    for (body, script) in [
        (r"d=4%3A4a%5Cnb", r#"___eio[1]("4:4a\nb");"#),
        (r"d=5%3A4a%5C%5Cnb", r#"___eio[1]("5:4a\\nb");"#),
        ("x=1&d=6:b4AQID", r#"___eio[1]("6:b4AQID");"#),
    ] {
        assert_eq!(server.post(&poll, body).said(), (200, "ok"), "{body}");
        assert_eq!(server.get(&poll).text(), script, "{body}");
    }
    assert_eq!(server.post(&poll, "e=1").said(), (200, "ok"));
    server.post(&poll, "d=2%3A4x");
    assert_eq!(server.get(&poll).text(), r#"___eio[1]("2:4x");"#);
}

#[test]
fn revision_4_may_poll_by_scripts_too() {
    let server = serve(|engine| engine);
    let sid = open(&server, "EIO=4&j=5");
    let poll = format!("/engine.io/?EIO=4&transport=polling&j=5&sid={sid}");
    assert_eq!(server.post(&poll, "d=4x").said(), (200, "ok"));
    assert_eq!(server.get(&poll).text(), r#"___eio[5]("4x");"#);
}

#[test]
fn scripts_of_pages_of_other_origins_are_refused_though_they_name_none() {
    let server = serve(|engine| engine.revision_3(true));
    let script = "GET /engine.io/?EIO=3&transport=polling&j=0";
    for header in [
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Referer: https://evil.example/",
        "Referer: https://evil.example/\nSec-Fetch-Site: cross-site",
    ] {
        let answer = server.request(&format!("{script}\n{header}"), b"");
        assert_eq!(answer.status, 403, "{header}");
    }
    assert_eq!(server.engine.sessions(), 0);
    let own = format!("{script}\nReferer: http://{}/page", server.address());
    assert_eq!(server.request(&own, b"").status, 200);
    let same = format!("{script}\nSec-Fetch-Site: same-origin");
    assert_eq!(server.request(&same, b"").status, 200);

    let server = serve(|engine| {
        engine
            .revision_3(true)
            .origins(Origins::list(["https://app.example"]))
    });
    let page = format!("{script}\nSec-Fetch-Site: cross-site\nReferer: https://app.example/");
    assert_eq!(server.request(&page, b"").status, 200);
}
