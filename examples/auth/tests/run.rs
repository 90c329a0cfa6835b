//! Runs the example: who is let in, who is not, and what each of them gets to know.

#[path = "../../http.rs"]
mod http;
#[path = "../../program.rs"]
mod program;

use http::request;
use program::Program;
use socketio_client::{Builder, Client, ConnectError, Object, Revision, Transport, Value};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_auth"), &["0"])
}

/// Logs in, and returns the cookie.
fn log_in(program: &Program, name: &str) -> String {
    let answer = request(&program.address, &format!("POST /login?name={name}"), "");
    let (_, cookie) = answer.split_once("set-cookie: ").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn with_cookie(program: &Program, cookie: &str) -> Builder {
    Client::builder(&program.url("")).header("cookie", cookie)
}

fn token(token: impl Into<Value>) -> Object {
    let mut object = Object::new();
    object.insert("token", token);
    object
}

async fn refusal(builder: Builder) -> ConnectError {
    let error = builder.connect().await.unwrap_err();
    error
        .refusal()
        .unwrap_or_else(|| panic!("not refused: {error}"))
        .clone()
}

#[tokio::test]
async fn a_session_lets_in_over_both_transports_and_without_one_nobody_is() {
    let program = start();
    let cookie = log_in(&program, "Ada");
    for transport in [Transport::POLLING, Transport::WEBSOCKET] {
        let socket = with_cookie(&program, &cookie)
            .transports([transport])
            .connect()
            .await
            .unwrap();
        assert_eq!(
            socket.emit_with_ack::<String>("whoami", ()).await.unwrap(),
            "Ada"
        );
        for wrong in ["session=0", "other=1"] {
            let refused = refusal(with_cookie(&program, wrong).transports([transport])).await;
            assert_eq!((refused.message(), refused.data()), ("log in first", None));
        }
    }
}

#[tokio::test]
async fn who_is_refused_hears_nothing_and_stays_connected() {
    let program = start();
    let ada = with_cookie(&program, &log_in(&program, "Ada"))
        .connect()
        .await
        .unwrap();
    // By hand, to see everything that is sent to somebody without a session.
    let here = &program.address;
    let body = |answer: String| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let opened = body(request(here, "GET /socket.io/?EIO=4&transport=polling", ""));
    let sid = opened.split('"').nth(3).unwrap();
    let poll = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    request(here, &format!("POST {poll}"), "40");
    let refused = body(request(here, &format!("GET {poll}"), ""));
    assert_eq!(refused, r#"44{"message":"log in first"}"#);
    // Bob comes, and everybody in the namespace hears of it.
    let _bob = with_cookie(&program, &log_in(&program, "Bob"))
        .connect()
        .await
        .unwrap();
    let heard = ada.recv().await.unwrap();
    assert_eq!(
        (heard.name(), heard.data::<String>().unwrap()),
        ("came", "Bob".into())
    );
    // What is sent now would come behind it.
    request(
        here,
        &format!("POST {poll}"),
        r#"40/devices,{"token":"thermometer-7"}"#,
    );
    let next = body(request(here, &format!("GET {poll}"), ""));
    assert!(
        next.starts_with("40/devices,{\"sid\":") && !next.contains("came"),
        "{next}"
    );
}

#[tokio::test]
async fn a_token_that_is_refused_comes_with_data_for_the_program() {
    let program = start();
    let devices = || Client::builder(&program.url("/devices"));
    let refused = refusal(devices().auth(token("thermometer-0"))).await;
    assert_eq!(refused.message(), "this token has expired");
    assert_eq!(
        refused.data().unwrap().to_string(),
        r#"{"code":"expired","renew_at":"/login"}"#
    );
    let refused = refusal(devices().auth(token("sesame"))).await;
    assert_eq!(refused.message(), "this token is unknown");
    for wrong in [
        refusal(devices()).await,
        refusal(devices().auth(token(3))).await,
    ] {
        assert!(wrong.message().starts_with("invalid auth: "), "{wrong}");
    }
}

#[tokio::test]
async fn clients_2_are_refused_in_the_way_they_know() {
    let program = start();
    let devices = || Client::builder(&program.url("/devices")).revision(Revision::V3);
    let socket = devices().auth(token("thermometer-7"));
    // They are in `/` before they ask for anything, unless they are refused there: this one has no session.
    let refused = refusal(Client::builder(&program.url("")).revision(Revision::V3)).await;
    assert_eq!(refused.message(), "log in first");
    let socket = socket.connect().await.unwrap();
    assert_eq!(
        socket.emit_with_ack::<String>("whoami", ()).await.unwrap(),
        "7"
    );
    // They are told either words or data, and data counts.
    let refused = refusal(devices().auth(token("thermometer-0"))).await;
    assert_eq!(refused.data().unwrap()["code"], "expired");
}

#[tokio::test]
async fn what_only_one_may_do_is_refused_to_others_in_the_answer() {
    let program = start();
    let ada = with_cookie(&program, &log_in(&program, "Ada"))
        .connect()
        .await
        .unwrap();
    let bob = with_cookie(&program, &log_in(&program, "Bob"))
        .connect()
        .await
        .unwrap();
    let refused: Value = bob.emit_with_ack("admin:shout", ()).await.unwrap();
    assert_eq!(refused["error"], "only Ada may do that");
    assert!(ada.emit_with_ack::<bool>("admin:shout", ()).await.unwrap());
    assert_eq!(bob.recv().await.unwrap().name(), "shout");
}

#[tokio::test]
async fn who_logs_out_is_disconnected_everywhere() {
    let program = start();
    let cookie = log_in(&program, "Ada");
    let tabs = [
        with_cookie(&program, &cookie)
            .reconnect(false)
            .connect()
            .await
            .unwrap(),
        with_cookie(&program, &cookie)
            .reconnect(false)
            .connect()
            .await
            .unwrap(),
    ];
    let bob = with_cookie(&program, &log_in(&program, "Bob"))
        .connect()
        .await
        .unwrap();
    request(
        &program.address,
        &format!("POST /logout\ncookie: {cookie}"),
        "",
    );
    for tab in tabs {
        while tab.recv().await.is_some() {}
        assert!(!tab.is_connected());
    }
    assert_eq!(
        refusal(with_cookie(&program, &cookie)).await.message(),
        "log in first"
    );
    assert_eq!(
        bob.emit_with_ack::<String>("whoami", ()).await.unwrap(),
        "Bob"
    );
}
