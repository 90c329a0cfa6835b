//! Runs the program as a person would: packets in a file, and what it says about them.

use std::io::Write;
use std::process::{Command, Stdio};

/// What the program prints for this input, and its exit status.
fn run(args: &[&str], input: &[u8]) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_parse-packets"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A program that was called wrongly does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

#[test]
fn packets_are_printed_and_faults_named_by_line() {
    let (said, status) = run(&[], include_bytes!("packets.txt"));
    assert_eq!(said, EXPECTED);
    assert_eq!(status, Some(1));
}

#[test]
fn only_good_lines_end_well() {
    let (said, status) = run(&["--protocol", "5"], b"42[\"a\"]\r\n3\n");
    assert_eq!(said, "1: EVENT \"a\" in /\n2: Engine.IO pong\n");
    assert_eq!(status, Some(0));
}

#[test]
fn protocol_4_joins_without_payload_and_types_its_attachments() {
    let lines = b"40/chat?token=a%20b,\n40\n451-[\"f\",{\"_placeholder\":true,\"num\":0}]\nb4AQID\n44\"no\"\n";
    let (said, status) = run(&["--protocol", "4"], lines);
    let expected = r#"1: CONNECT in /chat
    {"token":"a b"}
2: CONNECT in /
3: EVENT "f" in /
    <3 bytes>
    attachment 0, 3 bytes: 01 02 03
5: CONNECT_ERROR in /
    "no"
"#;
    assert_eq!((said.as_str(), status), (expected, Some(0)));
}

#[test]
fn a_line_that_is_no_text_does_not_end_the_reading() {
    let (said, status) = run(&[], b"42[\"\xff\"]\n42[\"b\"]");
    assert_eq!(said, "1: error: invalid UTF-8\n2: EVENT \"b\" in /\n");
    assert_eq!(status, Some(1));
}

#[test]
fn a_wrong_call_is_no_verdict() {
    for args in [&["--protocol", "3"][..], &["--protocol"], &["file"]] {
        assert_eq!(
            run(args, b"42[\"a\"]\n"),
            (String::new(), Some(2)),
            "{args:?}"
        );
    }
}

const EXPECTED: &str = r#"2: Engine.IO open {"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
3: CONNECT in /chat
    {"token":"x"}
4: CONNECT in /chat
    {"sid":"b"}
5: Engine.IO ping
7: EVENT "chat" in /
    {"a":1}
    [true,null,"ä\n"]
8: EVENT "with \"id\"" in /chat, to be acknowledged with id 7
9: ACK in /chat, of id 7
    "done"
    2.5
10: EVENT "file" in /files
    {"name":"a.png","data":<23 bytes>}
    attachment 0, 23 bytes: 89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52 ...
12: error: illegal attachments
13: ACK in /, of id 9
    <0 bytes>
    <3 bytes>
    attachment 0, 3 bytes: 01 02 03
    attachment 1, 0 bytes:
16: DISCONNECT in /chat
17: CONNECT_ERROR in /
    {"message":"no"}
18: error: reserved event name
19: error: invalid JSON
21: error: got plaintext data when reconstructing a packet
22: error: got binary data when not reconstructing a packet
23: Engine.IO ping ["no Engine.IO type in front"]
24: error: unknown packet type
25: error: invalid base64
26: EVENT "good again" in /
27: error: attachments of this packet are missing
"#;
