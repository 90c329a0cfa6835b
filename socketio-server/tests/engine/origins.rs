//! Which pages may talk to the server.

use crate::support::serve;
use socketio_server::engine::Origins;

#[test]
fn pages_of_other_origins_are_refused_on_every_transport_before_any_101() {
    let server = serve(|engine| engine);
    let forbidden = r#"{"code":4,"message":"Forbidden"}"#;
    let polling = "GET /engine.io/?EIO=4&transport=polling";
    for origin in ["https://evil.example", "null", "file://"] {
        let answer = server.request(&format!("{polling}\nOrigin: {origin}"), b"");
        assert_eq!(answer.said(), (403, forbidden), "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let refused = server
            .try_websocket("EIO=4", &format!("Origin: {origin}"))
            .err()
            .unwrap();
        assert_eq!(refused.said(), (403, "Forbidden"), "{origin}");
    }
    assert_eq!(server.engine.sessions(), 0);
    let own = format!("{polling}\nOrigin: http://{}", server.address());
    assert_eq!(server.request(&own, b"").status, 200);

    let server =
        serve(|engine| engine.origins(Origins::list(["https://app.example"]).credentials(true)));
    let answer = server.request(&format!("{polling}\nOrigin: https://app.example"), b"");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert!(
        server
            .try_websocket("EIO=4", "Origin: https://app.example")
            .is_ok()
    );
    assert!(
        server
            .try_websocket("EIO=4", "Origin: https://app.example.evil")
            .is_err()
    );
    let preflight = "OPTIONS /engine.io/?EIO=4&transport=polling\nOrigin: https://app.example\n\
                     Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: x-token";
    let answer = server.request(preflight, b"");
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("x-token")
    );
}
