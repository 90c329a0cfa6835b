//! What is said to those who are not let in, and what a client makes of it.

use engineio_proto::reject::{BadRequest, Refusal, Reject};
use engineio_proto::{Revision, Transport};

fn mismatch() -> Reject {
    Reject::BadRequest(BadRequest::TransportMismatch {
        expected: Transport::POLLING,
    })
}

fn speaks() -> Reject {
    Reject::BadRequest(BadRequest::ProtocolMismatch {
        expected: Revision::V4,
    })
}

#[test]
fn each_refusal_is_worded_as_the_reference_does() {
    let coded = [
        (Reject::TransportUnknown, 400, 0, "Transport unknown"),
        (Reject::UnknownSid, 400, 1, "Session ID unknown"),
        (Reject::BadHandshakeMethod, 400, 2, "Bad handshake method"),
        (
            Reject::BadRequest(BadRequest::InvalidOrigin),
            400,
            3,
            "Bad request",
        ),
        (mismatch(), 400, 3, "Bad request"),
        (speaks(), 400, 3, "Bad request"),
        (
            Reject::BadRequest(BadRequest::NotAnUpgrade),
            400,
            3,
            "Bad request",
        ),
        (
            Reject::BadRequest(BadRequest::UpgradeToPolling),
            400,
            3,
            "Bad request",
        ),
        (
            Reject::BadRequest(BadRequest::Middleware),
            400,
            3,
            "Bad request",
        ),
        (
            Reject::BadRequest(BadRequest::IdGeneration),
            400,
            3,
            "Bad request",
        ),
        (Reject::forbidden(), 403, 4, "Forbidden"),
        (
            Reject::Forbidden("too many clients".into()),
            403,
            4,
            "too many clients",
        ),
        (
            Reject::UnsupportedProtocolVersion,
            400,
            5,
            "Unsupported protocol version",
        ),
    ];
    for (reject, status, code, message) in coded {
        assert_eq!(reject.status(), status);
        assert_eq!(reject.code(), Some(code));
        assert_eq!(reject.message(), message);
        assert_eq!(
            reject.body(),
            format!(r#"{{"code":{code},"message":"{message}"}}"#)
        );
        assert_eq!(reject.content_type(), Some("application/json"));
        assert_eq!(reject.websocket_body(), message);
    }
    let uncoded = [
        (Reject::GetOverlap, 400),
        (Reject::PostOverlap, 400),
        (Reject::InvalidContent, 400),
        (Reject::PayloadTooLarge, 413),
        (Reject::BadMethod, 500),
    ];
    for (reject, status) in uncoded {
        assert_eq!(reject.status(), status);
        assert_eq!((reject.code(), reject.content_type()), (None, None));
        assert_eq!((&*reject.body(), reject.message()), ("", ""));
    }
}

#[test]
fn the_words_of_an_application_are_escaped() {
    let reject = Reject::Forbidden("say \"no\"\n<b>é".into());
    assert_eq!(
        reject.body(),
        "{\"code\":4,\"message\":\"say \\\"no\\\"\\n<b>é\"}"
    );
}

#[test]
fn a_log_learns_more_than_the_client() {
    let cases = [
        (
            mismatch(),
            Some("TRANSPORT_MISMATCH"),
            "bad request: the session uses the transport polling",
        ),
        (
            speaks(),
            Some("PROTOCOL_MISMATCH"),
            "bad request: the session speaks revision 4",
        ),
        (
            Reject::BadRequest(BadRequest::InvalidOrigin),
            Some("INVALID_ORIGIN"),
            "bad request: invalid characters in the Origin header",
        ),
        (
            Reject::BadRequest(BadRequest::NotAnUpgrade),
            Some("TRANSPORT_HANDSHAKE_ERROR"),
            "bad request: transport=websocket without an upgrade",
        ),
        (
            Reject::BadRequest(BadRequest::UpgradeToPolling),
            Some("TRANSPORT_HANDSHAKE_ERROR"),
            "bad request: an upgrade with transport=polling",
        ),
        (
            Reject::BadRequest(BadRequest::Middleware),
            Some("MIDDLEWARE_FAILURE"),
            "bad request: a middleware failed",
        ),
        (
            Reject::BadRequest(BadRequest::IdGeneration),
            Some("ID_GENERATION_ERROR"),
            "bad request: no session id could be generated",
        ),
        (Reject::GetOverlap, None, "overlap from client"),
        (
            Reject::PostOverlap,
            None,
            "data request overlap from client",
        ),
    ];
    for (reject, context, log) in cases {
        assert_eq!(reject.context(), context);
        assert_eq!(reject.to_string(), log);
    }
}

#[test]
fn a_client_understands_every_refusal() {
    for reject in [
        Reject::TransportUnknown,
        Reject::UnknownSid,
        Reject::Forbidden("no \"way\"".into()),
    ] {
        let refusal = Refusal::parse(reject.status(), reject.body().as_bytes());
        assert_eq!(refusal.code, reject.code());
        assert_eq!(refusal.message, reject.message());
        let refusal = Refusal::parse(reject.status(), reject.websocket_body().as_bytes());
        assert_eq!((refusal.code, &*refusal.message), (None, reject.message()));
    }
    assert_eq!(Refusal::parse(400, b"").to_string(), "status 400");
}

#[test]
fn a_client_makes_little_of_what_is_no_refusal() {
    let page = "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>";
    let cases: &[(&[u8], Option<u8>, &str)] = &[
        (page.as_bytes(), None, ""),
        (b"  \n<html>", None, ""),
        (b"{\"error\":\"no such tenant\"}", None, ""),
        (b"{\"code\":3", None, ""),
        (b"[1,2]", None, ""),
        (b"{\"code\":\"3\",\"message\":\"x\"}", None, ""),
        (b"{\"code\":3}", Some(3), ""),
        (b"{\"code\":300,\"message\":\"x\"}", None, "x"),
        (
            b"{\"message\":\"m\",\"more\":[{}],\"code\":255}",
            Some(255),
            "m",
        ),
        (
            b"upstream\r\n\x1b[31mfailed\x07",
            None,
            "upstream   [31mfailed",
        ),
        (b"caf\xff", None, "caf\u{fffd}"),
    ];
    for (body, code, message) in cases {
        let refusal = Refusal::parse(502, body);
        assert_eq!(refusal.status, 502);
        assert_eq!(
            (refusal.code, &*refusal.message),
            (*code, *message),
            "{}",
            body.escape_ascii()
        );
    }
}

#[test]
fn a_huge_refusal_is_cut() {
    let plain = "é".repeat(1_000_000);
    let json = format!(r#"{{"code":4,"message":"{}"}}"#, "é".repeat(2_000));
    let huge_json = format!(r#"{{"code":4,"message":"{plain}"}}"#);
    let deep = "[".repeat(5_000);
    for body in [plain, json, huge_json, deep] {
        let refusal = Refusal::parse(400, body.as_bytes());
        assert!(refusal.message.len() <= Refusal::MAX_MESSAGE);
    }
}
